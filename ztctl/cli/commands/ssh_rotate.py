"""``ztctl ssh ca rotate``: another CA for a host, in steps between which servers are told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.planning.rotation import Rotate


class RotateStep(StrEnum):
    """The steps of a rotation, as the planner has them; that one is not imported for a help."""

    start = "start"
    move = "move"
    finish = "finish"
    abort = "abort"


@dataclass(frozen=True, slots=True)
class RotateOptions:
    """What somebody has to say yes to."""

    servers_updated: Annotated[
        bool,
        opt.approval_option(
            "--servers-updated",
            help="Every server of the host trusts what this step needs; else it is asked.",
        ),
    ] = False
    interruption: Annotated[
        bool,
        opt.approval_option(
            "--allow-interruption", help="With move: let nobody log in for a moment."
        ),
    ] = False


@opt.with_options
def rotate(
    *,
    host: Annotated[
        str,
        typer.Argument(
            metavar="HOST", help="A host of the files.", autocompletion=completion.hosts
        ),
    ],
    step: Annotated[
        RotateStep | None,
        typer.Argument(
            metavar="[STEP]", help="start, move, finish, abort; without one, how far it is."
        ),
    ] = None,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    run: opt.RunOptions,
    yes: RotateOptions,
    output: opt.OutputOptions,
    detail: opt.DetailOptions,
    progress: opt.ProgressOptions,
) -> Exit:
    """Give a host another CA: start, tell servers, move, finish."""
    chosen = settings(output, files, account, journal=run.journal, detail=detail, progress=progress)
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.rotations import application_of
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.planning.rotation import Rotate, RotationStep

    declared = declared_by(chosen)
    view = view_of(chosen, declared)
    with errors_shown(view):
        application = application_of(host, declared).address
        if step is None:
            return _tell(chosen, declared, application.key)
    asked = Rotate(application, RotationStep(step))
    return _Rotation(chosen, declared, asked, run, yes).done()


def _tell(chosen: Settings, declared: Declared, key: str) -> Exit:
    """Say how far a rotation has come, and what comes next."""
    from ztctl.cli.rotations import STATES, step_command
    from ztctl.cli.session import run_to_end, view_of
    from ztctl.cli.ssh_ca_reading import planned_of
    from ztctl.core.planning.rotation import RotationState, under_way
    from ztctl.documents.mask import Mask
    from ztctl.kinds.registry import KINDS
    from ztctl.views.escape import Clean
    from ztctl.views.progress_of_steps import steps_page

    view = view_of(chosen, declared)
    planned = run_to_end(planned_of(chosen, declared, view))
    found = {it.wanted.address.key: it.state for it in under_way(declared, planned.live, KINDS)}
    state = found.get(key, RotationState.NONE)
    done, following = STATES[state]
    clean = Clean(Mask(declared.environment).hide)
    command = step_command(key, following, chosen.typed)
    record = {"type": "ssh_ca_rotation", "application": key, "state": state, "next": following}
    view.page(steps_page("CA rotation", record, key, done, command, clean))
    view.close()
    return Exit.DONE


@dataclass(frozen=True, slots=True)
class _Rotation:
    """One step that is carried out."""

    chosen: Settings
    declared: Declared
    asked: Rotate
    run: opt.RunOptions
    yes: RotateOptions

    def done(self) -> Exit:
        """Plan and apply the step; then say what comes next."""
        from ztctl.cli.apply_flow import Request, plan_and_apply
        from ztctl.cli.rotations import RotationPlans, options_for, question
        from ztctl.cli.session import view_of

        view = view_of(self.chosen, self.declared)
        confirm = None if self.yes.servers_updated else question(self.asked)
        request = Request(
            self.chosen,
            options_for(self.asked),
            self.run,
            completed=partial(
                RotationPlans(self.declared, self.asked).asked, interruption=self.yes.interruption
            ),
            confirm=confirm,
        )
        ended = plan_and_apply(request)
        if ended is Exit.DONE:
            view.next_steps(self._next())
            view.close()
        return ended

    def _next(self) -> str:
        from ztctl.cli.rotations import following

        return following(self.asked, self.chosen.typed)
