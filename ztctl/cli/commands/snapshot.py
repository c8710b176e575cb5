"""``ztctl snapshot``: save the live account for plans and questions without a token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.cloudflare.snapshot import Snapshot
    from ztctl.core.model.declared import Declared
    from ztctl.views.view import View

# Of more lists that could not be read only so many are named.
_MOST_NAMED = 12


@opt.with_options
def snapshot(
    *,
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it; readable by you alone.")
    ],
    files: opt.FileOptions,
    account: opt.AccountOptions,
    redact: Annotated[
        bool,
        opt.run_option(
            "--redact", help="Replace names, addresses and ids, each by the same everywhere."
        ),
    ] = False,
    output: opt.OutputOptions,
) -> Exit:
    """Save the account as ztctl reads it, without secrets, for `--live`.

    With `-f` only what the plan of those files reads, else all that any command reads.
    """
    chosen = settings(output, files, account)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, run_to_end, view_of
    from ztctl.cli.snapshots import write_snapshot

    declared = declared_by(chosen) if files.file else None
    view = view_of(chosen, declared)
    with errors_shown(view):
        taken = run_to_end(_taken(chosen, declared, view))
        if redact:
            from ztctl.cloudflare.redaction import redacted

            taken = redacted(taken)
        write_snapshot(path, taken, chosen.token)
        _tell(taken, path, view)
    return Exit.DONE


async def _taken(chosen: Settings, declared: Declared | None, view: View) -> Snapshot:
    from datetime import UTC, datetime

    from ztctl.cli.session import connected
    from ztctl.cli.snapshot_taking import take

    async with connected(chosen, declared, view) as client:
        return await take(client, declared, view, datetime.now(UTC))


def _tell(taken: Snapshot, path: Path, view: View) -> None:
    refused = taken.refused
    if refused:
        more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
        named = ", ".join(refused[:_MOST_NAMED])
        view.note(f"The token could not read {named}{more}: there the snapshot has gaps.")
    view.note(f"The snapshot is in {path}: {len(taken.replies)} replies, without secrets.")
