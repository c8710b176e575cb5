"""Access tags, which hold the ownership mark of applications.

The name of a tag is its id, of at most 35 characters. A tag must exist before an application can
use it (API error 12130, seen by Terraform users).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.calls import CallFailed, Flow
from ztctl.core.model.identity import Fields
from ztctl.core.model.marks import Marking
from ztctl.core.model.objects import Live, Mark, Values
from ztctl.kinds.common import ACCESS_APPS, written
from ztctl.kinds.plain import PlainKind, Rest


class AccessTagFields(Fields):
    """A word that an application carries."""

    name: str | None = None


class _WholeName(Marking):
    """The mark is the whole name."""

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """Use the name as the key, and parse it as a mark."""
        return name, Mark.of_tag(name)


class AccessTag(PlainKind):
    """An Access tag: created when an application needs it, deleted only if it is our mark."""

    name = "access_tag"
    title = "Access tag"
    model = AccessTagFields
    shared = True
    housekeeping = True
    id_form = None
    marking = _WholeName()
    rest = Rest("/accounts/{account}/access/tags", ACCESS_APPS)

    def complete(self, wanted: Any, live: Live | None, ledger: Any) -> Values:
        """The name is the only field."""
        return {"name": self.marking.live_name(wanted, live, ledger.stack)}

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Read the tags, except those that are locks of runs."""
        from ztctl.core.runs.locks import is_lock

        found = yield from super().everything()
        return tuple(live for live in found if not is_lock(live.name))

    def create(self, values: Values) -> Flow[Live]:
        """Create the tag; one that exists is a success: another run created it meanwhile."""
        body = self.to_api(values)
        try:
            yield from written(self.rest.new(body), "name")
        except CallFailed as failure:
            if not failure.says_exists:
                raise
        return self.live_from(body)

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Use the name as the id."""
        return super().live_from({**raw, "id": raw.get("name")})
