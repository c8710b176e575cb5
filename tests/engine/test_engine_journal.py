"""The journal of a run: what is about to be done is on the disk before it is done."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import THINGS, Rest, Script, failed, live, plan_of, step
from ztctl import __version__
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.diagnostics import Failure, Problem
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Attributes, Live
from ztctl.core.model.plan import Plan, Step, StepId
from ztctl.core.runs.journal import Ending, JournalledRun, WriteResult, history
from ztctl.engine.companion import Companion, Means, Work
from ztctl.engine.execute import execute
from ztctl.engine.journal import Journal, JournalPaths, lines

OWN = ("ztctl", "account")


@dataclass
class Desk:
    """Runs by script beside a journal, with a clock that ticks and ids that count."""

    folder: Path
    script: Script = field(default_factory=Script)
    told: list[Problem] = field(default_factory=list)
    ticks: Iterator[int] = field(default_factory=count)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def place(self) -> JournalPaths:
        """The default place, below a folder of the test."""
        return JournalPaths(self.folder / "state", "prod.jsonl", OWN)

    def journal(self, place: JournalPaths | None = None) -> Journal:
        """The journal of one run."""
        return Journal(
            place or self.place,
            lambda text: text,
            self.told.append,
            clock=lambda: datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=next(self.ticks)),
            new_id=lambda: f"run{next(self.ids)}",
            who="ann",
        )

    async def execute(self, plan: Plan, *around: Companion) -> Outcome:
        """Carry out a plan beside these companions."""
        means = Means(self.script, lambda event: None, sleep=Rest(), around=around)
        return await execute(plan, THINGS, means)

    def run(self, *steps: Step, place: JournalPaths | None = None) -> Outcome:
        """Carry out steps beside a journal."""
        return asyncio.run(self.execute(plan_of(*steps), self.journal(place)))

    def records(self) -> list[Any]:
        """What the file holds."""
        return [json.loads(line) for line in self.place.path.read_text().splitlines()]

    def only_run(self) -> JournalledRun:
        """The one run that the file tells of."""
        (ran,) = history(lines(self.place.path)).runs
        return ran


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk of its own."""
    return Desk(tmp_path)


def events(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the records are, and about which thing."""
    return [f"{item['event']} {item.get('address', '')}".strip() for item in records]


# -- what is written --------------------------------------------------------------------------


def test_a_write_is_told_before_it_goes_out(desk: Desk) -> None:
    """When a call goes out, the file says already what is about to be done, and to what."""
    seen: list[Any] = []

    async def look(call: Call) -> str:
        seen.extend(desk.records())
        return "new"

    desk.script.answers = {"/a": look}

    desk.run(step("a", verb="update"))

    assert events(seen) == ["begin", "about thing.a"]
    assert seen[1]["verb"] == "update"
    assert seen[1]["before"]["id"] == "id-a"


def test_the_line_is_on_the_disk_before_the_write(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the line and the call the system is told to bring the file to the disk."""
    order: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            order.append(events(desk.records())[-1])
        fsync(descriptor)

    async def look(call: Call) -> str:
        order.append("call")
        return "new"

    monkeypatch.setattr(os, "fsync", noted)
    desk.script.answers = {"/a": look}

    desk.run(step("a"))

    assert order == ["begin", "about thing.a", "call", "end"]


def test_begin_and_end_are_told(desk: Desk) -> None:
    """The first line says who runs what for whom, the last one how it ended and what was done."""
    desk.script.answers = {"/b": failed("/b")}

    desk.run(step("a"), step("b"), step("c", "b"))

    first, *_, last = desk.records()
    assert first == {
        "ztctl_journal": 1,
        "event": "begin",
        "run": "run1",
        "time": "2026-07-01T00:00:00.000Z",
        "version": __version__,
        "who": "ann",
        "stack": "prod",
        "account": "account",
    }
    figures = {"how": "partial", "done": 1, "failed": 1, "skipped": 1, "not_started": 0}
    assert last.items() >= {"event": "end", "run": "run1", **figures}.items()


def test_what_came_of_a_write_is_told(desk: Desk) -> None:
    """A creation tells the new id, a failure its reason, a lost answer that nobody knows."""
    lost = failed("/l", None, lost=True)
    desk.script.answers = {"/a": {"id": "new"}, "/b": failed("/b"), "/l": lost}

    desk.run(step("a"), step("b"), step("l", verb="update"))

    found = {item.address: item for item in desk.only_run().writes}
    told = {address: (item.result, item.id, item.reason) for address, item in found.items()}
    assert told == {
        "thing.a": (WriteResult.DONE, "new", ""),
        "thing.b": (WriteResult.FAILED, "", "/b failed"),
        "thing.l": (WriteResult.UNKNOWN, "", "/l failed"),
    }


@dataclass(frozen=True)
class Named(Attributes):
    """Attributes of a thing."""

    hosts: frozenset[str]


def test_the_object_before_is_whole(desk: Desk) -> None:
    """The line before a write holds the API's own object, and those whose place it takes."""
    raw = {"id": "1", "rules": [{"port": 22, "on": True, "off": None, "part": 0.5}], "ü": "é"}
    old = Live("thing", "1", "a", "a", {"rules": 1}, Named(frozenset({"b", "a"})), raw=raw)
    plan = plan_of(step("a", verb="update"))
    change = replace(plan.changes[0], live=old, others=(live("x"),))
    plan = replace(plan, changes=(change,), live={change.address: old})

    asyncio.run(desk.execute(plan, desk.journal()))

    about = desk.records()[1]
    assert about["before"]["raw"] == raw
    assert about["before"]["values"] == {"rules": 1}
    assert about["before"]["attributes"] == {"hosts": ["a", "b"]}
    assert [other["id"] for other in about["others"]] == ["id-x"]


def test_a_creation_had_nothing_before(desk: Desk) -> None:
    """What is about to be made was not there."""
    desk.run(step("a"))

    assert desk.records()[1]["before"] is None


def test_writes_that_go_out_together_have_a_line_each(desk: Desk) -> None:
    """A batch is one call, and each of its objects is told before it."""
    seen: list[Any] = []

    async def look(call: Call) -> set[str]:
        seen.extend(desk.records())
        return set()

    desk.script.answers = {"/batch/a+b": look}

    desk.run(step("a", batch="zone"), step("b", batch="zone"))

    assert events(seen) == ["begin", "about thing.a", "about thing.b"]


def test_what_others_hold_back_was_not_sent(desk: Desk) -> None:
    """A step that another companion stops is told as such, and never as about to be done."""

    class Stop(Companion):
        async def before(self, work: Sequence[Work]) -> Mapping[StepId, CallFailed]:
            return {item.step.id: failed("moved") for item in work}

    asyncio.run(desk.execute(plan_of(step("a")), Stop(), desk.journal()))

    (write,) = desk.only_run().writes
    assert (write.sent, write.result, write.reason) == (False, WriteResult.FAILED, "moved failed")


def test_a_run_that_is_left_has_an_open_end(desk: Desk) -> None:
    """Leaving at once ends the journal, nobody knows what came of the write under way."""

    async def leave() -> None:
        under_way = asyncio.Event()

        async def hang(call: Call) -> str:
            under_way.set()
            async with asyncio.timeout(20):
                await asyncio.Event().wait()
            return ""

        desk.script.answers = {"/a": hang}
        task = asyncio.ensure_future(desk.execute(plan_of(step("a")), desk.journal()))
        await under_way.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run(leave())

    ran = desk.only_run()
    assert ran.ending is Ending.LEFT
    assert [item.result for item in ran.writes] == [WriteResult.UNKNOWN]


def test_nothing_goes_out_after_the_end(desk: Desk) -> None:
    """A journal that has ended lets no further write out."""

    async def late() -> Mapping[StepId, CallFailed]:
        journal, plan = desk.journal(), plan_of(step("a"))
        await journal.begin(plan, THINGS, Means(desk.script, lambda event: None))
        await journal.end(None)
        (change,) = plan.changes
        return await journal.before([Work(change.steps[0], change, None, {})])

    held = asyncio.run(late())

    assert len(held) == 1


# -- where it is written ----------------------------------------------------------------------


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_reads_it(desk: Desk) -> None:
    """The file and the folders that ztctl makes are for their owner alone."""
    desk.run(step("a"))

    file = desk.place.path
    assert [mode(path) for path in (file, file.parent, file.parents[1])] == [0o600, 0o700, 0o700]


def test_what_was_open_to_others_is_closed(desk: Desk) -> None:
    """A file and a folder of ours that others could read are so no more."""
    file = desk.place.path
    file.parent.mkdir(parents=True, mode=0o755)
    file.touch(0o644)
    file.chmod(0o644)

    desk.run(step("a"))

    assert (mode(file), mode(file.parent)) == (0o600, 0o700)


def test_a_second_run_is_written_behind_the_first(desk: Desk) -> None:
    """Nothing that is in the file goes."""
    desk.run(step("a"))
    first = desk.place.path.read_bytes()

    desk.run(step("b"))

    assert desk.place.path.read_bytes().startswith(first)
    assert [ran.id for ran in history(lines(desk.place.path)).runs] == ["run1", "run2"]


def test_two_runs_may_write_at_once(desk: Desk) -> None:
    """Lines of two runs mix, and each run is read back whole."""
    names = [f"k{number}" for number in range(30)]

    async def both() -> None:
        plan = plan_of(*map(step, names))
        await asyncio.gather(desk.execute(plan, desk.journal()), desk.execute(plan, desk.journal()))

    asyncio.run(both())

    found = history(lines(desk.place.path))
    assert found.damaged == 0
    assert [(ran.ending, ran.count(WriteResult.DONE)) for ran in found.runs] == [
        (Ending.COMPLETE, 30),
        (Ending.COMPLETE, 30),
    ]


@pytest.mark.parametrize("torn", [b'{"ztctl_jour', b'{"ztctl_journal":1,"event":"about","run"'])
def test_a_torn_line_takes_nothing_with_it(torn: bytes, desk: Desk) -> None:
    """A run that writes behind a line which a kill tore off is read back whole."""
    desk.place.path.parent.mkdir(parents=True)
    desk.place.path.write_bytes(torn)

    desk.run(step("a"))

    found = history(lines(desk.place.path))
    assert found.damaged == 1
    assert [ran.ending for ran in found.runs] == [Ending.COMPLETE]


def link(place: JournalPaths) -> None:
    """The file is a symbolic link."""
    place.path.parent.mkdir(parents=True)
    place.path.symlink_to(place.root / "elsewhere")


def linked_folder(place: JournalPaths) -> None:
    """A folder of ztctl's own is a symbolic link."""
    (place.root / "elsewhere").mkdir(parents=True)
    (place.root / "ztctl").symlink_to(place.root / "elsewhere")


def folder(place: JournalPaths) -> None:
    """A folder stands in its place."""
    place.path.mkdir(parents=True)


def pipe(place: JournalPaths) -> None:
    """A named pipe stands in its place."""
    place.path.parent.mkdir(parents=True)
    os.mkfifo(place.path)


def other_file(place: JournalPaths) -> None:
    """The file holds something else."""
    place.path.parent.mkdir(parents=True)
    place.path.write_text("version: 1\n")


def no_state_folder(place: JournalPaths) -> None:
    """A file stands in the place of the state folder."""
    place.root.write_text("")


@pytest.mark.parametrize(
    "trouble", [link, linked_folder, folder, pipe, other_file, no_state_folder]
)
def test_a_journal_that_cannot_be_written_ends_the_run_before_it_begins(
    trouble: Any, desk: Desk
) -> None:
    """Nothing is sent, nothing is written elsewhere, and the failure names the file."""
    trouble(desk.place)
    files = {path: path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()}

    with pytest.raises(Failure, match=r"prod\.jsonl"):
        desk.run(step("a"))

    assert desk.script.sent == []
    assert {path: path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()} == files


def test_a_named_file_needs_its_folder(desk: Desk) -> None:
    """For a file that a person names no folder is made."""
    place = JournalPaths(desk.folder / "missing", "j.jsonl")

    with pytest.raises(Failure, match="no such file or directory"):
        desk.run(step("a"), place=place)

    assert not place.root.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    """An account whose id is a path is refused."""
    with pytest.raises(Failure):
        JournalPaths(tmp_path, "prod.jsonl", ("ztctl", name))


# -- a disk that is full ----------------------------------------------------------------------


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process grows beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 30, 400])
def test_a_full_disk_stops_the_run_before_its_next_write(room: int, desk: Desk) -> None:
    """What cannot be written down is not sent; it is said once, and all steps are accounted for."""
    chain = [step("a"), step("b", "a"), step("c"), step("d", "c")]

    async def fill(call: Call) -> dict[str, str]:
        limit.enter(desk.place.path.stat().st_size + room)
        return {"id": "made"}

    with _Limit() as limit:
        desk.script.answers = {"/a": fill}
        outcome = desk.run(*chain)

    missing = {"POST /b", "POST /d"} - set(desk.script.sent)
    reasons = {item.reason for item in outcome.failed}
    assert missing
    assert len(desk.told) == 1
    assert "cannot be written any more" in desk.told[0].summary
    assert all("not sent, because the journal cannot be written" in reason for reason in reasons)
    assert len(outcome.done) + len(outcome.failed) + len(outcome.skipped) == len(chain)


class _Limit:
    """A limit that begins in the middle of a run."""

    def __enter__(self) -> _Limit:
        self._held: list[Any] = []
        return self

    def enter(self, size: int) -> None:
        """From now on."""
        limit = full_at(size)
        limit.__enter__()
        self._held.append(limit)

    def __exit__(self, *error: object) -> None:
        for limit in self._held:
            limit.__exit__(None, None, None)


def test_what_a_full_disk_tore_off_is_read_over(desk: Desk) -> None:
    """After the disk was full, the file is still a journal, and the next run can write to it."""
    with _Limit() as limit:

        async def fill(call: Call) -> dict[str, str]:
            limit.enter(desk.place.path.stat().st_size + 30)
            return {"id": "made"}

        desk.script.answers = {"/a": fill}
        desk.run(step("a"), step("b", "a"))

    desk.run(step("c"))

    found = history(lines(desk.place.path))
    assert found.damaged == 1
    assert [ran.ending for ran in found.runs] == [Ending.CUT_OFF, Ending.COMPLETE]
