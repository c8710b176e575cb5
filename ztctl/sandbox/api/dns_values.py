"""Validation and normalisation of the fields of a DNS record.

Source: Cloudflare OpenAPI description, July 2026, and the Terraform provider: names come back as
full names in lower case without a trailing dot, content without a trailing dot, `ttl` 1 whenever
proxied. Recorded: 400/1004 with a chain for bad values, 9300 for tags in a free zone. Unrecorded:
the other codes of the chain, the length of comments by plan (100 free, 500 paid), the form of a tag
(`name:value`), that a CNAME is allowed at the zone's apex.
Not emulated: record types that need `data`; the text of TXT, MX and NS records is not checked.
"""

from __future__ import annotations

import re
from typing import Any

from ztctl.sandbox.api.addresses import address
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.fields import Field, Shape, flag, integer, listing, mapping, text
from ztctl.sandbox.messages import Object

TYPES = ("A", "AAAA", "CNAME", "TXT", "MX", "NS")
PROXIABLE = ("A", "AAAA", "CNAME")
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
        Field("content", text(empty=False), required=True),
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


def spelled_record(zone: Object, fields: Object) -> Object:
    """Validate and normalise the fields of a record; raises ApiError 400/1004."""
    if fields["type"] not in TYPES:
        raise invalid_record(f"records of type {fields['type']} are not emulated by this sandbox")
    record = {**fields, "name": full_name(zone, fields["name"])}
    record["content"] = _content(record)
    record["comment"] = fields.get("comment") or None
    record["proxiable"] = record["type"] in PROXIABLE
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
    return bool(zone["plan"]["legacy_id"] == "free")


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


def _content(record: Object) -> str:
    content = str(record["content"])
    match record["type"]:
        case "CNAME":
            return _target(record["name"], content)
        case "A" | "AAAA":
            return _address(content, 4 if record["type"] == "A" else 6)
        case "MX" | "NS":
            return content.removesuffix(".")
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
    shortest = 30 if zone["plan"]["legacy_id"] == "enterprise" else 60
    if record["ttl"] != 1 and record["ttl"] < shortest:
        raise invalid_record(f"ttl must be 1 or from {shortest} to 86400")
    if record["proxied"] and record["settings"].get("flatten_cname"):
        raise invalid_record("flatten_cname cannot be used with a proxied record")
