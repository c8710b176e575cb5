"""Records of others: what external-dns says of a record, in a TXT record beside it.

Its TXT registry writes ``heritage=external-dns,external-dns/owner=ID,external-dns/resource=KIND/…``
in quotes, under the name of the record (until v0.17) or with the type in front, as in
``a-www.example.com``. A prefix or suffix of its own (``--txt-prefix``) and an encrypted text cannot
be told from other TXT records. Sources: external-dns, docs/registry/txt.md of v0.17 and v0.23.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ztctl.core.model.names import to_ascii
from ztctl.kinds.common import text_of

_HERITAGE = "heritage=external-dns"


def is_claim(raw: Mapping[str, Any]) -> bool:
    """Whether a record is such a note; it leads nowhere itself."""
    text = text_of(raw, "content").lstrip('"')
    return text_of(raw, "type") == "TXT" and text.startswith(_HERITAGE)


class Claims:
    """The notes of one zone."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._by_name = {
            to_ascii(text_of(raw, "name")): text_of(raw, "content").strip('"')
            for raw in records
            if is_claim(raw)
        }

    def of(self, type_: str, name: str) -> str:
        """Who manages a record of this type and name, for people; empty if no note says so."""
        for place in (f"{type_.lower()}-{name}", name):
            if place in self._by_name:
                return _owner(place, self._by_name[place])
        return ""


def _owner(place: str, text: str) -> str:
    words = dict(word.partition("=")[::2] for word in text.split(","))
    owner, resource = words.get("external-dns/owner"), words.get("external-dns/resource")
    told = [f"owner {owner!r}"] if owner else []
    told += [f"for {resource}"] if resource else []
    more = f" ({', '.join(told)})" if told else ""
    return f"external-dns{more}, as the TXT record {place} says"
