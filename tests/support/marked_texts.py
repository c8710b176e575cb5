"""Texts of YAML in which the sign ¦ stands before the place that a message has to name."""

from __future__ import annotations

from pathlib import Path

from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.model.diagnostics import Problem, Problems
from ztctl.core.planning import check
from ztctl.kinds.registry import KINDS

HEAD = """
version: 1
stack: prod
policies: {p0: {decision: allow, include: [{email: ann@example.com}]}}
"""


def problems(folder: Path, text: str) -> list[Problem]:
    """Everything that the files alone tell, warnings too."""
    path = folder / "ztctl.yaml"
    path.write_text(HEAD + text.replace("¦", ""), encoding="utf-8")
    try:
        declared = declared_by(Settings(files=(path,)))
    except Problems as found:
        return list(found.items)
    return check.problems(declared, KINDS)


def place(text: str) -> tuple[int, int]:
    """Line and column of the sign."""
    lines = (HEAD + text).splitlines()
    return next((n, line.index("¦") + 1) for n, line in enumerate(lines, 1) if "¦" in line)
