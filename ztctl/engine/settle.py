"""An answer of the API is not yet the edge: a pause before ways in open and protection goes.

Cloudflare says that a DNS batch does not reach the edge at once (API documentation), and a
connector fetches its rules by itself after they were put (cloudflared). So what opens a name, or
takes away what protected it, waits until what it depends on has had its time, and until the
connectors that run say that they have the new rules.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from ztctl.core.model.address import Address
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Report, Waiting
from ztctl.core.model.kind import Kinds, Lagging
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Phase, Plan, StepId
from ztctl.engine.companion import Companion, Result, Work
from ztctl.engine.drive import Api, Sleep, drive

Clock = Callable[[], float]

# Seconds; nobody has published how long the edge takes.
SETTLE = 5.0
# Seconds for connectors to fetch their rules, and between two looks at them.
PATIENCE = 30.0
PAUSE = 1.0


class Settle(Companion):
    """Holds back what opens names, and what uncovers them, until all before it has settled.

    Args:
        seconds: since the end of the last step that such a step needs; 0 waits for no time.
        patience: seconds that connectors have; whoever depends on them fails after that.
        report: told when a step waits, and when it goes on.
    """

    def __init__(
        self,
        kinds: Kinds,
        api: Api,
        report: Report,
        *,
        seconds: float = SETTLE,
        patience: float = PATIENCE,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._kinds = kinds
        self._api = api
        self._report = report
        self._seconds = seconds
        self._looks = max(1, math.ceil(patience / PAUSE))
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._needs: dict[StepId, frozenset[StepId]] = {}
        self._ended: dict[StepId, float] = {}
        self._left: dict[Address, Live] = {}
        self._resting = 0
        self._caught_up: dict[Address, asyncio.Task[tuple[str, ...]]] = {}

    async def begin(self, plan: Plan) -> None:
        """Note what waits for what."""
        self._needs = {step.id: step.needs for step in plan.steps}

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, CallFailed]:
        """Wait; what depends on a connector that does not come along fails."""
        guarded = [item.step.id for item in work if _matters(item)]
        behind = self._behind(guarded)
        if not behind:
            return {}
        try:
            await self._rest(guarded[0], behind)
            late = await self._late(guarded[0], {step.address for step in behind})
        except CallFailed as failure:
            return dict.fromkeys(guarded, failure)
        finally:
            self._report(Waiting(guarded[0]))
        return {
            step: late[address]
            for step in guarded
            for address in sorted({need.address for need in self._behind([step])} & late.keys())
        }

    async def after(self, work: Work, result: Result) -> None:
        """Note when the step ended, however it did, and what it left."""
        step = work.step.id
        self._ended[step] = self._clock()
        self._caught_up.pop(step.address, None)
        if isinstance(result, Live):
            self._left[step.address] = result
        elif result is None:
            self._left.pop(step.address, None)

    def _behind(self, steps: Iterable[StepId]) -> frozenset[StepId]:
        """All that these steps depend on, as far as this run has done it."""
        found: set[StepId] = set()
        waiting = [need for step in steps for need in self._needs[step]]
        while waiting:
            step = waiting.pop()
            if step in self._ended and step not in found:
                found.add(step)
                waiting += self._needs[step]
        return frozenset(found)

    async def _rest(self, step: StepId, behind: Iterable[StepId]) -> None:
        due = max(self._ended[need] for need in behind) + self._seconds
        left = due - self._clock()
        if left <= 0:
            return
        # Many steps may wait side by side: one of them says so.
        if not self._resting:
            self._report(Waiting(step, f"waiting {left:.0f} s for the edge to know what is before"))
        self._resting += 1
        try:
            await self._sleep(left)
        finally:
            self._resting -= 1

    # -- connectors -------------------------------------------------------------------------

    async def _late(self, step: StepId, addresses: set[Address]) -> dict[Address, CallFailed]:
        """The objects whose connectors did not come along in time."""
        concerned = sorted(addresses & self._left.keys())
        found = await asyncio.gather(*(self._awaited(step, address) for address in concerned))
        return {
            address: self._too_late(address, late)
            for address, late in zip(concerned, found, strict=True)
            if late
        }

    async def _awaited(self, step: StepId, address: Address) -> tuple[str, ...]:
        """The connectors that are late in the end; all who ask share the answer."""
        if address not in self._caught_up:
            look = self._looking(step, address, self._left[address])
            self._caught_up[address] = asyncio.ensure_future(look)
        return await self._caught_up[address]

    async def _looking(self, step: StepId, address: Address, live: Live) -> tuple[str, ...]:
        kind = self._kinds[address.kind]
        late: tuple[str, ...] = ()
        if not isinstance(kind, Lagging):
            return late
        for look in range(self._looks):
            late = await drive(kind.lagging(live), self._api, sleep=self._sleep)
            if not late:
                break
            if look == 0:
                text = f"waiting for {_connectors(late)} of {address} to fetch its new rules"
                self._report(Waiting(step, text))
            await self._sleep(PAUSE)
        return late

    def _too_late(self, address: Address, late: Sequence[str]) -> CallFailed:
        return CallFailed(
            None,
            f"not sent: {_connectors(late)} of {address} did not fetch the new rules within "
            f"{self._patience:.0f} s ({', '.join(late)})",
            hint="look at the connector's log and its network, then apply again",
        )


def _matters(work: Work) -> bool:
    return bool(work.step.uncovers) or (bool(work.step.opens) and not _is_hidden(work))


def _is_hidden(work: Work) -> bool:
    """True for what nothing leads to yet: rules of a tunnel that this run has made."""
    return work.change.action is Action.CREATE and work.step.phase < Phase.DNS


def _connectors(late: Sequence[str]) -> str:
    return "a connector" if len(late) == 1 else f"{len(late)} connectors"
