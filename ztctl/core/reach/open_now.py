"""The names of a stack that are open as things are, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ztctl.core.model.names import HostIndex, ingress_matches, to_ascii
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Exposed
from ztctl.core.reach.access_wording import door
from ztctl.core.reach.entries import Entry
from ztctl.core.reach.host_facts import examples, names_of
from ztctl.core.reach.invariants import IsPublic
from ztctl.core.reach.timeline import Timeline


def exposed_names(timeline: Timeline, own: Iterable[Live], public: IsPublic) -> tuple[Exposed, ...]:
    """Every name of these live objects that is open now and that no file states to be open.

    For a star stand names below it. ``stays`` tells whether the run of the timeline closes it.
    """
    ids = {live.id for live in own}
    hosts = sorted(
        {
            host
            for (_, key), (first, *_) in timeline.slots.items()
            if key in ids
            for name in names_of(first.fact)
            for host in examples(name)
        }
    )
    found = exposed_now(timeline, (host for host in hosts if not public(host)))
    return tuple(Exposed(host, door(entry), _stays(timeline, host)) for host, entry in found)


def _stays(timeline: Timeline, host: str) -> bool:
    after = timeline.look(host).at(timeline.steps(host))
    return any(entry.nameless for entry in after.entries)


class PublicHosts:
    """The names that the files state to be open."""

    def __init__(self, names: Iterable[str]) -> None:
        spelt = map(to_ascii, names)
        self._stated = HostIndex((name, [name]) for name in spelt)

    def __call__(self, host: str) -> bool:
        """True for such a name, and for what stands under a stated star."""
        return any(ingress_matches(name, host) for name in self._stated.meeting([host]))


def exposed_now(timeline: Timeline, hosts: Iterable[str]) -> Iterator[tuple[str, Entry]]:
    """The names that are open as things are, each with a reason."""
    for host in hosts:
        found = sorted(
            (entry for entry in timeline.look(host).at(()).entries if entry.nameless), key=str
        )
        if found:
            yield host, found[0]
