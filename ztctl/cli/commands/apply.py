"""``ztctl apply`` and ``ztctl destroy``: execute a plan."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings


@opt.with_options
def apply(
    *,
    planfile: Annotated[
        Path | None,
        typer.Argument(metavar="PLANFILE", help="A plan that `plan --out` wrote."),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    copies: opt.CopyOptions,
    plan: opt.PlanOptions,
    run: opt.RunOptions,
    probe: Annotated[
        bool,
        opt.run_option(
            "--probe",
            help="Ask each opened host without a credential; take it back without a login.",
        ),
    ] = False,
    revoke: Annotated[
        bool,
        opt.run_option(
            "--revoke", help="End the sessions of every application of which somebody loses entry."
        ),
    ] = False,
    strict: opt.Strict = False,
    expect_digest: Annotated[
        str | None,
        opt.run_option(
            "--expect-digest",
            metavar="DIGEST",
            help="Refuse a plan with another digest than `plan --digest` has shown.",
        ),
    ] = None,
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Show the plan, ask, and carry it out."""
    given = files != opt.FileOptions() or copies != opt.CopyOptions()
    if planfile is not None and (given or plan.target):
        raise Usage(
            "a saved plan holds its files and variables already",
            "drop -f, --var, --var-file, --allow-env, --local and --target",
        )
    if expect_digest is not None and not re.fullmatch(r"[0-9a-f]{64}", expect_digest):
        raise Usage(
            f"{expect_digest!r} is no digest of a plan", "`plan --digest` shows one: 64 hex digits"
        )
    chosen = settings(
        output,
        files,
        account,
        copies=copies,
        journal=run.journal,
        detail=detail,
        progress=progress,
    )
    from ztctl.cli.planning import options_of

    options = options_of(**asdict(plan))
    from ztctl.cli.apply_flow import Request, plan_and_apply

    request = Request(
        chosen,
        options,
        run,
        planfile=planfile,
        probe=probe,
        revoke=revoke,
        strict=strict,
        digest=expect_digest,
    )
    return plan_and_apply(request)


@opt.with_options
def destroy(
    *,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    copies: opt.CopyOptions,
    run: opt.RunOptions,
    plan: Annotated[
        opt.PlanOptions, opt.only("ca_deletion", "protected", "disconnect", "exposure")
    ],
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Delete everything that carries the stack's mark, Access last."""
    chosen = settings(
        output,
        files,
        account,
        copies=copies,
        journal=run.journal,
        detail=detail,
        progress=progress,
    )
    from ztctl.cli.planning import options_of

    options = options_of(**asdict(replace(plan, deletions=True, no_policy=["all"])))
    from ztctl.cli.apply_flow import Request, plan_and_apply

    return plan_and_apply(Request(chosen, options, run, destroy=True))
