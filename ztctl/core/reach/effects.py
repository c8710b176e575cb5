"""Derive the host names that a step covers, uncovers, opens and closes from facts.

A kind gives the fact of each object; the effect of a write follows from the facts before and after
it, so that no kind states it a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ztctl.core.model.facts import Application, Fact, Ingress, Record, TunnelRules

Names = frozenset[str]


class Effects(NamedTuple):
    """Effects of a write on host names and patterns; ``Step`` documents each set."""

    covers: Names = frozenset()
    uncovers: Names = frozenset()
    opens: Names = frozenset()
    closes: Names = frozenset()


def effects(before: Fact | None, after: Fact | None) -> Effects:
    """Compare the facts of one object before and after a write; ``None``: the object is absent."""
    match before or after:
        case Application():
            had, has = _hosts(before), _hosts(after)
            return Effects(covers=has - had, uncovers=had - has)
        case Record(name=name) if _target(before) != _target(after):
            names = frozenset({name})
            return Effects(
                opens=names if after is not None else frozenset(),
                closes=names if before is not None else frozenset(),
            )
        case TunnelRules():
            old, new = _origins(before), _origins(after)
            return Effects(opens=_names(new - old), closes=_names(old) - _names(new))
        case _:
            return Effects()


def changed_names(before: Fact | None, after: Fact | None) -> Names:
    """The names that a write covers, uncovers, opens or closes, as far as its fact tells."""
    return frozenset[str]().union(*effects(before, after)) if before != after else frozenset()


def merged(found: Iterable[Effects]) -> Effects:
    """The union of the effects on several objects that one write changes."""
    sets = zip(*found, strict=True)
    return Effects(*(frozenset[str]().union(*names) for names in sets))


def places(fact: Fact | None) -> Names:
    """The places of an application, with their paths."""
    return frozenset(fact.places) if isinstance(fact, Application) else frozenset()


def _hosts(fact: Fact | None) -> Names:
    """The hosts of an application's places, without their paths."""
    return frozenset(place.partition("/")[0] for place in getattr(fact, "places", ()))


def _target(fact: Fact | None) -> tuple[str | None, bool, str] | None:
    return (fact.tunnel, fact.proxied, fact.alias) if isinstance(fact, Record) else None


def _origins(fact: Fact | None) -> frozenset[Ingress]:
    """The rules that lead to an origin; none for a tunnel whose configuration was not read."""
    rules = fact.every_rule if isinstance(fact, TunnelRules) else ()
    return frozenset(rule for rule in rules if rule.is_origin)


def _names(rules: Iterable[Ingress]) -> Names:
    return frozenset(rule.hostname for rule in rules)
