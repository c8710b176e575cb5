"""Format drift: the worst first, one item a cause, who did it where that is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

from ztctl.core.model.drift import Author, Deviation, DriftItem, DriftReport, DriftSeverity
from ztctl.core.model.facts import Openness
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import AccessChange, Edit
from ztctl.core.runs.journal import Redact
from ztctl.views.compact_lines import signed_rows
from ztctl.views.escape import Clean
from ztctl.views.fields import FieldWriter, is_present
from ztctl.views.folding import Folding, shared_domain
from ztctl.views.jsonplan import FORMAT_VERSION, way_fields
from ztctl.views.jsonvalue import redacted, to_json
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.plan_lines import TRUSTS
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wording import noun, plural

# Severities stand from the third column, what they are about from this one.
_TEXT = 11
# Of more phrases about one object only so many are told.
_MOST = 4
# Of a value that is longer only that it differs is told.
_LONGEST = 60
_TONES: Mapping[DriftSeverity, Tone] = MappingProxyType(
    {
        DriftSeverity.EXPOSED: Tone.ERROR,
        DriftSeverity.WIDER: Tone.WARNING,
        DriftSeverity.LOST: Tone.WARNING,
        DriftSeverity.OTHER: Tone.PLAIN,
    }
)
_OPEN: Mapping[Openness, str] = MappingProxyType(
    {
        Openness.OPEN: "is open to everybody",
        Openness.ANY_LOGIN: "is open to anybody who logs in",
        Openness.CLOSED: "is closed",
    }
)
_STATES: Mapping[Deviation, tuple[str, str]] = MappingProxyType(
    {
        Deviation.MISSING: ("is missing", "are missing"),
        Deviation.UNDECLARED: ("is in no file", "are in no file"),
        Deviation.UNMARKED: (
            "carries no mark of the stack any more",
            "carry no mark of the stack any more",
        ),
    }
)
_CONTEXTS: Mapping[str, str] = MappingProxyType(
    {
        "dash": "{} in the dashboard",
        "api": "{} by the API",
        "api_key": "{} by an API key",
        "api_token": 'API token "{}"',
        "oauth": "{} by OAuth",
        "origin_ca_key": "{} by an origin CA key",
    }
)
# What is said where the log knows no name.
_NAMELESS: Mapping[str, str] = MappingProxyType(
    {"dash": "somebody in the dashboard", "api_token": "an API token without a known name"}
)


def drift_page(report: DriftReport, redact: Redact, now: datetime, *, typed: str = "") -> Page:
    """Format the report; untrusted text is escaped.

    Args:
        report: what was found.
        redact: masks sensitive values.
        now: the time, in the zone of the reader.
        typed: the options that name the files, each behind a blank.
    """
    clean = Clean(redact)
    heading = f"Drift of {code_span(clean(report.stack))}"
    record = drift_document(report, redact, now)
    lines = DriftLines(clean, report, now, typed)
    title = lines.title() if report.items else ()
    parts = (title, lines.items(), lines.notes(), [lines.verdict()])
    shown = tuple(block for rows in parts if (block := tuple(rows)))
    return Page(heading, shown, (record,), folds=False, wraps=True)


@dataclass(frozen=True)
class DriftLines:
    """Formats a report, part by part."""

    clean: Clean
    report: DriftReport
    now: datetime
    typed: str = ""

    def title(self) -> Iterator[Line]:
        """Whose drift it is, when it was looked for, and what is left out of names."""
        when_applied = self.clean(_moment(self.report.since, self.now))
        since = f", since the last apply ({when_applied})" if self.report.since else ""
        when = self.now.strftime("%-d %b %H:%M %Z").strip()
        yield Line(f"Drift of stack {self.clean(self.report.stack)}, {when}{since}")
        if domain := self.names.domain:
            yield Line(f"Hosts without a dot are below {domain}.", tone=Tone.QUIET)

    @cached_property
    def names(self) -> Folding:
        """How names are folded in this report."""
        hosts = (host for item in self.report.items for host in item.hosts)
        return Folding(shared_domain(map(self.clean, hosts)))

    def items(self) -> Iterator[Line]:
        """Every item; those that say the same of several objects are one."""
        alike: dict[object, list[DriftItem]] = {}
        for item in self.report.items:
            alike.setdefault(_alike(item), []).append(item)
        for group in alike.values():
            yield from _Item(self.clean, self.names, group, self.now).lines()

    def notes(self) -> Iterator[Line]:
        """What could not be read, and what is not shown."""
        if self.report.authors:
            text = f"Who changed it is not told: {self.clean(self.report.authors)}"
            yield Line(text, tone=Tone.QUIET)
        if self.report.unread:
            yield Line("Not everything could be read:")
            yield from (Line(self.clean(text), "!", 3) for text in self.report.unread)
        if self.report.copies:
            yield Line(TRUSTS)
            yield from (Line(self.clean(it.text), "!", 3) for it in self.report.copies)
        if self.report.withheld:
            more = _many(self.report.withheld, "difference")
            opened = ", ONE OF AN OPEN HOST" if self.report.open_withheld else ""
            yield Line(f"{more} not shown, as was asked{opened}.")

    def verdict(self) -> Line:
        """How many there are, and what to do."""
        found = self.report.items
        if not found:
            steps = _many(self.report.in_step, "object")
            more = " of these severities" if self.report.withheld else ""
            since = " since then" if self.report.since else ""
            stack = self.clean(self.report.stack)
            return Line(f"No drift of stack {stack}{more}{since}: {steps} in step.")
        opened = len(self.report.exposed_hosts)
        exposed = f", {_many(opened, 'host')} exposed" if opened else ""
        return Line(f"{_many(len(found), 'difference')}{exposed}. {self._todo()}", tone=Tone.STRONG)

    def _todo(self) -> str:
        found = self.report.items
        stay = sum(it.deviation.stays for it in found)
        if stay == len(found):
            explained = any(it.deviation in _IN_A_PLAN for it in found)
            plan = f"`ztctl plan{self.clean(self.typed)}` says more."
            return plan if explained else "No apply changes that."
        back = "it" if len(found) == 1 else "them"
        but = f", but for {stay}" if stay else ""
        return f"`ztctl apply{self.clean(self.typed)}` puts {back} back{but}."


def _alike(item: DriftItem) -> object:
    """Equal for items that may share their lines; an open host has its own."""
    if item.exposed or item.address is None or item.deviation is Deviation.REFUSED:
        return item.identity
    edits = tuple(repr(edit) for edit in item.edits)
    access = tuple(sorted({(repr(it.gained), repr(it.lost)) for it in item.access}))
    who = (item.author.name, item.author.context) if item.author else None
    kinds = tuple(it.kind for it in item.with_it)
    return item.severity, item.deviation, item.address.kind, edits, access, kinds, who


@dataclass(frozen=True)
class _Item:
    """Items that say the same of one object or several."""

    clean: Clean
    names: Folding
    items: Sequence[DriftItem]
    now: datetime

    def lines(self) -> Iterator[Line]:
        item = self.items[0]
        rows = [*self._exposed(item), *self._access()]
        cause = self._cause(item)
        who = _by(item.author, self.clean, self.now) if item.author is not None else ""
        told = "; ".join(filter(None, (cause, who)))
        label = item.severity.upper()
        for place, text in enumerate([*rows, *filter(None, [told])]):
            head = f"  {'' if place else label}"
            tone = _TONES[item.severity] if not place else Tone.PLAIN
            yield Line(f"{head:{_TEXT}}{text}", tone=tone, column=_TEXT)

    def _exposed(self, item: DriftItem) -> Iterator[str]:
        for it in item.exposed:
            host = any_other(self.clean(it.host))
            stays = _STAYS if it.stays and item.deviation in _TOLD_TO_STAY else ""
            yield f"{host} {_OPEN[it.openness]}: {self.clean(it.reason)}{stays}"

    def _access(self) -> Iterator[str]:
        """Who gains and loses, once for all hosts for which it is the same."""
        opened = {it.host for item in self.items for it in item.exposed}
        hosts: dict[tuple[str, ...], list[str]] = {}
        for change in (it for item in self.items for it in item.access):
            signed = signed_rows(change, places=True)
            rows = (*self._strangers(change), *map(self._phrase, signed))
            phrases = tuple(dict.fromkeys(rows))
            # Where everybody enters nobody wants to know who else does.
            if phrases and change.host not in opened:
                hosts.setdefault(phrases, []).append(change.host)
        for phrases, found in hosts.items():
            shown = self.names.folded(any_other(self.clean(host)) for host in found)
            several = len({*found})
            count = f" ({several} hosts)" if several > 1 else ""
            more = len(phrases) - _MOST
            rest = f"; and {more} more" if more > 0 else ""
            yield f"{shown}{count}: {'; '.join(phrases[:_MOST])}{rest}"

    def _strangers(self, change: AccessChange) -> Iterator[str]:
        for way in change.gained:
            if way.openness:
                told_of = f": {self.clean(way.change)}" if way.change else ""
                yield f"+ {self.clean(way.who)} → {self.clean(way.origin)}{told_of}"

    def _phrase(self, row: tuple[str, str, str]) -> str:
        sign, who, what = row
        joined = what.startswith(("→", "below /"))
        text = f" {self.clean(what)}" if joined else f": {self.clean(what)}"
        return f"{sign} {self.clean(who)}{text if what else ''}"

    def _cause(self, item: DriftItem) -> str:
        if item.address is None:
            return ""
        keys = [self.clean(it.address.key) for it in self.items if it.address is not None]
        kind, several = item.address.kind, len(keys) > 1
        subject = f"{plural(kind, len(keys))} {self.names.folded(keys)}"
        if item.deviation is Deviation.REFUSED:
            return f"{subject}: {self.clean(item.detail)}"
        if item.deviation is Deviation.FOREIGN:
            also = f"; {_AUDIENCE}" if item.with_it else ""
            place = self.clean(item.detail)
            return f"{subject}, not of this stack, stands on {place}{also}"
        on_server = item.deviation is Deviation.SERVER
        server = f"; {_SERVER} {' and '.join(keys)}`" if on_server else ""
        state = _STATES.get(item.deviation, ("", ""))[several]
        unstated = f"; {_UNSTATED}" if item.deviation is Deviation.UNSTATED else ""
        phrases = list(self._edits(item)) if item.deviation is not Deviation.MISSING else []
        more = len(phrases) - _MOST
        rest = [f"and {more} more"] if more > 0 else []
        fields = "; ".join([*phrases[:_MOST], *rest])
        followers = ", ".join(
            f"{noun(it.kind)} {self.names.short(self.clean(it.key))}" for it in item.with_it
        )
        also = f", and with it {followers}" if followers and not several else ""
        told_state = f" {state}{also}" if state else also
        return f"{subject}{told_state}{f': {fields}' if fields else ''}{unstated}{server}"

    def _edits(self, item: DriftItem) -> Iterator[str]:
        """Each field: what it is, and what the files say."""
        for edit in item.edits:
            yield self._edit(edit)

    def _edit(self, edit: Edit) -> str:
        path = self.clean(edit.path)
        live, wanted = map(self._value, (edit.before, edit.after))
        if element := _ELEMENT.fullmatch(edit.path):
            path = self.clean(element[1])
            if not is_present(edit.before):
                return f"{path} lacks {wanted or 'something'}"
            if not is_present(edit.after):
                return f"{path} has {live or 'something'}, too"
        if not is_present(edit.before):
            return f"{path} is unset, not {wanted}" if wanted else f"{path} is unset"
        if not is_present(edit.after):
            return f"{path} is {live or 'set'}, and unset in the files"
        if live and wanted:
            return f"{path} is {live}, not {wanted}"
        return f"{path} is {live}" if live else f"{path} differs"

    def _value(self, value: Any) -> str:
        """A value that is short enough for a line; empty for another, and for none."""
        if not is_present(value):
            return ""
        text = FieldWriter(self.clean).inline(value)
        if isinstance(value, Mapping) and len(value) == 1:
            # A rule, or a place of an application.
            ((name, inner),) = value.items()
            inner = (
                self.clean(inner)
                if isinstance(inner, str)
                else FieldWriter(self.clean).inline(inner)
            )
            text = f"{self.clean(name)} {inner}"
        elif isinstance(value, str) and value and " " not in value:
            text = self.clean(value)
        return text if len(text) <= _LONGEST else ""


# An element of a list as a whole.
_ELEMENT = re.compile(r"(.*)\[\d*\]")
_UNSTATED = "no apply changes what the files leave unsaid"
_SERVER = "no apply changes a file on a server: write it anew by `ztctl tunnel files"
_AUDIENCE = "an apply has the connector take its tokens"
# Of these a plan tells as well.
_IN_A_PLAN = (Deviation.OPEN, Deviation.REFUSED)
_TOLD_TO_STAY = (Deviation.OPEN, Deviation.FOREIGN, Deviation.UNSTATED)
_STAYS = "; no apply changes that. If it is meant, the files say so by `public:`"


def _by(author: Author, clean: Clean, now: datetime) -> str:
    if author.name:
        known = _CONTEXTS.get(author.context, "{}")
        who = known.replace("{}", clean(author.name))
    else:
        who = _NAMELESS.get(author.context, "somebody without a name in the log")
    when = _moment(author.time, now)
    return f"{who}, {clean(when)}" if when else who


def _moment(text: str, now: datetime) -> str:
    """How long ago something was; a time in the reader's zone where it is longer ago."""
    then = _in_zone(text, now)
    if then is None:
        return text
    ago = now - then
    if timedelta(0) <= ago < timedelta(hours=1):
        minutes = int(ago.total_seconds() // 60)
        return f"{minutes} min ago" if minutes else "just now"
    if timedelta(0) <= ago < timedelta(hours=12):
        return f"{int(ago.total_seconds() // 3600)} h ago"
    if then.date() == now.date():
        return f"today {then:%H:%M}"
    if then.date() == now.date() - timedelta(days=1):
        return f"yesterday {then:%H:%M}"
    year = "" if then.year == now.year else " %Y"
    return then.strftime(f"%-d %b{year} %H:%M")


def _in_zone(text: str, now: datetime) -> datetime | None:
    """A time of the service in the reader's zone; ``None`` for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(now.tzinfo) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# -- for machines ---------------------------------------------------------------------------


def drift_document(report: DriftReport, redact: Redact, now: datetime) -> dict[str, Any]:
    """Convert a report into the members of a JSON document; see ``schemas/drift.schema.json``."""
    found: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "type": "drift",
        "time": now.isoformat(timespec="seconds"),
        "account": report.account,
        "stack": report.stack,
        "summary": {
            **{it.value: report.count(it) for it in DriftSeverity},
            "withheld": report.withheld,
            "in_step": report.in_step,
        },
        "exposed_hosts": list(report.exposed_hosts),
        "open_withheld": report.open_withheld,
        "since": report.since or None,
        "authors_unread": report.authors or None,
        "unread": list(report.unread),
        "copies": [asdict(it) for it in report.copies],
    }
    shown: dict[str, Any] = redacted(found, redact)
    return {**shown, "items": [_item_document(item, redact) for item in report.items]}


def _item_document(item: DriftItem, redact: Redact) -> dict[str, Any]:
    found = {
        "identity": item.identity,
        "severity": item.severity.value,
        "deviation": item.deviation.value,
        "address": str(item.address) if item.address else None,
        "hosts": list(item.hosts),
        "access": [
            {
                "host": it.host,
                "gained": list(map(way_fields, it.gained)),
                "lost": list(map(way_fields, it.lost)),
            }
            for it in item.access
        ],
        "exposed": [
            {"host": it.host, "reason": it.reason, "openness": it.openness.text, "stays": it.stays}
            for it in item.exposed
        ],
        "with_it": list(map(str, item.with_it)),
        "detail": item.detail,
        "changed": item.changed or None,
        "author": _author_document(item.author),
        "where": None
        if item.where is None
        else {"file": item.where.file, "line": item.where.line, "column": item.where.column},
    }
    fields = [
        {
            "path": redact(edit.path),
            "live": to_json(edit.before, redact),
            "file": to_json(edit.after, redact),
        }
        for edit in item.edits
    ]
    shown: dict[str, Any] = redacted(found, redact)
    return {**shown, "fields": fields}


def _author_document(author: Author | None) -> dict[str, Any] | None:
    if author is None:
        return None
    return {
        "name": author.name,
        "context": author.context,
        "time": author.time,
        "action": author.action,
    }


def items_in_short(report: DriftReport, clean: Clean, now: datetime) -> Iterable[tuple[str, str]]:
    """Severity and one line for each item, for a message."""
    names = Folding()
    for item in report.items:
        rows = (line.text[_TEXT:] for line in _Item(clean, names, [item], now).lines())
        yield item.severity.value, "; ".join(rows)
