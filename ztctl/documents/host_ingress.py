"""Add the ingress rules of hosts to a tunnel, after the rules written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.names import is_wildcard, to_ascii
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.nodes import MappingNode, Pair, SequenceNode, mapping
from ztctl.documents.problems import SectionEntry


def with_rules(tunnel: SectionEntry, hosts: Sequence[HostEntry]) -> SectionEntry:
    """Append one ingress rule a host to a tunnel.

    Exact names come before wildcards, because cloudflared takes the first rule that matches.
    """
    fields = tunnel.fields
    if not isinstance(fields, MappingNode):
        return tunnel
    by_hand = fields.value("ingress") or SequenceNode((), tunnel.key.where)
    if not isinstance(by_hand, SequenceNode):
        return tunnel
    ordered = sorted(hosts, key=lambda entry: rule_order(entry.name))
    rules = (*by_hand.items, *map(_rule, ordered))
    key = fields.entries.get("ingress", (tunnel.key.with_text("ingress"), None))[0]
    node = fields.with_pairs([(key, SequenceNode(rules, by_hand.where))])
    return SectionEntry(tunnel.key, node, tunnel.origin)


def rule_order(host: str) -> tuple[bool, int, str]:
    """Exact names, then wildcards from deep to shallow; otherwise by name, not by file order."""
    name = to_ascii(host)
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
