"""Parsing of the IP ranges of private routes.

Source: Cloudflare OpenAPI description, July 2026: CIDR notation. Terraform provider's
tests: 400 "Could not parse input" or "invalid address".
Unrecorded: that a single address gets its full mask, that bits beyond the mask are refused, the
code.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from ztctl.sandbox.api.addresses import Range, range_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError

LONGEST = 64


def parsed_range(value: Any) -> Range:
    """Parse an address or a CIDR without bits beyond its mask; raises ApiError 400."""
    try:
        return range_of(value, strict=True)
    except ValueError as error:
        shown = str(value)[:LONGEST]
        raise ApiError(400, 1003, f"Could not parse input: invalid address {shown!r}") from error


def asked_range(call: Call, name: str) -> Range | None:
    """A range from a query parameter, or None; raises ApiError 400."""
    value = call.query(name)
    return None if value is None else parsed_range(value)


def contains(outer: Range, inner: Range) -> bool:
    """Whether the second range is a subnet of the first; false across IP versions."""
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)
