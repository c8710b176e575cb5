"""``ztctl plan``: show what apply would do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings

# A snapshot is a file that somebody handed over: what apply does is to be decided by the account.
UNSAVED = "apply does what a plan of the account itself says: plan again without --live"


@opt.with_options
def plan(
    *,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    copies: opt.CopyOptions,
    plan: opt.PlanOptions,
    exit_code: Annotated[
        bool,
        opt.run_option("--exit-code", help="End with 2 when there are differences."),
    ] = False,
    out: Annotated[
        Path | None,
        opt.run_option("--out", metavar="PATH", help="Write the plan to a file that apply takes."),
    ] = None,
    calls: Annotated[
        bool,
        opt.run_option("--calls", help="Show the API calls of each step, too."),
    ] = False,
    digest: Annotated[
        bool,
        opt.run_option(
            "--digest", help="Show the digest of the plan, too: `apply --expect-digest` takes it."
        ),
    ] = False,
    strict: opt.Strict = False,
    output: Annotated[opt.OutputOptions, opt.formats(opt.OutputFormat.html)],
    detail: opt.DetailOptions,
) -> Exit:
    """Show what apply would do; change nothing."""
    if out is not None and live.live is not None:
        raise Usage("a plan of a snapshot cannot be saved", UNSAVED)
    chosen = settings(output, files, account, live=live, copies=copies, detail=detail)
    from ztctl.cli.planning import options_of

    options = options_of(**asdict(plan))
    from ztctl.cli.apply_flow import Request, plan_only

    request = Request(chosen, options, strict=strict)
    return plan_only(request, out=out, calls=calls, digest=digest, exit_code=exit_code)
