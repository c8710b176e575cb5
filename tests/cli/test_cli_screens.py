"""The screens of real plans at several widths, against golden files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Ztctl

GOLDEN = Path(__file__).parent / "golden"
TEAM = Path(__file__).parents[2] / "examples" / "team"
WIDTHS = ["60", "80", "200"]
EDIT = (("session_duration: 12h", "session_duration: 4h"), ("10.1.0.13", "10.1.0.23"))


@pytest.fixture
def team(ztctl: Ztctl) -> Ztctl:
    """Twenty hosts in three files."""
    for path in TEAM.glob("*.yaml"):
        shutil.copy(path, ztctl.folder)
    return ztctl


def edited(ztctl: Ztctl, *edits: tuple[str, str]) -> None:
    """Replace texts in every file."""
    for path in ztctl.folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for old, new in edits:
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def compared(name: str, text: str) -> None:
    """Compare with a golden file, or write it where ZTCTL_UPDATE_GOLDEN is set."""
    path = GOLDEN / name
    if os.environ.get("ZTCTL_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_twenty_hosts_fit_a_screen(team: Ztctl, width: str) -> None:
    """From nothing, at every width."""
    shown = team("plan", "--sandbox", "-f", ".", env={"COLUMNS": width})

    compared(f"team-new-{width}.txt", shown.out)
    assert len(shown.out.splitlines()) <= 50


def test_an_edit_a_destroy_and_no_changes_fit_a_screen(team: Ztctl) -> None:
    """What happens to twenty live hosts, at every width; what is refused stands in full."""
    words = ("--sandbox", "-f", ".")
    team("apply", "--auto-approve", *words)
    nothing = team("plan", *words)
    edited(team, *EDIT)

    for width in WIDTHS:
        env = {"COLUMNS": width}
        compared(f"team-edit-{width}.txt", team("plan", *words, env=env).out)
        compared(f"team-destroy-{width}.txt", team("destroy", *words, env=env).out)

    assert nothing.out == "No changes. 53 objects are in step.\n"
