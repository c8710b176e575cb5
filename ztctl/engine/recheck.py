"""A last look at each kind before its first write: what moved since the plan is not overwritten.

Between the reading of a plan and its writes lie a person's answer and many calls. So each kind is
read once more just before the first write of it, by lists (and the configurations of the tunnels
about to be written). The look is taken once a kind: what it cannot see is an edit that others make
in the moments between it and a later write of the same kind, for which the API has no condition.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ztctl.core.model.address import Address
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Change, Plan, StepId
from ztctl.core.planning.compare import differing, recanonised
from ztctl.core.planning.matching import Matcher, MatchGround
from ztctl.engine.companion import Companion, Done, Verdict, Work
from ztctl.engine.drive import Api, Sleep
from ztctl.engine.read import Reader

AGAIN = "run ztctl plan again and look at it"


@dataclass(frozen=True, slots=True)
class _Seen:
    """Every live object of a kind: as the plan knew those that concern it, and all as they are."""

    planned: Mapping[str, Live]
    now: Mapping[str, Live]


class Recheck(Companion):
    """Reads each kind once more before its first write; stops the changes of what has moved."""

    def __init__(self, kinds: Kinds, api: Api, *, sleep: Sleep = asyncio.sleep) -> None:
        self._kinds = kinds
        self._api = api
        self._sleep = sleep
        self._stack = ""
        self._changes: dict[str, list[Change]] = defaultdict(list)
        self._planned: dict[str, dict[str, Live]] = defaultdict(dict)
        self._looks: dict[str, asyncio.Task[_Seen]] = {}
        self._touched: set[Address] = set()

    async def begin(self, plan: Plan) -> None:
        """Note what the plan has seen."""
        self._stack = plan.stack
        for live in plan.live.values():
            self._planned[live.kind][live.id] = live
        for change in plan.changes:
            self._changes[change.address.kind].append(change)
            for found in (change.live, *change.others):
                if found is not None:
                    self._planned[found.kind][found.id] = found

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """What moved fails, what is as wanted already is done; a failed look fails them all."""
        fresh = [item for item in work if item.change.address not in self._touched]
        if not fresh:
            # What follows the first step of an object works on what the run itself has written.
            return {}
        try:
            seen = await self._look(_kind_of(fresh[0]))
        except CallFailed as failure:
            return {item.step.id: failure for item in fresh}
        self._touched |= {item.change.address for item in fresh}
        verdicts = {item.step.id: self._verdict(item, seen) for item in fresh}
        return {step: verdict for step, verdict in verdicts.items() if verdict is not None}

    async def _look(self, kind: str) -> _Seen:
        if kind not in self._looks:
            self._looks[kind] = asyncio.ensure_future(self._read(self._kinds[kind]))
        try:
            return await self._looks[kind]
        except CallFailed:
            # Whoever comes next may have more luck.
            self._looks.pop(kind, None)
            raise

    async def _read(self, kind: Kind) -> _Seen:
        reader = Reader(self._kinds, Ask(self._stack), self._api, sleep=self._sleep)
        found = await reader.driven(kind.reread(reader.ask, self._changes[kind.name]))
        return _Seen(self._planned[kind.name], {live.id: live for live in found})

    # -- one object -------------------------------------------------------------------------

    def _verdict(self, work: Work, seen: _Seen) -> Verdict | None:
        kind: Kind = self._kinds[_kind_of(work)]
        if work.change.live is None:
            return self._of_creation(kind, work, seen)
        now = seen.now.get(work.change.live.id)
        if now is None:
            return _of_gone(work)
        if not (moved := _moved(kind, work.change.live, now)):
            return _of_others(kind, work, seen)
        if work.step.id.verb != "delete" and _equals(kind, work, now):
            return Done(now)
        return _stopped(f"it was changed by somebody else since the plan was made: {moved}")

    def _of_creation(self, kind: Kind, work: Work, seen: _Seen) -> Verdict | None:
        """Whatever has come to be what is about to be made; the planner says what that means."""
        if work.change.wanted is None:
            return None
        wanted = replace(work.change.wanted, values=work.values)
        come = tuple(live for live in seen.now.values() if not _is_known(kind, live, seen))
        ledger = Ledger(Declared(self._stack), (wanted,), {kind.name: come}, self._kinds)
        match = Matcher(ledger, self._kinds, {}).match(wanted)
        if match.live is None:
            return None
        ours = match.refusal is None and match.how in (
            MatchGround.OWNED,
            MatchGround.SHARED,
            MatchGround.CLAIMED,
        )
        if ours and not match.others and _equals(kind, work, match.live):
            return Done(match.live)
        return _stopped(
            "somebody else has made it since the plan was made: "
            f"{match.live.name!r} ({match.live.id})"
        )


def _kind_of(work: Work) -> str:
    return work.step.id.address.kind


def _is_known(kind: Kind, live: Live, seen: _Seen) -> bool:
    """True for what the plan knew as it is; such an object gives a key up by itself."""
    planned = seen.planned.get(live.id)
    return planned is not None and not _moved(kind, planned, live)


def _of_gone(work: Work) -> Verdict:
    if work.step.id.verb == "delete":
        return Done(None)
    return _stopped("it was deleted by somebody else since the plan was made")


def _of_others(kind: Kind, work: Work, seen: _Seen) -> Verdict | None:
    """What else the object takes the place of must be as it was, too."""
    for other in work.change.others:
        now = seen.now.get(other.id)
        if now is None or _moved(kind, other, now):
            return _stopped(f"{other.name!r} ({other.id}), whose place it takes, was changed")
    return None


def _moved(kind: Kind, before: Live, now: Live) -> str:
    """The fields in which two readings of one object differ, in words; empty for none."""
    specs = kind.specs
    fields = {*differing(specs, before.values, now.values)}
    fields |= {*differing(specs, now.values, before.values)}
    was, is_ = kind.carried_over(before), kind.carried_over(now)
    fields |= {name for name in was if was[name] != is_.get(name)}
    if before.name != now.name:
        fields.add("name")
    if before.mark != now.mark:
        fields.add("mark")
    return ", ".join(sorted(fields))


def _equals(kind: Kind, work: Work, now: Live) -> bool:
    """True when the object is what the step would make of it."""
    return not differing(kind.specs, recanonised(kind.specs, work.values), now.values)


def _stopped(text: str) -> CallFailed:
    return CallFailed(None, text, hint=AGAIN)
