"""Format checks: one line each below its area, with what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ztctl.core.model.checkup import Check, Verdict
from ztctl.views.escape import Clean
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wrapping import cells

_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "ok",
    Verdict.WARN: "warn",
    Verdict.FAIL: "FAIL",
    Verdict.SKIP: "-",
}
_TONES: Final[Mapping[Verdict, Tone]] = {
    Verdict.PASS: Tone.PLAIN,
    Verdict.WARN: Tone.WARNING,
    Verdict.FAIL: Tone.ERROR,
    Verdict.SKIP: Tone.QUIET,
}
_COUNTED: Final = ("passed", "warned", "failed", "not checked")
# Columns before a name, and the widest name that has what was found beside it.
_BEFORE: Final = 8
_BESIDE: Final = 20


def doctor_page(checks: Sequence[Check], clean: Clean, *, version: str, brief: bool) -> Page:
    """Format checks; ``brief`` leaves out what passed."""
    shown = [it for it in checks if not brief or it.verdict in (Verdict.WARN, Verdict.FAIL)]
    lines = (*check_lines(shown, clean), *((Line(),) if shown else ()), counted(checks))
    return Page("Checks", (lines,), (doctor_document(checks, version),), folds=False, wraps=True)


def doctor_document(checks: Sequence[Check], version: str) -> dict[str, Any]:
    """Checks as JSON; docs/reference/json.md and schemas/doctor.schema.json tell of it."""
    return {
        "type": "doctor",
        "format_version": "1.0",
        "ztctl_version": version,
        "checks": [
            {
                "area": check.area.lower(),
                "name": check.name,
                "verdict": check.verdict.value,
                "found": check.found,
                "remedy": check.remedy or None,
            }
            for check in checks
        ],
        "summary": {it.value: _count(checks, it) for it in Verdict},
    }


def check_lines(checks: Sequence[Check], clean: Clean) -> Iterator[Line]:
    """A heading for each area, and its checks below it."""
    for area in dict.fromkeys(check.area for check in checks):
        yield Line(area, tone=Tone.STRONG)
        for check in checks:
            if check.area == area:
                yield from _check(check, clean)


def _check(check: Check, clean: Clean) -> Iterator[Line]:
    tone, name, found = _TONES[check.verdict], clean(check.name), clean(check.found)
    head = f"  {_WORDS[check.verdict]:4}  "
    column = _BEFORE + _BESIDE + 2
    if cells(name) <= _BESIDE:
        pad = " " * (_BESIDE - cells(name))
        yield Line(f"{head}{name}{pad}  {found}", tone=tone, column=column)
    else:
        yield Line(f"{head}{name}", tone=tone, column=_BEFORE)
        yield Line(f"{' ' * column}{found}", tone=tone, column=column)
    if check.remedy:
        hint = f"{' ' * column}hint: {clean(check.remedy)}"
        yield Line(hint, tone=Tone.QUIET, column=column)


def counted(checks: Sequence[Check]) -> Line:
    """How many checks came to what."""
    counts = [_count(checks, it) for it in Verdict]
    told = [f"{count} {word}" for count, word in zip(counts, _COUNTED, strict=True) if count]
    return Line(f"{', '.join(told) or 'nothing was checked'}.".capitalize(), tone=Tone.STRONG)


def _count(checks: Sequence[Check], verdict: Verdict) -> int:
    return sum(check.verdict is verdict for check in checks)
