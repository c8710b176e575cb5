"""Private-network routes: addresses that devices reach through a tunnel.

A range is routed once in a virtual network (error 1014); where a body names no network it is the
account's default one. ``PATCH`` merges, lists hold deleted routes unless ``is_deleted=false``, and
they alone tell a network's name (Cloudflare OpenAPI description and cloudflared, July 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from ztctl.core.model.calls import Flow
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import PrivateNetwork
from ztctl.core.model.identity import Fields
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import RefersTo
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Phase
from ztctl.kinds import virtual_network
from ztctl.kinds.common import (
    TUNNEL,
    Cidr,
    Protect,
    check_cidr,
    cidr,
    mistaken,
    objects,
    text_of,
)
from ztctl.kinds.plain import Comment, CommentedKind, InComment, Rest

VNET = "virtual_network"


class PrivateRouteFields(Fields):
    """Private addresses that lead to a tunnel. The key is the range unless `network` is given."""

    network: Cidr | None = None
    """The address or range; the key when left out."""
    tunnel: Annotated[Any, RefersTo("tunnel")]
    """The tunnel that it leads to, by key, or `{live: NAME}`."""
    virtual_network: Annotated[Any, RefersTo(VNET)] = None
    """The virtual network that it is in; the account's default one when left out."""
    comment: Comment = None
    """Your own words; the stack's mark is put behind them."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class PrivateRoute(CommentedKind):
    """A route of private addresses to a tunnel."""

    name = "private_route"
    section = "private_routes"
    title = "private route"
    model = PrivateRouteFields
    phase = Phase.TUNNEL
    limit = 1000
    marking = InComment(longest=100)
    rest = Rest(
        "/accounts/{account}/teamnet/routes",
        TUNNEL,
        query={"is_deleted": "false"},
        change="PATCH",
        unique=("network", VNET),
        optional=True,
        names={"tunnel": "tunnel_id", VNET: "virtual_network_id"},
    )

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Keys that are no addresses where none are given, too."""
        yield from super().check(declared)
        for wanted in declared.of(self.name):
            hint = f"; or say `network:` below {wanted.address.key!r}"
            yield from mistaken(check_cidr, wanted.values["network"], wanted, hint)

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """The mark put on, and the default network where the file names none, if there is one."""
        values = super().complete(wanted, live, ledger)
        networks = ledger.live_of(VNET)
        default = next((it.id for it in networks if virtual_network.is_default(it.raw)), None)
        return {**values, VNET: values.get(VNET) or default}

    def fact(self, values: Values, live: Live | None) -> PrivateNetwork:
        """It opens every address of the range to whoever has a device in the account."""
        return PrivateNetwork(
            str(values.get("network")), str(values.get("tunnel")), str(values.get(VNET) or "")
        )

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Every route, with the networks to know which of them is the default."""
        routes, networks = yield (self.rest.all(), virtual_network.REST.all())
        default = [text_of(it, "id") for it in objects(networks) if virtual_network.is_default(it)]
        return tuple(
            self.live_from({**raw, "is_default": raw.get("virtual_network_id") in default})
            for raw in objects(routes)
        )

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """The range, and the network behind a sign where it is not the default one."""
        network = "" if raw.get("is_default") else text_of(raw, "virtual_network_name")
        return "@".join(filter(None, (cidr(text_of(raw, "network")), network)))
