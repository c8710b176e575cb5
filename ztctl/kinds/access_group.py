"""Access groups: named rule sets, used by policies and other groups.

``PUT`` replaces the whole group; there is no ``PATCH``. Rule lists are sets, and empty ones may
be returned as null (Terraform provider v5 and its acceptance tests, July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.facts import Fact
from ztctl.core.model.identity import Fields
from ztctl.core.model.objects import Live, Values
from ztctl.kinds.common import ACCESS_ORG, JUST_MADE, STAMPS, Id, Protect
from ztctl.kinds.plain import Rest
from ztctl.kinds.rules import LISTS, Included, Ruled, Rules


class AccessGroupFields(Fields):
    """A set of people or devices, named once and used by policies."""

    include: Included
    """Who belongs to it: any of these."""
    exclude: Rules = None
    """Who does not, whatever else is true."""
    require: Rules = None
    """What everybody must satisfy in addition: all of these."""
    name: str | None = None
    """The live name before the stack's mark, when it is not the key."""
    id: Id | None = None
    """Takes this live object as it is: it keeps its name, gets no mark, goes only by `removed`."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class AccessGroup(Ruled):
    """An Access group."""

    name = "access_group"
    section = "groups"
    title = "Access group"
    model = AccessGroupFields
    limit = 300
    rest = Rest(
        "/accounts/{account}/access/groups",
        ACCESS_ORG,
        patience={"POST": (JUST_MADE,), "PUT": (JUST_MADE,)},
        read_only=STAMPS,
        required=LISTS,
    )

    def writable(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A live group as a write takes it.

        ``is_default`` is read as rules, if at all, and written as yes or no (Python SDK 5.9.0).
        """
        found = super().writable(raw)
        return {name: it for name, it in found.items() if name != "is_default" or it in (True,)}

    def fact(self, values: Values, live: Live | None) -> Fact:
        """The members of the group."""
        from ztctl.kinds import facts

        return facts.members(values, str(values.get("name") or ""))
