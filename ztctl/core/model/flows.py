"""Base class of kinds, part two: reading and writing as generators that do no I/O themselves.

A flow yields API calls and is sent the replies, so that the engine alone decides on concurrency,
retries and journals.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ztctl.core.model.calls import Call, CallFailed, Flow, ReadFlow
from ztctl.core.model.copies import Copy
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.identity import Identity
from ztctl.core.model.objects import EMPTY, Live, Values, Wanted
from ztctl.core.model.plan import Change, Step

UNKNOWN_ID = "(known after apply)"

# A step of a batch, the live object that it changes, and the values it writes, references resolved.
BatchItem = tuple[Step, Live | None, Values]
StepResult = Live | CallFailed | None


@dataclass(frozen=True, slots=True)
class Ask:
    """The request that a kind reads for.

    Attributes:
        stack: name of the stack.
        wanted: wanted objects by kind.
        lookups: kinds whose live objects the files refer to (``{live: NAME}``, ``{id: ID}``).
        by_id: those of them that the files refer to by ids alone, which are then only checked.
        hosts: host names in the files, in punycode.
        used: kinds that the files declare or mention.
        removed: kinds and live names or ids of the objects that the files remove by them.
        copies: what stands in for configurations that nobody can read.
        everywhere: whatever anybody leads to a tunnel is read, and the tunnels' connectors.
    """

    stack: str
    wanted: Mapping[str, tuple[Wanted, ...]] = field(default_factory=dict)
    lookups: frozenset[str] = frozenset()
    by_id: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    removed: frozenset[tuple[str, str]] = frozenset()
    copies: tuple[Copy, ...] = ()
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """What decides who reaches some hosts, and was not read.

    Attributes:
        names: host names and patterns whose DNS records are not known.
        tunnels: ids of tunnels whose ingress rules are not known.
        guarded: names of zones whose own lists of applications are not known.
    """

    names: frozenset[str] = frozenset()
    tunnels: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.names or self.tunnels or self.guarded)

    def __or__(self, other: Unseen) -> Unseen:
        return Unseen(
            self.names | other.names, self.tunnels | other.tunnels, self.guarded | other.guarded
        )

    def __sub__(self, other: Unseen) -> Unseen:
        return Unseen(
            self.names - other.names, self.tunnels - other.tunnels, self.guarded - other.guarded
        )


class Flows(Identity):
    """Read, create, update and delete objects of a kind."""

    def needed(self, ask: Ask) -> bool:
        """Whether a plan must read this kind; kinds that carry marks are always read."""
        return True

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read the live objects of the kind that a plan may need."""
        raise NotImplementedError

    def beyond(self, unseen: Unseen) -> ReadFlow[Mapping[Slot, Fact]]:
        """Read facts about objects of others that ``read`` leaves out: they decide who gets where.

        What the token may not read (HTTP 403) is a fact that says so, not a failure.
        """
        yield from ()
        return {}

    def reread(self, ask: Ask, changes: Sequence[Change]) -> ReadFlow[tuple[Live, ...]]:
        """Read again what these changes are about to write: others may have changed it since."""
        return (yield from self.read(ask))

    def carried_over(self, live: Live) -> Values:
        """Members of the API, by name, that a replacing write carries and no field models."""
        return EMPTY

    def unsaid(self, live: Live) -> Values:
        """Members of the API, by name, that an entry of a file leaves as they are."""
        return self.carried_over(live)

    def create(self, values: Values) -> Flow[Live]:
        """Create the object, and convert the reply to a live object."""
        raise NotImplementedError

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Write these values to a live object; ``verb`` is that of the step."""
        raise NotImplementedError

    def delete(self, live: Live) -> Flow[None]:
        """Delete the object; a 404 counts as success."""
        raise NotImplementedError

    def find(self, values: Values) -> Flow[Live | None]:
        """Look up the object that a create whose reply was lost has made; ``None`` if none."""
        raise NotImplementedError

    def undo(self, step: Step, before: Live | None, made: Live) -> Flow[None]:
        """Revert a step after its host failed the probe; ``before`` is ``None`` for a creation."""
        raise NotImplementedError

    def perform(self, step: Step, live: Live | None, values: Values) -> Flow[Live | None]:
        """Run one step; ``values`` are what it writes, references resolved."""
        if step.id.verb == "create":
            return (yield from self.create_once(values))
        assert live is not None, f"{step.id} has nothing to work on"
        if step.id.verb == "delete":
            yield from self.delete(live)
            return None
        if step.together and isinstance(self, WritesTogether):
            return (yield from self.update_together(live, values))
        return (yield from self.update(live, values, step.id.verb))

    def create_once(self, values: Values) -> Flow[Live]:
        """Create an object; after a lost reply look it up before sending the create again.

        A POST is not idempotent: repeating it blindly could create the object twice.
        """
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
        """A placeholder of an object not created yet, to preview the calls of its later steps."""
        return Live(self.name, UNKNOWN_ID, key, key, {})


class WritesTogether(ABC):
    """A kind of which several stacks may write one object."""

    @abstractmethod
    def update_together(self, live: Live, values: Values) -> Flow[Live]:
        """Write values to a live object, and keep what others write to it meanwhile."""


def delete_if_present(call: Call) -> Flow[None]:
    """Send a DELETE; a 404 counts as success."""
    try:
        yield call
    except CallFailed as failure:
        if failure.status != 404:
            raise
