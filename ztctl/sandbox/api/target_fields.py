"""Validation of the fields and addresses of infrastructure targets.

Source: Cloudflare OpenAPI description, July 2026: a host name of at most 255 letters, digits,
dashes and dots that begins and ends with a letter or digit; an IPv4 or IPv6 address or both, each
in the default virtual network unless one is given; tags are strings. Product documentation: two
targets cannot have the same address in the same network. Unrecorded: every code, that host
names keep their case.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from ztctl.sandbox.api.addresses import address
from ztctl.sandbox.api.virtual_networks import network_id
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, bad_request
from ztctl.sandbox.fields import Check, Field, FieldError, Shape, anything, uuid
from ztctl.sandbox.messages import Object

HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
FORMS = {"ipv4": ipaddress.IPv4Address, "ipv6": ipaddress.IPv6Address}
Place = tuple[str, str]


def wrong(detail: str) -> ApiError:
    """The error for every invalid target."""
    return bad_request(f"invalid target: {detail}")


def _hostname(value: Any) -> str:
    if not isinstance(value, str) or HOSTNAME.fullmatch(value) is None:
        raise FieldError("must be letters, digits, dashes and dots, at most 255 of them")
    return value


def _tags(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(tag, str) for tag in value.values()):
        raise FieldError("must map texts to texts")
    return value


def _address(form: str) -> Check:
    def check(value: Any) -> str:
        try:
            return str(FORMS[form](str(address(value))))
        except ValueError as error:
            raise FieldError(f"must be an {form} address") from error

    return check


SHAPE = Shape(
    wrong,
    (
        Field("hostname", _hostname, required=True),
        Field("ip", anything, required=True),
        Field("tags", _tags),
    ),
)
IP = Shape(wrong, tuple(Field(form, anything) for form in FORMS))
ADDRESS = {
    form: Shape(
        wrong,
        (Field("ip_addr", _address(form), required=True), Field("virtual_network_id", uuid)),
    )
    for form in FORMS
}


def written_target(call: Call, body: Any, where: str = "") -> Object:
    """Validate the fields of a body; raises ApiError 400, or 404 for an unknown network."""
    fields = call.read(SHAPE, _object(body, "a target"), where)
    given = call.read(IP, _object(fields["ip"], "ip"), where + "ip.")
    if not given:
        raise wrong("ip needs an ipv4 or an ipv6 address")
    fields["ip"] = {
        form: _placed(call, form, given[form], where) if form in given else None for form in FORMS
    }
    return fields


def places(target: Object) -> set[Place]:
    """The (address, virtual network) pairs of a stored target."""
    return {(one["ip_addr"], one["virtual_network_id"]) for one in target["ip"].values() if one}


def addresses(target: Object) -> Iterator[str]:
    """The addresses of a stored target."""
    return (one["ip_addr"] for one in target["ip"].values() if one)


def _placed(call: Call, form: str, given: Any, where: str) -> Object:
    read = call.read(ADDRESS[form], _object(given, form), f"{where}ip.{form}.")
    return {**read, "virtual_network_id": network_id(call, read.get("virtual_network_id"))}


def _object(value: Any, name: str) -> Object:
    if not isinstance(value, dict):
        raise wrong(f"{name} must be an object")
    return value
