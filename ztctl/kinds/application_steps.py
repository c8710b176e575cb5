"""How an application that is there is changed, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from ztctl.core.model.kind import Alternative, Kind, Resolve
from ztctl.core.model.plan import Change, Step
from ztctl.kinds.application_checks import MOST_DOMAINS


def update_steps(kind: Kind, change: Change, *, gives_up: bool) -> tuple[Step, ...]:
    """One write, or two where names are given up: the old and the new first, then the new ones."""
    assert change.live is not None
    had = list(change.live.values.get("destinations") or ())
    wanted = list(change.written["destinations"])
    both = wanted + [item for item in had if item not in wanted]
    public = sum(1 for item in both if isinstance(item, str))
    if not gives_up or public > MOST_DOMAINS:
        return (kind.step(change, "update"),)
    narrow = kind.step(change, "narrow", tail=True)
    if len(both) == len(had) and len(change.edits) == len(had) - len(wanted):
        return (narrow,)
    widened = {**change.written, "destinations": both}
    return (kind.step(change, "widen", values=widened), narrow)


def restricted_first(kind: Kind, change: Change, resolve: Resolve) -> Iterator[Alternative]:
    """Only the policies that stay, where the application stood before; then the rest."""
    if change.live is None or change.steps[0].id.verb not in ("update", "widen"):
        return
    live = change.live.values
    had = live.get("policies") or ()
    kept = [item for item in change.written.get("policies") or () if resolve(item) in had]
    place = {"destinations": live.get("destinations") or [], "policies": kept}
    restrict = kind.step(change, "restrict", values={**change.written, **place})
    yield Alternative((restrict, *change.steps), interrupts=True)
