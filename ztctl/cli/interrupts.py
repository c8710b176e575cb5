"""Run under SIGINT and SIGTERM: the first ends the run cleanly, the second aborts it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.model.events import Event, Failed, Finished, Outcome, Report, Sent, Skipped
from ztctl.core.model.plan import Plan
from ztctl.engine.companion import Means

if TYPE_CHECKING:
    from ztctl.engine.drive import Api
    from ztctl.engine.locked_run import LockedRun
    from ztctl.views.view import View

STOPPING = Problem(
    "interrupted: what is under way is brought to its end",
    hint="Ctrl-C again leaves at once",
    severity=Severity.WARNING,
)
ABORTED = "under way when you left at once"

# CI services send SIGTERM to cancel a job.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunRecorder:
    """Forward events to a view, and record the results so far for the case of an abort."""

    def __init__(self, show: Report) -> None:
        self._show = show
        self._events: list[Event] = []
        self._leaving = False
        self._closed = False

    def __call__(self, event: Event) -> None:
        """Record one event and show it; events after an abort are dropped.

        Of a run that is being left only what is done still counts: what fails then, fails by that.
        """
        if self._closed or (self._leaving and not isinstance(event, Finished)):
            return
        self._events.append(event)
        # A closed pipe or full disk behind the output must not stop a run between two writes.
        with contextlib.suppress(OSError):
            self._show(event)

    def leave(self) -> None:
        """The run is about to be aborted."""
        self._leaving = True

    def abort(self, plan: Plan) -> Outcome:
        """The outcome of a run that is aborted now: writes on their way count as failed and lost.

        A step whose write had not gone out was not started.
        """
        self._closed = True
        done = tuple(event.step for event in self._events if isinstance(event, Finished))
        failed = [event for event in self._events if isinstance(event, Failed)]
        skipped = tuple(event for event in self._events if isinstance(event, Skipped))
        ended: list[Failed | Skipped] = [*failed, *skipped]
        known = {*done, *(event.step for event in ended)}
        sent = [event.step for event in self._events if isinstance(event, Sent)]
        failed += [Failed(step, ABORTED, lost=True) for step in sent if step not in known]
        rest = tuple(step.id for step in plan.steps if step.id not in known.union(sent))
        return Outcome(done, tuple(failed), skipped, rest, interrupted=True)


async def run_interruptibly(api: Api, run: LockedRun, view: View) -> Outcome | None:
    """Run; Ctrl-C stops it after the running steps, a second one aborts it.

    When this returns, both signals are ignored: the outcome must still be shown. It is ``None``
    when the run ended before there was a plan.
    """
    record = RunRecorder(view.event)
    means = Means(api, record)
    work = asyncio.ensure_future(run(means))

    def leave() -> None:
        record.leave()
        work.cancel()

    def stop() -> None:
        means.stop.set()
        # Before the message: writing it may block, and a second Ctrl-C must work by then.
        _handle_signals(leave)
        view.problems([STOPPING])

    _handle_signals(stop)
    try:
        return await work
    except asyncio.CancelledError:
        return record.abort(run.plan) if run.plan is not None else None
    finally:
        _ignore_signals()


@contextlib.contextmanager
def signal_handlers_restored() -> Iterator[None]:
    """Restore the handlers of SIGINT and SIGTERM after the block."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handle_signals(handler: Callable[[], object]) -> None:
    # Event loops on Windows have no signal handlers.
    with contextlib.suppress(NotImplementedError):
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, handler)


def _ignore_signals() -> None:
    for number in SIGNALS:
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
