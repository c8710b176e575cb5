"""Warnings that end a command: ``--strict``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ztctl.core.model.diagnostics import Failure, Problem, Severity
from ztctl.core.model.lint import Code

# What an apply puts right itself.
MENDED = frozenset({Code.KEY_FILE_STALE})


def refused(warnings: Iterable[Problem], mended: Iterable[Code] = ()) -> Failure | None:
    """Why a command with ``--strict`` goes no further; ``None`` without warnings that count."""
    found = Counter(item.code for item in warnings if item.code not in {*mended})
    if not found:
        return None
    which = ", ".join(f"{code} ({n})" if n > 1 else code for code, n in sorted(found.items()))
    return Failure(
        f"--strict takes no warnings: {which}",
        "put right what they tell of, or silence one with a reason: # ztctl: ignore[CODE] REASON",
    )


def counted(problems: Sequence[Problem]) -> str:
    """How many errors and warnings there are, in how many files."""
    numbers = Counter(item.severity for item in problems)
    parts = [_many(numbers[it], it.value) for it in Severity if numbers[it]]
    files = len({item.where.file for item in problems if item.where is not None})
    return f"{', '.join(parts)} in {_many(files, 'file')}" if files else ", ".join(parts)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
