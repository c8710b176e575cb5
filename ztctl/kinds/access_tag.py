"""Access tags: how an application carries its stack's mark.

A tag's name is its id, at most 35 characters long; every tag must exist before an application
carries it (API error 12130, seen by Terraform users).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.kind import Ask, Fields, Kind, gone_is_done
from ztctl.core.model.objects import Live, Mark, Values
from ztctl.kinds.common import ACCESS_APPS, listing, objects, segment, text_of

PATH = "/accounts/{account}/access/tags"


class AccessTagFields(Fields):
    """A word that an application carries."""

    name: str | None = None


class AccessTag(Kind):
    """An Access tag; made when an application needs it, deleted only when it is our mark."""

    name = "access_tag"
    title = "Access tag"
    model = AccessTagFields
    shared = True
    housekeeping = True

    def complete(self, wanted: Any, live: Live | None, world: Any) -> Values:
        """A tag is nothing but its name."""
        return {"name": self.live_name(wanted, world.stack)}

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Every tag of the account, in one list; those of locks are no plan's business."""
        from ztctl.core.runs.locks import is_lock

        found = yield listing(PATH, ACCESS_APPS, 1000)
        return tuple(self._live(raw) for raw in objects(found) if not is_lock(text_of(raw, "name")))

    def create(self, values: Values) -> Flow[Live]:
        """Make the tag; one that another run has just made is as good."""
        body = {"name": values["name"]}
        try:
            yield Call("POST", PATH, body, permission=ACCESS_APPS)
        except CallFailed as failure:
            if failure.status != 409:
                raise
        return self._live(body)

    def find(self, values: Values) -> Flow[Live | None]:
        """The tag of that name."""
        found = yield listing(PATH, ACCESS_APPS, 1000)
        named = [raw for raw in objects(found) if text_of(raw, "name") == values["name"]]
        return self._live(named[0]) if named else None

    def delete(self, live: Live) -> Flow[None]:
        """Delete the tag."""
        yield from gone_is_done(
            Call("DELETE", f"{PATH}/{segment(live.name)}", permission=ACCESS_APPS)
        )

    def _live(self, raw: Mapping[str, Any]) -> Live:
        name = text_of(raw, "name")
        return Live(self.name, name, name, name, {"name": name}, mark=Mark.read(name))
