"""What goes with the writes of a run: a look before each, a word after each, an end."""

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
    """A step that needs no write any more: the object as it is, ``None`` when it is gone."""

    live: Live | None


Verdict = CallFailed | Done


@dataclass(frozen=True, slots=True)
class Work:
    """One step about to be done: its change, the object it works on, what it will write.

    ``live`` is ``None`` for a creation; ``values`` have their references resolved.
    """

    step: Step
    change: Change
    live: Live | None
    values: Values


class Companion:
    """The companion of a run. This one does nothing; others override what they need.

    Companions are asked in the order in which they are given, and told in reverse.
    """

    async def begin(self, plan: Plan) -> None:
        """Before anything is done.

        Raises:
            Failure, CallFailed: the run does not begin.
        """

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Just before these steps are sent together; those that come back are not sent.

        They fail, or they are done already.
        """
        return {}

    async def prove(self, done: Sequence[tuple[Work, Live]]) -> Mapping[StepId, CallFailed]:
        """Just after these steps were done together; those that come back have failed after all."""
        return {}

    async def after(self, work: Work, result: Result) -> None:
        """Just after a step: the object that it left, ``None`` for none, or the failure."""

    async def end(self, outcome: Outcome | None) -> None:
        """Whatever happened; ``None`` when the run was left in the middle."""
