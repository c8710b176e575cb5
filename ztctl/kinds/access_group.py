"""Access groups: rule sets that policies and other groups share.

``PUT`` replaces the whole group, there is no ``PATCH``; rule lists are sets, and empty ones may
come back as null (Terraform provider v5 and its acceptance tests, July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ztctl.core.model.calls import Call, Flow
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.kind import Ask, Fields, gone_is_done
from ztctl.core.model.objects import Live, Mark, Values
from ztctl.kinds.common import ACCESS_ORG, Protect, listing, objects, segment, text_of, written
from ztctl.kinds.rules import Included, Ruled, Rules, rules_from_api, rules_to_api

if TYPE_CHECKING:
    from ztctl.core.model.facts import Fact

PATH = "/accounts/{account}/access/groups"


class AccessGroupFields(Fields):
    """A set of people or devices, named once and used by policies."""

    include: Included
    """Who belongs to it: any of these."""
    exclude: Rules = None
    """Who does not, whatever else is true."""
    require: Rules = None
    """What everybody must satisfy in addition: all of these."""
    name: str | None = None
    """The exact live name, when it is not the key with the stack's mark."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class AccessGroup(Ruled):
    """An Access group."""

    name = "access_group"
    section = "groups"
    title = "Access group"
    word = "group"
    model = AccessGroupFields
    named_by_mark = True

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Every group of the account, in one list."""
        found = yield listing(PATH, ACCESS_ORG, 1000)
        return tuple(self._live(raw) for raw in objects(found))

    def create(self, values: Values) -> Flow[Live]:
        """Make the group."""
        made = yield from written(Call("POST", PATH, _body(values), permission=ACCESS_ORG))
        return self._live(made)

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Replace the whole group."""
        path = f"{PATH}/{segment(live.id)}"
        made = yield from written(Call("PUT", path, _body(values), permission=ACCESS_ORG))
        return self._live(made)

    def delete(self, live: Live) -> Flow[None]:
        """Delete the group."""
        yield from gone_is_done(Call("DELETE", f"{PATH}/{segment(live.id)}", permission=ACCESS_ORG))

    def find(self, values: Values) -> Flow[Live | None]:
        """The group of that exact name."""
        found = yield listing(PATH, ACCESS_ORG, 1000)
        named = [raw for raw in objects(found) if text_of(raw, "name") == values["name"]]
        return self._live(named[0]) if named else None

    def fact(self, values: Values, live: Live | None) -> Fact:
        """Who belongs to it."""
        from ztctl.kinds import facts

        return facts.members(values, str(values.get("name") or ""))

    def _live(self, raw: Mapping[str, Any]) -> Live:
        name = text_of(raw, "name")
        key, mark = Mark.of_name(name)
        values = canonical_fields(self.specs, {"name": name, **rules_from_api(raw)})
        return Live(self.name, text_of(raw, "id"), name, key, values, mark=mark, raw=raw)


def _body(values: Values) -> dict[str, Any]:
    return {"name": values["name"], **rules_to_api(values)}
