"""Promises about CA public keys as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.objects import Live
from ztctl.ssh.public_keys import misplaced, stale_keys, write_public_keys

Read = Callable[[str], Declared]
MakeCa = Callable[[str], Live]
CA = Address("ca_key", "a.example.com")
TEXT = """\
hosts:
  a.example.com:
    {tunnel: edge, service: "ssh://localhost:22", policies: [p], public_key_file: ca/a.pub}
"""


def test_a_key_is_written_once(declared: Read, ca: MakeCa, tmp_path: Path) -> None:
    """The first time the file is told, the second time there is nothing to tell."""
    read, live = declared(TEXT), {CA: ca("ecdsa AAAA")}

    told = [len(list(write_public_keys(read, live))) for _ in range(2)]

    assert told == [1, 0]
    assert (tmp_path / "ca" / "a.pub").read_text(encoding="utf-8") == "ecdsa AAAA\n"


@pytest.mark.parametrize("key", ["", "two\nlines", "two\nlines\n"])
def test_what_is_no_key_is_not_written(
    key: str, declared: Read, ca: MakeCa, tmp_path: Path
) -> None:
    """An answer that is not one line reaches no file: a second line would be a second CA."""
    read, live = declared(TEXT), {CA: ca(key)}

    told = list(write_public_keys(read, live))

    assert (told, list(stale_keys(read, live))) == ([], [])
    assert not (tmp_path / "ca").exists()


def test_a_key_that_is_not_live_is_not_stale(declared: Read) -> None:
    """Before the first apply nobody is warned of a missing file."""
    assert list(stale_keys(declared(TEXT), {})) == []


def test_a_link_that_comes_later_is_not_followed(
    declared: Read, ca: MakeCa, tmp_path: Path
) -> None:
    """A link that was made after the check leads no write out of the folder."""
    read, outside = declared(TEXT), tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    assert list(misplaced(read)) == []
    (tmp_path / "ca").symlink_to(outside)

    with pytest.raises(Failure, match="leads out of"):
        list(write_public_keys(read, {CA: ca("ecdsa AAAA")}))

    assert list(outside.iterdir()) == []


def test_a_link_inside_the_folder_is_fine(declared: Read, ca: MakeCa, tmp_path: Path) -> None:
    """A link that stays below the folder is followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "ca").symlink_to("real")
    read = declared(TEXT)

    told = list(write_public_keys(read, {CA: ca("ecdsa AAAA")}))

    assert (len(told), list(misplaced(read))) == (1, [])
    assert (tmp_path / "real" / "a.pub").exists()
