"""Whole histories: files, applies that fail or are cut off, and somebody else in between."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.crash.cutting import YES, Crashing, Cut, Killed
from tests.crash.somebody import DEEDS, Deed
from tests.crash.test_every_call import FAULTS
from tests.support.foreign import changed, lived_in, snapshot
from tests.support.strategies.parts import Side
from tests.support.strategies.sides import sides
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failures, Problems
from ztctl.core.model.plan import Plan
from ztctl.engine.plan import emptied
from ztctl.kinds.registry import KINDS

ALLOWED: Mapping[str, Any] = {**YES, "interruption": ["all"]}
OPEN = "--allow-exposure"
# A history is told as it was found: to make it shorter would take longer than to read it.
FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
TOLD = settings(phases=FOUND, suppress_health_check=[*HealthCheck])
MANY = settings(TOLD, max_examples=500, derandomize=False, print_blob=True)
# The parts can run at the same time.
PARTS = 2


@dataclass(frozen=True)
class Apply:
    """One apply: of what, what happens to it, and what somebody does between plan and writes."""

    file: Side
    trouble: str
    nth: int
    meddling: tuple[Deed, ...]


@dataclass(frozen=True)
class Deeds:
    """Somebody else at work between two applies."""

    deeds: tuple[Deed, ...]


Action = Apply | Deeds


@st.composite
def applies(draw: st.DrawFn) -> Apply:
    """An apply, in half of the cases one that nothing happens to."""
    trouble = draw(st.sampled_from(["", "", "", "killed", "killed after", "no network", *FAULTS]))
    meddling = draw(st.lists(st.sampled_from(DEEDS), max_size=2)) if draw(st.booleans()) else []
    return Apply(draw(sides()), trouble, draw(st.integers(1, 45)), tuple(meddling))


deeds = st.builds(Deeds, st.lists(st.sampled_from(DEEDS), min_size=1, max_size=3).map(tuple))
histories = st.lists(st.one_of(applies(), applies(), deeds), min_size=2, max_size=4)


@dataclass
class History:
    """One account from its first day on."""

    account: Crashing
    chance: Random
    file: Side = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    def begin(self) -> None:
        """Others have been here before."""
        lived_in(self.account)
        self.foreign = snapshot(self.account)

    def do(self, action: Action) -> None:
        """One thing happens; nothing of others is touched, and no promise is broken."""
        match action:
            case Deeds(done):
                self.somebody(done)
            case Apply():
                # Another file is not there to finish what the last one began.
                self.account.observer.give_up()
                self.file = action.file
                self.applied(action)
        self.check()

    def somebody(self, done: tuple[Deed, ...]) -> None:
        """Somebody else is at work; what is theirs may be new."""
        for deed in done:
            mine = snapshot(self.account)
            # What the service refuses is not done.
            with suppress(AssertionError):
                deed(self.account, self.chance)
            event(deed.__name__)
            now = snapshot(self.account)
            self.foreign |= {key: now[key] for key in now.keys() - mine.keys()}

    def applied(self, action: Apply) -> None:
        """An apply under trouble; it may fail, and must not do harm."""
        event(action.trouble or "no trouble")
        self._prepare(action)
        try:
            plan = self.plan()
            if plan is not None:
                self.somebody(action.meddling)
                self.account.carry_out(plan)
        except (CallFailed, Failures, Killed):
            event("cut off")
        self.account.sandbox.faults.clear()
        self.account.cut = None

    def _prepare(self, action: Apply) -> None:
        faults = self.account.sandbox.faults
        match action.trouble:
            case "":
                pass
            case "killed" | "killed after" as when:
                after = when == "killed after"
                self.account.cut = partial(Cut, at=action.nth, act=_die, after=after)
            case "no network":
                faults.add(kind="reset_before", nth=action.nth, times=None)
            case name:
                faults.add(**FAULTS[name], nth=action.nth)

    def plan(self) -> Plan | None:
        """The plan for the file of the day, or ``None`` when it cannot be had in one apply."""
        admitted: tuple[str, ...] = ()
        while True:
            try:
                plan = self.account.plan(self.file, **ALLOWED, exposure=admitted)
            except Problems as problems:
                self.refused = str(problems)
                return None
            self.refused = str(plan.refusals)
            flags = [shlex.split(item.flag) for item in plan.refusals if OPEN in item.flag]
            more = {word for words in flags for word in words if word != OPEN}
            if not more - {*admitted}:
                return None if plan.refusals else plan
            # A file may want a host to be open without saying so; no other host may be.
            admitted = (*admitted, *more)

    def check(self) -> None:
        """What holds at every time."""
        assert changed(self.foreign, self.account) == []
        assert self.account.observer.breaches == []

    def end(self) -> None:
        """One clean apply, or where no single one is possible a destroy before it: all in step."""
        plan = self.plan()
        if plan is None:
            event("takes two parts")
            nothing = emptied(self.account.declared(self.file), KINDS)
            gone = self.account.carry_out(self.account.plan_of(nothing, **ALLOWED))
            assert gone.is_complete, gone.failed
            plan = self.plan()
        assert plan is not None, self.refused
        outcome = self.account.carry_out(plan)
        assert outcome.is_complete, outcome.failed
        left = self.plan()
        assert left is not None, self.refused
        assert left.is_empty, [(str(item.address), item.edits) for item in left.changes]
        self.check()


def _die() -> None:
    raise Killed


def lived(actions: list[Action], folder: Path, seed: int, *, awkward: bool) -> None:
    """Live through a history."""
    history = History(Crashing(folder, awkward=awkward), Random(seed))
    history.begin()
    for action in actions:
        history.do(action)
    history.end()


def test_what_befalls_a_run_does_not_befall_somebody_else(tmp_path: Path) -> None:
    """A fault strikes the run's request and no other's, however many come before it."""
    account = Crashing(tmp_path)
    plan = account.plan({"groups": {"people": {"include": [{"email": "ann@example.com"}]}}})
    struck = account.sandbox.faults.add(kind="reset_before", method="POST")

    account.call("POST", "{A}/access/tags", {"name": "theirs"})

    assert (struck.hits, account.carry_out(plan).is_complete, struck.hits) == (0, True, 1)


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
@TOLD
@given(actions=histories, seed=st.integers(0, 999))
def test_whatever_happened_the_next_apply_ends_in_step(
    actions: list[Action], seed: int, tmp_path: Path, part: int, *, awkward: bool
) -> None:
    """No promise is broken on the way, nothing of others is touched, and all is in step at last."""
    lived(actions, tmp_path, seed + 1000 * part, awkward=awkward)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
@MANY
@given(actions=histories, seed=st.integers(0, 999))
def test_whatever_happened_in_many_histories_the_next_apply_ends_in_step(
    actions: list[Action], seed: int, tmp_path: Path, part: int, *, awkward: bool
) -> None:
    """The same a thousand times in each spelling of the answers."""
    lived(actions, tmp_path, seed + 1000 * part, awkward=awkward)
