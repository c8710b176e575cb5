"""Add hosts to the destinations of an application that they share."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from ztctl.core.model.names import access_covers, is_wildcard, to_ascii
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.nodes import MappingNode, Node, Scalar, SequenceNode
from ztctl.documents.problems import SectionEntry

_HOST_NAME: Final = re.compile(r"([^\s.:]+\.)+[^\s.:]{2,}")


def with_destinations(application: SectionEntry, hosts: Sequence[HostEntry]) -> SectionEntry:
    """Append to an application every host that its domain and destinations do not cover yet."""
    fields = application.fields
    if not isinstance(fields, MappingNode):
        return application
    listed = fields.value("destinations") or SequenceNode((), application.key.where)
    if not isinstance(listed, SequenceNode):
        return application
    if not listed.items:
        # An empty list says no more than none, and then the key is the domain.
        listed = SequenceNode(_key_of(application), listed.where)
    covered = {
        to_ascii(text.removesuffix("/")) for text in _uris((fields.value("domain"), *listed.items))
    }
    missing = [
        name.with_text(name, plain=False)
        for name in _uncovered([entry.name for entry in hosts], covered)
    ]
    if not missing:
        return application
    key = fields.entries.get("destinations", (application.key.with_text("destinations"), None))[0]
    destinations = SequenceNode((*listed.items, *missing), listed.where)
    return SectionEntry(
        application.key, fields.with_pairs([(key, destinations)]), application.origin
    )


def _uncovered(names: Sequence[Scalar], covered: Collection[str]) -> Iterator[Scalar]:
    """The names that neither these patterns nor a wildcard among the names covers."""
    stars = {text for name in names if is_wildcard(text := to_ascii(name))}
    for name in names:
        text = to_ascii(name)
        others = (*covered, *(star for star in stars if star != text))
        if not any(access_covers(pattern, text) for pattern in others):
            yield name


def _key_of(application: SectionEntry) -> tuple[Scalar, ...]:
    """The key, where it is the domain; one that is no host name only names the application."""
    stated = isinstance(application.fields, MappingNode) and application.fields.value("domain")
    name = to_ascii(application.key.partition("/")[0])
    is_domain = not stated and _HOST_NAME.fullmatch(name) is not None
    return (application.key.with_text(application.key, plain=False),) if is_domain else ()


def _uris(nodes: Sequence[Node | None]) -> Iterator[str]:
    for node in nodes:
        uri = node.value("uri") if isinstance(node, MappingNode) else node
        if isinstance(uri, Scalar):
            yield uri
