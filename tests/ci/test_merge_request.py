"""The story of a merge request on GitLab: what was reviewed is applied, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ci.conftest import CANARIES, EXAMPLES, Account
from tests.ci.gitlab import BOT, SHA, GitLab, Runner, jq
from tests.ci.gitlab import TOKEN as COMMENT_TOKEN
from tests.ci.stand_ins import Called, StandIns
from tests.support.process import TOKEN, Ended, environment

PIPELINE = EXAMPLES / "ci" / "gitlab" / "ztctl.gitlab-ci.yml"
DIGEST = "a" * 64
SHOWN = f"<!-- ztctl-plan: {DIGEST} -->\nthe plan\n"
MERGED = {"iid": 7, "state": "merged", "target_branch": "main", "merge_commit_sha": SHA}
MANN = 5


@dataclass
class Team:
    """The merge request 7, whose files are to be applied to an account."""

    files: Path
    account: Account
    gitlab: GitLab
    tools: StandIns
    runner: Runner

    def push(self, *, prepared: bool = True) -> Ended:
        """What is proposed is pushed."""
        more = {"CI_MERGE_REQUEST_IID": "7", "ZT_READ_TOKEN": TOKEN}
        return self.runner.run(PIPELINE, "plan", self.files, prepared=prepared, **more)

    def merge(self, **more: str) -> Ended:
        """What is proposed is merged, or somebody starts the job by hand."""
        more["ZT_WRITE_TOKEN"] = TOKEN
        return self.runner.run(PIPELINE, "apply", self.files, prepared=True, **more)

    def answer(self, code: int, text: str = "") -> list[Called]:
        """Let ztctl say this; gives how it was called."""
        seen: list[Called] = []

        def ztctl(called: Called) -> Ended:
            seen.append(called)
            return Ended(code if called.arguments[0] in ("plan", "apply") else 0, text, "")

        self.tools.programs["ztctl"] = ztctl
        return seen


@pytest.fixture
def team(tmp_path: Path, account: Account, ztctl: Callable[[Called], Ended]) -> Iterator[Team]:
    """The quickstart, proposed to an empty account."""
    gitlab = GitLab(merged=[MERGED])
    programs = {"ztctl": ztctl, "curl": gitlab.curl, "jq": jq}
    quiet = dict.fromkeys(("pip", "apt-get"), lambda _: Ended(0, "", ""))
    tools = StandIns({**programs, **quiet})
    files = tmp_path / "files"
    (files / "hosts").mkdir(parents=True)
    shutil.copy(EXAMPLES / "quickstart" / "ztctl.yaml", files / "hosts")
    more = {
        "CLOUDFLARE_BASE_URL": account.url,
        "CLOUDFLARE_ACCOUNT_ID": account.sandbox.account_id,
        "TMPDIR": str(tmp_path),
        **CANARIES,
    }
    runner = Runner(tmp_path, tools, environment(tmp_path, more))
    yield Team(files, account, gitlab, tools, runner)
    tools.end()


def test_what_was_reviewed_is_applied(team: Team) -> None:
    """From the plan to the merge; no token is seen on the way."""
    planned = team.push(prepared=False)
    before = team.account.written

    merged = team.merge()

    assert (planned.code, merged.code, before) == (0, 0, [])
    shown, applied = (text for _, text in team.gitlab.notes.values())
    assert "**Plan: 7 to add, 0 to change, 0 to destroy.**" in shown
    assert applied.startswith("Applied: see [the job](https://")
    assert any("/access/apps" in request for request in team.account.written)
    said = planned.said + merged.said + shown + applied
    assert [it for it in (TOKEN, COMMENT_TOKEN, *CANARIES.values()) if it in said] == []


def test_another_plan_stops_the_merge(team: Team) -> None:
    """A file that was changed after its plan is not applied; by hand it is, with its digest."""
    team.gitlab.notes = {3: (BOT, SHOWN)}
    file = team.files / "hosts" / "ztctl.yaml"
    file.write_text(file.read_text().replace("session_duration: 8h", "session_duration: 4h"))

    merged = team.merge()

    digest = merged.out.partition("its digest is ")[2][:64]
    assert (merged.code, team.account.written) == (4, [])
    assert list(team.gitlab.notes.values())[-1][1].startswith("Not applied: it is not the plan")
    assert team.merge(DIGEST=digest).code == 0


def test_the_comment_is_kept_up_to_date(team: Team) -> None:
    """One of the bot stays one, wherever it stands; those of people are left alone."""
    said = (MANN, SHOWN)
    team.gitlab.notes = {1: said, 2: said, 3: (BOT, SHOWN), 4: said, 5: (BOT, SHOWN)}
    team.answer(0, f"the new plan\nDigest: {'b' * 64}\n")

    team.push()

    new = f"<!-- ztctl-plan: {'b' * 64} -->\nthe new plan\nDigest: {'b' * 64}\n"
    assert team.gitlab.notes == {1: said, 2: said, 3: (BOT, new), 4: said}


def test_a_plan_that_failed_withdraws_its_digest(team: Team) -> None:
    """The comment leads to the log, and the job is red."""
    team.gitlab.notes = {3: (BOT, SHOWN)}
    team.answer(1, "half a plan")

    pushed = team.push()

    assert pushed.code == 1
    (comment,) = team.gitlab.notes.values()
    assert comment[1].startswith("<!-- ztctl-plan: none -->\nThis could not be planned: see [")


@pytest.mark.parametrize(
    ("notes", "merged", "given"),
    [
        pytest.param([(BOT, SHOWN)], [MERGED], DIGEST, id="of the bot"),
        pytest.param([(MANN, SHOWN), (BOT, SHOWN)], [MERGED], DIGEST, id="and a person's"),
        pytest.param([(MANN, SHOWN)], [MERGED], "0" * 64, id="of a person"),
        pytest.param([(BOT, SHOWN)] * 3, [MERGED], "0" * 64, id="several, on two pages"),
        pytest.param([(BOT, SHOWN)], [], "0" * 64, id="pushed without a merge request"),
        pytest.param([(BOT, SHOWN)], [{**MERGED, "state": "opened"}], "0" * 64, id="not merged"),
        pytest.param(
            [(BOT, SHOWN)], [{**MERGED, "merge_commit_sha": "d" * 40}], "0" * 64, id="merged before"
        ),
    ],
)
def test_only_the_one_comment_of_the_bot_counts(
    notes: list[tuple[int, str]], merged: list[dict[str, str]], given: str, team: Team
) -> None:
    """Nobody agrees in another's name: else the digest is one that no plan has."""
    team.gitlab.notes, team.gitlab.merged = dict(enumerate(notes)), list(merged)
    seen = team.answer(4)

    team.merge()

    assert [it.arguments[-1] for it in seen] == [given]


def test_a_link_leads_nowhere(team: Team) -> None:
    """The job ends before any file is read."""
    (team.files / "hosts" / "x.yaml").symlink_to("/proc/self/environ")
    seen = team.answer(0)

    pushed = team.push(prepared=False)

    assert (pushed.code, seen) == (1, [])
    assert "a link below hosts/ could make" in pushed.out
