"""Control endpoints of a running sandbox: requests below `/sandbox/`, outside of the API.

| call | does |
|---|---|
| `GET log` | the latest requests, oldest first |
| `GET missed` | paths, methods, fields and parameters that clients used and that are not emulated |
| `GET export` | the whole account without secrets |
| `POST import` | replaces the account by an exported one |
| `POST reset` | deletes all state and seeds it again |
| `GET`, `POST`, `DELETE faults` | the scripted faults; POST adds one or a list |
| `PUT latency` | seconds, a distribution, or null |
| `PUT settings` | replaces the settings that are named |
| `PUT lag` | `{kind, seconds}`: delay until the edge sees writes of a kind |
| `POST connectors` | `{tunnel_id}`: one more running connector |
| `POST visits`, `POST private_visits` | simulates a request at the edge: the fields of `Visit`, `PrivateVisit` |

Bodies have the format of a script file (`ztctl.sandbox.script`), answers the envelope of the API.
Web pages must not reach these endpoints (CSRF, DNS rebinding): the `Host` must be a loopback name
or address, so that a foreign name that resolves to loopback is rejected; `Origin` must be absent
and `Sec-Fetch-Site` absent or `none` (an address that the user typed); a write must be
`application/json`, which an HTML form cannot send.
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ztctl.sandbox.dispatch import LARGEST
from ztctl.sandbox.envelope import answered, refused
from ztctl.sandbox.errors import ApiError, no_method, no_route
from ztctl.sandbox.faults import Fault
from ztctl.sandbox.latency import LONGEST
from ztctl.sandbox.messages import LogEntry, Object, Reply, Request, Response
from ztctl.sandbox.reading import (
    Reader,
    Unreadable,
    list_of,
    number,
    one_of,
    optional,
    parsed,
    read,
    record,
    text,
)
from ztctl.sandbox.script import FAULT, LAG_KINDS, SETTING, latency
from ztctl.sandbox.store import StateError
from ztctl.sandbox.visiting import PRIVATE_VISIT, VISIT

if TYPE_CHECKING:
    from ztctl.sandbox.service import Sandbox

PREFIX = "/sandbox/"
RAY = "0" * 16
HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?")

LAG: Reader = record(
    dict, {"kind": one_of(*LAG_KINDS), "seconds": number(0, LONGEST)}, ("kind", "seconds")
)
CONNECTOR = record(dict, {"tunnel_id": text}, ("tunnel_id",))
SETTINGS = record(dict, SETTING)


class Admin:
    """Control endpoints of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "log"): self._log,
            ("GET", "missed"): self._missed,
            ("GET", "export"): self._export,
            ("POST", "import"): self._import,
            ("POST", "reset"): self._reset,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("PUT", "latency"): self._latency,
            ("PUT", "settings"): self._settings,
            ("PUT", "lag"): self._lag,
            ("POST", "connectors"): self._connect,
            ("POST", "visits"): self._visit,
            ("POST", "private_visits"): self._visit_privately,
        }

    def handle(self, request: Request, *, peer: str = "127.0.0.1") -> Response:
        """Answer one request below `/sandbox/`; `peer` is the client's IP address."""
        try:
            _check_origin(request, peer)
            return answered(Reply(self._route(request)(request)), RAY)
        except ApiError as error:
            return refused(error, RAY)
        except Unreadable as error:
            first, *more = error.problems
            others = tuple((10001, problem) for problem in more)
            return refused(ApiError(400, 10001, first, more=others), RAY)
        except (OSError, StateError) as error:
            return refused(ApiError(500, 10001, f"the state is out of reach: {error}"), RAY)

    def _route(self, request: Request) -> Callable[[Request], Any]:
        name = request.path.removeprefix(PREFIX)
        if not any(known == name for _, known in self._routes):
            raise no_route()
        if (request.method, name) not in self._routes:
            raise no_method(request.method)
        return self._routes[request.method, name]

    def _log(self, request: Request) -> list[Object]:
        return [_entry(one) for one in tuple(self._sandbox.log)]

    def _missed(self, request: Request) -> Object:
        return self._sandbox.unsupported()

    def _export(self, request: Request) -> Object:
        return self._sandbox.export()

    def _import(self, request: Request) -> None:
        self._sandbox.import_(_json(request))

    def _reset(self, request: Request) -> None:
        _check_type(request)
        self._sandbox.reset()

    def _faults(self, request: Request) -> list[Object]:
        return [_fault(one) for one in tuple(self._sandbox.faults.script)]

    def _add_faults(self, request: Request) -> list[Object]:
        value = _json(request)
        scripts = read(value, list_of(FAULT)) if isinstance(value, list) else [read(value, FAULT)]
        return [_fault(self._sandbox.faults.add(**script)) for script in scripts]

    def _clear_faults(self, request: Request) -> None:
        self._sandbox.faults.clear()

    def _latency(self, request: Request) -> None:
        self._set(latency=read(_json(request), optional(latency)))

    def _settings(self, request: Request) -> None:
        self._set(**read(_json(request), SETTINGS))

    def _set(self, **settings: Any) -> None:
        self._sandbox.settings = replace(self._sandbox.settings, **settings)

    def _lag(self, request: Request) -> None:
        wanted = read(_json(request), LAG)
        self._sandbox.edge.lag(wanted["kind"], wanted["seconds"])

    def _connect(self, request: Request) -> None:
        try:
            self._sandbox.connect(read(_json(request), CONNECTOR)["tunnel_id"])
        except KeyError as error:
            raise ApiError(404, 1003, "Tunnel not found") from error

    def _visit(self, request: Request) -> Object:
        return asdict(self._sandbox.edge.visit(read(_json(request), VISIT)))

    def _visit_privately(self, request: Request) -> Object:
        visit = read(_json(request), PRIVATE_VISIT)
        return asdict(self._sandbox.edge.connect_privately(visit))


def is_loopback(host: str) -> bool:
    """Whether a host is `localhost` or a loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_origin(request: Request, peer: str) -> None:
    match = HOST.fullmatch(request.header("host") or "")
    if match is None or not is_loopback(match["name"].lower()) or not is_loopback(peer):
        raise ApiError(403, 9109, "The sandbox is steered from this machine only")
    site = request.header("sec-fetch-site")
    if request.header("origin") is not None or site not in (None, "none"):
        raise ApiError(403, 9109, "The sandbox is not steered by web pages")


def _check_type(request: Request) -> None:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(400, 9207, "Content-type must be application/json")


def _json(request: Request) -> Any:
    _check_type(request)
    if len(request.body) > LARGEST:
        raise ApiError(413, 10001, "Request body is too large")
    return parsed(request.body)


def _entry(one: LogEntry) -> Object:
    return {
        "time": one.time.isoformat(),
        "method": one.method,
        "path": one.path,
        "query": [list(pair) for pair in one.query],
        "body": one.body.decode("utf-8", "replace"),
        "status": one.status,
        "seconds": one.seconds,
    }


def _fault(one: Fault) -> Object:
    return {
        "kind": one.kind,
        "method": one.method,
        "path": one.path.pattern,
        "nth": one.nth,
        "times": one.times,
        "status": one.answer.status,
        "seconds": one.seconds,
        "seen": one.seen,
        "hits": one.hits,
    }
