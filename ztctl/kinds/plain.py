"""Kinds that are plain REST: the calls as data, where the mark stands, and two conversions.

Such a kind says only ``rest``, ``place``, ``from_api`` and ``to_api``; whatever else it overrides
is what sets it apart. Its list holds whole objects, and a write answers with the object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Annotated, Any, ClassVar, Protocol

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.flows import Ask, gone_is_done
from ztctl.core.model.identity import Fields
from ztctl.core.model.kind import Kind
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Normalised
from ztctl.core.model.objects import EMPTY, Live, Mark, Values, Wanted
from ztctl.core.model.plan import Change
from ztctl.core.model.values import Lookup, Ref
from ztctl.kinds.common import ids_of, listing, objects, segment, text_of, written

Patience = tuple[tuple[int, str], ...]
FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Rest:
    """The calls of one collection.

    Attributes:
        path: of the list and of creation; one object is below it, by its id.
        permission: what the token needs, as Cloudflare calls it.
        per_page: the documented maximum; 0 where the list has no pages.
        query: filters of the list.
        change: ``PUT`` replaces, ``PATCH`` merges.
        unique: the fields that no two objects share. A created object is found again by them, and
            where the mark is in the comment they are the key.
        delete_patience: answers to a deletion that pass by themselves: status and part of the text.
        optional: a token that may not read the list (403) is no failure, unless the files use it.
    """

    path: str
    permission: str
    per_page: int = 1000
    query: Mapping[str, str] = field(default_factory=dict)
    change: str = "PUT"
    unique: tuple[str, ...] = ("name",)
    delete_patience: Patience = ()
    optional: bool = False

    def all(self) -> Call:
        """List every object, in pages."""
        return listing(self.path, self.permission, self.per_page, **self.query)

    def new(self, body: Any) -> Call:
        """Create one object."""
        return Call("POST", self.path, body, permission=self.permission)

    def one(self, method: str, id: str, body: Any = None, patience: Patience = ()) -> Call:
        """Change or delete one object."""
        path = f"{self.path}/{segment(id)}"
        return Call(method, path, body, permission=self.permission, patience=patience)


class Place(Protocol):
    """Where the mark of an object stands."""

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """The key and the mark of a live object, from its name and the reply of the API."""


class InName:
    """The live name is ``<key>.ztctl-<stack>``."""

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """Split the name."""
        return Mark.of_name(name)


def _one_line(value: Any) -> Any:
    # The mark is the last word, so that blanks at the ends would come and go with it.
    return " ".join(value.split()) if isinstance(value, str) else value


Comment = Annotated[str | None, Normalised(_one_line)]


@dataclass(frozen=True, slots=True)
class InComment:
    """The mark is the last word of the comment, after the user's own words.

    ``longest`` is how many characters the API takes, the mark included; 0 where that is not known.
    """

    longest: int = 0

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """The name is the key; the last word is the mark, if it is one."""
        return name, Mark.read(text_of(raw, "comment").rpartition(" ")[2])

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the mark behind the comment; live words stay if none are said."""
        said = wanted.values.get("comment") if "comment" in wanted.values else _words(live)
        return {**wanted.values, "comment": _marked(said, Mark(stack, wanted.protect))}

    def off(self, live: Live) -> Values:
        """The live values with the user's own words alone in the comment."""
        return {**live.values, "comment": _words(live)}

    def last_word(self, wanted: Wanted) -> Iterator[str]:
        """The word of a file's comment that could be taken for a mark."""
        yield str(wanted.values.get("comment") or "").rpartition(" ")[2]

    def too_long(self, wanted: Wanted, stack: str) -> Iterator[Problem]:
        """A problem when comment and mark are longer than the API takes."""
        mark = Mark(stack, wanted.protect)
        said = _marked(wanted.values.get("comment"), mark)
        if 0 < self.longest < len(said):
            yield Problem(
                f"{wanted.address}: with the mark {str(mark)!r} behind it the comment has "
                f"{len(said)} characters, and {self.longest} is the most",
                wanted.where,
                "write a shorter one",
            )


def _words(live: Live | None) -> str:
    text = text_of(live.raw, "comment") if live else ""
    head, _, last = text.rpartition(" ")
    return head if Mark.read(last) else text


def _label(value: Any) -> str:
    match value:
        case Ref():
            return value.to.key
        case Lookup():
            return value.name
        case _:
            return str(value)


def _marked(words: str | None, mark: Mark) -> str:
    return " ".join(filter(None, (words, str(mark))))


class PlainKind(Kind):
    """A kind of which only the calls, the mark and the spelling on the wire need to be said."""

    rest: ClassVar[Rest]
    place: ClassVar[Place | None] = None

    def __init_subclass__(cls) -> None:
        """``place`` alone says where the mark is."""
        cls.named_by_mark = isinstance(cls.place, InName)

    def from_api(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of a reply in the words of the file."""
        return raw

    def to_api(self, values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a write; ``carried`` is the live object as the API gave it."""
        raise NotImplementedError

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """What a live object is called."""
        return text_of(raw, "name")

    # -- identity ---------------------------------------------------------------------------

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """The wanted object; a name beside a mark in the comment claims nothing unmarked."""
        wanted = super().declare(key, fields, where=where, origin=origin)
        return wanted if self.named_by_mark else replace(wanted, name=None)

    def slot(self, wanted: Wanted) -> str:
        """The unique fields, in the words of the file."""
        if not isinstance(self.place, InComment) or not wanted.values:
            return super().slot(wanted)
        given = (wanted.values.get(name) for name in self.rest.unique)
        return "@".join(_label(value) for value in given if value is not None)

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The unique fields, references resolved."""
        if not isinstance(self.place, InComment):
            return super().natural_keys(wanted, ledger)
        values = self.complete(wanted, None, ledger)
        parts = [ids_of(values.get(name), ledger) for name in self.rest.unique]
        return frozenset("@".join(found) for found in product(*parts))

    def live_keys(self, live: Live) -> frozenset[str]:
        """The unique fields as they are live."""
        if not isinstance(self.place, InComment):
            return super().live_keys(live)
        return frozenset({"@".join(str(live.values.get(it) or "") for it in self.rest.unique)})

    # -- the mark ---------------------------------------------------------------------------

    def texts_at_mark(self, wanted: Wanted) -> Iterator[str]:
        """The texts of a file that stand where the mark could stand."""
        if isinstance(self.place, InComment):
            return self.place.last_word(wanted)
        return super().texts_at_mark(wanted)

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """The wanted values with the mark on."""
        if isinstance(self.place, InComment):
            return self.place.put(wanted, live, ledger.stack)
        return super().complete(wanted, live, ledger)

    def unmarked(self, live: Live) -> Values:
        """The live values with the mark taken off."""
        return self.place.off(live) if isinstance(self.place, InComment) else super().unmarked(live)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Comments that leave no room for the mark."""
        yield from super().check(declared)
        for wanted in declared.wanted:
            if wanted.address.kind == self.name and isinstance(self.place, InComment):
                yield from self.place.too_long(wanted, declared.stack)

    # -- flows ------------------------------------------------------------------------------

    def needed(self, ask: Ask) -> bool:
        """What carries no mark is read only when something refers to it by name."""
        return self.place is not None or self.name in ask.lookups

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Every object of the account; none where the list is optional and may not be read."""
        try:
            return (yield from self.everything())
        except CallFailed as failure:
            if failure.status != FORBIDDEN or not self.rest.optional or self.name in ask.used:
                raise
            return ()

    def reread(self, ask: Ask, changes: Sequence[Change]) -> Flow[tuple[Live, ...]]:
        """Every object once more."""
        return (yield from self.everything())

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Every object of the account."""
        found = yield self.rest.all()
        return tuple(self.live_from(raw) for raw in objects(found))

    def create(self, values: Values) -> Flow[Live]:
        """Make the object."""
        made = yield from written(self.rest.new(self.to_api(values, EMPTY)))
        return self.live_from(made)

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Write the object; what the file leaves unsaid is carried over by ``to_api``."""
        call = self.rest.one(self.rest.change, live.id, self.to_api(values, live.raw))
        return self.live_from((yield from written(call)))

    def delete(self, live: Live) -> Flow[None]:
        """Delete the object."""
        yield from gone_is_done(
            self.rest.one("DELETE", live.id, patience=self.rest.delete_patience)
        )

    def find(self, values: Values) -> Flow[Live | None]:
        """The object with these unique fields."""
        unique = [name for name in self.rest.unique if values.get(name) is not None]
        return next(
            (
                live
                for live in (yield from self.everything())
                if all(live.values.get(name) == values[name] for name in unique)
            ),
            None,
        )

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """A live object from the reply of the API; of what is never written only the name stays."""
        name = self.name_of(raw)
        key, mark = self.place.read(name, raw) if self.place else (name, None)
        values = canonical_fields(self.specs, self.from_api(raw))
        kept = raw if self.section else EMPTY
        return Live(self.name, text_of(raw, "id") or name, name, key, values, mark=mark, raw=kept)
