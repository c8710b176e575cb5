"""What a command line names is read to its end, or refused: nothing is waited for without end."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ztctl.documents.streams import read_bounded


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Up to the bound, and not a byte more than one beyond it."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)

    assert read_bounded(path, 100) == b"x" * 100
    assert len(read_bounded(path, 10)) == 11


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    """As that of ``<(…)``: whoever writes may open it later, and write more than it holds."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"x" * size,))
    writer.start()

    found = read_bounded(path, 10_000_000)

    writer.join()
    assert found == b"x" * size


def test_a_pipe_is_read_to_its_bound(tmp_path: Path) -> None:
    """Somebody who never stops writing is not listened to for ever."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    os.write(theirs, b"x" * 1000)

    assert len(read_bounded(Path(f"/dev/fd/{ours}"), 100)) == 101
    os.close(ours)
    os.close(theirs)


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path) -> None:
    """Also if nobody ever opens its other end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    with pytest.raises(TimeoutError, match="nobody writes to"):
        read_bounded(path, 100, seconds=0.01)


def test_a_pipe_that_is_never_closed_is_given_up(tmp_path: Path) -> None:
    """What came so far is not taken for the whole."""
    ours, theirs = os.pipe()
    os.write(theirs, b"version: 1\n")

    with pytest.raises(TimeoutError, match="not to its end"):
        read_bounded(Path(f"/dev/fd/{ours}"), 100, seconds=0.01)

    os.close(ours)
    os.close(theirs)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


REFUSED: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a loop": lambda path: path.symlink_to(path.name),
    "a socket": _socket,
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_neither_file_nor_pipe_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason, at once, and without a byte read."""
    monkeypatch.chdir(tmp_path)
    REFUSED[what](Path("it"))

    with pytest.raises(OSError, match=r"directory|device|level|links"):
        read_bounded(Path("it"), 100)


@pytest.mark.parametrize("device", ["zero", "null", "random", "full", "tty"])
def test_a_device_is_refused(device: str) -> None:
    """It has no end, or nothing in it, or takes what somebody types."""
    with pytest.raises(OSError, match=r"it is a device|No such device"):
        read_bounded(Path("/dev") / device, 100)
