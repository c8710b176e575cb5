"""Copies of what only a server holds: given in place of what nobody can read from outside.

A copy is trusted, and every answer that depends on one says so: the server may run another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ztctl.core.model.diagnostics import Where
from ztctl.core.model.facts import Fact, Slot, TunnelRules, sort_key


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy of a connector's configuration file.

    Attributes:
        of: the tunnel that it is given for: its id, its live name, or its key in the files.
        path: the file, as the user named it.
        configuration: what the file says, in the form in which the API answers for other tunnels.
        states: the id or name of the tunnel that stands in the file; empty: none does.
        stack: the stack that ``of`` may be a key of.
        where: where the files name it; ``None`` for an option of the command.
        required: it is an error when the tunnel is not live.
    """

    of: str
    path: str
    configuration: Mapping[str, Any] = field(repr=False)
    states: str = ""
    stack: str = ""
    where: Where | None = None
    required: bool = True

    def __str__(self) -> str:
        return f"`config_file: {self.path}`" if self.where else f"--local {self.of}={self.path}"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A tunnel of which a copy tells what it serves.

    Attributes:
        tunnel: its display name.
        id: its id.
        file: the file, as the user named it.
        digest: of the rules that the file holds; SHA-256, in hexadecimal.
    """

    tunnel: str
    id: str
    file: str
    digest: str = ""

    @property
    def text(self) -> str:
        """What is trusted, and what is not known, in a sentence."""
        return (
            f"what the tunnel {self.tunnel} serves is told by {self.file}, a copy: what its server "
            "really runs is not known"
        )


def trusted(facts: Mapping[Slot, Fact], names: Mapping[str, str]) -> tuple[Trusted, ...]:
    """The tunnels among these facts that a copy tells of; ``names`` are display names by id."""
    found = (
        Trusted(names.get(key, key), key, fact.copy, _digest(fact))
        for (_, key), fact in facts.items()
        if isinstance(fact, TunnelRules) and fact.copy
    )
    return tuple(sorted(found, key=lambda it: (it.tunnel, it.id)))


def _digest(rules: TunnelRules) -> str:
    return hashlib.sha256(sort_key(rules.rules).encode()).hexdigest()
