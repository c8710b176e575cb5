"""Readers of simulated visits in JSON: the classes of `ztctl.sandbox.edge.values`."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ztctl.sandbox.edge.values import PrivateVisit, Visit, Visitor
from ztctl.sandbox.reading import (
    WRONG,
    Reader,
    flag,
    list_of,
    map_of,
    one_of,
    optional,
    record,
    text,
    whole,
    wrong,
)


def _address(value: Any, where: str, problems: list[str]) -> Any:
    try:
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        return wrong(where, "must be an IP address", problems)


def _country(value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[A-Z0-9]{2}", value):
        return value
    return wrong(where, "must be a country's two letters", problems)


def _service_token(value: Any, where: str, problems: list[str]) -> Any:
    made = list_of(text)(value, where, problems)
    if made is WRONG or len(made) == 2:
        return made
    return wrong(where, "must be a client id and its secret", problems)


def _element(value: Any, where: str, problems: list[str]) -> Any:
    """One rule element, such as `{"group": {"id": "…"}}`."""
    made = map_of(map_of(_any))(value, where, problems)
    if made is WRONG or len(made) == 1:
        return made
    return wrong(where, "must have one member: the name of the selector", problems)


def _any(value: Any, *_: Any) -> Any:
    return value


VISITOR: Reader = record(
    Visitor,
    {
        "address": _address,
        "country": _country,
        "email": optional(text),
        "login_method": optional(text),
        "holds": list_of(_element),
        "service_token": optional(_service_token),
        "enrolled": flag,
    },
)
VISIT: Reader = record(
    Visit,
    {
        "host": text,
        "path": text,
        "visitor": VISITOR,
        "destination": optional(text),
        "method": text,
    },
    ("host",),
)
PRIVATE_VISIT: Reader = record(
    PrivateVisit,
    {
        "address": text,
        "port": whole(1, 65535),
        "protocol": one_of("tcp", "udp"),
        "virtual_network": optional(text),
        "visitor": VISITOR,
    },
    ("address",),
)
