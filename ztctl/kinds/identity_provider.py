"""Identity providers: read-only, so that rules can refer to them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ztctl.core.model.objects import Live
from ztctl.kinds.common import ACCESS_ORG, text_of
from ztctl.kinds.plain import PlainKind, Rest


class IdentityProvider(PlainKind):
    """An identity provider, found by name or, if it is the only one of its type, by type."""

    name = "identity_provider"
    title = "identity provider"
    rest = Rest("/accounts/{account}/access/identity_providers", ACCESS_ORG, 200, members=("type",))

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """The name, else the type: the one-time PIN provider usually has no name."""
        return text_of(raw, "name") or text_of(raw, "type")

    def live_keys(self, live: Live) -> frozenset[str]:
        """Name and type."""
        return frozenset(item for item in (live.name, live.key) if item)

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Use the type as the key; the provider's configuration is not kept."""
        return replace(super().live_from(raw), key=text_of(raw, "type"))
