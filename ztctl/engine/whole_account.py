"""Read all of an account that decides who reaches its names and private addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.copies import Copy
from ztctl.core.model.events import Report
from ztctl.core.model.facts import (
    Fact,
    Record,
    Slot,
    TunnelRules,
    ZoneApplications,
    ZoneRecords,
)
from ztctl.core.model.flows import Ask, Unseen
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live
from ztctl.core.reach.versions import facts_of
from ztctl.engine.drive import Api
from ztctl.engine.read import Reader

_RECORDS: Final = "dns_record"
_CERTIFICATES: Final = "zone_certificates"
# Without these nothing can be said.
_NEEDED: Final = ("zone", _RECORDS, "access_application")
# Without one of these the answer has gaps, or is more cautious.
_USEFUL: Final = (
    "inactive_zone",
    _CERTIFICATES,
    "organization",
    "access_group",
    "access_policy",
    "tunnel",
    "identity_provider",
    "service_token",
    "private_route",
    "hostname_route",
    "virtual_network",
    "ca_key",
)
# All of them.
DECIDING: Final = frozenset((*_NEEDED, *_USEFUL))


@dataclass(frozen=True, slots=True)
class WholeAccount:
    """An account, as far as the token may read it.

    Attributes:
        live: the live objects by kind.
        facts: what they mean.
        unread: what could not be read, as text, with the permission for it.
    """

    live: Mapping[str, tuple[Live, ...]]
    facts: Mapping[Slot, Fact]
    unread: tuple[str, ...] = ()


async def whole_account(
    kinds: Kinds, api: Api, report: Report, copies: tuple[Copy, ...] = ()
) -> WholeAccount:
    """Read every zone's records and applications, and every tunnel's rules.

    ``copies`` tell the rules of tunnels that are managed on their servers.

    Of calls that is a list for each kind, two lists for each zone, that of the certificates
    of a zone with a deep name of a tunnel, and one call for each tunnel
    that is managed remotely: there is no list of configurations.

    Raises:
        CallFailed, Failures: something failed other than by a missing permission, or without it
            nothing can be said.
        Problems: a copy may not stand for the tunnel that it is given for.
    """
    known = kinds.only(DECIDING)
    ask = Ask("", lookups=frozenset(_USEFUL), used=frozenset(_USEFUL), copies=copies)
    reader = Reader(known, ask, api)
    seen = await reader.account(report, required=_NEEDED)
    facts = await reader.with_beyond(dict(facts_of(seen.live, known)), all_unseen)
    zones = frozenset(it.name for it in facts.values() if isinstance(it, ZoneRecords) and it.read)
    # The lists are those that the facts come from: no call is sent again.
    records = await reader.driven(known[_RECORDS].read(replace(ask, hosts=zones)))
    facts |= await certificates(reader, ask, facts, known)
    gaps = (*told_gaps(seen.unread.values()), *_gaps(facts))
    return WholeAccount({**seen.live, _RECORDS: records}, facts, gaps)


def told_gaps(unread: Iterable[CallFailed]) -> Iterator[str]:
    """What could not be read, as text, each with what to do."""
    return (f"{it.summary} ({it.hint})" if it.hint else it.summary for it in unread)


async def certificates(
    reader: Reader, ask: Ask, facts: Mapping[Slot, Fact], kinds: Kinds
) -> dict[Slot, Fact]:
    """The certificates of each zone in which a deep name leads to a tunnel.

    Raises:
        CallFailed: they could not be read, other than by a missing permission.
    """
    led = frozenset(it.name for it in facts.values() if isinstance(it, Record) and it.tunnel)
    found = await reader.driven(kinds[_CERTIFICATES].read(replace(ask, hosts=led)))
    return dict(facts_of({_CERTIFICATES: found}, kinds))


def all_unseen(facts: Mapping[Slot, Fact]) -> Unseen:
    """All zones, and all tunnels without known rules."""
    found = list(facts.values())
    zones = {it.name for it in found if isinstance(it, ZoneRecords)}
    unread = any(isinstance(it, ZoneRecords) and not (it.read or it.gap) for it in found)
    guarded = {it.name for it in found if isinstance(it, ZoneApplications)}
    led = {it.tunnel for it in found if isinstance(it, Record) and it.tunnel}
    listed = {key: it for (_, key), it in facts.items() if isinstance(it, TunnelRules)}
    unknown = {key for key in led | listed.keys() if key not in listed or listed[key].rules is None}
    names = frozenset({"*"} if unread else ())
    return Unseen(names, frozenset(unknown), frozenset(zones - guarded))


def _gaps(facts: Mapping[Slot, Fact]) -> Iterator[str]:
    for fact in facts.values():
        if isinstance(fact, ZoneApplications) and fact.gap:
            yield f"applications that only the zone {fact.name} lists: {fact.gap}"
