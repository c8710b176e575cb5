"""Required members, keys and references of stored objects, for the validation of an import."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ztctl.sandbox import scopes
from ztctl.sandbox.api import rules
from ztctl.sandbox.api.rules import RULE_LISTS
from ztctl.sandbox.ids import HEX32, UUID
from ztctl.sandbox.messages import Object
from ztctl.sandbox.reading import WRONG, Reader, flag, list_of, optional, whole, wrong

Reference = tuple[str, str, str]
NOTHING: Mapping[str, Reader] = {}


def _string(value: Any, where: str, problems: list[str]) -> Any:
    return value if isinstance(value, str) else wrong(where, "must be a text", problems)


def _map(value: Any, where: str, problems: list[str]) -> Any:
    return value if isinstance(value, dict) else wrong(where, "must be an object", problems)


def _kind(value: Any, where: str, problems: list[str]) -> Any:
    known = value in scopes.SCOPED if isinstance(value, str) else False
    return value if known else wrong(where, f"must be one of {', '.join(scopes.SCOPED)}", problems)


def _element(value: Any, where: str, problems: list[str]) -> Any:
    """One element of a rule list; the keys of referenced objects must be strings."""
    if _map(value, where, problems) is WRONG:
        return WRONG
    try:
        named = [key for _, key in rules.references({RULE_LISTS[0]: [value]})]
    except (KeyError, TypeError, AttributeError):
        return wrong(where, "must be a rule", problems)
    texts = all(isinstance(key, str) for key in named)
    return value if texts else wrong(where, "must be a rule", problems)


def _shaped(shape: re.Pattern[str], what: str) -> Reader:
    def reader(value: Any, where: str, problems: list[str]) -> Any:
        fits = isinstance(value, str) and shape.fullmatch(value)
        return value if fits else wrong(where, f"must be {what}", problems)

    return reader


def _holding(members: Mapping[str, Reader], others: Mapping[str, Reader] = NOTHING) -> Reader:
    """An object with all `members`; `others` are checked if present, unknown ones accepted."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        if _map(value, where, problems) is WRONG:
            return WRONG
        before = len(problems)
        for name, member in members.items():
            place = f"{where}.{name}"
            if name in value:
                member(value[name], place, problems)
            else:
                wrong(place, "is missing", problems)
        for name in others.keys() & value.keys():
            others[name](value[name], f"{where}.{name}", problems)
        return WRONG if len(problems) > before else value

    return reader


_UUID = _shaped(UUID, "a UUID")
_HEX = _shaped(HEX32, "32 hex digits")
_HEX48 = _shaped(re.compile("[0-9a-f]{48}"), "48 hex digits")
_HEX64 = _shaped(re.compile("[0-9a-f]{64}"), "64 hex digits")
_TIME = _shaped(
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII), "a time in UTC"
)
_RULES = {name: list_of(_element) for name in RULE_LISTS}
_DATED = {"created_at": _TIME, "updated_at": _TIME}
_ENDED = {"created_at": _TIME, "deleted_at": optional(_TIME)}
_LINK = _holding({"id": _UUID, "precedence": whole(-(2**31))})
_RULE = _holding({"service": _string})
_NAMED = _holding({"id": _HEX, "name": _string})

MEMBERS: dict[str, Reader] = {
    "account": _holding({"id": _HEX, "name": _string, "settings": _map}),
    "zone": _holding(
        {
            "id": _HEX,
            "name": _string,
            "status": _string,
            "account": _NAMED,
            "plan": optional(_holding({"legacy_id": _string})),
        }
    ),
    "zone_setting": _holding({"zone_id": _HEX, "id": _string, "modified_on": optional(_TIME)}),
    "certificate_pack": _holding(
        {"id": _UUID, "zone_id": _HEX, "hosts": list_of(_string), "status": _string}
    ),
    "zone_scope": _holding({"zone_id": _HEX, "kind": _kind, "key": _string}),
    "identity_provider": _holding(
        {"id": _UUID, "name": _string, "type": _string, "config": _map}, {"scim_config": _map}
    ),
    "organization": _holding({"name": _string, "auth_domain": _string, **_DATED}),
    "tag": _holding({"name": _string, **_DATED}),
    "access_group": _holding({"id": _UUID, "name": _string, **_RULES, **_DATED}),
    "policy": _holding(
        {
            "id": _UUID,
            "name": _string,
            "decision": _string,
            "reusable": flag,
            **_RULES,
            **_DATED,
        },
        {"approval_groups": list_of(_map)},
    ),
    "app": _holding(
        {
            "id": _UUID,
            "aud": _HEX64,
            "type": _string,
            "name": _string,
            "policies": list_of(_LINK),
            **_DATED,
        },
        {"tags": list_of(_string), "allowed_idps": list_of(_UUID)},
    ),
    "app_ca": _holding({"id": _HEX48, "aud": _HEX64, "public_key": _string}),
    "gateway_ca": _holding({"id": _UUID, "public_key": _string}),
    "audit_ssh_settings": _holding({"seed_id": _UUID, "public_key": _string, **_DATED}),
    "gateway_rule": _holding(
        {"id": _UUID, "name": _string, "action": _string, "precedence": whole(0), **_DATED}
    ),
    "gateway_list": _holding(
        {"id": _UUID, "name": _string, "type": _string, "items": list_of(_map), **_DATED}
    ),
    "posture_check": _holding({"id": _UUID, "name": _string, "type": _string}),
    "service_token": _holding(
        {
            "id": _UUID,
            "name": _string,
            "client_id": _string,
            "duration": _string,
            "client_secret_version": whole(1),
            "expires_at": optional(_TIME),
            **_DATED,
        }
    ),
    "tunnel": _holding(
        {
            "id": _UUID,
            "account_tag": _HEX,
            "name": _string,
            "config_src": _string,
            "remote_config": flag,
            "connectors": list_of(_holding({"id": _UUID, "conns": list_of(_map)}, {"file": _map})),
            **_ENDED,
        }
    ),
    "tunnel_configuration": _holding(
        {
            "tunnel_id": _UUID,
            "version": whole(0),
            "created_at": _TIME,
            "config": optional(_holding({"ingress": list_of(_RULE)})),
        }
    ),
    "virtual_network": _holding(
        {"id": _UUID, "name": _string, "comment": _string, "is_default_network": flag, **_ENDED}
    ),
    "route": _holding(
        {"id": _UUID, "network": _string, "tunnel_id": _UUID, "virtual_network_id": _UUID, **_ENDED}
    ),
    "hostname_route": _holding({"id": _UUID, "hostname": _string, "tunnel_id": _UUID, **_ENDED}),
    "target": _holding({"id": _UUID, "hostname": _string, "ip": _map, "created_at": _TIME}),
    "dns_record": _holding(
        {
            "id": _HEX,
            "zone_id": _HEX,
            "type": _string,
            "name": _string,
            "content": _string,
            "ttl": whole(0),
            "proxied": flag,
            "tags": list_of(_string),
            "settings": _map,
        }
    ),
    "audit_log": _holding({"id": _string, "action": _map, "actor": _map, "resource": _map}),
}

# Kinds that are stored under another key than their `id`.
KEYS: dict[str, Callable[[Object], str]] = {
    "tag": lambda one: str(one["name"]),
    "tunnel_configuration": lambda one: str(one["tunnel_id"]),
    "zone_setting": lambda one: f"{one['zone_id']}/{one['id']}",
    "zone_scope": lambda one: scopes.place(one["kind"], one["key"]),
}
ONLY_ONE = ("account", "organization", "audit_ssh_settings")


def references(kind: str, one: Object) -> Iterator[Reference]:
    """References of an object that must exist in the account: (member, kind, key)."""
    if kind == "app":
        yield from (("policies", "policy", link["id"]) for link in one["policies"])
        # Not `allowed_idps`: a provider can be deleted although an application allows it.
        yield from (("tags", "tag", name) for name in one.get("tags", ()))
    if kind == "zone_scope":
        yield "key", one["kind"], one["key"]
    if kind in ("policy", "access_group"):
        yield from (("rules", other, key) for other, key in rules.references(one))
    for member, other in REFERENCES.get(kind, {}).items():
        if one.get(member) is not None:
            yield member, other, str(one[member])


REFERENCES: dict[str, dict[str, str]] = {
    "policy": {"app_id": "app"},
    "zone_setting": {"zone_id": "zone"},
    "certificate_pack": {"zone_id": "zone"},
    "zone_scope": {"zone_id": "zone"},
    "dns_record": {"zone_id": "zone"},
    "tunnel_configuration": {"tunnel_id": "tunnel"},
    "route": {"tunnel_id": "tunnel", "virtual_network_id": "virtual_network"},
    "hostname_route": {"tunnel_id": "tunnel"},
}
