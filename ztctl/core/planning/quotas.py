"""Quotas ahead: what a plan would make more of than an account has by default.

The limits are those of Cloudflare's documentation ("Account limits" of Cloudflare One, July 2026;
records a zone: 200 on the free plan, 1,000 where it is older than September 2024, else 3,500).
An account may have been given more, so that this warns and never stops anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.model.kind import Contained, Kinds
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change

SOFT = "the limit is Cloudflare's default; if the account has it, ask for more before you apply"


def quota_warnings(
    changes: Sequence[Change], live: Mapping[str, Sequence[Live]], kinds: Kinds
) -> tuple[Problem, ...]:
    """One warning for each limit that these changes would go beyond on their way.

    What goes is deleted last, so that it counts until then.
    """
    return (*_by_kind(changes, live, kinds), *_by_container(changes, live, kinds))


def _by_kind(
    changes: Sequence[Change], live: Mapping[str, Sequence[Live]], kinds: Kinds
) -> Iterator[Problem]:
    made = Counter(change.address.kind for change in changes if change.action is Action.CREATE)
    for kind in kinds.values():
        new = made[kind.name]
        number = len(live.get(kind.name, ())) + new
        if kind.limit and new and number > kind.limit:
            first = _first(changes, kind.name, new - (number - kind.limit))
            yield _warning(f"{first} would be {kind.title} {_of(number, new, kind.limit)}")


def _by_container(
    changes: Sequence[Change], live: Mapping[str, Sequence[Live]], kinds: Kinds
) -> Iterator[Problem]:
    for kind in kinds.values():
        if isinstance(kind, Contained):
            there = Counter(it.container.id for it in live.get(kind.name, ()) if it.container)
            made = Counter(
                change.container.id
                for change in changes
                if change.address.kind == kind.name
                and change.action is Action.CREATE
                and change.container
            )
            for container in live.get(kind.container, ()):
                limit, number = kind.room(container), there[container.id] + made[container.id]
                if made[container.id] and number > limit:
                    yield _warning(
                        f"the {kind.container} {container.name} would have at least {number} of "
                        f"{limit:,} records"
                    )


def _first(changes: Sequence[Change], kind: str, place: int) -> str:
    """The first object that has no room any more."""
    made = [
        change.address
        for change in changes
        if change.address.kind == kind and change.action is Action.CREATE
    ]
    return str(made[max(0, place)])


def _of(number: int, made: int, limit: int) -> str:
    first = max(limit + 1, number - made + 1)
    until = f" to {number:,}" if number > first else ""
    return f"{first:,}{until} of {limit:,}"


def _warning(text: str) -> Problem:
    return Problem(text, hint=SOFT, severity=Severity.WARNING)
