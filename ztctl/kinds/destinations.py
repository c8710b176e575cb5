"""Destinations of an application: public host names with paths, and private networks.

``domain``, ``self_hosted_domains`` and ``destinations`` show the same list; ``destinations`` takes
precedence in a write. A single address is returned with its mask, and a single port as a range
(Cloudflare OpenAPI description and Terraform provider v5, July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import Normalised
from ztctl.core.model.names import to_ascii
from ztctl.kinds.common import check_private_host, cidr, encoded_host, host, invalid, text_of


class Destination(Fields):
    """A public `host/path`, or a private network or host name."""

    uri: str | None = None
    """A public host name, with a path if need be and without a scheme."""
    cidr: str | None = None
    hostname: Annotated[str | None, BeforeValidator(check_private_host)] = None
    l4_protocol: Literal["tcp", "udp"] | None = None
    port_range: str | None = None
    vnet_id: str | None = None

    @model_validator(mode="after")
    def _exactly_one_target(self) -> Destination:
        if sum(item is not None for item in (self.uri, self.cidr, self.hostname)) != 1:
            text = "a destination is a public host name, or exactly one of cidr and hostname"
            raise invalid(self, text, "write the public host name alone, such as ssh.example.com")
        return self


def check_uri(value: Any) -> Any:
    """Validate a public destination ``host[/path]``; wildcards are allowed.

    Raises:
        PydanticCustomError: when there is a scheme, a port, a space, or no host name.
    """
    text = value if isinstance(value, str) else ""
    name = encoded_host(text.partition("/")[0])
    spaced = any(char.isspace() for char in text + name)
    if spaced or "://" in text or {":", "/"} & set(name) or "." not in name.strip("."):
        hint = "write ssh.example.com or ssh.example.com/path"
        raise invalid(value, "{value} is not a host name with an optional path", hint)
    return value


def _from_text(value: Any) -> Any:
    if isinstance(value, str):
        return {"uri": check_uri(value)}
    if isinstance(value, Mapping) and value.get("uri") is not None:
        check_uri(value["uri"])
    return value


def normal(value: Any) -> Any:
    """Canonical destination: a string ``host/path``, or the fields of a private one."""
    if isinstance(value, str):
        return uri(value)
    if not isinstance(value, Mapping):
        return value
    if text_of(value, "uri"):
        return uri(text_of(value, "uri"))
    private = {
        "cidr": cidr(value.get("cidr")),
        "hostname": host(value.get("hostname")),
        "l4_protocol": value.get("l4_protocol"),
        "port_range": _ports(value.get("port_range")),
        "vnet_id": value.get("vnet_id"),
    }
    return {key: item for key, item in private.items() if item}


def uri(text: str) -> str:
    """Canonical ``host/path``: host in lower-case punycode, no slash at the end."""
    name, slash, path = text.partition("/")
    return f"{to_ascii(name)}{slash}{path}".rstrip("/")


def _ports(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    low, _, high = value.partition("-")
    return low if low == high else value


class _TextOrObject:
    """Allow the short form in the JSON Schema."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> JsonSchemaValue:
        found: JsonSchemaValue = handler(schema)
        return {"anyOf": [{"type": "string"}, found]}


Place = Annotated[Destination, BeforeValidator(_from_text), _TextOrObject(), Normalised(normal)]
Uri = Annotated[str, BeforeValidator(check_uri), Normalised(normal)]


def to_api(destinations: Any) -> list[dict[str, Any]]:
    """Convert canonical destinations for the API."""
    return [
        {"type": "public", "uri": item}
        if isinstance(item, str)
        else {"type": "private", **dict(item)}
        for item in destinations or ()
    ]


def from_api(raw: Mapping[str, Any]) -> list[Any]:
    """Read the destinations of a reply from the first of the three fields that is filled."""
    places = raw.get("destinations")
    if isinstance(places, list) and places:
        return [place for place in places if isinstance(place, Mapping)]
    domains = raw.get("self_hosted_domains")
    if isinstance(domains, list) and domains:
        return [item for item in domains if isinstance(item, str)]
    return [text_of(raw, "domain")] if text_of(raw, "domain") else []


def public(destinations: Any) -> list[str]:
    """The public destinations (``host/path``) among canonical ones."""
    return [item for item in destinations or () if isinstance(item, str)]


def label(destination: Any) -> str:
    """A canonical destination as it is shown to users."""
    if isinstance(destination, str):
        return destination
    return " ".join(f"{name} {value}" for name, value in destination.items())


def public_hosts(destinations: Any) -> frozenset[str]:
    """Host names of the public destinations, without paths."""
    return frozenset(item.partition("/")[0] for item in public(destinations))
