"""Refusals: changes of a plan that need an approval, and the flag that gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from shlex import quote

from ztctl.core.model.allowances import allowed
from ztctl.core.model.canonical import texts
from ztctl.core.model.credentials import credentials_in
from ztctl.core.model.kind import Kinds, Proposal
from ztctl.core.model.marks import UNMARKED
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change, Refusal

# A share is checked only from ten objects on: of fewer, ordinary work soon deletes a third.
MANY = 10
SHARE = 0.3


def refusals(proposal: Proposal, kinds: Kinds, *, stack: str, declared: int) -> tuple[Refusal, ...]:
    """Changes that apply refuses without a flag; when empty, apply may run unattended.

    ``declared``: number of declared objects that are live.
    """
    return (
        *_adoptions(proposal, kinds),
        *_deletions(proposal, kinds, stack=stack, declared=declared),
        *_protected(proposal),
        *_deletions_in_use(proposal, kinds),
        *_withheld(proposal, kinds),
        *(
            refusal
            for change in proposal.changes
            for refusal in kinds[change.address.kind].refusals(change, proposal)
        ),
    )


def _adoptions(proposal: Proposal, kinds: Kinds) -> Iterator[Refusal]:
    for change in proposal.changes:
        if change.action is Action.ADOPT:
            reason = "it is live already and carries no mark of this stack"
            if kinds[change.address.kind].marking is UNMARKED:
                reason = "another one is live, and no mark can say whose it is"
            yield from proposal.unless_adopted(change, reason)


def _deletions(proposal: Proposal, kinds: Kinds, *, stack: str, declared: int) -> Iterator[Refusal]:
    counted = {kind.name for kind in kinds.values() if not kind.housekeeping}
    deletions = (it for it in proposal.changes if it.action is Action.DELETE)
    deleted = [change for change in deletions if change.address.kind in counted]
    owned = sum(it.belongs_to(stack) for name in counted for it in proposal.live.get(name, ()))
    if proposal.allowances.deletions or not deleted:
        return
    if not declared:
        yield Refusal(
            None,
            f"all {len(deleted)} live objects of the stack {stack!r} would be deleted and not one "
            "declared object is live: is a file missing, or the stack name copied?",
            "--allow-deletions",
        )
    elif owned >= MANY and len(deleted) > SHARE * owned:
        yield Refusal(
            None,
            f"{len(deleted)} of the stack's {owned} objects would be deleted, "
            f"more than {SHARE:.0%}",
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
                f"--allow-protected {quote(str(change.address))}",
            )


def _deletions_in_use(proposal: Proposal, kinds: Kinds) -> Iterator[Refusal]:
    deleted = {
        (change.address.kind, change.live.id): change.address
        for change in proposal.changes
        if change.action is Action.DELETE and change.live is not None
    }
    if not deleted:
        return
    written = _written_texts(proposal.changes)
    unmarked = _without_marks(proposal.changes, kinds)
    for kind in kinds.values():
        for item in proposal.live.get(kind.name, ()):
            texts_kept = written.get((kind.name, item.id))
            for target in kind.uses(unmarked.get((kind.name, item.id), item)):
                if target in deleted and (texts_kept is None or target[1] in texts_kept):
                    yield Refusal(
                        deleted[target],
                        f"it is still used by the {kind.title} {item.name!r} "
                        f"({item.id}), which this plan does not change",
                    )


def _withheld(proposal: Proposal, kinds: Kinds) -> Iterator[Refusal]:
    """Refuse to write what holds credentials: the service does not give them back.

    A write that replaces the object could neither carry them over nor leave them out.
    """
    for change in proposal.changes:
        if change.live is None or change.action is Action.DELETE:
            continue
        found = sorted(set(credentials_in(kinds[change.address.kind].carried_over(change.live))))
        if found:
            yield Refusal(
                change.address,
                f"it has {', '.join(found)}, which the service keeps to itself: a write would lose "
                "it. Make this change in the dashboard, after which there is nothing to write, or "
                f"take {'it' if len(found) == 1 else 'them'} off there first",
            )


def _written_texts(changes: Sequence[Change]) -> dict[tuple[str, str], frozenset[str]]:
    """Live objects that the plan writes or deletes, with every text in the values it writes."""
    return {
        (change.address.kind, item.id): frozenset(texts(change.written))
        for change in changes
        if change.action is not Action.FORGET
        for item in (change.live, *change.others)
        if item is not None
    }


def _without_marks(changes: Sequence[Change], kinds: Kinds) -> dict[tuple[str, str], Live]:
    """The objects that the plan forgets as they will be: they keep all references but the mark."""
    return {
        (live.kind, live.id): replace(live, values=kinds[live.kind].marking.off(live))
        for change in changes
        if change.action is Action.FORGET and (live := change.live) is not None
    }
