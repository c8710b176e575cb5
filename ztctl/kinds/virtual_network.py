"""Virtual networks: separate private address spaces. No stack can own the default one.

The list has no pages and contains deleted networks unless ``is_deleted=false``. Names are unique
among networks that are not deleted. The default network cannot be deleted, error 1049 (Cloudflare
OpenAPI description, July 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.gap import FOREIGN, Gap
from ztctl.core.model.identity import Fields
from ztctl.core.model.kind import Proposal
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Refusal
from ztctl.kinds.common import TUNNEL, Protect
from ztctl.kinds.plain import Comment, CommentedKind, InComment, Rest

PATH = "/accounts/{account}/teamnet/virtual_networks"
REST = Rest(PATH, TUNNEL, 1000, {"is_deleted": "false"}, change="PATCH", optional=True)


class VirtualNetworkFields(Fields):
    """A space of private addresses of its own, which a person's device chooses by name."""

    name: str | None = None
    """The name that people choose it by, when it is not the key."""
    comment: Comment = None
    """Your own words; the stack's mark is put behind them."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class VirtualNetwork(CommentedKind):
    """A virtual network other than the account's default one."""

    name = "virtual_network"
    section = "virtual_networks"
    title = "virtual network"
    model = VirtualNetworkFields
    phase = Phase.TUNNEL
    limit = 1000
    marking = InComment(longest=100)
    rest = REST

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark; declaring the default network is a problem."""
        if live is not None and is_default(live.raw):
            text = f"{wanted.address} is the account's default network, which belongs to no stack"
            hint = "drop it; routes need not name it"
            ledger.add_problem(Problem(text, wanted.where, hint))
        return super().complete(wanted, live, ledger)

    def refusals(self, change: Change, proposal: Proposal) -> Iterator[Refusal]:
        """Refuse to delete the default network, which ``removed`` may name."""
        yield from super().refusals(change, proposal)
        if change.action is Action.DELETE and change.live and is_default(change.live.raw):
            reason = "it is the account's default network, which cannot be deleted"
            yield Refusal(change.address, reason)

    def gap(self, live: Live) -> Gap | None:
        """The default network belongs to nobody."""
        return FOREIGN if is_default(live.raw) else None

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Convert a network; a mark on the default one is ignored, so that it is never deleted."""
        live = super().live_from(raw)
        return replace(live, mark=None) if is_default(raw) else live


def is_default(raw: Mapping[str, Any]) -> bool:
    """Whether it is the account's default network; old replies only have ``is_default``."""
    return raw.get("is_default_network", raw.get("is_default")) is True
