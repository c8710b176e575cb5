"""The tags that say that objects go from stack to stack, made before the first of them goes."""

from __future__ import annotations

from ztctl.core.model.kind import Kinds
from ztctl.core.model.plan import Plan
from ztctl.engine.companion import Companion, Means
from ztctl.engine.drive import drive


class Moving(Companion):
    """Makes what the last steps of a handover delete, so that it is there from before the first.

    A run that is cut off leaves it, and every other run of both stacks is refused until the same
    handover has come to its end.
    """

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Make the tags that were not live when the plan was made.

        Raises:
            CallFailed: one could not be made; nothing has gone anywhere.
        """
        for change in plan.changes:
            if change.last and change.live is not None and not change.before:
                await drive(kinds[change.live.kind].create(change.live.values), means.api)
