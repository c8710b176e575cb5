"""Promises about Ctrl-C and SIGTERM: the code is 130, and what was done and what not is told."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

Ztctl = Any
Account = Any
Start = Callable[..., Any]
STOPS = pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
CREATE_TUNNEL = ("POST", "/cfd_tunnel$")


@STOPS
def test_ctrl_c_while_planning_changes_nothing(
    sent: signal.Signals, project: Ztctl, account: Account, start: Start
) -> None:
    """An interrupted plan says that nothing was changed, and leaves at once."""
    gate = account.sandbox.gate("GET", "/cfd_tunnel$")
    planning = start(project.at(account), "plan")
    gate.wait()

    planning.interrupt(sent)
    done = planning.ended()
    gate.opened.set()

    assert (done.code, done.out, done.err) == (130, "", "\nInterrupted: nothing was changed.\n")


@STOPS
def test_ctrl_c_ends_an_apply_between_two_steps(
    sent: signal.Signals, project: Ztctl, account: Account, start: Start
) -> None:
    """What is under way is brought to its end, nothing new begins, and the outcome tells both."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()

    applying.interrupt(sent)
    applying.wait_for("warning: interrupted: what is under way is brought to its end\n")
    gate.opened.set()
    done = applying.ended()

    assert done.code == 130
    assert "\nNot started:\n" in done.out
    rest = done.out.split("\nNot started:\n")[1]
    assert "    tunnel.ssh-pool (done before: create)\n    dns_record.ssh.example.com\n" in rest
    assert done.out.splitlines()[-1].startswith("Interrupted: 4 added, 0 changed, 0 destroyed")
    assert len(account.sandbox.export()["tunnels"]) == 1


def test_who_ignores_ctrl_c_is_ended_by_sigterm(
    project: Ztctl, account: Account, start: Start
) -> None:
    """A job in the background ignores Ctrl-C, by inheritance, and is not deaf to a service."""
    gate = account.sandbox.gate("GET", "/cfd_tunnel$")
    planning = start(project.at(account), "plan", deaf=True)
    gate.wait()

    planning.interrupt(signal.SIGTERM)
    done = planning.ended()
    gate.opened.set()

    assert (done.code, done.err) == (130, "\nInterrupted: nothing was changed.\n")


def test_an_interrupted_plan_says_so_in_json(
    project: Ztctl, account: Account, start: Start
) -> None:
    """Who asked for JSON gets a note, and no prose."""
    gate = account.sandbox.gate("GET", "/cfd_tunnel$")
    planning = start(project.at(account), "plan", "--format", "json")
    gate.wait()

    planning.interrupt()
    done = planning.ended()
    gate.opened.set()

    (told,) = map(json.loads, done.err.splitlines())
    assert (done.code, done.out, told["type"]) == (130, "", "note")


def test_an_interrupted_apply_is_ended_by_the_next(
    project: Ztctl, account: Account, start: Start
) -> None:
    """Applying again does what is left, and creates nothing twice."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()
    applying.interrupt()
    applying.wait_for("warning: interrupted")
    gate.opened.set()
    applying.ended()

    done = project.at(account)("apply", "--auto-approve")

    assert done.code == 0
    made = account.sandbox.export()
    assert [len(made[kind]) for kind in ("tunnels", "apps", "dns_records")] == [1, 1, 1]


def test_a_second_ctrl_c_leaves_at_once_and_tells_what_is_unknown(
    project: Ztctl, account: Account, start: Start
) -> None:
    """Who does not want to wait gets the outcome so far, the unanswered write marked as unknown."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()
    applying.interrupt()
    applying.wait_for("hint: Ctrl-C again leaves at once\n")

    applying.interrupt()
    done = applying.ended()
    gate.opened.set()

    assert done.code == 130
    assert "nothing was changed" not in done.said
    failed = done.out.split("\nFailed:\n")[1].splitlines()
    assert failed[0] == "  ! tunnel.ssh-pool (create): under way when you left at once"
    assert "nobody knows whether it was done" in failed[1]
    assert "dns_record.ssh.example.com" in done.out.split("\nNot started:\n")[1]
    assert done.out.splitlines()[-1].startswith("Interrupted: 4 added, 0 changed, 0 destroyed")


def test_a_second_ctrl_c_before_a_write_goes_out_leaves_it_not_started(
    project: Ztctl, account: Account, start: Start
) -> None:
    """While the lock is looked at nothing of the tunnel was sent: that is certain, and is said."""
    made = account.sandbox.gate("POST", "/access/apps$")
    applying = start(project.at(account), "apply", "--auto-approve")
    made.wait()
    look = account.sandbox.gate("GET", "/access/tags")
    made.opened.set()
    look.wait()
    applying.interrupt()
    applying.wait_for("hint: Ctrl-C again leaves at once\n")

    applying.interrupt()
    done = applying.ended()
    look.opened.set()

    assert "Failed:" not in done.out
    assert "journal" not in done.said
    assert "tunnel.ssh-pool" in done.out.split("\nNot started:\n")[1]
    assert done.out.splitlines()[-1].startswith("Interrupted: 4 added, 0 changed, 0 destroyed")


def test_a_write_that_was_left_is_found_again(
    project: Ztctl, account: Account, start: Start
) -> None:
    """A write that was done although nobody waited for it is not done a second time."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve")
    gate.wait()
    applying.interrupt()
    applying.wait_for("warning: interrupted")
    applying.interrupt()
    left = applying.ended()
    gate.opened.set()
    # The service answered nobody, so that the lock could not be given back either.
    assert "the lock may still be there" in left.err
    project.at(account)("unlock", "--auto-approve")

    done = project.at(account)("apply", "--auto-approve")

    assert done.code == 0
    assert len(account.sandbox.export()["tunnels"]) == 1


@pytest.mark.parametrize("format", ["json", "markdown"])
def test_an_interruption_is_told_in_every_format(
    format: str, project: Ztctl, account: Account, start: Start
) -> None:
    """What reads the output of a stopped apply learns of it in the format that it asked for."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), "apply", "--auto-approve", "--format", format)
    gate.wait()
    applying.interrupt()
    applying.wait_for("interrupted: what is under way")
    gate.opened.set()

    done = applying.ended()

    last = done.out.strip().splitlines()[-1]
    expected = {"json": '"status": "interrupted"', "markdown": "**Interrupted: 4 added, "}
    assert expected[format] in last
    assert done.code == 130
