"""The flows of a kind: generators that yield calls and are sent the replies. A kind does no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ztctl.core.model.calls import Call, CallFailed, Flow, ReadFlow
from ztctl.core.model.identity import Identity
from ztctl.core.model.objects import EMPTY, Live, Values, Wanted
from ztctl.core.model.plan import Change, Step

UNKNOWN_ID = "(known after apply)"

# One step of a batch: the object it works on, and what it writes, references resolved.
BatchItem = tuple[Step, Live | None, Values]
StepResult = Live | CallFailed | None


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


class Flows(Identity):
    """How objects of a kind are read and written.

    Attributes:
        reads_details: an object's values take a call of their own, which is made only for what
            concerns the stack unless ``Ask.thorough``; ``Live.is_whole`` says whether it was.
    """

    reads_details: ClassVar[bool] = False

    def needed(self, ask: Ask) -> bool:
        """Whether a plan has to read this kind at all; what can carry a mark always is."""
        return True

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Every live object of the kind that the plan may need."""
        raise NotImplementedError

    def reread(self, ask: Ask, changes: Sequence[Change]) -> ReadFlow[tuple[Live, ...]]:
        """The kind once more, as far as these changes of it go."""
        return (yield from self.read(ask))

    def carried_over(self, live: Live) -> Values:
        """API values that a write replaces although no field models them."""
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

    def undo(self, step: Step, before: Live | None, made: Live) -> Flow[None]:
        """Take back a step that has opened something; ``before`` is ``None`` for a creation."""
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


def gone_is_done(call: Call) -> Flow[None]:
    """A deletion; what is not there any more counts as deleted."""
    try:
        yield call
    except CallFailed as failure:
        if failure.status != 404:
            raise
