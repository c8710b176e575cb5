"""A file is replaced as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ztctl.documents.rewriting import rewrite


def test_what_somebody_else_has_changed_is_kept(tmp_path: Path) -> None:
    """Between reading a file and writing it, an editor may save."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"theirs")

    with pytest.raises(OSError, match="somebody else has changed it"):
        rewrite(path, b"old", b"new")

    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"theirs", [path])


def test_the_new_content_is_all_that_is_left(tmp_path: Path) -> None:
    """Also of a file whose name is as long as names may be."""
    path = tmp_path / ("n" * 250)
    path.write_bytes(b"old")

    rewrite(path, b"old", b"new")

    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"new", [path])
