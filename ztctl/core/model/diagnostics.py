"""Problems and failures for people: a summary, a position in a file, a hint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Severity of a problem: an error stops the command, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True, slots=True)
class Where:
    """A position in a file; line and column count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with the input, as text: what is wrong, where, and what to do about it.

    Attributes:
        code: of a warning, by which it can be silenced; see ``lint.Code``.
        about: with what the summary begins, before a colon, where the rest may be true of others.
    """

    summary: str
    where: Where | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR
    code: str = ""
    about: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.severity}: {self.text}"

    @property
    def text(self) -> str:
        """The summary, and behind it the code in brackets."""
        return f"{self.summary} [{self.code}]" if self.code else self.summary


class ZtctlError(Exception):
    """Base of the errors that end a command with a message instead of a traceback."""


class Problems(ZtctlError):
    """All problems of the input at once, in the order of the files."""

    def __init__(self, items: Iterable[Problem]) -> None:
        self.items = tuple(items)
        super().__init__("\n".join(str(item) for item in self.items))


class Failure(ZtctlError):
    """A fault outside the files (network, token, service), with its remedy.

    Attributes:
        summary: what happened.
        hint: what to do; empty when that is not known.
    """

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


class Failures(ZtctlError):
    """Several faults of one operation, such as three lists that the token may not read."""

    def __init__(self, items: Iterable[ZtctlError]) -> None:
        self.items = tuple(items)
        super().__init__("\n".join(str(item) for item in self.items))
