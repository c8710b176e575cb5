"""Preview the API calls of a plan, taken from the same flows that `execute` runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from ztctl.core.model.calls import Call, Flow
from ztctl.core.model.canonical import replaced
from ztctl.core.model.kind import Contained, Kind, Kinds
from ztctl.core.model.plan import Action, Change, Plan, Step
from ztctl.core.model.values import Ref

UNKNOWN = "(known after apply)"
# How a placeholder for an id looks inside a path.
_QUOTED_UNKNOWN = quote(UNKNOWN, safe="")


@dataclass(frozen=True, slots=True)
class Preview:
    """The first write of one step; ids that are not known yet read ``(known after apply)``."""

    step: Step
    call: Call


def previews(plan: Plan, kinds: Kinds) -> Iterator[Preview]:
    """The first write of each step, in the order of the plan.

    DNS records are shown one by one; `apply` sends those of one zone that are ready together in one
    batch call.
    """
    for change in plan.changes:
        for step in change.steps:
            yield Preview(step, _first_call(plan, kinds[change.address.kind], change, step))


def _first_call(plan: Plan, kind: Kind, change: Change, step: Step) -> Call:
    replaced_objects = {item.address for item in plan.changes if item.action is Action.REPLACE}

    def resolved(leaf: Any) -> Any:
        if not isinstance(leaf, Ref):
            return leaf
        live = plan.live.get(leaf.to) if leaf.to not in replaced_objects else None
        value = live.attribute(leaf.attribute) if live else None
        if leaf.attribute == "name" and value is None:
            value = leaf.to.key
        return leaf.template.format(value or UNKNOWN)

    values = replaced(step.values, resolved)
    # The next steps of a created object need a live one, whose id is a placeholder here.
    live = change.live or kind.not_yet(change.address.key)
    if isinstance(kind, Contained) and step.container is not None:
        work = change.live if step.id.verb != "create" else None
        return _one(kind.batch([(step, work, values)]))
    return _one(kind.perform(step, live, values))


def _one(flow: Flow[Any]) -> Call:
    request = next(flow)
    while isinstance(request, Call) and not request.writes:
        # It looks first; here everything is as it was read.
        request = flow.send(None)
    call = request if isinstance(request, Call) else request[0]
    return replace(call, path=call.path.replace(_QUOTED_UNKNOWN, UNKNOWN))
