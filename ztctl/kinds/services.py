"""One spelling of a service: the address to which an ingress rule leads."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Any

_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^@/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?P<rest>:[0-9]*)?"
)


def spelt(value: Any) -> Any:
    """Normalise a service: scheme and host in lower case, IPv6 addresses short (RFC 5952).

    Go's URL parser lower-cases the scheme, and neither names nor addresses know case. Whatever is
    no such address is returned as it is.
    """
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    host = found["host"].lower()
    if host.startswith("["):
        try:
            host = f"[{IPv6Address(host[1:-1])}]"
        except ValueError:
            return value
    return f"{found['scheme'].lower()}://{found['user'] or ''}{host}{found['rest'] or ''}"
