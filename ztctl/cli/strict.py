"""Warnings that end a command: ``--strict``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ztctl.core.model.diagnostics import Failure, Problem
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
