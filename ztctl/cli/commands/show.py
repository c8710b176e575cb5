"""``ztctl show``: print a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import settings


@opt.with_options
def show(
    *,
    planfile: Annotated[
        Path, typer.Argument(metavar="PLANFILE", help="A plan that `plan --out` wrote.")
    ],
    output: Annotated[opt.OutputOptions, opt.formats(opt.OutputFormat.html)],
    detail: opt.DetailOptions,
) -> Exit:
    """Print a saved plan as it was when it was made."""
    chosen = settings(output, detail=detail)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.saved_plans import read_plan
    from ztctl.cli.session import view_of

    saved, declared = read_plan(planfile, to_apply=False)
    view = view_of(chosen, declared)
    with errors_shown(view):
        view.plan(saved.plan)
    return Exit.DONE
