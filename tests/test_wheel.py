"""Promises about what is installed."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder


def test_a_wheel_holds_every_file_of_the_package(root: Path, tmp_path: Path) -> None:
    """Modules, templates, styles and scripts: what runs from the folder runs when installed."""
    (wheel,) = WheelBuilder(str(root)).build(directory=str(tmp_path))

    held = {*zipfile.ZipFile(wheel).namelist()}
    files = {path for path in (root / "ztctl").rglob("*") if path.is_file()}
    wanted = {str(it.relative_to(root)) for it in files if it.suffix != ".pyc"}
    assert "ztctl/views/assets/sheet.js" in wanted
    assert wanted - held == set()
