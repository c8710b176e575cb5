"""Execute a plan: each step once its dependencies are done, independent ones concurrently."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.canonical import replaced
from ztctl.core.model.events import Failed, Finished, Outcome, Sent, Skipped, Started
from ztctl.core.model.kind import Contained, Kind, Kinds
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Change, Plan, Step, StepId
from ztctl.core.model.values import Ref
from ztctl.engine.companion import Companion, Done, Means, Result, Verdict, Work
from ztctl.engine.drive import drive
from ztctl.engine.lookup import seen_done
from ztctl.engine.phases import allowed, following


async def execute(plan: Plan, kinds: Kinds, means: Means) -> Outcome:
    """Execute a plan; a failed step skips only the steps that depend on it.

    A failed step is part of the outcome, not an exception. When ``means.stop`` is set, no further
    step begins, running ones are completed, and the outcome lists those that were not started.

    Raises:
        Failure, CallFailed: a companion did not let the run begin.
    """
    outcome: Outcome | None = None
    begun: list[Companion] = []
    try:
        for companion in means.around:
            # Appended first: `end` must clean up after a `begin` that failed half-way.
            begun.append(companion)
            await companion.begin(plan, kinds, means)
        outcome = await _Run(plan, kinds, means).run()
    finally:
        for companion in reversed(begun):
            await companion.end(outcome)
    return outcome


class _Run:
    def __init__(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        self._kinds = kinds
        self._means = means
        self._stack = plan.stack
        self._changes: dict[StepId, Change] = {
            step.id: change for change in plan.changes for step in change.steps
        }
        self._unfinished: dict[StepId, Step] = {step.id: step for step in plan.steps}
        self._waiting = dict(self._unfinished)
        self._unsent = dict(self._unfinished)
        self._live: dict[Address, Live] = dict(plan.live)
        self._done: list[StepId] = []
        self._failed: list[Failed] = []
        self._skipped: list[Skipped] = []

    async def run(self) -> Outcome:
        """Start ready steps until none is left or the run is stopped; leaves no task running."""
        running: set[asyncio.Task[Any]] = set()
        stop = self._means.stop
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while True:
                if not stop.is_set():
                    running |= self._begin(alone=not running)
                if not running:
                    break
                # Once `stopped` is done, waiting for it would return at once, and spin.
                others = () if stop.is_set() else (stopped,)
                await asyncio.wait({*running, *others}, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in running if task.done()]:
                    # Raises only for a bug; a failed call is a result.
                    task.result()
                    running.discard(task)
        finally:
            # After a bug or a cancellation no step may write on while the companions clean up.
            for task in (stopped, *running):
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return Outcome(
            tuple(self._done),
            tuple(self._failed),
            tuple(self._skipped),
            tuple(self._waiting),
            stop.is_set() and bool(self._waiting),
            self._live,
        )

    def _begin(self, *, alone: bool) -> set[asyncio.Task[None]]:
        """Start the ready steps; ``alone`` is true while no other step is running.

        Steps that can share a batch call wait while another step is running: more of them may
        become ready, and the API's rate limit makes fewer calls worth more than an early start.
        """
        single: list[list[Step]] = []
        groups: dict[tuple[str, str], list[Step]] = defaultdict(list)
        ready = [step for step in self._waiting.values() if not self._needs_more(step)]
        for step in allowed(ready, self._unfinished.values(), alone=alone):
            if isinstance(self._kind(step), Contained) and step.container is not None:
                groups[step.id.address.kind, step.container.id].append(step)
            else:
                single.append([step])
        begun = groups.values() if alone and not single else single
        return {self._task(steps) for steps in begun}

    def _needs_more(self, step: Step) -> bool:
        return any(need in self._unfinished for need in step.needs)

    def _task(self, steps: Sequence[Step]) -> asyncio.Task[None]:
        for step in steps:
            del self._waiting[step.id]
        return asyncio.ensure_future(self._perform(steps))

    def _kind(self, step: Step) -> Kind:
        return self._kinds[step.id.address.kind]

    def _current(self, step: Step) -> Live | None:
        change = self._changes[step.id]
        return change.live if step.id.verb == "delete" else self._live.get(change.address)

    async def _perform(self, steps: Sequence[Step]) -> None:
        began = self._means.clock()
        for step in steps:
            self._means.report(Started(step.id))
        for work, result in await self._results(steps):
            step = work.step
            # Before `_finish`: dependents must not begin until every companion knows the result.
            for companion in reversed(self._means.around):
                await companion.after(work, result)
            if isinstance(result, CallFailed):
                self._fail(step.id, Failed(step.id, result.summary, result.hint, result.lost))
            else:
                self._finish(step, result, self._means.clock() - began)

    async def _results(self, steps: Sequence[Step]) -> list[tuple[Work, Result]]:
        """Each step with its result; steps that a companion withholds are not sent."""
        held: dict[StepId, Verdict] = {}
        work = [self._resolved(step, held) for step in steps]
        for companion in self._means.around:
            held |= await companion.before([item for item in work if item.step.id not in held])
        sent = [item for item in work if item.step.id not in held]
        for step in steps:
            del self._unsent[step.id]
        if sent and (coming := following(steps[-1], self._unsent.values())):
            for companion in self._means.around:
                await companion.ahead(coming)
        for item in sent:
            self._means.report(Sent(item.step.id))
        results = await self._send_or_fail(sent) if sent else []
        done = await self._verified(list(zip(sent, results, strict=True)))
        kept = [(item, held[item.step.id]) for item in work if item.step.id in held]
        return [*done, *((item, it.live if isinstance(it, Done) else it) for item, it in kept)]

    async def _verified(self, done: list[tuple[Work, Result]]) -> list[tuple[Work, Result]]:
        made = [(item, result) for item, result in done if isinstance(result, Live)]
        failed: dict[StepId, CallFailed] = {}
        for companion in self._means.around if made else ():
            failed |= await companion.verify([it for it in made if it[0].step.id not in failed])
        return [(item, failed.get(item.step.id, result)) for item, result in done]

    def _resolved(self, step: Step, held: dict[StepId, Verdict]) -> Work:
        """The step with its references resolved; held back if one of them cannot be."""
        values = step.values
        try:
            values = replaced(values, self._resolve)
        except CallFailed as failure:
            held[step.id] = failure
        return Work(step, self._changes[step.id], self._current(step), values)

    async def _send_or_fail(self, work: Sequence[Work]) -> Sequence[Result]:
        try:
            return await self._send(work)
        except CallFailed as failure:
            done = await self._looked_up(work, failure)
            return [done.live] if done else [failure] * len(work)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # A reply is untrusted: one that a kind cannot decode fails its step, not the run. The
            # write may have taken effect, hence `lost`.
            malformed = CallFailed(None, f"the reply makes no sense: {error!r}", lost=True)
            return [malformed] * len(work)

    async def _looked_up(self, work: Sequence[Work], failure: CallFailed) -> Done | None:
        """The one write without a usable answer, if it was done all the same.

        Kinds that write several objects together look by themselves.
        """
        if not failure.lost or len(work) > 1 or isinstance(self._kind(work[0].step), Contained):
            return None
        return await seen_done(work[0], self._stack, self._kinds, self._means)

    async def _send(self, work: Sequence[Work]) -> Sequence[Result]:
        first = work[0]
        kind = self._kind(first.step)
        if isinstance(kind, Contained) and first.step.container is not None:
            together = [(item.step, item.live, item.values) for item in work]
            return await drive(kind.batch(together), self._means.api)
        flow = kind.perform(first.step, first.live, first.values)
        return [await drive(flow, self._means.api)]

    def _resolve(self, leaf: Any) -> Any:
        if not isinstance(leaf, Ref):
            return leaf
        live = self._live.get(leaf.to)
        value = live.attribute(leaf.attribute) if live else None
        if not value:
            raise CallFailed(None, f"{leaf.to} has no {leaf.attribute} yet")
        return leaf.template.format(value)

    def _finish(self, step: Step, live: Live | None, seconds: float) -> None:
        if live is not None:
            self._live[step.id.address] = live
        else:
            self._live.pop(step.id.address, None)
        self._done.append(step.id)
        del self._unfinished[step.id]
        self._means.report(Finished(step.id, seconds))

    def _fail(self, step: StepId, failure: Failed) -> None:
        self._failed.append(failure)
        del self._unfinished[step]
        self._means.report(failure)
        dependents = self._dependents(step)
        while dependents:
            waiter = dependents.pop()
            if waiter in self._waiting:
                del self._waiting[waiter], self._unfinished[waiter], self._unsent[waiter]
                skipped = Skipped(waiter, step)
                self._skipped.append(skipped)
                self._means.report(skipped)
                dependents += self._dependents(waiter)

    def _dependents(self, of: StepId) -> list[StepId]:
        return [step.id for step in self._waiting.values() if of in step.needs]
