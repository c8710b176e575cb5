"""Companions: hooks that `execute` calls around the steps of a run, and their argument types."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Outcome, Report
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live, Values
from ztctl.core.model.plan import Change, Plan, Step, StepId
from ztctl.engine.drive import Api, Sleep

Clock = Callable[[], float]
Result = Live | CallFailed | None


@dataclass(frozen=True, slots=True)
class Done:
    """A step that needs no write: the live object, ``None`` when it is deleted already."""

    live: Live | None


Verdict = CallFailed | Done


@dataclass(frozen=True, slots=True)
class Work:
    """One step that is about to be sent.

    Attributes:
        change: the change that the step is part of.
        live: the object that it writes, ``None`` for a creation.
        values: the values to write, references resolved.
    """

    step: Step
    change: Change
    live: Live | None
    values: Values


@dataclass(frozen=True, slots=True)
class Means:
    """Collaborators of an execution; clock and sleep are injected.

    Attributes:
        clock: returns seconds, monotonic.
        stop: when it is set, no further step begins.
        around: companions, called around every step.
    """

    api: Api
    report: Report
    clock: Clock = time.monotonic
    sleep: Sleep = asyncio.sleep
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    around: tuple[Companion, ...] = ()


class Companion:
    """Base class of hooks; every method does nothing by default.

    ``begin``, ``before`` and ``verify`` are called in the order of the companions, ``after`` and
    ``end`` in reverse. A companion serves one run.
    """

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Called once, before the first step.

        Raises:
            Failure, CallFailed: the run does not begin.
        """

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Called before these steps are sent together.

        Returns:
            The steps that are not to be sent: failed, or done already.
        """
        return {}

    async def ahead(self, steps: Sequence[Step]) -> None:
        """Called as the last writes of a phase are sent, with the steps of the next one.

        What it starts goes on beside those writes; it must not wait for it.
        """

    async def verify(self, done: Sequence[tuple[Work, Live]]) -> Mapping[StepId, CallFailed]:
        """Called after these steps succeeded together; returns those that count as failed."""
        return {}

    async def after(self, work: Work, result: Result) -> None:
        """Called after a step with the resulting object, ``None`` for none, or the failure."""

    async def end(self, outcome: Outcome | None) -> None:
        """Called once at the end if `begin` was called; ``None`` when the run was aborted."""
