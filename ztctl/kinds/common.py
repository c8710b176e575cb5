"""Field types, validators and helpers shared by kinds."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ztctl.core.model.calls import Call, CallFailed, Flow, Passing
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.durations import UNITS, nanoseconds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Default, Local, Normalised
from ztctl.core.model.names import encoded, to_ascii
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Claim, Lookup, Ref

ACCESS_APPS = "Account · Access: Apps and Policies"
ACCESS_ORG = "Account · Access: Organizations, Identity Providers, and Groups"
ACCESS_TOKENS = "Account · Access: Service Tokens"
TUNNEL = "Account · Cloudflare Tunnel"
ZERO_TRUST = "Account · Zero Trust"
POSTURE = "Account · Access: Device Posture"
DNS = "Zone · DNS"
ZONE = "Zone · Zone"
CERTIFICATES = "Zone · SSL and Certificates"

# The kind that several others ask about.
APPLICATION = "access_application"
APPLICATIONS = "/accounts/{account}/access/apps"

# A policy or group made a moment ago is not known to what names it, and an application that holds
# one makes the list of applications fail (public code of other clients, which wait for 45 s; status
# and "not found" are theirs, the rest of the text is a guess, and so is the status of
# `failed_to_load_group`). For one that never was, the failure is the same after that time.
JUST_MADE = Passing(400, "(policy|group).*not[ _]found|failed_to_load_group", seconds=60.0)
# Members of Access objects that only the service sets (recorded replies, 2025 and 2026).
STAMPS = frozenset({"id", "uid", "created_at", "updated_at", "account_id"})

_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")


def duration_text(value: Any) -> Any:
    """Normalise a duration: ``90m`` becomes ``1h30m``; other values are returned as they are."""
    length = nanoseconds(value) if isinstance(value, str) else None
    if length is None:
        return value
    parts = []
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, length = divmod(length, UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def invalid(value: Any, text: str, hint: str, **context: Any) -> PydanticCustomError:
    """Make a validation error; ``{value}`` and names of the context are replaced in its text."""
    return PydanticCustomError("invalid", text, {"value": repr(value), "hint": hint, **context})


def path_below(example: str) -> Callable[[Any], Any]:
    """Make the validator of a path that stays below the folder of the YAML file."""

    def check(value: Any) -> Any:
        path = PurePosixPath(value) if isinstance(value, str) and value else PurePosixPath("/")
        if path.is_absolute() or ".." in path.parts or "\0" in str(value) or "\\" in str(value):
            hint = f"write a relative path such as {example}"
            raise invalid(value, "{value} does not stay below the folder of this file", hint)
        return value

    return check


def _check_duration(value: Any) -> Any:
    if isinstance(value, str) and nanoseconds(value) is not None:
        return value
    raise invalid(value, "{value} is not a duration", _duration_hint(value))


def _duration_hint(value: Any) -> str:
    found = re.match(r"\s*(\d{1,9})(?!\d)\s*([a-zA-Z]*)", str(value), re.ASCII)
    if not found:
        return "write 8h, 30m or 1h30m"
    number, unit = found[1], found[2][:1].lower()
    if unit == "d":
        return f"write {int(number) * 24}h: days have no unit here"
    if unit in ("h", "m", "s"):
        return f"write {number}{unit}, or 1h30m"
    return f"write {number}s, {number}m or {number}h: a number alone has no unit"


def seconds(value: Any) -> Any:
    """Convert a duration to integer seconds; other values are returned as they are.

    cloudflared takes integer seconds from the API, but strings such as ``30s`` from its own file.
    """
    length = nanoseconds(value) if isinstance(value, str) else None
    return value if length is None else length // 10**9


def _check_seconds(value: Any) -> Any:
    _check_duration(value)
    if (nanoseconds(value) or 0) % 10**9:
        text = "{value} is finer than a second, which a tunnel cannot be"
        raise invalid(value, text, "write whole seconds")
    return value


def _check_flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    raise invalid(value, "{value} is not a yes or no", "write true or false")


def _network(value: Any) -> str | None:
    try:
        return str(ipaddress.ip_network(value, strict=False)) if isinstance(value, str) else None
    except ValueError:
        return None


def cidr(value: Any) -> Any:
    """Normalise an IP network: ``192.0.2.7`` becomes ``192.0.2.7/32``; others are unchanged."""
    return _network(value) or value


def check_cidr(value: Any) -> Any:
    """Validate an IP address or network.

    Raises:
        PydanticCustomError: if it is invalid.
    """
    if _network(value) is None:
        hint = "write 192.0.2.7 or 192.0.2.0/24"
        raise invalid(value, "{value} is not an IP address or network", hint)
    return value


def encoded_host(value: Any) -> str:
    """Convert a host name of a file to punycode; empty for anything but a string.

    Raises:
        PydanticCustomError: if IDNA 2008 does not allow it.
    """
    try:
        return encoded(value) if isinstance(value, str) else ""
    except UnicodeError:
        text = "{value} is not a host name: IDNA 2008 refuses it"
        raise invalid(value, text, "write it as a browser would take it") from None


def check_private_host(value: Any) -> Any:
    """Validate a private host name: any name that can be converted to punycode.

    Raises:
        PydanticCustomError: if IDNA 2008 does not allow it.
    """
    encoded_host(value)
    return value


def is_host(value: Any) -> bool:
    """Whether it is a full host name; the first label may be ``*``.

    Raises:
        PydanticCustomError: if IDNA 2008 does not allow it.
    """
    text = encoded_host(value)
    return _HOST.fullmatch(text) is not None and len(text) <= 253


def check_host(value: Any) -> Any:
    """Validate a full host name; the first label may be ``*``.

    Raises:
        PydanticCustomError: if it is invalid.
    """
    if not is_host(value):
        hint = "write a full name such as ssh.example.com"
        raise invalid(value, "{value} is not a host name", hint)
    return value


def failed_check(
    check: Callable[[Any], Any], value: Any, wanted: Wanted, hint: str = ""
) -> Iterator[Problem]:
    """Report a problem if a value outside of any field, such as a key, fails its validator."""
    try:
        check(value)
    except PydanticCustomError as error:
        given = str((error.context or {}).get("hint", ""))
        yield Problem(error.message(), wanted.where, f"{given}{hint}")


def is_id(value: Any) -> bool:
    """Whether it is a UUID."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _check_id(value: Any) -> Any:
    if not is_id(value):
        hint = (
            "copy it whole, such as 0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60; names are not looked up"
        )
        raise invalid(value, "{value} is not an id", hint)
    return value


def _claim(value: Any) -> Claim:
    if is_id(value):
        return Claim(value.lower(), getattr(value, "where", None))
    hint = "copy the id whole, such as 0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
    raise invalid(value, "{value} is not the id of a live object", hint)


def ids_of(value: Any, ledger: Ledger) -> frozenset[str]:
    """Ids that a reference may resolve to; a string is an id, and ``None`` the empty one."""
    match value:
        case Ref():
            found = ledger.matched(value.to)
            return frozenset({found.id} if found else ())
        case Lookup():
            return frozenset(live.id for live in ledger.found(value))
        case _:
            return frozenset({str(value or "")})


def lower(value: Any) -> Any:
    """Convert a string to lower case, for values that are compared case-insensitively."""
    return value.lower() if isinstance(value, str) else value


def true_or_nothing(value: Any) -> Any:
    """Normalise false to absent: inside an object the API may omit it, send it or send null."""
    return value or None


def host(value: Any) -> Any:
    """Convert a host name to punycode for comparison; other values are unchanged."""
    return to_ascii(value) if isinstance(value, str) else value


Duration = Annotated[str, BeforeValidator(_check_duration), Normalised(duration_text)]
Seconds = Annotated[str, BeforeValidator(_check_seconds), Normalised(seconds)]
Flag = Annotated[bool, BeforeValidator(_check_flag)]
Off = Annotated[bool | None, BeforeValidator(_check_flag), Default(False)]
Inside = Annotated[bool | None, BeforeValidator(_check_flag), Normalised(true_or_nothing)]
On = Annotated[bool | None, BeforeValidator(_check_flag), Default(True)]
Uuid = Annotated[str, BeforeValidator(_check_id), Normalised(lower)]
Protect = Annotated[bool, BeforeValidator(_check_flag), Local()]
Cidr = Annotated[str, BeforeValidator(check_cidr), Normalised(cidr)]
HostName = Annotated[str, BeforeValidator(check_host), Normalised(host)]


Id = Annotated[
    Claim,
    PlainValidator(_claim),
    WithJsonSchema({"type": "string", "pattern": f"^{_UUID.pattern}$"}),
    Local(),
]


class OneOrMany:
    """Accept a single value for a list of one."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wrap a single value in a list before validation."""
        return core_schema.no_info_before_validator_function(
            lambda value: value if isinstance(value, list) else [value], handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow both forms in the JSON Schema."""
        many = handler(schema)
        return {"anyOf": [many.get("items", {}), many]}


def segment(text: str) -> str:
    """Quote an id as one segment of a URL path, slashes included."""
    return quote(text, safe="")


def text_of(raw: Any, key: str) -> str:
    """A string of a reply by key; empty if it is absent or of another type."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, str) else ""


def items(raw: Any, key: str) -> list[Any]:
    """A list of a reply by key; empty if it is absent or of another type."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []


def objects(reply: Any) -> list[Mapping[str, Any]]:
    """The objects of a list reply; elements without an id or name are dropped.

    What a list must hold is said by ``Call.members`` and checked when it is read.
    """
    if not isinstance(reply, list):
        return []
    return [
        item
        for item in reply
        if isinstance(item, Mapping) and (text_of(item, "id") or text_of(item, "name"))
    ]


def listing(
    path: str, permission: str, per_page: int, members: tuple[str, ...] = (), **query: str
) -> Call:
    """Make the call that reads all pages of a list; ``members`` as in ``Call``."""
    asked = tuple(sorted(query.items()))
    return Call("GET", path, query=asked, per_page=per_page, members=members, permission=permission)


def unreadable(call: Call, what: str) -> CallFailed:
    """The failure of a reading whose reply does not make sense: nothing is done on its word."""
    hint = "nothing was done on its word: try again, and see whether a proxy stands in between"
    return CallFailed(call, f"{call}: {what}", hint=hint)


def written(call: Call, identity: str = "id") -> Flow[Mapping[str, Any]]:
    """Send a write, and return the object of its reply, which has this member.

    Raises:
        CallFailed: ``lost`` if the reply has no object: the write may or may not have been done.
    """
    reply = yield call
    if not text_of(reply, identity):
        raise CallFailed(call, f"the answer to {call} holds no object", lost=True)
    found: Mapping[str, Any] = reply
    return found
