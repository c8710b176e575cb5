"""The names of a stack that are open as things are, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable

from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Exposed
from ztctl.core.planning.safety import door, exposed_now
from ztctl.core.reach.fact_names import examples, names_of
from ztctl.core.reach.invariants import Public
from ztctl.core.reach.timeline import Timeline


def exposed_names(timeline: Timeline, own: Iterable[Live], public: Public) -> tuple[Exposed, ...]:
    """Every name of these live objects that is open now and that no file states to be open.

    For a star stand names below it. ``stays`` tells whether the run of the timeline closes it.
    """
    hosts = sorted(
        {
            host
            for live in own
            for version in timeline.slots.get((live.kind, live.id), ())[:1]
            for name in names_of(version.fact)
            for host in examples(name)
        }
    )
    found = exposed_now(timeline, (host for host in hosts if not public(host)))
    return tuple(Exposed(host, door(entry), _stays(timeline, host)) for host, entry in found)


def _stays(timeline: Timeline, host: str) -> bool:
    after = timeline.look(host).at(timeline.steps(host))
    return any(entry.nameless for entry in after.entries)
