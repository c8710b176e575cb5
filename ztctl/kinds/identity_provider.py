"""Identity providers of the account: read, so that rules can name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.calls import Flow
from ztctl.core.model.kind import Ask, Kind
from ztctl.core.model.objects import Live
from ztctl.kinds.common import ACCESS_ORG, listing, objects, text_of

PATH = "/accounts/{account}/access/identity_providers"


class IdentityProvider(Kind):
    """A way to log in, by its name or, where it is the only one, by its type."""

    name = "identity_provider"
    title = "identity provider"

    def needed(self, ask: Ask) -> bool:
        """Only when a rule names one."""
        return self.name in ask.lookups

    def live_keys(self, live: Live) -> frozenset[str]:
        """Name and type: the one-time PIN usually has no name."""
        return frozenset(item for item in (live.name, live.key) if item)

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Every identity provider, in one list; their configuration is not kept."""
        found = yield listing(PATH, ACCESS_ORG, 200)
        return tuple(self._live(raw) for raw in objects(found))

    def _live(self, raw: Mapping[str, Any]) -> Live:
        type_ = text_of(raw, "type")
        return Live(self.name, text_of(raw, "id"), text_of(raw, "name") or type_, type_, {})
