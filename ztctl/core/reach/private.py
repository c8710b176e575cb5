"""Access to private addresses now: the routes to them, their tunnels, their visitors.

In each virtual network the longest prefix that contains an address decides (Cloudflare One docs,
July 2026); a device is in one network at a time. Gateway network policies are not read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ztctl.core.model.facts import DEVICES, PrivateNetwork
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live
from ztctl.core.reach.networks import Network, is_subnet, parse_network
from ztctl.core.reach.versions import facts_of
from ztctl.core.reach.who import display_names


@dataclass(frozen=True, slots=True)
class PrivatePath:
    """One route: a range of a virtual network, its tunnel, and the stack that owns the route."""

    network: str
    virtual_network: str
    tunnel: str
    tunnel_id: str
    stack: str


@dataclass(frozen=True, slots=True)
class PrivateReach:
    """Who reaches a private address or range. The field names are keys of the JSON output.

    Attributes:
        enter: descriptions of the visitors; empty when no route leads there.
        routes: the route that decides in each virtual network, and those to a part of a range.
        notes: other circumstances that matter, as text.
        unread: what could not be read, as text; the answer may be wrong in that respect.
        in_part: routes lead to parts of the range only.
    """

    address: str
    enter: tuple[str, ...] = ()
    routes: tuple[PrivatePath, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    in_part: bool = False


def private_reach(
    address: str,
    live: Mapping[str, Sequence[Live]],
    kinds: Kinds,
    *,
    unread: Mapping[str, str] | None = None,
) -> PrivateReach:
    """Evaluate the live routes for an address or range.

    ``unread`` maps kinds to the reason why they could not be read.

    Raises:
        ValueError: when the text is neither an address nor a range.
    """
    wanted = ipaddress.ip_network(address, strict=False)
    found = {
        key: (fact, inner)
        for (_, key), fact in facts_of(live, kinds)
        if isinstance(fact, PrivateNetwork) and (inner := parse_network(fact.network)) is not None
    }
    chosen = set(_deciding(wanted, found.values()))
    by_id = {item.id: item for items in live.values() for item in items}
    routes = private_paths({key: fact for key, (fact, _) in found.items() if fact in chosen}, by_id)
    return PrivateReach(
        str(wanted) if "/" in address else address,
        (DEVICES,) if routes else (),
        routes,
        tuple(_notes(routes, by_id)),
        tuple((unread or {}).values()),
        in_part=bool(routes) and not any(is_subnet(wanted, inner) for _, inner in found.values()),
    )


def private_paths(
    routes: Mapping[str, PrivateNetwork], by_id: Mapping[str, Live]
) -> tuple[PrivatePath, ...]:
    """Describe routes, given by their ids; sorted."""
    names = display_names(by_id.values())
    found = (
        PrivatePath(
            fact.network,
            names.get(fact.virtual_network, fact.virtual_network),
            names.get(fact.tunnel, fact.tunnel),
            fact.tunnel,
            mark.stack if (mark := by_id[key].mark) else "",
        )
        for key, fact in routes.items()
    )
    return tuple(sorted(found, key=lambda it: (it.virtual_network, it.network)))


def _deciding(
    wanted: Network, routes: Iterable[tuple[PrivateNetwork, Network]]
) -> Iterator[PrivateNetwork]:
    """In each virtual network the longest range that contains ``wanted``, and all inside it."""
    longest: dict[str, tuple[PrivateNetwork, Network]] = {}
    for fact, network in routes:
        if is_subnet(wanted, network):
            best = longest.get(fact.virtual_network)
            if best is None or network.prefixlen > best[1].prefixlen:
                longest[fact.virtual_network] = fact, network
        elif is_subnet(network, wanted):
            yield fact
    yield from (fact for fact, _ in longest.values())


def _notes(routes: Iterable[PrivatePath], by_id: Mapping[str, Live]) -> Iterator[str]:
    tunnels = sorted({(route.tunnel_id, route.tunnel) for route in routes})
    if tunnels:
        yield "Gateway network policies may narrow this; ztctl does not read them"
    for key, name in tunnels:
        live = by_id.get(key)
        if live is not None and not live.attribute("running"):
            yield f"no connector of the tunnel {name} runs"
