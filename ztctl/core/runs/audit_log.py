"""The account's audit log: who wrote an object last.

Source: Python SDK 5.9.0, ``types/accounts/logs/audit_list_response.py`` (members of an entry,
version 2). Guesses: that the path in ``raw.uri`` holds the ids of the objects that are written,
and that the path of a deletion is that of the collection and the id.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ztctl.core.model.drift import Author, Deviation, DriftItem

# Texts of the log are shown to people, and are no longer than what a name or a time needs.
_MOST_TEXT = 300
_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One successful write.

    Attributes:
        about: ids, or names, of the objects in its path and of its resource.
        collection: the last word of the path that is no id, such as ``apps``.
        ended: whether the object was deleted.
    """

    id: str
    author: Author
    about: frozenset[str]
    collection: str
    ended: bool


def entry_of(raw: Any) -> LogEntry | None:
    """Read an entry; ``None`` for what is none, and for a write that failed."""
    if not isinstance(raw, Mapping):
        return None
    action, actor = _map(raw, "action"), _map(raw, "actor")
    resource, request = _map(raw, "resource"), _map(raw, "raw")
    if _text(action, "result") not in ("", "success"):
        return None
    words = _text(request, "uri").partition("?")[0].split("/")
    about = {word.lower() for word in words if _ID.fullmatch(word)}
    about |= {text for text in [_text(resource, "id").lower()] if text}
    named = [word for word in words if word and not _ID.fullmatch(word)]
    author = Author(*_actor(actor), _text(action, "time"), _text(action, "type"))
    method = _text(request, "method")
    return LogEntry(
        _text(raw, "id"),
        author,
        frozenset(about),
        # A tag is deleted by its name, which is no id.
        _text(resource, "type") if method == "" or not named else named[-1],
        method == "DELETE" or (not method and author.action == "delete"),
    )


def _actor(actor: Mapping[str, Any]) -> tuple[str, str]:
    """Name and context: of a token its name, else whose it is; of a machine what it is."""
    context, token, email = (_text(actor, it) for it in ("context", "token_name", "email"))
    if context == "api_token" and token:
        return token, context
    kind = _text(actor, "type")
    named = email or token or ("" if kind in ("user", "account") else kind)
    return named, "api" if context == "api_token" and named else context


def _map(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(raw: Mapping[str, Any], name: str) -> str:
    found = raw.get(name)
    return found[:_MOST_TEXT] if isinstance(found, str) else ""


def attributed(
    items: Iterable[DriftItem], entries: Sequence[LogEntry], collections: Mapping[str, str]
) -> tuple[DriftItem, ...]:
    """The items with their authors, as far as the entries tell.

    Args:
        items: what differs.
        entries: the newest first.
        collections: for each kind the last word of the path of its objects.
    """
    found = tuple(items)
    writers: dict[str, Author] = {}
    for entry in entries:
        for key in entry.about if not entry.ended else ():
            writers.setdefault(key, entry.author)
    missing = Counter(it.address.kind for it in found if _is_gone(it) and it.address is not None)
    return tuple(
        replace(it, author=author)
        if (author := _author(it, writers, entries, collections, missing)) is not None
        else it
        for it in found
    )


def _is_gone(item: DriftItem) -> bool:
    return item.deviation is Deviation.MISSING


def _author(
    item: DriftItem,
    writers: Mapping[str, Author],
    entries: Sequence[LogEntry],
    collections: Mapping[str, str],
    missing: Mapping[str, int],
) -> Author | None:
    if item.address is None:
        return None
    if _is_gone(item):
        return _deleter(item, entries, collections, missing)
    found = [writers[key] for text in item.objects if (key := text.lower()) in writers]
    return max(found, key=lambda author: author.time, default=None)


def _deleter(
    item: DriftItem,
    entries: Sequence[LogEntry],
    collections: Mapping[str, str],
    missing: Mapping[str, int],
) -> Author | None:
    """Who deleted an object of which no id is known any more; all who may have done it.

    As many of the newest deletions in its collection count as objects of its kind are missing. What
    was deleted inside of another object, such as a CA, is known by that.
    """
    assert item.address is not None
    kind = item.address.kind
    about = {text.lower() for text in item.objects}
    found = [it for it in entries if it.ended and it.collection == collections.get(kind)]
    if about:
        found = [it for it in found if it.about & about]
    authors = [it.author for it in found[: missing[kind]]]
    people = {(it.name, it.context) for it in authors}
    if len(people) < 2:
        return authors[0] if authors else None
    names = sorted({name or "somebody without a name" for name, _ in people})
    contexts = {context for _, context in people}
    return replace(
        authors[0], name=" or ".join(names), context=contexts.pop() if len(contexts) == 1 else ""
    )
