"""The command drift, from settings to an exit code, and everybody who is to be told."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import filterfalse
from pathlib import Path
from typing import TYPE_CHECKING

from ztctl.cli.error_output import show_error
from ztctl.cli.exits import Ended, Exit, watched
from ztctl.cli.ignoring import with_ignored
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.session import account_of, declared_by, view_of
from ztctl.cli.settings import WEBHOOK, Settings, Usage
from ztctl.cli.telling import stack_before, write_figures
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Failures, Problems, ZtctlError
from ztctl.core.model.drift import DriftItem, DriftReport, DriftSeverity
from ztctl.core.model.lint import Code
from ztctl.core.model.values import Secret
from ztctl.core.planning.drift import drift_items
from ztctl.documents.mask import Mask, forms_of
from ztctl.engine.audit_log import with_authors
from ztctl.engine.plan import Planned
from ztctl.engine.since import Recorded, is_since
from ztctl.engine.token_ends import api_token_end, service_token_ends
from ztctl.kinds.registry import KINDS
from ztctl.views.drift_view import drift_page
from ztctl.views.prometheus import Expiry, RunFigures

if TYPE_CHECKING:
    from ztctl.engine.drive import AccountApi
    from ztctl.views.view import View

_COLLECTIONS = {kind.name: kind.collection for kind in KINDS.values() if kind.collection}


@dataclass(frozen=True, slots=True)
class Watch:
    """The options of one run.

    Attributes:
        only: the severities that are told; empty: all.
        ignored: fields that are not told, as ``kind.key.field``.
        since_apply: tell only what changed since the last apply of this machine.
        webhook: where to post what differs.
        slack: in Slack's form.
        metrics: where to write figures.
    """

    settings: Settings
    only: frozenset[DriftSeverity] = frozenset()
    ignored: tuple[str, ...] = ()
    since_apply: bool = False
    webhook: Secret | None = None
    slack: bool = False
    metrics: Path | None = None


@dataclass
class _Watched:
    """What is known of a run, also where it fails midway.

    Attributes:
        report: what is told.
        whole: the same with what options leave out, for the figures.
    """

    request: Watch
    began: float = field(default_factory=time.monotonic)
    stack: str = ""
    calls: int = 0
    report: DriftReport | None = None
    whole: DriftReport | None = None
    service_tokens: Sequence[Expiry] = ()
    api_token: Expiry | None = None


def watch(request: Watch) -> Exit:
    """Look, tell, and end with the code of what was found."""
    run = _Watched(request)
    # Until the files are read only the webhook's URL has to be masked.
    nothing = Declared("", environment=_hidden(request))
    view, mask = view_of(request.settings, nothing), Mask(nothing.environment)
    failures: list[Failure] = []
    try:
        declared = _declared(request)
        run.stack = declared.stack
        view, mask = view_of(request.settings, declared), Mask(declared.environment)
        all_open = asyncio.run(_look(run, declared, view))
    except Usage:
        raise
    except (ZtctlError, OSError) as error:
        failures = list(_failures(error))
        view.close()
        show_error(view, error if isinstance(error, ZtctlError) else failures[0])
    finally:
        # Also where somebody ends it, or a fault of the program does: a dead job must be seen.
        written = _write_figures(run, view, mask)
    if run.report is not None:
        _show(run.report, view, mask, request.settings)
    _post(run, failures, view, mask)
    view.close()
    if run.report is None:
        raise Ended
    return watched(
        exposed=all_open,
        unread=bool(run.report.unread) or not written,
        different=bool(run.report.items),
    )


def _hidden(request: Watch) -> dict[str, tuple[str, ...]]:
    """What of the options must show nowhere."""
    if request.webhook is None:
        return {}
    from ztctl.cloudflare.encoding import webhook_url

    return forms_of({WEBHOOK: webhook_url(request.webhook)}, {}, KINDS)


def _declared(request: Watch) -> Declared:
    declared = with_ignored(declared_by(request.settings), request.ignored, KINDS)
    return replace(declared, environment={**declared.environment, **_hidden(request)})


# -- looking --------------------------------------------------------------------------------


async def _look(run: _Watched, declared: Declared, view: View) -> bool:
    """Compare, and find out who changed what; whether anything is open, shown or not."""
    request = run.request
    async with account_of(request.settings, declared, view) as live:
        try:
            source = plan_source(live, declared, options_of(), view, watching=True)
            planned = await source.plan()
            report = _report(planned)
            known = await with_authors(report, live, _COLLECTIONS, _now())
            if request.metrics is not None:
                await _ends(run, live)
        finally:
            run.calls = live.count
    run.whole = known
    if request.since_apply:
        known = _since_apply(known, request.settings, view)
    run.report = _only(known, request.only)
    return any(it.severity is DriftSeverity.EXPOSED for it in report.items)


def _report(planned: Planned) -> DriftReport:
    plan = planned.plan
    unread = tuple(it.summary for it in plan.warnings if it.code == Code.UNREAD_ZONE)
    items = drift_items(planned.draft, plan)
    return DriftReport(
        plan.account, plan.stack, items, unread=unread, in_step=plan.unchanged, copies=plan.copies
    )


async def _ends(run: _Watched, live: AccountApi) -> None:
    """When tokens end; what cannot be read is left out of the figures."""
    now = _now()
    with suppress(CallFailed):
        found = await service_token_ends(live, now)
        run.service_tokens = [Expiry(seconds, name, key) for name, key, seconds in found]
    with suppress(CallFailed):
        seconds = await api_token_end(live, now)
        run.api_token = None if math.isnan(seconds) else Expiry(seconds)


def _only(report: DriftReport, severities: frozenset[DriftSeverity]) -> DriftReport:
    if not severities:
        return report
    return _withheld(report, lambda item: item.severity in severities)


def _withheld(report: DriftReport, is_told: Callable[[DriftItem], bool]) -> DriftReport:
    shown = tuple(filter(is_told, report.items))
    rest = tuple(filterfalse(is_told, report.items))
    opened = any(it.severity is DriftSeverity.EXPOSED for it in rest)
    return replace(
        report,
        items=shown,
        withheld=report.withheld + len(rest),
        open_withheld=report.open_withheld or opened,
    )


def _since_apply(report: DriftReport, chosen: Settings, view: View) -> DriftReport:
    from ztctl.cli.journal_paths import journals_of
    from ztctl.core.runs.journal import history
    from ztctl.engine.journal import lines

    found = (history(lines(path)).runs for path, _ in journals_of(chosen, report.stack))
    runs = [run for past in found for run in past]
    recorded = Recorded.of(runs, report.account, report.stack)
    if recorded is None:
        view.note("no apply of this stack is recorded on this machine: everything is told")
        return report
    told = _withheld(report, lambda item: is_since(item, report, recorded))
    return replace(told, since=recorded.ended)


def _now() -> datetime:
    return datetime.now().astimezone()


# -- telling --------------------------------------------------------------------------------


def _show(report: DriftReport, view: View, mask: Mask, chosen: Settings) -> None:
    # What others read is whole, also where there is nothing to say.
    silent = chosen.quiet and chosen.format in ("text", "markdown")
    if silent and not (report.items or report.open_withheld or report.unread):
        return
    view.page(
        drift_page(report, mask.hide, _now(), typed=f"{chosen.file_options}{chosen.copy_options}")
    )


def _failures(error: ZtctlError | OSError) -> Iterator[Failure]:
    match error:
        case Problems():
            yield from (Failure(f"{it.where or 'the files'}: {it.text}") for it in error.items)
        case Failures():
            for item in error.items:
                yield from _failures(item)
        case Failure() | CallFailed():
            yield Failure(error.summary, error.hint)
        case OSError():
            place = f" ({error.filename})" if error.filename else ""
            yield Failure(f"{(error.strerror or str(error)).lower()}{place}")
        case _:
            yield Failure(str(error))


def _post(run: _Watched, failures: Iterable[Failure], view: View, mask: Mask) -> None:
    """Post what was found, or that the run failed; a webhook that fails is told, and no more."""
    from ztctl.views import messages

    report, now = run.report, _now()
    if run.request.webhook is None or (report is not None and not report.items):
        return
    if report is not None:
        make = messages.slack_message if run.request.slack else messages.json_message
        body = make(report, mask.hide, now)
    else:
        told = [Failure(mask.hide(it.summary), mask.hide(it.hint)) for it in failures]
        slack = run.request.slack
        body = (
            messages.slack_failure(run.stack, told)
            if slack
            else messages.json_failure(run.stack, told, now)
        )
    from ztctl.cloudflare.webhook_client import post

    try:
        why = asyncio.run(post(run.request.webhook, body))
    except Failure as failure:
        why = failure.summary
    if why:
        view.failure(Failure(f"the webhook was not told: {why}", "the report is not changed by it"))


def _write_figures(run: _Watched, view: View, mask: Mask) -> bool:
    """Write the figures; whether that was done, or not asked for."""
    path = run.request.metrics
    if path is None:
        return True
    figures = RunFigures(
        run.stack or stack_before(path),
        time.time(),
        time.monotonic() - run.began,
        run.calls,
        run.whole,
        run.service_tokens,
        run.api_token,
    )
    try:
        write_figures(path, figures, mask.hide)
    except Failure as failure:
        view.failure(failure)
        return False
    return True
