"""Destinations of an application: public host names with paths, and private networks.

``domain``, ``self_hosted_domains`` and ``destinations`` show the same list; ``destinations`` takes
precedence in a write. A single address is returned with its mask, and a single port as a range
(Cloudflare OpenAPI description and Terraform provider v5, July 2026). ``overrides`` make paths of a
public destination public: Access asks nobody there. A pattern is compared with the path of the
request, has at most one wildcard a segment, and covers paths below it only by a wildcard (API
reference, model ``DestinationOverride``, 2026; not recorded).

A public destination is canonical as the text ``host/path``, and with overrides as a mapping. Those
that the file does not state are carried over. So are destinations of other types (``worker``,
``all_workers``, ``via_mcp_server_portal`` and more; Python SDK 5.9.0), which no field models: they
stand beside those of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ztctl.core.model.facts import PublicPaths
from ztctl.core.model.flows import Ask
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import KeepsEmpty, Normalised, Unordered
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live
from ztctl.kinds.carry import Elements, Lists
from ztctl.kinds.common import Uuid, check_private_host, cidr, encoded_host, host, invalid, text_of

# Patterns whose meaning is certain: plain segments, with at most one wildcard each.
_PLAIN = "[A-Za-z0-9._~@+=-]"
_UNDERSTOOD = re.compile(rf"(?:/(?!\.\.?(?:[/*]|$))(?:{_PLAIN}+|{_PLAIN}*\*{_PLAIN}*))*/?")
_LONGEST_PATTERN = 512
# A host name; a wildcard stands inside any label but the last.
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9_*](?:[a-z0-9_*-]{0,61}[a-z0-9_*])?\.)+[a-z0-9-]{2,63}")


def check_pattern(value: Any) -> Any:
    """Validate the path pattern of an override.

    Raises:
        PydanticCustomError: when the API would refuse it.
    """
    text = value if isinstance(value, str) else ""
    if not text.startswith("/") or len(text) > _LONGEST_PATTERN or any(map(str.isspace, text)):
        raise invalid(value, "{value} is no path", "write /healthz, or /api/* for all below /api/")
    if any(part.count("*") > 1 for part in text.split("/")):
        text = "{value} has two wildcards in one segment, which the service does not take"
        raise invalid(value, text, "write /api/* for all below /api/")
    return value


class Override(Fields):
    """Paths of a public destination that Access handles in another way."""

    behavior: Literal["public"] = "public"
    """Nobody is asked to log in."""
    path_pattern: Annotated[str, BeforeValidator(check_pattern)]
    """The path of a request, such as `/healthz`; `/api/*` also covers what is below."""

    @model_validator(mode="before")
    @classmethod
    def _is_stated(cls, value: Any) -> Any:
        # The API requires it, so that it must be sent.
        return {"behavior": "public", **value} if isinstance(value, Mapping) else value


class Destination(Fields):
    """A public `host/path`, or a private network or host name."""

    uri: str | None = None
    """A public host name, with a path if need be and without a scheme."""
    overrides: Annotated[list[Override] | None, Unordered(), KeepsEmpty()] = None
    """Paths that are public; left out, they stay as they are live."""
    cidr: str | None = None
    hostname: Annotated[str | None, BeforeValidator(check_private_host)] = None
    l4_protocol: Literal["tcp", "udp"] | None = None
    port_range: str | None = None
    vnet_id: Uuid | None = None

    @model_validator(mode="after")
    def _exactly_one_target(self) -> Destination:
        if sum(item is not None for item in (self.uri, self.cidr, self.hostname)) != 1:
            text = "a destination is a public host name, or exactly one of cidr and hostname"
            raise invalid(self, text, "write the public host name alone, such as ssh.example.com")
        if self.overrides is not None and self.uri is None:
            raise invalid(self, "overrides are for public destinations", "take them out")
        return self


def check_uri(value: Any) -> Any:
    """Validate a public destination ``host[/path]``; wildcards are allowed.

    Raises:
        PydanticCustomError: when there is a scheme, a port, a query, an anchor or a blank, or no
            host name.
    """
    text = value if isinstance(value, str) else ""
    written, _, path = text.partition("/")
    hint = "write ssh.example.com or ssh.example.com/path"
    _, scheme, rest = text.partition("://")
    if scheme:
        raise invalid(value, "{value} carries a scheme", f"write {rest.rstrip('/')}")
    if port := re.fullmatch(r"([^:]+):\d*", written, re.ASCII):
        # Cloudflare One documentation, "Application paths": port numbers are not supported.
        reason = "{value} carries a port, and Access stands in front of all of them"
        raise invalid(value, reason, f"write {port[1]}{text[len(written) :]}")
    if extra := re.search(r"[?#]", text):
        reason = "{value} carries a query or an anchor, which Access does not look at"
        raise invalid(value, reason, f"write {text[: extra.start()].rstrip('/')}")
    if _HOST.fullmatch(encoded_host(written)) is None or not path.isprintable() or " " in text:
        raise invalid(value, "{value} is not a host name with an optional path", hint)
    return value


def _from_text(value: Any) -> Any:
    if isinstance(value, str):
        return {"uri": check_uri(value)}
    if isinstance(value, Mapping) and value.get("uri") is not None:
        check_uri(value["uri"])
    return value


def normal(value: Any) -> Any:
    """Canonical destination: a string ``host/path``, or the fields of another one."""
    if isinstance(value, str):
        return uri(value)
    if not isinstance(value, Mapping):
        return value
    if text_of(value, "uri"):
        place, overrides = uri(text_of(value, "uri")), value.get("overrides")
        return place if overrides is None else {"uri": place, "overrides": _overrides(overrides)}
    private = {
        "cidr": cidr(value.get("cidr")),
        "hostname": host(value.get("hostname")),
        "l4_protocol": value.get("l4_protocol"),
        "port_range": _ports(value.get("port_range")),
        "vnet_id": value.get("vnet_id"),
    }
    return {key: item for key, item in private.items() if item}


def _is_known(override: Any) -> bool:
    return (
        isinstance(override, Mapping)
        and override.keys() == Override.model_fields.keys()
        and all(isinstance(item, str) and item for item in override.values())
    )


def _known(override: Any) -> Any:
    """An override as it is known here; any other as its JSON, so that nothing of it is lost."""
    return override if _is_known(override) else json.dumps(override, sort_keys=True)


def _overrides(value: Any) -> Any:
    """Canonical overrides: texts are JSON already."""
    if not isinstance(value, list | tuple):
        return value
    return [item if isinstance(item, str) else _known(item) for item in value]


def _as_received(override: Any) -> Any:
    """The inverse of ``_known``."""
    return json.loads(override) if isinstance(override, str) else dict(override)


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
    return [_to_api(item) for item in destinations or ()]


def _to_api(item: Any) -> dict[str, Any]:
    if not _uri_of(item):
        return {"type": "private", **dict(item)}
    overrides = [_as_received(override) for override in _overrides_of(item)]
    made = {"type": "public", "uri": _uri_of(item)}
    return {**made, "overrides": overrides} if overrides else made


def from_api(raw: Mapping[str, Any]) -> list[Any]:
    """Read the destinations of a reply from the first of the three fields that is filled."""
    places = raw.get("destinations")
    if isinstance(places, list) and places:
        return [_from_api(place) for place in places if _is_modelled(place)]
    domains = raw.get("self_hosted_domains")
    if isinstance(domains, list) and domains:
        return [item for item in domains if isinstance(item, str)]
    return [text_of(raw, "domain")] if text_of(raw, "domain") else []


def _received(overrides: Any) -> list[Any] | None:
    if not overrides:
        return None
    return [_known(item) for item in (overrides if isinstance(overrides, list) else [overrides])]


def _is_modelled(place: Any) -> bool:
    """Whether a destination of a reply is of a type that a file can state; old ones have none."""
    public = text_of(place, "uri") and text_of(place, "type") in ("", "public")
    target = text_of(place, "cidr") or text_of(place, "hostname")
    return bool(public or (target and text_of(place, "type") in ("", "private")))


def _from_api(place: Mapping[str, Any]) -> dict[str, Any]:
    return {**place, "overrides": _received(place.get("overrides"))}


def understood(place: Any) -> dict[str, Any] | None:
    """A destination of a reply as it would be written; ``None`` if it is of another type."""
    return _to_api(normal(_from_api(place))) if _is_modelled(place) else None


def _target(place: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(place.get(name) for name in ("uri", "cidr", "hostname"))


# Overrides lose nothing on their way: those that are not understood are canonical as they came.
LISTS: Lists = {
    "destinations": Elements(understood, _target),
    "overrides": Elements(lambda override: override),
}


def public(destinations: Any) -> list[str]:
    """The public destinations (``host/path``) among canonical ones."""
    return [place for item in destinations or () if (place := _uri_of(item))]


def keys(destinations: Any) -> frozenset[str]:
    """What tells the application with these canonical destinations from others."""
    hosts = public(destinations)
    private = sorted(label(item) for item in destinations or () if isinstance(item, Mapping))
    return frozenset(hosts or ([", ".join(private)] if private else ()))


def _uri_of(destination: Any) -> str:
    """The ``host/path`` of a canonical destination; empty for a private one."""
    return destination if isinstance(destination, str) else text_of(destination, "uri")


def _overrides_of(destination: Any) -> list[Any]:
    found = destination.get("overrides") if isinstance(destination, Mapping) else None
    return found or []


def added_to(destinations: list[Any], others: Iterable[Any]) -> list[Any]:
    """These canonical destinations, and those others of which the place is not among them."""
    known = {*public(destinations)}
    more = (it for it in others if it not in destinations and _uri_of(it) not in known)
    return [*destinations, *more]


def with_live_overrides(wanted: Iterable[Any], live: Iterable[Any]) -> list[Any]:
    """Wanted destinations, with the live overrides where the file states none."""
    known = {_uri_of(item): item for item in live}
    return [
        known.get(item, item)
        if isinstance(item, str)
        else (item if not _uri_of(item) or _overrides_of(item) else _uri_of(item))
        for item in wanted
    ]


def without_overrides(
    destinations: Iterable[Any] | None, at: Collection[str]
) -> tuple[list[Any], list[tuple[str, Any]]]:
    """Canonical destinations without the overrides of these places, and each of them by place."""
    listed = list(destinations or ())
    taken = [(place, it) for it in listed if (place := _uri_of(it)) in at]
    rest = [place if (place := _uri_of(item)) in at else item for item in listed]
    return rest, [(place, override) for place, it in taken for override in _overrides_of(it)]


def has_unknown_overrides(place: str, destinations: Iterable[Any] | None) -> bool:
    """Whether an override of this place is not understood."""
    found = (it for it in destinations or () if _uri_of(it) == place)
    return not all(_is_known(override) for it in found for override in _overrides_of(it))


def public_paths(destinations: Any) -> Iterator[PublicPaths]:
    """What the overrides of canonical destinations make public.

    What is not understood may be public: the whole place, for a pattern that is not known or
    reaches beyond the place, and the paths of the pattern, for a behaviour that is not known.
    """
    for item in destinations or ():
        for override in _overrides_of(item):
            received = _as_received(override)
            pattern = text_of(received, "path_pattern")
            place = _uri_of(item)
            _, _, below = place.partition("/")
            is_plain = (
                pattern.startswith("/")
                and _UNDERSTOOD.fullmatch(pattern)
                and ("*" not in pattern or pattern.startswith(f"/{below}/" if below else "/"))
            )
            known, fits = _is_known(override), pattern.strip("/") if is_plain else "*"
            written = pattern if known else json.dumps(received)
            is_certain = bool(known and is_plain and not pattern.endswith("*/"))
            yield PublicPaths(place, fits, written, is_certain)


def label(destination: Any) -> str:
    """A canonical destination as it is shown to users."""
    if _uri_of(destination):
        return _uri_of(destination)
    return " ".join(f"{name} {value}" for name, value in destination.items())


def public_hosts(destinations: Any) -> frozenset[str]:
    """Host names of the public destinations, without paths."""
    return frozenset(item.partition("/")[0] for item in public(destinations))


def named_hosts(ask: Ask, applications: Iterable[Live]) -> frozenset[str]:
    """Host names of the files, and those that live applications of the stack stand before."""
    own = (one for one in applications if one.belongs_to(ask.stack))
    return ask.hosts.union(*(public_hosts(one.values.get("destinations")) for one in own))
