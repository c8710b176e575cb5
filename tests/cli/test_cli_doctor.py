"""Promises about ``ztctl doctor`` as a command, and about what it asks this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ztctl.cli.doctor_machine import machine
from ztctl.core.model.checkup import Check, Verdict

Ztctl = Any
Account = Any
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "doctor.schema.json").read_text())


def document(done: Any) -> dict[str, Any]:
    """What the command wrote, as its schema has it."""
    found: dict[str, Any] = json.loads(done.out)
    Draft202012Validator(SCHEMA).validate(found)
    return found


def test_nothing_is_written(project: Ztctl, account: Account) -> None:
    """Whatever it looks at, it reads, and leaves no file."""
    before = project.files()

    done = project.at(account)("doctor", "--format", "json")

    assert (done.code, document(done)["summary"]["fail"]) == (0, 0)
    assert {entry.method for entry in account.sandbox.log} == {"GET"}
    assert project.files() == before


def test_what_is_wrong_with_the_files_is_no_end(ztctl: Ztctl, account: Account) -> None:
    """Token and account are looked at all the same."""
    (ztctl.folder / "ztctl.yaml").write_text("version: 1\nstack: s\ntunels: {}\n")

    done = ztctl.at(account)("doctor")

    assert done.code == 1
    assert "ztctl validate tells of each" in done.out
    assert "zone example.com" in done.out


def test_without_a_token_it_says_what_can_be_said(ztctl: Ztctl, account: Account) -> None:
    """Machine and network are looked at, and the missing token is told with its remedy."""
    done = ztctl.at(account)("doctor", "--format", "json", env={"CLOUDFLARE_API_TOKEN": ""})

    found = {it["name"]: it for it in document(done)["checks"]}
    assert (done.code, found["token"]["verdict"]) == (1, "fail")
    assert found["token"]["remedy"].startswith("set CLOUDFLARE_API_TOKEN")
    assert found["connection"]["verdict"] == "pass"


def test_an_api_that_cannot_be_reached(ztctl: Ztctl, account: Account) -> None:
    """The step that fails is told, and the token is not blamed."""
    done = ztctl.at(account)("doctor", env={"CLOUDFLARE_BASE_URL": "http://127.0.0.1:1/v4"})

    assert done.code == 1
    assert "FAIL  connection" in done.out
    assert "-     token" in done.out


# -- this machine ---------------------------------------------------------------------------


def program(folder: Path, name: str, script: str) -> None:
    """Put a program onto the path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def looked_at(folder: Path, **environment: str) -> dict[str, Check]:
    """The checks of a machine whose path is one folder."""
    return {it.name: it for it in machine({"PATH": str(folder), **environment})}


@pytest.mark.parametrize(
    ("script", "verdict", "said"),
    [
        ("echo cloudflared version 2026.8.2", Verdict.PASS, "cloudflared version 2026.8.2"),
        ("echo cloudflared >&2", Verdict.PASS, "cloudflared"),
        ("exit 1", Verdict.WARN, "says nothing"),
        ("echo something else", Verdict.WARN, "says something else"),
        ("printf 'cloudflared \\377\\033[31m\\nsecond'", Verdict.PASS, "cloudflared"),
    ],
)
def test_a_program_says_its_version(
    tmp_path: Path, script: str, verdict: Verdict, said: str
) -> None:
    """One that is not what it should be is told from one that is."""
    program(tmp_path, "cloudflared", script)

    found = looked_at(tmp_path)["cloudflared"]

    assert (found.verdict, said in found.found) == (verdict, True)
    assert "second" not in found.found


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what it is needed for."""
    found = looked_at(tmp_path)

    assert {found[name].verdict for name in ("cloudflared", "OpenSSH")} == {Verdict.WARN}
    assert all(found[name].remedy for name in ("cloudflared", "OpenSSH"))


def test_a_program_learns_no_secret(tmp_path: Path) -> None:
    """Of the environment it gets what it needs to start."""
    program(tmp_path, "cloudflared", 'echo cloudflared "$CLOUDFLARE_TUNNEL_TOKEN" "$HOME"')

    found = looked_at(tmp_path, CLOUDFLARE_TUNNEL_TOKEN="canary", HOME="/home/ann")

    assert found["cloudflared"].found == "cloudflared  /home/ann"
