"""Scripted faults: the n-th request of a kind meets the same fate every time.

No chance is involved. A fault that lets the request through first is how a client's behaviour
after a lost answer is tested: the write was done, nobody heard of it. An answer that a fault
makes is sent as scripted: it neither counts to a rate limit nor tells one.
"""

from __future__ import annotations

import json
import math
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict, Unpack, get_args

from ztctl.sandbox.envelope import JSON_TYPE, refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Pairs, Response

Kind = Literal[
    "status",
    "unsuccessful",
    "body",
    "slow",
    "reset_before",
    "reset_after",
    "hang",
    "hang_after",
]
Body = bytes | str | Object | None

_AFTER = ("body", "slow", "reset_after", "hang_after")
_NO_BODY = (204, 304)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\t -~]*")


@dataclass(slots=True)
class Fault:
    """One scripted fault. `seen` counts the requests it matched, `hits` those it struck."""

    method: str | None
    path: re.Pattern[str]
    kind: Kind
    nth: int
    times: int | None
    answer: Response
    keep_status: bool
    seconds: float = 0.0
    seen: int = 0
    hits: int = 0

    @property
    def lets_through(self) -> bool:
        """Whether the request is handled before the fault strikes."""
        return self.kind in _AFTER

    def strikes(self, method: str, path: str) -> bool:
        """Count a request, and say whether this is one to strike."""
        if self.method not in (None, method) or self.path.search(path) is None:
            return False
        self.seen += 1
        past = self.seen - self.nth
        struck = past >= 0 and (self.times is None or past < self.times)
        self.hits += struck
        return struck

    def fate_of(self, handled: Response | None) -> Response:
        """What the client gets; `handled` is the true answer where there is one.

        The status is 0 when nothing was done and nothing is sent.
        """
        return replace(self._fate_of(handled), seconds=self.seconds)

    def _fate_of(self, handled: Response | None) -> Response:
        silence = handled or Response(0)
        if self.kind == "slow":
            return silence
        if self.kind.startswith("reset"):
            return replace(silence, fate="reset")
        if self.kind.startswith("hang"):
            return replace(silence, fate="hang")
        if handled is not None and self.keep_status:
            return replace(self.answer, status=handled.status)
        return self.answer


class FaultScript(TypedDict, total=False):
    """The arguments of `scripted`."""

    kind: Kind
    method: str | None
    path: str
    nth: int
    times: int | None
    status: int | None
    body: Body
    headers: dict[str, str] | None
    seconds: float


@dataclass(slots=True)
class Faults:
    """The script. Of several faults that match one request, the first added strikes."""

    script: list[Fault] = field(default_factory=list)
    _mutex: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **script: Unpack[FaultScript]) -> Fault:
        """Add one to the script: see `scripted` for what it says."""
        fault = scripted(**script)
        self.script.append(fault)
        return fault

    def clear(self) -> None:
        """Forget the whole script."""
        self.script.clear()

    def striking(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request. Every fault that matches counts it."""
        with self._mutex:
            struck = [fault for fault in self.script if fault.strikes(method, path)]
        return struck[0] if struck else None


def scripted(
    *,
    kind: Kind = "status",
    method: str | None = None,
    path: str = "",
    nth: int = 1,
    times: int | None = 1,
    status: int | None = None,
    body: Body = None,
    headers: dict[str, str] | None = None,
    seconds: float = 0,
) -> Fault:
    """A fault that strikes `times` requests (None: all) from the `nth` one on that matches.

    `path` is a regular expression searched in the path without `/client/v4`; without method and
    path every request matches, so `nth` counts all calls from the moment the fault is added, and
    the default of 1 means the next that matches. Kinds:

    - `status` does nothing and answers `status` (default 500);
    - `unsuccessful` does nothing and answers `success: false` with a status of success
      (default 200);
    - `body` does the work and answers this body (and status, if given);
    - `slow` does the work and answers truthfully after `seconds`;
    - `reset_before` and `hang` do nothing, `reset_after` and `hang_after` do the work first.

    Every kind waits `seconds` before its fate. Raises ValueError for a script that cannot run.
    """
    if kind not in get_args(Kind) or nth < 1 or (times is not None and times < 1):
        raise ValueError("unknown kind of fault, or nth or times below 1")
    _check_seconds(kind, seconds)
    chosen = status or (200 if kind == "unsuccessful" else 500)
    answer = _answer(chosen, body, _pairs(headers or {}))
    wanted = method.upper() if method else None
    return Fault(wanted, _pattern(path), kind, nth, times, answer, status is None, seconds)


def _check_seconds(kind: Kind, seconds: float) -> None:
    if not 0 <= seconds < math.inf or (kind == "slow" and seconds == 0):
        raise ValueError("seconds must be 0 or more, and for a slow answer more than 0")


def _pattern(path: str) -> re.Pattern[str]:
    try:
        return re.compile(path)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"path is not a regular expression: {error}") from error


def _pairs(headers: dict[str, str]) -> Pairs:
    pairs = tuple((name.lower(), value) for name, value in headers.items())
    for name, value in pairs:
        if _HEADER.fullmatch(f"{name}: {value}") is None:
            raise ValueError("a header must be a plain name and printable ASCII")
    return pairs


def _answer(status: int, body: Body, extra: Pairs) -> Response:
    if not 200 <= status <= 599:
        raise ValueError("status must be from 200 to 599")
    if status in _NO_BODY:
        return Response(status, extra)
    if body is None:
        code = 971 if status == 429 else 10001
        plain = refused(ApiError(status, code, "scripted fault"), "0" * 16)
        return replace(plain, headers=(*plain.headers, *extra))
    if isinstance(body, dict):
        return Response(status, (JSON_TYPE, *extra), json.dumps(body).encode())
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    typed = any(name == "content-type" for name, _ in extra)
    return Response(status, extra if typed else (("content-type", "text/html"), *extra), raw)
