"""Promises about what a command imports: start-up is part of the product, counted, not timed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

Ztctl = Any
SERVER = {"starlette", "uvicorn"}
HEAVY = {
    "typer",
    "jinja2",
    "pydantic",
    "httpx",
    "rich",
    "yaml",
    "cryptography",
    "deepdiff",
    *SERVER,
}


def imported(ztctl: Ztctl, *arguments: str) -> set[str]:
    """The packages that a command has imported when it ends."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ztctl", *arguments],
        cwd=ztctl.folder,
        env=ztctl.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stderr.splitlines()
    names = {line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:")}
    assert "ztctl.cli.main" in names
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        ("--version", HEAVY | {"asyncio", "json", "logging"}),
        ("--help", HEAVY - {"typer", "rich"}),
        ("validate", HEAVY - {"typer", "pydantic", "yaml"}),
        ("permissions", HEAVY - {"typer", "pydantic", "yaml"}),
        ("schema", HEAVY - {"typer", "pydantic", "yaml"}),
        ("plan --sandbox", {"cryptography", "deepdiff", "jinja2", *SERVER}),
    ],
)
def test_a_command_imports_what_it_needs(words: str, unwanted: set[str], project: Ztctl) -> None:
    """What a command does not use it does not pay for."""
    found = imported(project, *words.split())

    assert found & unwanted == set()


def test_completion_is_quick(project: Ztctl) -> None:
    """Pressing the tab key loads neither the files' reader nor the network's."""
    asked = {"COMP_WORDS": "ztctl plan --", "COMP_CWORD": "2", "_ZTCTL_COMPLETE": "complete_bash"}
    project.env.update(asked)

    found = imported(project)

    assert found & {"httpx", "yaml", "rich", "cryptography", *SERVER} == set()
