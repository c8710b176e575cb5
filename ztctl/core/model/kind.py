"""Base class of kinds, complete: matching, steps and facts, and protocols of single kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from shlex import quote
from typing import Any, ClassVar

from ztctl.core.model.allowances import Allowances, allowed
from ztctl.core.model.calls import Flow, ReadFlow
from ztctl.core.model.declared import PublicPlace
from ztctl.core.model.facts import Fact
from ztctl.core.model.flows import Ask, BatchItem, Flows, StepResult
from ztctl.core.model.gap import FOREIGN, Gap
from ztctl.core.model.identity import HostPart
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import EMPTY, Live, Spare, Values, Wanted
from ztctl.core.model.plan import Action, Change, Edit, Refusal, Step, StepId

Resolve = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Other steps that make a change.

    Attributes:
        interrupts: users may be denied access while the steps run.
    """

    steps: tuple[Step, ...]
    interrupts: bool = False


@dataclass(frozen=True)
class Proposal:
    """All changes of a plan of a stack, the live objects by kind, and the approvals by options."""

    changes: Sequence[Change]
    live: Mapping[str, tuple[Live, ...]]
    allowances: Allowances
    stack: str

    @cached_property
    def untouched(self) -> Mapping[str, tuple[Live, ...]]:
        """The live objects that no change is about, by kind."""
        changing = {item.live.id for item in self.changes if item.live is not None}
        return {
            kind: tuple(live for live in found if live.id not in changing)
            for kind, found in self.live.items()
        }

    def unless_allowed(self, option: str, change: Change, reason: str) -> Iterator[Refusal]:
        """Refuse a change unless its address was given to this option (``--allow-…``)."""
        given = getattr(self.allowances, option.removeprefix("--allow-").replace("-", "_"))
        if not allowed(change.address, given):
            yield Refusal(change.address, reason, f"{option} {quote(str(change.address))}")

    def unless_adopted(self, change: Change, reason: str) -> Iterator[Refusal]:
        """Refuse to take over what is not ours, unless ``--adopt`` was given for it."""
        given = self.allowances.adopt
        if not allowed(change.address, given):
            # Whoever consents to one object after the other is told the flag of the next one.
            flag = f"--adopt {quote(str(change.address))}" if given else "--adopt"
            yield Refusal(change.address, reason, flag, apply_only=True)


class Kind(Flows):
    """One resource kind: fields as data, API calls as flows, effect on access as facts.

    What a single kind needs is a protocol of its own below, such as ``Contained``.
    """

    # -- matching ---------------------------------------------------------------------------

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """Keys under which an unmarked live object counts as this wanted one, and is adopted."""
        return frozenset({wanted.name or wanted.address.key})

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """The values to compare and write: with the mark, and values taken from the account."""
        return self.marking.put(wanted, live, ledger.stack)

    def dropped_by(self, change: Change) -> tuple[str, ...]:
        """Describe what is lost, beside its edits, with a live object that was not ours before."""
        return ()

    def refusals(self, change: Change, proposal: Proposal) -> Iterable[Refusal]:
        """Refusals of a change, most of them lifted by an ``--allow-…`` option."""
        return ()

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """The writes of a change; their order is computed later, from references and facts."""
        match change.action:
            case Action.CREATE:
                return (self.step(change, "create"),)
            case Action.DELETE:
                return (self.step(change, "delete", EMPTY),)
            case Action.REPLACE:
                assert change.live is not None
                # Made anew, it has what the file does not state as it was.
                anew = {**change.live.values, **change.written}
                return (self.step(change, "delete", EMPTY), self.step(change, "create", anew))
            case Action.FORGET:
                assert change.live is not None
                values = self.marking.off(change.live)
                return (self.step(change, "forget", values, tail=True, keeps_fact=True),)
            case _:
                return (self.step(change, "update"),)

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """Other steps for a change, tried when no order of the plan's steps is safe."""
        return iter(())

    def step(self, change: Change, verb: str, values: Values | None = None, **data: Any) -> Step:
        """Make a step of a change; it writes ``change.written`` unless ``values`` are given."""
        written = change.written if values is None else values
        identity = StepId(change.address, verb)
        return Step(identity, self.phase, written, container=change.container, **data)

    # -- export: from the live side to the file ------------------------------------------------

    def gap(self, live: Live) -> Gap | None:
        """Why no entry of a file can state a live object; ``None`` if one can."""
        return None if self.section else FOREIGN

    def entry(self, live: Live) -> Values:
        """The fields of the entry that states a live object, mark left out, ids as references."""
        return self.marking.off(live)

    # -- facts: who reaches what, and what a step does to host names, is derived from them -----

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """What an object contributes to who reaches what; references in ``values`` are resolved."""
        return None


class Contained(ABC):
    """A kind whose objects are written in batches, one container (such as a zone) a batch.

    Attributes:
        container: kind of the containers.
    """

    container: ClassVar[str]

    @abstractmethod
    def container_of(self, wanted: Wanted, ledger: Ledger) -> Live | None:
        """The live container of a wanted object; ``None`` when there is none."""

    @abstractmethod
    def room(self, container: Live) -> int:
        """Default quota of a container."""

    @abstractmethod
    def batch(self, work: Sequence[BatchItem]) -> Flow[tuple[StepResult, ...]]:
        """Run steps of one container in as few writes as possible; one result a step, in order."""


class TakesPlaces(ABC):
    """A kind of which one wanted object may replace several live ones of the same name."""

    @abstractmethod
    def is_ours(self, live: Live, ledger: Ledger) -> bool:
        """True when an unmarked live object provably belongs to this stack."""


class Lagging(ABC):
    """A kind whose writes take effect only once clients have fetched them."""

    @abstractmethod
    def lagging(self, live: Live) -> Flow[tuple[str, ...]]:
        """Ids of the clients that do not use the version just written yet."""


class AsksAhead(ABC):
    """A kind of which most changes need to know more than its own list."""

    @abstractmethod
    def ahead(self, ask: Ask) -> ReadFlow[None]:
        """Ask for it while the account is read, of a plan that is to be carried out.

        The replies are kept for ``beyond``; what fails is told when somebody needs it.
        """


class Stating(ABC):
    """A kind of which a live object may hold, inside of a stated field, what no file states."""

    @abstractmethod
    def stated(self, wanted: Wanted, values: Values) -> tuple[Values, tuple[Edit, ...]]:
        """The live values of an object without what its files leave unsaid, and what that is."""


class Elsewhere(ABC):
    """A kind of whose objects some are configured where no run writes, such as on a server."""

    @abstractmethod
    def elsewhere(self, wanted: Wanted, live: Live, ledger: Ledger) -> Values:
        """What the files say of a live object that somebody has to put there, completed.

        Empty where nothing is, and where nobody knows what is there now.
        """

    @abstractmethod
    def either(self, live: Live, values: Values | None) -> Fact:
        """What an object means that is as live, or as these values; ``None``: as live alone."""


class Showing(ABC):
    """A kind whose live values name what an edit of them has to tell."""

    @abstractmethod
    def shown(self, name: str, live: Live, after: Any) -> Any:
        """The live value of a field that differs, as its edits show it beside the wanted one."""


class Exposing(ABC):
    """A kind of which an entry may state that it is open on purpose."""

    @abstractmethod
    def public_places(self, wanted: Wanted) -> Iterable[PublicPlace]:
        """What the file states to be open at a wanted object."""


class Rotating(ABC):
    """A kind of which another object can stand beside a declared one, to take its place."""

    @abstractmethod
    def spare(self, wanted: Wanted, spare: Spare, live: Live | None) -> Wanted:
        """The other object; ``live``: what it is to be like where the files say nothing."""


class Kinds(Mapping[str, Kind]):
    """All kinds by name, in the order of creation."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def only(self, names: Iterable[str]) -> Kinds:
        """The kinds of these names, in the order of creation."""
        chosen = set(names)
        return Kinds(kind for kind in self.values() if kind.name in chosen)

    def of_host(self, part: HostPart) -> Kind:
        """The kind of this part of a ``hosts`` entry."""
        return next(kind for kind in self.values() if kind.host_part is part)
