"""Applications below a zone (``/zones/{id}/access/apps``), as facts: they are read, never written.

The path and its shape are those of the account's list (official Python SDK 5.9.0). Whether the
account's list holds them is not recorded, and so neither is whether the edge knows one that it
lacks: such an application perhaps decides. One that the account's list holds counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.facts import Application, Fact, Slot, ZoneApplications
from ztctl.core.model.objects import Live
from ztctl.kinds.common import objects, segment, text_of
from ztctl.kinds.plain import Rest
from ztctl.kinds.zone import replies_of

PERMISSION = "Zone · Access: Apps and Policies"
# The service forbids the list, or has none: an older path, which may go (a guess).
_UNREADABLE = (404, 405, 410)
Convert = Callable[[Mapping[str, Any]], Fact | None]


def zone_applications(
    zones: Sequence[Live], known: Sequence[Live], convert: Convert
) -> Flow[dict[Slot, Fact]]:
    """Read the applications of these zones that the account's list lacks.

    Args:
        zones: the zones.
        known: the applications of the account's list.
        convert: the fact of an application in a reply.
    """
    listed = {key for live in known for key in (live.id, *live.aliases, text_of(live.raw, "uid"))}
    found: dict[Slot, Fact] = {}
    for zone, reply in (yield from replies_of(zones, own_list, _is_unreadable)):
        gap = reply.summary if isinstance(reply, CallFailed) else ""
        found[ZoneApplications, zone.id] = ZoneApplications(zone.name, gap)
        for raw in () if gap else objects(reply):
            fact = convert(raw)
            keys = {text_of(raw, name) for name in ("id", "uid", "aud")}
            if isinstance(fact, Application) and not (keys - {""}) & listed:
                key = text_of(raw, "id")
                label = f"the application {text_of(raw, 'name')!r} ({key}) of the zone {zone.name}"
                found[Application, key] = replace(fact, perhaps=label)
    return found


def own_list(zone: Live) -> Call:
    """The call for the applications that a zone lists."""
    path = f"/zones/{segment(zone.id)}/access/apps"
    return Rest(path, PERMISSION, members=(), keep=without_saas).all()


def without_saas(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """An application without how other services log in by it, as nothing before a name has it."""
    return {name: item for name, item in raw.items() if name != "saas_app"}


def _is_unreadable(failure: CallFailed) -> bool:
    return failure.leaves_gap or failure.status in _UNREADABLE
