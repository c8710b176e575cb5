"""Where an application stands: host names with paths, and private networks.

``domain``, ``self_hosted_domains`` and ``destinations`` are three views of one list, of which
``destinations`` wins on a write. A single address comes back with its mask, and a single port as
a range (Cloudflare OpenAPI description and Terraform provider v5, July 2026).
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
from ztctl.kinds.common import check_private_host, cidr, host, invalid, spelt, text_of


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
    def _one_place(self) -> Destination:
        if sum(item is not None for item in (self.uri, self.cidr, self.hostname)) != 1:
            text = "a destination is a public host name, or exactly one of cidr and hostname"
            raise invalid(self, text, "write the public host name alone, such as ssh.example.com")
        return self


def check_uri(value: Any) -> Any:
    """A public destination ``host[/path]``, wildcards allowed.

    Raises:
        PydanticCustomError: when there is a scheme, a port, a space, or no host name.
    """
    text = value if isinstance(value, str) else ""
    name = spelt(text.partition("/")[0])
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
    """The canonical destination: a text ``host/path``, or the fields of a private one."""
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
    """``host/path`` with the host in punycode and lower case; a lone slash means nothing."""
    name, slash, path = text.partition("/")
    return f"{to_ascii(name)}{slash}{path}".rstrip("/")


def _ports(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    low, _, high = value.partition("-")
    return low if low == high else value


class _TextOrObject:
    """Offer the short spelling to editors."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> JsonSchemaValue:
        found: JsonSchemaValue = handler(schema)
        return {"anyOf": [{"type": "string"}, found]}


Place = Annotated[Destination, BeforeValidator(_from_text), _TextOrObject(), Normalised(normal)]
Uri = Annotated[str, BeforeValidator(check_uri), Normalised(normal)]


def to_api(destinations: Any) -> list[dict[str, Any]]:
    """Canonical destinations as the API takes them."""
    return [
        {"type": "public", "uri": item}
        if isinstance(item, str)
        else {"type": "private", **dict(item)}
        for item in destinations or ()
    ]


def from_api(raw: Mapping[str, Any]) -> list[Any]:
    """Destinations of an application as it comes back, whichever view it fills."""
    places = raw.get("destinations")
    if isinstance(places, list) and places:
        return [place for place in places if isinstance(place, Mapping)]
    domains = raw.get("self_hosted_domains")
    if isinstance(domains, list) and domains:
        return [item for item in domains if isinstance(item, str)]
    return [text_of(raw, "domain")] if text_of(raw, "domain") else []


def public(destinations: Any) -> list[str]:
    """The public ones of canonical destinations, as ``host/path``."""
    return [item for item in destinations or () if isinstance(item, str)]


def public_hosts(destinations: Any) -> frozenset[str]:
    """The host names of the public destinations, paths cut off."""
    return frozenset(item.partition("/")[0] for item in public(destinations))
