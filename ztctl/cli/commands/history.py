"""``ztctl history``: past runs, and objects as they were before a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli import run_completion
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings
from ztctl.core.model.diagnostics import Failure, Problem, Severity

if TYPE_CHECKING:
    from ztctl.core.runs.journal import Before, JournalledRun
    from ztctl.views.page import Page
    from ztctl.views.view import View


@opt.with_options
def history(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="A run by its id, or by how the id begins.",
            autocompletion=run_completion.runs,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="ADDRESS",
            autocompletion=run_completion.written,
            help="An object, such as tunnel.edge: show it as it was before the run wrote it.",
        ),
    ] = None,
    account: Annotated[opt.AccountOptions, opt.only("sandbox")],
    run_options: Annotated[opt.RunOptions, opt.only("journal")],
    stack: Annotated[
        str | None,
        opt.run_option("--stack", metavar="STACK", help="Only the runs of this stack."),
    ] = None,
    limit: Annotated[
        int,
        opt.run_option("--limit", metavar="N", help="At most this many runs.", min=1),
    ] = 20,
    output: Annotated[opt.OutputOptions, opt.only("format", "no_color")],
) -> Exit:
    """List what apply and destroy did from this machine."""
    chosen = settings(output, account=account, journal=run_options.journal)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import view_of

    view = view_of(chosen)
    with errors_shown(view):
        view.page(_found(_Request(chosen, view, stack, limit), run, address))
    return Exit.DONE


@dataclass(frozen=True, slots=True)
class _Request:
    settings: Settings
    view: View
    stack: str | None
    limit: int


def _found(request: _Request, run: str | None, address: str | None) -> Page:
    from ztctl.views import history as views
    from ztctl.views.escape import Clean

    clean = Clean(str)
    found = sorted(_runs(request), key=lambda item: item[0].began, reverse=True)
    if run is None:
        return views.runs_page([past for past, _ in found[: request.limit]], clean)
    past, path = _run_by_id(found, run)
    if address is None:
        return views.run_page(past, clean, _options(request.settings))
    return views.object_page(_object(past, path, address), clean)


def _options(chosen: Settings) -> str:
    """The options by which the same journals are found again."""
    return chosen.account_options + (
        f" --journal {quote(str(chosen.journal))}" if chosen.journal else ""
    )


def _runs(request: _Request) -> Iterator[tuple[JournalledRun, Path]]:
    from ztctl.cli.journal_paths import journals_of
    from ztctl.core.runs.journal import history as read
    from ztctl.engine.journal import lines

    for path, whole in journals_of(request.settings, request.stack):
        found = read(lines(path))
        if request.settings.journal is not None and found.is_foreign:
            raise Failure(
                f"{path} is no journal: it holds something else",
                "name the file that apply or destroy was given by --journal",
            )
        if found.damaged:
            request.view.problems([_damaged(path, found.damaged)])
        for past in found.runs:
            if whole or request.stack in (None, past.stack):
                yield past, path


def _damaged(path: Path, count: int) -> Problem:
    what = "1 line is no record" if count == 1 else f"{count} lines are no records"
    return Problem(
        f"{path}: {what}, and passed over",
        hint="a run that was killed tears its last line off",
        severity=Severity.WARNING,
    )


def _run_by_id(found: list[tuple[JournalledRun, Path]], run: str) -> tuple[JournalledRun, Path]:
    exact = [item for item in found if item[0].id == run]
    named = exact or [item for item in found if item[0].id.startswith(run)]
    if not named:
        raise Failure(f"there is no run {run}", "ztctl history lists the runs")
    if len(named) > 1:
        ids = ", ".join(past.id for past, _ in named[:5])
        raise Failure(f"several runs begin with {run}: {ids}", "write more of the id")
    return named[0]


def _object(past: JournalledRun, path: Path, address: str) -> Before:
    from ztctl.core.runs.journal import before
    from ztctl.engine.journal import lines

    found = before(lines(path), past.id, address)
    if found is None:
        raise Failure(
            f"run {past.id} did not begin to write {address}",
            f"ztctl history {past.id} lists its writes",
        )
    return found
