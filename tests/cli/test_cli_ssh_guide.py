"""Promises about `ztctl ssh guide`: what is left to do until people log in."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.cli.conftest import Ztctl
from ztctl.cli.app import app

GOLDEN = Path(__file__).parent / "golden" / "ssh-guide.txt"
HOST = "ssh.example.com"
TWO = """\
version: 1
stack: two
policies:
  ops: {decision: allow, include: [{email: a@example.com}]}
tunnels:
  edge: {}
hosts:
  a.example.com: {tunnel: edge, service: 'ssh://10.0.0.1:22', policies: [ops]}
  '*.b.example.com': {tunnel: edge, service: 'ssh://10.0.0.2:22', policies: [ops]}
  jump.example.com: {tunnel: edge, service: bastion, policies: [ops]}
"""

EVERY_KIND = f"""{TWO}\
  here.example.com: {{tunnel: edge, service: 'ssh://localhost:22', policies: [ops]}}
  own.example.com: {{tunnel: edge, service: 'ssh://10.0.0.3:22', policies: [ops], ca_key: false}}
"""


@pytest.fixture
def applied(project: Ztctl) -> Ztctl:
    """A folder with the quickstart, applied on the sandbox."""
    done = project("apply", "--sandbox", "--auto-approve", "--settle", 0)
    assert done.code == 0, done.said
    return project


def test_the_steps_of_a_host(applied: Ztctl) -> None:
    """What the account has is done; what is to be pasted stands alone, from the first column."""
    done = applied("ssh", "guide", "--sandbox", env={"COLUMNS": "80"})

    ids = json.loads(applied("ssh", "guide", "--sandbox", "--format", "json").out)["hosts"][0]
    said = done.out.replace(ids["tunnel_id"], "TUNNEL-ID").replace(ids["ca_fingerprint"], "KEY")
    if os.environ.get("ZTCTL_UPDATE_GOLDEN"):
        GOLDEN.write_text(said)
    assert said == GOLDEN.read_text()


def test_nothing_is_done_before_an_apply(project: Ztctl) -> None:
    """What an apply would make is named, with the apply; there is no key to be told."""
    done = project("ssh", "guide", "--sandbox", "--format", "json")

    (host,) = json.loads(done.out)["hosts"]
    assert {step["progress"] for step in host["steps"]} == {"todo", "unseen"}
    assert host["steps"][0]["commands"] == [{"where": None, "lines": ["ztctl apply --sandbox"]}]
    assert (host["tunnel_id"], host["ca_fingerprint"]) == (None, None)


def test_an_edit_behind_the_back_is_not_done(applied: Ztctl) -> None:
    """A step counts as done only while the account has all of it as the file says."""
    text = applied.folder.joinpath("ztctl.yaml").read_text()
    applied.folder.joinpath("ztctl.yaml").write_text(text.replace("localhost:22", "10.0.0.9:22"))

    done = applied("ssh", "guide", "--sandbox", "--format", "json")

    (host,) = json.loads(done.out)["hosts"]
    steps = {step["text"].partition(":")[0]: step["progress"] for step in host["steps"]}
    assert steps["tunnel rule and DNS record"] == "todo"


def test_several_hosts_are_a_table(project: Ztctl) -> None:
    """A line for each; and why no server gets the CA keys of all."""
    project.folder.joinpath("ztctl.yaml").write_text(TWO)
    project("apply", "--sandbox", "--auto-approve", "--settle", 0)

    done = project("ssh", "guide", "--sandbox")

    rows = [line.split() for line in done.out.splitlines() if ".example.com" in line]
    assert [row[0] for row in rows] == ["*.b.example.com", "a.example.com", "jump.example.com"]
    assert "the CA key of its own host alone" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("x.b.example.com", "server render '*.b.example.com' --sandbox | ssh SERVER 'mkdir -p"),
        ("jump.example.com", "jump.example.com --via NAME=ADDRESS:22 -o jump.example.com.html"),
    ],
)
def test_a_pattern_and_a_bastion_have_commands_of_their_own(
    host: str, said: str, project: Ztctl
) -> None:
    """A pattern is quoted for the shell; behind a bastion the client says the address."""
    project.folder.joinpath("ztctl.yaml").write_text(TWO)
    project("apply", "--sandbox", "--auto-approve", "--settle", 0)

    done = project("ssh", "guide", host, "--sandbox")

    assert said in done.out


def test_a_mistyped_host_is_told(project: Ztctl) -> None:
    """With what it may have been."""
    done = project("ssh", "guide", "shh.example.com", "--sandbox")

    assert done.code == 64
    assert f"did you mean {HOST}?" in done.err


def test_files_without_a_host_are_told(project: Ztctl) -> None:
    """There is nothing to guide to."""
    project.folder.joinpath("ztctl.yaml").write_text("version: 1\nstack: none\n")

    done = project("ssh", "guide", "--sandbox")

    assert done.code == 1
    assert "the files declare no SSH host" in done.err


def lines_of(done: Any) -> Iterator[str]:
    """All that guides tell to paste."""
    for host in json.loads(done.out)["hosts"]:
        for step in host["steps"]:
            for commands in step["commands"]:
                yield from commands["lines"]


def parsed(words: list[str]) -> str:
    """The command that takes these words, by its name; a wrong one or a wrong option raises."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("ztctl", words)
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return str(context.command_path)


@pytest.mark.parametrize("state", ["nothing", "applied"])
def test_every_command_that_is_told_exists(state: str, project: Ztctl) -> None:
    """For hosts of every kind, with the options of the guide itself: ztctl takes each as told.

    So does the script on the server.
    """
    project.folder.joinpath("team.yaml").write_text(EVERY_KIND)
    options = ("-f", "team.yaml", "--sandbox")
    if state == "applied":
        assert project("apply", *options, "--auto-approve", "--settle", 0).code == 0

    told = [*lines_of(project("ssh", "guide", *options, "--format", "json"))]

    ours = [shlex.split(line.partition(" | ")[0])[1:] for line in told if line.startswith("ztctl ")]
    names = {parsed(words) for words in ours}
    if state == "nothing":
        assert names >= {"ztctl apply", "ztctl ssh client render"}
    else:
        wanted = {"server render", "users", "client render"}
        assert names == {*(f"ztctl ssh {it}" for it in wanted), "ztctl tunnel token"}
        assert any("--connector" in words for words in ours)
    scripts = "".join(it.read_text() for it in (files("ztctl.ssh") / "install").iterdir())
    for line in told:
        for option in re.findall(r"--[a-z-]+", line.partition("install.sh")[2]):
            assert f"\n  {option} " in scripts, line
