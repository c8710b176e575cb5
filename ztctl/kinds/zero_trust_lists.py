"""Zero Trust lists, read-only, so that rules can refer to them by name; a kind for each type.

Path, members, and a list without pages: Cloudflare's Python SDK 5.9.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ztctl.core.model.calls import Flow, only
from ztctl.core.model.objects import Live
from ztctl.kinds.common import ZERO_TRUST, objects, text_of
from ztctl.kinds.plain import PlainKind, Rest


class ListKind(PlainKind):
    """The Zero Trust lists of one type; what is in them is not read."""

    type: ClassVar[str]
    # One call for all types: lists of several are read together.
    rest = Rest(
        "/accounts/{account}/gateway/lists",
        ZERO_TRUST,
        per_page=0,
        members=("type",),
        keep=only("id", "name", "type"),
    )

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Read all lists of the account, and keep those of the type."""
        found = yield self.rest.all()
        return tuple(self.live_from(raw) for raw in objects(found) if self._is_one(raw))

    def _is_one(self, raw: Mapping[str, Any]) -> bool:
        return text_of(raw, "type") == self.type
