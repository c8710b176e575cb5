"""Field types and small flows that several kinds share."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.canonical import Spec
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Default, Local, Normalised
from ztctl.core.model.names import encoded, to_ascii
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Lookup, Ref
from ztctl.core.planning.compare import at_default

ACCESS_APPS = "Account · Access: Apps and Policies"
ACCESS_ORG = "Account · Access: Organizations, Identity Providers, and Groups"
ACCESS_TOKENS = "Account · Access: Service Tokens"
TUNNEL = "Account · Cloudflare Tunnel"
DNS = "Zone · DNS"
ZONE = "Zone · Zone"

# Go's units (time.ParseDuration), in nanoseconds.
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
_UNITS["h"] = 60 * _UNITS["m"]
_PART = re.compile(r"(\d{1,19}(?:\.\d{0,19})?|\.\d{1,19})(ns|us|µs|ms|s|m|h)", re.ASCII)
_DURATION = re.compile(f"(?:{_PART.pattern})+", re.ASCII)
_LONGEST = 2**63 - 1
_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")


def nanoseconds(text: str) -> int | None:
    """A Go duration such as ``1h30m`` in nanoseconds; ``None`` when it is none.

    Go counts in 64 bits and cuts off what is finer than a nanosecond.
    """
    if text == "0":
        return 0
    if not _DURATION.fullmatch(text):
        return None
    length = sum(_length(number, _UNITS[unit]) for number, unit in _PART.findall(text))
    return length if length <= _LONGEST else None


def _length(number: str, unit: int) -> int:
    whole, _, part = number.partition(".")
    return int(whole or 0) * unit + int(part.ljust(19, "0")) * unit // 10**19


def duration_text(value: Any) -> Any:
    """One spelling for every way to write a duration: ``90m`` is ``1h30m``; others stay."""
    length = nanoseconds(value) if isinstance(value, str) else None
    if length is None:
        return value
    parts = []
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, length = divmod(length, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def invalid(value: Any, text: str, hint: str, **context: Any) -> PydanticCustomError:
    """A validation error; ``{value}`` in its text, and each name of the context, is filled in."""
    return PydanticCustomError("invalid", text, {"value": repr(value), "hint": hint, **context})


def _check_duration(value: Any) -> Any:
    if isinstance(value, str) and nanoseconds(value) is not None:
        return value
    raise invalid(value, "{value} is not a duration", _like(value))


def _like(value: Any) -> str:
    found = re.match(r"\s*(\d{1,9})\s*([a-zA-Z]?)", str(value), re.ASCII)
    unit = found[2].lower() if found and found[2].lower() in ("h", "m", "s", "d") else "h"
    if found and unit == "d":
        return f"write {int(found[1]) * 24}h: days have no unit here"
    return f"write {found[1]}{unit}, or 1h30m" if found else "write 8h, 30m or 1h30m"


def seconds(value: Any) -> Any:
    """A duration of a tunnel's origin request in whole seconds, which is what the API takes.

    cloudflared's own parser takes integer seconds from the API and ``30s`` from a file.
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
    """An address or network with its mask: ``192.0.2.7`` is ``192.0.2.7/32``; others stay."""
    return _network(value) or value


def check_cidr(value: Any) -> Any:
    """An address or network.

    Raises:
        PydanticCustomError: when it is none.
    """
    if _network(value) is None:
        hint = "write 192.0.2.7 or 192.0.2.0/24"
        raise invalid(value, "{value} is not an IP address or network", hint)
    return value


def spelt(value: Any) -> str:
    """A host name of a file as identity; empty when it is no text.

    Raises:
        PydanticCustomError: when IDNA 2008 refuses it.
    """
    try:
        return encoded(value) if isinstance(value, str) else ""
    except UnicodeError:
        text = "{value} is not a host name: IDNA 2008 refuses it"
        raise invalid(value, text, "write it as a browser would take it") from None


def check_private_host(value: Any) -> Any:
    """A host name inside: whatever can be spelt.

    Raises:
        PydanticCustomError: when IDNA 2008 refuses it.
    """
    spelt(value)
    return value


def check_host(value: Any) -> Any:
    """A host name, wildcards allowed as the first label.

    Raises:
        PydanticCustomError: when it is none.
    """
    text = spelt(value)
    if not _HOST.fullmatch(text) or len(text) > 253:
        hint = "write a full name such as ssh.example.com"
        raise invalid(value, "{value} is not a host name", hint)
    return value


def mistaken(
    check: Callable[[Any], Any], value: Any, wanted: Wanted, hint: str = ""
) -> Iterator[Problem]:
    """A problem when a value that stands in no field, such as a key, does not pass its check."""
    try:
        check(value)
    except PydanticCustomError as error:
        told = str((error.context or {}).get("hint", ""))
        yield Problem(error.message(), wanted.where, f"{told}{hint}")


def ids_of(value: Any, ledger: Ledger) -> frozenset[str]:
    """The ids that a value of a file may mean; a plain text is one, and silence the empty one."""
    match value:
        case Ref():
            found = ledger.matched(value.to)
            return frozenset({found.id} if found else ())
        case Lookup():
            named = ledger.live_of(value.kind)
            return frozenset(live.id for live in named if live.name == value.name)
        case _:
            return frozenset({str(value or "")})


def lower(value: Any) -> Any:
    """Letter case means nothing here."""
    return value.lower() if isinstance(value, str) else value


def true_or_nothing(value: Any) -> Any:
    """Inside an object the API may leave false out, spell it, or send null: all the same."""
    return value or None


def host(value: Any) -> Any:
    """A host name as identity; what is no text stays."""
    return to_ascii(value) if isinstance(value, str) else value


Duration = Annotated[str, BeforeValidator(_check_duration), Normalised(duration_text)]
Seconds = Annotated[str, BeforeValidator(_check_seconds), Normalised(seconds)]
Flag = Annotated[bool, BeforeValidator(_check_flag)]
Off = Annotated[bool | None, BeforeValidator(_check_flag), Default(False)]
Inside = Annotated[bool | None, BeforeValidator(_check_flag), Normalised(true_or_nothing)]
On = Annotated[bool | None, BeforeValidator(_check_flag), Default(True)]
Protect = Annotated[bool, BeforeValidator(_check_flag), Local()]
Cidr = Annotated[str, BeforeValidator(check_cidr), Normalised(cidr)]
Host = Annotated[str, BeforeValidator(check_host), Normalised(host)]


class OneOrMany:
    """In the file one value may stand for the list that holds it alone."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wrap a single value before the list is checked."""
        return core_schema.no_info_before_validator_function(
            lambda value: value if isinstance(value, list) else [value], handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Offer both spellings to editors."""
        many = handler(schema)
        return {"anyOf": [many.get("items", {}), many]}


def segment(text: str) -> str:
    """A foreign id as one segment of a path: nothing in it can leave its place."""
    return quote(text, safe="")


def text_of(raw: Any, key: str) -> str:
    """A text of a reply, empty when it is anything else: replies are foreign data."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, str) else ""


def items(raw: Any, key: str) -> list[Any]:
    """A list of a reply, empty when it is anything else."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []


def objects(reply: Any) -> list[Mapping[str, Any]]:
    """The objects of a list reply; whatever is not an object with an id or name is left out."""
    if not isinstance(reply, list):
        return []
    return [
        item
        for item in reply
        if isinstance(item, Mapping) and (text_of(item, "id") or text_of(item, "name"))
    ]


def listing(path: str, permission: str, per_page: int, **query: str) -> Call:
    """The call that collects every page of a list."""
    return Call(
        "GET", path, query=tuple(sorted(query.items())), per_page=per_page, permission=permission
    )


def written(call: Call) -> Flow[Mapping[str, Any]]:
    """The object that a write answers with.

    Raises:
        CallFailed: when the answer holds none, so that nobody knows whether it was done.
    """
    reply = yield call
    if not text_of(reply, "id"):
        raise CallFailed(call, f"the answer to {call} holds no object", lost=True)
    found: Mapping[str, Any] = reply
    return found


def body_of(
    specs: Mapping[str, Spec],
    values: Mapping[str, Any],
    carried: Mapping[str, Any],
    fields: Iterable[str],
) -> dict[str, Any]:
    """A replacing write of fields that are spelt alike on both sides.

    What is wanted, and the live value of every field left unsaid. What holds but its default is
    left out, which means the same to the API, and spares accounts that may not set it at all.
    """
    default = at_default(specs, values)
    unsaid = {name: carried.get(name) for name in fields if name not in values}
    said = {name: values[name] for name in fields if name in values and name not in default}
    return {key: value for key, value in {**unsaid, **said}.items() if value is not None}
