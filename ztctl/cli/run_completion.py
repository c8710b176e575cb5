"""What the shell offers for runs: those of the journals, and what they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ztctl.core.runs.journal import JournalledRun

# Offered are at most so many runs: of more the list is no help.
_MOST_RUNS = 30


def runs(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """The ids of past runs, newest first, each with its time and stack."""
    found = sorted(_runs(ctx.params), key=lambda ran: ran.began, reverse=True)
    chosen = [ran for ran in found if ran.id.startswith(incomplete)]
    return [(ran.id, f"{ran.began[:16]} {ran.stack}") for ran in chosen[:_MOST_RUNS]]


def written(ctx: Any, incomplete: str) -> list[str]:
    """The addresses that the run given before has written."""
    sought = ctx.params.get("run") or ""
    found = {
        item.address
        for ran in _runs(ctx.params)
        if ran.id.startswith(sought)
        for item in ran.writes
    }
    return [address for address in sorted(found) if address.startswith(incomplete)]


def _runs(given: Mapping[str, Any]) -> Iterator[JournalledRun]:
    import os

    from ztctl.cli.journal_paths import journals_of
    from ztctl.cli.settings import Settings
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.runs.journal import history
    from ztctl.engine.journal import lines

    journal = given.get("journal")
    chosen = Settings(
        sandbox=bool(given.get("sandbox")),
        journal=Path(journal) if journal else None,
        environment=dict(os.environ),
    )
    with suppress(Failure):
        for path, _ in journals_of(chosen, given.get("stack")):
            with suppress(Failure):
                yield from history(lines(path)).runs
