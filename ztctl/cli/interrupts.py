"""A plan carried out while a person may interrupt it: once to end well, twice to leave at once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.model.events import (
    Event,
    Failed,
    Finished,
    Outcome,
    Reading,
    Report,
    Skipped,
    Started,
    Waiting,
)
from ztctl.core.model.plan import Plan, StepId
from ztctl.engine.companion import Companion
from ztctl.engine.drive import Sleep
from ztctl.engine.execute import Means, execute
from ztctl.engine.recheck import Recheck
from ztctl.kinds.registry import KINDS

if TYPE_CHECKING:
    from ztctl.cli.edge_wait import EdgeWait
    from ztctl.cli.run_lock import Locking
    from ztctl.engine.drive import Api
    from ztctl.views.view import View

STOPPING = Problem(
    "interrupted: what is under way is brought to its end",
    hint="Ctrl-C again leaves at once",
    severity=Severity.WARNING,
)
LEFT = "left at once"

# A cancelled job of a CI gets the second one.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunRecorder:
    """Passes events on, and knows at every moment what came of the plan so far."""

    def __init__(self, show: Report) -> None:
        self._show = show
        self._running: dict[StepId, None] = {}
        self._done: list[StepId] = []
        self._failed: list[Failed] = []
        self._skipped: list[Skipped] = []
        self._closed = False

    def __call__(self, event: Event) -> None:
        """Take one event in and show it."""
        if self._closed:
            return
        self._keep(event)
        # Output that nobody can take is no reason to stop between two writes.
        with contextlib.suppress(OSError):
            self._show(event)

    def _keep(self, event: Event) -> None:
        match event:
            case Started(step):
                self._running[step] = None
            case Finished(step):
                self._running.pop(step, None)
                self._done.append(step)
            case Failed(step):
                self._running.pop(step, None)
                self._failed.append(event)
            case Skipped():
                self._skipped.append(event)
            case Reading() | Waiting():
                pass

    def left(self, plan: Plan) -> Outcome:
        """The outcome of a run that is left now; later events say nothing any more."""
        self._closed = True
        lost = [Failed(step, LEFT, lost=True) for step in self._running]
        failed = (*self._failed, *lost)
        ended: list[Failed | Skipped] = [*failed, *self._skipped]
        told = {*self._done, *(event.step for event in ended)}
        rest = tuple(step.id for step in plan.steps if step.id not in told)
        return Outcome(tuple(self._done), failed, tuple(self._skipped), rest, interrupted=True)


def companions(api: Api, *, sleep: Sleep = asyncio.sleep) -> tuple[Companion, ...]:
    """What goes with the writes of every run, in the order in which each is asked."""
    return (Recheck(KINDS, api, sleep=sleep),)


async def carry_out(
    api: Api, plan: Plan, view: View, journal: Companion, locking: Locking, edge: EdgeWait
) -> Outcome:
    """Do what the plan says; Ctrl-C stops it between two steps, a second one in the middle.

    The lock is asked first: without it nothing else begins. Then comes the edge, so that what was
    waited for is looked at once more afterwards. The journal is asked last, so that its
    line is on the disk right before the write.

    Afterwards Ctrl-C does nothing any more: what was done is always told.
    """
    record = RunRecorder(view.event)
    stopping = asyncio.Event()
    locks = locking.companions(api, view, stopping)
    around = (*locks, *edge.companions(api, record), *companions(api), journal)
    means = Means(api, record, stop=stopping, around=around)
    work = asyncio.ensure_future(execute(plan, KINDS, means))

    def stop() -> None:
        means.stop.set()
        _on_interrupt(work.cancel)
        view.problems([STOPPING])

    _on_interrupt(stop)
    try:
        return await work
    except asyncio.CancelledError:
        outcome = record.left(plan)
        await _abandon()
        return outcome
    finally:
        _ignore_interrupts()


@contextlib.contextmanager
def signals_kept() -> Iterator[None]:
    """Whatever is done about signals inside, afterwards they mean what they meant before."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _on_interrupt(act: Callable[[], object]) -> None:
    with contextlib.suppress(NotImplementedError):
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, act)


def _ignore_interrupts() -> None:
    for number in SIGNALS:
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


async def _abandon() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
