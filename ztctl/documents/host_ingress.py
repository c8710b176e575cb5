"""Ingress rules that hosts add to a tunnel, behind the rules written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.names import HostIndex, ingress_matches, is_wildcard, to_ascii
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.nodes import MappingNode, Node, Pair, ScalarNode, SequenceNode, mapping
from ztctl.documents.problems import SectionEntry


def with_rules(
    tunnel: SectionEntry, hosts: Sequence[HostEntry], found: list[Problem]
) -> SectionEntry:
    """The tunnel with one rule more for each host; a rule nothing would reach is a problem.

    Exact names go before wildcards, because cloudflared takes the first rule that matches.
    """
    fields = tunnel.fields
    if not isinstance(fields, MappingNode):
        return tunnel
    by_hand = fields.value("ingress") or SequenceNode((), tunnel.key.where)
    if not isinstance(by_hand, SequenceNode):
        return tunnel
    found.extend(_hidden(tunnel, by_hand.items, hosts))
    ordered = sorted(hosts, key=_turn)
    rules = (*by_hand.items, *map(_rule, ordered))
    key = fields.entries.get("ingress", (tunnel.key.with_text("ingress"), None))[0]
    node = fields.with_pairs([(key, SequenceNode(rules, by_hand.where))])
    return SectionEntry(tunnel.key, node, tunnel.origin)


def _turn(entry: HostEntry) -> tuple[bool, int, str]:
    """Exact names, then deeper wildcards; else by name: the order in the file means nothing."""
    name = to_ascii(entry.name)
    return (is_wildcard(name), -name.count(".") * is_wildcard(name), name)


def _rule(entry: HostEntry) -> MappingNode:
    return mapping(_rule_fields(entry), entry.name.where)


def _rule_fields(entry: HostEntry) -> Iterator[Pair]:
    yield entry.name.with_text("hostname"), entry.name.with_text(entry.name, plain=False)
    yield from entry.pair("service")
    if entry.host.public is not None:
        yield entry.generated("access", "false")
    else:
        yield from entry.pair("access")


def _hidden(
    tunnel: SectionEntry, rules: Sequence[Node], hosts: Sequence[HostEntry]
) -> Iterator[Problem]:
    """One problem for each rule by hand that leaves nothing for the own rule of some host."""
    answered = dict(reversed(list(_answered(rules))))
    index = HostIndex((pattern, [pattern]) for pattern in answered)
    for entry in hosts:
        name = to_ascii(entry.name)
        for pattern in index.meeting([name]):
            if pattern in answered and ingress_matches(pattern, name):
                yield _never_reached(tunnel, entry, answered.pop(pattern))


def _answered(rules: Sequence[Node]) -> Iterator[tuple[str, Where]]:
    """What each rule by hand answers for in whole: a pattern, ``*`` for every name."""
    for rule in rules:
        if isinstance(rule, MappingNode) and rule.value("path") is None:
            name = rule.value("hostname")
            if name is None:
                yield "*", rule.where
            elif isinstance(name, ScalarNode) and name:
                yield to_ascii(name), name.where


def _never_reached(tunnel: SectionEntry, entry: HostEntry, where: Where) -> Problem:
    rule = f"the ingress rule of tunnels.{tunnel.key} at {where}"
    return Problem(
        f"{entry.origin} is never reached: {rule} answers first",
        entry.name.where,
        "remove one of the two; a closing `http_status:404` is always added",
    )
