"""Promises about the lock of an apply, and about taking it away by hand."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from ztctl.cli.run_lock import runner
from ztctl.core.runs.locks import ACCOUNT, Holder, LockFlag, Scope, is_lock, scope_of
from ztctl.sandbox.messages import Request

Ztctl = Any
Account = Any
Start = Callable[..., Any]
STACK = scope_of("quickstart")
BOB = Holder("bob", "bbbbb")
CREATE_TUNNEL = ("POST", "/cfd_tunnel$")
AUTHORISED = (("authorization", "Bearer somebody"),)
TAGS = "/accounts/{account}/access/tags"


def lock(account: Account, scope: Scope = STACK, at: float | None = None) -> None:
    """A lock of bob's."""
    account.post(TAGS, {"name": scope.mutex})
    account.post(TAGS, {"name": LockFlag.new(scope, BOB, time.time() if at is None else at).name})


def locks(account: Account) -> list[str]:
    """The tags of locks in the account."""
    return [tag["name"] for tag in account.sandbox.export()["tags"] if is_lock(tag["name"])]


def test_apply_is_refused_while_another_is_at_work(project: Ztctl, account: Account) -> None:
    """The exit code is that of a refusal; who, since when and what to do is told; no write."""
    lock(account)

    done = project.at(account)("apply", "--auto-approve")

    assert done.code == 4
    told = r"error: the stack 'quickstart' is locked by bob since \S+ \S+ UTC, until \S+ \S+ UTC"
    assert re.search(told, done.err)
    assert "ztctl unlock --stack quickstart" in done.err
    assert account.written == []


def test_plan_does_not_care_about_locks(project: Ztctl, account: Account) -> None:
    """A plan is made as ever, and takes no lock."""
    lock(account)

    done = project.at(account)("plan")

    assert done.code == 0
    assert "ztctl-lock" not in done.said
    assert len(locks(account)) == 2


def test_apply_waits_when_asked_to(project: Ztctl, account: Account, start: Start) -> None:
    """Once the lock is away it goes on, and ends as always."""
    lock(account)
    applying = start(project.at(account), "apply", "--auto-approve", "--lock-wait", "60")
    applying.wait_for("s: the stack 'quickstart' is locked by bob")

    project.at(account)("unlock", "--auto-approve")

    assert applying.ended().code == 0
    assert locks(account) == []


def test_ctrl_c_ends_the_waiting(project: Ztctl, account: Account, start: Start) -> None:
    """Nothing was done, and nothing is left."""
    lock(account)
    applying = start(project.at(account), "apply", "--auto-approve", "--lock-wait", "60")
    applying.wait_for("s: the stack 'quickstart' is locked by bob")

    applying.interrupt()

    assert applying.ended().code == 130
    assert account.written == []
    assert len(locks(account)) == 2


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

    assert len(held) == 2
    assert locks(account) == []


def test_a_killed_apply_leaves_a_lock_that_can_be_taken_away(
    project: Ztctl, account: Account, start: Start
) -> None:
    """The next apply is refused until somebody says that the run is dead."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()
    applying.process.kill()
    applying.process.wait()
    gate.opened.set()
    ztctl = project.at(account)

    codes = [ztctl(*words, "--auto-approve").code for words in (["apply"], ["unlock"], ["apply"])]

    assert codes == [4, 0, 0]
    assert locks(account) == []


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
    assert "The stack 'quickstart' is not locked." in done.err


def test_unlock_wants_a_yes(project: Ztctl, account: Account) -> None:
    """Without a terminal and without a yes nothing is taken away."""
    lock(account)

    done = project.at(account)("unlock")

    assert done.code == 64
    assert "locked by bob" in done.err
    assert len(locks(account)) == 2


@pytest.mark.parametrize(("answer", "left"), [("yes", 0), ("no", 2)])
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


def test_unlock_takes_the_accounts_lock_of_the_same_run(project: Ztctl, account: Account) -> None:
    """A dead destroy held two; no other stack is stopped by what is left."""
    lock(account)
    lock(account, ACCOUNT)

    project.at(account)("unlock", "--auto-approve")

    assert locks(account) == []


def test_unlock_leaves_the_locks_of_others(project: Ztctl, account: Account) -> None:
    """Another stack's run is not disturbed."""
    lock(account, scope_of("other"))
    lock(account)

    project.at(account)("unlock", "--auto-approve")

    assert sorted(locks(account))[1] == "ztctl-lock.other"
    assert len(locks(account)) == 2


def test_unlock_of_a_named_stack_needs_no_files(ztctl: Ztctl, account: Account) -> None:
    """The name is enough, in any folder."""
    lock(account)

    done = ztctl.at(account)("unlock", "--stack", "quickstart", "--auto-approve")

    assert (done.code, locks(account)) == (0, [])


@pytest.mark.parametrize("words", [["--stack", "Prod!"], ["--stack", "prod", "-f", "x.yaml"]])
def test_unlock_checks_its_words(words: list[str], ztctl: Ztctl, account: Account) -> None:
    """A name that no stack can have, and files beside a name, are wrong usage."""
    assert ztctl.at(account)("unlock", *words).code == 64


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"CI": "true", "USER": "runner"}, "ci"),
        ({"CI": "false", "USER": "alice"}, "alice"),
        ({"LOGNAME": "bob"}, "bob"),
        ({"USER": "Ann-Sophie Öst"}, "ann-sop"),
        ({"USER": "王"}, "someone"),
        ({}, "someone"),
    ],
)
def test_a_lock_says_who_runs(environment: dict[str, str], name: str) -> None:
    """A job of CI, the person who is logged in, or nobody known; seven characters at most."""
    assert Holder.named(runner(environment), lambda below: 0).who == name
