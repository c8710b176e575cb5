"""Promises about files that a command line names: pipes are read, devices and folders are not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ztctl = Any
Account = Any
STACK = b"version: 1\nstack: prod\ntunnels: {'${var.name}': {}}\n"
NAMED: dict[str, tuple[str, ...]] = {
    "-f": ("validate", "--var", "name=t", "-f"),
    "--var-file": ("validate", "-f", "stack.yaml", "--var-file"),
    "--api-token-file": ("plan", "--var", "name=t", "-f", "stack.yaml", "--api-token-file"),
    "PLANFILE": ("apply", "--sandbox", "--auto-approve"),
    "--script": ("sandbox", "serve", "--script"),
    "import": ("sandbox", "import"),
}


@pytest.fixture
def project(ztctl: Ztctl) -> Ztctl:
    """A folder with a file that needs a variable."""
    (ztctl.folder / "stack.yaml").write_bytes(STACK)
    return ztctl


def written(path: Path, content: bytes) -> threading.Thread:
    """A pipe, and somebody who writes into it once it is read."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    return writer


@pytest.mark.parametrize(
    ("option", "content"), [("-f", STACK), ("--var-file", b"name: t\n")], ids=["-f", "--var-file"]
)
def test_a_pipe_is_read_as_a_file(project: Ztctl, option: str, content: bytes) -> None:
    """As a shell makes it of ``<(…)``."""
    writer = written(project.folder / "pipe", content)

    done = project(*NAMED[option], "pipe")

    writer.join()
    assert (done.code, done.err) == (0, "The files are valid: 1 object declared.\n")


def test_a_token_may_come_from_a_pipe(project: Ztctl, account: Account) -> None:
    """From a password manager it never lies on the disk."""
    writer = written(project.folder / "pipe", b"some-token-or-other\n")

    done = project.at(account)(*NAMED["--api-token-file"], "pipe", env={"CLOUDFLARE_API_TOKEN": ""})

    writer.join()
    assert done.code == 0


@pytest.mark.parametrize("option", NAMED)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random"])
def test_a_device_is_refused_wherever_a_file_is_named(
    project: Ztctl, option: str, device: str
) -> None:
    """It has no end, or nothing in it: said at once, and nothing of it is read."""
    done = project(*NAMED[option], device)

    assert done.code == 1
    assert "it is a device, not a file\n" in done.err


@pytest.mark.parametrize("option", [option for option in NAMED if option != "-f"])
def test_a_folder_is_refused_wherever_but_by_f(project: Ztctl, option: str) -> None:
    """``-f`` alone takes one, for the YAML files in it."""
    (project.folder / "folder").mkdir()

    done = project(*NAMED[option], "folder")

    assert done.code == 1
    assert "is a directory" in done.err.lower()


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a link": lambda path: path.symlink_to("stack.yaml"),
    "a link to a device": lambda path: path.symlink_to("/dev/full"),
}


@pytest.mark.parametrize("what", OBSTACLES)
def test_a_plan_is_written_to_a_file_only(project: Ztctl, what: str) -> None:
    """Through no link and into no pipe: what is there stays, and is not waited for."""
    path = project.folder / "plan.json"
    OBSTACLES[what](path)
    before = path.lstat()

    done = project("plan", "--sandbox", "-f", "stack.yaml", "--var", "name=t", "--out", "plan.json")

    assert done.code == 1
    assert "error: cannot write the plan plan.json: it is there, and no file\n" in done.err
    assert (path.lstat().st_ino, path.lstat().st_size) == (before.st_ino, before.st_size)
    assert (project.folder / "stack.yaml").read_bytes() == STACK
