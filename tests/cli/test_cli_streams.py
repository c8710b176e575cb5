"""Promises about stdout and stderr: data on one, all else on the other, come what may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Ztctl = Any
Start = Callable[..., Any]
Account = Any
COMMAND = ("apply", "--sandbox", "--auto-approve")
EVENTS = {"apply_start", "apply_complete"}


def through_shell(ztctl: Ztctl, script: str) -> tuple[int, str]:
    """Run a script of bash in which ``ztctl`` is the command; its exit code and all it said."""
    shell = f'set -o pipefail; ztctl() {{ "{sys.executable}" -m ztctl "$@"; }}; {script}'
    ran = subprocess.run(
        ["bash", "-c", shell],
        cwd=ztctl.folder,
        env=ztctl.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=45,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_progress_and_next_steps_are_beside_the_data(project: Ztctl) -> None:
    """Of an apply stdout holds the plan and the outcome; stderr what happens and what is next."""
    done = project(*COMMAND)

    assert done.out.startswith("Stack quickstart in account ")
    assert done.out.splitlines()[-1] == "Apply complete: 7 added, 0 changed, 0 destroyed."
    assert "Tunnel: " not in done.out
    assert "Tunnel: 2 steps…\n" in done.err
    assert "Next: ztctl ssh guide" in done.err


def test_nothing_is_coloured_without_a_terminal(project: Ztctl) -> None:
    """Files and pipes get plain text on both streams."""
    done = project(*COMMAND)

    assert "\x1b" not in done.said


def test_a_plan_in_json_is_one_document(project: Ztctl) -> None:
    """The whole of stdout is one JSON document of the published shape."""
    done = project("plan", "--sandbox", "--format", "json")

    plan = json.loads(done.out)
    assert plan["summary"]["add"] == 7
    assert done.err == ""


def test_an_apply_in_json_is_json_lines(project: Ztctl) -> None:
    """Version, plan, events and outcome are a document a line; notes are such on stderr."""
    done = project(*COMMAND, "--format", "json")

    version, plan, *events, outcome = map(json.loads, done.out.splitlines())
    assert (version["type"], plan["type"]) == ("version", "plan")
    assert {event["type"] for event in events} == EVENTS
    assert (outcome["type"], outcome["status"]) == ("outcome", "complete")
    assert {json.loads(line)["type"] for line in done.err.splitlines()} == {"note", "next_steps"}


@pytest.mark.parametrize(
    "words", [("who", "nodots"), ("plan", "--nonsense"), ("apply",)], ids=" ".join
)
def test_wrong_usage_in_json_is_json(words: tuple[str, ...], project: Ztctl) -> None:
    """Also where the command line itself is what is wrong."""
    done = project(*words, "--sandbox", "--format", "json")

    (*_, told) = map(json.loads, done.err.splitlines())
    assert (done.code, told["type"], told["severity"]) == (64, "diagnostic", "error")


def test_a_refused_apply_says_that_nothing_was_done(project: Ztctl) -> None:
    """Its plan says why, and by which option it would go on."""
    assert project(*COMMAND).code == 0
    (project.folder / "ztctl.yaml").write_text("version: 1\nstack: quickstart\n", encoding="utf-8")

    done = project(*COMMAND)

    assert (done.code, done.err) == (4, "Refused: nothing was changed.\n")
    assert "\n    --allow-ca-deletion ca_key.ssh.example.com\n" in done.out


@pytest.mark.parametrize("word", [("--format", "json"), ("--format=json",)], ids="".join)
def test_problems_in_json_are_json(word: tuple[str, ...], project: Ztctl) -> None:
    """What is wrong comes in the format that was asked for, each problem with its place."""
    (project.folder / "ztctl.yaml").write_text("version: 1\nstack: UPPER\nx: 1\n", encoding="utf-8")

    done = project("validate", *word)

    found = json.loads(done.out)
    assert [item["range"]["start"]["line"] for item in found["diagnostics"]] == [2, 3]
    assert (found["valid"], found["error_count"], found["warning_count"]) == (False, 2, 0)
    assert (done.code, done.err) == (1, "")


def test_markdown_is_a_comment(project: Ztctl) -> None:
    """Of an apply in Markdown stdout is the comment: plan, outcome, what is next."""
    done = project(*COMMAND, "--format", "markdown")

    verdict = "**Plan: 7 to add, 0 to change, 0 to destroy.**"
    assert done.out.startswith(f"### Plan for `quickstart`\n\n{verdict}\n\n```diff\n  Access\n")
    assert "\n### Apply of `quickstart`\n\n**Apply complete: 7 added, " in done.out
    assert "Next: ztctl ssh guide" in done.out
    assert "creating…" not in done.out


def test_quiet_leaves_the_closing_lines(project: Ztctl) -> None:
    """With --quiet an apply says how much it would do and how much it did."""
    done = project(*COMMAND, "--quiet")

    assert done.out.splitlines() == [
        "Plan: 7 to add, 0 to change, 0 to destroy.",
        "Apply complete: 7 added, 0 changed, 0 destroyed.",
    ]
    assert done.err == ""


@pytest.mark.parametrize(
    "words",
    [
        "plan --sandbox",
        "schema",
        "plan --help",
        "plan --sandbox --format json",
        "who ssh.example.com --sandbox",
    ],
)
def test_a_reader_who_has_seen_enough_is_no_error(words: str, project: Ztctl) -> None:
    """Output into a pipe that closes after a line ends quietly."""
    code, said = through_shell(project, f"ztctl {words} | head -1")

    assert len(said.splitlines()) == 1
    assert code in (0, 1)


def test_a_closed_pipe_does_not_stop_an_apply(project: Ztctl) -> None:
    """What was begun is brought to its end though nobody reads on, and the code tells the truth."""
    code, said = through_shell(project, f"ztctl {' '.join(COMMAND)} --format json 2>&1 | head -c 1")

    assert (code, said) == (0, "{")
    assert project("plan", "--sandbox", "--exit-code").code == 0


def test_the_code_is_that_of_the_plan_whoever_reads_it(project: Ztctl) -> None:
    """A closed pipe does not turn differences into an error."""
    code, _ = through_shell(project, "ztctl plan --sandbox --exit-code | head -1")

    assert code == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_reason_to_fail(closed: str, project: Ztctl) -> None:
    """A scheduler may start a command without one of the three streams."""
    code, said = through_shell(project, f"ztctl {' '.join(COMMAND)} {closed}")

    assert code == 0, said
    assert "Traceback" not in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the kernel has no /dev/full")  # noqa: PTH110
def test_a_full_disk_is_told(project: Ztctl) -> None:
    """A plan that cannot be written is an error with its reason."""
    code, said = through_shell(project, "ztctl plan --sandbox > /dev/full")

    assert (code, said) == (1, "error: no space left on device\n")


def test_a_terminal_that_knows_ascii_alone_is_served(project: Ztctl, start: Start) -> None:
    """Where the locale has no letters for it, signs are those of ASCII."""
    project.env["LC_ALL"] = "C"
    project.env["PYTHONIOENCODING"] = "ascii"
    project.env["PYTHONUTF8"] = "0"

    done = start(project, *COMMAND).ended()
    told = start(project, "who", "ssh.example.com", "--sandbox").ended()

    assert (done.code, told.code) == (0, 0)
    assert "Tunnel: 2 steps...\n" in done.err
    assert " ssh.example.com -> tunnel ssh-pool -> ssh://localhost:22\n" in told.out


def test_a_plan_file_that_cannot_be_written_is_told(project: Ztctl) -> None:
    """A plan that cannot be saved is an error and no traceback."""
    done = project("plan", "--sandbox", "--quiet", "--out", "no/such/folder/plan.json")

    assert done.code == 1
    assert "error: cannot write the plan no/such/folder/plan.json" in done.err
