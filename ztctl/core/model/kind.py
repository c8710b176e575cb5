"""The contract of a resource kind: identity and flows, completed by what a plan asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ztctl.core.model.allowances import Allowances, allowed
from ztctl.core.model.calls import Flow
from ztctl.core.model.facts import Fact
from ztctl.core.model.flows import BatchItem, Flows, StepResult
from ztctl.core.model.identity import HostPart
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import EMPTY, Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Refusal, Step, StepId

Resolve = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Other steps for a change; ``interrupts``: somebody is shut out for a moment."""

    steps: tuple[Step, ...]
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """All changes of a plan, the account that they are made to, and the approvals given."""

    changes: Sequence[Change]
    live: Mapping[str, tuple[Live, ...]]
    allowances: Allowances

    def unless_allowed(self, option: str, change: Change, reason: str) -> Iterator[Refusal]:
        """Refuse a change unless this option, such as ``--allow-no-policy``, names its address."""
        given = getattr(self.allowances, option.removeprefix("--allow-").replace("-", "_"))
        if not allowed(change.address, given):
            yield Refusal(change.address, reason, f"{option} {change.address}")


class Kind(Flows):
    """One kind of object: its fields as data, its calls as flows, its meaning as facts.

    What only one kind can do is a protocol of its own below, such as ``Contained``.
    """

    # -- matching ---------------------------------------------------------------------------

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """What makes an unmarked live object the same thing as this wanted one."""
        return frozenset({wanted.name or wanted.address.key})

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """The values to compare and to write: the mark put on, and what only the account tells."""
        return self.marking.put(wanted, live, ledger.stack)

    def unmarked(self, live: Live) -> Values:
        """The values that take the mark off a live object."""
        return self.marking.off(live)

    def dropped_by_adoption(self, live: Live) -> tuple[str, ...]:
        """What an adoption would throw away, in words."""
        return ()

    def refusals(self, change: Change, proposal: Proposal) -> Iterable[Refusal]:
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
                values = self.unmarked(change.live)
                return (self.step(change, "forget", values, tail=True, keeps_fact=True),)
            case _:
                return (self.step(change, "update"),)

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """Other ways to do a change, for a plan of which no order is safe as it stands."""
        return iter(())

    def step(self, change: Change, verb: str, values: Values | None = None, **data: Any) -> Step:
        """One step of a change; it writes the completed values unless others are given."""
        written = change.written if values is None else values
        identity = StepId(change.address, verb)
        return Step(identity, self.phase, written, container=change.container, **data)

    # -- facts, from which core derives who reaches what and what a step does to host names ---

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """What an object of these values, references resolved, means for who reaches what."""
        return None


class Contained(ABC):
    """A kind whose objects are written inside a container, several of them in one call.

    Attributes:
        container: the kind of the containers.
    """

    container: ClassVar[str]

    @abstractmethod
    def container_of(self, wanted: Wanted, ledger: Ledger) -> Live | None:
        """The container in which a wanted object is to be written."""

    @abstractmethod
    def room(self, container: Live) -> int:
        """How many objects a container may hold by default."""

    @abstractmethod
    def batch(self, work: Sequence[BatchItem]) -> Flow[tuple[StepResult, ...]]:
        """Several steps of one container as few writes; one result or failure each, in order."""


class TakesPlaces(ABC):
    """A kind of which one wanted object may take the place of several live ones."""

    @abstractmethod
    def is_ours(self, live: Live, ledger: Ledger) -> bool:
        """True when an object without a mark cannot be anybody else's."""


class Lagging(ABC):
    """A kind whose writes take effect only once somebody else has fetched them."""

    @abstractmethod
    def lagging(self, live: Live) -> Flow[tuple[str, ...]]:
        """Who does not serve the object yet as a step has just left it."""


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
        """These kinds alone, in the order of creation."""
        chosen = set(names)
        return Kinds(kind for kind in self.values() if kind.name in chosen)

    def of_host(self, part: HostPart) -> Kind:
        """The kind that is this part of a host in the short form."""
        return next(kind for kind in self.values() if kind.host_part is part)
