"""``ztctl unlock``: delete the lock of a dead run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, Usage, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.runs.locks import LockState, Scope
    from ztctl.views.view import View

_STACK = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)


@opt.with_options
def unlock(
    *,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    stack: Annotated[
        str | None,
        opt.run_option(
            "--stack", metavar="NAME", help="Whose lock; no files are read. Default: the files'."
        ),
    ] = None,
    run: Annotated[opt.RunOptions, opt.only("auto_approve")],
    output: opt.OutputOptions,
) -> Exit:
    """Show who holds the stack's lock, ask, and take it away."""
    if stack is not None and files != opt.FileOptions():
        raise Usage("--stack needs no files", "drop -f, --var, --var-file and --allow-env")
    if stack is not None and not _STACK.fullmatch(stack):
        raise Usage(f"no stack is called {stack!r}", "lower-case letters, digits and hyphens")
    chosen = settings(output, files, account)
    import asyncio

    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.interrupts import signal_handlers_restored
    from ztctl.cli.session import declared_by, view_of

    declared = declared_by(chosen) if stack is None else None
    view = view_of(chosen, declared)
    name = stack or (declared.stack if declared else "")
    with errors_shown(view), signal_handlers_restored():
        return asyncio.run(_unlock(chosen, name, declared, view, auto_approve=run.auto_approve))


async def _unlock(
    chosen: Settings, stack: str, declared: Declared | None, view: View, *, auto_approve: bool
) -> Exit:
    import time

    from ztctl.cli.apply_flow import approved
    from ztctl.cli.session import connected
    from ztctl.core.runs.locks import scope_of
    from ztctl.engine.drive import drive
    from ztctl.engine.lock_flows import delete_tags, read_locks, tags_of_holder

    scope = scope_of(stack)
    async with connected(chosen, declared, view) as client:
        seen = await drive(read_locks(), client)
        tags = tags_of_holder(seen, scope, time.time())
        if not tags:
            view.note(f"The stack {stack!r} is not locked.")
            return Exit.DONE
        for line in _lines(seen, scope):
            view.note(line)
        verdict = approved(
            view,
            "Take the lock away? A run that still goes on is stopped by that.",
            auto_approve=auto_approve,
            waiting="there is a lock to take away",
        )
        if verdict is not None:
            return verdict
        await drive(delete_tags(tags), client)
    view.note(f"The stack {stack!r} is no longer locked.")
    return Exit.DONE


def _lines(seen: LockState, scope: Scope) -> list[str]:
    """Describe the holders of the lock and of the account lock, which may be deleted with it."""
    from ztctl.core.runs.locks import ACCOUNT, LockFlag, Obstacle
    from ztctl.engine.lock import describe

    found = [(each, flag) for each in (scope, ACCOUNT) for flag in seen.flags_of(each)]
    shown: list[tuple[Scope, LockFlag | None]] = [*found] or [(scope, None)]
    return [describe(Obstacle(each, flag, seen.mutexes.get(each.mutex))) for each, flag in shown]
