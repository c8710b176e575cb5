"""Lay out the files that the paths of a command line name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Kinds
from ztctl.documents.files import display_path, files_of
from ztctl.documents.layout import laid_out
from ztctl.documents.reader import content_of
from ztctl.documents.rewriting import rewrite


@dataclass(frozen=True, slots=True)
class Layout:
    """A file as it is, and as it should be.

    Attributes:
        name: the path as the user gave it.
    """

    path: Path
    name: str
    old: bytes
    new: bytes

    @property
    def is_different(self) -> bool:
        """Whether there is anything to write."""
        return self.old != self.new

    def write(self, problems: list[Problem]) -> bool:
        """Write the file, and tell whether that was done; why not is appended to ``problems``."""
        try:
            rewrite(self.path, self.old, self.new)
        except OSError as error:
            reason = (error.strerror or "").lower()
            problems.append(Problem(f"cannot write {self.name}: {reason}"))
            return False
        return True


def lay_out(paths: Sequence[Path], kinds: Kinds, problems: list[Problem]) -> list[Layout]:
    """Lay out all files; those with problems are left out, and the problems appended."""
    found: list[Layout] = []
    for path in files_of(paths, problems):
        name = display_path(path)
        old = content_of(path, name, problems)
        new = None if old is None else laid_out(old, name, kinds, problems)
        if old is not None and new is not None:
            found.append(Layout(path, name, old, new))
    return found
