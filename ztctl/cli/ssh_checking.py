"""Look at SSH hosts from where a command runs: the account, the way to them, this laptop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.checkup import Verdict
from ztctl.core.model.names import ingress_matches
from ztctl.core.model.objects import Live
from ztctl.core.model.ssh_check import TITLES, CheckArea, HostCheck
from ztctl.ssh.cloud_checks import CloudSight, cloud_checks
from ztctl.ssh.network_checks import NetworkSight, network_checks
from ztctl.ssh.stack import SshHost

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.cloudflare.probe_client import ProbeClient
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.guide import Typed
    from ztctl.core.reach.auditing import Auditor
    from ztctl.engine.drive import AccountApi
    from ztctl.engine.whole_account import WholeAccount
    from ztctl.views.view import View

_SETTINGS: Final = ("websockets", "ssl")
_RECORDS: Final = ("A", "AAAA", "CNAME")
_TUNNEL: Final = ".cfargotunnel.com"
# Hosts asked at once.
_AT_ONCE: Final = 8


@dataclass(slots=True)
class Looked:
    """What was found.

    Attributes:
        unread: what could not be read of the account.
        auds: by host the audience tag of its application.
        cas: by host the public key of its CA.
        team: the team of the organisation; ``None``: not known.
    """

    checks: list[HostCheck] = field(default_factory=list)
    unread: tuple[str, ...] = ()
    auds: dict[str, str] = field(default_factory=dict)
    cas: dict[str, str] = field(default_factory=dict)
    team: str | None = None


def unseen(host: str, area: CheckArea, why: str) -> Iterator[HostCheck]:
    """Every check of an area, none of which was made."""
    for id_ in TITLES:
        if id_.startswith(area):
            yield HostCheck(id_, host, Verdict.SKIP, why)


# -- the account ----------------------------------------------------------------------------


async def look_at_account(
    chosen: Settings, declared: Declared, view: View, hosts: Sequence[SshHost]
) -> Looked:
    """Read the account once, and check each host by it.

    Raises:
        CallFailed, Failures, Failure: the account cannot be read.
    """
    from ztctl.cli.session import account_of
    from ztctl.engine.whole_account import whole_account
    from ztctl.kinds.registry import KINDS

    async with account_of(chosen, declared, view) as account:
        whole = await whole_account(KINDS, account, view.event, declared.copies)
        look = _HostSights(whole, _auditor(whole, declared), account, chosen.typed)
        found = Looked(unread=whole.unread, team=look.team)
        for host in hosts:
            sight = await look.sight(host)
            found.checks += cloud_checks(sight)
            if sight.guard is not None:
                found.auds[host.name] = str(sight.guard.attribute("aud") or "")
            if sight.ca is not None:
                found.cas[host.name] = str(sight.ca.attribute("public_key") or "")
        return found


def _auditor(whole: WholeAccount, declared: Declared) -> Auditor:
    from ztctl.core.reach.auditing import Auditor, Days
    from ztctl.core.reach.open_now import PublicPlaces

    today = datetime.now(UTC).date().isoformat()
    public = PublicPlaces(declared.public)
    return Auditor(whole.live, whole.facts, Days(today, today), public.reason)


@dataclass(slots=True)
class _HostSights:
    whole: WholeAccount
    auditor: Auditor
    account: AccountApi
    typed: Typed
    settings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    routes: dict[str, Sequence[str] | None] = field(default_factory=dict)
    running: dict[str, Mapping[str, str] | None] = field(default_factory=dict)

    @property
    def team(self) -> str | None:
        """The team of the organisation."""
        found = self._one("organization")
        return str(found.attribute("team") or "") or None if found else None

    def _one(self, kind: str) -> Live | None:
        return next(iter(self.whole.live.get(kind, ())), None)

    async def sight(self, host: SshHost) -> CloudSight:
        """All that the account has of a host; what the token may not read is left out."""
        from ztctl.kinds.zone import waiting_text, zone_of

        named = self.auditor.named(host.name)
        zone = zone_of(host.name, self.whole.live.get("zone", ()))
        inactive = zone_of(host.name, self.whole.live.get("inactive_zone", ()))
        ids = [it.id for it in named.reach.guards if not it.path and it.id]
        guard = self._by_id("access_application", ids[0]) if ids else None
        cas = self.whole.live.get("ca_key", ())
        aud = guard.attribute("aud") if guard else None
        records = tuple(self._records(host.name))
        tunnel = self._tunnel(records)
        now = datetime.now(UTC)
        return CloudSight(
            host,
            named,
            zone=zone.name if zone else "",
            waiting=waiting_text(inactive) if inactive else ("", ""),
            certificates=tuple(self.whole.facts.values()),
            settings=await self._settings(zone.id) if zone else None,
            guard=guard,
            ca=next((it for it in cas if aud and it.attribute("aud") == aud), None),
            records=records,
            tunnel=tunnel,
            connectors=await self._connectors(tunnel.id) if tunnel else None,
            routes=await self._routes(zone.id) if zone else None,
            organization=self._one("organization"),
            month=(now.year, now.month),
            typed=self.typed,
        )

    def _by_id(self, kind: str, id_: str) -> Live | None:
        return next((it for it in self.whole.live.get(kind, ()) if it.id == id_), None)

    def _records(self, host: str) -> Iterator[Live]:
        """The records on the name, else those on the closest pattern that it is one of."""
        found = [
            it
            for it in self.whole.live.get("dns_record", ())
            if it.raw.get("type") in _RECORDS and ingress_matches(str(it.raw.get("name")), host)
        ]
        names = sorted({str(it.raw.get("name")) for it in found}, key=len, reverse=True)
        name = host if host in names else next(iter(names), "")
        return (it for it in found if it.raw.get("name") == name)

    def _tunnel(self, records: Sequence[Live]) -> Live | None:
        for record in records:
            id_ = str(record.raw.get("content") or "").lower().removesuffix(_TUNNEL)
            if found := self._by_id("tunnel", id_):
                return found
        return None

    async def _settings(self, zone: str) -> Mapping[str, str]:
        if zone not in self.settings:
            found = {}
            for name in _SETTINGS:
                reply = await self._asked(f"/zones/{zone}/settings/{name}", "Zone Settings")
                if isinstance(reply, dict) and isinstance(reply.get("value"), str):
                    found[name] = reply["value"]
            self.settings[zone] = found
        return self.settings[zone]

    async def _routes(self, zone: str) -> Sequence[str] | None:
        if zone not in self.routes:
            reply = await self._asked(f"/zones/{zone}/workers/routes", "Workers Routes")
            self.routes[zone] = (
                [str(it.get("pattern") or "") for it in reply if isinstance(it, dict)]
                if isinstance(reply, list)
                else None
            )
        return self.routes[zone]

    async def _connectors(self, tunnel: str) -> Mapping[str, str] | None:
        if tunnel not in self.running:
            path = f"/accounts/{{account}}/cfd_tunnel/{tunnel}/connections"
            reply = await self._asked(path, "Cloudflare Tunnel")
            self.running[tunnel] = (
                {
                    str(it.get("id")): str(it.get("version") or "")
                    for it in reply
                    if isinstance(it, dict)
                }
                if isinstance(reply, list)
                else None
            )
        return self.running[tunnel]

    async def _asked(self, path: str, permission: str) -> Any:
        """A reply; ``None`` where the token may not read it, or the account has no such thing."""
        call = Call("GET", path, permission=permission, optional=True)
        try:
            return await self.account.send(call)
        except CallFailed:
            return None


# -- the way --------------------------------------------------------------------------------


async def look_at_way(
    chosen: Settings, hosts: Sequence[SshHost], found: Looked, declared: Declared | None
) -> list[HostCheck]:
    """Ask each host from here, without a login."""
    from ztctl.cli.edge_wait import prober
    from ztctl.core.reach.open_now import PublicPlaces

    public = PublicPlaces(declared.public if declared else ())
    doors = asyncio.Semaphore(_AT_ONCE)

    async def one(host: SshHost, client: ProbeClient) -> list[HostCheck]:
        if host.is_wildcard:
            why = "it stands for many names: ask for one of them"
            return [*unseen(host.name, CheckArea.NETWORK, why)]
        async with doors:
            sight = await _way(chosen, host.name, client, found)
        return [*network_checks(replace(sight, is_public=public(host.name)))]

    async with prober(chosen) as client:
        asked = await asyncio.gather(*(one(host, client) for host in hosts))
    return [check for checks in asked for check in checks]


async def _way(chosen: Settings, host: str, client: ProbeClient, found: Looked) -> NetworkSight:
    from ztctl.engine.probe import LoginState, ProbeReply, describe_reply, login_state

    sight = NetworkSight(host, aud=found.auds.get(host, ""), typed=chosen.typed)
    if not chosen.sandbox:
        sight = await _legs(host, sight)
        if sight.dns_error or sight.tls_error:
            return sight
    answer = await client.answer(host)
    reply = ProbeReply(answer.status, answer.location, answer.error)
    states = {LoginState.CLOSED: "closed", LoginState.OPEN: "open", LoginState.UNSEEN: "unseen"}
    state = states[login_state(reply, found.team)]
    metadata = None
    # The edge of the sandbox has no such header; its front has.
    if state == "closed" and not chosen.sandbox:
        metadata = (await client.answer(host, as_cloudflared=True)).metadata
    return replace(
        sight,
        state=state,  # type: ignore[arg-type]
        status=answer.status,
        location=answer.location,
        reply=describe_reply(reply),
        metadata=metadata,
        skew=_skew(answer.date),
    )


async def _legs(host: str, sight: NetworkSight) -> NetworkSight:
    from ztctl.cloudflare.reachability import way_to

    async for it in way_to(f"https://{host}"):
        if it.name == "DNS" and it.failed:
            return replace(sight, dns_error=it.found)
        if it.name == "DNS":
            sight = replace(sight, addresses=await _addresses(host))
        if it.name in ("connection", "TLS") and it.failed:
            return replace(sight, tls_error=it.found)
        if it.name == "TLS":
            sight = replace(sight, tls=it.found)
    return sight


async def _addresses(host: str) -> tuple[str, ...] | None:
    """The addresses of a name that has just been resolved."""
    loop = asyncio.get_running_loop()
    with suppress(OSError, UnicodeError, TimeoutError):
        found = await asyncio.wait_for(loop.getaddrinfo(host, 443), 10)
        return tuple(sorted({str(address[0]) for *_, address in found}))
    return None


def _skew(date: str) -> float | None:
    """By how many seconds this clock is ahead of a header ``Date``."""
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


# -- this laptop ----------------------------------------------------------------------------


def look_at_laptop(
    chosen: Settings, hosts: Sequence[SshHost], found: Looked
) -> Iterator[HostCheck]:
    """Look at cloudflared, ssh_config and keys; runs ``cloudflared --version`` and no more."""
    from ztctl.cli.doctor_machine import said_by
    from ztctl.ssh.client_checks import ClientSight, client_checks
    from ztctl.ssh.fingerprint import fingerprint

    environment = chosen.environment
    home = Path(environment.get("HOME") or "/nonexistent")
    version = said_by("cloudflared", "--version", environment) or ""
    for host in hosts:
        if host.is_wildcard:
            why = "it stands for many names: ask for one of them"
            yield from unseen(host.name, CheckArea.CLIENT, why)
            continue
        ca = found.cas.get(host.name, "")
        yield from client_checks(
            ClientSight(
                host.name,
                home,
                environment.get("USER") or environment.get("LOGNAME") or "",
                path=environment.get("PATH", ""),
                version=version,
                is_bastion=host.is_bastion,
                wants_certificate=bool(host.ca_key or ca) or not host.parts,
                ca=fingerprint(ca),
                now=time.time(),
            )
        )
