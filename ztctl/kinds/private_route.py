"""Private network routes: IP ranges that WARP devices reach through a tunnel.

A range can be routed once in each virtual network (error 1014); a body without a network means the
account's default one. ``PATCH`` merges. Lists contain deleted routes unless ``is_deleted=false``;
only lists contain ``virtual_network_name`` (Cloudflare OpenAPI description and cloudflared, July
2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import BeforeValidator

from ztctl.core.model.calls import Flow
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import PrivateNetwork
from ztctl.core.model.identity import Fields
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import DecidesReach, Normalised, RefersTo
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Phase
from ztctl.kinds import virtual_network
from ztctl.kinds.common import (
    TUNNEL,
    Protect,
    check_cidr,
    cidr,
    failed_check,
    invalid,
    objects,
    text_of,
)
from ztctl.kinds.plain import Comment, CommentedKind, InComment, Rest

VNET = "virtual_network"


def _check_range(value: Any) -> Any:
    """Validate a range in which no address bit is set behind the mask: there it would be a typo."""
    check_cidr(value)
    try:
        ip_network(value)
    except ValueError:
        text = "{value} has address bits set behind its mask"
        hint = f"write {cidr(value)}, or the one address without a mask"
        raise invalid(value, text, hint) from None
    return value


class PrivateRouteFields(Fields):
    """Private addresses that lead to a tunnel. The key is the range unless `network` is given."""

    network: (
        Annotated[str, BeforeValidator(_check_range), Normalised(cidr), DecidesReach()] | None
    ) = None
    """The address or range; the key when left out."""
    tunnel: Annotated[Any, RefersTo("tunnel"), DecidesReach()]
    """The tunnel that it leads to, by key, or `{live: NAME}`."""
    virtual_network: Annotated[Any, RefersTo(VNET), DecidesReach()] = None
    """The virtual network that it is in; the account's default one when left out."""
    comment: Comment = None
    """Your own words; the stack's mark is put behind them."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class PrivateRoute(CommentedKind):
    """A route of a private IP range to a tunnel."""

    name = "private_route"
    section = "private_routes"
    title = "private route"
    model = PrivateRouteFields
    phase = Phase.TUNNEL
    limit = 1000
    marking = InComment(longest=100)
    said_by_key = ("network",)
    rest = Rest(
        "/accounts/{account}/teamnet/routes",
        TUNNEL,
        query={"is_deleted": "false"},
        change="PATCH",
        unique=("network", VNET),
        optional=True,
        names={"tunnel": "tunnel_id", VNET: "virtual_network_id"},
        members=("network",),
    )

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Validate comments, and keys that stand for the range."""
        yield from super().check(declared)
        for wanted in declared.of(self.name):
            key, network = wanted.address.key, wanted.values["network"]
            hint = f"; or say `network:` below {key!r}"
            # Only a key that is the range has to be one.
            if cidr(key) == network:
                yield from failed_check(_check_range, key, wanted, hint)

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark, and the default network if the file states none."""
        values = super().complete(wanted, live, ledger)
        networks = ledger.live_of(VNET)
        default = next((it.id for it in networks if virtual_network.is_default(it.raw)), None)
        return {**values, VNET: values.get(VNET) or default}

    def fact(self, values: Values, live: Live | None) -> PrivateNetwork:
        """Every WARP device of the account reaches every address of the range."""
        return PrivateNetwork(
            str(values.get("network")), str(values.get("tunnel")), str(values.get(VNET) or "")
        )

    def entry(self, live: Live) -> Values:
        """Without the network where that is the default one."""
        values = super().entry(live)
        return {**values, VNET: None} if live.raw.get("is_default") else values

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Read the routes, and the virtual networks to know which is the default one."""
        routes, networks = yield (self.rest.all(), virtual_network.REST.all())
        default = [text_of(it, "id") for it in objects(networks) if virtual_network.is_default(it)]
        return tuple(
            self.live_from({**raw, "is_default": raw.get("virtual_network_id") in default})
            for raw in objects(routes)
        )

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """The live name: the range, then ``@`` and the network unless it is the default one."""
        network = "" if raw.get("is_default") else text_of(raw, "virtual_network_name")
        return "@".join(filter(None, (cidr(text_of(raw, "network")), network)))
