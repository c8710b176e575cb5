"""Everybody who may matter to an account at each of its doors, and what each of them meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.support.observer.people import People
from tests.support.observer.places import hosts, paths, places, rules
from ztctl.sandbox.edge.applications import covers_host
from ztctl.sandbox.edge.edge import Edge
from ztctl.sandbox.edge.values import Answer, PrivateVisit, Visit
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.store import Store

_INSIDE = "10.0.0.1:22"


class Doors:
    """The doors of an account as it is now: every name, path and identity, and some addresses.

    Args:
        sandbox: the account; every tunnel counts as served.
        addresses: private ones, that enrolled devices connect to.
    """

    def __init__(self, sandbox: Sandbox, *addresses: str) -> None:
        with sandbox.session() as state:
            self._edge = Edge(state)
            self._edge.assume_connectors = True
            self._public = [*_public(state.store)]
            self._private = [*_private(state.store, addresses)]

    def __len__(self) -> int:
        return len(self._public) + len(self._private)

    def answers(self) -> list[Answer]:
        """What each meets, in words left out: these tell the names of objects."""
        found = [*map(self._edge.visit, self._public)]
        found += map(self._edge.connect_privately, self._private)
        return [replace(it, reason="") for it in found]

    def changed(self, before: list[Answer]) -> list[str]:
        """Who meets something else than before."""
        asked = (*self._public, *self._private)
        return [
            f"{visit}: {was} -> {now}"
            for visit, was, now in zip(asked, before, self.answers(), strict=True)
            if was != now
        ]


def _public(store: Store) -> Iterator[Visit]:
    known, served, people = places(store), rules(store), People(store)
    for host in sorted(hosts(store, known, served)):
        covering = {it.app for it in known if covers_host(it.host, host)}
        for path in paths(host, known, served):
            for visitor in people.about(covering).values():
                yield Visit(host, path, visitor, _INSIDE)


def _private(store: Store, addresses: tuple[str, ...]) -> Iterator[PrivateVisit]:
    everybody = People(store).about({key for key, _ in store.items("app")})
    for address in addresses:
        for visitor in everybody.values():
            yield PrivateVisit(address, visitor=replace(visitor, enrolled=True))
