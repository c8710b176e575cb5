"""What the shell offers for addresses and hosts: those of the files.

Only the names of the files' entries are read, so that a file that is not valid yet is no obstacle;
whatever cannot be read offers nothing. Modules are imported once a value is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ztctl.cli.places import DEFAULT_FILE

if TYPE_CHECKING:
    from ztctl.documents.nodes import Node


def addresses(ctx: Any, incomplete: str) -> list[str]:
    """The addresses of what the files declare."""
    return [it for it in sorted(set(_addresses(ctx.params))) if it.startswith(incomplete)]


def hosts(ctx: Any, incomplete: str) -> list[str]:
    """The host names of the files: of hosts, records and applications."""
    named = {
        key
        for section in ("hosts", "dns", "applications")
        for key, _ in _entries(ctx.params, section)
        if "." in key
    }
    return [name for name in sorted(named) if name.startswith(incomplete)]


def _addresses(given: Mapping[str, Any]) -> Iterator[str]:
    from ztctl.core.model.identity import HostPart
    from ztctl.documents.nodes import MappingNode
    from ztctl.kinds.registry import KINDS

    for kind in KINDS.values():
        for key, _ in _entries(given, kind.section) if kind.section else ():
            yield f"{kind.name}.{key}"
    for key, node in _entries(given, "hosts"):
        stated = node.entries if isinstance(node, MappingNode) else {}
        parts = [HostPart.RECORD]
        # One that shares an application, or is public, has none of its own.
        if not {"application", "public"} & stated.keys():
            parts += [HostPart.APPLICATION, HostPart.CA_KEY]
        for part in parts:
            yield f"{KINDS.of_host(part).name}.{key}"


def _entries(given: Mapping[str, Any], section: str) -> Iterator[tuple[str, Node]]:
    from ztctl.documents.files import read_sources
    from ztctl.documents.nodes import MappingNode

    paths = [Path(path) for path in given.get("file") or (DEFAULT_FILE,)]
    for source in read_sources([path for path in paths if path != Path("-")], []):
        node = source.root.value(section) if source.root is not None else None
        if isinstance(node, MappingNode):
            yield from ((str(key), value) for key, (_, value) in node.entries.items())
