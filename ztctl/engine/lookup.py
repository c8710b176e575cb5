"""Look whether a write was done whose answer was lost, was empty or could not be read."""

from __future__ import annotations

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kinds
from ztctl.core.planning.compare import differing, recanonised
from ztctl.engine.companion import Done, Means, Work
from ztctl.engine.read import Reader


async def seen_done(work: Work, stack: str, kinds: Kinds, means: Means) -> Done | None:
    """Read the kind again; the object if it is as the step would leave it, else ``None``.

    ``None`` also if the reading fails: then it stays unknown whether the write was done. A creation
    is not looked up here: its flow does that, because it must know before it creates again.
    """
    if work.live is None:
        return None
    kind = kinds[work.step.id.address.kind]
    ask = Ask(stack)
    reader = Reader(kinds, ask, means.api)
    try:
        found = await reader.driven(kind.reread(ask, [work.change]))
    except CallFailed:
        return None
    now = next((live for live in found if live.id == work.live.id), None)
    if now is None or work.step.id.verb == "delete":
        return Done(None) if now is None and work.step.id.verb == "delete" else None
    wanted = recanonised(kind.specs, work.values)
    return None if differing(kind.specs, wanted, now.values) else Done(now)
