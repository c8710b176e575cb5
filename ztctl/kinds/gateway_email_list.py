"""Zero Trust lists of e-mail addresses: read-only."""

from __future__ import annotations

from ztctl.kinds.zero_trust_lists import ListKind


class GatewayEmailList(ListKind):
    """A Zero Trust list of e-mail addresses."""

    name = "gateway_email_list"
    title = "list of e-mail addresses"
    type = "EMAIL"
