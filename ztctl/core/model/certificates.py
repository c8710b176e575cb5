"""Which host names the certificates of a zone cover, as far as they were read."""

from __future__ import annotations

from collections.abc import Iterable

from ztctl.core.model.facts import EdgeCertificates, Fact
from ztctl.core.model.names import certificate_covers, is_below_first_level


def uncovered(name: str, zone: str, facts: Iterable[Fact | None]) -> str:
    """Why the TLS handshake of a deep name fails, or may fail; empty where none of that is known.

    Args:
        name: a host name or a pattern, in punycode.
        zone: the name of its zone.
        facts: without those about the certificates of the zone they count as not seen.
    """
    if not is_below_first_level(name, zone):
        return ""
    known = (it for it in facts if isinstance(it, EdgeCertificates) and it.name == zone)
    found = next(known, None)
    below = f"two levels or more below the zone {zone}"
    if found is None or found.gap:
        gap = f" ({found.gap})" if found is not None else ""
        return f"{below}, whose certificate covers one by default; others were not seen{gap}"
    if any(certificate_covers(it, name) for it in found.hosts):
        return ""
    return f"{below}, and none of its active certificates covers the name"
