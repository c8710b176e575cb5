"""``ztctl fmt``: what is written, what is only told, and how it ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import COMMAND

Ztctl = Any
UGLY = "stack:  'a' # mine\nversion: 1\n"
NEAT = "version: 1\nstack: a # mine\n"
BROKEN = "version: 1\nstack: [\n"


@pytest.fixture
def file(ztctl: Ztctl) -> Path:
    """A file that is to be formatted."""
    path = Path(ztctl.folder / "ztctl.yaml")
    path.write_text(UGLY)
    return path


def state(path: Path) -> tuple[str, int, int]:
    """What shows whether a file was touched."""
    found = path.lstat()
    return path.read_text(), found.st_ino, found.st_mtime_ns


def test_a_file_is_formatted_and_named(ztctl: Ztctl, file: Path) -> None:
    """Without -f it is the file of the folder; nothing else is left behind."""
    done = ztctl("fmt")

    assert (done.code, done.out, done.err) == (0, "ztctl.yaml\n", "1 of 1 file formatted.\n")
    assert (file.read_text(), ztctl.files()) == (NEAT, {"ztctl.yaml"})


def test_what_is_formatted_is_not_touched(ztctl: Ztctl, file: Path) -> None:
    """Neither its content nor its time."""
    ztctl("fmt")
    before = state(file)

    done = ztctl("fmt")

    assert (done.code, done.out, done.err) == (0, "", "0 of 1 file formatted.\n")
    assert state(file) == before


def test_check_tells_and_writes_nothing(ztctl: Ztctl, file: Path) -> None:
    """It ends with 2, as a plan with differences does, and with 0 when all is well."""
    before = state(file)

    done = ztctl("fmt", "--check")

    assert (done.code, done.out, done.err) == (2, "ztctl.yaml\n", "1 of 1 file to be formatted.\n")
    assert state(file) == before
    ztctl("fmt")
    assert ztctl("fmt", "--check").code == 0


def test_diff_shows_and_writes_nothing(ztctl: Ztctl, file: Path) -> None:
    """It ends with 0, and with 2 where --check asks as well."""
    before = state(file)

    done = ztctl("fmt", "--diff")

    head, lines = "--- ztctl.yaml\n+++ ztctl.yaml\n@@ -1,2 +1,2 @@\n", "-stack:  'a' # mine\n"
    assert (done.code, done.out) == (0, f"{head}{lines} version: 1\n+stack: a # mine\n")
    assert state(file) == before
    both = ztctl("fmt", "--diff", "--check")
    assert (both.code, both.out) == (2, done.out)


def test_a_diff_tells_of_a_last_line_without_an_end(ztctl: Ztctl, file: Path) -> None:
    """As patch and git want it."""
    file.write_bytes(b"version: 1\nstack: a")

    shown = ztctl("fmt", "--diff").out

    assert shown.endswith(" version: 1\n-stack: a\n\\ No newline at end of file\n+stack: a\n")


def test_a_diff_moves_no_cursor(ztctl: Ztctl, file: Path) -> None:
    """Characters that no terminal should be sent are escaped."""
    file.write_text("stack: a # \u202emine\tand yours\nversion: 1\n")

    shown = ztctl("fmt", "--diff").out

    assert "stack: a # \\u202emine\tand yours\n" in shown


def test_a_folder_means_its_files(ztctl: Ztctl) -> None:
    """Each is named as it was given, in order."""
    folder = ztctl.folder / "stack"
    folder.mkdir()
    for name in ("b.yaml", "a.yml", "c.txt", ".d.yaml"):
        (folder / name).write_text(UGLY)

    done = ztctl("fmt", "-f", "stack", "-f", "stack/b.yaml")

    assert (done.code, done.out) == (0, "stack/a.yml\nstack/b.yaml\n")
    assert (folder / "c.txt").read_text() == (folder / ".d.yaml").read_text() == UGLY


def piped(ztctl: Ztctl, text: str | bytes, *arguments: str) -> tuple[int, str, str]:
    """Run a command with something on its standard input."""
    done = subprocess.run(
        [*COMMAND, "fmt", "-f", "-", *arguments],
        cwd=ztctl.folder,
        env=ztctl.env,
        input=text if isinstance(text, bytes) else text.encode(),
        capture_output=True,
        check=False,
        timeout=45,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("text", [UGLY, NEAT])
def test_standard_input_goes_to_standard_output(ztctl: Ztctl, text: str) -> None:
    """And nothing else does."""
    assert piped(ztctl, text) == (0, NEAT, "")


def test_what_is_wrong_on_standard_input_is_told(ztctl: Ztctl) -> None:
    """Nothing comes out, so that no file is emptied by a pipe unseen."""
    code, out, err = piped(ztctl, BROKEN)

    assert (code, out) == (1, "")
    assert "/dev/stdin:2:8" in err


def test_standard_input_can_be_checked(ztctl: Ztctl) -> None:
    """It is named as it is elsewhere."""
    assert piped(ztctl, UGLY, "--check")[:2] == (2, "/dev/stdin\n")


def test_standard_input_stands_alone(ztctl: Ztctl, file: Path) -> None:
    """Its output could not be told from that of others."""
    done = ztctl("fmt", "-f", "-", "-f", "ztctl.yaml")

    assert (done.code, file.read_text()) == (64, UGLY)


def test_a_broken_file_is_told_and_others_are_formatted(ztctl: Ztctl, file: Path) -> None:
    """With file, line and column; it is left as it was."""
    broken = Path(ztctl.folder / "broken.yaml")
    broken.write_text(BROKEN)
    before = state(broken)

    done = ztctl("fmt", "-f", ".")

    assert (done.code, done.out) == (1, "ztctl.yaml\n")
    assert "broken.yaml:2:8" in done.err
    assert (state(broken), file.read_text()) == (before, NEAT)


@pytest.mark.parametrize("arguments", [("fmt",), ("fmt", "--check")])
def test_nothing_to_format_is_an_error(ztctl: Ztctl, arguments: tuple[str, ...]) -> None:
    """As for every command that needs files."""
    done = ztctl(*arguments)

    assert (done.code, "there is no ztctl.yaml" in done.err) == (1, True)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o640])
def test_a_file_keeps_its_mode(ztctl: Ztctl, file: Path, mode: int) -> None:
    """Whatever the user's mask is."""
    file.chmod(mode)

    ztctl("fmt")

    assert (file.stat().st_mode & 0o7777, file.read_text()) == (mode, NEAT)


def test_a_link_is_not_written_through(ztctl: Ztctl, file: Path) -> None:
    """What it leads to is named, and both stay as they were."""
    link = Path(ztctl.folder / "link.yaml")
    link.symlink_to("ztctl.yaml")
    before = state(file)

    done = ztctl("fmt", "-f", "link.yaml")

    assert (done.code, done.out, link.is_symlink(), state(file)) == (1, "", True, before)
    assert f"name the file itself, {file}" in " ".join(done.err.split())


def test_a_link_to_what_is_formatted_is_fine(ztctl: Ztctl, file: Path) -> None:
    """Nothing has to be written."""
    file.write_text(NEAT)
    Path(ztctl.folder / "link.yaml").symlink_to("ztctl.yaml")

    assert ztctl("fmt", "-f", "link.yaml").code == 0


def test_a_pipe_cannot_be_written_back(ztctl: Ztctl) -> None:
    """It is told how one is formatted."""
    done = subprocess.run(
        [*COMMAND, "fmt", "-f", "/dev/fd/0"], input=UGLY.encode(), cwd=ztctl.folder, env=ztctl.env,
        capture_output=True, check=False, timeout=45,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"`-f -` reads a pipe" in done.stderr


def test_a_file_that_may_not_be_written_is_not_replaced(ztctl: Ztctl, file: Path) -> None:
    """Although its folder would allow that."""
    if os.geteuid() == 0:
        pytest.skip("everything may be written by root")
    file.chmod(0o444)
    before = state(file)

    done = ztctl("fmt")

    assert (done.code, state(file), "permission denied" in done.err) == (1, before, True)
