"""The calls that a plan would make, from the very flows that will make them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from ztctl.core.model.calls import Call
from ztctl.core.model.canonical import replaced
from ztctl.core.model.kind import Contained, Kind, Kinds
from ztctl.core.model.plan import Action, Change, Plan, Step
from ztctl.core.model.values import Ref

UNKNOWN = "(known after apply)"
# As an id that is not there yet looks inside a path.
_QUOTED = quote(UNKNOWN, safe="")


@dataclass(frozen=True, slots=True)
class Preview:
    """The first call of one step; ids that do not exist yet read ``(known after apply)``."""

    step: Step
    call: Call


def previews(plan: Plan, kinds: Kinds) -> Iterator[Preview]:
    """The call of each step, in the order of the plan.

    Records of one zone are shown one by one; apply puts those together that are ready at once.
    """
    for change in plan.changes:
        for step in change.steps:
            yield Preview(step, _first_call(plan, kinds[change.address.kind], change, step))


def _first_call(plan: Plan, kind: Kind, change: Change, step: Step) -> Call:
    renewed = {item.address for item in plan.changes if item.action is Action.REPLACE}

    def resolved(leaf: Any) -> Any:
        if not isinstance(leaf, Ref):
            return leaf
        live = plan.live.get(leaf.to) if leaf.to not in renewed else None
        value = live.attribute(leaf.attribute) if live else None
        if leaf.attribute == "name" and value is None:
            value = leaf.to.key
        return leaf.template.format(value or UNKNOWN)

    values = replaced(step.values, resolved)
    # A created object is not there to be configured yet; its id stands open.
    live = change.live or kind.not_yet(change.address.key)
    if isinstance(kind, Contained) and step.container is not None:
        work = change.live if step.id.verb != "create" else None
        return _one(next(kind.batch([(step, work, values)])))
    return _one(next(kind.perform(step, live, values)))


def _one(asked: Call | tuple[Call, ...]) -> Call:
    call = asked if isinstance(asked, Call) else asked[0]
    return replace(call, path=call.path.replace(_QUOTED, UNKNOWN))
