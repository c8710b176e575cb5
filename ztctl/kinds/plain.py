"""Base classes of plain CRUD kinds, whose calls, field names and mark are data.

Such a kind sets ``rest`` and ``marking``, and converts fields in ``from_api`` and ``to_api`` if
names in ``Rest.names`` are not enough. Its list must return whole objects, and its writes the
object written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Annotated, Any, ClassVar

from ztctl.core.model.calls import Call, CallFailed, Flow, Keep, Passing, ReadFlow
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.flows import Ask, delete_if_present
from ztctl.core.model.identity import Fields
from ztctl.core.model.kind import Kind, Proposal
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Normalised
from ztctl.core.model.marks import UNMARKED, Marking
from ztctl.core.model.objects import EMPTY, Live, Mark, Values, Wanted
from ztctl.core.model.plan import Change, Refusal
from ztctl.core.model.values import Lookup, Ref
from ztctl.core.planning.compare import recanonised
from ztctl.kinds.carry import Body, Lists, lists_of, unmodelled
from ztctl.kinds.common import ids_of, listing, objects, segment, text_of, written


@dataclass(frozen=True, slots=True)
class Rest:
    """The calls of one collection.

    Attributes:
        path: path of the collection; an object's path is ``path/id``.
        permission: permission of the token, as named in the dashboard.
        per_page: documented maximum page size; 0 for a list without pages.
        members: what the list must tell of each object, as text, for its kind to recognise it.
        query: query parameters of the list.
        change: method of an update: ``PUT`` replaces, ``PATCH`` merges.
        unique: fields whose combination is unique. A create whose reply was lost is looked up by
            them; they are the natural key of kinds with the mark in the comment.
        patience: by method, failures to retry (see ``Call.patience``).
        optional: treat a 403 of the list as empty, unless the files use the kind.
        names: API names of fields that are named otherwise in the file.
        read_only: members of an object that a write does not take.
        required: members that are sent at their default, too.
        keep: as in ``Call``, of the list.
    """

    path: str
    permission: str
    per_page: int = 1000
    query: Mapping[str, str] = field(default_factory=dict)
    change: str = "PUT"
    unique: tuple[str, ...] = ("name",)
    patience: Mapping[str, tuple[Passing, ...]] = field(default_factory=dict)
    optional: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ("name",)
    read_only: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    keep: Keep | None = None

    def all(self) -> Call:
        """Make the call that lists all objects."""
        call = listing(self.path, self.permission, self.per_page, self.members, **self.query)
        return replace(call, patience=self.patience.get("GET", ()), keep=self.keep)

    def new(self, body: Any) -> Call:
        """Make the call that creates an object."""
        return self._call("POST", self.path, body)

    def one(self, method: str, id: str, body: Any = None) -> Call:
        """Make a call that changes or deletes one object."""
        return self._call(method, f"{self.path}/{segment(id)}", body)

    def _call(self, method: str, path: str, body: Any) -> Call:
        patience = self.patience.get(method, ())
        return Call(method, path, body, permission=self.permission, patience=patience)


def _one_line(value: Any) -> Any:
    # Blanks around the mark would be lost when it is removed, and show up as a difference.
    return " ".join(value.split()) if isinstance(value, str) else value


Comment = Annotated[str | None, Normalised(_one_line)]


@dataclass(frozen=True, slots=True)
class InComment(Marking):
    """The mark is the last word of the comment, after the user's own text.

    Attributes:
        longest: maximum length of a comment, mark included; 0 where it is not documented.
        member: what the comment is called, in the file and in the API.
    """

    where = "the comment's last word"
    member: ClassVar[str] = "comment"
    longest: int = 0

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """Use the name as the key, and parse the last word of the comment as a mark."""
        return name, Mark.read(text_of(raw, self.member).rpartition(" ")[2])

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the mark appended to the file's comment, or else the live one.

        What is claimed by its id keeps its comment.
        """
        if wanted.claim is not None:
            return wanted.values
        is_stated = self.member in wanted.values
        stated, held = wanted.values.get(self.member), self._user_text(live)
        # Blanks of the live text stay as they are: the file says the text without them.
        is_kept = not is_stated or _one_line(stated or "") == _one_line(held)
        text = held if is_kept else stated
        return {**wanted.values, self.member: _with_mark(text, Mark(stack, wanted.protect))}

    def off(self, live: Live) -> Values:
        """The live values with the user's own text as the comment."""
        return {**live.values, self.member: self._user_text(live)}

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """The last word of the file's comment, where a mark would be."""
        yield str(wanted.values.get(self.member) or "").rpartition(" ")[2]

    def too_long(self, wanted: Wanted, stack: str) -> Iterator[Problem]:
        """Report a comment of the file that is too long with the mark appended."""
        mark = Mark(stack, wanted.protect)
        comment = _with_mark(wanted.values.get(self.member), mark)
        yield from too_long(wanted, comment, mark, self.longest)

    def _user_text(self, live: Live | None) -> str:
        text = text_of(live.raw, self.member) if live else ""
        head, _, last = text.rpartition(" ")
        return head if Mark.read(last) else text


def too_long(wanted: Wanted, comment: str, mark: Mark, longest: int) -> Iterator[Problem]:
    """Report a comment, mark included, of more characters than ``longest``, unless that is 0."""
    if 0 < longest < len(comment):
        yield Problem(
            f"{wanted.address}: with the mark {str(mark)!r} behind it the comment has "
            f"{len(comment)} characters, and {longest} is the most",
            wanted.where,
            "write a shorter one",
        )


def _reference_label(value: Any) -> str:
    match value:
        case Ref():
            return value.to.key
        case Lookup():
            return value.name
        case _:
            return str(value)


def _with_mark(text: str | None, mark: Mark) -> str:
    return " ".join(filter(None, (text, str(mark))))


class PlainKind(Kind):
    """A kind whose objects are listed, created, changed and deleted by one call each."""

    rest: ClassVar[Rest]

    @property
    def collection(self) -> str:
        """The last word of ``rest.path``."""
        return self.rest.path.rpartition("/")[2]

    def from_api(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Convert an object of a reply to fields of the file."""
        return {**raw, **{name: raw.get(api) for name, api in self.rest.names.items()}}

    def to_api(self, values: Values) -> dict[str, Any]:
        """Convert fields of the file to members of the API; the inverse of ``from_api``."""
        sent = {api: values.get(name) for api, name in self._api_names().items()}
        return {name: value for name, value in sent.items() if value is not None}

    def _api_names(self) -> Mapping[str, str]:
        """The names of the fields, by their names in the API."""
        stated = (name for name, spec in self.specs.items() if spec.compared)
        return {self.rest.names.get(name, name): name for name in stated}

    @property
    def lists(self) -> Lists:
        """The lists of objects in the API, and how their elements are told apart."""
        return lists_of(self.specs)

    def writable(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A live object as a write takes it."""
        return {name: item for name, item in raw.items() if name not in self.rest.read_only}

    def body(self, values: Values, live: Live | None = None) -> dict[str, Any]:
        """The body of a write: the live object as it came, with what these values change.

        A ``PATCH`` has the values alone.
        """
        wanted = recanonised(self.specs, values)
        if live is not None and self.rest.change == "PATCH":
            return self.to_api(wanted)
        default = canonical_fields(self.specs, {})
        known = {**default, **live.values} if live is not None else default
        names = {api: self.specs[name] for api, name in self._api_names().items()}
        made = Body(names, self.to_api(default), self.rest.required, self.lists)
        raw = self.writable(live.raw) if live is not None else {}
        return made.of(raw, self.to_api(known), self.to_api({**known, **wanted}))

    def carried_over(self, live: Live) -> Values:
        """What no field models, at any depth, of what is replaced by a write."""
        if self.rest.change == "PATCH":
            return EMPTY
        return unmodelled(self.writable(live.raw), self.to_api(live.values), self.lists)

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """The live name of an object."""
        return text_of(raw, "name")

    # -- flows ------------------------------------------------------------------------------

    def needed(self, ask: Ask) -> bool:
        """Kinds without a mark are read only if the files refer to one by name."""
        return self.marking is not UNMARKED or self.name in ask.lookups

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read all objects; none of an optional list, or of mere ids, that cannot be read."""
        is_named_by_ids = self.is_read_only and self.name in ask.by_id
        try:
            return (yield from self.everything())
        except CallFailed as failure:
            # An id stands for itself, also where a snapshot does not hold the list.
            may_fail = (
                failure.leaves_gap
                if is_named_by_ids
                else failure.is_forbidden and self.rest.optional
            )
            if not may_fail or self.name in ask.used:
                raise
            return ()

    def reread(self, ask: Ask, changes: Sequence[Change]) -> ReadFlow[tuple[Live, ...]]:
        """Read all objects again; here a 403 is an error."""
        return (yield from self.everything())

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Read all objects of the account."""
        found = yield self.rest.all()
        return tuple(self.live_from(raw) for raw in objects(found))

    def create(self, values: Values) -> Flow[Live]:
        """Create the object."""
        made = yield from written(self.rest.new(self.body(values)))
        return self.live_from(made)

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Write the object; what the values do not change stays as it came."""
        call = self.rest.one(self.rest.change, live.id, self.body(values, live))
        return self.live_from((yield from written(call)))

    def delete(self, live: Live) -> Flow[None]:
        """Delete the object."""
        yield from delete_if_present(self.rest.one("DELETE", live.id))

    def find(self, values: Values) -> Flow[Live | None]:
        """Look up the object with the same unique fields."""
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
        """Convert a reply to a live object; ``raw`` is kept only if the kind can be written."""
        name = self.name_of(raw)
        key, mark = self.marking.read(name, raw)
        values = canonical_fields(self.specs, self.from_api(raw))
        # Replies of read-only kinds may hold secrets, such as those of an identity provider.
        kept = raw if self.section else EMPTY
        return Live(self.name, text_of(raw, "id") or name, name, key, values, mark=mark, raw=kept)


class CommentedKind(PlainKind):
    """A plain kind with the mark in the comment, identified by its unique fields."""

    marking: ClassVar[InComment] = InComment()
    keyed_by_fields = True

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """Convert an entry; ``name`` is an ordinary field here and adopts no unmarked object."""
        return replace(super().declare(key, fields, where=where, origin=origin), name=None)

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Use the key as the first unique field unless that is stated."""
        first = self.rest.unique[0]
        return {**stated, first: stated.get(first) or key}

    def slot(self, wanted: Wanted) -> str:
        """The unique fields as the file states them, joined by ``@``; of an address, its key."""
        values = wanted.values or self._canonical_wanted(
            self.normalise_stated(super().slot(wanted), EMPTY)
        )
        given = (values.get(name) for name in self.rest.unique)
        return "@".join(_reference_label(value) for value in given if value is not None)

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The unique fields with references resolved to ids, joined by ``@``."""
        values = self.complete(wanted, None, ledger)
        parts = [ids_of(values.get(name), ledger) for name in self.rest.unique]
        return frozenset("@".join(found) for found in product(*parts))

    def live_keys(self, live: Live) -> frozenset[str]:
        """The live unique fields, joined by ``@``."""
        return frozenset({"@".join(str(live.values.get(it) or "") for it in self.rest.unique)})

    def body(self, values: Values, live: Live | None = None) -> dict[str, Any]:
        """The body of a write; the comment has the blanks that it had."""
        made, comment = super().body(values, live), values.get(self.marking.member)
        return {**made, self.marking.member: comment} if comment else made

    def refusals(self, change: Change, proposal: Proposal) -> Iterable[Refusal]:
        """Refuse a comment with the mark of another stack, which may be a longer one."""
        comment = str(change.written.get("comment") or "")
        if 0 < self.marking.longest < len(comment):
            text = f"its comment would have {len(comment)} characters, and {self.marking.longest}"
            yield Refusal(change.address, f"{text} is the most: write a shorter one first")

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Report comments that leave no room for the mark."""
        for wanted in declared.of(self.name):
            yield from self.marking.too_long(wanted, declared.stack)
