"""``ztctl release``: take off what ztctl has put on, and leave everything else as it is."""

from __future__ import annotations

from typing import Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import settings

DONE = (
    "What was released stays live as it is, with the names that it has now, and is of no stack. "
    "`ztctl apply --adopt` of the same files takes it back."
)


@opt.with_options
def release(
    *,
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ADDRESS]...",
            help="Objects to release, such as tunnel.edge; all of the stack when left out.",
            autocompletion=completion.addresses,
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    run: opt.RunOptions,
    plan: Annotated[opt.PlanOptions, opt.only("protected")],
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Take the stack's mark off what is live, and change nothing else."""
    chosen = settings(output, files, account, journal=run.journal, detail=detail, progress=progress)
    from ztctl.cli.handing import Asked, handed

    return handed(chosen, Asked(addresses or ()), run, plan, DONE)
