"""Format drift as a message to a webhook: compact JSON, or Slack's form.

Slack (its documentation, and bolt-js issue 2509): a section holds at most 3,000 characters, a
message 50 blocks, and about 13,200 characters in all were too many once. ``&``, ``<`` and ``>`` are
escaped, so that no name can call a whole channel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.drift import DriftReport
from ztctl.core.runs.journal import Redact
from ztctl.views.drift_view import FORMAT_VERSION, drift_document, items_in_short
from ztctl.views.escape import Clean

# Of more items only so many are sent, the worst first.
MOST_ITEMS: Final = 100
SECTION: Final = 3000
BLOCKS: Final = 50
WHOLE: Final = 12_000
# Escaped it is five times as long at most, and still fits a section.
_LONGEST_ITEM: Final = 500


def json_message(report: DriftReport, redact: Redact, now: datetime) -> bytes:
    """The document of ``--format json``, of its items the first ones, and how many were left."""
    document = drift_document(report, redact, now)
    items = document["items"]
    document |= {"items": items[:MOST_ITEMS], "items_left": max(0, len(items) - MOST_ITEMS)}
    return _compact(document)


def slack_message(report: DriftReport, redact: Redact, now: datetime) -> bytes:
    """A message with a heading and the items, the worst first."""
    clean = Clean(redact)
    opened = len(report.exposed_hosts)
    figures = f"{len(report.items)} difference{'' if len(report.items) == 1 else 's'}"
    exposed = f", {opened} host{'' if opened == 1 else 's'} EXPOSED" if opened else ""
    heading = _escaped(f"Drift of stack {clean(report.stack)}: {figures}{exposed}")
    rows = (
        f"*{severity.upper()}* {_escaped(_cut(text))}"
        for severity, text in items_in_short(report, clean, now)
    )
    return _slack(heading, rows, len(report.items))


def json_failure(stack: str, failures: Iterable[Failure], now: datetime) -> bytes:
    """That a run failed, and why."""
    return _compact(
        {
            "format_version": FORMAT_VERSION,
            "type": "drift_failed",
            "time": now.isoformat(timespec="seconds"),
            "stack": stack or None,
            "failures": [{"summary": it.summary, "hint": it.hint} for it in failures],
        }
    )


def slack_failure(stack: str, failures: Iterable[Failure]) -> bytes:
    """The same in Slack's form."""
    found = [_escaped(_cut(it.summary)) for it in failures]
    of = f" of stack {_escaped(stack)}" if stack else ""
    return _slack(f"The drift run{of} failed", iter(found), len(found))


def _slack(heading: str, rows: Iterator[str], count: int) -> bytes:
    sections: list[list[str]] = [[f"*{heading}*"]]
    taken = told = 0
    for row in rows:
        if taken + len(row) > WHOLE - SECTION or len(sections) >= BLOCKS - 1:
            break
        size = sum(len(it) + 1 for it in sections[-1])
        if size + len(row) > SECTION:
            sections.append([])
        sections[-1].append(row)
        taken += len(row) + 1
        told += 1
    if told < count:
        sections.append([f"and {count - told} more: `ztctl drift` tells all"])
    blocks = [_section("\n".join(rows)) for rows in sections]
    return _compact({"text": heading, "blocks": blocks})


def _section(text: str) -> dict[str, Any]:
    # Verbatim: nothing in it becomes a link or a mention by itself.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_ITEM else f"{text[: _LONGEST_ITEM - 1]}…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _compact(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("ascii")
