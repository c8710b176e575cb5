"""Private addresses as they are live: which routes lead there, through which tunnels, for whom.

In each virtual network the longest range that holds an address decides (Cloudflare One docs, July
2026); a device is in one network at a time. Gateway network policies are not read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ztctl.core.model.facts import DEVICES, PrivateNetwork
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live, Mark
from ztctl.core.reach.versions import facts_of

Range = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class PrivatePath:
    """One route: a range of a virtual network, the tunnel it leads to, and whose route it is."""

    network: str
    virtual_network: str
    tunnel: str
    tunnel_id: str
    stack: str


@dataclass(frozen=True, slots=True)
class PrivateReach:
    """The answer to who reaches a private address or range.

    Attributes:
        enter: who reaches it; empty when no route leads there.
        routes: the route that decides in each virtual network, and those to a part of a range.
        notes: what else bears on it.
        unread: what could not be read, so that the answer may be wrong there.
    """

    address: str
    enter: tuple[str, ...] = ()
    routes: tuple[PrivatePath, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def as_range(text: str) -> Range | None:
    """An address or range, or ``None`` for what is neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def private_reach(
    address: str,
    live: Mapping[str, Sequence[Live]],
    kinds: Kinds,
    *,
    unread: Mapping[str, str] | None = None,
) -> PrivateReach:
    """Who reaches an address or range by these live routes.

    Raises:
        ValueError: when the text is neither.
    """
    wanted = ipaddress.ip_network(address, strict=False)
    found = {
        key: (fact, inner)
        for (_, key), fact in facts_of(live, kinds)
        if isinstance(fact, PrivateNetwork) and (inner := as_range(fact.network)) is not None
    }
    chosen = set(_deciding(wanted, found.values()))
    by_id = {item.id: item for items in live.values() for item in items}
    routes = tuple(
        PrivatePath(
            fact.network,
            _name(by_id, fact.virtual_network),
            _name(by_id, fact.tunnel),
            fact.tunnel,
            mark.stack if (mark := by_id[key].mark) else "",
        )
        for key, (fact, _) in found.items()
        if fact in chosen
    )
    return PrivateReach(
        address,
        (DEVICES,) if routes else (),
        tuple(sorted(routes, key=lambda it: (it.virtual_network, it.network))),
        tuple(_notes(routes, by_id)),
        tuple((unread or {}).values()),
    )


def _deciding(
    wanted: Range, routes: Iterable[tuple[PrivateNetwork, Range]]
) -> Iterator[PrivateNetwork]:
    """In each network the longest range around what is wanted, and every range inside it."""
    around: dict[str, tuple[PrivateNetwork, Range]] = {}
    for fact, network in routes:
        if _holds(network, wanted):
            best = around.get(fact.virtual_network)
            if best is None or network.prefixlen > best[1].prefixlen:
                around[fact.virtual_network] = fact, network
        elif _holds(wanted, network):
            yield fact
    yield from (fact for fact, _ in around.values())


def _holds(outer: Range, inner: Range) -> bool:
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _name(by_id: Mapping[str, Live], key: str) -> str:
    live = by_id.get(key)
    return Mark.of_name(live.name)[0] if live is not None else key


def _notes(routes: Iterable[PrivatePath], by_id: Mapping[str, Live]) -> Iterator[str]:
    routes = list(routes)
    if routes:
        yield "Gateway network policies may narrow this; ztctl does not read them"
    for key, name in sorted({(route.tunnel_id, route.tunnel) for route in routes}):
        live = by_id.get(key)
        if live is not None and not live.attribute("running"):
            yield f"no connector of the tunnel {name} runs"
