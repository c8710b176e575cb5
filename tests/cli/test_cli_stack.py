"""``ztctl stack``, from the files to the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    ("arguments", "said"),
    [
        (("rename", "quickstart", "EU"), "'EU' is no name of a stack"),
        (("rename", "quickstart", "quickstart"), "are of the stack 'quickstart' already"),
        (("rename", "a", "b"), "the files are of the stack 'quickstart'"),
        (("transfer", "tunel.x", "--to", "eu"), "there is no kind 'tunel'"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    project: Ztctl, arguments: tuple[str, ...], said: str
) -> None:
    """Told before the account is asked for anything."""
    done = project("stack", *arguments, "--sandbox")

    assert done.code == 64
    assert said in done.err
