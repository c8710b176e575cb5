"""Take a snapshot: read an account, and keep what came back."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from ztctl.cli.planning import options_of, plan_source
from ztctl.cloudflare.snapshot import Recorder, Snapshot
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problems
from ztctl.engine.read_all import read_all
from ztctl.kinds.registry import KINDS

if TYPE_CHECKING:
    from ztctl.engine.drive import AccountApi
    from ztctl.views.view import View


async def take(live: AccountApi, declared: Declared | None, view: View, now: datetime) -> Snapshot:
    """Read an account for a snapshot: what the plan of the files reads, or without files all.

    Raises:
        CallFailed, Failures: it cannot be read, other than for want of a permission.
    """
    recorder = Recorder(live)
    if declared is None:
        await read_all(KINDS, recorder, view.event)
    else:
        try:
            await plan_source(recorder, declared, options_of(), view, ahead=True).plan()
        except Problems:
            # They are of the files, and may be what somebody wants to show by the snapshot.
            view.note("The files do not fit the account: ztctl plan says why.")
    return Snapshot(
        str(live.account),
        await _name_of(live),
        f"{now:%Y-%m-%dT%H:%M:%SZ}",
        redacted=False,
        whole=declared is None,
        replies=recorder.replies,
    )


async def _name_of(live: AccountApi) -> str:
    """The account's name, by which files may call it; empty if the token cannot see it."""
    with suppress(CallFailed):
        for item in await live.send(Call("GET", "/accounts", per_page=50)):
            if item.get("id") == live.account and isinstance(item.get("name"), str):
                return str(item["name"])
    return ""
