"""Warnings about account limits that a plan would exceed.

The limits are those of Cloudflare's documentation ("Account limits" of Cloudflare One, July 2026;
records a zone: 200 on the free plan, 1,000 where it is older than September 2024, else 3,500).
Cloudflare raises limits for single accounts, so that this warns and never refuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Contained, Kinds
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change

SOFT = "the limit is Cloudflare's default; if the account has it, ask for more before you apply"


def quota_warnings(
    changes: Sequence[Change], live: Mapping[str, Sequence[Live]], kinds: Kinds
) -> tuple[Problem, ...]:
    """One warning for each limit that the account would exceed during the run.

    Objects to be deleted count: deletions come last.
    """
    created = [change for change in changes if change.action is Action.CREATE]
    found = (*_by_kind(created, live, kinds), *_by_container(created, live, kinds))
    return tuple(warning(Code.OVER_LIMIT, text, hint=SOFT) for text in found)


def _by_kind(
    created: Sequence[Change], live: Mapping[str, Sequence[Live]], kinds: Kinds
) -> Iterator[str]:
    for kind in kinds.values():
        made = [change.address for change in created if change.address.kind == kind.name]
        there = sum(not it.owner for it in live.get(kind.name, ()))
        number = there + len(made)
        if kind.limit and made and number > kind.limit:
            first = made[max(0, kind.limit - there)]
            beyond = max(kind.limit, there) + 1
            until = f" to {number:,}" if number > beyond else ""
            yield f"{first} would be {kind.title} {beyond:,}{until} of {kind.limit:,}"


def _by_container(
    created: Sequence[Change], live: Mapping[str, Sequence[Live]], kinds: Kinds
) -> Iterator[str]:
    for kind in kinds.values():
        if isinstance(kind, Contained):
            there = Counter(it.container.id for it in live.get(kind.name, ()) if it.container)
            made = Counter(
                change.container.id
                for change in created
                if change.address.kind == kind.name and change.container
            )
            for container in live.get(kind.container, ()):
                limit, number = kind.room(container), there[container.id] + made[container.id]
                if made[container.id] and number > limit:
                    yield (
                        f"the {kind.container} {container.name} would have at least {number} of "
                        f"{limit:,} records"
                    )
