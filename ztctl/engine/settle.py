"""Delay steps that open a name, admit or remove protection until earlier writes are at the edge.

A successful API reply does not mean that the edge serves the change: a DNS batch is propagated
afterwards (Cloudflare API documentation), and a connector fetches its ingress rules after they were
written (cloudflared). So such a step waits a fixed time after the steps that it depends on, and
until the running connectors report the new version of their rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ztctl.core.model.address import Address
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Waiting
from ztctl.core.model.kind import Kinds, Lagging
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Phase, Plan, StepId
from ztctl.engine.companion import Companion, Means, Result, Work
from ztctl.engine.drive import drive

# Seconds; Cloudflare publishes no propagation time.
SETTLE = 5.0
# Polls of connectors until they must have fetched their rules, and seconds between two of them.
CONNECTOR_POLLS = 30
POLL_INTERVAL = 1.0


@dataclass(eq=False)
class Settle(Companion):
    """Delay steps that open or uncover names until the steps that they depend on have settled.

    Attributes:
        seconds: time since the end of the last of those steps; 0 does not wait.
    """

    seconds: float = SETTLE

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Keep the dependencies of each step."""
        self._kinds, self._means = kinds, means
        self._needs = {step.id: step.needs for step in plan.steps}
        self._phases = {step.id: step.phase for step in plan.steps}
        self._ended: dict[StepId, float] = {}
        self._objects: dict[Address, Live] = {}
        self._waiters = 0
        self._polling: dict[Address, asyncio.Task[tuple[str, ...]]] = {}

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, CallFailed]:
        """Wait; steps that depend on a connector without the new rules fail."""
        guarded = [item.step.id for item in work if self._must_settle(item)]
        finished = self._done_needs(guarded)
        if not finished:
            return {}
        try:
            await self._wait_for_edge(guarded[0], finished)
            late = await self._lagging(guarded[0], {step.address for step in finished})
        except CallFailed as failure:
            return dict.fromkeys(guarded, failure)
        finally:
            self._means.report(Waiting(guarded[0]))
        return {
            step: late[address]
            for step in guarded
            for address in sorted({need.address for need in self._done_needs([step])} & late.keys())
        }

    async def after(self, work: Work, result: Result) -> None:
        """Record the end time, also of a failed step, and the resulting object."""
        step = work.step.id
        self._ended[step] = self._means.clock()
        # This write made a new version of the rules, which connectors have to fetch again.
        self._polling.pop(step.address, None)
        if isinstance(result, Live):
            self._objects[step.address] = result
        elif result is None:
            self._objects.pop(step.address, None)

    def _must_settle(self, work: Work) -> bool:
        step = work.step
        opens = bool(step.opens) and not _is_unreachable(work)
        return bool(step.uncovers) or opens or self._admits_behind(work)

    def _admits_behind(self, work: Work) -> bool:
        """Whether it lets somebody in, and has to wait for where the names lead by then.

        A policy or an application is written behind a tunnel or a record for no other reason.
        """
        step = work.step
        behind = any(self._phases[need] > step.phase for need in step.needs)
        return behind and step.phase is Phase.POLICY and work.change.action is not Action.DELETE

    def _done_needs(self, steps: Iterable[StepId]) -> frozenset[StepId]:
        """Transitive dependencies of these steps that this run has finished."""
        found: set[StepId] = set()
        waiting = [need for step in steps for need in self._needs[step]]
        while waiting:
            step = waiting.pop()
            if step in self._ended and step not in found:
                found.add(step)
                waiting += self._needs[step]
        return frozenset(found)

    async def _wait_for_edge(self, step: StepId, finished: Iterable[StepId]) -> None:
        due = max(self._ended[need] for need in finished) + self.seconds
        left = due - self._means.clock()
        if left <= 0:
            return
        # Many steps may wait concurrently: only the first is reported.
        if not self._waiters:
            text = f"waiting {left:.0f} s for the edge to know what is before"
            self._means.report(Waiting(step, text))
        self._waiters += 1
        try:
            await self._means.sleep(left)
        finally:
            self._waiters -= 1

    # -- connectors -------------------------------------------------------------------------

    async def _lagging(self, step: StepId, addresses: set[Address]) -> dict[Address, CallFailed]:
        """A failure for each object whose connectors did not fetch the rules in time."""
        concerned = sorted(addresses & self._objects.keys())
        found = await asyncio.gather(*(self._await_rules(step, address) for address in concerned))
        return {
            address: self._lagging_failure(address, late)
            for address, late in zip(concerned, found, strict=True)
            if late
        }

    async def _await_rules(self, step: StepId, address: Address) -> tuple[str, ...]:
        """Connectors that still lag after the timeout; concurrent callers share one poll."""
        if address not in self._polling:
            poll = self._poll_connectors(step, address, self._objects[address])
            self._polling[address] = asyncio.ensure_future(poll)
        return await self._polling[address]

    async def _poll_connectors(self, step: StepId, address: Address, live: Live) -> tuple[str, ...]:
        kind = self._kinds[address.kind]
        late: tuple[str, ...] = ()
        if not isinstance(kind, Lagging):
            return late
        for poll in range(CONNECTOR_POLLS):
            late = await drive(kind.lagging(live), self._means.api)
            if not late:
                break
            if poll == 0:
                text = f"waiting for {_connectors(late)} of {address} to fetch its new rules"
                self._means.report(Waiting(step, text))
            await self._means.sleep(POLL_INTERVAL)
        return late

    def _lagging_failure(self, address: Address, late: Sequence[str]) -> CallFailed:
        return CallFailed(
            None,
            f"not sent: {_connectors(late)} of {address} did not fetch the new rules within "
            f"{CONNECTOR_POLLS * POLL_INTERVAL:.0f} s ({', '.join(late)})",
            hint="look at the connector's log and its network, then apply again",
        )


def _is_unreachable(work: Work) -> bool:
    """Whether no DNS record leads there yet: this run creates the object, in a phase before DNS."""
    return work.change.action is Action.CREATE and work.step.phase < Phase.DNS


def _connectors(late: Sequence[str]) -> str:
    return "a connector" if len(late) == 1 else f"{len(late)} connectors"
