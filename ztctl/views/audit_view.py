"""Format an audit: what is open first, one name each; what is closed is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from ztctl.core.model.facts import DEVICES
from ztctl.core.reach.audit import HOST, AuditedName, AuditReport, Finding
from ztctl.core.reach.audit_rules import AuditCode, Risk
from ztctl.core.reach.private import PrivatePath
from ztctl.core.runs.journal import Redact
from ztctl.views.escape import Clean
from ztctl.views.folding import Folding, shared_domain
from ztctl.views.jsonplan import FORMAT_VERSION, way_fields
from ztctl.views.jsonvalue import redacted
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.reach import details
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wording import short_id

_NAME, _REASON = 4, 8
# Names up to this width have what is found of them beside them.
_BESIDE: Final = 26
_LISTED: Final = 18
# How each kind of object is called.
OBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "zone": "zone",
        "tunnel": "tunnel",
        "service_token": "service token",
        "access_application": "application",
        "ca_key": "CA of",
    }
)
_TONES: Final = MappingProxyType({Risk.OPEN: Tone.ERROR, Risk.UNSEEN: Tone.ERROR})


def audit_page(
    report: AuditReport, redact: Redact, *, every: bool = False, brief: bool = False
) -> Page:
    """Format a report; untrusted text is escaped.

    Args:
        report: what was found.
        redact: hides what must not be seen.
        every: list what is closed, accepted and private, and fold nothing.
        brief: only what is open, unseen or unread; without that, nothing is said to people.
    """
    text = _Text(report, Clean(redact), every=every)
    if brief and not (report.is_exposed or report.unread):
        parts: tuple[Iterable[Line], ...] = ()
    elif brief:
        parts = (text.head(), text.dangers(), text.gaps(), text.verdict())
    else:
        parts = (text.head(), text.risks(), text.gaps(), text.idle(), text.verdict())
    blocks = tuple(block for lines in parts if (block := tuple(lines)))
    heading = f"Audit of account {code_span(Clean(redact)(short_id(report.account)))}"
    return Page(heading, blocks, (audit_document(report, redact),), folds=False, wraps=True)


def explain_page(
    name: AuditedName, redact: Redact, unread: Sequence[str] = (), account: str = ""
) -> Page:
    """Format all about one name: what is wrong with it, why, what to do, and who gets there.

    ``unread`` is what could not be read of the account, of which ``account`` is the id.
    """
    clean = Clean(redact)
    said, around = tuple(_explained(name, clean)), tuple(details(name.reach, clean))
    blocks = (said, around, tuple(_gaps(unread, clean)))
    heading = f"Audit of {code_span(clean(name.host))}"
    known = {"format_version": FORMAT_VERSION, "type": "audit_name"}
    fields = {**known, "account": account, **_name_fields(name), "unread": list(unread)}
    record = redacted(fields, redact)
    return Page(heading, tuple(it for it in blocks if it), (record,), folds=False, wraps=True)


def objects_page(report: AuditReport, subject: str, redact: Redact) -> Page:
    """Format all that was found about one object, which is no name; its findings are the report's.

    ``subject`` is what the object is called where nothing was found.
    """
    clean = Clean(redact)
    said = tuple(_explained_objects(report.findings, clean))
    nothing = (Line(f"Nothing is found about the {clean(subject)}.", tone=Tone.STRONG),)
    blocks = (said or nothing, tuple(_gaps(report.unread, clean)))
    record = audit_document(report, redact)
    shown = tuple(it for it in blocks if it)
    return Page(f"Audit of the {clean(subject)}", shown, (record,), folds=False, wraps=True)


# -- for machines ---------------------------------------------------------------------------


def audit_document(report: AuditReport, redact: Redact) -> dict[str, Any]:
    """The report as JSON; docs/reference/json.md and schemas/audit.schema.json tell of it."""
    objects = [_finding_fields(it) for it in report.findings]
    document = {
        "format_version": FORMAT_VERSION,
        "type": "audit",
        "account": report.account,
        "zone": report.zone,
        "stack": report.stack,
        "is_exposed": report.is_exposed,
        "summary": _counts(report),
        "zones": list(report.zones),
        "names": list(map(_name_fields, report.names)),
        "findings": objects,
        "routes": [{**asdict(it), "enter": [DEVICES]} for it in report.routes],
        "unread": list(report.unread),
        "idle_acceptances": [it.host for it in report.idle],
    }
    found: dict[str, Any] = redacted(document, redact)
    return found


def _name_fields(name: AuditedName) -> dict[str, Any]:
    reach = asdict(name.reach)
    for key in ("host", "unread", "person", "stated"):
        del reach[key]
    accepted = name.accepted
    return {
        "host": name.host,
        "zone": name.zone,
        "stacks": list(name.stacks),
        "risk": name.risk.value,
        "findings": [_finding_fields(it) for it in name.findings],
        "accepted": {"reason": accepted.reason, "until": accepted.until} if accepted else None,
        "ended": name.ended,
        "probed": name.probed,
        "reach": {**reach, "enter": list(map(way_fields, name.reach.enter))},
    }


def _finding_fields(it: Finding) -> dict[str, Any]:
    return {
        "code": it.code.value,
        "risk": it.risk.value,
        "about": it.about,
        "subject": it.subject,
        "id": it.id,
        "zone": it.zone,
        "stacks": list(it.stacks),
        "reasons": list(it.reasons),
        "identity": it.identity,
        "remedy": it.rule.remedy,
        "where": None
        if it.where is None
        else {"file": it.where.file, "line": it.where.line, "column": it.where.column},
    }


def _counts(report: AuditReport) -> dict[str, int]:
    objects = [it.risk for it in report.findings]
    counts = {risk.value: len(report.of(risk)) + objects.count(risk) for risk in Risk}
    return {**counts, "accepted": len(report.accepted), "routes": len(report.routes)}


# -- for people -----------------------------------------------------------------------------


def _alike(report: AuditReport) -> Mapping[tuple[str, tuple[str, ...]], list[str]]:
    """What is weak, by what it is about and what is found of it."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in report.of(Risk.WEAK):
        texts = tuple(text for it in name.findings for text in it.reasons)
        groups.setdefault((HOST, texts), []).append(name.host)
    for it in report.findings:
        if it.risk is Risk.WEAK:
            groups.setdefault((it.about, it.reasons), []).append(it.subject)
    return groups


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


class _Text:
    """The lines of a report."""

    def __init__(self, report: AuditReport, clean: Clean, *, every: bool) -> None:
        self._report = report
        self._clean = clean
        self._every = every
        self._alike = _alike(report)
        listed = [
            it
            for (about, _), hosts in self._alike.items()
            if about == HOST and len(hosts) > 1
            for it in hosts
        ]
        self._folding = Folding(shared_domain(map(clean, listed)), every=every)

    def head(self) -> Iterator[Line]:
        """How much was looked at, and what is left out of names."""
        report, clean = self._report, self._clean
        tunnels = {tunnel for name in report.names for tunnel in name.seen.tunnel}
        zones = f"zone {clean(report.zone)}" if report.zone else _counted(len(report.zones), "zone")
        of = f" of stack {clean(report.stack)}" if report.stack else ""
        names = _counted(len(report.names), "name")
        verb = "leads" if len(report.names) == 1 else "lead"
        lead = f"{names}{of} that {verb} to {_counted(len(tunnels), 'tunnel')}"
        yield Line(f"Account {clean(short_id(report.account))}: {zones}, {lead}.")
        if domain := self._folding.domain:
            yield Line(f"Hosts without a dot are below {domain}.", tone=Tone.QUIET)

    def risks(self) -> Iterator[Line]:
        """Every section."""
        yield from self.dangers()
        yield from self._section(Risk.WEAK, self._weak())
        accepted = self._report.accepted
        yield from self._folded("ACCEPTED", accepted, self._accepted)
        yield from self._folded("CLOSED", self._report.of(Risk.CLOSED), self._closed)
        yield from self._folded("PRIVATE", self._report.routes, self._route)

    def dangers(self) -> Iterator[Line]:
        """What is open, and what cannot be told."""
        for risk in (Risk.OPEN, Risk.UNSEEN):
            objects = (it for it in self._report.findings if it.risk is risk)
            lines = [line for name in self._report.of(risk) for line in self._open(name)]
            lines += [line for it in objects for line in self._object(it)]
            yield from self._section(risk, lines)

    def _section(self, risk: Risk, lines: Iterable[Line]) -> Iterator[Line]:
        count = _counts(self._report)[risk.value]
        if count:
            tone = _TONES.get(risk, Tone.STRONG)
            yield Line(f"  {risk.value.upper()} ({count})", tone=tone, column=2)
            yield from lines

    def _folded(
        self, title: str, items: Sequence[Any], line: Callable[[Any], Iterator[Line]]
    ) -> Iterator[Line]:
        if items and self._every:
            yield Line(f"  {title} ({len(items)})", tone=Tone.STRONG, column=2)
            yield from (row for item in items for row in line(item))
        elif items:
            head = f"  {title} ({len(items)})".ljust(_LISTED)
            yield Line(f"{head}--all lists them", tone=Tone.QUIET, column=_LISTED)

    def _open(self, name: AuditedName) -> Iterator[Line]:
        yield self._row(f"{self._clean(name.host)}{self._way(name)}{self._owned(name)}")
        for finding in name.findings:
            if finding.risk is not Risk.WEAK:
                yield from (self._reason(text) for text in finding.reasons)
        answered = any(it.code is AuditCode.ANSWERS_UNASKED for it in name.findings)
        said = (name.ended, "" if answered else name.probed)
        yield from (self._reason(text) for text in said if text)

    def _object(self, finding: Finding) -> Iterator[Line]:
        yield self._row(f"{OBJECTS[finding.about]} {self._clean(finding.subject)}")
        yield from (self._reason(text) for text in finding.reasons)

    def _row(self, text: str) -> Line:
        return Line(f"{'':{_NAME}}{text}", column=_REASON)

    def _reason(self, text: str) -> Line:
        return Line(f"{'':{_REASON}}{self._clean(text)}", column=_REASON)

    def _way(self, name: AuditedName) -> str:
        """Where a name leads."""
        served = [it for it in name.reach.services if not it.service.startswith("http_status")]
        tunnels = dict.fromkeys(it.tunnel for it in served)
        services = dict.fromkeys(it.service for it in served)
        if services:
            shown = " and ".join(map(self._clean, services))
            return f" → {shown} (tunnel {', '.join(map(self._clean, tunnels))})"
        names = [it.tunnel for it in name.reach.leads if it.tunnel]
        return f" → tunnel {', '.join(map(self._clean, names))}" if names else ""

    def _owned(self, name: AuditedName) -> str:
        """Whose it is; empty where no mark says so."""
        owners = ", ".join(map(self._clean, name.stacks))
        return f", of stack {owners}" if owners else ""

    # -- weak: equal ones together ----------------------------------------------------------

    def _weak(self) -> Iterator[Line]:
        for (about, texts), subjects in self._alike.items():
            yield from self._group(about, subjects, texts)

    def _group(self, about: str, subjects: Sequence[str], texts: Iterable[str]) -> Iterator[Line]:
        said = "; ".join(map(self._clean, texts))
        names = list(map(self._clean, subjects))
        if about != HOST:
            shown = f"{OBJECTS[about]} {Folding(every=self._every).folded(names)}"
        elif len(names) > 1:
            shown = f"{self._folding.folded(names)} ({len(names)} hosts)"
        else:
            shown = names[0]
        head = f"{'':{_NAME}}{shown}"
        if len(shown) <= _BESIDE:
            column = _NAME + _BESIDE + 2
            yield Line(f"{head:{column}}{said}", column=column)
        else:
            yield Line(head, column=_REASON)
            yield Line(f"{'':{_REASON}}{said}", column=_REASON)

    # -- what is listed by --all ------------------------------------------------------------

    def _accepted(self, name: AuditedName) -> Iterator[Line]:
        yield self._row(f"{self._clean(name.host)}{self._way(name)}")
        if name.accepted is not None:
            yield self._reason(f"until {name.accepted.until}: {name.accepted.reason}")

    def _closed(self, name: AuditedName) -> Iterator[Line]:
        yield self._row(f"{self._clean(name.host)}{self._way(name)}{self._owned(name)}")
        apps = dict.fromkeys(it.application for it in name.reach.guards if it.application)
        alone = any(it.checks for it in name.reach.services)
        bare = (
            "no application, the connector alone asks for the token" if alone else "no application"
        )
        guard = f"application {', '.join(apps)}" if apps else bare
        enter = "; ".join(dict.fromkeys(way.who for way in name.reach.enter)) or "nobody enters"
        stated = name.reach.stated
        yield self._reason(f"{guard}: {enter}{f'; as stated: {stated}' if stated else ''}")

    def _route(self, path: PrivatePath) -> Iterator[Line]:
        clean = self._clean
        inside = f" in {clean(path.virtual_network)}" if path.virtual_network else ""
        of = f", of stack {clean(path.stack)}" if path.stack else ""
        yield self._row(f"{clean(path.network)}{inside} → tunnel {clean(path.tunnel)}{of}")
        yield self._reason(DEVICES)

    # -- the end ----------------------------------------------------------------------------

    def gaps(self) -> Iterator[Line]:
        """What could not be read."""
        return _gaps(self._report.unread, self._clean)

    def idle(self) -> Iterator[Line]:
        """Acceptances that are about nothing open."""
        if self._report.idle:
            yield Line("Accepted, and not open: these can be taken out of the accept file:")
            names = (self._clean(it.host) for it in self._report.idle)
            yield Line(f"  {Folding().folded(names)}", column=2)

    def verdict(self) -> Iterator[Line]:
        """The figures, and what to type next."""
        counts = _counts(self._report)
        found = [counts[it.value] for it in (Risk.OPEN, Risk.UNSEEN, Risk.WEAK)]
        more = " What to do: ztctl audit --explain HOST" if any(found) else ""
        opened, unseen, weak = found
        yield Line(f"{opened} open, {unseen} unseen, {weak} weak.{more}", tone=Tone.STRONG)


def _gaps(unread: Sequence[str], clean: Clean) -> Iterator[Line]:
    if unread:
        yield Line("Not everything could be read, so that this may be wrong:", tone=Tone.WARNING)
        yield from (Line(clean(text), "!", 3) for text in unread)


# -- one name -------------------------------------------------------------------------------


def _explained(name: AuditedName, clean: Clean) -> Iterator[Line]:
    host = clean(name.host)
    if name.accepted is not None:
        until, why = name.accepted.until, clean(name.accepted.reason)
        yield Line(f"{host} is accepted until {until}: {why}.", tone=Tone.STRONG)
    else:
        tone = _TONES.get(name.risk, Tone.STRONG)
        nowhere = name.risk is Risk.CLOSED and not (name.reach.leads or name.reach.enter)
        told = "leads nowhere, nobody gets there" if nowhere else f"is {name.risk.value.upper()}"
        yield Line(f"{host} {told}.", tone=tone)
    yield from (Line(clean(text), "!", 3) for text in (name.ended, name.probed) if text)
    yield from _why(name.findings, clean)


def _explained_objects(findings: Iterable[Finding], clean: Clean) -> Iterator[Line]:
    alike: dict[tuple[str, str], list[Finding]] = {}
    for it in findings:
        alike.setdefault((it.about, it.id), []).append(it)
    for (about, key), group in alike.items():
        worst = min(group, key=lambda it: it.risk.place)
        name = f"{OBJECTS[about]} {clean(worst.subject)}"
        text = f"{name} ({clean(key)})" if len(alike) > 1 else name
        yield Line(
            f"{text} is {worst.risk.value.upper()}.", tone=_TONES.get(worst.risk, Tone.STRONG)
        )
        yield from _why(group, clean)


def _why(findings: Iterable[Finding], clean: Clean) -> Iterator[Line]:
    """What each finding is, why it is one, and what to do."""
    for finding in findings:
        rule = finding.rule
        yield Line()
        yield Line(f"  {finding.risk.value.upper()}: {rule.title} [{finding.code}]", column=4)
        yield from (Line(f"    {clean(text)}", column=4) for text in finding.reasons)
        yield Line(f"    Why    {rule.why}", column=11)
        yield Line(f"    To do  {rule.remedy}", column=11)
