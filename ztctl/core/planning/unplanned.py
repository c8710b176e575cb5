"""Differences that no change of a plan puts back, and the objects that they are about.

Four sorts: an application of others that came after the last apply, which shows in an audience
alone; an application of others that opens a host of the stack; what a live object of the stack
holds though the files leave it unsaid, such as the override of a path; and what is not on a server
as the files say. Each is the change that
would undo it, so that what it means is worked out as for a planned one. No plan makes that change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import plain_values, references
from ztctl.core.model.drift import Deviation
from ztctl.core.model.facts import Application, Fact, Slot
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Stating
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Edit, Phase, Plan, Reason, Step, StepId
from ztctl.core.model.values import Lookup
from ztctl.core.planning.planner import Draft
from ztctl.core.reach.open_now import exposed_now, own_hosts
from ztctl.core.reach.timeline import current_timeline


@dataclass(frozen=True, slots=True)
class Unplanned:
    """One difference.

    Attributes:
        undone: the change that would undo it; its steps are in no plan.
        opens: it is told only where a host is open by it.
        with_it: objects of which a change is planned only because of it.
        objects: ids by which a log tells of it.
        detail: what stands where.
    """

    undone: Change
    deviation: Deviation
    opens: bool = False
    with_it: tuple[Address, ...] = ()
    objects: frozenset[str] = frozenset()
    detail: str = ""


@dataclass(frozen=True)
class Beyond:
    """What a draft and its plan leave out."""

    draft: Draft
    plan: Plan

    @cached_property
    def base(self) -> Draft:
        """The draft as it would be without the newcomers."""
        return self.draft.without(self._newcomers) if self._newcomers else self.draft

    @property
    def _kind(self) -> str:
        return self.draft.run.kinds.of_host(HostPart.APPLICATION).name

    def found(self) -> Iterator[Unplanned]:
        """Everything, in a stable order."""
        yield from self._arrived()
        yield from self._unsaid()
        yield from self._elsewhere()
        yield from self._opening()

    # -- applications of others ---------------------------------------------------------------

    @cached_property
    def _newcomers(self) -> Mapping[str, Live]:
        """Applications that an audience lacks, by the tag that it lacks.

        An apply adds the tag of whatever decides for a name: where it lacks one, the application
        was made, or moved there, after the last apply. What the files name is no newcomer.
        """
        ledger, kinds = self.draft.ledger, self.draft.run.kinds
        known = {
            live.id
            for kind in kinds
            for wanted in ledger.wanted_of(kind)
            for it in references(wanted.values)
            if isinstance(it, Lookup)
            for live in ledger.found(it)
        }
        others = {
            alias: live
            for live in sorted(ledger.live_of(self._kind), key=lambda it: (it.name, it.id))
            if not ledger.is_own(live) and live.id not in known
            if (Application, live.id) in self.draft.run.now
            for alias in live.aliases
        }
        lacking = {text for it in self.draft.changes for text in _added(it)} & others.keys()
        if not lacking:
            return {}
        without = self.draft.without({key: others[key] for key in lacking})
        # What the files spell out as a text is lacking without it, too.
        lacking -= {text for it in without.changes for text in _added(it)}
        return {key: live for key, live in others.items() if key in lacking}

    def _arrived(self) -> Iterator[Unplanned]:
        changed = {it.address for it in self.base.changes}
        waiting = {it.address: _added(it) for it in self.draft.changes if it.address not in changed}
        for tag, live in self._newcomers.items():
            # Of several that one rule lacks, it is told with the first.
            due = sorted(address for address, texts in waiting.items() if tag in texts)
            for address in due:
                del waiting[address]
            fact = self.draft.run.now[Application, live.id]
            yield self._foreign(live.id, fact, live, with_it=tuple(due))

    def _opening(self) -> Iterator[Unplanned]:
        """Applications of others at hosts that are open, those that only a zone lists included."""
        shown = {it.host for it in self.plan.exposed}
        if not shown:
            return
        run, ledger = self.draft.run, self.draft.ledger
        timeline = current_timeline(run.now)
        hosts = [it for it in own_hosts(timeline, ledger.own) if timeline.pattern(it) in shown]
        told = {(Application, live.id) for live in self._newcomers.values()}
        own = {(Application, live.id) for live in ledger.own if live.kind == self._kind}
        slots: dict[Slot, None] = {}
        for host, _ in exposed_now(timeline, hosts, run.public):
            slots |= dict.fromkeys(timeline.scope(host).core)
        by_id = {live.id: live for live in ledger.live_of(self._kind)}
        for slot in slots:
            if slot[0] is Application and slot not in own | told:
                yield self._foreign(slot[1], run.now[slot], by_id.get(slot[1]), opens=True)

    def _foreign(
        self,
        key: str,
        fact: Fact,
        live: Live | None,
        *,
        opens: bool = False,
        with_it: tuple[Address, ...] = (),
    ) -> Unplanned:
        assert isinstance(fact, Application)
        address = Address(self._kind, self._name(key, fact))
        slot = (Application, key)
        undone = _undoing(address, live, Action.DELETE, ((slot, None),))
        places = " and ".join(fact.places)
        zone = fact.perhaps.rpartition(" of the ")[2] if fact.perhaps else ""
        return Unplanned(
            undone,
            Deviation.FOREIGN,
            opens,
            with_it,
            frozenset(filter(None, (key, fact.aud))),
            f"{places} (only the {zone} lists it)" if zone else places,
        )

    def _name(self, key: str, fact: Application) -> str:
        name = fact.name or key
        return f"{name} ({key})" if self._names[name] > 1 else name

    @cached_property
    def _names(self) -> Counter[str]:
        """How many applications are called so, those of the files included."""
        ledger = self.draft.ledger
        facts = (it for it in self.draft.run.now.values() if isinstance(it, Application))
        found = Counter(it.name for it in facts)
        mine = {it.address.key for it in ledger.wanted_of(self._kind)}
        named = {live.name for live in ledger.own if live.kind == self._kind}
        return found + Counter(mine - named)

    # -- what the files leave unsaid ------------------------------------------------------------

    def _unsaid(self) -> Iterator[Unplanned]:
        ledger = self.draft.ledger
        gone = {it.address for it in self.draft.changes if it.action is Action.REPLACE}
        for kind in self.draft.run.kinds.values():
            for wanted in ledger.wanted_of(kind.name):
                live = ledger.matched(wanted.address)
                if live is None or wanted.address in gone:
                    continue
                if found := self._left(wanted, live):
                    yield found

    def _left(self, wanted: Wanted, live: Live) -> Unplanned | None:
        kind = self.draft.run.kinds[live.kind]
        silent = [
            name
            for name, spec in kind.specs.items()
            if spec.decides_reach and name not in wanted.values and live.values.get(name)
        ]
        edits = tuple(Edit(name, live.values[name], None) for name in silent)
        stated: Values = {name: it for name, it in live.values.items() if name not in silent}
        if isinstance(kind, Stating):
            stated, inside = kind.stated(wanted, stated)
            edits = (*edits, *inside)
        fact = kind.fact(stated, live) if edits else None
        if fact is None or fact == kind.fact(live.values, live):
            return None
        makes = (((type(fact), live.id), fact),)
        undone = _undoing(wanted.address, live, Action.UPDATE, makes, wanted=wanted, edits=edits)
        ids = frozenset({live.id, *live.aliases})
        return Unplanned(undone, Deviation.UNSTATED, objects=ids)

    # -- what is on a server --------------------------------------------------------------------

    @property
    def now(self) -> Mapping[Slot, Fact]:
        """What is now, also where a plan has to reckon with what somebody may put on a server."""
        return {**self.draft.run.now, **{it.slot: it.now for it in self.draft.placed}}

    def _elsewhere(self) -> Iterator[Unplanned]:
        for it in self.draft.placed:
            if it.edits:
                makes = ((it.slot, it.then),)
                undone = _undoing(
                    it.wanted.address,
                    it.live,
                    Action.UPDATE,
                    makes,
                    wanted=it.wanted,
                    edits=it.edits,
                )
                yield Unplanned(undone, Deviation.SERVER, detail=it.wanted.address.key)


def _undoing(
    address: Address,
    live: Live | None,
    action: Action,
    makes: tuple[tuple[Slot, Fact | None], ...],
    **more: Any,
) -> Change:
    step = Step(StepId(address, "undo"), Phase.POLICY, makes=makes)
    return Change(address, action, Reason.DIFFERS, step.phase, live=live, steps=(step,), **more)


def _added(change: Change) -> Collection[str]:
    """The texts that a change brings into a live object."""
    if change.live is None:
        return frozenset()
    return _texts(change.after) - _texts(change.live.values)


def _texts(values: Values) -> frozenset[str]:
    return frozenset(leaf for leaf in plain_values(values) if isinstance(leaf, str))
