"""Add hosts to the destinations of an application that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.names import access_covers, to_ascii
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.nodes import MappingNode, Node, Scalar, SequenceNode
from ztctl.documents.problems import SectionEntry


def with_destinations(application: SectionEntry, hosts: Sequence[HostEntry]) -> SectionEntry:
    """Append to an application every host that its domain and destinations do not cover yet."""
    fields = application.fields
    if not isinstance(fields, MappingNode):
        return application
    own = SequenceNode(_key_of(application), application.key.where)
    listed = fields.value("destinations") or own
    if not isinstance(listed, SequenceNode):
        return application
    covered = {
        to_ascii(text.removesuffix("/")) for text in _uris((fields.value("domain"), *listed.items))
    }
    missing = [
        entry.name.with_text(entry.name, plain=False)
        for entry in hosts
        if not any(access_covers(pattern, to_ascii(entry.name)) for pattern in covered)
    ]
    if not missing:
        return application
    key = fields.entries.get("destinations", (application.key.with_text("destinations"), None))[0]
    destinations = SequenceNode((*listed.items, *missing), listed.where)
    return SectionEntry(
        application.key, fields.with_pairs([(key, destinations)]), application.origin
    )


def _key_of(application: SectionEntry) -> tuple[Scalar, ...]:
    """The key, where it is the domain; a key without a dot only names the application."""
    stated = isinstance(application.fields, MappingNode) and application.fields.value("domain")
    is_domain = not stated and "." in application.key
    return (application.key.with_text(application.key, plain=False),) if is_domain else ()


def _uris(nodes: Sequence[Node | None]) -> Iterator[str]:
    for node in nodes:
        uri = node.value("uri") if isinstance(node, MappingNode) else node
        if isinstance(uri, Scalar):
            yield uri
