"""Find helper groups of an export, and state their lists where they are required.

A list under `require` is a group of its own in the account (``kinds/rules.py``), named after the
entry that requires it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ztctl.core.model.facts import HELPER
from ztctl.documents.export_hosts import Entries, StatedEntry

_REQUIRED = "require"


def take_lists(entries: Entries, long: Collection[str]) -> frozenset[str]:
    """Put lists in place of helper groups that one entry alone requires; the keys of the groups.

    Args:
        entries: by section and key; the groups are taken out.
        long: keys of groups that are to be written out.
    """
    found = [
        (section, entry)
        for section in entries.values()
        for key, entry in section.items()
        if HELPER in key and key not in long
    ]
    if not found:
        return frozenset()
    used = Counter(_words(entries))
    return frozenset(
        helper.key
        for section, helper in found
        if used[helper.key] == 1 and _put(entries, helper) and section.pop(helper.key)
    )


def _put(entries: Entries, helper: StatedEntry) -> bool:
    """Put the list of a helper group in its place, if the file then makes the very same group."""
    named, _, selector = helper.key.rpartition(HELPER)
    word, _, owner = named.partition(".")
    rules: list[Any] = helper.fields.get("include") or []
    is_alone = helper.fields.keys() == {"include"} and len(rules) == 1
    if helper.comments or not is_alone or not _is_list_of(rules[0], selector):
        return False
    for section in entries.values():
        entry = section.get(owner)
        if entry is None or entry is helper or not entry.kind.name.endswith(f"_{word}"):
            continue
        required: list[Any] = entry.fields.get(_REQUIRED) or []
        for place, rule in enumerate(required):
            if isinstance(rule, dict) and [*rule.values()] == [helper.key]:
                required[place] = rules[0]
                return True
    return False


def _is_list_of(rule: Any, selector: str) -> bool:
    values = rule.get(selector) if isinstance(rule, dict) and len(rule) == 1 else None
    return isinstance(values, list) and len(values) > 1


def _words(value: Any) -> Iterator[str]:
    """Every text in the fields of the entries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, StatedEntry):
        yield from _words(value.fields)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _words(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _words(item)
