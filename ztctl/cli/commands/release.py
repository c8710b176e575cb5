"""``ztctl release``: take off what ztctl has put on, and leave everything else as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings

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
    terraform: Annotated[
        Path | None,
        opt.run_option(
            "--terraform",
            metavar="DIR",
            help="First write there what Terraform needs to take over what is released.",
        ),
    ] = None,
    no_release: Annotated[
        bool,
        opt.run_option("--no-release", help="With --terraform: write that, and release nothing."),
    ] = False,
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

    asked = Asked(addresses or ())
    if no_release and terraform is None:
        raise Usage("--no-release goes with --terraform", "`ztctl release` asks before it writes")
    if terraform is not None:
        from ztctl.cli.terraform_files import written_for_terraform

        written_for_terraform(chosen, asked, terraform)
    return Exit.DONE if no_release else handed(chosen, asked, run, plan, DONE)
