"""``ztctl unlock``: take away the account's lock when its run is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.places import DEFAULT_FILE
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.views.view import View


@opt.with_options
def unlock(
    *,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    run: Annotated[opt.RunOptions, opt.only("auto_approve")],
    output: opt.OutputOptions,
) -> Exit:
    """Show who holds the account's lock, ask, and take it away."""
    chosen = settings(output, files, account)
    import asyncio

    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.interrupts import signal_handlers_restored
    from ztctl.cli.session import declared_by, view_of

    # Files say no more than which account it is.
    declared = declared_by(chosen) if files.file or DEFAULT_FILE.exists() else None
    view = view_of(chosen, declared)
    with errors_shown(view), signal_handlers_restored():
        return asyncio.run(_unlock(chosen, declared, view, auto_approve=run.auto_approve))


async def _unlock(
    chosen: Settings, declared: Declared | None, view: View, *, auto_approve: bool
) -> Exit:
    from ztctl.cli.approval import approved
    from ztctl.cli.session import connected
    from ztctl.engine.drive import drive
    from ztctl.engine.lock import describe, lower, read_flags

    async with connected(chosen, declared, view) as client:
        flags = await drive(read_flags(), client)
        if not flags:
            view.note("The account is not locked.")
            return Exit.DONE
        for flag in flags:
            view.note(f"The account is locked {describe(flag)}.")
        verdict = approved(
            view,
            "Take the lock away? A run that still goes on is stopped by that.",
            auto_approve=auto_approve,
            waiting="there is a lock to take away",
        )
        if verdict is not None:
            return verdict
        # Read again: a run that is not dead may have renewed its flag meanwhile.
        holders = {flag.holder for flag in flags}
        renewed = [flag for flag in await drive(read_flags(), client) if flag.holder in holders]
        await drive(lower(renewed), client)
    view.note("The account is no longer locked.")
    return Exit.DONE
