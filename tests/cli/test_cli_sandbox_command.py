"""Promises about ``ztctl sandbox``: a port for any client, a state that lasts, a look inside."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ztctl.cli.session import sandbox_of
from ztctl.core.model.diagnostics import Failure

Ztctl = Any
Start = Callable[..., Any]
TOKEN_LINE = "CLOUDFLARE_API_TOKEN="


def variables(text: str) -> dict[str, str]:
    """What a shell would export."""
    return dict(line.split("=", 1) for line in text.splitlines())


def test_serve_tells_the_three_variables_first(ztctl: Ztctl, start: Start) -> None:
    """The first three lines are what to export, with the port that was picked."""
    lines = start(ztctl, "sandbox", "serve", "--port", "0").wait_for(TOKEN_LINE, "out").splitlines()

    assert re.fullmatch(r"CLOUDFLARE_BASE_URL=http://127\.0\.0\.1:\d+/client/v4", lines[0])
    assert re.fullmatch(r"CLOUDFLARE_ACCOUNT_ID=[0-9a-f]{32}", lines[1])
    assert lines[2:] == ["CLOUDFLARE_API_TOKEN=sandbox"]


def test_every_command_works_on_a_served_sandbox(project: Ztctl, start: Start) -> None:
    """With the three variables set the served sandbox is the account."""
    serving = start(project, "sandbox", "serve", "--port", "0")
    env = variables(serving.wait_for(TOKEN_LINE, "out"))

    codes = [
        project(*words.split(), env=env).code
        for words in (
            "validate",
            "plan --exit-code",
            "apply --auto-approve --settle 0",
            "plan --exit-code",
            "destroy --auto-approve --settle 0 --allow-ca-deletion all",
            "plan --exit-code",
        )
    ]

    assert codes == [0, 2, 0, 0, 0, 2]


def test_a_state_outlasts_the_server(project: Ztctl, start: Start) -> None:
    """What was applied is still there after a restart over the same file."""
    for words, code in (("apply --auto-approve --settle 0", 0), ("plan --exit-code", 0)):
        serving = start(project, "sandbox", "serve", "--state", "state.jsonl")
        env = variables(serving.wait_for(TOKEN_LINE, "out"))
        done = project(*words.split(), env=env)
        serving.interrupt()
        assert (done.code, serving.ended().code) == (code, 0)

    shown = project("sandbox", "show", "--state", "state.jsonl")

    assert [app["name"] for app in json.loads(shown.out)["apps"]] == ["ssh.example.com"]


def test_further_zones_are_served(project: Ztctl, start: Start) -> None:
    """A zone named on the command line is one that names can lie in."""
    serving = start(project, "sandbox", "serve", "--zone", "example.org")
    env = variables(serving.wait_for(TOKEN_LINE, "out"))
    path = project.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8").replace("example.com", "example.org")
    path.write_text(text, encoding="utf-8")

    done = project("plan", "--quiet", env=env)

    assert (done.code, done.out) == (0, "Plan: 7 to add, 0 to change, 0 to destroy.\n")


@pytest.mark.parametrize("command", ["serve", "reset"])
@pytest.mark.parametrize("name", ["", "a b", "com", "\x1b[31m.com", "é.com"])
def test_what_cannot_be_a_zone_is_told(ztctl: Ztctl, command: str, name: str) -> None:
    """A zone whose name nothing could lie in is a usage error, and makes no file."""
    done = ztctl("sandbox", command, "--zone", name)

    assert (done.code, done.out) == (64, "")
    assert f"--zone: {name!r} is not the name of a zone" in done.err
    assert ztctl.files() == set()


def test_mistakes_of_a_script_name_its_file(ztctl: Ztctl) -> None:
    """What a script asks of a tunnel that is not there is told as the script's mistake."""
    (ztctl.folder / "script.json").write_text('{"connectors": ["web"]}', encoding="utf-8")

    done = ztctl("sandbox", "serve", "--script", "script.json")

    assert done.code == 1
    assert done.err.startswith("error: script.json: connectors[0]: there is no tunnel")


def test_a_folder_is_no_state(ztctl: Ztctl) -> None:
    """A folder in the place of a state file is told by its name."""
    done = ztctl("sandbox", "serve", "--state", ".")

    assert (done.code, done.err) == (1, "error: cannot use the state .: . is a folder\n")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_quietly(sent: signal.Signals, ztctl: Ztctl, start: Start) -> None:
    """Ctrl-C is how one ends a server, and SIGTERM how a service does: no error."""
    serving = start(ztctl, "sandbox", "serve")
    serving.wait_for(TOKEN_LINE, "out")

    serving.process.send_signal(sent)
    done = serving.ended()

    assert (done.code, done.err) == (0, "")


def test_a_port_in_use_is_told(ztctl: Ztctl) -> None:
    """A port that somebody else listens on is an error with its number."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = ztctl("sandbox", "serve", "--port", port)

    assert done.code == 1
    assert done.err == f"error: cannot listen on 127.0.0.1:{port}: address already in use\n"


def test_reset_starts_afresh(project: Ztctl) -> None:
    """After a reset nothing that was applied is left."""
    project("apply", "--sandbox", "--auto-approve")

    done = project("sandbox", "reset")

    assert (done.code, done.out) == (0, "")
    assert json.loads(project("sandbox", "show").out)["apps"] == []


def test_reset_spares_what_is_no_sandbox(ztctl: Ztctl) -> None:
    """A file that the sandbox did not write is not thrown away."""
    path = ztctl.folder / "thesis.txt"
    path.write_text("ten years of work\n", encoding="utf-8")

    done = ztctl("sandbox", "reset", "--state", "thesis.txt")

    assert done.code == 1
    assert path.read_text(encoding="utf-8") == "ten years of work\n"


def test_reset_mends_a_broken_state(project: Ztctl) -> None:
    """A state of this folder that cannot be read is told, and a reset makes a new one."""
    project("plan", "--sandbox")
    (project.folder / ".ztctl" / "sandbox.jsonl").write_text("{broken", encoding="utf-8")

    broken = project("plan", "--sandbox")

    assert broken.code == 1
    assert "hint: ztctl sandbox reset makes a new one" in broken.err
    assert project("sandbox", "reset").code == 0
    assert project("plan", "--sandbox").code == 0


def test_show_wants_a_sandbox(ztctl: Ztctl) -> None:
    """Where no sandbox is there is nothing to show, and none is made."""
    done = ztctl("sandbox", "show")

    assert done.code == 1
    assert "there is no sandbox in .ztctl/sandbox.jsonl" in done.err
    assert ztctl.files() == set()


def test_show_tells_what_clients_asked_in_vain(project: Ztctl) -> None:
    """A plan and an apply ask for nothing that the service does not know."""
    project("apply", "--sandbox", "--auto-approve")

    done = project("sandbox", "show", "--missed")

    assert json.loads(done.out) == {"missed": [], "ignored": []}


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in which nobody may write")
def test_a_folder_that_takes_no_state_is_told() -> None:
    """To make a new state there is no remedy."""
    with pytest.raises(Failure) as told:
        sandbox_of(Path("/sys"))

    assert told.value.hint == "work in a folder that you may write to"
