"""IP addresses and ranges as the service reads them.

Source: documentation of Go's net package, whose `ParseIP` and `ParseCIDR` the forms are those of: a
mask is a length, and an address has no zone (`%eth0`); Python would take more. Unrecorded: that the
service is as strict everywhere.
"""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Range = ipaddress.IPv4Network | ipaddress.IPv6Network

FORM = re.compile(r"[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?")


def address(value: object) -> Address:
    """A foreign value as an address; raises ValueError."""
    return ipaddress.ip_address(_formed(value))


def range_of(value: object, *, strict: bool) -> Range:
    """A foreign value as a range, an address as one of its own; raises ValueError.

    With `strict` for bits beyond the mask, too.
    """
    return ipaddress.ip_network(_formed(value), strict=strict)


def _formed(value: object) -> str:
    if isinstance(value, str) and FORM.fullmatch(value):
        return value
    raise ValueError("not an address")
