"""Format the journal: all runs, one run, or an object as it was before a write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ztctl.core.runs.journal import Before, Ending, JournalledRun, JournalledWrite, WriteResult
from ztctl.views.escape import Clean
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

_ENDINGS: Final[Mapping[Ending, str]] = {
    Ending.COMPLETE: "complete",
    Ending.PARTIAL: "in part",
    Ending.NOTHING: "nothing done",
    Ending.INTERRUPTED: "interrupted",
    Ending.LEFT: "left at once",
    Ending.CUT_OFF: "cut off, or still running",
}
_COLUMNS = ("RUN", "BEGAN (UTC)", "WHO", "STACK", "ENDED", "WRITES")
_NOT_RECORDED = "-"
_MARKED = 1
_WIDEST = 80


def runs_page(runs: Sequence[JournalledRun], clean: Clean) -> Page:
    """Format runs as a table, one row a run, in the order given."""
    rows = [_COLUMNS, *(_row(ran, clean) for ran in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    table = [Line("  ".join(map(str.ljust, row, widths))) for row in rows]
    lines = table if runs else [Line("No runs.")]
    return Page("Runs", (tuple(lines),), tuple(_run_record(ran) for ran in runs))


def _row(ran: JournalledRun, clean: Clean) -> tuple[str, ...]:
    texts = (
        ran.id,
        _time(ran.began),
        ran.who or _NOT_RECORDED,
        ran.stack,
        _ENDINGS[ran.ending],
        _figures(ran),
    )
    return tuple(clean(text)[:_WIDEST] for text in texts)


def _figures(ran: JournalledRun) -> str:
    counted = [(ran.count(came), came.value) for came in WriteResult]
    counted += [(ran.skipped, "skipped"), (ran.not_started, "not started")]
    parts = [f"{count} {word}" for count, word in counted if count]
    return ", ".join(parts) or "none"


def run_page(ran: JournalledRun, clean: Clean, options: str = "") -> Page:
    """Format every write of a run, in the order in which they began.

    ``options`` are those of a command about the same run.
    """
    heading = f"Run {code_span(clean(ran.id))}"
    record = {**_run_record(ran), "writes": [_write_record(item) for item in ran.writes]}
    return Page(heading, (tuple(_run_lines(ran, clean, options)),), (record,))


def _run_lines(ran: JournalledRun, clean: Clean, options: str) -> Iterator[Line]:
    yield Line(f"Run {clean(ran.id)} of stack {clean(ran.stack)} in account {clean(ran.account)}.")
    ended = f" at {clean(_time(ran.ended))} UTC" if ran.ended else ""
    by = f" by {clean(ran.who)}" if ran.who else ""
    began = f"Began at {clean(_time(ran.began))} UTC{by} with ztctl {clean(ran.version)}"
    yield Line(f"{began}; ended{ended}: {_ENDINGS[ran.ending]}.")
    yield Line()
    for item in ran.writes:
        yield _write_line(item, clean)
    yield Line()
    yield Line(f"Writes: {_figures(ran)}.")
    if any(item.found for item in ran.writes):
        yield Line(
            f"An object before its write: ztctl history {clean(ran.id)} ADDRESS{clean(options)}"
        )


def _write_line(item: JournalledWrite, clean: Clean) -> Line:
    what = f"{clean(item.address)} ({clean(item.verb)}): {_outcome(item, clean)}"
    mark = "-" if item.verb == "delete" else "~" if item.found else "+"
    return Line(f"{clean(_time(item.time))}  {what}", mark if item.sent else "", _MARKED)


def _outcome(item: JournalledWrite, clean: Clean) -> str:
    match item.result:
        case WriteResult.DONE:
            text = "done" if item.sent else "done already, nothing was sent"
            return f"{text}, id {clean(item.id)}" if item.id else text
        case WriteResult.FAILED:
            text = "failed" if item.sent else "nothing was sent"
            return f"{text}: {clean(item.reason)}"
        case WriteResult.UNKNOWN:
            reason = f": {clean(item.reason)}" if item.reason else ""
            return f"nobody knows whether it was done{reason}"


def object_page(found: Before, clean: Clean) -> Page:
    """Format the object that a write found, and the other objects that it replaced."""
    heading = f"{code_span(clean(found.address))} before run {code_span(clean(found.run))}"
    record = {
        "type": "object",
        "run": found.run,
        "address": found.address,
        "step": found.verb,
        "time": found.time,
        "before": found.object,
        "others": list(found.others),
    }
    return Page(heading, (tuple(_object_lines(found, clean)),), (record,))


def _object_lines(found: Before, clean: Clean) -> Iterator[Line]:
    when = f"{clean(_time(found.time))} UTC (run {clean(found.run)}, {clean(found.verb)})"
    if found.object is None:
        yield Line(f"{clean(found.address)} was not there before {when}.")
    else:
        yield Line(f"{clean(found.address)} before {when}:")
        yield from _json(found.object)
    for other in found.others:
        yield Line("and, whose place was taken:")
        yield from _json(other)


def _json(found: Mapping[str, Any]) -> Iterator[Line]:
    """The object as the API returned it; where that is not recorded, the members read out of it."""
    raw = found.get("raw") or {name: found[name] for name in found if name != "raw"}
    for row in json.dumps(raw, indent=2).splitlines():
        yield Line(row)


def _run_record(ran: JournalledRun) -> dict[str, Any]:
    return {
        "type": "run",
        "run": ran.id,
        "stack": ran.stack,
        "account": ran.account,
        "ztctl_version": ran.version,
        "who": ran.who or None,
        "began": ran.began,
        "ended": ran.ended or None,
        "status": ran.ending.value,
        **{came.value: ran.count(came) for came in WriteResult},
        "skipped": ran.skipped,
        "not_started": ran.not_started,
    }


def _write_record(item: JournalledWrite) -> dict[str, Any]:
    return {
        "address": item.address,
        "step": item.verb,
        "action": item.action,
        "time": item.time,
        "status": item.result.value,
        "id": item.id or None,
        "reason": item.reason,
        "sent": item.sent,
        "has_before": item.found,
    }


def _time(text: str) -> str:
    """Format an ISO 8601 time as ``2026-07-01 12:00:03``; other texts are only cut."""
    return text[:19].replace("T", " ")
