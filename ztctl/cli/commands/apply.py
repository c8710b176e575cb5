"""``ztctl apply`` and ``ztctl destroy``: carry a plan out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Usage, settings


def apply(
    planfile: Annotated[
        Path | None,
        typer.Argument(metavar="PLANFILE", help="A plan that `plan --out` wrote."),
    ] = None,
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
    auto_approve: opt.AutoApprove = False,
    journal: opt.JournalFile = None,
    lock_wait: opt.LockWait = 0,
    settle: opt.Settle = None,
    probe: opt.Probe = False,
    revoke: opt.Revoke = False,
    adopt: opt.Adopt = False,
    allow_deletions: opt.AllowDeletions = False,
    allow_no_policy: opt.AllowNoPolicy = None,
    allow_ca_deletion: opt.AllowCaDeletion = None,
    allow_protected: opt.AllowProtected = None,
    allow_interruption: opt.AllowInterruption = None,
    allow_disconnect: opt.AllowDisconnect = None,
    allow_exposure: opt.AllowExposure = None,
) -> Exit:
    """Show the plan, ask, and carry it out: policy, tunnel, DNS, certificate."""
    if planfile is not None and (file or var or var_file or allow_env or target):
        raise Usage(
            "a saved plan holds its files and variables already",
            "drop -f, --var, --var-file, --allow-env and --target",
        )
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
        journal=journal,
    )
    from ztctl.cli.planning import options_of

    options = options_of(
        target=target,
        adopt=adopt,
        deletions=allow_deletions,
        no_policy=allow_no_policy,
        ca_deletion=allow_ca_deletion,
        protected=allow_protected,
        interruption=allow_interruption,
        disconnect=allow_disconnect,
        exposure=allow_exposure,
    )
    from ztctl.cli.apply_flow import Request, plan_and_apply, saved_and_apply
    from ztctl.cli.edge_wait import Settling

    request = Request(
        chosen,
        options,
        lock_wait=lock_wait,
        settling=Settling(settle, probe),
        revoke=revoke,
    )
    if planfile is not None:
        return saved_and_apply(request, planfile, auto_approve=auto_approve)
    return plan_and_apply(request, auto_approve=auto_approve)


def destroy(
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
    auto_approve: opt.AutoApprove = False,
    journal: opt.JournalFile = None,
    lock_wait: opt.LockWait = 0,
    settle: opt.Settle = None,
    allow_ca_deletion: opt.AllowCaDeletion = None,
    allow_protected: opt.AllowProtected = None,
    allow_disconnect: opt.AllowDisconnect = None,
    allow_exposure: opt.AllowExposure = None,
) -> Exit:
    """Delete everything that carries the stack's mark: DNS first, Access last."""
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
        journal=journal,
    )
    from ztctl.cli.planning import options_of

    options = options_of(
        deletions=True,
        no_policy=["all"],
        ca_deletion=allow_ca_deletion,
        protected=allow_protected,
        disconnect=allow_disconnect,
        exposure=allow_exposure,
    )
    from ztctl.cli.apply_flow import Request, plan_and_apply
    from ztctl.cli.edge_wait import Settling

    request = Request(chosen, options, destroy=True, lock_wait=lock_wait, settling=Settling(settle))
    return plan_and_apply(request, auto_approve=auto_approve)
