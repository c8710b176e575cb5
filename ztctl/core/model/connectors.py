"""Connectors of a tunnel as the service sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Support(StrEnum):
    """Whether Cloudflare supports a version of cloudflared."""

    YES = "supported"
    NO = "no longer supported"
    UNKNOWN = "not known to be supported"


@dataclass(frozen=True, slots=True)
class Connector:
    """One running cloudflared.

    Attributes:
        id: a UUID, new at each start.
        version: of cloudflared, such as ``2026.8.2``.
        arch: system and processor, such as ``linux_amd64``.
        since: when it was started, as the service writes it; empty where it does not say.
        config_version: of the configuration that it runs; ``None`` where it reports none.
        edges: Cloudflare's location of each of its connections.
        origin: the address from which it connects.
    """

    id: str
    version: str
    arch: str
    since: str
    config_version: int | None
    edges: tuple[str, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class TunnelStatus:
    """A tunnel with what runs for it.

    Attributes:
        version: of the newest configuration; ``None`` where there is none, or it is a file.
    """

    name: str
    id: str
    version: int | None
    connectors: tuple[Connector, ...]


def support_of(version: str, year: int, month: int) -> Support:
    """Whether a version is supported: for a year (Cloudflare's documentation, from memory).

    Versions are year, month and a count. The documentation counts from the newest release, of which
    nobody tells ztctl: it counts from this month, which is stricter by some weeks at most.

    Args:
        version: such as ``2026.8.2``.
        year: of today.
        month: of today, 1 to 12.
    """
    found = re.fullmatch(r"(20\d\d)\.(\d{1,2})\.\d+", version, re.ASCII)
    if found is None or not 1 <= int(found[2]) <= 12:
        return Support.UNKNOWN
    months = (year - int(found[1])) * 12 + month - int(found[2])
    return Support.YES if months <= 12 else Support.NO
