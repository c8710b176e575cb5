"""Read the account's audit log, only as far as it takes to know who changed something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.drift import DriftReport
from ztctl.core.runs.audit_log import LogEntry, attributed, entry_of
from ztctl.engine.drive import Api

PAGES = 5
PER_PAGE = 1000
# An older remark of the service's SDK says that the log goes back thirty days.
REACHES = timedelta(days=30)
# How far this machine's clock may be behind the service's.
SKEW = timedelta(minutes=1)
PERMISSION = "Account Settings"


async def with_authors(
    report: DriftReport, api: Api, collections: Mapping[str, str], now: datetime
) -> DriftReport:
    """The report with the authors of its items, by at most ``PAGES`` calls.

    A log that cannot be read, such as for want of a permission, is said in ``authors``.

    Args:
        report: what differs; nothing is asked where it holds no object.
        api: sends the calls.
        collections: for each kind the last word of the path of its objects.
        now: the time until which is looked.
    """
    if all(item.address is None for item in report.items):
        return report
    entries: dict[str, LogEntry] = {}
    before = now + SKEW
    items = report.items
    try:
        for _ in range(PAGES):
            found = await api.send(_page(now - REACHES, before))
            read = [it for it in map(entry_of, found if isinstance(found, list) else ()) if it]
            fresh = {it.id: it for it in read if it.id not in entries}
            entries |= fresh
            items = attributed(report.items, [*entries.values()], collections)
            oldest = _moment(read[-1].author.time) if read else None
            known = all(item.author or item.address is None for item in items)
            if known or not fresh or oldest is None or len(found) < PER_PAGE:
                break
            before = oldest
    except CallFailed as failure:
        return replace(report, items=items, authors=_why(failure))
    return replace(report, items=items)


def _page(since: datetime, before: datetime) -> Call:
    # By time, not by cursor: entries of the same moment come twice, and are known by their id.
    query = {
        "since": since.isoformat(timespec="seconds"),
        "before": before.isoformat(),
        "limit": str(PER_PAGE),
        "direction": "desc",
    }
    path = "/accounts/{account}/logs/audit"
    return Call("GET", path, query=tuple(query.items()), permission=PERMISSION)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _why(failure: CallFailed) -> str:
    if failure.is_forbidden:
        return f'the token lacks the permission "{PERMISSION}" (Read), by which the log is read'
    return f"the audit log could not be read: {failure.summary}"
