"""Host names of a stack that are exposed now, before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ztctl.core.model.declared import PublicPlace
from ztctl.core.model.facts import Openness, stable_sorted
from ztctl.core.model.names import HostIndex, access_covers, ingress_matches
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Exposed
from ztctl.core.reach.access_wording import reason_open
from ztctl.core.reach.entries import Entry, path_matches
from ztctl.core.reach.host_facts import sample_hosts
from ztctl.core.reach.invariants import IsPublic
from ztctl.core.reach.timeline import Timeline


def exposed_names(timeline: Timeline, own: Iterable[Live], public: IsPublic) -> tuple[Exposed, ...]:
    """Host names of these live objects that are open now, where no file states that they are.

    Names whose records are not known are left out: whether they lead anywhere is asked only where
    a run changes something about them.
    """
    found = exposed_now(timeline, own_hosts(timeline, own), public)
    return tuple(exposure(timeline, host, entry, public) for host, entry in found)


def own_hosts(timeline: Timeline, own: Iterable[Live]) -> list[str]:
    """The host names of these live objects as they are now; sample names for wildcards; sorted."""
    ids = {live.id for live in own}
    return sorted(
        {
            host
            for (_, key), (first, *_) in timeline.slots.items()
            if key in ids
            for host in sample_hosts(first.fact, timeline.witness)
        }
    )


def exposure(timeline: Timeline, host: str, entry: Entry, public: IsPublic) -> Exposed:
    """A host that is open now by an entry, and what becomes of it when every step is done."""
    after = timeline.scope(host).entries_at(timeline.steps(host))
    left = (it.openness for it in after if not public(host, timeline.pattern(it.path)))
    becomes = max(left, default=Openness.CLOSED)
    stays = becomes >= entry.openness
    shown = timeline.pattern
    return Exposed(shown(host), shown(reason_open(entry)), stays, entry.openness, becomes)


class PublicPlaces:
    """Predicate: do the files state that a host, or a path of it, is open?"""

    def __init__(self, places: Iterable[PublicPlace]) -> None:
        self._stated = HostIndex((place, [place.host]) for place in places)

    def __call__(self, host: str, path: str = "") -> bool:
        """True for what is stated; an empty path is the whole host, as in ``Entry``."""
        return self.reason(host, path) is not None

    def reason(self, host: str, path: str) -> str | None:
        """The reason given; ``None`` if it is not stated."""
        found = (
            place.reason
            for place in self._stated.meeting([host])
            if (ingress_matches if place.any_depth else access_covers)(place.host, host)
            and path_matches(place.path, path)
        )
        return next(found, None)


def exposed_now(
    timeline: Timeline, hosts: Iterable[str], public: IsPublic
) -> Iterator[tuple[str, Entry]]:
    """The hosts that are open now and not stated to be, each with one of the most open entries."""
    for host in hosts:
        found = [
            entry
            for entry in timeline.scope(host).entries_at(())
            if entry.openness
            and (entry.origin.is_known or entry.origin.tunnel)
            and not public(host, timeline.pattern(entry.path))
        ]
        if found:
            yield host, max(stable_sorted(found), key=lambda entry: entry.openness)
