"""Which live objects a plan deletes or forgets: those that the files do not declare any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared, Removed
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.marks import UNMARKED
from ztctl.core.model.objects import EMPTY, Live, Wanted
from ztctl.core.model.plan import Action, Change, Edit, Reason, Refusal
from ztctl.core.planning.compare import at_default


class Removals:
    """Derives the change of each live object that goes; all wanted ones have to be decided first.

    Attributes:
        refused: refusals to remove what belongs to another stack.
    """

    def __init__(self, ledger: Ledger, declared: Declared, kinds: Kinds) -> None:
        self._kinds = kinds
        self._ledger = ledger
        self._declared = declared
        # By kind and `Live.key`, or id: the key of the entry may be spelt in another way.
        self._removed = {
            (it.address.kind, it.id or self._slot_of(it)): it for it in declared.removed
        }
        self._taken = {it.address for kind in kinds for it in ledger.wanted_of(kind)}
        self.refused: list[Refusal] = []

    def _slot_of(self, entry: Removed) -> str:
        return self._kinds[entry.address.kind].slot(Wanted(entry.address, EMPTY, entry.name))

    def changes(self, kept: Sequence[Change]) -> list[Change]:
        """Deletions: marked and undeclared, named by ``removed``, or with a deleted owner."""
        found = {
            (kind, live.id): self._undeclared(live)
            for kind in self._kinds
            for live in self._ledger.live_of(kind)
            if live.belongs_to(self._ledger.stack)
            and self._ledger.owner_of(live) is None
            and not (live.mark and live.mark.moving)
        }
        self._report_forgetting_nothing(list(found.values()))
        for entry in self._declared.removed:
            self._report_staying(entry)
            for live in self._named_by(entry):
                if self._ledger.owner_of(live) is None and not entry.forget:
                    change = self._deletion(live, entry.address)
                    found.setdefault((live.kind, live.id), change)
        for key in [key for key, change in found.items() if self._is_kept(change, found)]:
            del found[key]
        return [*found.values(), *self._with_owner([*kept, *found.values()])]

    def _is_kept(self, change: Change, going: Collection[tuple[str, str]]) -> bool:
        """Whether an undeclared object that anybody may use stays, because others still do.

        Their reference is not ours to take off, and the service would refuse the deletion.
        """
        live = change.live
        if live is None or not self._kinds[live.kind].shared:
            return False
        users = (
            user
            for user in self._ledger.users_of(live)
            if not self._ledger.is_own(user) and (user.kind, user.id) not in going
        )
        user = next(users, None)
        if user is not None:
            text = (
                f"{change.address} stays: it is used by the {self._kinds[user.kind].title} "
                f"{user.name!r} ({user.id}), which is not of this stack"
            )
            hint = "once it is taken off there, the next apply or destroy deletes it"
            self._ledger.add_problem(warning(Code.KEPT_IN_USE, text, hint=hint))
        return user is not None

    def _report_forgetting_nothing(self, going: Sequence[Change]) -> None:
        """Report ``forget`` of an object that is not live while another of its kind is deleted.

        An address with a mistake in it would otherwise delete what it was written to keep.
        """
        for (kind, key), entry in self._removed.items():
            of_kind = [change for change in going if change.address.kind == kind and change.live]
            keys = {key for it in of_kind if it.live for key in (it.live.key, it.live.id)}
            lost = sorted(str(it.address) for it in of_kind if it.action is Action.DELETE)
            if entry.forget and lost and key not in keys:
                text = (
                    f"{entry.address} is to be forgotten and not live, and {', '.join(lost)} would "
                    "be deleted as not declared"
                )
                hint = "forget it under that address; or drop this entry, if it has done its work"
                self._ledger.add_problem(Problem(text, entry.where, hint))

    def _undeclared(self, live: Live) -> Change:
        entries = (self._removed.get((live.kind, key)) for key in (live.id, live.key))
        entry = next(filter(None, entries), None)
        if entry is None:
            return self._deletion(live, self._free_address(live), reason=Reason.NOT_DECLARED)
        action = Action.FORGET if entry.forget else Action.DELETE
        return self._deletion(live, entry.address, action)

    def _free_address(self, live: Live) -> Address:
        """The address of an undeclared object, which no other object of the plan has.

        A declared one has its key if that claims another object by ``id``.
        """
        keys = (live.key, live.name, live.id)
        addresses = [Address(live.kind, key) for key in keys]
        free = next((it for it in addresses if it not in self._taken), addresses[-1])
        self._taken.add(free)
        return free

    def _report_staying(self, entry: Removed) -> None:
        """Warn where an entry names by its key alone what is live without a mark."""
        if entry.id is not None or entry.name is not None:
            return
        if self._kinds[entry.address.kind].marking is UNMARKED:
            return
        for live in self._ledger.live_of(entry.address.kind):
            unmarked = live.mark is None and self._ledger.owner_of(live) is None
            if live.is_matchable and unmarked and live.key == entry.address.key:
                text = f"{entry.address} stays: it is live without a mark of this stack ({live.id})"
                hint = f"to delete it all the same, claim it: write `id: {live.id}` in this entry"
                self._ledger.add_problem(warning(Code.REMOVED_STAYS, text, entry.where, hint))

    def _named_by(self, entry: Removed) -> list[Live]:
        kind = self._kinds[entry.address.kind]
        found = [
            live
            for live in self._ledger.live_of(kind.name)
            if live.is_matchable and _is_named(live, entry, by_key=kind.marking is UNMARKED)
        ]
        if len(found) > 1:
            ids = ", ".join(live.id for live in found)
            text = f"{len(found)} live objects answer to {entry.address}: {ids}"
            self._ledger.add_problem(Problem(text, entry.where, "ztctl never guesses"))
        foreign = {
            live.id: f"{live.name!r} belongs to the stack {live.mark.stack!r}"
            for live in found
            if live.mark is not None and not live.belongs_to(self._ledger.stack)
        }
        self.refused += [Refusal(entry.address, reason) for reason in foreign.values()]
        return [live for live in found if live.id not in foreign]

    def _with_owner(self, changes: Sequence[Change]) -> Iterator[Change]:
        going = {(c.address.kind, c.live.id): c for c in changes if c.live and _deletes(c)}
        for kind in self._kinds.values():
            for live in self._ledger.live_of(kind.name) if kind.owner else ():
                owner = going.get((kind.owner, live.owner))
                if owner is not None and (kind.name, live.id) not in going:
                    address = Address(kind.name, owner.address.key)
                    change = self._deletion(live, address, reason=Reason.OWNER_GOES)
                    yield replace(change, detail=str(owner.address))

    def _deletion(
        self,
        live: Live,
        address: Address,
        action: Action = Action.DELETE,
        reason: Reason = Reason.REMOVED,
    ) -> Change:
        kind = self._kinds[live.kind]
        stated = {name: value for name, value in live.values.items() if value is not None}
        return Change(
            address,
            action,
            reason,
            kind.phase,
            live=live,
            container=live.container,
            edits=tuple(Edit(name, value, None) for name, value in stated.items())
            if action is Action.DELETE
            else (),
            before=live.values,
            silent=at_default(kind.specs, live.values),
            housekeeping=kind.housekeeping,
        )


def _is_named(live: Live, entry: Removed, *, by_key: bool) -> bool:
    """Whether an entry names the object by id or name; by its key where it cannot carry a mark."""
    if entry.id is not None:
        return live.id == entry.id
    if entry.name is not None:
        return live.name == entry.name
    return by_key and live.key == entry.address.key


def _deletes(change: Change) -> bool:
    return change.action in (Action.DELETE, Action.REPLACE)
