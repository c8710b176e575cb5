"""Answers by hand for flows, and what the flows asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from ztctl.core.model.calls import ApiMessage, Call, CallFailed, Flow, LiveObjects, ReadFlow
from ztctl.core.model.declared import Declared
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Wanted
from ztctl.kinds.registry import KINDS

T = TypeVar("T")


@dataclass(frozen=True)
class Fails:
    """An answer that is a failure; without a status no answer came."""

    status: int | None = None
    code: int = 0
    message: str = ""
    lost: bool = False

    def of(self, call: Call) -> CallFailed:
        """The failure of one call."""
        errors = (ApiMessage(self.code, self.message),)
        return CallFailed(call, f"{call} failed", status=self.status, errors=errors, lost=self.lost)


LOST = Fails(lost=True)
GONE = Fails(404)
Answer = Callable[[Call], Any]


@dataclass(frozen=True)
class Played(Generic[T]):
    """What a flow returned, and what it asked, one entry for each round.

    ``beside`` are the calls of the other kinds whose objects it asked for.
    """

    result: T
    rounds: tuple[tuple[Call, ...], ...]
    beside: tuple[Call, ...] = ()

    @property
    def calls(self) -> list[Call]:
        """Every call, in order; those of other kinds first."""
        return [*self.beside, *(call for asked in self.rounds for call in asked)]

    @property
    def writes(self) -> list[str]:
        """Every call that changes the account, as text."""
        return [str(call) for call in self.calls if call.writes]

    @property
    def body(self) -> Any:
        """The body of the last call."""
        return self.calls[-1].body


def play(flow: Flow[T], *answers: Any) -> Played[T]:
    """Run a flow on these answers, one for each round; all of them must be asked for."""
    left = iter(answers)

    def next_answer(asked: tuple[Call | LiveObjects, ...]) -> Any:
        found: Any = next(left, None)
        return found if len(asked) == 1 or isinstance(found, Fails) else tuple(found)

    played = _run(flow, next_answer)
    assert next(left, None) is None, "the flow did not ask for every answer"
    return played


def serve(flow: ReadFlow[T], answer: Answer, ask: Ask | None = None) -> Played[T]:
    """Run a flow on a function that answers every call; other kinds are read from it, too."""
    beside: list[Call] = []

    def one(item: Call | LiveObjects) -> Any:
        if isinstance(item, Call):
            return answer(item)
        other = serve(kind(item.kind).read(ask or Ask("prod")), answer, ask)
        beside.extend(other.calls)
        return other.result

    def answers(asked: tuple[Call | LiveObjects, ...]) -> Any:
        found = [one(item) for item in asked]
        failed = next((item for item in found if isinstance(item, Fails)), None)
        return failed or (found[0] if len(found) == 1 else tuple(found))

    played = _run(flow, answers)
    return replace(played, beside=tuple(beside))


def _run(flow: ReadFlow[T], answers: Callable[[tuple[Call | LiveObjects, ...]], Any]) -> Played[T]:
    rounds: list[tuple[Call, ...]] = []
    step: Callable[[], Any] = partial(next, flow)
    while True:
        try:
            asked = step()
        except StopIteration as done:
            return Played(done.value, tuple(rounds))
        items = asked if isinstance(asked, tuple) else (asked,)
        rounds.append(tuple(item for item in items if isinstance(item, Call)))
        found = answers(items) if items else ()
        if isinstance(found, Fails):
            step = partial(flow.throw, found.of(rounds[-1][0]))
        else:
            reply = (found,) if isinstance(asked, tuple) and len(items) == 1 else found
            step = partial(flow.send, reply)


def kind(name: str) -> Kind:
    """The kind of that name."""
    found: Kind = KINDS[name]
    return found


def declare(name: str, key: str, **fields: Any) -> Wanted:
    """A wanted object as the file would state it."""
    return kind(name).declare(key, kind(name).model.model_validate(fields))


def live_of(name: str, raw: Mapping[str, Any], configuration: Any = None) -> Live:
    """What a kind makes of the object of a list reply."""

    def answer(call: Call) -> Any:
        if call.path == "/zones" and name != "zone":
            return [ZONE]
        if call.path.endswith("/configurations"):
            return configuration
        if name == "dns_record" and not call.path.endswith("dns_records"):
            return []
        return [raw]

    ask = Ask("prod", hosts=frozenset({"ssh.example.com"}))
    (live,) = serve(kind(name).read(ask), answer, ask).result
    return live


ZONE = {"id": "zone-1", "name": "example.com", "status": "active", "plan": {"legacy_id": "free"}}


def ledger(
    wanted: Iterable[Wanted] = (), live: Iterable[Live] = (), *, team: str | None = "acme"
) -> Ledger:
    """What is known while a plan of the stack ``prod`` is made."""
    by_kind: dict[str, tuple[Live, ...]] = {}
    for item in live:
        by_kind[item.kind] = (*by_kind.get(item.kind, ()), item)
    declared = Declared("prod", team=team, wanted=tuple(wanted))
    return Ledger(declared, declared.wanted, by_kind, KINDS)
