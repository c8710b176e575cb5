"""Parsing of IP addresses and ranges as strictly as the API.

Source: documentation of `ParseIP` and `ParseCIDR` in Go's net package: a mask is a prefix length,
an address has no zone (`%eth0`); Python's ipaddress accepts more. Unrecorded: that the API is as
strict everywhere.
"""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Range = ipaddress.IPv4Network | ipaddress.IPv6Network

FORM = re.compile(r"[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?")


def address(value: object) -> Address:
    """Parse an IP address; raises ValueError."""
    return ipaddress.ip_address(_formed(value))


def range_of(value: object, *, strict: bool) -> Range:
    """Parse a CIDR, or an address as a range of one; raises ValueError.

    With `strict`, bits beyond the mask are an error, too.
    """
    return ipaddress.ip_network(_formed(value), strict=strict)


def _formed(value: object) -> str:
    if isinstance(value, str) and FORM.fullmatch(value):
        return value
    raise ValueError("not an address")
