"""Which live objects an export is about: what somebody chose, and all that it depends on. Pure."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Contained, Kinds
from ztctl.core.model.names import HostIndex, access_may_cover, to_ascii
from ztctl.core.model.objects import Live

LiveByKind = Mapping[str, tuple[Live, ...]]
# A live object by kind and id.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose; nothing: the whole account.

    Attributes:
        host: host names or patterns, with what guards them and leads to them.
        zone: zones, with all hosts in them.
        tunnel: tunnels by name or id, with the records that lead to them, and their hosts.
        application: applications by domain, name or id, with their hosts.
        tag: tags of applications.
        places: objects themselves, as far as they are live; ``None``: none are named so.
    """

    host: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    tunnel: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    places: frozenset[Place] | None = None

    def __bool__(self) -> bool:
        # Places of which none is left choose nothing, and not the whole account.
        return any(getattr(self, field.name) not in ((), None) for field in fields(self))


def selected(chosen: Chosen, live: LiveByKind, kinds: Kinds, stack: str) -> frozenset[Place]:
    """The objects that were chosen, those of the stack, and all that these depend on.

    Raises:
        Failure: something chosen is not live.
    """
    account = _Account(live, kinds)
    if not chosen:
        return frozenset(account.all)
    seeds = {place for place, it in account.all.items() if it.belongs_to(stack)}
    seeds |= chosen.places or frozenset()
    hosts: set[str] = set()
    for name in chosen.host:
        hosts |= account.host(to_ascii(name))
    for name in chosen.zone:
        hosts |= account.zone(to_ascii(name))
    for part, names in ((_TUNNEL, chosen.tunnel), (_APPLICATION, chosen.application)):
        for name in names:
            found = account.named(part, name)
            seeds.add((found.kind, found.id))
            hosts |= account.hosts_of(found)
    for name in chosen.tag:
        for found in account.tagged(name):
            seeds.add((found.kind, found.id))
            hosts |= account.hosts_of(found)
    return account.closed(seeds | account.about(hosts))


_APPLICATION: Final = HostPart.APPLICATION
_TUNNEL: Final = HostPart.TUNNEL
_RECORD: Final = HostPart.RECORD


class _Account:
    """The live objects, by place and by what refers to what."""

    def __init__(self, live: LiveByKind, kinds: Kinds) -> None:
        self.all = {(it.kind, it.id): it for found in live.values() for it in found}
        self._kinds = kinds
        self._part = {part: kinds.of_host(part).name for part in HostPart}
        self._owned: dict[Place, list[Place]] = defaultdict(list)
        for place, it in self.all.items():
            if it.owner:
                self._owned[kinds[it.kind].owner, it.owner].append(place)

    @property
    def _apps(self) -> list[Live]:
        return [*self._of(_APPLICATION)]

    def _of(self, part: HostPart) -> Iterator[Live]:
        return (it for it in self.all.values() if it.kind == self._part[part] and it.is_matchable)

    def hosts_of(self, live: Live) -> set[str]:
        """The host names that an object is about; of a tunnel those of its records, too."""
        found = {*self._kinds[live.kind].hosts(live.key, live.values)} - {"*"}
        if live.kind == self._part[_TUNNEL]:
            found |= {it.name for it in self._records() if (live.kind, live.id) in self._uses(it)}
        return found

    def _records(self) -> Iterator[Live]:
        """The records that lead to a tunnel."""
        return (it for it in self._of(_RECORD) if self._uses(it))

    def _uses(self, live: Live) -> list[Place]:
        return [*self._kinds[live.kind].uses(live)]

    def _known_hosts(self) -> set[str]:
        apps = (self.hosts_of(it) for it in self._of(_APPLICATION))
        return {it.name for it in self._records()}.union(*apps)

    def host(self, name: str) -> set[str]:
        """A host name that somebody chose.

        Raises:
            Failure: no record leads it to a tunnel, and no application guards it.
        """
        known = self._known_hosts()
        if name not in known:
            raise _missing("host", name, known)
        return {name}

    def zone(self, name: str) -> set[str]:
        """The host names of a zone.

        Raises:
            Failure: there is none of this name.
        """
        records = self._kinds.of_host(_RECORD)
        container = records.container if isinstance(records, Contained) else ""
        zones = {it.name for it in self.all.values() if it.kind == container}
        if name not in zones:
            raise _missing(container, name, zones)
        return {it for it in self._known_hosts() if it == name or it.endswith(f".{name}")}

    def named(self, part: HostPart, name: str) -> Live:
        """The one object that is called so.

        Raises:
            Failure: there is none, or there are several.
        """
        words: dict[str, list[Live]] = defaultdict(list)
        for it in self._of(part):
            kind = self._kinds[it.kind]
            for word in {it.id, it.name, it.key, *kind.live_keys(it)}:
                words[word].append(it)
        found = words.get(name) or words.get(to_ascii(name)) or []
        title = part.value
        if not found:
            raise _missing(title, name, words)
        if len(found) > 1:
            ids = ", ".join(it.id for it in found)
            raise Failure(f"{len(found)} live {title}s are called {name!r}", f"name one id: {ids}")
        return found[0]

    def tagged(self, tag: str) -> list[Live]:
        """The applications that carry a tag.

        Raises:
            Failure: none does.
        """
        by_tag: dict[str, list[Live]] = defaultdict(list)
        for it in self._of(_APPLICATION):
            for word in it.values.get("tags") or ():
                by_tag[str(word)].append(it)
        if tag not in by_tag:
            raise _missing("application with the tag", tag, by_tag)
        return by_tag[tag]

    def about(self, hosts: Iterable[str]) -> set[Place]:
        """Records of these names, and applications that may decide for one of them."""
        wanted = {*hosts}
        found = {(it.kind, it.id) for it in self._records() if it.name in wanted}
        patterns = {it.id: self._kinds[it.kind].hosts(it.key, it.values) for it in self._apps}
        index = HostIndex((it, patterns[it.id]) for it in self._apps)
        for host in wanted:
            for it in index.meeting([host]):
                if any(access_may_cover(pattern, host) for pattern in patterns[it.id]):
                    found.add((it.kind, it.id))
        return found

    def closed(self, seeds: Iterable[Place]) -> frozenset[Place]:
        """These objects, what they refer to at any distance, and what belongs to them."""
        waiting, found = [*seeds], set[Place]()
        while waiting:
            place = waiting.pop()
            if place in found or place not in self.all:
                continue
            found.add(place)
            waiting += self._uses(self.all[place])
            waiting += self._owned.get(place, ())
        return frozenset(found)


def sharers(
    places: Iterable[Place], live: LiveByKind, kinds: Kinds
) -> Mapping[Place, tuple[Live, ...]]:
    """The other live objects that use each of these, by what they use."""
    inside = frozenset(places)
    found: dict[Place, list[Live]] = defaultdict(list)
    for items in live.values():
        for it in items:
            if (it.kind, it.id) not in inside:
                for used in sorted({*kinds[it.kind].uses(it)} & inside):
                    found[used].append(it)
    return {place: tuple(sorted(users, key=_order)) for place, users in found.items()}


def _order(live: Live) -> tuple[str, str, str]:
    return live.kind, live.name, live.id


def _missing(what: str, name: str, known: Iterable[str]) -> Failure:
    near = difflib.get_close_matches(name, [*known], 1)
    hint = f"did you mean {near[0]!r}?" if near else ""
    return Failure(f"there is no live {what} {name!r}", hint)
