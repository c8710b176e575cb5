"""DNS zones that are not active: read-only, to tell why a name in one leads nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ztctl.core.model.calls import Flow
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Attributes, Live
from ztctl.kinds.common import objects, text_of
from ztctl.kinds.zone import name_servers, zones


@dataclass(frozen=True, slots=True)
class InactiveZoneAttributes(Attributes):
    """Why a zone is not active.

    Attributes:
        status: ``initializing``, ``pending`` or ``moved``; empty if it is not told.
        name_servers: those that its registrar has to name.
    """

    status: str = ""
    name_servers: tuple[str, ...] = ()


class InactiveZone(Kind):
    """A DNS zone that is not active. No record is written there, and no name of it is served."""

    name = "inactive_zone"
    title = "inactive DNS zone"

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Read them from the list of zones, which a plan reads in any case."""
        found = yield zones()
        return tuple(
            inactive(raw)
            for raw in objects(found)
            if text_of(raw, "status") != "active" and text_of(raw, "type") != "internal"
        )


def inactive(raw: Mapping[str, Any]) -> Live:
    """The zone of an element of the list of zones."""
    name = to_ascii(text_of(raw, "name"))
    attributes = InactiveZoneAttributes(text_of(raw, "status"), name_servers(raw))
    return Live("inactive_zone", text_of(raw, "id"), name, name, {}, attributes)
