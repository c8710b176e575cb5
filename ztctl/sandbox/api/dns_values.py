"""Validation and normalisation of the fields of a DNS record.

Source: Cloudflare OpenAPI description, July 2026, and the Terraform provider: names come back as
full names in lower case without a trailing dot, content without a trailing dot, `ttl` 1 whenever
proxied. Recorded: 400/1004 with a chain for bad values, 9300 for tags in a free zone; `settings` of
a CNAME say `flatten_cname`; a private address is not proxiable. Terraform provider's tests: an MX
record may name nothing (`.`). Unrecorded: the other codes of the chain, the length of comments by
plan (100 free, 500 paid), the form of a tag (`name:value`), that a CNAME is allowed at the zone's
apex. The text of TXT, MX, NS, PTR and OPENPGPKEY records is not checked.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ztctl.sandbox.api.addresses import address
from ztctl.sandbox.api.dns_data import MEMBERS, data_of, text_of
from ztctl.sandbox.api.lookups import plan_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.fields import Field, Shape, anything, flag, integer, listing, mapping, text
from ztctl.sandbox.messages import Object

TYPES = ("A", "AAAA", "CNAME", "TXT", "MX", "NS", "PTR", "OPENPGPKEY", *MEMBERS)
PROXIABLE = ("A", "AAAA", "CNAME")
# Addresses that nobody can reach from outside (RFC 1918, 4193, 1122, 3927, 4291).
PRIVATE = tuple(
    ipaddress.ip_network(one)
    for one in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)
LABEL = re.compile(r"(\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)")


def invalid_record(detail: str, reason: int = 9000) -> ApiError:
    """The error for every invalid value; `reason` is the code in the `error_chain`."""
    return ApiError(400, 1004, "DNS Validation Error", chain=((reason, detail[:300]),))


def _ttl(value: Any) -> int:
    if value == 1 and not isinstance(value, bool):
        return 1
    return int(integer(30, 86400)(value))


SHAPE = Shape(
    invalid_record,
    (
        Field("type", text(), required=True),
        Field("name", text(empty=False), required=True),
        Field("content", text(empty=False)),
        Field("data", anything),
        Field("ttl", _ttl, 1),
        Field("proxied", flag, False),
        Field("priority", integer(0, 65535)),
        Field("comment", text()),
        Field("tags", listing(text(empty=False)), []),
        Field(
            "settings",
            mapping({"ipv4_only": flag, "ipv6_only": flag, "flatten_cname": flag}),
            {},
        ),
    ),
)


def spelled_record(call: Call, zone: Object, fields: Object, where: str = "") -> Object:
    """Validate and normalise the fields of a record; raises ApiError 400/1004."""
    if fields["type"] not in TYPES:
        raise invalid_record(f"there are no records of type {fields['type']}")
    record = {**fields, "name": full_name(zone, fields["name"])}
    if record["type"] in MEMBERS:
        record["data"] = data_of(call, record["type"], record.get("data"), where, invalid_record)
        record["content"] = text_of(record["type"], record["data"])
    else:
        record.pop("data", None)
        record["content"] = _content(record)
    if record["type"] in ("SRV", "URI"):
        record["priority"] = record["data"].get("priority", record.get("priority", 0))
    if record["type"] == "CNAME":
        record["settings"] = {"flatten_cname": False, **record["settings"]}
    record["comment"] = fields.get("comment") or None
    record["proxiable"] = record["type"] in PROXIABLE and not _is_private(record)
    if record["proxied"] and not record["proxiable"]:
        raise invalid_record("this record type cannot be proxied")
    if record["proxied"]:
        record["ttl"] = 1
    _check_plan(zone, record)
    return record


def full_name(zone: Object, name: str) -> str:
    """The absolute name of a record, in punycode and lower case; raises ApiError 400/1004."""
    ascii_name = _ascii(name.removesuffix("."))
    if ascii_name == "@" or ascii_name == zone["name"]:
        return str(zone["name"])
    inside = ascii_name.endswith("." + zone["name"])
    absolute = ascii_name if inside else f"{ascii_name}.{zone['name']}"
    _check_name(absolute)
    return absolute


def is_free(zone: Object) -> bool:
    """Whether a zone is on the free plan."""
    return plan_of(zone) == "free"


def _ascii(name: str) -> str:
    if name.isascii():
        return name.lower()
    import idna

    labels = name.split(".")
    try:
        return ".".join(
            label.lower() if label.isascii() else idna.encode(label, uts46=True).decode()
            for label in labels
        )
    except UnicodeError as error:
        raise invalid_record("the name cannot be written in punycode") from error


def _check_name(name: str) -> None:
    labels = name.split(".")
    if len(name) > 255 or not all(LABEL.fullmatch(label) for label in labels):
        raise invalid_record("the name is not valid")
    if "*" in labels[1:]:
        raise invalid_record("a wildcard can only be the first label")


def _is_private(record: Object) -> bool:
    if record["type"] == "CNAME":
        return False
    one = address(record["content"])
    return any(one.version == net.version and one in net for net in PRIVATE)


def _content(record: Object) -> str:
    if "content" not in record:
        raise invalid_record("content is required")
    content = str(record["content"])
    match record["type"]:
        case "CNAME":
            return _target(record["name"], content)
        case "A" | "AAAA":
            return _address(content, 4 if record["type"] == "A" else 6)
        case "MX" | "NS":
            return content if content == "." else content.removesuffix(".")
    return content


def _target(name: str, content: str) -> str:
    target = content.removesuffix(".")
    _check_name(_ascii(target))
    if _ascii(target) == name:
        raise invalid_record("a CNAME cannot point to itself")
    return target if target.isascii() else _ascii(target)


def _address(content: str, version: int) -> str:
    try:
        read = address(content)
    except ValueError as error:
        raise invalid_record("content must be an IP address") from error
    if read.version != version:
        raise invalid_record(f"content must be an IPv{version} address")
    return str(read)


def _check_plan(zone: Object, record: Object) -> None:
    longest = 100 if is_free(zone) else 500
    if len(record["comment"] or "") > longest:
        raise invalid_record(f"the comment must be at most {longest} characters")
    if record["tags"] and is_free(zone):
        wording = f"DNS record has {len(record['tags'])} tags, exceeding the quota of 0."
        raise invalid_record(wording, 9300)
    shortest = 30 if plan_of(zone) == "enterprise" else 60
    if record["ttl"] != 1 and record["ttl"] < shortest:
        raise invalid_record(f"ttl must be 1 or from {shortest} to 86400")
    if record["proxied"] and record["settings"].get("flatten_cname"):
        raise invalid_record("flatten_cname cannot be used with a proxied record")
