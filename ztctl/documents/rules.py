"""Ingress rules that hosts add to a tunnel, behind the rules written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.names import HostIndex, ingress_matches, is_wildcard, to_ascii
from ztctl.documents.nodes import MappingNode, Node, Pair, SequenceNode, Text, mapping
from ztctl.documents.problems import SectionEntry
from ztctl.documents.stated import StatedHost


def with_rules(
    tunnel: SectionEntry, hosts: Sequence[StatedHost], found: list[Problem]
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
    key = fields.entries.get("ingress", (tunnel.key.instead("ingress"), None))[0]
    node = fields.with_pairs([(key, SequenceNode(rules, by_hand.where))])
    return SectionEntry(tunnel.key, node, tunnel.origin)


def _turn(stated: StatedHost) -> tuple[bool, int, str]:
    """Exact names, then deeper wildcards; else by name: the order in the file means nothing."""
    name = to_ascii(stated.name)
    return (is_wildcard(name), -name.count(".") * is_wildcard(name), name)


def _rule(stated: StatedHost) -> MappingNode:
    return mapping(_rule_fields(stated), stated.name.where)


def _rule_fields(stated: StatedHost) -> Iterator[Pair]:
    yield stated.name.instead("hostname"), stated.name.instead(stated.name, plain=False)
    yield from stated.pair("service")
    if stated.host.public is not None:
        yield stated.say("access", "false")
    else:
        yield from stated.pair("access")


def _hidden(
    tunnel: SectionEntry, rules: Sequence[Node], hosts: Sequence[StatedHost]
) -> Iterator[Problem]:
    """One problem for each rule by hand that leaves nothing for the own rule of some host."""
    answered = dict(reversed(list(_answered(rules))))
    index = HostIndex((pattern, [pattern]) for pattern in answered)
    for stated in hosts:
        name = to_ascii(stated.name)
        for pattern in index.meeting([name]):
            if pattern in answered and ingress_matches(pattern, name):
                yield _never_reached(tunnel, stated, answered.pop(pattern))


def _answered(rules: Sequence[Node]) -> Iterator[tuple[str, Where]]:
    """What each rule by hand answers for in whole: a pattern, ``*`` for every name."""
    for rule in rules:
        if isinstance(rule, MappingNode) and rule.value("path") is None:
            name = rule.value("hostname")
            if name is None:
                yield "*", rule.where
            elif isinstance(name, Text) and name:
                yield to_ascii(name), name.where


def _never_reached(tunnel: SectionEntry, stated: StatedHost, where: Where) -> Problem:
    rule = f"the ingress rule of tunnels.{tunnel.key} at {where}"
    return Problem(
        f"{stated.origin} is never reached: {rule} answers first",
        stated.name.where,
        "remove one of the two; a closing `http_status:404` is always added",
    )
