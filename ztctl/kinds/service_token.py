"""Service tokens of the account: read, so that rules can name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.calls import Flow
from ztctl.core.model.kind import Ask, Kind
from ztctl.core.model.objects import Live
from ztctl.kinds.common import ACCESS_TOKENS, listing, objects, text_of

PATH = "/accounts/{account}/access/service_tokens"


class ServiceToken(Kind):
    """A service token; rules take its id, not its client id."""

    name = "service_token"
    title = "service token"

    def needed(self, ask: Ask) -> bool:
        """Only when a rule names one."""
        return self.name in ask.lookups

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Every service token, in one list."""
        found = yield listing(PATH, ACCESS_TOKENS, 1000)
        return tuple(self._live(raw) for raw in objects(found))

    def _live(self, raw: Mapping[str, Any]) -> Live:
        name = text_of(raw, "name")
        return Live(self.name, text_of(raw, "id"), name, name, {})
