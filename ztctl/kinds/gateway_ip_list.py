"""Zero Trust lists of addresses: read-only."""

from __future__ import annotations

from ztctl.kinds.zero_trust_lists import ListKind


class GatewayIpList(ListKind):
    """A Zero Trust list of addresses."""

    name = "gateway_ip_list"
    title = "list of addresses"
    type = "IP"
