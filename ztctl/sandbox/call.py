"""A request as a handler sees it: path parameters, query and parsed body."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ztctl.sandbox.errors import ApiError, bad_request
from ztctl.sandbox.fields import Shape
from ztctl.sandbox.messages import Object, Request
from ztctl.sandbox.reading import too_deep
from ztctl.sandbox.state import State
from ztctl.sandbox.store import Change, Store

# Members that the service alone sets.
READ_ONLY = (
    *("id", "uid", "aud", "app_id", "reusable", "app_count", "created_at", "updated_at"),
    *("zone_id", "zone_name", "meta", "proxiable", "created_on", "modified_on"),
    *("comment_modified_on", "tags_modified_on"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """The argument of a handler.

    `ignored` collects the fields of the body that are not emulated, `known` the paths of what the
    stored object holds. `lasting` are changes that are written even if the call is refused and its
    other writes are rolled back. `scope` takes the place of the whole store where zones have
    objects of their own.
    """

    state: State
    request: Request
    params: dict[str, str]
    ignored: list[str] = field(default_factory=list)
    lasting: list[Change] = field(default_factory=list)
    scope: Store | None = None
    known: set[str] = field(default_factory=set)

    @property
    def store(self) -> Store:
        """The object store, or the part of it that the account or zone in the path sees."""
        return self.state.store if self.scope is None else self.scope

    def query(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        given = self.queries(name)
        return given[-1] if given else None

    def queries(self, name: str) -> list[str]:
        """Every value of a query parameter, in order."""
        return [value for key, value in self.request.query if key == name]

    def switch(self, name: str) -> bool | None:
        """A boolean query parameter, or None; raises ApiError 400 for another value."""
        value = self.query(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false"):
            raise bad_request(f"{name} must be true or false")
        return value.lower() == "true"

    def body(self) -> Object:
        """The body as a JSON object; raises ApiError 400 for anything else (codes unrecorded)."""
        self._check_type()
        value = _parsed(self.request.body)
        if not isinstance(value, dict):
            raise ApiError(400, 6007, "Request body must be a JSON object")
        return value

    def array(self) -> list[Any]:
        """The body as a JSON array; raises ApiError 400 for anything else, as `body` does."""
        self._check_type()
        value = _parsed(self.request.body)
        if not isinstance(value, list):
            raise ApiError(400, 6007, "Request body must be a JSON array")
        return value

    def fields(self, shape: Shape) -> Object:
        """The validated body with defaults; fields that `shape` lacks are noted as ignored."""
        return self.read(shape, self.body())

    def read(
        self, shape: Shape, body: Object, where: str = "", known: Object | None = None
    ) -> Object:
        """`fields` for a part of the body; `where` is the prefix of ignored fields.

        A member that nobody describes is taken where the stored object `known` has it, at whatever
        depth: the service that put it there knows it.
        """
        return self._whole(shape, shape.full(body), body, where, known)

    def foreign(
        self, body: Object, unknown: Iterable[str], where: str, read_only: Collection[str] = ()
    ) -> Object:
        """Those `unknown` members of a body that the stored object has; the others are noted."""
        names = list(unknown)
        own = [name for name in names if self.holds(where + name) and name not in read_only]
        self.ignored.extend(where + name for name in names if name not in own)
        return {name: body[name] for name in own}

    def holds(self, path: str) -> bool:
        """Whether the stored object has a member at this path, in whichever element of a list."""
        return _place(path) in self.known

    def _with_foreign(self, read: Any, sent: Any, where: str) -> Any:
        """A value that was read, with what the reading left out though the stored object has it."""
        if isinstance(read, dict) and isinstance(sent, dict):
            inner = {
                name: self._with_foreign(value, sent.get(name), f"{where}.{name}")
                for name, value in read.items()
            }
            left_out = [name for name in sent if name not in inner and sent[name] is not None]
            return {**self.foreign(sent, left_out, where + "."), **inner}
        if isinstance(read, list) and isinstance(sent, list) and len(read) == len(sent):
            pairs = enumerate(zip(read, sent, strict=True))
            return [self._with_foreign(*pair, f"{where}[{place}]") for place, pair in pairs]
        return read

    def kept(self, shape: Shape, body: Object, old: Object, *replaced: str) -> Object:
        """The body of a PUT, with stored members where the service keeps what is left out.

        Members named as `replaced` are never filled in. Null is sent, and empties the member.
        """
        if not self.state.settings.keeps_omitted:
            return body
        names = (one.name for one in shape.fields if one.name not in replaced)
        return {**{name: old[name] for name in names if name in old}, **body}

    def merged(
        self, shape: Shape, body: Object, where: str = "", known: Object | None = None
    ) -> Object:
        """`read` without defaults, for the fields that a PATCH changes."""
        return self._whole(shape, shape.sent(body), body, where, known)

    def _whole(
        self, shape: Shape, read: Object, sent: Object, where: str, known: Object | None
    ) -> Object:
        if known is not None:
            self.known.update(_paths(known, _place(where)))
        described = {
            name: self._with_foreign(value, sent.get(name), where + name)
            for name, value in read.items()
        }
        read_only = () if known is None else READ_ONLY
        return {**self.foreign(sent, shape.unknown(sent), where, read_only), **described}

    def _check_type(self) -> None:
        sent = self.request.header("content-type")
        if sent is not None and sent.partition(";")[0].strip().lower() != "application/json":
            raise ApiError(400, 9207, "Content-type must be application/json")


def _place(path: str) -> str:
    """A path without the places in lists: the elements of a list are of one kind."""
    return re.sub(r"\[[0-9]+\]", "[]", path)


def _paths(value: Any, where: str) -> Iterator[str]:
    """The paths of all members of a value; `where` is the prefix of its own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield where + name
            yield from _paths(inner, f"{where}{name}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{where.removesuffix('.')}[].")


def _parsed(body: bytes) -> Any:
    try:
        # Python also parses NaN, Infinity and 1e999, which are no JSON or do not fit a double.
        value = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, 6007, "Malformed JSON in request body") from error
    if too_deep(value):
        raise ApiError(400, 6007, "Request body is nested too deeply")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(digits[:20])
    return value
