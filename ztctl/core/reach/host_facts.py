"""Host names and access tests that facts contain, and sample names for wildcards."""

from __future__ import annotations

from collections.abc import Iterator

from ztctl.core.model.facts import Criterion, Fact, Members
from ztctl.core.reach.entries import PROBE


def tests_in(members: Members) -> Iterator[Criterion]:
    """Every criterion of the rule lists, nested sets included."""
    for test in (*members.include, *members.exclude, *members.require):
        if isinstance(test, Criterion):
            yield test
        else:
            yield from tests_in(test)


def sample_hosts(fact: Fact | None) -> Iterator[str]:
    """The names of a fact; for each wildcard, a name one label below it and one two labels below.

    Two depths, because an Access wildcard covers one label only, DNS and ingress ones any depth.
    """
    for name in fact.names if fact is not None else ():
        yield name.replace("*", PROBE)
        if name.startswith("*."):
            yield f"{PROBE}.{PROBE}{name[1:]}"
