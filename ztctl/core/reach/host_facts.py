"""Names in facts: which objects are about a host name, and which names are worth a look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ztctl.core.model.facts import Criterion, Fact, Members, Test
from ztctl.core.reach.entries import PROBE, access_fits, ingress_fits

Slot = tuple[str, str]


class ByName:
    """Slots by the names and patterns of their objects."""

    def __init__(self, named: Iterable[tuple[Slot, str]]) -> None:
        self._exact: dict[str, dict[Slot, None]] = defaultdict(dict)
        self._stars: dict[str, dict[Slot, None]] = defaultdict(dict)
        for slot, name in named:
            (self._stars if "*" in name else self._exact)[name][slot] = None

    def about(self, host: str) -> list[Slot]:
        """Every object with this name, or with a star that takes it in."""
        found = dict(self._exact.get(host, {}))
        for pattern, slots in self._stars.items():
            if access_fits(pattern, host) or ingress_fits(pattern, host):
                found |= slots
        return list(found)


def tests_in(members: Members) -> list[Criterion]:
    """Every single test inside a set, however deep."""
    found: list[Criterion] = []
    waiting: list[Test] = [*members.include, *members.exclude, *members.require]
    while waiting:
        test = waiting.pop()
        if isinstance(test, Criterion):
            found.append(test)
        else:
            waiting += [*test.include, *test.exclude, *test.require]
    return found


def names_of(fact: Fact | None) -> Iterator[str]:
    """The host names and patterns that an object speaks of."""
    return iter(fact.names) if fact is not None else iter(())


def examples(name: str) -> Iterator[str]:
    """A name itself; for a star, a name right below it and one below that."""
    if "*" not in name:
        yield name
        return
    yield name.replace("*", PROBE)
    if name.startswith("*."):
        yield f"{PROBE}.{PROBE}{name[1:]}"
