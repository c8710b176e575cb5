"""Promises about each command as a whole: what it does, where it says it, how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import typer

from ztctl import __version__
from ztctl.cli.app import app

Ztctl = Any


def _commands(command: Any) -> Iterator[tuple[str, ...]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from ((name, *words) for words in _commands(inner))
    if not hasattr(command, "commands"):
        yield ()


COMMANDS = tuple(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_one_line(word: str, ztctl: Ztctl) -> None:
    """The version is told on stdout in a form that scripts can read."""
    done = ztctl(word)

    assert (done.code, done.out, done.err) == (0, f"ztctl {__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_explains_itself(command: tuple[str, ...], ztctl: Ztctl) -> None:
    """Each command has a help that names it, leaves no trace of markup, and ends well."""
    done = ztctl(*command, "--help")

    assert done.code == 0
    assert f"Usage: ztctl {' '.join(command)} [OPTIONS]" in done.out
    assert "list[" not in done.out
    assert done.err == ""


@pytest.mark.parametrize("command", [(), ("sandbox",), *COMMANDS], ids=" ".join)
def test_a_flag_is_shown_without_a_value(command: tuple[str, ...], ztctl: Ztctl) -> None:
    """Nothing stands between a flag and what it does, `--help` and `--version` included."""
    done = ztctl(*command, "--help")

    assert "<bool>" not in done.out
    assert re.search(r"--help +-h +Show this message and exit\.", done.out)


def test_the_help_names_every_command(ztctl: Ztctl) -> None:
    """The help of the whole lists what there is."""
    done = ztctl("--help")

    assert done.code == 0
    for command in COMMANDS:
        assert f"│ {command[0]} " in done.out


@pytest.mark.parametrize("command", [(), ("sandbox",)])
def test_no_command_is_wrong_usage_and_shows_the_help(
    command: tuple[str, ...], ztctl: Ztctl
) -> None:
    """Who names no command is shown the commands, and a script that does so is told."""
    done = ztctl(*command)

    assert done.code == 64
    assert "Usage: ztctl" in done.said
    assert "error" not in done.said


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o default"), ("zsh", "#compdef ztctl")]
)
def test_completion_is_told_for_a_shell(shell: str, word: str, ztctl: Ztctl) -> None:
    """The script that completes commands can be shown for each shell."""
    # Typer asks the parent processes for the shell unless it is told not to.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    done = ztctl("--show-completion", shell, env=named)

    assert word in done.out
    assert done.code == 0


def offered(ztctl: Ztctl, typed: str) -> list[str]:
    """What the shell is told while somebody types, without noise."""
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    done = ztctl(env={**asked, "_ZTCTL_COMPLETE": "complete_bash"})
    assert (done.code, done.err) == (0, "")
    return str(done.out).split()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ztctl sand", ["sandbox"]),
        ("ztctl plan --exit", ["--exit-code"]),
        ("ztctl sandbox s", ["serve", "show"]),
    ],
)
def test_words_are_completed(typed: str, expected: list[str], ztctl: Ztctl) -> None:
    """What the shell asks for while somebody types are commands and options, and no noise."""
    assert offered(ztctl, typed) == expected


def test_the_schema_is_json(ztctl: Ztctl) -> None:
    """The JSON Schema of the file is data, and accepts the quickstart's sections."""
    done = ztctl("schema")

    shown = json.loads(done.out)
    jsonschema.validators.validator_for(shown).check_schema(shown)
    assert {"policies", "hosts", "ca_keys"} <= shown["properties"].keys()
    assert (done.code, done.err) == (0, "")


def test_validate_counts_what_is_declared(project: Ztctl) -> None:
    """Files that are right are said to be so, beside the data."""
    done = project("validate")

    assert (done.code, done.out) == (0, "")
    assert done.err == "The files are valid: 6 objects declared.\n"


def test_validate_needs_no_account(project: Ztctl) -> None:
    """A check of the files leaves nothing behind and asks nobody."""
    before = project.files()

    project("validate", env={"CLOUDFLARE_BASE_URL": "https://192.0.2.1"})

    assert project.files() == before


def test_validate_takes_the_sandbox_for_the_account(project: Ztctl) -> None:
    """A file that names the account by the environment is valid there, and nothing is made."""
    file = project.folder / "ztctl.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "account: ${env.CLOUDFLARE_ACCOUNT_ID}\n", encoding="utf-8")

    plain = project("validate")
    stood_in = project("validate", "--sandbox")

    assert (plain.code, stood_in.code) == (1, 0)
    assert not (project.folder / ".ztctl").exists()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ztctl plan --target dns_record.", ["dns_record.ssh.example.com"]),
        ("ztctl plan --target tun", ["tunnel.ssh-pool"]),
        ("ztctl apply --allow-ca-deletion ca_key.s", ["ca_key.ssh.example.com"]),
        ("ztctl plan -f nowhere --target dns", []),
        ("ztctl who s", ["ssh.example.com"]),
        ("ztctl plan --allow-exposure ssh", ["ssh.example.com"]),
        ("ztctl plan --format m", ["markdown"]),
        ("ztctl history --sandbox 0", []),
    ],
)
def test_values_are_completed(typed: str, expected: list[str], project: Ztctl) -> None:
    """The addresses and hosts of the files, also of one that is not valid yet."""
    file = project.folder / "ztctl.yaml"
    file.write_text(file.read_text() + "\nwhatever: [1]\n")

    assert offered(project, typed) == expected


def test_runs_and_what_they_wrote_are_completed(project: Ztctl) -> None:
    """Ids are random, and nobody types them."""
    assert project("apply", "--sandbox", "--auto-approve").code == 0

    (run,) = offered(project, "ztctl history --sandbox ")

    told = project("history", "--sandbox", "--format", "json").out
    assert f'"{run}"' in told
    assert offered(project, f"ztctl history --sandbox {run} tun") == ["tunnel.ssh-pool"]
