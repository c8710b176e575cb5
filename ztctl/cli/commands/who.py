"""``ztctl who``: route and access of a host or private address, from the live account."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ztctl.cli import options as opt
from ztctl.cli.exits import Exit
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.cloudflare.client import Client
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.flows import Ask
    from ztctl.core.reach.private import PrivateReach
    from ztctl.core.reach.who import Reach
    from ztctl.engine.read import AccountReading
    from ztctl.views.view import View

    Work = Callable[..., Coroutine[Any, Any, Reach | PrivateReach]]

# Kinds that `who` must be able to read for a host; without the others its answer has gaps.
_NEEDED = ("zone", "dns_record", "access_application", "access_policy")
_USEFUL = ("organization", "access_group", "tunnel", "identity_provider", "service_token")
# The same for a private address.
_PRIVATE = ("private_route",)
_NAMES = ("virtual_network", "tunnel")


@opt.with_options
def who(
    *,
    host: Annotated[
        str,
        typer.Argument(metavar="HOST", help="A host name, or a private address or range."),
    ],
    files: opt.FileOptions,
    account: opt.AccountOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Say where a host leads, through what, who may enter and who may not; needs no files."""
    import asyncio

    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.model.names import to_ascii
    from ztctl.core.reach.private import as_range
    from ztctl.core.reach.who import Reach

    chosen = settings(output, files, account)
    private = as_range(host) is not None
    name = host if private else to_ascii(host)
    if not private:
        _check(host, name)
    declared = declared_by(chosen)[0] if files.file else None
    view = view_of(chosen, declared)
    with errors_shown(view):
        work: Work = _found_routes if private else _found
        found = asyncio.run(work(chosen, declared, name, view))
        _show(declared, found, view)
    is_open = isinstance(found, Reach) and found.open and not found.stated
    return Exit.EXPOSED if is_open else Exit.DONE


def _check(host: str, name: str) -> None:
    from ztctl.cli.settings import Usage

    if "*" in name:
        raise Usage(f"{host!r} stands for many names", "ask for one of them")
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", name):
        raise Usage(f"{host!r} is not a host name", "write a full name such as ssh.example.com")


async def _found(chosen: Settings, declared: Declared | None, host: str, view: View) -> Reach:
    from ztctl.cli.session import connected
    from ztctl.core.model.flows import Ask
    from ztctl.core.reach.open_now import PublicHosts
    from ztctl.core.reach.who import reach
    from ztctl.kinds.registry import KINDS

    async with connected(chosen, declared.account if declared else None, view) as client:
        ask = Ask("", lookups=frozenset(_USEFUL), hosts=frozenset({host}), thorough=True)
        seen = await _read(client, ask, view, _NEEDED, _USEFUL)
    _check_zone(seen, host)
    unread = _unread(seen)
    if not seen.live.get("organization") and "organization" not in unread:
        unread["organization"] = (
            "the Zero Trust organisation could not be read: hosts without an application count "
            "as open"
        )
    public = declared.public if declared else {}
    reasons = (reason for name, reason in public.items() if PublicHosts([name])(host))
    return reach(host, seen.live, KINDS, stated=next(reasons, ""), unread=unread)


async def _found_routes(
    chosen: Settings, declared: Declared | None, address: str, view: View
) -> PrivateReach:
    from ztctl.cli.session import connected
    from ztctl.core.model.flows import Ask
    from ztctl.core.reach.private import private_reach
    from ztctl.kinds.registry import KINDS

    async with connected(chosen, declared.account if declared else None, view) as client:
        ask = Ask("", used=frozenset({*_PRIVATE, *_NAMES}))
        seen = await _read(client, ask, view, _PRIVATE, _NAMES)
    return private_reach(address, seen.live, KINDS, unread=_unread(seen))


def _unread(seen: AccountReading) -> dict[str, str]:
    return {name: f"{failure.summary} ({failure.hint})" for name, failure in seen.unread.items()}


async def _read(
    client: Client, ask: Ask, view: View, needed: Sequence[str], useful: Sequence[str]
) -> AccountReading:
    from ztctl.engine.read import Reader
    from ztctl.kinds.registry import KINDS

    kinds = KINDS.only((*needed, *useful))
    return await Reader(kinds, ask, client).account(view.event, required=needed)


def _check_zone(seen: AccountReading, host: str) -> None:
    from ztctl.core.model.diagnostics import Failure
    from ztctl.kinds.zone import zone_of

    zones = seen.live["zone"]
    if zone_of(host, zones) is None:
        known = ", ".join(sorted(zone.name for zone in zones)[:12]) or "none"
        raise Failure(
            f"{host} lies in no active zone of the account",
            f"the token sees these active zones: {known}",
        )


def _show(declared: Declared | None, found: Reach | PrivateReach, view: View) -> None:
    from ztctl.documents.mask import Mask
    from ztctl.views.reach import reach_page

    mask = Mask(declared.environment if declared else {})
    view.page(reach_page(found, mask.hide))
