"""``ztctl doctor``: look for what would stop a plan or an apply, before one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.places import DEFAULT_FILE
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ztctl.core.model.checkup import Check
    from ztctl.core.model.declared import Declared
    from ztctl.views.view import View


@opt.with_options
def doctor(
    *,
    files: opt.FileOptions,
    account: Annotated[opt.AccountOptions, opt.only("sandbox", "api_url", "api_token_file")],
    output: opt.OutputOptions,
) -> Exit:
    """Check machine, token and account; writes nothing, needs no file."""
    chosen = settings(output, files, account)
    import asyncio

    from ztctl import __version__
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.interrupts import signal_handlers_restored
    from ztctl.cli.session import view_of
    from ztctl.core.model.checkup import Verdict
    from ztctl.documents.mask import Mask
    from ztctl.views.doctor_view import doctor_page
    from ztctl.views.escape import Clean

    declared, found = _files(chosen) if files.file or DEFAULT_FILE.exists() else (None, [])
    view = view_of(chosen, declared)
    with errors_shown(view), signal_handlers_restored():
        checks = found + asyncio.run(_all(chosen, declared, view))
        mask = Mask(declared.environment if declared else {})
        page = doctor_page(checks, Clean(mask.hide), version=__version__, brief=chosen.quiet)
        view.page(page)
    failed = any(check.verdict is Verdict.FAIL for check in checks)
    return Exit.ERROR if failed else Exit.DONE


def _files(chosen: Settings) -> tuple[Declared | None, list[Check]]:
    """What the files declare, or else what stands against reading them."""
    from ztctl.cli.session import declared_by
    from ztctl.core.model.checkup import Check, Verdict
    from ztctl.core.model.diagnostics import Failure, Problems
    from ztctl.views.wording import problem_counts

    try:
        declared = declared_by(chosen)
    except Problems as problems:
        text = f"{problem_counts(problems.items)}; the rest is checked without them"
        return None, [Check("Files", "files", Verdict.FAIL, text, "ztctl validate tells of each")]
    except Failure as failure:
        check = Check("Files", "files", Verdict.FAIL, failure.summary, failure.hint)
        return None, [check]
    count = len(declared.wanted)
    text = f"stack {declared.stack}, {count} object{'' if count == 1 else 's'}"
    return declared, [Check("Files", "files", Verdict.PASS, text)]


async def _all(chosen: Settings, declared: Declared | None, view: View) -> list[Check]:
    from ztctl.cli.doctor_machine import machine

    return [*machine(chosen.environment), *[it async for it in _online(chosen, declared, view)]]


async def _online(chosen: Settings, declared: Declared | None, view: View) -> AsyncIterator[Check]:
    from ztctl.cli.doctor_account import account_checks
    from ztctl.cli.doctor_machine import network
    from ztctl.cli.session import client_of
    from ztctl.core.model.checkup import Check, Verdict
    from ztctl.core.model.diagnostics import Failure

    reached = True
    async for check in network(chosen):
        yield check
        reached = reached and check.verdict is not Verdict.FAIL
    try:
        client, stated = client_of(chosen, declared, view)
        if not reached:
            yield Check("Token", "token", Verdict.SKIP, "the API was not reached")
            return
        async with client:
            async for check in account_checks(client, stated, declared):
                yield check
    except Failure as failure:
        if reached or chosen.token is None:
            yield Check("Token", "token", Verdict.FAIL, failure.summary, failure.hint)
