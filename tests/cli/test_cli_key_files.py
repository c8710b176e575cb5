"""Promises about what an apply leaves beside the account: key files, and what to do next."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

Ztctl = Any
APPLY = ("apply", "--sandbox", "--auto-approve")
KEY = Path("ca") / "ssh.example.com.pub"
OLD = "ecdsa-sha2-nistp256 AAAA= open-ssh-ca@cloudflareaccess.org\n"
BASTION = """\
version: 1
stack: prod
policies:
  p: {decision: allow, include: [{email: a@example.com}]}
tunnels:
  t: {}
hosts:
  bastion.example.com: {tunnel: t, service: bastion, policies: [p]}
"""


@pytest.fixture
def applied(project: Ztctl) -> Ztctl:
    """A folder whose quickstart is applied."""
    assert project(*APPLY).code == 0
    return project


def test_the_ca_key_is_written_beside_the_file(applied: Ztctl) -> None:
    """After an apply the public key stands in its file, for everybody to read."""
    path = applied.folder / KEY

    assert path.read_text(encoding="utf-8").startswith("ecdsa-sha2-nistp256 ")
    assert path.read_text(encoding="utf-8").count("\n") == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_key_file_that_is_right_is_left_alone(applied: Ztctl) -> None:
    """An apply that changes nothing writes nothing."""
    before = (applied.folder / KEY).stat()

    done = applied(*APPLY)

    after = (applied.folder / KEY).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert "Wrote" not in done.err


@pytest.mark.parametrize(("text", "state"), [(None, "is missing"), (OLD, "is out of date")])
def test_a_key_file_that_is_wrong_is_a_warning_and_no_change(
    text: str | None, state: str, applied: Ztctl
) -> None:
    """A plan warns of a missing or stale file, has no difference for it, and apply writes it."""
    path = applied.folder / KEY
    right = path.read_text(encoding="utf-8")
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")

    planned = applied("plan", "--sandbox", "--exit-code")
    done = applied(*APPLY)

    assert planned.code == 0
    assert f"{KEY} {state}" in planned.out
    assert planned.out.endswith("No changes. 7 objects are in step.\n")
    assert done.err.startswith(f"Wrote {KEY}: the CA key of ssh.example.com\n")
    assert ("It replaced another key" in done.err) is (text is not None)
    assert path.read_text(encoding="utf-8") == right


def test_a_key_file_that_cannot_be_written_is_told(project: Ztctl) -> None:
    """What stands in the way is named; all else is done, and the next steps are still told."""
    (project.folder / "ca").write_text("in the way\n", encoding="utf-8")

    done = project(*APPLY)

    assert done.code == 3
    assert done.out.endswith("Apply complete: 7 added, 0 changed, 0 destroyed.\n")
    assert f"error: cannot write {KEY}: file exists\n" in done.err
    assert "Next: ztctl ssh guide" in done.err
    assert (project.folder / "ca").read_text(encoding="utf-8") == "in the way\n"


@pytest.mark.parametrize("words", [("validate",), ("plan", "--sandbox"), APPLY])
def test_a_key_is_not_written_over_a_folder(project: Ztctl, words: tuple[str, ...]) -> None:
    """It is said before anything is done, with the place in the file."""
    (project.folder / KEY).mkdir(parents=True)

    done = project(*words)

    assert done.code == 1
    assert f"`public_key_file`: {KEY} cannot be read: it is no regular file\n" in done.err
    assert done.err.startswith("ztctl.yaml:")


def test_a_file_is_beside_its_own_yaml_file(project: Ztctl) -> None:
    """The path counts from the YAML file's folder, wherever the command runs."""
    (project.folder / "below").mkdir()
    elsewhere = project.within(project.folder / "below")

    elsewhere(*APPLY, "-f", "..")

    assert (project.folder / KEY).exists()
    assert elsewhere.files() == {".ztctl/.gitignore", *(f".ztctl/{name}" for name in STATE)}


STATE = ("journal.jsonl", "sandbox.jsonl", "sandbox.jsonl.lock")


def test_a_first_apply_ends_with_what_is_next(project: Ztctl) -> None:
    """What cannot be seen from here is said, and which command tells the rest."""
    done = project(*APPLY)

    assert done.err.endswith(
        "\n\nNo connector runs for ssh-pool.\n"
        "Whether the server trusts its CA cannot be seen from here.\n"
        "Next: ztctl ssh guide ssh.example.com --sandbox\n"
    )


def test_what_was_there_before_needs_no_next_step(applied: Ztctl) -> None:
    """An apply that makes nothing new has nothing to add."""
    path = applied.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8").replace("8h", "9h")
    path.write_text(text, encoding="utf-8")

    done = applied(*APPLY)

    assert done.out.endswith("Apply complete: 0 added, 1 changed, 0 destroyed.\n")
    assert done.err == "Policy: 1 step…\n"


def test_a_destroyed_stack_has_no_next_step(applied: Ztctl) -> None:
    """After a destroy nobody is told to log in, and the key file is not written again."""
    (applied.folder / KEY).unlink()

    done = applied("destroy", "--sandbox", "--auto-approve", "--allow-ca-deletion", "all")

    assert done.code == 0
    assert "Next:" not in done.err
    assert not (applied.folder / KEY).exists()
