"""Promises about a person before a terminal: the prompt, the answers, the colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ztctl = Any
Account = Any
OnTerminal = Callable[..., Any]
PROMPT = "Apply these changes? Only 'yes' is a yes: "
GREEN = "\x1b[32m+\x1b[0m"


def test_yes_is_a_yes(project: Ztctl, account: Account, terminal: OnTerminal) -> None:
    """Apply shows the plan, asks, and carries it out when the answer is yes."""
    applying = terminal(project.at(account), "apply")
    applying.wait_for(PROMPT)
    assert account.written == []

    applying.type("yes\n")
    done = applying.ended()

    assert done.code == 0
    assert "Plan: 7 to add" in done.out.split(PROMPT)[0]
    assert "Apply complete: 7 added, 0 changed, 0 destroyed." in done.out.split(PROMPT)[1]


@pytest.mark.parametrize("answer", ["no\n", "y\n", "\n", "yes please\n", "YES\n", "\x04"])
def test_anything_else_is_a_no(
    answer: str, project: Ztctl, account: Account, terminal: OnTerminal
) -> None:
    """Whatever is not the word yes declines; nothing is written, and the exit code is 1."""
    applying = terminal(project.at(account), "apply")
    applying.wait_for(PROMPT)

    applying.type(answer)
    done = applying.ended()

    assert done.code == 1
    assert "Declined: nothing was changed." in done.out
    assert account.written == []


def test_ctrl_c_at_the_terminal_leaves_the_cursor(
    project: Ztctl, account: Account, terminal: OnTerminal
) -> None:
    """A moving status that is interrupted gives the cursor back."""
    gate = account.sandbox.gate("GET", "/cfd_tunnel$")
    planning = terminal(project.at(account), "plan")
    gate.wait()
    planning.wait_for("\x1b[?25l")

    planning.type("\x03")
    done = planning.ended()
    gate.opened.set()

    assert done.code == 130
    assert done.out.rindex("\x1b[?25h") > done.out.rindex("\x1b[?25l")


def test_a_terminal_has_colours(project: Ztctl, terminal: OnTerminal) -> None:
    """What is added is green for who looks at it."""
    done = terminal(project, "plan", "--sandbox").ended()

    assert GREEN in done.out


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("--no-color",), {}),
        ((), {"NO_COLOR": "1"}),
        ((), {"TERM": "dumb"}),
        (("--format", "json"), {}),
        (("--format", "markdown"), {}),
    ],
    ids=["--no-color", "NO_COLOR", "dumb", "json", "markdown"],
)
def test_who_wants_no_colours_gets_none(
    words: tuple[str, ...], env: dict[str, str], project: Ztctl, terminal: OnTerminal
) -> None:
    """Each way to say so is enough."""
    project.env.update(env)

    done = terminal(project, "plan", "--sandbox", *words).ended()

    assert done.code == 0
    assert "\x1b[3" not in done.out
    assert "\x1b[1m" not in done.out


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}], ids=["CI", "dumb"])
def test_nothing_moves_where_nobody_looks(
    env: dict[str, str], project: Ztctl, terminal: OnTerminal
) -> None:
    """The log of a CI service and a dumb terminal get lines, though they are terminals."""
    project.env.update(env)

    done = terminal(project, "apply", "--sandbox", "--auto-approve").ended()

    assert done.code == 0
    assert "\x1b[?25l" not in done.out
    assert "Tunnel: 2 steps" in done.out


def test_something_moves_where_somebody_looks(project: Ztctl, terminal: OnTerminal) -> None:
    """A CI that is none is no CI."""
    project.env["CI"] = "false"

    done = terminal(project, "apply", "--sandbox", "--auto-approve").ended()

    assert "\x1b[?25l" in done.out


@pytest.mark.parametrize("key", ["\x03", None], ids=["Ctrl-C", "SIGTERM"])
def test_an_interruption_at_the_prompt_is_a_no(
    key: str | None, project: Ztctl, account: Account, terminal: OnTerminal
) -> None:
    """Whoever ends a command that asks has not said yes."""
    applying = terminal(project.at(account), "apply")
    applying.wait_for(PROMPT)

    if key:
        applying.type(key)
    else:
        applying.process.terminate()
    done = applying.ended()

    assert (done.code, account.written) == (130, [])
    assert "Interrupted: nothing was changed." in done.out


def test_an_empty_no_color_says_nothing(project: Ztctl, terminal: OnTerminal) -> None:
    """The variable counts when it is not empty (no-color.org)."""
    project.env["NO_COLOR"] = ""

    done = terminal(project, "plan", "--sandbox").ended()

    assert GREEN in done.out


def test_json_asks_on_the_terminal_too(
    project: Ztctl, account: Account, terminal: OnTerminal
) -> None:
    """The prompt does not depend on the format of the data."""
    applying = terminal(project.at(account), "apply", "--format", "json")
    applying.wait_for(PROMPT)

    applying.type("yes\n")
    done = applying.ended()

    assert done.code == 0
    assert '"type": "outcome"' in done.out


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [("prod\n", 0, "stack: prod"), ("\x03", 130, "Interrupted"), ("\n", 64, "--stack is missing")],
    ids=["a name", "Ctrl-C", "nothing"],
)
def test_an_export_asks_for_the_stack(
    answer: str, code: int, said: str, project: Ztctl, account: Account, terminal: OnTerminal
) -> None:
    """Where somebody is there to ask; no answer is no stack, and no traceback."""
    exporting = terminal(project.at(account), "export")
    exporting.wait_for("The stack that is to own it")

    exporting.type(answer)
    done = exporting.ended()

    assert done.code == code
    assert said in done.out
    assert account.written == []
