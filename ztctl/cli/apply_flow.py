"""The commands plan, apply and destroy, from settings to an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from ztctl.cli.approval import approved
from ztctl.cli.edge_wait import edge_of
from ztctl.cli.error_output import errors_shown
from ztctl.cli.exits import Exit
from ztctl.cli.interrupts import run_interruptibly, signal_handlers_restored
from ztctl.cli.journal_paths import journal_of
from ztctl.cli.migrations import tell_migrations
from ztctl.cli.options import RunOptions
from ztctl.cli.planning import plan_source
from ztctl.cli.revocation import revoke_sessions
from ztctl.cli.rotations import tell_rotations
from ztctl.cli.run_lock import lock_of
from ztctl.cli.saved_plans import read_plan, save_plan
from ztctl.cli.session import account_of, connected, declared_by, run_to_end, view_of
from ztctl.cli.settings import Settings
from ztctl.cli.strict import MENDED, refused
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.events import Outcome
from ztctl.core.model.lint import audible
from ztctl.core.model.plan import Plan, Reason
from ztctl.core.planning.planner import Options
from ztctl.core.runs.journal import Ending, ending_of
from ztctl.engine.lock import Locked
from ztctl.engine.locked_run import LockedRun
from ztctl.engine.moving import Moving
from ztctl.engine.plan import Planned, emptied
from ztctl.engine.planfile import Saved, alike, moved
from ztctl.kinds.registry import KINDS
from ztctl.ssh.public_keys import stale_keys
from ztctl.views.wording import plan_in_a_line

if TYPE_CHECKING:
    from ztctl.cloudflare.client import Client
    from ztctl.views.view import View


_EXITS = {
    Ending.COMPLETE: Exit.DONE,
    Ending.PARTIAL: Exit.IN_PART,
    Ending.NOTHING: Exit.ERROR,
    Ending.INTERRUPTED: Exit.INTERRUPTED,
}


# Of more objects that differ from a saved plan only so many are named.
_MOST_NAMED = 5


class Outdated(Failure):
    """The account is not as it was when the plan was shown or saved; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one run of plan, apply or destroy.

    Attributes:
        planfile: a saved plan to apply.
        probe: probe opened hosts without a credential.
        revoke: revoke the sessions of applications to which a user or group lost access.
        strict: nothing is written where there is a warning.
        digest: the digest of the only plan that may be applied; ``None``: any may.
        completed: turns what was planned into the plan that is shown; may raise a `Failure`.
        confirm: a question to answer beside that of every apply, and the flag that answers it.
        stack: whose objects are looked at, where that is not the stack of the files.
        done: what is said once all of it is written.
    """

    settings: Settings
    options: Options
    run: RunOptions = field(default_factory=RunOptions)
    destroy: bool = False
    planfile: Path | None = None
    probe: bool = False
    revoke: bool = False
    strict: bool = False
    digest: str | None = None
    completed: Callable[[Planned], Plan] = attrgetter("plan")
    confirm: tuple[str, str] | None = None
    stack: str | None = None
    done: str = ""

    def declared(self) -> Declared:
        """What the files declare; nothing for destroy."""
        declared = declared_by(self.settings)
        if self.stack is not None:
            declared = replace(declared, stack=self.stack)
        return emptied(declared, KINDS) if self.destroy else declared


def plan_only(
    request: Request, *, out: Path | None, calls: bool, digest: bool, exit_code: bool
) -> Exit:
    """Build and show the plan; optionally show its API calls and its digest, and save it.

    Args:
        request: the options.
        out: file to save the plan to.
        calls: show the API calls.
        digest: show the digest.
        exit_code: return `Exit.DIFFERENT` for a plan with changes.
    """
    declared = request.declared()
    view = view_of(request.settings, declared)

    async def run() -> Plan:
        async with account_of(request.settings, declared, view) as live:
            planned = await plan_source(live, declared, request.options, view).plan()
            tell_rotations(planned, declared, view, request.settings.typed)
            tell_migrations(planned, declared, view, request.settings.typed)
            return _with_warnings(planned.plan, declared)

    with errors_shown(view):
        plan = run_to_end(run())
        view.plan(plan)
        if calls:
            from ztctl.cli.calls import calls_page

            view.page(calls_page(plan, KINDS))
        if digest:
            from ztctl.cli.plan_digest import digest_of, digest_page

            view.page(digest_page(digest_of(plan, request.options, declared)))
        failure = refused(plan.warnings) if request.strict else None
        if failure is not None:
            view.failure(failure)
        elif out is not None:
            save_plan(out, plan, declared, request.options, request.settings.copies)
            account = request.settings.account_options
            view.note(f"The plan is saved: ztctl apply {quote(str(out))}{account}")
    if any(not refusal.apply_only for refusal in plan.refusals):
        return Exit.REFUSED
    if failure is not None:
        return Exit.ERROR
    return Exit.DIFFERENT if exit_code and not plan.is_empty else Exit.DONE


def plan_and_apply(request: Request) -> Exit:
    """Show the plan, ask for approval, execute it; refuse unless it equals a saved plan, if any."""
    saved: Saved | None = None
    if request.planfile is None:
        declared = request.declared()
    else:
        saved, declared = read_plan(request.planfile)
        request = replace(request, options=replace(request.options, targets=saved.targets))
    view = view_of(request.settings, declared)
    with errors_shown(view), signal_handlers_restored():
        view.begin()
        try:
            return asyncio.run(_apply(request, declared, view, saved))
        except (Locked, Outdated) as failure:
            view.failure(failure)
            return Exit.REFUSED


async def _apply(request: Request, declared: Declared, view: View, saved: Saved | None) -> Exit:
    run = request.run
    async with connected(request.settings, declared, view) as client:
        plans = Plans(request, declared, view, client, saved)
        # What somebody says yes to is read and shown without the lock: nobody holds it while a
        # person thinks. A saved plan that needs no yes is read once, under the lock; but for its
        # warnings, for which not even the lock is to be written.
        if saved is None or saved.plan.is_empty or request.strict or not run.auto_approve:
            verdict = await plans.shown()
            if verdict is not None:
                return verdict
        lock = lock_of(request.settings, client, declared.stack, run.lock_wait, view)
        account = client.account or ""
        # Before the approval: a missing home folder should be reported before anybody answers.
        journal = journal_of(request.settings, declared, account, lock.holder, view)
        if plans.plan is not None:
            asked = "Destroy all of this?" if request.destroy else "Apply these changes?"
            if (handover := request.options.handover) is not None:
                asked = "Release these?" if handover.to is None else "Hand these over?"
            confirm, flags = request.confirm or ("", "")
            question = "\n".join(filter(None, (plan_in_a_line(plans.plan), confirm, asked)))
            verdict = approved(
                view,
                question,
                auto_approve=run.auto_approve and not confirm,
                flags=f"--auto-approve {flags}".rstrip(),
            )
            if verdict is not None:
                return verdict
        async with edge_of(request.settings, declared, run.settle, probe=request.probe) as edge:
            locked = LockedRun(
                account,
                declared.stack,
                KINDS,
                journal,
                lock,
                plans.plan_under_lock,
                (*edge, *((Moving(),) if _moves(request) else ())),
                plans.plan,
            )
            outcome = await run_interruptibly(client, locked, view)
        plan = locked.plan
        if outcome is None or plan is None:
            view.note("Interrupted: nothing was changed.")
            return Exit.INTERRUPTED
        if request.revoke:
            outcome = await revoke_sessions(client, plan, outcome)
    view.outcome(plan, outcome)
    if outcome.is_complete and request.done:
        view.note(request.done)
    written = _write_keys(declared, outcome, view)
    if outcome.is_complete and not request.destroy and request.options.handover is None:
        from ztctl.ssh.guide import after_apply

        if steps := after_apply(declared, plan, outcome, KINDS, request.settings.typed):
            view.next_steps(steps)
    return _exit_of(outcome, written=written)


def _moves(request: Request) -> bool:
    handover = request.options.handover
    return handover is not None and handover.to is not None


class Plans:
    """The plans of one apply: the one that is shown, and the one made under the lock."""

    def __init__(
        self, request: Request, declared: Declared, view: View, client: Client, saved: Saved | None
    ) -> None:
        self._request = request
        self._declared = declared
        self._view = view
        self._saved = saved
        self._source = plan_source(client, declared, request.options, view, ahead=True)
        self.plan: Plan | None = None

    async def shown(self) -> Exit | None:
        """Read, plan and show; an exit code when there is nothing more to do."""
        self.plan = plan = self._presented(await self._source.plan())
        if plan.refusals:
            self._view.note("Refused: nothing was changed.")
            return Exit.REFUSED
        self._require_no_warnings(plan)
        if plan.is_empty:
            if self._request.options.handover is not None:
                self._view.note(f"Nothing of it carries the mark of the stack {plan.stack!r}.")
            written = _write_keys(self._declared, Outcome(live=plan.live), self._view)
            return Exit.DONE if written else Exit.ERROR
        return None

    async def plan_under_lock(self) -> Plan:
        """Read and plan; only what was shown, or saved, goes on, or what needs no change any more.

        Raises:
            Outdated: it is another plan, or one that is refused.
        """
        if self.plan is None:
            plan = self._presented(await self._source.plan())
            if plan.refusals:
                raise Outdated("the saved plan is refused", "make a new plan and look at it again")
            return plan
        plan = self._complete(await self._source.plan())
        if plan.is_empty and not plan.refusals:
            self._view.note("another run has done all of this meanwhile")
            return plan
        if plan.refusals or not alike(self.plan, plan):
            reason = f": {plan.refusals[0].reason}" if plan.refusals else ""
            raise Outdated(
                f"the account is no longer as it was when the plan was made{reason}",
                "make a new plan and look at it again",
            )
        self._require_no_warnings(plan)
        return plan

    def _require_no_warnings(self, plan: Plan) -> None:
        """Go on only without warnings, where that is asked for.

        Raises:
            Failure: there are some.
        """
        failure = refused(plan.warnings, MENDED) if self._request.strict else None
        if failure is not None:
            raise failure

    def _presented(self, planned: Planned) -> Plan:
        """Show a plan; it has to be the saved one, if there is one."""
        plan = self._complete(planned)
        options, typed = self._request.options, self._request.settings.typed
        if options.rotation is None:
            tell_rotations(planned, self._declared, self._view, typed)
        if options.migration is None:
            tell_migrations(planned, self._declared, self._view, typed)
        self._view.plan(plan)
        found = moved(self._saved, plan) if self._saved and not plan.refusals else ()
        if found:
            more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
            which = ", ".join(found[:_MOST_NAMED])
            raise Outdated(
                f"the account is no longer as it was when the plan was saved: {which}{more}",
                "make a new plan and look at it again",
            )
        self._require_digest(plan)
        return plan

    def _require_digest(self, plan: Plan) -> None:
        """Go on only with the plan that was agreed to, where it is named; one that is empty may.

        Raises:
            Outdated: it is another one.
        """
        if self._request.digest is None or plan.is_empty:
            return
        from ztctl.cli.plan_digest import digest_of

        found = digest_of(plan, self._request.options, self._declared)
        if found != self._request.digest:
            raise Outdated(
                f"this is not the plan that was agreed to: its digest is {found}",
                "the files or the account have changed since: look at it, and agree to it again",
            )

    def _complete(self, planned: Planned) -> Plan:
        plan = _with_warnings(self._request.completed(planned), self._declared)
        return _with_destroy_reason(plan) if self._request.destroy else plan


def _with_warnings(plan: Plan, declared: Declared) -> Plan:
    """Add warnings about the files and about stale public key files to the plan."""
    stale = audible(stale_keys(declared, plan.live), declared.silences)
    return replace(plan, warnings=(*declared.warnings, *plan.warnings, *stale))


def _with_destroy_reason(plan: Plan) -> Plan:
    """Set the reason of deletions to "destroyed": nothing was removed from the files."""
    changes = tuple(
        replace(change, reason=Reason.DESTROYED) if change.reason is Reason.NOT_DECLARED else change
        for change in plan.changes
    )
    return replace(plan, changes=changes)


def _write_keys(declared: Declared, outcome: Outcome, view: View) -> bool:
    from ztctl.ssh.public_keys import write_public_keys

    try:
        for written in write_public_keys(declared, outcome.live):
            view.note(written)
    except Failure as failure:
        view.failure(failure)
        return False
    return True


def _exit_of(outcome: Outcome, *, written: bool) -> Exit:
    found = _EXITS[ending_of(outcome)]
    return found if written or found is not Exit.DONE else Exit.IN_PART
