"""Host names of a stack that are exposed now, before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ztctl.core.model.facts import Openness, stable_sorted
from ztctl.core.model.names import HostIndex, ingress_matches, to_ascii
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Exposed
from ztctl.core.reach.access_wording import reason_open
from ztctl.core.reach.entries import Entry
from ztctl.core.reach.host_facts import sample_hosts
from ztctl.core.reach.invariants import IsPublic
from ztctl.core.reach.timeline import Timeline


def exposed_names(timeline: Timeline, own: Iterable[Live], public: IsPublic) -> tuple[Exposed, ...]:
    """Host names of these live objects that are open now and that no file states as public.

    Names whose records are not known are left out: whether they lead anywhere is asked only where
    a run changes something about them.
    """
    ids = {live.id for live in own}
    hosts = sorted(
        {
            host
            for (_, key), (first, *_) in timeline.slots.items()
            if key in ids
            for host in sample_hosts(first.fact, timeline.witness)
        }
    )
    found = exposed_now(timeline, (host for host in hosts if not public(host)))
    return tuple(_exposed(timeline, host, entry) for host, entry in found)


def _exposed(timeline: Timeline, host: str, entry: Entry) -> Exposed:
    after = timeline.scope(host).entries_at(timeline.steps(host))
    becomes = max((it.openness for it in after), default=Openness.CLOSED)
    stays = becomes >= entry.openness
    shown = timeline.pattern
    return Exposed(shown(host), shown(reason_open(entry)), stays, entry.openness, becomes)


class PublicHosts:
    """Predicate: is a host covered by the names that the files state as public?"""

    def __init__(self, names: Iterable[str]) -> None:
        self._stated = HostIndex((name, [name]) for name in map(to_ascii, names))

    def __call__(self, host: str) -> bool:
        """True for a stated name and for names that a stated wildcard serves, at any depth."""
        return any(ingress_matches(name, host) for name in self._stated.meeting([host]))


def exposed_now(timeline: Timeline, hosts: Iterable[str]) -> Iterator[tuple[str, Entry]]:
    """Those of the hosts that are open now, each with one of the most open entries."""
    for host in hosts:
        found = [
            entry
            for entry in timeline.scope(host).entries_at(())
            if entry.openness and (entry.origin.is_known or entry.origin.tunnel)
        ]
        if found:
            yield host, max(stable_sorted(found), key=lambda entry: entry.openness)
