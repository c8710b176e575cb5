"""Promises about `ztctl ssh ca rotate`: what each step asks, tells and refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import QUICKSTART, Terminal, Ztctl
from tests.support.forking import Forks
from ztctl.ssh.fingerprint import fingerprint

HOST = "ssh.example.com"
ROTATE = ("ssh", "ca", "rotate", HOST)
FAST = ("--sandbox", "--auto-approve", "--settle", "0")


@pytest.fixture(scope="module")
def estates(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with the quickstart on a sandbox: applied, and with a new CA beside the old one."""
    applied = tmp_path_factory.mktemp("applied")
    shutil.copy(QUICKSTART, applied / "ztctl.yaml")
    assert Ztctl(applied, forks)("apply", *FAST).code == 0
    started = tmp_path_factory.mktemp("started")
    shutil.copytree(applied, started, dirs_exist_ok=True)
    assert Ztctl(started, forks)(*ROTATE, "start", *FAST).code == 0
    return {"applied": applied, "started": started}


@pytest.fixture
def applied(ztctl: Ztctl, estates: dict[str, Path]) -> Ztctl:
    """A copy of the first one."""
    shutil.copytree(estates["applied"], ztctl.folder, dirs_exist_ok=True)
    return ztctl


@pytest.fixture
def started(ztctl: Ztctl, estates: dict[str, Path]) -> Ztctl:
    """A copy of the second one."""
    shutil.copytree(estates["started"], ztctl.folder, dirs_exist_ok=True)
    return ztctl


def keys(applied: Ztctl) -> list[tuple[str, str | None]]:
    """The CAs that are shown: fingerprint and what each is in a rotation."""
    found = json.loads(applied("ssh", "ca", "show", "--sandbox", "--format", "json").out)["cas"]
    return [(ca["fingerprint"], ca["rotation"]) for ca in found]


def trusted(ztctl: Ztctl, bundle: str) -> set[str]:
    """The fingerprints of the keys that a bundle has a server trust."""
    lines = (ztctl.folder / bundle / "ca.pub").read_text().splitlines()
    return {fingerprint(line) for line in lines if not line.startswith("#")}


def test_the_whole_way(started: Ztctl) -> None:
    """Each step tells the next one, and a server's bundle trusts what signs, and what will.

    A plan in between has a line of it, and no changes.
    """
    (old, _), (new, role) = keys(started)
    assert role == "next"
    assert started("ssh", "ca", "show", "--sandbox", "--save", "both.pub").code == 0
    assert started("ssh", "server", "render", HOST, "--sandbox", "-o", "early").code == 0
    between = started("plan", "--sandbox", "--exit-code")
    guide = started("ssh", "guide", "--sandbox")

    moved = started(*ROTATE, "move", *FAST, "--allow-interruption", "--servers-updated")

    assert between.code == 0, between.said
    assert f"Next:\nztctl ssh ca rotate {HOST} move --sandbox\n" in between.err
    assert f"the CA key {old} and {new} on that server" in " ".join(guide.out.split())
    assert trusted(started, "early") == {old, new}
    assert moved.code == 0, moved.said
    assert started("ssh", "server", "render", HOST, "--sandbox", "-o", "late").code == 0
    assert trusted(started, "late") == {new}
    assert f"\nztctl ssh ca rotate {HOST} finish --sandbox\n" in moved.said
    assert f"\nztctl ssh server render {HOST} -o bundle.tar --sandbox\n" in moved.said
    assert keys(started) == [(new, None), (old, "former")]
    assert started("ssh", "ca", "check", "both.pub", "--sandbox").code == 0
    done = started(*ROTATE, "finish", *FAST, "--servers-updated")
    assert done.code == 0, done.said
    assert keys(started) == [(new, None)]
    assert started("ssh", "ca", "check", "both.pub", "--sandbox").code == 2
    after = started("plan", "--sandbox", "--exit-code")
    assert (after.code, "rotation" in after.said) == (0, False)


def test_what_is_to_be_pasted_stands_alone(applied: Ztctl) -> None:
    """From the first column, with the options that were given; the rest is not wider than 80."""
    done = applied(*ROTATE, "start", *FAST, "-f", "ztctl.yaml", env={"COLUMNS": "80"})

    told = done.said[done.said.index("Let every server") :].splitlines()
    pasted = [line for line in told if line.startswith("ztctl ")]
    assert [line.split()[1:4] for line in pasted] == [
        ["ssh", "server", "render"], ["ssh", "ca", "show"], ["ssh", "ca", "check"],
        ["ssh", "ca", "rotate"],
    ]  # fmt: skip
    assert all("-f ztctl.yaml --sandbox" in line for line in pasted)
    assert max(len(line) for line in told if line not in pasted) <= 80


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["move"], 4, "--allow-interruption"),
        (["move", "--allow-interruption"], 64, "--auto-approve --servers-updated"),
        (["finish", "--servers-updated"], 1, "has not moved to the new CA yet"),
    ],
)
def test_nothing_goes_without_its_yes(
    started: Ztctl, words: list[str], code: int, says: str
) -> None:
    """Refused, or nobody to ask, or too early: the account stays as it was."""
    before = keys(started)

    done = started(*ROTATE, *words, *FAST)

    assert done.code == code
    assert says in done.said
    assert keys(started) == before


@pytest.mark.parametrize("step", ["move", "finish", "abort"])
def test_no_step_but_the_first_is_done_without_a_rotation(applied: Ztctl, step: str) -> None:
    """It is not said to be done, and no flag is asked for."""
    done = applied(*ROTATE, step, *FAST)

    assert done.code == 1
    assert f"no CA rotation of {HOST} is under way" in done.err
    assert "The rotation is" not in done.said
    assert "--allow-interruption" not in done.said


def test_a_person_is_asked(started: Ztctl, terminal: Callable[..., Terminal]) -> None:
    """Whether servers trust both CAs, in one question with that of every apply; no is a no."""
    words = (*ROTATE, "move", "--sandbox", "--auto-approve", "--allow-interruption")
    screen = terminal(started, *words)

    screen.wait_for("Do all of them trust both CAs?")
    screen.type("no\n")

    assert screen.ended().code == 1
    assert "Declined: nothing was changed." in screen.screen


def test_how_far_it_has_come_is_told(started: Ztctl) -> None:
    """Without a step: where it stands, and what comes next, with the options that were given."""
    options = ("-f", "ztctl.yaml", "--sandbox")
    done = started(*ROTATE, *options, "--format", "json")
    told = started(*ROTATE, *options)

    assert f"\nztctl ssh ca rotate {HOST} move {' '.join(options)}\n" in told.out
    found = json.loads(done.out)
    assert (found["application"], found["state"], found["next"]) == (HOST, "started", "move")


def test_an_audit_knows_it(started: Ztctl) -> None:
    """What a rotation keeps is told as that, and its application is not one that guards nothing."""
    done = started("audit", "--sandbox", "--format", "json")

    found = json.loads(done.out)["findings"]
    told = [(it["code"], it["subject"]) for it in found if "--next" in it["subject"]]
    assert told == [("idle-ca", f"{HOST}--next")]
    assert "a CA rotation that is not finished keeps it" in done.out


@pytest.mark.parametrize(
    ("host", "code", "says"),
    [
        ("ssg.example.com", 64, f"did you mean {HOST}?"),
        ("db.other.example", 64, "no file declares an application for db.other.example"),
        (HOST, 1, "the files want none for it"),
        ("a.lab.example.com", 1, "the CA of *.lab.example.com cannot be rotated"),
    ],
)
def test_only_a_host_of_the_files_has_a_ca_to_rotate(
    project: Ztctl, host: str, code: int, says: str
) -> None:
    """One of another stack, or without a CA, is said to be; no account is asked."""
    path = project.folder / "ztctl.yaml"
    text = path.read_text().partition("ca_keys:")[0]
    pattern = "applications:\n  '*.lab.example.com': {policies: [ssh-team]}\n"
    path.write_text(text.replace("applications:\n", pattern))

    done = project("ssh", "ca", "rotate", host, "start", *FAST)

    assert done.code == code, done.said
    assert says in done.err


def test_a_bundle_trusts_what_will_sign(started: Ztctl) -> None:
    """A server that is told before the move by its bundle lets people in after the move."""
    prints = {fingerprint for fingerprint, _ in keys(started)}

    done = started("ssh", "server", "render", HOST, "--sandbox", "-o", "bundle")

    assert done.code == 0, done.said
    said = (started.folder / "bundle" / "ca.pub").read_text()
    assert len(prints) == 2
    assert {it for it in prints if it in said} == prints
