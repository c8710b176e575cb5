"""Promises about how open doors, waiting and revoked sessions are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.pages import FORMATS, rendered
from ztctl.core.model.address import Address
from ztctl.core.model.events import Failed, Finished, Outcome, Started, Waiting
from ztctl.core.model.facts import DescribedEntry, Openness
from ztctl.core.model.plan import AccessChange, Exposed, Plan, StepId
from ztctl.core.reach.who import Guard, Lead, Reach, Ruling, Service
from ztctl.views.factory import Format
from ztctl.views.reach import reach_page

MakeShown = Callable[..., Any]
HOSTILE = "\x1b[2J\u202e```\n@all"
STEP = StepId(Address("dns_record", "ssh.example.com"), "create")
DOORS = (
    Exposed("a.example.com", "a Bypass policy lets everybody in to ssh://a:22", stays=False),
    Exposed("b.example.com", "no application covers it, and it leads to ssh://b:22"),
)


@pytest.mark.parametrize("quiet", [False, True])
def test_open_doors_come_before_everything(
    whole_plan: Plan, shown: MakeShown, *, quiet: bool
) -> None:
    """What is open now stands first, each with what becomes of it, also when little is said."""
    it = shown(quiet=quiet)

    it.view.plan(replace(whole_plan, exposed=DOORS))

    assert it.out.splitlines()[:6] == [
        "OPEN TO EVERYBODY NOW:",
        "  ! a.example.com: a Bypass policy lets everybody in to ssh://a:22",
        "        this plan closes it",
        "  ! b.example.com: no application covers it, and it leads to ssh://b:22",
        "        it stays so after this plan",
        "",
    ]


def test_open_doors_are_not_folded_away(whole_plan: Plan, shown: MakeShown) -> None:
    """In Markdown they stand in a block of their own before the fold."""
    it = shown("markdown")

    it.view.plan(replace(whole_plan, exposed=DOORS))

    assert it.out.index("OPEN TO EVERYBODY NOW") < it.out.index("<details>")


def test_open_doors_are_fields_for_machines(whole_plan: Plan, shown: MakeShown) -> None:
    """In JSON each has its host, its reason, and whether it stays."""
    it = shown("json")

    it.view.plan(replace(whole_plan, exposed=DOORS))

    found = json.loads(it.out)["exposed"]
    assert found[0] == {
        "host": DOORS[0].host,
        "reason": DOORS[0].reason,
        "stays": False,
        "openness": "everybody",
        "becomes": "nobody",
    }
    assert [item["stays"] for item in found] == [False, True]


def test_a_pause_is_a_line_where_nothing_moves(shown: MakeShown) -> None:
    """In a log the reason is told once; that the step goes on is told by its end."""
    it = shown(verbose=True)

    for event in (Started(STEP), Waiting(STEP, "waiting 5 s"), Waiting(STEP), Finished(STEP, 5.0)):
        it.view.event(event)

    assert it.err.splitlines() == [
        "dns_record.ssh.example.com: creating…",
        "dns_record.ssh.example.com: waiting 5 s",
        "dns_record.ssh.example.com: created after 5.0s",
    ]


def test_a_pause_is_a_status_on_a_terminal(shown: MakeShown) -> None:
    """On a terminal the reason stands behind the name, and goes when the step goes on."""
    it = shown(terminal=True)

    it.view.event(Started(STEP))
    it.view.event(Waiting(STEP, "waiting 5 s"))
    it.view.event(Waiting(STEP))

    begun, *_, last = it.err.split("\x1b[2K")
    assert "ssh.example.com: waiting 5 s" not in begun
    assert it.err.count("ssh.example.com: waiting 5 s") == 1
    assert "waiting" not in last


def test_a_pause_is_a_record_for_machines(shown: MakeShown) -> None:
    """In JSON a pause is a record with its reason; its end is none."""
    it = shown("json")

    it.view.event(Waiting(STEP, "waiting 5 s"))
    it.view.event(Waiting(STEP))

    assert [json.loads(line) for line in it.out.splitlines()] == [
        {
            "type": "apply_waiting",
            "address": "dns_record.ssh.example.com",
            "step": "create",
            "reason": "waiting 5 s",
        }
    ]


def test_revoked_sessions_are_told(small_plan: Plan, shown: MakeShown) -> None:
    """The outcome names the applications of which everybody has to log in again."""
    it = shown()
    app = Address("access_application", "ssh.example.com")
    done = tuple(step.id for step in small_plan.steps)

    it.view.outcome(small_plan, Outcome(done, revoked=(app,)))

    assert it.out.startswith(
        "Revoked, everybody has to log in again:\n    access_application.ssh.example.com\n"
    )


def test_a_refused_revocation_leaves_the_changes_done(small_plan: Plan, shown: MakeShown) -> None:
    """A failed revocation is told as a failure of its own, beside what was done."""
    it = shown()
    app = Address("access_application", "ssh.example.com")
    done = tuple(step.id for step in small_plan.steps)
    failed = (Failed(StepId(app, "revoke"), "forbidden"),)

    it.view.outcome(small_plan, Outcome(done, failed))

    assert "  ! access_application.ssh.example.com (revoke): forbidden" in it.out
    assert it.out.splitlines()[-1].startswith("Applied in part: ")


@pytest.fixture
def hostile() -> Reach:
    """An answer in which every foreign text does its worst."""
    return Reach(
        HOSTILE,
        (HOSTILE,),
        (HOSTILE,),
        HOSTILE,
        (Lead(HOSTILE, HOSTILE, False, HOSTILE),),
        (Service(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, False),),
        (
            Guard(
                HOSTILE,
                HOSTILE,
                HOSTILE,
                HOSTILE,
                (Ruling(1, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
            ),
            Guard(""),
        ),
        (DescribedEntry(HOSTILE, HOSTILE, Openness.OPEN),),
        (HOSTILE,),
        (HOSTILE,),
        (HOSTILE,),
        (HOSTILE,),
    )


@pytest.mark.parametrize("format", FORMATS)
def test_an_answer_about_a_host_is_harmless(hostile: Reach, format: Format) -> None:
    """Nothing that a name holds moves a cursor, breaks a line or ends a block."""
    told = rendered(reach_page(hostile, str), format)

    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "\n@all" not in told


def test_values_of_the_environment_are_masked(hostile: Reach) -> None:
    """What is to be hidden is hidden in every format."""
    for format in FORMATS:
        assert "@all" not in rendered(reach_page(hostile, lambda _: "(env X)"), format)


def test_what_changes_for_the_same_people_is_one_line(small_plan: Plan, shown: MakeShown) -> None:
    """Who is moved, or asked for something else, neither comes nor goes: both sides in a line."""
    moved = "moved from tunnel a to tunnel b"
    both = DescribedEntry("ann@example.com", "ssh://b:22", change=moved)
    gone = DescribedEntry("bob@example.com", "ssh://b:22", change="session 8h → 4h")
    change = AccessChange("ssh.example.com", frozenset(), (both,), (both, gone))
    it = shown(detail="full")

    it.view.plan(replace(small_plan, access=(change,)))

    lines = it.out.split("Access:\n")[1].splitlines()[1:3]
    assert lines == [
        f"      ~ ann@example.com → ssh://b:22: {moved}",
        "      ~ bob@example.com → ssh://b:22: session 8h → 4h",
    ]
