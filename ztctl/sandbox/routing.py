"""Routing of requests to handlers. Routes are data, declared by the endpoint families."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import no_method, no_route
from ztctl.sandbox.ids import is_hex32, is_uuid
from ztctl.sandbox.messages import Reply
from ztctl.sandbox.store import Index

Handler = Callable[[Call], Reply]

# Path parameters that end in `_id` hold UUIDs, but for these; a zone's setting is named.
HEX = ("account_id", "zone_id", "record_id")
NAMED = ("setting_id",)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    The token needs one of the permission `groups` (none: any token passes), with Write access
    if `write`, Write or Revoke if `revoke`. `query` are the emulated query parameters.
    """

    method: str
    path: str
    handler: Handler
    groups: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    write: bool = False
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """One endpoint family: its routes and the store indexes that it uses."""

    routes: tuple[Route, ...]
    indexes: tuple[Index, ...] = ()


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    methods: dict[str, Route] = field(default_factory=dict)


class Router:
    """Trie of path segments; a literal segment takes precedence over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path (without `/client/v4`) and its percent-decoded parameters.

        Raises ApiError 404/7000 for an unknown path and 405/10000 for an unknown method. The
        format of parameters is checked by `malformed`, since the token is checked in between.
        """
        node, values = self._root, list[str]()
        for segment in path.split("/")[1:]:
            if (child := node.children.get(segment)) is not None:
                node = child
            elif node.parameter is not None:
                node = node.parameter
                values.append(unquote(segment))
            else:
                raise no_route()
        if not node.methods:
            raise no_route()
        if method not in node.methods:
            raise no_method(method)
        route = node.methods[method]
        return route, dict(zip(_names(route.path), values, strict=True))

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.split("/")[1:]:
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.children.setdefault(segment, _Node())
        node.methods[route.method] = route


def _names(path: str) -> list[str]:
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


def malformed(parameters: dict[str, str]) -> str | None:
    """The name of the first path parameter with a wrong format, or None."""
    return next(
        (name for name, value in parameters.items() if not _is_well_formed(name, value)), None
    )


def _is_well_formed(name: str, value: str) -> bool:
    if name in HEX:
        return is_hex32(value)
    return name in NAMED or not name.endswith("_id") or is_uuid(value)
