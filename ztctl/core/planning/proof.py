"""Whether a plan changes nothing but marks: the proof of an export. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.kind import Kind
from ztctl.core.model.objects import Live, Mark
from ztctl.core.model.plan import Action, Change, Refusal
from ztctl.core.planning.planner import Draft

_TAKEN_OVER = (Action.ADOPT, Action.UPDATE)


@dataclass(frozen=True, slots=True)
class Unproven:
    """What a plan would do beyond putting marks on.

    Attributes:
        fields: the fields that would change; empty where it is about the whole object.
        reason: what would happen.
    """

    address: Address | None
    fields: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        about = f"{self.address}: " if self.address is not None else ""
        return f"{about}{self.reason}"


def unproven(draft: Draft, refusals: Sequence[Refusal]) -> Iterator[Unproven]:
    """Everything of a plan that is neither an adoption by its mark alone nor the mark's own tag."""
    kinds, stack = draft.run.kinds, draft.declared.stack
    for change in draft.changes:
        kind = kinds[change.address.kind]
        if change.action is Action.CREATE and kind.housekeeping:
            mark = Mark.of_tag(change.address.key)
            if mark is not None and mark.stack == stack:
                continue
        if change.live is None or change.action not in _TAKEN_OVER or change.others:
            yield Unproven(change.address, (), f"the plan would {change.action} it")
        elif fields := beyond_mark(change, kind):
            named = ", ".join(sorted({edit.path for edit in change.edits}))
            text = f"the plan would change {named if named else ', '.join(fields)}"
            yield Unproven(change.address, fields, text)
    for refusal in refusals:
        if not refusal.apply_only:
            yield Unproven(refusal.address, (), f"the plan is refused: {refusal.reason}")


def beyond_mark(change: Change, kind: Kind) -> tuple[str, ...]:
    """The fields that a change of a live object edits beyond its mark, put into words left out."""
    said = put_into_words(change, kind)
    return tuple(name for name in _edited(change, kind) if name not in said)


def put_into_words(change: Change, kind: Kind) -> tuple[str, ...]:
    """The fields that neither the file nor the account states, and the kind does.

    They keep in words what holds without, such as the session of a policy.
    """
    assert change.live is not None
    stated = change.wanted.values if change.wanted is not None else {}
    live = change.live.values
    found = (it for it in _edited(change, kind) if live.get(it) is None)
    return tuple(name for name in found if stated.get(name) is None)


def _edited(change: Change, kind: Kind) -> tuple[str, ...]:
    assert change.live is not None
    live = change.live
    before, after = (_unmarked(kind, it) for it in (live, _after(change, live, kind)))
    return tuple(name for name in kind.specs if before.get(name) != after.get(name))


def _after(change: Change, live: Live, kind: Kind) -> Live:
    """The live object as it would be."""
    raw = {**live.raw, **change.after}
    name = str(change.after.get("name") or live.name)
    key, mark = kind.marking.read(name, raw)
    return replace(live, values=change.after, raw=raw, name=name, key=key, mark=mark)


def _unmarked(kind: Kind, live: Live) -> dict[str, object]:
    return canonical_fields(kind.specs, kind.marking.off(live))
