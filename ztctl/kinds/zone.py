"""DNS zones: read-only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, Flow, only
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import Fact, ZoneRecords
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.names import to_ascii, upwards
from ztctl.core.model.objects import Attributes, Live, Values, Wanted
from ztctl.kinds.common import ZONE, items, listing, objects, text_of

# Operations in one DNS batch: 200 on the free plan, 3,500 on the others (Cloudflare docs).
FREE_BATCH = 200
PAID_BATCH = 3500
# Records in one zone, by default: those on the free plan have fewer since September 2024.
FREE_RECORDS = 200
OLD_FREE_RECORDS = 1000
PAID_RECORDS = 3500
# Characters of a record's comment. Tags and flattening of single records are for paid plans
# (Cloudflare docs, record attributes and CNAME flattening; recorded: error 9300 for tags).
FREE_COMMENT = 100
PAID_COMMENT = 500
# Of two letters that changed places in a short name this is what stays alike; another ending such
# as .org for .com is less. Of more zones none is suggested: difflib compares in quadratic time.
_NEARLY = 0.85
_MOST_ZONES = 200
_KEPT = only("id", "name", "status", "type", "plan", "created_on", "permissions", "name_servers")
# Name servers that a message names; a zone has two, with those of its own more.
_MOST_SERVERS = 6
_LEFT_AS_IT_IS = "it is left as it is; who reaches it is not looked at"


@dataclass(frozen=True, slots=True)
class ZoneAttributes(Attributes):
    """Limits of a zone.

    Attributes:
        batch: operations in one DNS batch.
        records: records in the zone.
        comment: characters of a record's comment; of a plan that is not told, the most of any.
        paid: whether records can have tags and be flattened; true for a plan that is not told.
        editable: false where the zone itself says that the token may read its records and not edit
            them.
    """

    batch: int = FREE_BATCH
    records: int = FREE_RECORDS
    comment: int = PAID_COMMENT
    paid: bool = True
    editable: bool = True


class Zone(Kind):
    """A DNS zone."""

    name = "zone"
    title = "DNS zone"

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Read the active zones of the account, in pages of 50, the documented maximum.

        Internal zones answer queries inside of a company: a name in one leads to no tunnel, and a
        public zone may have the same name (octodns-cloudflare, fixtures of 2026).
        """
        found = yield zones()
        return tuple(
            _live(raw)
            for raw in objects(found)
            if text_of(raw, "status") == "active" and text_of(raw, "type") != "internal"
        )

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """The zone, whose records were not read yet as far as this kind knows."""
        return ZoneRecords(live.name) if live is not None else None


def zones() -> Call:
    """Make the call that lists the zones of the account, whatever their state."""
    call = listing("/zones", ZONE, 50, ("name", "status"), **{"account.id": "{account}"})
    return replace(call, keep=_KEPT)


def zone_of(name: str, known: Iterable[Live]) -> Live | None:
    """Find the zone of a host name: the longest zone name that is a suffix of it."""
    by_name = {zone.name: zone for zone in known}
    return next((by_name[above] for above in upwards(name) if above in by_name), None)


def zones_of(names: Iterable[str], known: Sequence[Live]) -> list[Live]:
    """The zones of these host names, each once."""
    found = {zone.id: zone for name in names if (zone := zone_of(name, known)) is not None}
    return sorted(found.values(), key=lambda zone: zone.name)


def replies_of(
    zones: Sequence[Live], call_of: Callable[[Live], Call], passes: Callable[[CallFailed], bool]
) -> Flow[list[tuple[Live, Any]]]:
    """The reply of each zone to a call; in place of a reply, a failure that ``passes``."""
    try:
        return list(zip(zones, (yield tuple(map(call_of, zones))), strict=True))
    except CallFailed as failure:
        if not passes(failure):
            raise
        if len(zones) == 1:
            return [(zones[0], failure)]
    # A tuple of calls fails with its first failure. Those that did not fail are not sent again.
    found = []
    for zone in zones:
        found += yield from replies_of([zone], call_of, passes)
    return found


def require_zones(
    wanted: Wanted, names: Iterable[str], ledger: Ledger, *, there: Collection[str] = ()
) -> None:
    """Report each host name outside of the active zones, or in two of one name, once.

    ``there``: names that are live already, such as those of pages.dev, of which only a warning is
    given: the service has taken them.
    """
    known: Sequence[Live] = ledger.live_of("zone")
    for name in sorted(names):
        found = zone_of(name, known)
        if found is None:
            summary, hint = no_active_zone(name, known, ledger.live_of("inactive_zone"))
            problem = Problem(summary, wanted.where, hint)
            if name in there:
                text = f"{name} is live, and lies in no active zone of the account"
                about = str(wanted.address)
                problem = warning(
                    Code.LIVE_ALREADY, text, wanted.where, _LEFT_AS_IT_IS, about=about
                )
            ledger.add_problem(problem, once=True)
            continue
        alike = sorted(zone.id for zone in known if zone.name == found.name)
        if len(alike) > 1:
            problem = Problem(
                f"{len(alike)} active zones are called {found.name}: {', '.join(alike)}",
                wanted.where,
                "ztctl never guesses: give it a token that sees one of them",
            )
            ledger.add_problem(problem, once=True)


def waiting_text(zone: Live) -> tuple[str, str]:
    """What is wrong with a zone that is not active, and what to do about it.

    Cloudflare answers for a zone once its registrar names the servers that the zone was given
    (Cloudflare docs, zone statuses); until then it is ``initializing`` or ``pending``, and
    ``moved`` where the registrar names others again.
    """
    status = str(zone.attribute("status") or "") or "of no known status"
    servers = zone.attribute("name_servers") or ()
    named = ", ".join(map(str, servers)) or "those of the dashboard"
    return (
        f"{status}: names in it lead nowhere yet",
        f"set its name servers at the registrar: {named}",
    )


def name_servers(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The name servers that a zone was given, as the list of zones tells them."""
    listed = [it for it in items(raw, "name_servers") if isinstance(it, str)]
    return tuple(listed[:_MOST_SERVERS])


def no_active_zone(name: str, known: Iterable[Live], inactive: Iterable[Live]) -> tuple[str, str]:
    """What is wrong with a name that lies in no active zone, and what to do about it.

    Args:
        name: a host name, in punycode.
        known: the active zones that the token sees.
        inactive: the other ones.
    """
    if (waiting := zone_of(name, inactive)) is not None:
        text, remedy = waiting_text(waiting)
        return f"{name} lies in the zone {waiting.name}, which is {text}", remedy
    names = tuple(sorted({zone.name for zone in known}))
    labels = name.split(".")
    ends = ((at, _meant(".".join(labels[at:]), names)) for at in range(len(labels) - 1))
    meant = next(((at, zone) for at, zone in ends if zone), None)
    guess = f"did you mean {'.'.join((*labels[: meant[0]], meant[1]))}? " if meant else ""
    have = ", ".join(names[:12]) or "none"
    summary = f"{name} lies in no active zone of the account"
    return summary, f"{guess}the token sees these active zones: {have}"


@lru_cache(maxsize=1024)
def _meant(end: str, zones: tuple[str, ...]) -> str:
    """The zone that the end of a name is nearly spelt like; empty if there is none."""
    alike = [zone for zone in zones if zone.count(".") == end.count(".")][:_MOST_ZONES]
    return next(iter(get_close_matches(end, alike, 1, _NEARLY)), "")


def _live(raw: Mapping[str, Any]) -> Live:
    name = to_ascii(text_of(raw, "name"))
    plan = raw.get("plan")
    legacy = text_of(plan, "legacy_id") if isinstance(plan, Mapping) else ""
    paid = legacy in ("pro", "business", "enterprise")
    old = text_of(raw, "created_on") < "2024-09"
    free = OLD_FREE_RECORDS if old else FREE_RECORDS
    attributes = ZoneAttributes(
        PAID_BATCH if paid else FREE_BATCH,
        PAID_RECORDS if paid else free,
        FREE_COMMENT if legacy == "free" else PAID_COMMENT,
        legacy != "free",
        _is_editable(items(raw, "permissions")),
    )
    return Live("zone", text_of(raw, "id"), name, name, {}, attributes)


def _is_editable(permissions: Sequence[Any]) -> bool:
    """Whether records can be edited, as far as a zone's ``permissions`` tell of them at all.

    Those of a token are told so (recorded in 2024 and 2025: ``#dns_records:edit``).
    """
    return "#dns_records:read" not in permissions or "#dns_records:edit" in permissions
