"""Look at each kind again before its first write, so that what others changed is not overwritten.

Other runs are kept out by the lock; people who use the dashboard are not. A reading of the account
younger than YOUNG seconds is each kind's look. After that a kind is read again before the first
write to it, by list calls (and the configurations of the tunnels that are to be written), beside
the writes before it where that is possible. Each kind is looked at once: an edit by others between
that and a later write of the same kind goes unnoticed, because the API has no conditional writes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ztctl.core.model.address import Address
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Change, Plan, Step, StepId
from ztctl.core.planning.compare import differing, recanonised
from ztctl.core.planning.matching import Matcher, MatchGround
from ztctl.engine.companion import Companion, Done, Means, Verdict, Work
from ztctl.engine.read import Reader

# Seconds for which a reading counts as a look.
YOUNG = 10.0
AGAIN = "run ztctl plan again and look at it"


@dataclass(frozen=True, slots=True)
class _Reading:
    """Live objects of a kind by id: those of the plan as it read them, and all as of now."""

    planned: Mapping[str, Live]
    now: Mapping[str, Live]


@dataclass(eq=False)
class Recheck(Companion):
    """Look at each kind again before its first write; fail the changes of objects that differ.

    Attributes:
        read_at: when the reading began that the plan was built from, by the clock of the run;
            ``None`` if it is too long ago to count.
    """

    read_at: float | None = None

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Keep the live objects that the plan was built from."""
        self._kinds, self._means, self._stack = kinds, means, plan.stack
        self._changes: dict[str, list[Change]] = defaultdict(list)
        self._planned: dict[str, dict[str, Live]] = defaultdict(dict)
        # ``None`` for a kind whose look was the reading of the plan.
        self._looks: dict[str, asyncio.Task[_Reading] | None] = {}
        # Readings made ahead, with the time at which each began.
        self._ahead: dict[str, tuple[float, asyncio.Task[_Reading]]] = {}
        self._tasks: list[asyncio.Task[_Reading]] = []
        self._checked: set[Address] = set()
        for live in plan.live.values():
            self._planned[live.kind][live.id] = live
        for change in plan.changes:
            self._changes[change.address.kind].append(change)
            for found in (change.live, *change.others):
                if found is not None:
                    self._planned[found.kind][found.id] = found

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Fail steps whose objects changed, mark those done that are as wanted already.

        A failed reading fails all of them.
        """
        fresh = [item for item in work if item.change.address not in self._checked]
        if not fresh:
            # From the second step of an object on, the differences are this run's own writes.
            return {}
        try:
            seen = await self._reading_of(_kind_of(fresh[0]))
        except CallFailed as failure:
            return {item.step.id: failure for item in fresh}
        self._checked |= {item.change.address for item in fresh}
        if seen is None:
            return {}
        verdicts = {item.step.id: self._verdict(item, seen) for item in fresh}
        return {step: verdict for step, verdict in verdicts.items() if verdict is not None}

    async def ahead(self, steps: Sequence[Step]) -> None:
        """Begin to read the kinds that come next, unless the plan's reading is young enough."""
        if not self._is_young(self.read_at):
            for kind in {step.id.address.kind for step in steps} - self._looks.keys():
                self._ahead[kind] = self._means.clock(), self._begin(kind)

    async def end(self, outcome: Outcome | None) -> None:
        """End the readings that nobody waited for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _reading_of(self, kind: str) -> _Reading | None:
        # Steps of one kind run concurrently and share the reading.
        if kind not in self._looks:
            self._looks[kind] = self._look(kind)
        look = self._looks[kind]
        try:
            return None if look is None else await look
        except CallFailed:
            # Not cached: the failure may be transient, and the next step of the kind tries again.
            self._looks.pop(kind, None)
            raise

    def _look(self, kind: str) -> asyncio.Task[_Reading] | None:
        if self._is_young(self.read_at):
            return None
        began, reading = self._ahead.pop(kind, (None, None))
        return reading if reading is not None and self._is_young(began) else self._begin(kind)

    def _is_young(self, began: float | None) -> bool:
        return began is not None and self._means.clock() - began <= YOUNG

    def _begin(self, kind: str) -> asyncio.Task[_Reading]:
        task = asyncio.ensure_future(self._read(self._kinds[kind]))
        self._tasks.append(task)
        return task

    async def _read(self, kind: Kind) -> _Reading:
        ask, means = Ask(self._stack), self._means
        reader = Reader(self._kinds, ask, means.api)
        found = await reader.driven(kind.reread(ask, self._changes[kind.name]))
        return _Reading(self._planned[kind.name], {live.id: live for live in found})

    # -- one object -------------------------------------------------------------------------

    def _verdict(self, work: Work, seen: _Reading) -> Verdict | None:
        kind: Kind = self._kinds[_kind_of(work)]
        if work.change.live is None:
            return self._verdict_on_creation(kind, work, seen)
        now = seen.now.get(work.change.live.id)
        if now is None:
            return _verdict_on_deleted(work)
        if not (changed := _differences(kind, work.change.live, now)):
            return _verdict_on_others(kind, work, seen)
        if work.step.id.verb != "delete" and _is_as_wanted(kind, work, now):
            return Done(now)
        return _failure(f"it was changed by somebody else since the plan was made: {changed}")

    def _verdict_on_creation(self, kind: Kind, work: Work, seen: _Reading) -> Verdict | None:
        """Match the wanted object against those that appeared since the plan.

        The planner's own matching decides, so that an object counts as it would in a new plan.
        """
        if work.change.wanted is None:
            return None
        wanted = replace(work.change.wanted, values=work.values)
        come = tuple(live for live in seen.now.values() if not _is_known(kind, live, seen))
        ledger = Ledger(Declared(self._stack), (wanted,), {kind.name: come}, self._kinds)
        match = Matcher(ledger, self._kinds, {}).match(wanted)
        if match.live is None:
            return None
        ours = match.refusal is None and match.how in (MatchGround.OWNED, MatchGround.SHARED)
        if ours and not match.others and _is_as_wanted(kind, work, match.live):
            return Done(match.live)
        return _failure(
            "somebody else has made it since the plan was made: "
            f"{match.live.name!r} ({match.live.id})"
        )


def _kind_of(work: Work) -> str:
    return work.step.id.address.kind


def _is_known(kind: Kind, live: Live, seen: _Reading) -> bool:
    """Whether the plan read the object as it is now; its steps may free the wanted key."""
    planned = seen.planned.get(live.id)
    return planned is not None and not _differences(kind, planned, live)


def _verdict_on_deleted(work: Work) -> Verdict:
    if work.step.id.verb == "delete":
        return Done(None)
    return _failure("it was deleted by somebody else since the plan was made")


def _verdict_on_others(kind: Kind, work: Work, seen: _Reading) -> Verdict | None:
    """Fail if another object that the change replaces is missing or changed."""
    for other in work.change.others:
        now = seen.now.get(other.id)
        if now is None or _differences(kind, other, now):
            return _failure(f"{other.name!r} ({other.id}), whose place it takes, was changed")
    return None


def _differences(kind: Kind, before: Live, now: Live) -> str:
    """Comma-separated names of the fields in which two readings differ; empty for none."""
    specs = kind.specs
    fields = {*differing(specs, before.values, now.values)}
    fields |= {*differing(specs, now.values, before.values)}
    was, is_ = kind.carried_over(before), kind.carried_over(now)
    fields |= {name for name in {*was, *is_} if was.get(name) != is_.get(name)}
    if before.name != now.name:
        fields.add("name")
    if before.mark != now.mark:
        fields.add("mark")
    return ", ".join(sorted(fields))


def _is_as_wanted(kind: Kind, work: Work, now: Live) -> bool:
    """Whether the object has the values that the step would write."""
    return not differing(kind.specs, recanonised(kind.specs, work.values), now.values)


def _failure(text: str) -> CallFailed:
    return CallFailed(None, text, hint=AGAIN)
