"""Destinations of an application: `destinations`, `self_hosted_domains` and `domain` in sync.

Source: Cloudflare OpenAPI description, July 2026, and the Terraform provider: destinations take
precedence over self_hosted_domains, these over domain; a single private address comes back with its
mask.
Recorded: 400/12130 "domain not included in destinations" and "domain does not belong to zone",
409/11010 for a domain that another application has. Documented: at most five public domains.
Unrecorded: that only an identical host and path conflict, how a sixth domain, a long URL and an
unknown virtual network are refused. How long names of a new zone are refused is a setting
(`new_zone_calls`), and so is whether a URL of more than 63 characters is refused (`quotas`).
Documented in the API reference (2026): overrides, their behaviour and pattern. Unrecorded: how an
invalid one is refused.
Workers and MCP destinations (Python SDK 5.9.0) are stored and looked up nowhere.
"""

from __future__ import annotations

import re
from typing import Any

from ztctl.sandbox.api.delays import refuse_new_zone
from ztctl.sandbox.api.rules import network
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, invalid
from ztctl.sandbox.fields import Field, FieldError, Shape, choice, listing, text, uuid
from ztctl.sandbox.messages import Object

MOST_PUBLIC = 5
LONGEST_URL = 63
PORTS = re.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?")
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_*]([a-z0-9_*-]{0,61}[a-z0-9_*])?\.)+[a-z0-9-]{2,63}")

LONGEST_PATTERN = 512


def _override(value: Any) -> Object:
    """The documented members of a rule that makes paths public."""
    if not isinstance(value, dict) or value.get("behavior") != "public":
        raise FieldError("must have the behavior public")
    pattern = text(LONGEST_PATTERN, empty=False)(value.get("path_pattern"))
    if not pattern.startswith("/") or any(part.count("*") > 1 for part in pattern.split("/")):
        raise FieldError("must be a path with at most one wildcard a segment")
    return {"behavior": "public", "path_pattern": pattern}


# The three ways in which a body may state its destinations.
MIRRORED = ("destinations", "self_hosted_domains", "domain")
_OVERRIDES = Field("overrides", listing(_override))
_WORKER = Field("worker_id", text(empty=False), required=True)
_ELSEWHERE = {
    "all_workers": (_OVERRIDES,),
    "all_preview_workers": (_OVERRIDES,),
    "worker": (_WORKER, _OVERRIDES),
    "preview_worker": (_WORKER, _OVERRIDES),
    "via_mcp_server_portal": (Field("mcp_server_id", text(empty=False)),),
}
_PUBLIC = Shape(
    invalid,
    (
        Field("type", text()),
        Field("uri", text(empty=False), required=True),
        _OVERRIDES,
    ),
)


def _ports(value: Any) -> str:
    read = PORTS.fullmatch(value) if isinstance(value, str) else None
    if read is None or not 1 <= int(read[1]) <= int(read[2] or read[1]) <= 65535:
        raise FieldError("must be a port or a range of ports")
    return str(value)


_PRIVATE = Shape(
    invalid,
    (
        Field("type", text(), required=True),
        Field("cidr", network),
        Field("hostname", text(255, empty=False)),
        Field("l4_protocol", choice(("tcp", "udp"))),
        Field("port_range", _ports),
        Field("vnet_id", uuid),
    ),
)


def placed(call: Call, body: Object, app_id: str) -> Object:
    """Validate and return the synchronised fields; raises ApiError 400/12130 or 409/11010."""
    destinations = _destinations(call, body, app_id)
    uris = [one["uri"] for one in destinations if one["type"] == "public"]
    _check_domain(body, uris)
    if len(uris) > MOST_PUBLIC:
        raise invalid(f"an application can have at most {MOST_PUBLIC} public domains")
    for uri in uris:
        _check_url(call, uri)
        _check_zone(call, uri)
        _check_free(call, uri, app_id)
    mirrored: Object = {"self_hosted_domains": uris, "destinations": destinations}
    if uris:
        mirrored["domain"] = body["domain"] if body.get("domain") in uris else uris[0]
    return mirrored


def public_uris(app: Object) -> set[str]:
    """The public URIs of a stored application in lower case, for comparison."""
    return {uri.lower() for uri in app.get("self_hosted_domains", ())}


def virtual_networks_of(app: Object) -> set[str]:
    """Ids of the virtual networks in the private destinations of a stored application."""
    return {one["vnet_id"] for one in app.get("destinations", ()) if "vnet_id" in one}


def _destinations(call: Call, body: Object, app_id: str) -> list[Object]:
    given = body.get("destinations")
    if given is not None:
        if not isinstance(given, list):
            raise invalid("destinations must be an array")
        read = [_destination(call, one, place, app_id) for place, one in enumerate(given)]
    else:
        domains = body.get("self_hosted_domains") or [body[k] for k in ("domain",) if k in body]
        read = [{"type": "public", "uri": uri} for uri in domains]
    if not read:
        raise invalid("an application needs a domain or destinations")
    return read


def _destination(call: Call, one: Any, place: int, app_id: str) -> Object:
    if not isinstance(one, dict):
        raise invalid("destinations must be objects")
    kind = one.get("type") or "public"
    if kind == "public":
        return {**call.read(_PUBLIC, one, f"destinations[{place}]."), "type": "public"}
    if isinstance(kind, str) and kind in _ELSEWHERE:
        shape = Shape(invalid, (Field("type", text()), *_ELSEWHERE[kind]))
        return call.read(shape, one, f"destinations[{place}].")
    if kind != "private":
        return _unheard_of(call, one, app_id)
    private = call.read(_PRIVATE, one, f"destinations[{place}].")
    if ("cidr" in private) == ("hostname" in private):
        raise invalid("a private destination has either cidr or hostname")
    _check_network(call, private.get("vnet_id"))
    return private


def _unheard_of(call: Call, one: Object, app_id: str) -> Object:
    """A destination of a type that nobody describes: as it came, if the account has such a one."""
    stored = call.store.get("app", app_id) or {}
    if all(one["type"] != other.get("type") for other in stored.get("destinations", ())):
        raise invalid(f"destinations of type {str(one['type'])[:40]} are not emulated")
    return one


def _check_network(call: Call, key: str | None) -> None:
    if key is None:
        return
    found = call.store.get("virtual_network", key)
    if found is None or found["deleted_at"] is not None:
        raise invalid("virtual network not found")


def _check_url(call: Call, uri: str) -> None:
    if call.state.settings.quotas and len(uri) > LONGEST_URL:
        raise invalid(f"an application URL has at most {LONGEST_URL} characters")


def _check_domain(body: Object, uris: list[str]) -> None:
    listed = body.get("destinations") is not None
    if listed and "domain" in body and body["domain"] not in uris:
        raise invalid("domain not included in destinations")


def _check_zone(call: Call, uri: str) -> None:
    host = uri.partition("/")[0].lower()
    if HOST.fullmatch(host) is None:
        raise invalid(f"{uri[:80]} is not a host name with an optional path")
    labels = host.split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels)))
    zones = [zone for name in parents for zone in call.store.find("zone", "name", name)]
    active = next((zone for zone in zones if zone["status"] == "active"), None)
    if active is None or call.params.get("zone_id") not in (None, active["id"]):
        raise invalid("domain does not belong to zone")
    refuse_new_zone(call, active)


def _check_free(call: Call, uri: str, app_id: str) -> None:
    # Where one list holds them all, no two of all have one domain.
    store = call.state.store if call.state.settings.zone_access_listed else call.store
    owners = store.find("app", "uri", uri.lower())
    if any(owner["id"] != app_id for owner in owners):
        raise ApiError(
            409, 11010, "access.api.error.application_already_exists: domain is already in use"
        )
