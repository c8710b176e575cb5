"""The certificates that a zone has at the edge: read-only, and only where a name is deep.

Universal SSL covers a zone's own name and one level below it; for a deeper one the TLS handshake
fails unless another certificate covers it, and Total TLS makes none for tunnels (Cloudflare docs,
Universal SSL, and public hostnames of tunnels). The list of packs has custom certificates, too
(types of the Cloudflare OpenAPI description, September 2026).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, LiveObjects, ReadFlow, only
from ztctl.core.model.facts import EdgeCertificates, Fact
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind
from ztctl.core.model.names import is_below_first_level, to_ascii
from ztctl.core.model.objects import Attributes, Live, Values
from ztctl.kinds.common import CERTIFICATES, items, objects, segment, text_of
from ztctl.kinds.zone import replies_of, zone_of, zones_of

_KEPT = only("id", "type", "hosts", "status")
# A zone's name has two labels or more, so that a deep name has four.
_FEWEST_DOTS = 3
# The service forbids the list, or has none: of a weak warning no plan fails.
_UNREADABLE = (404, 405, 410)


@dataclass(frozen=True, slots=True)
class CertificateAttributes(Attributes):
    """What a zone's certificates cover.

    Attributes:
        hosts: names, and patterns for one level, of the active certificates.
        gap: why they were not read; empty if they were.
    """

    hosts: frozenset[str] = frozenset()
    gap: str = ""


class ZoneCertificates(Kind):
    """All active certificates of a zone together."""

    name = "zone_certificates"
    title = "certificates of a zone"

    def needed(self, ask: Ask) -> bool:
        """Only names that lie deep enough for it."""
        return any(name.count(".") >= _FEWEST_DOTS for name in ask.hosts)

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read those of the zones in which a name of the files is two levels deep or more."""
        known = yield LiveObjects("zone")
        deep = [name for name in ask.hosts if _is_deep(name, known)]
        replies = yield from replies_of(zones_of(deep, known), _list, _is_unreadable)
        return tuple(_live(zone, reply) for zone, reply in replies)

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """What they cover."""
        return known_of(live) if live is not None else None


def known_of(live: Live) -> Fact:
    """What the certificates of a zone cover."""
    found = CertificateAttributes.of(live)
    return EdgeCertificates(live.name, found.hosts, found.gap)


def _is_deep(name: str, zones: Iterable[Live]) -> bool:
    zone = zone_of(name, zones)
    return zone is not None and is_below_first_level(name, zone.name)


def _list(zone: Live) -> Call:
    # 5 to 50 a page, and active ones alone unless all are asked for (Cloudflare API reference).
    path = f"/zones/{segment(zone.id)}/ssl/certificate_packs"
    return Call("GET", path, per_page=50, permission=CERTIFICATES, keep=_KEPT)


def _is_unreadable(failure: CallFailed) -> bool:
    return failure.leaves_gap or failure.status in _UNREADABLE


def _live(zone: Live, reply: Any) -> Live:
    if isinstance(reply, CallFailed):
        attributes = CertificateAttributes(gap=reply.summary)
    else:
        active = (raw for raw in objects(reply) if text_of(raw, "status") == "active")
        named = (it for raw in active for it in items(raw, "hosts") if isinstance(it, str))
        attributes = CertificateAttributes(frozenset(map(to_ascii, named)))
    # An id of its own: facts of a plan are found by ids.
    key = f"{zone.id}/certificates"
    return Live("zone_certificates", key, zone.name, zone.name, {}, attributes)
