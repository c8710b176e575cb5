"""Selection of the application for a host and a path.

Source: Cloudflare's documentation of application paths: the most specific application applies and
nothing is inherited from less specific ones; an application on a path applies to all paths below;
an asterisk in the host covers one label or a part of one, also an empty part; `/*` is the whole
host; an asterisk in the path covers several segments, and `/alpha/*` does not cover `/alpha`;
ports, queries and anchors do not count. API reference (2026): an override makes matching paths of a
destination public, and covers paths below only by a wildcard. Unrecorded: that a wildcard of an
override spans segments, that an override ends where a more specific application applies, which of
two overlapping wildcards is more specific (here an exact host before a wildcard, then the longer
literal text of the host, then of the path, then the older application), that paths are compared by
segments and with their case, that doubled slashes are resolved first.
Documentation of URL normalization, default settings: Access sees paths in which percent signs, but
for those of reserved characters, and dot segments are resolved; the origin gets what was sent.
Not emulated: applications of Workers and of MCP servers.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ztctl.sandbox.edge.foreign import as_objects, as_text
from ztctl.sandbox.edge.globs import covers, covers_below
from ztctl.sandbox.edge.names import normal_host
from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.messages import Object
from ztctl.sandbox.scopes import place as scoped

_ENCODED_SLASH = re.compile("%2[fF]")
# Visitors choose the hosts, so the cache is bounded.
CACHE_SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A public destination of an application: patterns of host and path, and of public paths."""

    host: str
    path: str
    app: str
    age: int
    public: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sort key; the most specific place is the lowest. Asterisks do not count as length."""
        literal = len(self.host.replace("*", "")), len(self.path.replace("*", ""))
        return ("*" in self.host, -literal[0], -literal[1], "*" in self.path, self.age)


def place_of(uri: str, app: str = "", age: int = 0, public: tuple[str, ...] = ()) -> Place:
    """Parse the `host[/path]` of a destination."""
    host, _, path = uri.partition("/")
    trimmed = path.rstrip("/")
    return Place(normal_host(host), "/" + trimmed if trimmed else "", app, age, public)


def covers_host(pattern: str, host: str) -> bool:
    """Whether a host pattern matches a normalised host; an asterisk does not span labels."""
    if "*" not in pattern:
        return pattern == host
    wanted, given = pattern.split("."), host.split(".")
    return len(wanted) == len(given) and all(
        bool(label) and covers(part, label) for part, label in zip(wanted, given, strict=True)
    )


def normal_path(path: str) -> str:
    """Normalise a request's path: percent-decoded, absolute, dot segments resolved, no query.

    An encoded slash stays encoded.
    """
    sent = path.partition("?")[0].partition("#")[0]
    bare = "%2F".join(map(unquote, _ENCODED_SLASH.split(sent)))
    if not bare.strip("/"):
        return "/"
    resolved = posixpath.normpath("/" + bare.lstrip("/"))
    return resolved + "/" if bare.endswith("/") and resolved != "/" else resolved


class Applications:
    """The public applications that have reached the edge, indexed by host."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._ages = itertools.count()
        self._age: dict[str, int] = {}
        # Exact hosts; hosts with an asterisk in the first label only, by the rest; all others.
        self._exact: dict[str, list[Place]] = {}
        self._under: dict[str, list[Place]] = {}
        self._other: list[Place] = []
        self._cache: dict[str, list[Place]] = {}
        replica.follow("app", self._follow)

    def deciding(self, host: str, path: str, *, of_zones: bool) -> tuple[Object | None, bool]:
        """The most specific application for a normalised host and path, or None.

        And whether an override of its destination makes the path public. Without `of_zones`, those
        made below a zone do not count.
        """
        places = self._cache.get(host)
        if places is None:
            places = self._cached_places(host)
        for place in places:
            counts = of_zones or self._replica.get("zone_scope", scoped("app", place.app)) is None
            if counts and (not place.path or covers_below(place.path, path)):
                is_public = any(covers(pattern, path) for pattern in place.public)
                return self._replica.get("app", place.app), is_public
        return None, False

    def _cached_places(self, host: str) -> list[Place]:
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        places = sorted(self._covering(host), key=lambda place: place.rank)
        self._cache[host] = places
        return places

    def _covering(self, host: str) -> Iterator[Place]:
        yield from self._exact.get(host, ())
        starred = (*self._under.get(host.partition(".")[2], ()), *self._other)
        yield from (place for place in starred if covers_host(place.host, host))

    def _index_for(self, place: Place) -> list[Place]:
        if "*" not in place.host:
            return self._exact.setdefault(place.host, [])
        rest = place.host.partition(".")[2]
        return self._other if "*" in rest else self._under.setdefault(rest, [])

    def _follow(self, key: str, old: Object | None, new: Object | None) -> None:
        # Any application may cover any cached host, by a wildcard.
        self._cache.clear()
        for place in self._places(key, old):
            self._index_for(place).remove(place)
        if new is None:
            self._age.pop(key, None)
        for place in self._places(key, new):
            self._index_for(place).append(place)

    def _places(self, key: str, app: Object | None) -> list[Place]:
        if app is None:
            return []
        if key not in self._age:
            self._age[key] = next(self._ages)
        public = [one for one in as_objects(app.get("destinations")) if one.get("type") == "public"]
        # The first of several with the same URI.
        found = {as_text(one.get("uri")): one for one in reversed(public)}
        return [
            place_of(uri, key, self._age[key], _public_paths(one))
            for uri, one in reversed(found.items())
            if uri
        ]


def _public_paths(destination: Object) -> tuple[str, ...]:
    return tuple(
        as_text(one.get("path_pattern"))
        for one in as_objects(destination.get("overrides"))
        if one.get("behavior") == "public"
    )
