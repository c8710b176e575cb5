"""Service tokens: read-only, so that rules can refer to them by name."""

from __future__ import annotations

from ztctl.core.model.calls import only
from ztctl.kinds.common import ACCESS_TOKENS
from ztctl.kinds.plain import PlainKind, Rest


class ServiceToken(PlainKind):
    """A service token. Rules refer to its id, not to its client id."""

    name = "service_token"
    title = "service token"
    rest = Rest(
        "/accounts/{account}/access/service_tokens",
        ACCESS_TOKENS,
        # Half of what a client shows is its id.
        keep=only("id", "name", "expires_at", "duration"),
    )
