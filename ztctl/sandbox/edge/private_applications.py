"""Selection of the application for a private address or host name.

Source: Cloudflare's documentation of private applications: a host name takes precedence over an
address; wildcards in host names as in application paths; of infrastructure applications: targets
match by address and virtual network, criteria by host name, port and protocol. Cloudflare OpenAPI
description, July 2026: without `l4_protocol` both, without `vnet_id` every virtual network; the
forms of `target_criteria`. Unrecorded: which of two overlapping destinations is more specific (here
the longer prefix or name, then fewer ports, then the older application), that a destination
without `port_range` is every port.
Not emulated: server names of TLS; that a host name resolves to an address which another
application covers; the UNIX user of an infrastructure policy.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ztctl.sandbox.edge.applications import covers_host
from ztctl.sandbox.edge.foreign import as_object, as_objects, as_text, as_texts
from ztctl.sandbox.edge.names import normal_host
from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.edge.selectors import Address, Network, address_of, network_of
from ztctl.sandbox.messages import Object

ALL_PORTS = (1, 65535)
CONDITIONS = ("include", "require", "exclude")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection of a device; `host` is normalised, or empty if `address` is given."""

    host: str
    address: Address | None
    port: int
    protocol: str
    virtual_network: str


@dataclass(frozen=True, slots=True)
class Destination:
    """A parsed private destination of an application."""

    app: str
    age: int
    host: str
    network: Network | None
    ports: tuple[int, int]
    protocol: str | None
    virtual_network: str | None

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sort key; the most specific destination is the lowest."""
        length = self.network.prefixlen if self.network else len(self.host.replace("*", ""))
        return ("*" in self.host, -length, self.ports[1] - self.ports[0], self.age)

    def covers(self, connection: Connection) -> bool:
        """Whether a connection matches this destination."""
        if self.network is None:
            reached = bool(connection.host) and covers_host(self.host, connection.host)
        else:
            reached = connection.address is not None and connection.address in self.network
        return (
            reached
            and self.ports[0] <= connection.port <= self.ports[1]
            and self.protocol in (None, connection.protocol)
            and self.virtual_network in (None, connection.virtual_network)
        )


class PrivateApplications:
    """The private destinations and infrastructure targets that have reached the edge."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._ages = itertools.count()
        self._destinations: dict[str, list[Destination]] = {}
        self._infrastructure: dict[str, Object] = {}
        self._targets: dict[tuple[Address, str], dict[str, Object]] = {}
        replica.follow("app", self._follow_app)
        replica.follow("target", self._follow_target)

    def matching(self, connection: Connection) -> Object | None:
        """The application for a connection, infrastructure applications first, or None."""
        infrastructure = self._of_targets(connection)
        if infrastructure is not None:
            return infrastructure
        everything = itertools.chain.from_iterable(self._destinations.values())
        fitting = [one for one in everything if one.covers(connection)]
        if not fitting:
            return None
        return self._replica.get("app", min(fitting, key=lambda one: one.rank).app)

    def _of_targets(self, connection: Connection) -> Object | None:
        if connection.address is None or connection.protocol != "tcp":
            return None
        targets = self._targets.get((connection.address, connection.virtual_network), {}).values()
        for app in self._infrastructure.values():
            criteria = as_objects(app.get("target_criteria"))
            criteria = [one for one in criteria if one.get("port") == connection.port]
            if any(_is_met(one, target) for one in criteria for target in targets):
                return app
        return None

    def _follow_app(self, key: str, _: Object | None, new: Object | None) -> None:
        before = self._destinations.pop(key, [])
        if new is not None and new.get("type") == "infrastructure":
            self._infrastructure[key] = new
            return
        self._infrastructure.pop(key, None)
        age = before[0].age if before else next(self._ages)
        private = list(_private(key, age, as_objects(as_object(new).get("destinations"))))
        if private:
            self._destinations[key] = private

    def _follow_target(self, key: str, old: Object | None, new: Object | None) -> None:
        for place in _places(old):
            del self._targets[place][key]
        for place in _places(new):
            self._targets.setdefault(place, {})[key] = new or {}


def _private(app: str, age: int, given: list[Object]) -> Iterator[Destination]:
    """Parse the private destinations; invalid ones are left out."""
    for one in given:
        host = normal_host(as_text(one.get("hostname")))
        network = next(iter(network_of(as_text(one.get("cidr")))), None)
        ports = _ports(as_text(one.get("port_range")))
        if one.get("type") == "private" and ports and (host or network):
            protocol, virtual = as_text(one.get("l4_protocol")), as_text(one.get("vnet_id"))
            yield Destination(app, age, host, network, ports, protocol or None, virtual or None)


def _ports(given: str) -> tuple[int, int] | None:
    found = _PORTS.fullmatch(given)
    if found is None:
        return None if given else ALL_PORTS
    return int(found[1]), int(found[2] or found[1])


def _places(target: Object | None) -> Iterator[tuple[Address, str]]:
    for one in as_objects(list(as_object(as_object(target).get("ip")).values())):
        address = address_of(as_text(one.get("ip_addr")))
        if address is not None:
            yield address, as_text(one.get("virtual_network_id"))


def _is_met(criterion: Object, target: Object) -> bool:
    include, require, exclude = (_selectors(criterion.get(name)) for name in CONDITIONS)
    if not include and not require and not exclude:
        return _has(criterion, target)
    return (
        any(_has(one, target) for one in include)
        and all(_has(one, target) for one in require)
        and not any(_has(one, target) for one in exclude)
    )


def _selectors(rule: Any) -> list[Object]:
    """The selectors of a criterion: an array of them, or an object with several."""
    if not isinstance(rule, dict):
        return as_objects(rule)
    attributes, tags = as_object(rule.get("target_attributes")), as_object(rule.get("tags"))
    named = [{"target_attributes": attributes}] if attributes else []
    return named + [{"tags": {key: values}} for key, values in tags.items()]


def _has(wanted: Object, target: Object) -> bool:
    """Whether a target has one of the listed values for each attribute and each tag."""
    names = as_texts(as_object(wanted.get("target_attributes")).get("hostname"))
    tags = as_object(wanted.get("tags"))
    if not names and not tags:
        return False
    known = as_object(target.get("tags"))
    named = not names or target["hostname"].lower() in {name.lower() for name in names}
    return named and all(known.get(key) in as_texts(values) for key, values in tags.items())
