"""Scripted faults: the n-th request of a kind meets the same fate every time.

No chance is involved. A fault that lets the request through first is how a client's behaviour
after a lost answer is tested: the write was done, nobody heard of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from ztctl.sandbox.envelope import JSON_TYPE, refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Pairs, Response

Kind = Literal["status", "reset_before", "reset_after", "hang", "hang_after", "body"]
Body = bytes | str | Object | None

_AFTER = ("reset_after", "hang_after", "body")


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
        silence = handled or Response(0)
        if self.kind.startswith("reset"):
            return replace(silence, fate="reset")
        if self.kind.startswith("hang"):
            return replace(silence, fate="hang")
        if handled is not None and self.keep_status:
            return replace(self.answer, status=handled.status)
        return self.answer


@dataclass(slots=True)
class Faults:
    """The script. Of several faults that match one request, the first added strikes."""

    script: list[Fault] = field(default_factory=list)

    def add(
        self,
        *,
        kind: Kind = "status",
        method: str | None = None,
        path: str = "",
        nth: int = 1,
        times: int | None = 1,
        status: int | None = None,
        body: Body = None,
        headers: dict[str, str] | None = None,
    ) -> Fault:
        """Strike `times` requests (None: all) from the `nth` one on that matches.

        `path` is a regular expression searched in the path without `/client/v4`. Kinds: `status`
        answers `status` (default 500) and does nothing; `body` does the work and answers this
        body (and status, if given); `reset_before` and `hang` do nothing, `reset_after` and
        `hang_after` do the work first. Raises ValueError for a script that cannot run.
        """
        if kind not in get_args(Kind) or nth < 1 or (times is not None and times < 1):
            raise ValueError("unknown kind of fault, or nth or times below 1")
        answer = _answer(status or 500, body, headers or {})
        wanted = method.upper() if method else None
        fault = Fault(wanted, re.compile(path), kind, nth, times, answer, status is None)
        self.script.append(fault)
        return fault

    def clear(self) -> None:
        """Forget the whole script."""
        self.script.clear()

    def striking(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request. Every fault that matches counts it."""
        struck = [fault for fault in self.script if fault.strikes(method, path)]
        return struck[0] if struck else None


def _answer(status: int, body: Body, headers: dict[str, str]) -> Response:
    extra: Pairs = tuple((name.lower(), value) for name, value in headers.items())
    if body is None:
        code = 971 if status == 429 else 10001
        plain = refused(ApiError(status, code, "scripted fault"), "0" * 16)
        return replace(plain, headers=(*plain.headers, *extra))
    if isinstance(body, dict):
        return Response(status, (JSON_TYPE, *extra), json.dumps(body).encode())
    raw = body.encode() if isinstance(body, str) else body
    kind = (
        () if any(name == "content-type" for name, _ in extra) else (("content-type", "text/html"),)
    )
    return Response(status, (*kind, *extra), raw)
