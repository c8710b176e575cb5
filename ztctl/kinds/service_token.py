"""Service tokens: read-only, so that rules can refer to them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ztctl.core.model.calls import only
from ztctl.core.model.objects import Attributes, Live
from ztctl.kinds.common import ACCESS_TOKENS, text_of
from ztctl.kinds.plain import PlainKind, Rest


@dataclass(frozen=True, slots=True)
class ServiceTokenAttributes(Attributes):
    """How long the token lasts.

    Attributes:
        ends: date and time (RFC 3339); empty where it is not told.
        endless: it was made for ever, for which the service names an end far away, or none (the
            Terraform provider's tests have both).
    """

    ends: str = ""
    endless: bool = False


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

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Convert a token with its end."""
        ends, endless = text_of(raw, "expires_at"), text_of(raw, "duration") == "forever"
        return replace(super().live_from(raw), attributes=ServiceTokenAttributes(ends, endless))
