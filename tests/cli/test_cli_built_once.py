"""A plan is built once, and what was read is converted once: counted, never timed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.support.files import host, short
from ztctl.cli.app import run
from ztctl.cli.session import run_to_end
from ztctl.core.planning.planner import Draft
from ztctl.kinds.access_application import AccessApplication

BUILD = Draft.plan.__code__
CONVERSION = AccessApplication.live_from.__code__
YES = ("--sandbox", "--auto-approve", "--quiet")
Command = Callable[..., Counter[CodeType]]


def two_hosts(**more: Any) -> dict[str, Any]:
    """Two hosts, each behind an application of its own."""
    file = host("a.example.com")
    file["hosts"]["b.example.com"] = short()
    return {**file, **more}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command on a file in this process; gives how often each function was entered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def counted(file: dict[str, Any], *words: str) -> Counter[CodeType]:
        text = json.dumps({"version": 1, "stack": "prod", **file})
        Path("ztctl.yaml").write_text(text, encoding="utf-8")
        found: Counter[CodeType] = Counter()

        def enter(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                found[frame.f_code] += 1

        before = sys.getprofile()
        sys.setprofile(enter)
        try:
            assert run(words) == 0
        finally:
            sys.setprofile(before)
        return found

    return counted


def test_a_plan_that_is_in_step_is_built_once(command: Command) -> None:
    """Each of the two applications is converted once, however many kinds look at them."""
    command(two_hosts(), "apply", *YES)

    found = command(two_hosts(), "plan", "--sandbox", "--quiet")

    assert (found[BUILD], found[CONVERSION]) == (1, 2)


def test_a_plan_that_removes_a_host_is_built_once(command: Command) -> None:
    """What has to be read before protection goes is known before the plan is proved safe."""
    command(two_hosts(), "apply", *YES)

    found = command(
        host("a.example.com"), "plan", "--sandbox", "--quiet", "--allow-ca-deletion", "all"
    )

    assert (found[BUILD], found[CONVERSION]) == (1, 2)


def test_an_apply_is_planned_twice(command: Command) -> None:
    """Once to be shown, and once under the lock; the second reading is the look before the writes.

    The two applications are converted in each reading.
    """
    command(two_hosts(), "apply", *YES)

    found = command(host("a.example.com"), "apply", *YES, "--allow-ca-deletion", "all")

    assert (found[BUILD], found[CONVERSION]) == (2, 4)


def test_an_apply_that_deletes_a_ca_alone_reads_nothing_more(command: Command) -> None:
    """No protection goes with a CA: nothing is asked for beyond what its own list says."""
    command(two_hosts(), "apply", *YES)
    kept = two_hosts(removed=[{"address": "ca_key.b.example.com"}])
    kept["hosts"]["b.example.com"]["ca_key"] = False

    found = command(kept, "apply", *YES, "--allow-ca-deletion", "all")

    beyond = [code.co_name for code in found if code.co_name == "beyond"]
    assert (found[BUILD], found[CONVERSION], beyond) == (2, 4, [])


def test_a_result_is_never_formatted() -> None:
    """A plan of thousands of hosts is handed over as it is: its text would take as long again."""

    class Large:
        def __repr__(self) -> str:
            raise AssertionError("somebody wants its text")

    async def work() -> Large:
        return Large()

    assert isinstance(run_to_end(work()), Large)


def test_a_saved_plan_is_planned_once(command: Command) -> None:
    """What it holds has been agreed to: it is made once more, under the lock."""
    command(two_hosts(), "plan", "--sandbox", "--out", "saved")

    found = command(two_hosts(), "apply", "saved", *YES)

    assert found[BUILD] == 1
