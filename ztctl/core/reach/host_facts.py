"""Host names and access tests that facts contain, and sample names for wildcards."""

from __future__ import annotations

from collections.abc import Iterator

from ztctl.core.model.facts import Criterion, Fact, Members, Test
from ztctl.core.reach.entries import PROBE


def tests_in(members: Members) -> list[Criterion]:
    """Every criterion of the rule lists, nested sets included."""
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
    """The host names and patterns of a fact; none for ``None``."""
    return iter(fact.names) if fact is not None else iter(())


def sample_hosts(name: str) -> Iterator[str]:
    """The name itself; for a wildcard, a name one label below it and one two labels below.

    Two depths, because an Access wildcard covers one label only, DNS and ingress ones any depth.
    """
    if "*" not in name:
        yield name
        return
    yield name.replace("*", PROBE)
    if name.startswith("*."):
        yield f"{PROBE}.{PROBE}{name[1:]}"
