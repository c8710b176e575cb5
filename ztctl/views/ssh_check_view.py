"""Format checks of hosts: one line each, below its area, with what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ztctl.core.model.checkup import Check, Verdict
from ztctl.core.model.ssh_check import AREAS, HostCheck
from ztctl.views.doctor_view import check_lines, counted
from ztctl.views.escape import Clean
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

_VERDICTS: Final = {
    Verdict.PASS: "pass",
    Verdict.WARN: "warn",
    Verdict.FAIL: "fail",
    Verdict.SKIP: "not-seen",
}
# Of so many checks that were not seen for one reason the first and the last are named.
_MANY: Final = 5


def ssh_check_page(checks: Sequence[HostCheck], clean: Clean, *, brief: bool) -> Page:
    """Format checks; ``brief`` leaves out what is in order, or was not seen."""
    shown = [it for it in checks if not brief or it.verdict in (Verdict.WARN, Verdict.FAIL)]
    lines = [*check_lines([*_merged(shown)], clean)]
    plain = [_plain(it) for it in checks]
    record = ssh_check_document(checks)
    lines += [*((Line(),) if shown else ()), counted(plain)]
    return Page("Checks", (tuple(lines),), (record,), folds=False, wraps=True)


def ssh_check_document(checks: Sequence[HostCheck]) -> dict[str, Any]:
    """Checks as JSON; docs/reference/json.md and schemas/ssh-check.schema.json tell of it."""
    return {
        "type": "ssh_check",
        "format_version": "1.0",
        "checks": [
            {
                "id": it.id,
                "area": it.area.name.lower(),
                "host": it.host or None,
                "title": it.title,
                "verdict": _VERDICTS[it.verdict],
                "found": it.found,
                "remedy": it.remedy or None,
                "opens": it.opens,
            }
            for it in checks
        ],
        "summary": {
            word: sum(it.verdict is verdict for it in checks) for verdict, word in _VERDICTS.items()
        },
    }


def _merged(checks: Sequence[HostCheck]) -> Iterator[Check]:
    """The checks; what was not seen for one reason is one line."""
    unseen: dict[tuple[str, str], list[HostCheck]] = {}
    for it in checks:
        if it.verdict is Verdict.SKIP:
            unseen.setdefault((_area(it), it.found), []).append(it)
    for it in checks:
        alike = unseen.get((_area(it), it.found), []) if it.verdict is Verdict.SKIP else [it]
        if alike[0] is not it:
            continue
        if len(alike) > 1:
            ids = [other.id for other in alike]
            name = ", ".join(ids) if len(ids) < _MANY else f"{ids[0]} to {ids[-1]}"
            yield Check(_area(it), name, it.verdict, it.found, it.remedy)
        else:
            yield _plain(it)


def _plain(it: HostCheck) -> Check:
    return Check(_area(it), f"{it.id} {it.title}", it.verdict, it.found, it.remedy)


def _area(it: HostCheck) -> str:
    return f"{AREAS[it.area]}: {it.host}" if it.host else AREAS[it.area]
