"""Routing of private addresses and host names to tunnels, by virtual network.

Source: Cloudflare's documentation: the route with the longest matching prefix in the virtual
network applies; a device is in the account's default network unless it chose another; a private
host name has a route of its own, whose wildcard covers one label. Official Python SDK: fields of
both.
Unrecorded: that a route of a host name applies to every virtual network, that an exact name takes
precedence over a wildcard.
"""

from __future__ import annotations

import ipaddress

from ztctl.sandbox.edge.names import normal_host
from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.edge.selectors import Address, Network, network_of
from ztctl.sandbox.messages import Object

# Tunnel ids by virtual network, (IP version, prefix length), network, route id. A longest-prefix
# match needs one lookup per prefix length, however many routes there are.
Table = dict[str, dict[tuple[int, int], dict[Network, dict[str, str]]]]


class Networks:
    """The routes and virtual networks that have reached the edge."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._table: Table = {}
        self._hosts: dict[str, dict[str, str]] = {}
        replica.follow("route", self._follow_route)
        replica.follow("hostname_route", self._follow_host)

    def chosen(self, virtual_network: str | None) -> str | None:
        """The id of the given virtual network, or of the default one; None if there is none."""
        if virtual_network is not None:
            one = self._replica.get("virtual_network", virtual_network)
            return virtual_network if one is not None and not one.get("deleted_at") else None
        for one in self._replica.all("virtual_network"):
            if one.get("is_default_network") and not one.get("deleted_at"):
                return str(one["id"])
        return None

    def tunnel_for(self, virtual_network: str, address: Address) -> str | None:
        """The tunnel id of the longest-prefix route to an address, or None."""
        lengths = self._table.get(virtual_network, {})
        for version, length in sorted(lengths, reverse=True):
            if version == address.version:
                network = ipaddress.ip_network((address, length), strict=False)
                found = lengths[version, length].get(network)
                if found:
                    return next(iter(found.values()))
        return None

    def tunnel_for_host(self, host: str) -> str | None:
        """The tunnel id of a private host name's route, or None."""
        wildcard = "*." + host.partition(".")[2]
        found = self._hosts.get(host) or self._hosts.get(wildcard)
        return next(iter(found.values())) if found else None

    def _follow_route(self, key: str, old: Object | None, new: Object | None) -> None:
        for route, network in _routed(old):
            lengths = self._table[route["virtual_network_id"]]
            lengths[network.version, network.prefixlen][network].pop(key, None)
        for route, network in _routed(new):
            lengths = self._table.setdefault(route["virtual_network_id"], {})
            networks = lengths.setdefault((network.version, network.prefixlen), {})
            networks.setdefault(network, {})[key] = route["tunnel_id"]

    def _follow_host(self, key: str, old: Object | None, new: Object | None) -> None:
        if old is not None and not old.get("deleted_at"):
            self._hosts[normal_host(old["hostname"])].pop(key, None)
        if new is not None and not new.get("deleted_at"):
            self._hosts.setdefault(normal_host(new["hostname"]), {})[key] = new["tunnel_id"]


def _routed(route: Object | None) -> list[tuple[Object, Network]]:
    """A route with its parsed network; empty if it is deleted or not parsable."""
    if route is None or route.get("deleted_at"):
        return []
    return [(route, network) for network in network_of(route["network"])]
