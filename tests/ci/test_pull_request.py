"""The story of a pull request, from its first plan to its merge."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.ci.conftest import Team
from tests.ci.github import BOT, Comment
from tests.ci.stand_ins import Called
from tests.support.process import Ended

NEXT = "<!-- ztctl: the next comment begins here -->"
DIGEST = "a" * 64
NO_PLAN = "0" * 64


def test_what_was_reviewed_is_applied(team: Team) -> None:
    """From a first plan to the merge: the comment shows it, the merge does it, and says so."""
    planned = team.push(checked=True)
    before = team.account.written

    merged = team.merge()

    assert (planned.ok, merged.ok, before) == (True, True, [])
    assert "**Plan: 7 to add, 0 to change, 0 to destroy.**" in team.plans[0].body
    assert any("/access/apps" in request for request in team.account.written)
    assert team.github.comments[-1].body.startswith("Applied: see [the run](https://")


def test_the_comment_is_kept_up_to_date(team: Team) -> None:
    """A further push changes the comment in its place; there is one, and its digest is the new."""
    team.push()
    first = team.digest
    team.github.says("ann", "why eight hours?")
    team.edit("session_duration: 8h", "session_duration: 4h")

    team.push()

    assert [it.author for it in team.github.comments] == [BOT, "ann"]
    assert team.digest != first
    assert "4h" in team.plans[0].body


def printed(text: str, _: Called) -> Ended:
    """What a program prints, whatever it is asked."""
    return Ended(0, text, "")


def test_a_long_plan_takes_several_comments(team: Team) -> None:
    """A plan that is split is as many comments; those that a shorter one needs no more go."""
    parts = [f"one\n\n{NEXT}\n\n", f"two\n\n{NEXT}\n\n", f"Digest: {DIGEST}\n"]
    told: list[list[str]] = []
    for plan in ("".join(parts), "".join(parts[1:]), parts[2]):
        team.tools.programs["ztctl"] = partial(printed, plan)
        team.push()
        told.append([it.body.split("\n", 1)[0] for it in team.plans])

    first, further = f"<!-- ztctl-plan: {DIGEST} -->", "<!-- ztctl-plan: continued -->"
    assert told == [[first, further, further], [first, further], [first]]


@pytest.fixture
def reviewed(team: Team) -> Team:
    """A plan that was made, and that somebody has looked at."""
    assert team.push().ok
    return team


def test_an_account_that_changed_stops_the_merge(team: Team) -> None:
    """What the plan is about was changed meanwhile: nothing is written until a person has looked.

    The run tells the digest of the plan as it is now, and by hand that one is applied.
    """
    team.apply()
    team.edit("session_duration: 8h", "session_duration: 4h")
    team.push()
    team.account.edit_policy(session_duration="720h")

    merged = team.merge()

    (digest,) = re.findall(r"its digest is ([0-9a-f]{64})", merged.log)
    assert (merged.ok, team.account.written) == (False, [])
    assert "720h" in merged.summary
    assert team.github.comments[-1].body.startswith("Not applied: it is not the plan that was")
    assert team.agree(digest).ok
    assert team.account.written


def test_a_file_that_changed_stops_the_merge(reviewed: Team) -> None:
    """A push after the plan, merged before it was planned again, is not what was reviewed."""
    reviewed.edit("session_duration: 8h", "session_duration: 720h")

    merged = reviewed.merge()

    assert (merged.ok, reviewed.account.written) == (False, [])


SHOWN = f"<!-- ztctl-plan: {DIGEST} -->\nthe plan\n"
AGREED = [
    pytest.param([], NO_PLAN, id="none"),
    pytest.param([(BOT, SHOWN, None)], DIGEST, id="of the bot"),
    pytest.param([(BOT, SHOWN, BOT)], DIGEST, id="kept up to date by the bot"),
    pytest.param([(BOT, SHOWN, None), ("ann", SHOWN, None)], DIGEST, id="and a person's"),
    pytest.param([(BOT, SHOWN, "mallory")], NO_PLAN, id="edited by a person"),
    pytest.param([("mallory", SHOWN, None)], NO_PLAN, id="of a person"),
    pytest.param([("github-actions", SHOWN, None)], NO_PLAN, id="of a namesake"),
    pytest.param([("other[bot]", SHOWN, None)], NO_PLAN, id="of another bot"),
    pytest.param([(BOT, SHOWN, None)] * 2, NO_PLAN, id="two"),
    pytest.param([(BOT, f"you said:\n{SHOWN}", None)], NO_PLAN, id="quoted"),
    pytest.param([(BOT, "<!-- ztctl-plan: none -->\n", BOT)], NO_PLAN, id="withdrawn"),
]


@pytest.mark.parametrize(("comments", "digest"), AGREED)
def test_only_the_one_comment_of_the_bot_counts(
    comments: list[tuple[str, str, str | None]], digest: str, team: Team
) -> None:
    """Nobody agrees in another's name: else the digest is one that no plan has."""
    team.github.comments += [Comment(n, *it) for n, it in enumerate(comments)]

    merged = team.merge(only="agreed")

    assert merged.steps["agreed"]["outputs"] == {"digest": digest}
    assert any("there is not one plan" in it for it in merged.commands) is (digest == NO_PLAN)


def test_other_comments_are_left_alone(team: Team) -> None:
    """Those that only look like the plan, and what the bot has to say otherwise."""
    before = [team.github.says("mallory", SHOWN), team.github.says(BOT, "Applied: see the run.")]
    said = [it.body for it in before]
    team.tools.programs["ztctl"] = partial(printed, f"Digest: {'b' * 64}\n")

    team.push()

    assert [it.body for it in before] == said
    assert team.github.comments[:2] == before
    assert len(team.github.comments) == 3


def test_a_file_that_cannot_be_planned_is_told(team: Team) -> None:
    """The job is red, the line is marked, and the comment leads to the log without a digest."""
    team.edit("session_duration: 8h", "session_duration: eight")

    pushed = team.push(checked=True)

    assert not pushed.ok
    (told,) = pushed.commands
    assert told.startswith("::error file=hosts/ztctl.yaml,line=22,col=23,title=ztctl validate")
    assert team.plans[0].body.startswith("<!-- ztctl-plan: none -->\nThis could not be planned")


def test_a_merge_that_is_run_again_changes_nothing(team: Team) -> None:
    """What is done already is done, whatever the comment says."""
    team.apply()
    team.account.sandbox.log.clear()

    assert (team.merge().ok, team.account.written) == (True, [])
