"""Snapshots: the replies of an account to what was read of it, kept in a file, and given again.

A snapshot is read where no token may be, such as for a pull request of a stranger, and by people
who have no access to the account, such as with a bug report. So it holds no credential; and what
it lacks was not asked for, which is another failure than that it is not there. It is JSON, and the
shape is in ``schemas/snapshot.schema.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ztctl import __version__
from ztctl.cloudflare import jsontext
from ztctl.cloudflare.envelope import Reply, Response, read
from ztctl.cloudflare.errors import NotRecorded, Rejected
from ztctl.cloudflare.paging import Listing
from ztctl.cloudflare.verify import Sender
from ztctl.core.model.calls import Call, CallFailed, Json, Keep
from ztctl.core.model.credentials import sealed
from ztctl.core.model.diagnostics import Failure

# Raised in its first figure by what an older reader would not understand.
FORMAT: Final = "1.0"
# What a token may or may not do. Other failures tell of the hour, not of the account.
_LASTING: Final = range(400, 500)
_PASSING: Final = 429
_FORMATS: Final = re.compile(r"1\.\d{1,3}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AGAIN: Final = "take it again: ztctl snapshot FILE"
Question = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A failure in place of a reply: HTTP status, code and message of each error."""

    status: int
    errors: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The replies of one account; answers calls as a client does, and sends none.

    Attributes:
        account: the account's id.
        account_name: its name; empty where the token could not see it.
        taken: when, in UTC, as in ``2026-11-30T06:31:21Z``.
        redacted: names, addresses and ids have been replaced.
        whole: all was asked for that any command reads, not only what some files need.
        replies: by path and query, ``{account}`` in place of the account's id: the ``result``, of a
            list all pages, or why there is none.
    """

    account: str
    account_name: str
    taken: str
    redacted: bool
    whole: bool
    replies: Mapping[Question, Json] = field(repr=False)

    @property
    def count(self) -> int:
        """Requests sent: none ever is."""
        return 0

    async def send(self, call: Call) -> Json:
        """Return the recorded result of a call.

        Raises:
            CallFailed: as the service failed it then; ``NotRecorded`` where nobody asked.
        """
        if call.writes:
            raise Rejected(call, "a snapshot cannot be written to")
        answer = self.replies.get(question(call), _NOWHERE)
        if answer is _NOWHERE:
            raise NotRecorded(call, "the snapshot does not hold it")
        if isinstance(answer, Refused):
            body = {"success": False, "errors": [_error(*error) for error in answer.errors]}
            read(call, Response(answer.status, {}, json.dumps(body).encode()))
        if not call.is_list:
            return answer
        # A file may hold anything: objects of a list are checked as those of a reply.
        listing = Listing(call)
        listing.add(Reply(answer))
        return list(listing.found.values())

    @property
    def refused(self) -> tuple[str, ...]:
        """The paths that the token was not allowed to read."""
        found = self.replies.items()
        forbidden = {path for (path, _), it in found if isinstance(it, Refused) if it.status == 403}
        return tuple(sorted(forbidden))


_NOWHERE: Final = object()


def question(call: Call) -> Question:
    """What a call asks for, whatever its pages."""
    return call.path, tuple(sorted(call.query))


def _error(code: int, message: str) -> dict[str, Json]:
    return {"code": code, "message": message}


# -- taking ---------------------------------------------------------------------------------


class Recorder:
    """Passes calls on, and keeps what came back without credentials.

    Attributes:
        account: the account's id.
        replies: as in `Snapshot`.
    """

    def __init__(self, source: Sender) -> None:
        self._source = source
        self.account = source.account
        self.replies: dict[Question, Json] = {}

    @property
    def count(self) -> int:
        """How many calls came back, or were refused for good."""
        return len(self.replies)

    async def send(self, call: Call) -> Json:
        """Return the result of a call as it came.

        Raises:
            CallFailed: the call failed; kept, if it would fail again.
        """
        try:
            result = await self._source.send(call)
        except CallFailed as failure:
            status = failure.status or 0
            if status in _LASTING and status != _PASSING:
                errors = tuple((it.code, it.message) for it in failure.errors)
                self.replies[question(call)] = Refused(status, errors)
            raise
        if not call.writes:
            self.replies[question(call)] = kept(result, call.keep)
        return result


def kept(result: Json, keep: Keep | None) -> Json:
    """What may be written into a file of a result."""
    if keep is None:
        return sealed(result)
    if isinstance(result, list):
        return [kept(item, keep) for item in result]
    return sealed(keep(result)) if isinstance(result, Mapping) else sealed(result)


# -- the file -------------------------------------------------------------------------------


def text_of(snapshot: Snapshot) -> str:
    """The snapshot as the text of a file, the same for the same replies."""
    document = {
        "type": "snapshot",
        "format_version": FORMAT,
        "ztctl_version": __version__,
        "taken": snapshot.taken,
        "account": {"id": snapshot.account, "name": snapshot.account_name},
        "redacted": snapshot.redacted,
        "whole": snapshot.whole,
        "replies": [_reply(*item) for item in sorted(snapshot.replies.items(), key=_place)],
    }
    return f"{json.dumps(document, indent=1)}\n"


def _place(item: tuple[Question, Json]) -> Question:
    return item[0]


def _reply(asked: Question, answer: Json) -> dict[str, Json]:
    path, query = asked
    place = {"path": path, "query": dict(query)}
    if not isinstance(answer, Refused):
        return {**place, "result": answer}
    errors = [_error(*error) for error in answer.errors]
    return {**place, "status": answer.status, "errors": errors}


def parse(content: bytes, name: str) -> Snapshot:
    """Parse the file of a snapshot, which may come from anybody.

    Raises:
        Failure: it is no snapshot, is damaged, or of a newer version of ztctl.
    """
    try:
        document = jsontext.parse(content)
    except ValueError as reason:
        raise Failure(f"{name} is not a snapshot: it is {reason}", _AGAIN) from None
    if not isinstance(document, dict) or document.get("type") != "snapshot":
        raise Failure(f"{name} is not a snapshot", "ztctl snapshot FILE writes one")
    if not _FORMATS.fullmatch(str(document.get("format_version"))):
        text = f"{name} is a snapshot of another format than {FORMAT}"
        raise Failure(text, f"use the version of ztctl that wrote it, or {_AGAIN}")
    try:
        return _snapshot(document)
    except _Damaged as error:
        raise Failure(f"{name} is damaged: {error}", _AGAIN) from None


class _Damaged(Exception):
    """What is wrong with a file."""


def _snapshot(document: Mapping[str, Json]) -> Snapshot:
    account, replies = document.get("account"), document.get("replies")
    _require(isinstance(account, dict), "`account` is no object")
    _require(isinstance(replies, list), "`replies` is no list")
    key, name = _text(account, "id", "account."), _text(account, "name", "account.")
    _require(_ACCOUNT.fullmatch(key) is not None, "`account.id` is no id of an account")
    taken = _text(document, "taken", "")
    _require(_TIME.fullmatch(taken) is not None, "`taken` is no time such as 2026-11-30T06:31:21Z")
    for flag in ("redacted", "whole"):
        _require(isinstance(document.get(flag), bool), f"`{flag}` is neither true nor false")
    found: dict[Question, Json] = {}
    for place, item in enumerate(replies or ()):
        where = f"replies[{place}]"
        _require(isinstance(item, dict), f"`{where}` is no object")
        asked = _question(item, f"{where}.")
        _require(asked not in found, f"`{where}` answers {asked[0]!r} a second time")
        found[asked] = _answer(item, f"{where}.")
    return Snapshot(key, name, taken, document["redacted"], document["whole"], found)


def _question(item: Mapping[str, Json], where: str) -> Question:
    query = item.get("query")
    plain = isinstance(query, dict) and all(isinstance(it, str) for it in query.values())
    _require(plain, f"`{where}query` is no object of texts")
    return _text(item, "path", where), tuple(sorted(query.items())) if query else ()


def _answer(item: Mapping[str, Json], where: str) -> Json:
    if "result" in item:
        return item["result"]
    status, errors = item.get("status"), item.get("errors")
    lasting = type(status) is int and status in _LASTING
    _require(lasting, f"`{where}` has no result, and no status from 400 to 499")
    _require(isinstance(errors, list), f"`{where}errors` is no list")
    return Refused(status or 0, tuple(_refusal(it, where) for it in errors or ()))


def _refusal(error: Json, where: str) -> tuple[int, str]:
    code = error.get("code") if isinstance(error, dict) else None
    _require(type(code) is int, f"an error of `{where}errors` has no code")
    return code or 0, _text(error, "message", f"{where}errors[].")


def _text(raw: Any, name: str, where: str) -> str:
    value = raw.get(name) if isinstance(raw, dict) else None
    _require(isinstance(value, str), f"`{where}{name}` is no text")
    return str(value)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise _Damaged(what)
