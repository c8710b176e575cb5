"""What a laptop needs to log in: hosts as people type them, and the text made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ztctl.core.model.inner import InnerHost


@dataclass(frozen=True, slots=True)
class ClientHost:
    """A host as a laptop needs to know it.

    Attributes:
        name: host name or pattern, in punycode.
        has_ca: its application has a CA; else people log in with keys of their own.
        aliases: further names that lead to it.
        is_bastion: whoever logs in names a machine behind it.
        inner: those machines.
    """

    name: str
    has_ca: bool = True
    aliases: tuple[str, ...] = ()
    is_bastion: bool = False
    inner: tuple[InnerHost, ...] = ()

    @property
    def spoken(self) -> tuple[str, ...]:
        """The names that people type, a pattern among them."""
        return (
            tuple(it.name for it in self.inner) if self.is_bastion else (self.name, *self.aliases)
        )


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """The blocks for one system, by where cloudflared is there."""

    system: str
    cloudflared: str
    config: str


@dataclass(frozen=True, slots=True)
class RenderedClient:
    """All that `ztctl ssh client render` made.

    Attributes:
        hosts: those that have a block.
        user: the name on the servers; empty for that of the laptop's account.
        here: the blocks for the machine it was made on.
        systems: the blocks for each system, for whoever gets them.
        known_hosts: the text of the file of host keys; empty where no key was given.
        known_hosts_file: its name below ``~/.ssh``.
    """

    stack: str
    hosts: Sequence[ClientHost]
    user: str
    here: SystemConfig
    systems: Sequence[SystemConfig]
    known_hosts: str
    known_hosts_file: str
