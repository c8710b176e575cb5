"""Promises about saved plans as they are printed, and as they grow old."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ztctl
from tests.support.files import HOST


@pytest.fixture
def applied(project: Ztctl) -> Ztctl:
    """The quickstart, applied to the sandbox."""
    project("apply", "--sandbox", "--auto-approve")
    return project


VIEWS = [
    (),
    ("--full",),
    ("--list", "hosts"),
    ("--format", "json"),
    ("--format", "markdown"),
    ("--format", "html"),
    ("--quiet",),
]


@pytest.mark.parametrize("view", VIEWS, ids=" ".join)
def test_a_saved_plan_is_printed_as_it_was(project: Ztctl, view: tuple[str, ...]) -> None:
    """In every format and view `show` prints, without an account, what `plan` printed."""
    planned = project("plan", "--sandbox", "--out", "plan.json", *view)

    shown = project("show", "plan.json", *view)

    assert (shown.code, shown.out, shown.err) == (0, planned.out, "")


@pytest.mark.parametrize("view", VIEWS, ids=" ".join)
def test_a_saved_edit_is_printed_as_it_was(applied: Ztctl, view: tuple[str, ...]) -> None:
    """So are edits and deletions of what is live."""
    path = applied.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8").replace("8h", "9h").replace("localhost", "10.0.0.9")
    path.write_text(text, encoding="utf-8")
    planned = applied("plan", "--sandbox", "--out", "plan.json", *view)

    shown = applied("show", "plan.json", *view)

    assert shown.out == planned.out


def test_a_saved_plan_is_shown_anywhere(project: Ztctl, tmp_path: Path) -> None:
    """The files of which it was made need not be there."""
    planned = project("plan", "--sandbox", "--out", "plan.json")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    shown = project.within(elsewhere)("show", project.folder / "plan.json")

    assert shown.out == planned.out


def edited(ztctl: Ztctl, **members: Any) -> None:
    """Change members of the first edit of the saved plan."""
    path = ztctl.folder / "plan.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["plan"]["changes"][-1] |= members
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    "members",
    [
        {"address": "nothing"},
        {"action": "explode"},
        {"phase": "first"},
        {"edits": {}},
        {"after": {"$": "surprise"}},
        {"steps": []},
        {"notes": "a"},
    ],
    ids=str,
)
def test_a_damaged_plan_is_not_shown(project: Ztctl, members: dict[str, Any]) -> None:
    """What ztctl did not write is a clear error."""
    project("plan", "--sandbox", "--out", "plan.json")
    edited(project, **members)

    done = project("show", "plan.json")

    assert (done.code, done.out) == (1, "")
    assert "the plan is damaged" in done.err


def test_a_plan_that_was_made_to_look_harmless_is_not_applied(project: Ztctl) -> None:
    """What `show` shows is what `apply` does, or nothing is done."""
    project("plan", "--sandbox", "--out", "plan.json")
    edited(project, after={"$": "mapping", "of": {}}, notes=["nothing to see"])

    done = project("apply", "plan.json", "--sandbox", "--auto-approve")

    assert done.code == 4
    assert f"when the plan was saved: ca_key.{HOST}\n" in done.err


def test_a_plan_that_has_grown_old_says_what_moved(applied: Ztctl) -> None:
    """The object and the field that somebody else changed meanwhile are named."""
    path = applied.folder / "ztctl.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("8h", "9h"), encoding="utf-8")
    applied("plan", "--sandbox", "--out", "plan.json")
    path.write_text(before.replace("8h", "10h"), encoding="utf-8")
    applied("apply", "--sandbox", "--auto-approve")

    done = applied("apply", "plan.json", "--sandbox", "--auto-approve")

    assert done.code == 4
    assert "access_policy.ssh-team (session_duration), who may enter" in done.err
