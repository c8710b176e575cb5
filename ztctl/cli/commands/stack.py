"""``ztctl stack``: what is live gets the mark of another stack."""

from __future__ import annotations

from typing import Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.help_screen import HelpCommand, HelpGroup
from ztctl.cli.settings import Settings, settings

app = typer.Typer(cls=HelpGroup, help="Hand what is live to another stack.", no_args_is_help=True)


@app.command(cls=HelpCommand)
@opt.with_options
def rename(
    *,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name that the stack has.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name that it gets.")],
    files: opt.FileOptions,
    account: opt.AccountOptions,
    run: opt.RunOptions,
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Give a stack another name: every mark of it, and nothing else."""
    chosen = settings(output, files, account, journal=run.journal, detail=detail, progress=progress)
    from ztctl.cli.handing import Asked, handed

    asked = Asked(to=new, whole=True, stack=old)
    done = f"Now write `stack: {new}` in the files: as {old!r} they have nothing live any more."
    return handed(chosen, asked, run, opt.PlanOptions(), done)


@app.command(cls=HelpCommand)
@opt.with_options
def transfer(
    *,
    addresses: Annotated[
        list[str],
        typer.Argument(
            metavar="ADDRESS...",
            help="Objects of this stack, such as tunnel.edge or hosts.NAME.",
            autocompletion=completion.addresses,
        ),
    ],
    to: Annotated[str, opt.run_option("--to", metavar="STACK", help="The stack that gets them.")],
    files: opt.FileOptions,
    account: opt.AccountOptions,
    run: opt.RunOptions,
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Hand objects of this stack to another one: their marks, and nothing else."""
    chosen = settings(output, files, account, journal=run.journal, detail=detail, progress=progress)
    return _transferred(chosen, addresses, to, run)


def _transferred(chosen: Settings, addresses: list[str], to: str, run: opt.RunOptions) -> Exit:
    from ztctl.cli.handing import Asked, handed

    done = (
        f"Now move the entries to the files of the stack {to!r}, before the next apply of either: "
        "what both declare, or neither, would be made again or deleted."
    )
    return handed(chosen, Asked(addresses, to), run, opt.PlanOptions(), done)
