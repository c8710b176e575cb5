"""IP addresses and ranges in text, and which range contains which."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def parse_network(text: str) -> Network | None:
    """Parse an address or range; ``None`` for any other text."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def is_subnet(inner: Network, outer: Network) -> bool:
    """True if the outer range contains the inner one; false for ranges of two IP versions."""
    match inner, outer:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return inner.subnet_of(outer)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False
