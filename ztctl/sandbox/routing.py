"""From a path to a handler: routes are data, declared by the endpoint families."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, no_route
from ztctl.sandbox.ids import is_hex32, is_uuid
from ztctl.sandbox.messages import Reply
from ztctl.sandbox.store import Index

Handler = Callable[[Call], Reply]

# The shapes that identifiers in a path must have. A tag is addressed by its name.
SHAPES: dict[str, Callable[[object], bool]] = {
    "account_id": is_hex32,
    "zone_id": is_hex32,
    "record_id": is_hex32,
    "app_id": is_uuid,
    "policy_id": is_uuid,
    "group_id": is_uuid,
    "idp_id": is_uuid,
    "service_token_id": is_uuid,
    "tunnel_id": is_uuid,
    "route_id": is_uuid,
    "virtual_network_id": is_uuid,
    "hostname_route_id": is_uuid,
    "target_id": is_uuid,
    "certificate_id": is_uuid,
    "rule_id": is_uuid,
}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    `groups` are permission groups of which the token needs one (none: any token will do), in
    their Write form when `write`, Write or Revoke when `revoke`; `query` are the query
    parameters that are emulated.
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
    """One endpoint family: its routes, and the indexes its lookups need."""

    routes: tuple[Route, ...]
    indexes: tuple[Index, ...] = ()


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    methods: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the route of a request; a literal segment beats a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the decoded parameters of a path (without the prefix).

        Raises ApiError 404/7003 for an unknown path and 405/7001 for an unknown method; whether
        its parameters are well-formed is for `malformed` to say.
        """
        node, values = self._root, list[str]()
        for segment in path.split("/")[1:]:
            if (child := node.children.get(segment)) is not None:
                node = child
            elif node.parameter is not None:
                node = node.parameter
                values.append(unquote(segment))
            else:
                raise no_route(path)
        if not node.methods:
            raise no_route(path)
        if method not in node.methods:
            # The code is unrecorded.
            raise ApiError(405, 7001, f"Method {method[:20]} not available for that URI.")
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
    """The name of a path parameter that cannot be an identifier of its kind."""
    return next(
        (name for name, value in parameters.items() if name in SHAPES and not SHAPES[name](value)),
        None,
    )
