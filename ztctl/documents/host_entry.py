"""A validated entry of `hosts`: its values for decisions, its nodes for positions."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.core.model.inner import InnerHost
from ztctl.documents.models import Host
from ztctl.documents.nodes import MappingNode, Pair, Scalar, is_null


@dataclass(frozen=True, slots=True)
class HostEntry:
    """One host as the file declares it."""

    name: Scalar
    node: MappingNode
    host: Host

    @property
    def origin(self) -> str:
        """What expanded objects name as their source: ``hosts.NAME``."""
        return f"hosts.{self.name}"

    def pair(self, name: str) -> tuple[Pair, ...]:
        """The key and value nodes of a field; empty when it is absent or null."""
        pair = self.node.entries.get(name)
        return () if pair is None or is_null(pair[1]) else (pair,)

    def is_set_true(self, name: str) -> bool:
        """Whether the file sets the field to true; a default of true does not count."""
        return bool(self.pair(name)) and getattr(self.host, name) is True

    @property
    def inner(self) -> tuple[InnerHost, ...]:
        """The machines behind it, in the order of the file."""
        stated = self.host.inner or {}
        return tuple(InnerHost.parse(str(name), str(text)) for name, text in stated.items())

    def generated(self, key: str, text: str) -> Pair:
        """Make a field that only the expansion states; its position is that of the host's name."""
        return self.name.with_text(key), self.name.with_text(text)
