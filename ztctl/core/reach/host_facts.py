"""Names in facts: which names an object speaks of, and which are worth a look."""

from __future__ import annotations

from collections.abc import Iterator

from ztctl.core.model.facts import Criterion, Fact, Members, Test
from ztctl.core.reach.entries import PROBE


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
