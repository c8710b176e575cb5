"""Companions: hooks that `execute` calls around the steps of a run, and their argument types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Live, Values
from ztctl.core.model.plan import Change, Plan, Step, StepId

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


class Companion:
    """Base class of hooks; every method does nothing by default.

    ``begin``, ``before`` and ``verify`` are called in the order of the companions, ``after`` and
    ``end`` in reverse.
    """

    async def begin(self, plan: Plan) -> None:
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

    async def verify(self, done: Sequence[tuple[Work, Live]]) -> Mapping[StepId, CallFailed]:
        """Called after these steps succeeded together; returns those that count as failed."""
        return {}

    async def after(self, work: Work, result: Result) -> None:
        """Called after a step with the resulting object, ``None`` for none, or the failure."""

    async def end(self, outcome: Outcome | None) -> None:
        """Called once at the end if `begin` was called; ``None`` when the run was aborted."""
