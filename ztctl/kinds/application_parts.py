"""Parts of an application as the API gives it: marks among tags, policies in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ztctl.core.model.objects import Live, Mark
from ztctl.kinds.common import items


def whose(marks: Sequence[Mark]) -> Mark | None:
    """The mark of an application; one with marks of several stacks is nobody's to change."""
    stacks = sorted({mark.stack for mark in marks})
    return Mark(" and ".join(stacks), any(mark.protect for mark in marks)) if stacks else None


def user_tags(live: Live) -> list[str]:
    """The tags of a live application that are no marks."""
    return [tag for tag in live.values.get("tags") or () if Mark.read(tag) is None]


def primary(public: Sequence[str], preferred: Iterable[str]) -> str:
    """Which of its domains comes first: a preferred one if it has one."""
    return next((item for item in preferred if item in public), public[0])


def attached_policies(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The policies in an application of a reply, by precedence."""
    found = [item for item in items(raw, "policies") if isinstance(item, Mapping)]
    return sorted(found, key=lambda policy: _precedence(policy.get("precedence")))


def _precedence(value: Any) -> int:
    return value if isinstance(value, int) else 0
