"""Format what runs for tunnels: a heading each, and its connectors below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from ztctl.core.model.connectors import Connector, Support, TunnelStatus, support_of
from ztctl.views.escape import Clean
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone

_COLUMN = 12


def tunnel_page(
    found: Sequence[TunnelStatus], clean: Clean, *, now: datetime, version: str
) -> Page:
    """Format tunnels; times are told in the zone of ``now``."""
    lines = [line for it in found for line in _tunnel(it, clean, now)]
    lines = lines or [Line("There is no tunnel.", tone=Tone.ERROR)]
    return Page("Tunnels", (tuple(lines),), (_document(found, now, version),), wraps=True)


def _tunnel(found: TunnelStatus, clean: Clean, now: datetime) -> Iterator[Line]:
    if not found.connectors:
        yield Line(f"{clean(found.name)}: no connector runs", tone=Tone.ERROR)
        return
    count = len(found.connectors)
    several = "" if count == 1 else "s"
    yield Line(f"{clean(found.name)}: {count} connector{several}", tone=Tone.STRONG)
    for it in found.connectors:
        yield from _connector(it, found.version, clean, now)


def _connector(found: Connector, newest: int | None, clean: Clean, now: datetime) -> Iterator[Line]:
    support = support_of(found.version, now.year, now.month)
    told = "" if support is Support.YES else f", {support}"
    text = f"  {clean(found.id)[:8]:8}  cloudflared {clean(found.version)}{told}"
    yield Line(text, tone=Tone.PLAIN if support is Support.YES else Tone.WARNING, column=_COLUMN)
    pad = " " * _COLUMN
    where = f"{clean(found.arch)}, {clean(found.origin)}".strip(", ")
    yield Line(f"{pad}{where}, since {_when(found.since, clean, now)}", column=_COLUMN)
    edges = ", ".join(
        clean(edge) if count == 1 else f"{clean(edge)} ({count})"
        for edge, count in Counter(found.edges).items()
    )
    count = len(found.edges)
    several = "" if count == 1 else "s"
    yield Line(
        f"{pad}{count} connection{several}{f': {edges}' if edges else ''}",
        tone=Tone.PLAIN if count else Tone.WARNING,
        column=_COLUMN,
    )
    runs, tone = _configuration(found.config_version, newest)
    if runs:
        yield Line(f"{pad}{runs}", tone=tone, column=_COLUMN)


def _configuration(runs: int | None, newest: int | None) -> tuple[str, Tone]:
    if newest is None:
        return "", Tone.PLAIN
    if runs is None:
        return f"which configuration it runs it does not say; the newest is {newest}", Tone.QUIET
    if runs == newest:
        return f"configuration {runs}, the newest", Tone.PLAIN
    return f"configuration {runs}, and the newest is {newest}", Tone.WARNING


def _when(text: str, clean: Clean, now: datetime) -> str:
    try:
        at = datetime.fromisoformat(text).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        return clean(text) or "when, it does not say"
    same_year = timedelta(0) <= now - at < timedelta(days=300)
    return at.strftime("%d %b %H:%M" if same_year else "%d %b %Y %H:%M")


def _document(found: Sequence[TunnelStatus], now: datetime, version: str) -> dict[str, Any]:
    return {
        "type": "tunnel_status",
        "format_version": "1.0",
        "ztctl_version": version,
        "tunnels": [
            {
                "name": tunnel.name,
                "id": tunnel.id,
                "config_version": tunnel.version,
                "connectors": [
                    {
                        "id": it.id,
                        "version": it.version,
                        "support": support_of(it.version, now.year, now.month).name.lower(),
                        "arch": it.arch,
                        "since": it.since or None,
                        "config_version": it.config_version,
                        "edges": list(it.edges),
                        "origin": it.origin or None,
                    }
                    for it in tunnel.connectors
                ],
            }
            for tunnel in found
        ],
    }
