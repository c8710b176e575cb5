"""Whose rules of a tunnel are whose: what of each tunnel an export states for its stack.

A rule belongs to the stack whose mark the record of its name carries, where that record leads to
the tunnel; a record without a mark gets the one of the stack that it is exported for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live
from ztctl.core.planning.selection import Place

_RULES = "ingress"


class Parts:
    """The rules of tunnels by the stacks that they belong to.

    Args:
        live: all live objects by kind.
        kinds: their kinds.
        stack: the stack that is exported.
        places: the objects that are exported, as far as they can be.
    """

    def __init__(
        self,
        live: Mapping[str, tuple[Live, ...]],
        kinds: Kinds,
        stack: str,
        places: Iterable[Place],
    ) -> None:
        self._stack = stack
        self._names: dict[Place, dict[str, str]] = {}
        records, known = kinds.of_host(HostPart.RECORD), frozenset(places)
        for it in live.get(records.name, ()):
            owner = it.mark.stack if it.mark is not None else ""
            if not owner and (it.kind, it.id) in known and records.gap(it) is None:
                owner = stack
            for tunnel in records.uses(it):
                self._names.setdefault(tunnel, {})[it.name] = owner

    def stated(self, tunnel: Live) -> Live | None:
        """A tunnel with the rules that the stack states; ``None``: none of another stack's."""
        rules = tuple(tunnel.values.get(_RULES) or ())
        owners = self._names.get((tunnel.kind, tunnel.id), {})
        if tunnel.mark is None or tunnel.mark.stack == self._stack:
            others = {name for name, owner in owners.items() if owner not in ("", self._stack)}
            own = [it for it in rules if it.get("hostname") not in others]
        else:
            names = {name for name, owner in owners.items() if owner == self._stack}
            own = [it for it in rules if it.get("hostname") in names]
            if not own:
                return None
        return replace(tunnel, values={**tunnel.values, _RULES: own})


def as_shared(tunnel: Live, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of a tunnel that another stack declares."""
    rules = {_RULES: fields[_RULES]} if _RULES in fields else {}
    return {"shared": tunnel.name, **rules}
