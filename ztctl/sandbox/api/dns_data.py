"""Records whose value is `data`, an object, with the text that `content` shows of it.

Source: Cloudflare OpenAPI description, July 2026: the members of each type, `content` only read.
Recorded: HTTPS, as text and as data. Samples of octodns and libcloud: the texts of LOC, NAPTR,
SSHFP, DS and SVCB. Unrecorded: the other texts, and how wrong data are refused; only the presence
and the sort of members is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.fields import Field, FieldError, Shape, number, text
from ztctl.sandbox.messages import Object

_Member = tuple[Callable[[Any], Any], Callable[[Any], str]]


def _plain(value: Any) -> str:
    return str(value)


def _quoted(value: Any) -> str:
    return f'"{value}"'


def _metres(value: Any) -> str:
    return f"{value}m"


def _signed(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError("must be a number")
    return value


# The members of each type in the order of the text: numbers, words, and words in quotation marks.
_NUMBER: _Member = (number, _plain)
_WORD: _Member = (text(), _plain)
_QUOTED: _Member = (text(), _quoted)
_LENGTH: _Member = (number, _metres)
_HEIGHT: _Member = (_signed, _metres)


def _members(numbers: str, words: str = "") -> dict[str, _Member]:
    """Numbers and then words."""
    return {**dict.fromkeys(numbers.split(), _NUMBER), **dict.fromkeys(words.split(), _WORD)}


_SERVICE = _members("priority", "target value")
_HASH = _members("usage selector matching_type", "certificate")
MEMBERS: dict[str, dict[str, _Member]] = {
    "CAA": {**_members("flags", "tag"), "value": _QUOTED},
    "CERT": _members("type key_tag algorithm", "certificate"),
    "DNSKEY": _members("flags protocol algorithm", "public_key"),
    "DS": _members("key_tag algorithm digest_type", "digest"),
    "HTTPS": _SERVICE,
    "LOC": {
        **_members("lat_degrees lat_minutes lat_seconds", "lat_direction"),
        **_members("long_degrees long_minutes long_seconds", "long_direction"),
        "altitude": _HEIGHT,
        **dict.fromkeys(("size", "precision_horz", "precision_vert"), _LENGTH),
    },
    "NAPTR": {
        **_members("order preference"),
        **dict.fromkeys(("flags", "service", "regex"), _QUOTED),
        "replacement": _WORD,
    },
    "SMIMEA": _HASH,
    "SRV": _members("priority weight port", "target"),
    "SSHFP": _members("algorithm type", "fingerprint"),
    "SVCB": _SERVICE,
    "TLSA": _HASH,
    "URI": {**_members("weight"), "target": _QUOTED},
}
PREFIX = {"LOC": "IN LOC "}


def data_of(
    call: Call, kind: str, given: Any, where: str, refuse: Callable[[str], ApiError]
) -> Object:
    """The data of a record of this type; raises what `refuse` makes."""
    if not isinstance(given, dict):
        raise refuse(f"records of type {kind} need data")
    fields = (Field(name, check, required=True) for name, (check, _) in MEMBERS[kind].items())
    return call.read(Shape(refuse, tuple(fields)), given, f"{where}data.")


def text_of(kind: str, data: Object) -> str:
    """The text that `content` shows of the data of a record."""
    words = (spelled(data[name]) for name, (_, spelled) in MEMBERS[kind].items())
    return PREFIX.get(kind, "") + " ".join(words)
