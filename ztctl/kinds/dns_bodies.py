"""What is sent of a DNS record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ztctl.core.model.objects import Live, Values


def displaces(live: Live, values: Values) -> bool:
    """True when the record cannot be replaced in its place: others go, or it is of another type."""
    return live.attribute("type") != "CNAME" or bool(values.get("displaces"))


def body(values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
    """The whole record: what is wanted, and what is live of the fields left unsaid."""
    unsaid = {
        key: carried[key] for key in ("tags", "settings") if key not in values and carried.get(key)
    }
    said = {key: values[key] for key in ("tags", "settings") if values.get(key)}
    return {
        **unsaid,
        **said,
        "type": "CNAME",
        "name": values["name"],
        "content": values["tunnel"],
        "proxied": values["proxied"],
        "ttl": values["ttl"],
        "comment": values.get("comment") or "",
    }


def as_it_was(live: Live) -> dict[str, Any]:
    """The whole record as it was read."""
    fields = ("type", "name", "content", "proxied", "ttl", "comment", "tags", "settings")
    return {key: live.raw[key] for key in fields if live.raw.get(key) is not None}
