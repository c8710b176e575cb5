"""Promises about CA public keys as files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problems
from ztctl.core.model.objects import Live
from ztctl.ssh.public_keys import misplaced, stale_keys, write_public_keys

Read = Callable[[str], Declared]
MakeCa = Callable[[str], Live]
COMMENT = "open-ssh-ca@cloudflareaccess.org"
KEY = f"ecdsa-sha2-nistp256 AAAA= {COMMENT}"
OLD = f"ecdsa-sha2-nistp256 BBBB= {COMMENT}\n"
CA = Address("ca_key", "a.example.com")
TEXT = """\
hosts:
  a.example.com:
    {tunnel: edge, service: "ssh://localhost:22", policies: [p], public_key_file: ca/a.pub}
"""


def test_a_key_is_written_once(declared: Read, ca: MakeCa, tmp_path: Path) -> None:
    """The first time the file is told, the second time there is nothing to tell."""
    read, live = declared(TEXT), {CA: ca(KEY)}

    told = [len(list(write_public_keys(read, live))) for _ in range(2)]

    assert told == [1, 0]
    assert (tmp_path / "ca" / "a.pub").read_text(encoding="utf-8") == f"{KEY}\n"


@pytest.mark.parametrize(
    "key", ["", "two\nlines", f"{KEY}\n{KEY}", f"{KEY}\n", "ecdsa AAAA", f"# {KEY}", f" {KEY}"]
)
def test_what_is_no_key_is_not_written(
    key: str, declared: Read, ca: MakeCa, tmp_path: Path
) -> None:
    """An answer that is not one such line reaches no file: a second line would be a second CA."""
    read, live = declared(TEXT), {CA: ca(key)}

    told = list(write_public_keys(read, live))

    assert told == []
    assert all("no known form" in warning.summary for warning in stale_keys(read, live))
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
        list(write_public_keys(read, {CA: ca(KEY)}))

    assert list(outside.iterdir()) == []


def test_a_link_inside_the_folder_is_fine(declared: Read, ca: MakeCa, tmp_path: Path) -> None:
    """A link that stays below the folder is followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "ca").symlink_to("real")
    read = declared(TEXT)

    told = list(write_public_keys(read, {CA: ca(KEY)}))

    assert (len(told), list(misplaced(read))) == (1, [])
    assert (tmp_path / "real" / "a.pub").exists()


def test_another_key_is_replaced_and_told(declared: Read, ca: MakeCa, tmp_path: Path) -> None:
    """Servers that trust the old one need the new one, so that it is said."""
    read, path = declared(TEXT), tmp_path / "ca" / "a.pub"
    path.parent.mkdir()
    path.write_text(OLD, encoding="utf-8")

    told = list(write_public_keys(read, {CA: ca(KEY)}))

    assert "It replaced another key" in told[1]
    assert path.read_text(encoding="utf-8") == f"{KEY}\n"


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _text(path: Path) -> None:
    path.write_text("Host *\n", encoding="utf-8")


def _two_keys(path: Path) -> None:
    path.write_text(OLD + OLD, encoding="utf-8")


def _link_to_key(path: Path) -> None:
    (path.parent / "real.pub").write_text(OLD, encoding="utf-8")
    path.symlink_to("real.pub")


OBSTACLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a fifo": (_fifo, "it is no regular file"),
    "a folder": (Path.mkdir, "it is no regular file"),
    "a text": (_text, "is there, and holds no CA key"),
    "nothing in it": (Path.touch, "is there, and holds no CA key"),
    "two keys": (_two_keys, "is there, and holds no CA key"),
    "a link": (_link_to_key, "it is a link"),
    "a loop": (lambda path: path.symlink_to(path.name), "leads out of"),
}


@pytest.mark.parametrize("what", OBSTACLES)
def test_a_key_is_written_over_nothing_but_a_key(
    what: str, declared: Read, ca: MakeCa, tmp_path: Path
) -> None:
    """Validate says so with the place, apply refuses, nothing waits, and what is there stays."""
    make, why = OBSTACLES[what]
    read, path = declared(TEXT), tmp_path / "ca" / "a.pub"
    path.parent.mkdir()
    make(path)
    before = sorted(
        (it.name, it.lstat().st_size, it.lstat().st_ino) for it in path.parent.iterdir()
    )

    (problem,) = misplaced(read)
    (warning,) = stale_keys(read, {CA: ca(KEY)})
    with pytest.raises(Failure, match=why):
        list(write_public_keys(read, {CA: ca(KEY)}))

    assert why in problem.summary
    assert why in warning.summary
    assert problem.where is not None
    after = sorted((it.name, it.lstat().st_size, it.lstat().st_ino) for it in path.parent.iterdir())
    assert after == before


@pytest.mark.parametrize("name", ["ztctl.yaml", "./ztctl.yaml", "ca/../ztctl.yaml", "vars.yaml"])
def test_a_key_is_never_written_over_a_file_that_was_read(
    name: str, declared: Read, ca: MakeCa, tmp_path: Path
) -> None:
    """A name that was mistyped does not cost the file that declares everything."""
    (tmp_path / "vars.yaml").write_text("a: b\n", encoding="utf-8")
    if ".." in name:
        with pytest.raises(Problems, match="does not stay below"):
            declared(TEXT.replace("ca/a.pub", name))
        return
    read = declared(TEXT.replace("ca/a.pub", name))
    before = (tmp_path / "ztctl.yaml").read_bytes()

    (problem,) = misplaced(read)
    with pytest.raises(Failure, match="holds no CA key"):
        list(write_public_keys(read, {CA: ca(KEY)}))

    assert "holds no CA key" in problem.summary
    assert (tmp_path / "ztctl.yaml").read_bytes() == before


@pytest.mark.parametrize("second", ["ca/a.pub", "ca//a.pub", "./ca/a.pub", "link/a.pub"])
def test_two_keys_in_one_file_are_an_error(second: str, declared: Read, tmp_path: Path) -> None:
    """However the path is spelled: each apply would overwrite the one by the other."""
    (tmp_path / "ca").mkdir()
    (tmp_path / "link").symlink_to("ca")
    more = TEXT.replace("hosts:\n", "").replace("a.example.com", "b.example.com")

    (problem,) = misplaced(declared(TEXT + more.replace("ca/a.pub", second)))

    assert "which ca_key.a.example.com has too" in problem.summary
    assert str(problem.where).startswith(f"{tmp_path / 'ztctl.yaml'}:")
    assert "ztctl.yaml" in problem.hint
