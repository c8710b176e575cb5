"""Kinds that are plain REST: the calls as data, where the mark stands, and two conversions.

Such a kind says only ``rest``, ``marking``, ``from_api`` and ``to_api``; whatever else it overrides
is what sets it apart. Its list holds whole objects, and a write answers with the object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Annotated, Any, ClassVar

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.flows import Ask, gone_is_done
from ztctl.core.model.identity import Fields
from ztctl.core.model.kind import Kind
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Normalised
from ztctl.core.model.marks import UNMARKED, Marking
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
        patience: by method, answers that pass by themselves: status and part of the text.
        optional: a token that may not read the list (403) is no failure, unless the files use it.
        names: the API's names of fields that it calls otherwise than the file.
    """

    path: str
    permission: str
    per_page: int = 1000
    query: Mapping[str, str] = field(default_factory=dict)
    change: str = "PUT"
    unique: tuple[str, ...] = ("name",)
    patience: Mapping[str, Patience] = field(default_factory=dict)
    optional: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def all(self) -> Call:
        """List every object, in pages."""
        return listing(self.path, self.permission, self.per_page, **self.query)

    def new(self, body: Any) -> Call:
        """Create one object."""
        return self._call("POST", self.path, body)

    def one(self, method: str, id: str, body: Any = None) -> Call:
        """Change or delete one object."""
        return self._call(method, f"{self.path}/{segment(id)}", body)

    def _call(self, method: str, path: str, body: Any) -> Call:
        patience = self.patience.get(method, ())
        return Call(method, path, body, permission=self.permission, patience=patience)


def _one_line(value: Any) -> Any:
    # The mark is the last word, so that blanks at the ends would come and go with it.
    return " ".join(value.split()) if isinstance(value, str) else value


Comment = Annotated[str | None, Normalised(_one_line)]


@dataclass(frozen=True, slots=True)
class InComment(Marking):
    """The mark is the last word of the comment, after the user's own words.

    ``longest`` is how many characters the API takes, the mark included; 0 where that is not known.
    """

    where = "the comment's last word"
    longest: int = 0

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """The name is the key; the last word is the mark, if it is one."""
        return name, Mark.read(text_of(raw, "comment").rpartition(" ")[2])

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the mark behind the comment."""
        stated = wanted.values.get("comment") if "comment" in wanted.values else _words(live)
        return {**wanted.values, "comment": _marked(stated, Mark(stack, wanted.protect))}

    def off(self, live: Live) -> Values:
        """The live values with the user's own words alone in the comment."""
        return {**live.values, "comment": _words(live)}

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """The last word of the file's comment."""
        yield str(wanted.values.get("comment") or "").rpartition(" ")[2]

    def too_long(self, wanted: Wanted, stack: str) -> Iterator[Problem]:
        """A problem when comment and mark are longer than the API takes."""
        mark = Mark(stack, wanted.protect)
        length = len(_marked(wanted.values.get("comment"), mark))
        if 0 < self.longest < length:
            yield Problem(
                f"{wanted.address}: with the mark {str(mark)!r} behind it the comment has "
                f"{length} characters, and {self.longest} is the most",
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

    def from_api(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of a reply in the words of the file."""
        return {**raw, **{name: raw.get(api) for name, api in self.rest.names.items()}}

    def to_api(self, values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a write; ``carried`` is the live object as the API gave it."""
        stated = (name for name, spec in self.specs.items() if spec.compared)
        sent = {self.rest.names.get(name, name): values.get(name) for name in stated}
        return {name: value for name, value in sent.items() if value is not None}

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """What a live object is called."""
        return text_of(raw, "name")

    # -- flows ------------------------------------------------------------------------------

    def needed(self, ask: Ask) -> bool:
        """What carries no mark is read only when something refers to it by name."""
        return self.marking is not UNMARKED or self.name in ask.lookups

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
        yield from gone_is_done(self.rest.one("DELETE", live.id))

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
        key, mark = self.marking.read(name, raw)
        values = canonical_fields(self.specs, self.from_api(raw))
        kept = raw if self.section else EMPTY
        return Live(self.name, text_of(raw, "id") or name, name, key, values, mark=mark, raw=kept)


class CommentedKind(PlainKind):
    """A plain kind with the mark in the comment: its unique fields are what it is called."""

    marking: ClassVar[InComment] = InComment()

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """The wanted object; its name is a field like others and claims nothing unmarked."""
        return replace(super().declare(key, fields, where=where, origin=origin), name=None)

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """The key is the first unique field unless that is given."""
        first = self.rest.unique[0]
        return {**stated, first: stated.get(first) or key}

    def slot(self, wanted: Wanted) -> str:
        """The unique fields, in the words of the file."""
        given = (wanted.values.get(name) for name in self.rest.unique)
        parts = [_label(value) for value in given if value is not None]
        return "@".join(parts) or super().slot(wanted)

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The unique fields, references resolved."""
        values = self.complete(wanted, None, ledger)
        parts = [ids_of(values.get(name), ledger) for name in self.rest.unique]
        return frozenset("@".join(found) for found in product(*parts))

    def live_keys(self, live: Live) -> frozenset[str]:
        """The unique fields as they are live."""
        return frozenset({"@".join(str(live.values.get(it) or "") for it in self.rest.unique)})

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Comments that leave no room for the mark."""
        for wanted in declared.of(self.name):
            yield from self.marking.too_long(wanted, declared.stack)
