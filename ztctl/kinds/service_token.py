"""Service tokens of the account: read, so that rules can name them."""

from __future__ import annotations

from ztctl.kinds.common import ACCESS_TOKENS
from ztctl.kinds.plain import PlainKind, Rest


class ServiceToken(PlainKind):
    """A service token; rules take its id, not its client id."""

    name = "service_token"
    title = "service token"
    rest = Rest("/accounts/{account}/access/service_tokens", ACCESS_TOKENS)
