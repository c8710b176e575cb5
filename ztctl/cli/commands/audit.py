"""``ztctl audit``: every name that leads to a tunnel of the account, and what is open of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit, watched
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.diagnostics import Where
    from ztctl.core.reach.acceptance import Acceptance
    from ztctl.core.reach.audit import AuditedName, AuditReport, Finding
    from ztctl.core.reach.auditing import Auditor
    from ztctl.core.runs.journal import Redact
    from ztctl.engine.whole_account import WholeAccount
    from ztctl.views.view import View

# Days before the end of a service token in which it is told.
_SOON = 30
# Days for which a new entry of an accept file holds, until somebody writes another date.
_ACCEPTED = 180

_FORMATS = (opt.OutputFormat.html, opt.OutputFormat.github, opt.OutputFormat.sarif)

# Kinds whose key is the name of a host, the record last: it is what makes the name lead somewhere.
_OF_HOST = ("ca_key", "access_application", "dns_record")

_of_audit = partial(typer.Option, rich_help_panel="Audit")


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is told, and what is accepted."""

    explain: Annotated[
        str | None,
        _of_audit(
            "--explain",
            metavar="HOST",
            autocompletion=completion.hosts,
            help="All about one name, or one object such as tunnel.NAME: what is wrong, why, and "
            "what to do.",
        ),
    ] = None
    accept: Annotated[
        Path | None,
        _of_audit("--accept", metavar="FILE", help="A file of names that may be open, with why."),
    ] = None
    write_accept: Annotated[
        Path | None,
        _of_audit(
            "--write-accept",
            metavar="FILE",
            help="Write such a file of what is open now, to be edited.",
        ),
    ] = None
    all: Annotated[
        bool, _of_audit("--all", help="List what is closed, accepted and private; fold nothing.")
    ] = False


@dataclass(frozen=True, slots=True)
class AuditRunOptions:
    """How far a report goes, and whether hosts are asked."""

    stack: Annotated[
        str | None,
        opt.run_option("--stack", metavar="STACK", help="Tell only of what this stack owns."),
    ] = None
    zone: Annotated[
        str | None, opt.run_option("--zone", metavar="ZONE", help="Tell only of this zone's names.")
    ] = None
    probe: Annotated[
        bool, opt.run_option("--probe", help="Ask each open or doubtful name from outside, too.")
    ] = False


@opt.with_options
def audit(
    *,
    asked: AuditOptions,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    copies: opt.CopyOptions,
    run: AuditRunOptions,
    output: Annotated[opt.OutputOptions, opt.formats(*_FORMATS)],
    sarif: opt.SarifOptions,
) -> Exit:
    """Look for open doors in the whole account; needs no file."""
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of

    if run.probe and live.live is not None:
        raise Usage("--probe asks the hosts, and --live nobody", "drop one of them")
    chosen = settings(output, files, account, live=live, copies=copies, sarif=sarif)
    _check(asked, run)
    declared = declared_by(chosen) if files.file else None
    view = view_of(chosen, declared)
    with errors_shown(view):
        accepted = _accepted(asked.accept)
        return _audited(_AuditRequest(chosen, declared, view, asked, run, accepted))


@dataclass(frozen=True, slots=True)
class _AuditRequest:
    settings: Settings
    declared: Declared | None
    view: View
    asked: AuditOptions
    run: AuditRunOptions
    accepted: Sequence[Acceptance]


def _check(asked: AuditOptions, run: AuditRunOptions) -> None:
    import re

    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.names import to_ascii

    if asked.explain is not None:
        others = {
            "--write-accept": asked.write_accept,
            "--stack": run.stack,
            "--zone": run.zone,
            "--all": asked.all or None,
        }
        if given := [option for option, value in others.items() if value is not None]:
            raise Usage("--explain is about one name", f"drop {' and '.join(given)}")
        if asked.explain.partition(".")[0] in _KINDS and asked.explain.partition(".")[2]:
            return
        if not re.fullmatch(r"[a-z0-9_*-]+(\.[a-z0-9_*-]+)+", to_ascii(asked.explain)):
            text = f"{asked.explain!r} is not a host name"
            raise Usage(text, "write the whole name, such as ssh.example.com")
    if asked.write_accept is not None and asked.write_accept.exists():
        raise Failure(
            f"{asked.write_accept} is there already",
            "name another file: with --accept, what holds of the old one is carried over",
        )


def _accepted(path: Path | None) -> Sequence[Acceptance]:
    from ztctl.documents.accept_file import read_accepted

    return read_accepted(path) if path is not None else ()


def _audited(request: _AuditRequest) -> Exit:
    from ztctl.cli.session import run_to_end

    account, whole = run_to_end(_read(request))
    auditor = _auditor(whole, request.declared)
    if request.asked.explain is not None and _is_object(request.asked.explain, whole):
        whole_report = auditor.report(account, unread=whole.unread)
        about = _about(request.asked.explain, whole_report, whole)
        _explain_object(about, request)
        return watched(exposed=about.is_exposed, unread=bool(whole.unread))
    if request.asked.explain is not None:
        name = _named(auditor, whole, request)
        if request.run.probe:
            name = _probed(_only(name, account), whole, request).names[0]
        _explain(name, account, whole, request)
        return watched(exposed=name.may_be_open, unread=bool(whole.unread))
    whole_report = auditor.report(account, unread=whole.unread, accepted=request.accepted)
    report = _narrowed(whole_report, whole, request.run)
    if request.run.probe:
        report = _probed(report, whole, request)
    _show(_placed(report, request), request)
    written = True
    if request.asked.write_accept is not None:
        # What holds of the old file stays, also where the report is narrowed.
        kept = [it.accepted for it in whole_report.accepted if it.accepted is not None]
        written = _write(report, kept, request.asked.write_accept, request.view)
    return watched(exposed=report.is_exposed, unread=bool(report.unread) or not written)


async def _read(request: _AuditRequest) -> tuple[str, WholeAccount]:
    from ztctl.cli.copies import copies_of
    from ztctl.cli.session import account_of
    from ztctl.engine.whole_account import whole_account
    from ztctl.kinds.registry import KINDS

    copies = copies_of(request.settings, request.declared)
    async with account_of(request.settings, request.declared, request.view) as live:
        whole = await whole_account(KINDS, live, request.view.event, copies)
        return str(live.account), whole


def _auditor(whole: WholeAccount, declared: Declared | None) -> Auditor:
    from datetime import UTC, datetime, timedelta

    from ztctl.core.reach.auditing import Auditor, Days
    from ztctl.core.reach.open_now import PublicPlaces

    today = datetime.now(UTC).date()
    days = Days(today.isoformat(), (today + timedelta(_SOON)).isoformat())
    public = PublicPlaces(declared.public if declared else ())
    return Auditor(whole.live, whole.facts, days, public.reason)


# -- one object -----------------------------------------------------------------------------

_KINDS = ("tunnel", "service_token", "ca_key", "access_application", "zone")


def _is_object(text: str, whole: WholeAccount) -> bool:
    """Whether a text is the address of an object; ``tunnel.`` and ``zone.`` may begin a name."""
    from ztctl.core.model.names import to_ascii
    from ztctl.kinds.zone import zone_of

    kind = text.partition(".")[0]
    if kind not in _KINDS or "_" in kind:
        return kind in _KINDS
    return zone_of(to_ascii(text), whole.live.get("zone", ())) is None


def _about(text: str, report: AuditReport, whole: WholeAccount) -> AuditReport:
    """What is found about the objects that are called so, or have this id.

    Raises:
        Failure: there is none.
    """
    from dataclasses import replace

    from ztctl.core.model.diagnostics import Failure
    from ztctl.documents.suggest import nearest

    kind, _, name = text.partition(".")
    words = {it.id: {it.id, it.name, it.key} for it in whole.live.get(kind, ())}
    meant = {key for key, called in words.items() if name in called}
    if not meant:
        known = tuple(sorted(it.key for it in whole.live.get(kind, ())))
        near = nearest(name, known)
        hint = f"did you mean {kind}.{near}?" if near else ""
        raise Failure(f"there is no live {kind} called {name!r}", hint)
    found = tuple(it for it in report.findings if it.about == kind and it.id in meant)
    return replace(report, names=(), routes=(), findings=found, idle=())


def _explain_object(about: AuditReport, request: _AuditRequest) -> None:
    from ztctl.views.audit_view import OBJECTS, objects_page

    kind, _, name = (request.asked.explain or "").partition(".")
    page = objects_page(_placed(about, request), f"{OBJECTS[kind]} {name}", _mask(request))
    request.view.page(page)


# -- one name -------------------------------------------------------------------------------


def _named(auditor: Auditor, whole: WholeAccount, request: _AuditRequest) -> AuditedName:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.names import to_ascii
    from ztctl.kinds.zone import no_active_zone, zone_of

    host = to_ascii(request.asked.explain or "")
    zones = whole.live.get("zone", ())
    if zone_of(host, zones) is None:
        raise Failure(*no_active_zone(host, zones, whole.live.get("inactive_zone", ())))
    return auditor.named(host, request.accepted)


def _only(name: AuditedName, account: str) -> AuditReport:
    from ztctl.core.reach.audit import AuditReport

    return AuditReport(account, (), (name,))


def _explain(name: AuditedName, account: str, whole: WholeAccount, request: _AuditRequest) -> None:
    from ztctl.views.audit_view import explain_page

    (placed,) = _placed(_only(name, ""), request).names
    request.view.page(explain_page(placed, _mask(request), whole.unread, account))


# -- the report -----------------------------------------------------------------------------


def _narrowed(report: AuditReport, whole: WholeAccount, asked: AuditRunOptions) -> AuditReport:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.names import to_ascii

    zone = to_ascii(asked.zone) if asked.zone is not None else ""
    if zone and zone not in report.zones:
        known = ", ".join(report.zones[:12]) or "none"
        text = f"there is no active zone {zone} in the account"
        raise Failure(text, f"the token sees these active zones: {known}")
    stacks = {it.mark.stack for items in whole.live.values() for it in items if it.mark}
    if asked.stack is not None and asked.stack not in stacks:
        known = ", ".join(sorted(stacks)[:12]) or "none"
        text = f"nothing in the account carries the mark of a stack {asked.stack!r}"
        raise Failure(text, f"stacks of the account: {known}")
    return report.narrowed(zone=zone, stack=asked.stack or "")


def _placed(report: AuditReport, request: _AuditRequest) -> AuditReport:
    """The report with the places of what the files declare, or an accept file names."""
    from ztctl.core.model.address import Address
    from ztctl.core.model.objects import Mark
    from ztctl.core.reach.audit import HOST

    declared = {it.address: it.where for it in request.declared.wanted} if request.declared else {}
    hosts = {
        it.key: where for kind in _OF_HOST for it, where in declared.items() if it.kind == kind
    }
    accepted = {it.host: it.where for it in request.accepted}

    def place(found: Finding) -> Where | None:
        if found.about == HOST:
            return hosts.get(found.subject) or accepted.get(found.subject)
        return declared.get(Address(found.about, Mark.of_name(found.subject)[0]))

    return report.placed(place)


def _probed(report: AuditReport, whole: WholeAccount, request: _AuditRequest) -> AuditReport:
    from ztctl.cli.edge_wait import prober
    from ztctl.cli.session import run_to_end
    from ztctl.engine.ask_outside import asked_outside

    teams = [live.name for live in whole.live.get("organization", ()) if live.name]

    async def probing() -> AuditReport:
        async with prober(request.settings) as doors:
            return await asked_outside(report, doors.head, next(iter(teams), None))

    return run_to_end(probing())


def _show(report: AuditReport, request: _AuditRequest) -> None:
    from ztctl.views.audit_view import audit_page

    every, brief = request.asked.all, request.settings.quiet
    request.view.page(audit_page(report, _mask(request), every=every, brief=brief))


def _mask(request: _AuditRequest) -> Redact:
    from ztctl.documents.mask import Mask

    return Mask(request.declared.environment if request.declared else {}).hide


def _write(report: AuditReport, kept: Sequence[Acceptance], path: Path, view: View) -> bool:
    """Write an accept file; whether that was done. What was found decides the exit code first."""
    from datetime import UTC, datetime, timedelta

    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.reach.acceptance import Acceptance
    from ztctl.documents.accept_file import accept_text

    until = (datetime.now(UTC).date() + timedelta(_ACCEPTED)).isoformat()
    new = [Acceptance(it.host, "", until, it.seen) for it in report.names if it.may_be_open]
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(accept_text((*new, *kept)))
    except OSError as error:
        view.failure(Failure(f"cannot write {path}: {(error.strerror or str(error)).lower()}"))
        return False
    wants = f"{len(new)} to be given a reason, or taken out" if new else "none is new"
    count = len(new) + len(kept)
    view.note(f"{path} holds {count} name{'' if count == 1 else 's'}; {wants}.")
    return True
