"""Promises about `ztctl ssh audit-key`: the public half is shown, the private one only kept."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.hpke import read_log, sample_log

Ztctl = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pair_is_a_pair(ztctl: Ztctl, here: Path) -> None:
    """What is encrypted to the key on standard output is read with the file."""
    told = ztctl("ssh", "audit-key", "-o", "logs")

    public = yaml.safe_load(told.out)["ssh_audit_keys"]["account"]["public_key"]
    assert told.code == 0
    assert read_log(sample_log(public, b"whoami"), (here / "logs").read_bytes()) == [b"whoami"]


def test_the_private_half_is_for_one_person(ztctl: Ztctl, here: Path) -> None:
    """Its file has the mode 0600, and nothing of it is said; how logs are read is."""
    told = ztctl("ssh", "audit-key")

    file = here / "ssh-audit-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text()[:8] not in f"{told.out}{told.err}"
    assert "ssh-log-cli decrypt -i LOG -k ssh-audit-key" in told.err
    assert [it.name for it in here.iterdir()] == ["ssh-audit-key"]


def test_no_file_is_overwritten(ztctl: Ztctl, here: Path) -> None:
    """A key that reads logs is not lost to a second run, and no public half is told."""
    (here / "ssh-audit-key").write_text("mine")

    told = ztctl("ssh", "audit-key")

    assert (told.code, told.out) == (1, "")
    assert "is not overwritten" in told.err
    assert (here / "ssh-audit-key").read_text() == "mine"


def test_the_private_half_does_not_go_to_standard_output(ztctl: Ztctl, here: Path) -> None:
    """A dash is no way around the file."""
    told = ztctl("ssh", "audit-key", "-o", "-")

    assert (told.code, told.out, [*here.iterdir()]) == (64, "", [])


def test_what_is_printed_is_a_file(ztctl: Ztctl, here: Path) -> None:
    """The output, appended to a file, is valid there."""
    told = ztctl("ssh", "audit-key", "--quiet")
    (here / "ztctl.yaml").write_text(f"version: 1\nstack: prod\n{told.out}")

    assert (told.err, ztctl("validate").code) == ("", 0)


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_a_private_half_in_a_file_is_refused_and_not_repeated(
    ztctl: Ztctl, here: Path, output: str
) -> None:
    """Who pastes the wrong half is told so; no output repeats it."""
    ztctl("ssh", "audit-key")
    private = (here / "ssh-audit-key").read_text()
    keys = {"account": {"public_key": private}}
    (here / "ztctl.yaml").write_text(json.dumps({"stack": "prod", "ssh_audit_keys": keys}))

    told = ztctl("validate", "--format", output)

    assert told.code == 1
    assert "this is a private key" in f"{told.out}{told.err}"
    assert private[:8] not in f"{told.out}{told.err}"
