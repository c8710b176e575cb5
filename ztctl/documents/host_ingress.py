"""Add the ingress rules of hosts to a tunnel, after the rules written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.names import HostIndex, ingress_matches, is_wildcard, to_ascii
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.nodes import MappingNode, Node, Pair, Scalar, SequenceNode, mapping
from ztctl.documents.problems import SectionEntry


def with_rules(
    tunnel: SectionEntry, hosts: Sequence[HostEntry], problems: list[Problem]
) -> SectionEntry:
    """Append one ingress rule a host to a tunnel; a rule that can never match is a problem.

    Exact names come before wildcards, because cloudflared takes the first rule that matches.
    """
    fields = tunnel.fields
    if not isinstance(fields, MappingNode):
        return tunnel
    by_hand = fields.value("ingress") or SequenceNode((), tunnel.key.where)
    if not isinstance(by_hand, SequenceNode):
        return tunnel
    problems.extend(_shadowing(tunnel, by_hand.items, hosts))
    ordered = sorted(hosts, key=_sort_key)
    rules = (*by_hand.items, *map(_rule, ordered))
    key = fields.entries.get("ingress", (tunnel.key.with_text("ingress"), None))[0]
    node = fields.with_pairs([(key, SequenceNode(rules, by_hand.where))])
    return SectionEntry(tunnel.key, node, tunnel.origin)


def _sort_key(entry: HostEntry) -> tuple[bool, int, str]:
    """Exact names, then wildcards from deep to shallow; otherwise by name, not by file order."""
    name = to_ascii(entry.name)
    return (is_wildcard(name), -name.count(".") * is_wildcard(name), name)


def _rule(entry: HostEntry) -> MappingNode:
    return mapping(_rule_fields(entry), entry.name.where)


def _rule_fields(entry: HostEntry) -> Iterator[Pair]:
    yield entry.name.with_text("hostname"), entry.name.with_text(entry.name, plain=False)
    yield from entry.pair("service")
    if entry.host.is_public:
        yield entry.generated("access", "false")
    else:
        yield from entry.pair("access")


def _shadowing(
    tunnel: SectionEntry, rules: Sequence[Node], hosts: Sequence[HostEntry]
) -> Iterator[Problem]:
    """Report each rule written by hand that matches all requests of some host's generated rule."""
    # Reversed, so that of several rules for one pattern the first is reported.
    rule_places = dict(reversed(list(_unconditional(rules))))
    index = HostIndex((pattern, [pattern]) for pattern in rule_places)
    for entry in hosts:
        name = to_ascii(entry.name)
        for pattern in index.meeting([name]):
            if pattern in rule_places and ingress_matches(pattern, name):
                yield _never_reached(tunnel, entry, rule_places.pop(pattern))


def _unconditional(rules: Sequence[Node]) -> Iterator[tuple[str, Where]]:
    """Pattern and position of each rule by hand without a path; ``*`` matches every name."""
    for rule in rules:
        if isinstance(rule, MappingNode) and rule.value("path") is None:
            name = rule.value("hostname")
            if name is None:
                yield "*", rule.where
            elif isinstance(name, Scalar) and name:
                yield to_ascii(name), name.where


def _never_reached(tunnel: SectionEntry, entry: HostEntry, where: Where) -> Problem:
    rule = f"the ingress rule of tunnels.{tunnel.key} at {where}"
    return Problem(
        f"{entry.origin} is never reached: {rule} answers first",
        entry.name.where,
        "remove one of the two; a closing `http_status:404` is always added",
    )
