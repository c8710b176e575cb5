"""Where visits go: every host name that is said anywhere, probes below stars, and paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ztctl.sandbox.edge.applications import covers_host
from ztctl.sandbox.edge.names import normal_host
from ztctl.sandbox.store import Store

Object = dict[str, Any]

# A regular expression of an ingress rule that is a plain path, but for its anchors.
_PLAIN = re.compile(r"\^?/?([\w/-]+)\$?")
PROBE = "probe"
BELOW = "below"


@dataclass(frozen=True, slots=True)
class Place:
    """A host pattern and a path at which an application stands."""

    host: str
    path: str
    app: str


def places(store: Store) -> list[Place]:
    """Where the applications of an account stand, and the paths that they make public."""
    return [
        Place(normal_host(host), path.strip("/"), str(app["id"]))
        for _, app in store.items("app")
        for host, path in _uris(app)
    ]


def _uris(app: Object) -> Iterator[tuple[str, str]]:
    for item in app.get("destinations") or ():
        if item.get("type") == "public":
            host, _, path = str(item["uri"]).partition("/")
            yield host, path
            for override in item.get("overrides") or ():
                yield host, str(override["path_pattern"])


def rules(store: Store) -> list[Object]:
    """Every ingress rule of every tunnel."""
    return [
        rule
        for _, stored in store.items("tunnel_configuration")
        for rule in (stored.get("config") or {}).get("ingress") or ()
    ]


def hosts(store: Store, known: Iterable[Place], served: Iterable[Object]) -> set[str]:
    """Every name worth a visit: what is said, and names right below and deeper below each star."""
    said = {record["name"] for _, record in store.items("dns_record")}
    said |= {place.host for place in known}
    said |= {rule["hostname"] for rule in served if rule.get("hostname") not in (None, "", "*")}
    return {normal_host(host) for name in said for host in probes(name)}


def probes(name: str) -> Iterator[str]:
    """A name itself; for a pattern, names that its star stands for, an empty part too."""
    if "*" not in name:
        yield name
        return
    yield name.replace("*", PROBE)
    yield f"{BELOW}.{name.replace('*', PROBE)}"
    if not name.startswith("*."):
        yield name.replace("*", "")


def paths(host: str, known: Iterable[Place], served: Iterable[Object]) -> list[str]:
    """The whole host, each path at which an application or a rule begins, and one below it."""
    found = {place.path for place in known if place.path and covers_host(place.host, host)}
    for rule in served:
        plain = _PLAIN.fullmatch(rule.get("path") or "")
        if plain:
            found.add(plain[1].strip("/"))
    begun = sorted(path.replace("*", PROBE) for path in found if path)
    return ["/", *(f"/{path}" for path in begun), *(f"/{path}/{BELOW}" for path in begun)]
