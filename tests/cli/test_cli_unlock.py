"""Promises about the lock of an apply, and about taking it away by hand."""

from __future__ import annotations

import json
import os
import pwd
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ztctl.cli.journal_paths import runner
from ztctl.core.runs.locks import Holder, LockFlag, is_lock
from ztctl.sandbox.messages import Request

Ztctl = Any
Account = Any
Start = Callable[..., Any]
BOB = Holder.named("other", "bob", lambda below: 0)
CREATE_TUNNEL = ("POST", "/cfd_tunnel$")
AUTHORISED = (("authorization", "Bearer somebody"),)
TAGS = "/accounts/{account}/access/tags"
HELD = "the account is locked for another stack by bob, since "


def lock(account: Account) -> None:
    """A lock of bob's."""
    account.post(TAGS, {"name": LockFlag.new(BOB, time.time()).name})


def locks(account: Account) -> list[str]:
    """The flags in the account."""
    return [tag["name"] for tag in account.sandbox.export()["tags"] if is_lock(tag["name"])]


def test_apply_is_refused_while_another_is_at_work(project: Ztctl, account: Account) -> None:
    """The exit code is that of a refusal; who, since when and what to do is told; no write."""
    lock(account)

    done = project.at(account)("apply", "--auto-approve", "--lock-wait", "0")

    assert done.code == 4
    assert f"error: {HELD}" in done.err
    assert "ztctl unlock takes its lock away" in done.err
    assert account.written == []
    assert len(locks(account)) == 1


def test_plan_does_not_care_about_locks(project: Ztctl, account: Account) -> None:
    """A plan is made as ever, and takes no lock."""
    lock(account)

    done = project.at(account)("plan")

    assert done.code == 0
    assert "lock-ztctl" not in done.said
    assert len(locks(account)) == 1


def test_apply_waits_for_a_minute_unasked(project: Ztctl, account: Account, start: Start) -> None:
    """Once the lock is away it goes on, and ends as always."""
    lock(account)
    applying = start(project.at(account), "apply", "--auto-approve")
    told = applying.wait_for(HELD)

    project.at(account)("unlock", "--auto-approve")

    assert "waiting for at most 60 s: " in told or "waiting for at most 59 s: " in told
    assert applying.ended().code == 0
    assert locks(account) == []


def test_ctrl_c_ends_the_waiting(project: Ztctl, account: Account, start: Start) -> None:
    """Nothing was done, and nothing is left."""
    lock(account)
    applying = start(project.at(account), "apply", "--auto-approve")
    applying.wait_for(HELD)

    applying.interrupt()

    assert applying.ended().code == 130
    assert account.written == []
    assert len(locks(account)) == 1


def test_ctrl_c_ends_the_waiting_of_a_saved_plan(
    project: Ztctl, account: Account, start: Start
) -> None:
    """It waits before it reads: nothing was shown, and that nothing was changed is told."""
    ztctl = project.at(account)
    ztctl("plan", "--out", "saved")
    lock(account)
    applying = start(ztctl, "apply", "saved", "--auto-approve")
    applying.wait_for(HELD)

    applying.interrupt()
    done = applying.ended()

    assert (done.code, done.out) == (130, "")
    assert "Interrupted: nothing was changed." in done.err
    assert len(locks(account)) == 1


@pytest.mark.parametrize("wait", ["-1", "soon", "nan", "1.5"])
def test_a_time_to_wait_is_whole_seconds(wait: str, project: Ztctl) -> None:
    """Anything else is wrong usage."""
    assert project("apply", "--sandbox", "--lock-wait", wait).code == 64


def test_ctrl_c_gives_the_lock_back(project: Ztctl, account: Account, start: Start) -> None:
    """An interrupted apply leaves no lock behind."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()
    held = locks(account)
    applying.interrupt()
    applying.wait_for("warning: interrupted")
    gate.opened.set()

    applying.ended()

    assert len(held) == 1
    assert locks(account) == []


def killed(ztctl: Ztctl, account: Account, start: Start) -> None:
    """An apply that is killed (``kill -9``) while it makes a tunnel."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(ztctl, "apply", "--auto-approve")
    gate.wait()
    applying.process.kill()
    applying.process.wait()
    gate.opened.set()


def test_a_killed_apply_does_not_lock_its_user_out(
    project: Ztctl, account: Account, start: Start
) -> None:
    """The next one on this machine knows that it is dead, says so, and leaves nothing of it."""
    killed(project.at(account), account, start)

    done = project.at(account)("apply", "--auto-approve")

    assert done.code == 0
    assert "was yours, on this machine, and is dead: taken over" in done.err
    assert locks(account) == []


def test_a_journal_that_cannot_be_read_locks_nobody_out(
    project: Ztctl, account: Account, start: Start
) -> None:
    """That of another stack, for example: the run is looked for in the others."""
    ztctl = project.at(account)
    killed(ztctl, account, start)
    (path,) = ztctl.folder.rglob("quickstart.jsonl")
    path.with_name("another.jsonl").mkdir()

    done = ztctl("apply", "--auto-approve", "--lock-wait", "0")

    assert done.code == 0
    assert locks(account) == []


@pytest.mark.parametrize(
    "change", [{"boot": "another"}, {"namespace": "another"}, {"pid": "x"}, None],
    ids=["another boot", "another namespace", "no number", "nothing told"],
)  # fmt: skip
def test_who_may_be_alive_is_waited_for(
    change: dict[str, Any] | None, project: Ztctl, account: Account, start: Start
) -> None:
    """Where the journal does not tell for certain that the process is dead, others wait."""
    ztctl = project.at(account)
    killed(ztctl, account, start)
    (path,) = ztctl.folder.rglob("quickstart.jsonl")
    first, *rest = path.read_text().splitlines()
    record = json.loads(first)
    record["process"] = None if change is None else {**record["process"], **change}
    path.write_text("\n".join([json.dumps(record, separators=(",", ":")), *rest, ""]))

    done = ztctl("apply", "--auto-approve", "--lock-wait", "0")

    assert done.code == 4
    assert len(locks(account)) == 1


def test_a_killed_apply_leaves_a_lock_that_can_be_taken_away(
    project: Ztctl, account: Account, start: Start
) -> None:
    """Somebody else is refused until a person says that the run is dead; nothing of it is left."""
    ztctl = project.at(account)
    killed(ztctl, account, start)
    (path,) = ztctl.folder.rglob("quickstart.jsonl")
    path.unlink()

    words = (["apply", "--lock-wait", "0"], ["unlock"], ["apply"])
    codes = [ztctl(*each, "--auto-approve").code for each in words]

    assert codes == [4, 0, 0]
    assert locks(account) == []


def test_a_clock_that_is_wrong_takes_no_lock(
    project: Ztctl, open_account: Callable[..., Account]
) -> None:
    """Compared with the date of the replies: nothing is written, and what to do is told."""
    slow = timedelta(minutes=20)
    account = open_account(clock=lambda: datetime.now(UTC) + slow)

    done = project.at(account)("apply", "--auto-approve")

    assert done.code == 1
    assert "this machine's clock is 1" in done.err
    assert "behind the service's, so that no lock can be taken" in done.err
    assert [entry.method for entry in account.sandbox.log if entry.method != "GET"] == []


def test_a_run_whose_lock_is_taken_away_stops(
    project: Ztctl, account: Account, start: Start
) -> None:
    """Before its next phase it learns of that: nothing of that phase is written."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()
    for name in locks(account):
        path = f"/client/v4{TAGS}/{name}".replace("{account}", account.sandbox.account_id)
        account.sandbox.handle(Request("DELETE", path, (), AUTHORISED, b""))
    gate.opened.set()

    done = applying.ended()

    assert done.code == 3
    assert "the lock is no longer this run's: somebody has taken it away" in done.out
    assert account.sandbox.export()["dns_records"] == []


def test_unlock_without_a_lock_does_nothing(project: Ztctl, account: Account) -> None:
    """That is no error, and wants no yes."""
    done = project.at(account)("unlock")

    assert (done.code, account.written) == (0, [])
    assert "The account is not locked." in done.err


def test_unlock_wants_a_yes(project: Ztctl, account: Account) -> None:
    """Without a terminal and without a yes nothing is taken away."""
    lock(account)

    done = project.at(account)("unlock")

    assert done.code == 64
    assert "locked by bob" in done.err
    assert len(locks(account)) == 1


@pytest.mark.parametrize(("answer", "left"), [("yes", 0), ("no", 1)])
def test_unlock_asks(
    answer: str, left: int, project: Ztctl, account: Account, terminal: Callable[..., Any]
) -> None:
    """On a terminal a person sees who holds the lock, and decides."""
    lock(account)
    screen = terminal(project.at(account), "unlock")
    screen.wait_for("Only 'yes' is a yes: ")
    assert "locked by bob" in screen.screen

    screen.type(f"{answer}\n")

    assert screen.ended().code == (1 if left else 0)
    assert len(locks(account)) == left


def test_unlock_leaves_nothing_behind(project: Ztctl, account: Account) -> None:
    """Whoever the flags are of; other tags stay."""
    lock(account)
    account.post(TAGS, {"name": LockFlag.new(Holder("0000", "ann", "00000"), time.time()).name})
    account.post(TAGS, {"name": "lock-ztctl-of-my-own"})

    done = project.at(account)("unlock", "--auto-approve")

    assert "locked by bob, since" in done.err
    assert "locked by ann, since" in done.err
    assert [tag["name"] for tag in account.sandbox.export()["tags"]] == ["lock-ztctl-of-my-own"]


def test_unlock_needs_no_files(ztctl: Ztctl, account: Account) -> None:
    """The account of the environment is enough, in any folder."""
    lock(account)

    done = ztctl.at(account)("unlock", "--auto-approve")

    assert (done.code, locks(account)) == (0, [])


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"CI": "true", "USER": "runner"}, "ci"),
        ({"CI": "false", "USER": "alice"}, "alice"),
        ({"LOGNAME": "bob"}, "bob"),
        ({"USER": "Ann-Sophie Öst"}, "ann-sop"),
        ({"USER": "王"}, "someone"),
        ({}, pwd.getpwuid(os.getuid()).pw_name.lower()[:7]),
    ],
)
def test_a_lock_says_who_runs(environment: dict[str, str], name: str) -> None:
    """A job of CI, who is logged in, or whose process it is; seven characters at most."""
    assert Holder.named("prod", runner(environment), lambda below: 0).who == name
