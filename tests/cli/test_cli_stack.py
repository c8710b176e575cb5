"""``ztctl stack``, from the files to the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ztctl.cli.handing import Asked
from ztctl.cli.settings import Usage
from ztctl.core.model.declared import Declared

Ztctl = Any


def test_a_renamed_stack_is_in_step_with_the_renamed_file(project: Ztctl) -> None:
    """One command, one word in the file, and the plan is empty."""
    project("apply", "--sandbox", "--auto-approve")
    path: Path = project.folder / "ztctl.yaml"
    text = path.read_text(encoding="utf-8")

    done = project("stack", "rename", "quickstart", "eu", "--sandbox", "--auto-approve")
    path.write_text(text.replace("stack: quickstart", "stack: eu"), encoding="utf-8")
    planned = project("plan", "--sandbox")

    assert done.code == 0
    assert done.out.endswith("Apply complete: 0 added, 6 changed, 0 destroyed.\n")
    assert "Now write `stack: eu` in the files" in done.err
    assert planned.out == "No changes. 7 objects are in step.\n"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(to="EU", whole=True, stack="prod"), "'EU' is no name of a stack"),
        (Asked(to="prod", whole=True, stack="prod"), "are of the stack 'prod' already"),
        (Asked(to="b", whole=True, stack="a"), "the files are of the stack 'prod'"),
        (Asked(["tunel.x"], "eu"), "there is no kind 'tunel'"),
        (Asked(["hosts.x.example.com"]), "no file declares hosts.x.example.com"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(asked: Asked, said: str) -> None:
    """Told before the account is asked for anything."""
    with pytest.raises(Usage, match=said):
        asked.handover(Declared("prod"))
