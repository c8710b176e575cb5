"""The SSH CAs of a stack, as they are live; those of a rotation among them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ztctl.cli.settings import Settings
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.identity import HostPart
from ztctl.core.model.objects import Wanted
from ztctl.core.model.ssh_trust import StackCa
from ztctl.core.model.values import Ref
from ztctl.core.planning.planner import Options
from ztctl.engine.drive import AccountApi, drive
from ztctl.engine.plan import Planned
from ztctl.kinds.registry import KINDS
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.public_keys import read_text
from ztctl.views.ssh_ca_view import ShownCas

if TYPE_CHECKING:
    from ztctl.views.view import View


async def stack_cas(chosen: Settings, declared: Declared, view: View) -> ShownCas:
    """Read the CAs of the stack and of the account.

    Raises:
        CallFailed, Failures, Failure: the account cannot be read.
        Problems: the files have problems that show only against the account.
    """
    from ztctl.cli.planning import plan_source
    from ztctl.cli.session import account_of

    async with account_of(chosen, declared, view) as live:
        planned, gateway = await asyncio.gather(
            plan_source(live, declared, Options(), view).plan(), _gateway(live)
        )
    return shown_cas(planned, gateway)


async def planned_of(chosen: Settings, declared: Declared, view: View) -> Planned:
    """The plan of the files as they are.

    Raises:
        CallFailed, Failures, Failure, Problems: as `stack_cas`.
    """
    from ztctl.cli.planning import plan_source
    from ztctl.cli.session import account_of

    async with account_of(chosen, declared, view) as live:
        return await plan_source(live, declared, Options(), view).plan()


def shown_cas(planned: Planned, gateway: Sequence[str] | CallFailed = ()) -> ShownCas:
    """The CAs of what was read and planned."""
    unread = gateway.summary if isinstance(gateway, CallFailed) else ""
    keys = gateway if not isinstance(gateway, CallFailed) else ()
    wanted = list(planned.draft.declared.of(KINDS.of_host(HostPart.CA_KEY).name))
    found = {it.address.key: _ca(it, planned) for it in wanted}
    return ShownCas(
        planned.plan.stack,
        [it for it in found.values() if it is not None],
        [key for key, it in found.items() if it is None],
        [StackCa("", (), "", key, fingerprint(key)) for key in keys],
        unread,
    )


async def _gateway(live: AccountApi) -> Sequence[str] | CallFailed:
    from ztctl.kinds.gateway_ca import gateway_keys

    try:
        return await drive(gateway_keys(), live)
    except CallFailed as failure:
        if not failure.leaves_gap:
            raise
        return failure


def _ca(wanted: Wanted, planned: Planned) -> StackCa | None:
    pairs = planned.draft.ledger.pairs
    live = pairs.get(wanted.address)
    key = live.attribute("public_key") if live is not None else None
    if live is None or not key:
        return None
    application = KINDS.of_host(HostPart.APPLICATION)
    owners = planned.live.get(application.name, ())
    owner = next((it for it in owners if it.id == live.owner), None)
    hosts = application.hosts(owner.key, owner.values) if owner is not None else ()
    if wanted.rotates is not None and (main := pairs.get(wanted.rotates)) is not None:
        hosts = application.hosts(main.key, main.values)
    file = _file(wanted)
    return StackCa(
        _name(wanted),
        tuple(sorted(hosts)),
        str(owner.attribute("aud") or "") if owner is not None else "",
        str(key),
        fingerprint(str(key)),
        str(file or ""),
        held=file is not None and _text(file) == f"{key}\n",
        spare=wanted.spare,
    )


def _name(wanted: Wanted) -> str:
    if wanted.rotates is not None:
        return wanted.rotates.key
    application = wanted.values["application"]
    return application.to.key if isinstance(application, Ref) else wanted.address.key


def _file(wanted: Wanted) -> Path | None:
    name = wanted.local.get("public_key_file")
    return Path(wanted.where.file).parent / str(name) if name and wanted.where else None


def _text(path: Path) -> str | None:
    try:
        return read_text(path)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {(error.strerror or '').lower()}") from error
