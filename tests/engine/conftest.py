"""An API that answers by script, a kind that is nothing but its calls, and plans made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.flows import BatchItem, StepResult
from ztctl.core.model.kind import Contained, Kind, Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Plan, Reason, Step, StepId
from ztctl.engine.companion import Means
from ztctl.engine.execute import execute

Answer = Callable[[Call], Awaitable[Any]]


@dataclass
class Script:
    """Answers every call by its path: a value, a failure to raise, or a function to await."""

    answers: dict[str, Any] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    async def send(self, call: Call) -> Any:
        """The answer to a call; its own path when the script says nothing."""
        self.sent.append(str(call))
        answer = self.answers.get(call.path, call.path)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if callable(answer):
            answer = await answer(call)
        if isinstance(answer, CallFailed):
            answer.call = call
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Rest:
    """A sleep that takes no time and is written down."""

    slept: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        """Note the seconds."""
        self.slept.append(seconds)
        await asyncio.sleep(0)


def failed(path: str = "/x", status: int | None = 500, **facts: Any) -> CallFailed:
    """A failure of a call of this path."""
    return CallFailed(Call("GET", path), f"{path} failed", status=status, **facts)


class Thing(Kind, Contained):
    """A kind whose every step is one call; things of one container go out together."""

    name = "thing"
    title = "thing"

    def create(self, values: Values) -> Flow[Live]:
        """One POST; the reply must be a mapping with an id."""
        made = yield Call("POST", f"/{values['key']}", dict(values))
        return live(values["key"], made["id"] if isinstance(made, dict) else str(made))

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """One PUT."""
        yield Call("PUT", f"/{live.key}", dict(values))
        return live

    def delete(self, live: Live) -> Flow[None]:
        """One DELETE."""
        yield Call("DELETE", f"/{live.key}")

    def container_of(self, wanted: Wanted, ledger: Ledger) -> Live | None:
        """None: a step of a test names its own."""
        return None

    def room(self, container: Live) -> int:
        """No limit matters here."""
        return 0

    def batch(self, work: Sequence[BatchItem]) -> Flow[tuple[StepResult, ...]]:
        """One call for all; the reply says for each whether it was done."""
        keys = [step.id.address.key for step, _, _ in work]
        replies = yield Call("POST", f"/batch/{'+'.join(sorted(keys))}")
        refused = replies if isinstance(replies, set) else set()
        return tuple(failed(key) if key in refused else live(key) for key in keys)


THINGS = Kinds((Thing(),))


def live(key: str, id_: str = "") -> Live:
    """A thing that is there."""
    return Live("thing", id_ or f"id-{key}", key, key, {})


def step(
    key: str,
    *needs: str,
    verb: str = "create",
    phase: Phase = Phase.POLICY,
    tail: bool = False,
    batch: str = "",
    **values: Any,
) -> Step:
    """A step of the thing of that key; needs are written ``key`` or ``key#verb``."""
    wanted = frozenset(_id(need) for need in needs)
    said = {} if verb == "delete" else {"key": key, **values}
    container = Live("box", batch, batch, batch, {}) if batch else None
    return Step(_id(f"{key}#{verb}"), phase, said, tail, container=container, needs=wanted)


def _id(text: str) -> StepId:
    key, _, verb = text.partition("#")
    return StepId(Address("thing", key), verb or "create")


def plan_of(*steps: Step) -> Plan:
    """A plan of these steps, one change a thing; what is not created is there already."""
    changes: dict[str, list[Step]] = {}
    for item in steps:
        changes.setdefault(item.id.address.key, []).append(item)
    made = tuple(_change(key, items) for key, items in changes.items())
    there = {item.address: item.live for item in made if item.live is not None}
    return Plan("account", "prod", made, live=there)


def _change(key: str, steps: Sequence[Step]) -> Change:
    actions = {"create": Action.CREATE, "delete": Action.DELETE}
    action = actions.get(steps[0].id.verb, Action.UPDATE)
    before = None if action is Action.CREATE else live(key)
    address, phase = Address("thing", key), steps[0].phase
    return Change(address, action, Reason.DIFFERS, phase, live=before, steps=tuple(steps))


@dataclass
class Run:
    """Carries out plans by script, and keeps what was told."""

    script: Script = field(default_factory=Script)
    events: list[Event] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, *steps: Step) -> Outcome:
        """The outcome; a run that hangs fails after some seconds."""
        return asyncio.run(asyncio.wait_for(self._execute(steps), 20))

    async def _execute(self, steps: Sequence[Step]) -> Outcome:
        ticks = count()
        means = Means(
            self.script, self.events.append, lambda: float(next(ticks)), Rest(), self.stop
        )
        return await execute(plan_of(*steps), THINGS, means)


def keys(steps: Any) -> list[str]:
    """Keys of steps, in their order."""
    return [item.address.key for item in steps]


def failures(outcome: Outcome) -> list[str]:
    """Keys of the steps that failed."""
    return keys(item.step for item in outcome.failed)


def skips(outcome: Outcome) -> list[tuple[str, str]]:
    """Keys of the steps that were skipped, each with that of the failure."""
    return [(item.step.address.key, item.because_of.address.key) for item in outcome.skipped]


@pytest.fixture
def run() -> Run:
    """A run of its own."""
    return Run()


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """A fresh account with two zones."""
    return Account(tmp_path)
