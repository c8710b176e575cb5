"""What about a plan needs an explicit yes, and which flag gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ztctl.core.model.allowances import allowed
from ztctl.core.model.canonical import texts
from ztctl.core.model.kind import Kinds, Proposal
from ztctl.core.model.plan import Action, Change, Refusal

# Below ten objects a third is soon reached by ordinary work.
MANY = 10
SHARE = 0.3


def refusals(proposal: Proposal, kinds: Kinds, *, stack: str, declared: int) -> tuple[Refusal, ...]:
    """Everything in these changes that apply will not do unasked.

    Pure and total: the same input always gets the same refusals; none means that apply may run
    unattended. ``declared`` counts the declared objects that are live.
    """
    return (
        *_adoptions(proposal),
        *_deletions(proposal, kinds, stack=stack, declared=declared),
        *_protected(proposal),
        *_still_used(proposal, kinds),
        *(
            refusal
            for change in proposal.changes
            for refusal in kinds[change.address.kind].refusals(change, proposal)
        ),
    )


def _adoptions(proposal: Proposal) -> Iterator[Refusal]:
    if proposal.allowances.adopt:
        return
    for change in proposal.changes:
        if change.action is Action.ADOPT:
            reason = "it is live already and carries no mark of this stack"
            yield Refusal(change.address, reason, "--adopt", apply_only=True)


def _deletions(proposal: Proposal, kinds: Kinds, *, stack: str, declared: int) -> Iterator[Refusal]:
    counted = {kind.name for kind in kinds.values() if not kind.housekeeping}
    deleted = (it for it in proposal.changes if it.action is Action.DELETE)
    going = [change for change in deleted if change.address.kind in counted]
    owned = sum(it.belongs_to(stack) for name in counted for it in proposal.live.get(name, ()))
    if proposal.allowances.deletions or not going:
        return
    if not declared:
        yield Refusal(
            None,
            f"all {len(going)} live objects of the stack {stack!r} would be deleted and not one "
            "declared object is live: is a file missing, or the stack name copied?",
            "--allow-deletions",
        )
    elif owned >= MANY and len(going) > SHARE * owned:
        yield Refusal(
            None,
            f"{len(going)} of the stack's {owned} objects would be deleted, more than {SHARE:.0%}",
            "--allow-deletions",
        )


def _protected(proposal: Proposal) -> Iterator[Refusal]:
    for change in proposal.changes:
        mark = change.live.mark if change.live is not None else None
        # A mark tag is the protecting mark itself: it protects those who carry it.
        protected = mark is not None and mark.protect and not change.housekeeping
        goes = change.action in (Action.DELETE, Action.REPLACE, Action.FORGET)
        if protected and goes and not allowed(change.address, proposal.allowances.protected):
            yield Refusal(
                change.address,
                "it is protected: take `protect` off and apply that first",
                f"--allow-protected {change.address}",
            )


def _still_used(proposal: Proposal, kinds: Kinds) -> Iterator[Refusal]:
    going = {
        (change.address.kind, change.live.id): change.address
        for change in proposal.changes
        if change.action is Action.DELETE and change.live is not None
    }
    if not going:
        return
    settled = _settled(proposal.changes)
    for kind in kinds.values():
        for item in proposal.live.get(kind.name, ()):
            kept = settled.get((kind.name, item.id))
            for target in kind.uses(item):
                if target in going and (kept is None or target[1] in kept):
                    yield Refusal(
                        going[target],
                        f"it is still used by the {kind.title} {item.name!r} "
                        f"({item.id}), which this plan does not change",
                    )


def _settled(changes: Sequence[Change]) -> dict[tuple[str, str], frozenset[str]]:
    """The live objects that this plan changes or deletes, with every text that they keep.

    What is forgotten loses its mark and nothing else.
    """
    return {
        (change.address.kind, item.id): frozenset(texts(change.written))
        for change in changes
        if change.action is not Action.FORGET
        for item in (change.live, *change.others)
        if item is not None
    }
