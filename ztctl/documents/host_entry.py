"""A valid entry of `hosts`: its values for decisions, its nodes for places."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.documents.models import Host
from ztctl.documents.nodes import MappingNode, Pair, ScalarNode, is_null


@dataclass(frozen=True, slots=True)
class HostEntry:
    """One host as the file states it."""

    name: ScalarNode
    node: MappingNode
    host: Host

    @property
    def origin(self) -> str:
        """What objects say that they were expanded from."""
        return f"hosts.{self.name}"

    def pair(self, name: str) -> tuple[Pair, ...]:
        """The field as it stands in the file: one pair, or none when it says nothing."""
        pair = self.node.entries.get(name)
        return () if pair is None or is_null(pair[1]) else (pair,)

    def is_set_true(self, name: str) -> bool:
        """Whether the file itself says true, not the default."""
        return bool(self.pair(name)) and getattr(self.host, name) is True

    def generated(self, key: str, text: str) -> Pair:
        """A field that the short form stands for; its place is the name of the host."""
        return self.name.with_text(key), self.name.with_text(text)
