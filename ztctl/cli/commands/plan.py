"""``ztctl plan``: show what apply would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import settings


def plan(
    file: opt.File = None,
    var: opt.Var = None,
    var_file: opt.VarFile = None,
    allow_env: opt.AllowEnv = None,
    sandbox: opt.Sandbox = False,
    api_url: opt.ApiUrl = None,
    api_token_file: opt.TokenFile = None,
    format: opt.Output = opt.Format.text,
    no_color: opt.NoColor = False,
    quiet: opt.Quiet = False,
    target: opt.Target = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", metavar="", help="End with 2 when there are differences.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="Write the plan to a file that apply takes."),
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", metavar="", help="Show the API calls of each step, too.")
    ] = False,
    allow_deletions: opt.AllowDeletions = False,
    allow_no_policy: opt.AllowNoPolicy = None,
    allow_ca_deletion: opt.AllowCaDeletion = None,
    allow_protected: opt.AllowProtected = None,
    allow_interruption: opt.AllowInterruption = None,
    allow_disconnect: opt.AllowDisconnect = None,
    allow_exposure: opt.AllowExposure = None,
) -> Exit:
    """Compare the files with the account and show what apply would do; change nothing."""
    chosen = settings(
        file=file,
        var=var,
        var_file=var_file,
        allow_env=allow_env,
        sandbox=sandbox,
        api_url=api_url,
        api_token_file=api_token_file,
        format=format,
        no_color=no_color,
        quiet=quiet,
    )
    from ztctl.cli.planning import options_of

    options = options_of(
        target=target,
        deletions=allow_deletions,
        no_policy=allow_no_policy,
        ca_deletion=allow_ca_deletion,
        protected=allow_protected,
        interruption=allow_interruption,
        disconnect=allow_disconnect,
        exposure=allow_exposure,
    )
    from ztctl.cli.apply_flow import Request, plan_only

    request = Request(chosen, options)
    return plan_only(request, out=out, calls=calls, exit_code=exit_code)
