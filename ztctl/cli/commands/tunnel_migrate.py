"""``ztctl tunnel migrate``: a tunnel from its server's file to remote management, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared


class MigrateStep(StrEnum):
    """The steps of a migration, as the planner has them; that one is not imported for a help."""

    start = "start"
    finish = "finish"
    abort = "abort"


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What somebody has to say yes to."""

    unseen: Annotated[
        bool,
        opt.approval_option(
            "--allow-unseen-rules",
            help="With start: without a copy of the server's file to compare the rules with.",
        ),
    ] = False
    ready: Annotated[
        bool,
        opt.approval_option(
            "--connector-ready",
            help="With finish: the new connector runs its rules, though it does not say so.",
        ),
    ] = False
    move_foreign: Annotated[
        bool,
        opt.approval_option(
            "--move-foreign",
            help="With finish: lead what is nobody's to the new tunnel, too.",
        ),
    ] = False
    disconnect: Annotated[
        bool,
        opt.approval_option(
            "--allow-disconnect",
            help="With finish: delete the old tunnel though sessions go through it.",
        ),
    ] = False


@opt.with_options
def migrate(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A tunnel of the files by its key.")],
    step: Annotated[
        MigrateStep | None,
        typer.Argument(metavar="[STEP]", help="start, finish, abort; without one, how far it is."),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    copies: opt.CopyOptions,
    run: opt.RunOptions,
    yes: MigrateOptions,
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Move a tunnel from its server's file to remote management: start, run it, finish."""
    chosen = settings(
        output, files, account,
        copies=copies, journal=run.journal, detail=detail, progress=progress,
    )  # fmt: skip
    from ztctl.cli.apply_flow import Request, plan_and_apply
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.migrations import (
        Consents,
        MigrationPlans,
        following,
        options_for,
        tunnel_to_migrate,
    )
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.planning.migration import Migrate, MigrationStep

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        tunnel = tunnel_to_migrate(name, declared).address
        if step is None:
            return _tell(chosen, declared, name)
    finishes = step is MigrateStep.finish
    asked = Migrate(
        tunnel,
        MigrationStep(step),
        retires=yes.disconnect and finishes,
        takes_foreign=yes.move_foreign and finishes,
    )
    plans = MigrationPlans(declared, asked, Consents(yes.unseen, yes.ready))
    ended = plan_and_apply(Request(chosen, options_for(asked), run, completed=plans.asked))
    if ended is Exit.DONE:
        view.next_steps(following(plans, chosen.typed))
        view.close()
    return ended


def _tell(chosen: Settings, declared: Declared, key: str) -> Exit:
    """Say how far a migration has come, and what comes next."""
    from ztctl.cli.migrations import STATES, step_command
    from ztctl.cli.session import run_to_end, view_of
    from ztctl.cli.ssh_ca_reading import planned_of
    from ztctl.core.planning.migration import MigrationState, migrations
    from ztctl.documents.mask import Mask
    from ztctl.kinds.registry import KINDS
    from ztctl.views.escape import Clean
    from ztctl.views.progress_of_steps import steps_page

    view = view_of(chosen, declared)
    planned = run_to_end(planned_of(chosen, declared, view))
    found = {it.wanted.address.key: it.state for it in migrations(declared, planned.live, KINDS)}
    state = found.get(key, MigrationState.NONE)
    done, following = STATES[state]
    command = step_command(key, following, chosen.typed)
    clean = Clean(Mask(declared.environment).hide)
    record = {"type": "tunnel_migration", "tunnel": key, "state": state, "next": following}
    view.page(steps_page("Migration", record, key, done, command, clean))
    view.close()
    return Exit.DONE
