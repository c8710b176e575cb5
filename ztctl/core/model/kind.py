"""The contract that a resource kind fulfils: data about its fields, and flows that do its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.calls import Call, CallFailed, Flow, ReadFlow
from ztctl.core.model.canonical import Spec, canonical_fields, fields_of, live_references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.objects import EMPTY, Live, Mark, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Refusal, Step, StepId

if TYPE_CHECKING:
    from ztctl.core.model.facts import Fact

UNKNOWN_ID = "(known after apply)"


class Fields(BaseModel):
    """What a person may write about one object; anything else is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        # A validator is built when its section is first met: most runs need a few of them.
        defer_build=True,
    )


@dataclass(frozen=True, slots=True)
class Ask:
    """What a kind may know while it reads: whose objects, and what the files name.

    Attributes:
        stack: the owner's name.
        wanted: the wanted objects, per kind.
        lookups: kinds of which live objects are referred to by name.
        hosts: every host name that the files name, in punycode.
        thorough: read what belongs to others as well, because protection is about to be taken away.
        used: the kinds that the files name at all.
    """

    stack: str
    wanted: Mapping[str, tuple[Wanted, ...]] = field(default_factory=dict)
    lookups: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    thorough: bool = False
    used: frozenset[str] = frozenset()


Resolve = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Other steps for a change; ``interrupts``: somebody is shut out for a moment."""

    steps: tuple[Step, ...]
    interrupts: bool = False


class World(Protocol):
    """What a kind may ask about the rest of the plan while its own objects are completed."""

    stack: str
    team: str | None

    def live_of(self, kind: str) -> Sequence[Live]:
        """Every live object of a kind that was read."""

    def matched(self, address: Address) -> Live | None:
        """The live object behind an address of the file, once it has been matched."""

    def wanted_of(self, kind: str) -> Sequence[Wanted]:
        """Every wanted object of a kind."""

    def wanted_about(self, kind: str, name: str) -> Iterator[Wanted]:
        """Every wanted object of a kind whose host names meet this name; repetitions possible."""

    def live_about(self, kind: str, name: str) -> Iterator[Live]:
        """Every live object of a kind whose host names meet this name; repetitions possible."""

    def owner_of(self, live: Live) -> Address | None:
        """The address of the file that this live object was matched with."""

    def complain(self, problem: Problem) -> None:
        """Add a problem to the plan."""


class Kind:
    """One kind of object: its fields as data, its calls as flows. It does no I/O.

    Attributes:
        name: first half of an address.
        section: its section of the file; empty when it cannot be declared.
        title: what people call it.
        model: its fields, with markers.
        phase: when it is created.
        named_by_mark: the live name is ``<key>.ztctl-<stack>``.
        shared: a live object of the same key is simply used, whoever made it.
        several: one wanted object may take the place of several live ones.
        housekeeping: not counted in a plan's figures.
        limit: how many an account may hold by default; 0 where that is not known.
        owner: the kind with which an object of this one goes; its id is ``attributes["owner"]``.
    """

    name: ClassVar[str]
    section: ClassVar[str] = ""
    title: ClassVar[str]
    model: ClassVar[type[Fields]] = Fields
    phase: ClassVar[Phase] = Phase.POLICY
    named_by_mark: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    several: ClassVar[bool] = False
    housekeeping: ClassVar[bool] = False
    limit: ClassVar[int] = 0
    owner: ClassVar[str] = ""

    @property
    def specs(self) -> Mapping[str, Spec]:
        """What the comparison knows about each field."""
        return fields_of(self.model)

    # -- the wanted side --------------------------------------------------------------------

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """One validated entry of a file as a wanted object, canonical, references unresolved."""
        stated = {name: plain(getattr(fields, name)) for name in fields.model_fields_set}
        return Wanted(
            Address(self.name, key),
            self.canonical_wanted(self.fold(key, stated)),
            name=stated.get("name"),
            protect=bool(stated.get("protect")),
            where=where,
            origin=origin,
            local={name: stated[name] for name in stated if self.specs[name].local},
        )

    def fold(self, key: str, stated: Values) -> Values:
        """Bring the ways to say one thing down to one field."""
        return stated

    def canonical_wanted(self, stated: Values) -> Values:
        """Canonical fields; what is stated to be empty stays, as ``None``."""
        full = canonical_fields(self.specs, stated)
        emptied = {
            name: None
            for name in stated
            if name in self.specs and self.specs[name].compared and name not in full
        }
        return {**full, **emptied}

    def companions(self, wanted: Wanted, stack: str) -> tuple[Wanted, ...]:
        """The wanted object, and the helpers of the same stack that it needs."""
        return (wanted,)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """What is wrong with this kind's objects as a whole, without looking at the account."""
        return ()

    def hosts(self, values: Values) -> frozenset[str]:
        """The host names that an object is about, in punycode."""
        return frozenset()

    def named_hosts(self, wanted: Wanted) -> frozenset[str]:
        """The host names that a wanted object is about, in punycode."""
        return self.hosts(wanted.values)

    def own_words(self, wanted: Wanted) -> Iterator[str]:
        """The texts of a file that stand where a mark could stand."""
        if self.named_by_mark:
            yield wanted.name or wanted.address.key

    # -- identity ---------------------------------------------------------------------------

    def slot(self, wanted: Wanted) -> str:
        """The ``Live.key`` that the object has once it carries our mark."""
        return wanted.name or wanted.address.key

    def live_name(self, wanted: Wanted, stack: str) -> str:
        """The name under which the object lives."""
        if wanted.name is not None:
            return wanted.name
        mark = f".{Mark(stack, wanted.protect)}" if self.named_by_mark else ""
        return f"{wanted.address.key}{mark}"

    def natural_keys(self, wanted: Wanted, world: World) -> frozenset[str]:
        """What makes an unmarked live object the same thing as this wanted one."""
        return frozenset({wanted.name or wanted.address.key})

    def live_keys(self, live: Live) -> frozenset[str]:
        """The natural keys of a live object, by which it may be looked up too."""
        return frozenset({live.name})

    def is_ours(self, live: Live, world: World) -> bool:
        """True when an object without a mark cannot be anybody else's."""
        return False

    def complete(self, wanted: Wanted, live: Live | None, world: World) -> Values:
        """The values to compare and to write: the mark put on, and what only the account tells."""
        if not self.named_by_mark:
            return wanted.values
        return {**wanted.values, "name": self.live_name(wanted, world.stack)}

    def unmarked(self, live: Live) -> Values:
        """The values that take the mark off a live object."""
        return {**live.values, "name": live.key}

    def uses(self, live: Live) -> Iterator[tuple[str, str]]:
        """Kind and id of every object that a live one refers to."""
        yield from live_references(self.specs, live.values)

    def dropped_by_adoption(self, live: Live, world: World) -> tuple[str, ...]:
        """What an adoption would throw away, in words."""
        return ()

    def refusals(
        self,
        change: Change,
        changes: Sequence[Change],
        live: Mapping[str, tuple[Live, ...]],
        allowances: Allowances,
    ) -> Iterable[Refusal]:
        """What about a change of this kind needs an explicit yes."""
        return ()

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """The writes of a change, without their order."""
        match change.action:
            case Action.CREATE:
                return (self.step(change, "create"),)
            case Action.DELETE:
                return (self.step(change, "delete", EMPTY),)
            case Action.REPLACE:
                return (self.step(change, "delete", EMPTY), self.step(change, "create"))
            case Action.FORGET:
                assert change.live is not None
                return (self.step(change, "forget", self.unmarked(change.live), tail=True),)
            case _:
                return (self.step(change, "update"),)

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """Other ways to do a change, for a plan of which no order is safe as it stands."""
        return iter(())

    def step(
        self, change: Change, verb: str, values: Values | None = None, *, tail: bool = False
    ) -> Step:
        """One step of a change; it writes the completed values unless others are given."""
        written = change.written if values is None else values
        return Step(StepId(change.address, verb), self.phase, written, tail)

    # -- facts, from which core derives who reaches what and what a step does to host names ----

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """What an object of these values, references resolved, means for who reaches what."""
        return None

    def fact_after(
        self, step: Step, values: Values, live: Live | None, before: Fact | None
    ) -> Fact | None:
        """What the object means once a step is done."""
        if step.id.verb == "delete":
            return None
        return before if step.id.verb == "forget" else self.fact(values, live)

    # -- flows ------------------------------------------------------------------------------

    def needed(self, ask: Ask) -> bool:
        """Whether a plan has to read this kind at all; what can carry a mark always is."""
        return True

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Every live object of the kind that the plan may need."""
        raise NotImplementedError

    def reread(self, ask: Ask, changes: Sequence[Change]) -> ReadFlow[tuple[Live, ...]]:
        """The kind once more, as far as these changes of it go."""
        return (yield from self.read(ask))

    def beside(self, live: Live) -> Values:
        """What a write overwrites besides the fields, spelt in one way."""
        return EMPTY

    def create(self, values: Values) -> Flow[Live]:
        """Make the object; the reply of the API as a live object."""
        raise NotImplementedError

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Bring a live object to these values; ``verb`` is the step's."""
        raise NotImplementedError

    def delete(self, live: Live) -> Flow[None]:
        """Take the object away; one that is gone already is done."""
        raise NotImplementedError

    def find(self, values: Values) -> Flow[Live | None]:
        """The object that a create whose answer was lost has made, or ``None``."""
        raise NotImplementedError

    def perform(self, step: Step, live: Live | None, values: Values) -> Flow[Live | None]:
        """The flow of one step, its references resolved."""
        if step.id.verb == "create":
            return (yield from self.create_once(values))
        assert live is not None, f"{step.id} has nothing to work on"
        if step.id.verb == "delete":
            yield from self.delete(live)
            return None
        return (yield from self.update(live, values, step.id.verb))

    def create_once(self, values: Values) -> Flow[Live]:
        """Create; when the answer is lost, look before anything is made a second time."""
        try:
            return (yield from self.create(values))
        except CallFailed as failure:
            if not failure.lost:
                raise
            made = yield from self.find(values)
            if made is not None:
                return made
        return (yield from self.create(values))

    def not_yet(self, key: str) -> Live:
        """A stand-in for an object that apply is going to create, to show later calls of it."""
        return Live(self.name, UNKNOWN_ID, key, key, {})

    def lagging(self, live: Live) -> Flow[tuple[str, ...]]:
        """Who does not serve the object yet as a step has just left it."""
        yield from ()
        return ()

    def undo(self, step: Step, before: Live | None, made: Live) -> Flow[None]:
        """Take back a step that has opened something; ``before`` is ``None`` for a creation."""
        raise NotImplementedError

    def batch_key(self, step: Step, live: Live | None, values: Values) -> str | None:
        """Steps of one kind with the same key may go out as one write; ``None`` goes alone."""
        return None

    def batch(
        self, work: Sequence[tuple[Step, Live | None, Values]]
    ) -> Flow[tuple[Live | CallFailed | None, ...]]:
        """Several steps as few writes; one result or failure each, in order."""
        raise NotImplementedError


class Kinds(tuple[Kind, ...]):
    """All kinds, in the order of creation."""

    def __getitem__(self, name: Any) -> Any:
        found = self.named(name) if isinstance(name, str) else super().__getitem__(name)
        if found is None:
            raise KeyError(name)
        return found

    def named(self, name: str) -> Kind | None:
        """The kind of that name."""
        return next((kind for kind in self if kind.name == name), None)


def plain(value: Any) -> Any:
    """A validated value as plain data; references stay what they are."""
    if isinstance(value, BaseModel):
        return {
            name: plain(getattr(value, name))
            for name in type(value).model_fields
            if name in value.model_fields_set
        }
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, str) else value


def gone_is_done(call: Call) -> Flow[None]:
    """A deletion; what is not there any more counts as deleted."""
    try:
        yield call
    except CallFailed as failure:
        if failure.status != 404:
            raise
