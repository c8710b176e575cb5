"""Whether another run's process is dead: only what is certain counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import PATIENCE
from ztctl.engine import processes
from ztctl.engine.processes import Process

SCRIPT = """
import json
from dataclasses import asdict
from ztctl.engine.processes import Process
print(json.dumps(asdict(Process.own())), flush=True)
input()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of processes")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A process that lives until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def other(child: subprocess.Popen[str]) -> Process:
    """What that process says of itself."""
    assert child.stdout is not None
    found = Process.of(json.loads(child.stdout.readline()))
    assert found is not None
    return found


def test_a_process_that_lives_is_not_dead(other: Process) -> None:
    """Neither this one nor another one."""
    own = Process.own()

    assert own is not None
    assert [own.is_dead(), other.is_dead()] == [False, False]


def test_a_killed_process_is_dead(child: subprocess.Popen[str], other: Process) -> None:
    """Once it is gone."""
    child.kill()
    child.wait(PATIENCE)

    assert other.is_dead()


def test_a_killed_process_that_nobody_waited_for_is_dead(
    child: subprocess.Popen[str], other: Process
) -> None:
    """A zombie writes nothing, though its number is still taken."""
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert other.is_dead()


def test_a_number_that_was_given_again_is_another_process(other: Process) -> None:
    """It began at another time, so that the one that was meant is dead."""
    assert replace(other, started=other.started - 1).is_dead()


def test_a_killed_process_is_dead_without_time_namespaces(
    child: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux before 5.6 has none."""
    pid = str(os.getpid())
    for part in ("sys/kernel/random/boot_id", f"{pid}/stat"):
        (tmp_path / part).parent.mkdir(parents=True)
        (tmp_path / part).write_bytes((Path("/proc") / part).read_bytes())
    (tmp_path / "self").symlink_to(pid)
    (tmp_path / pid / "ns").mkdir()
    (tmp_path / pid / "ns/pid").symlink_to(Path("/proc/self/ns/pid").readlink())
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    own = Process.own()
    assert own is not None
    child.kill()
    child.wait(PATIENCE)

    assert [own.is_dead(), replace(own, pid=child.pid).is_dead()] == [False, True]


@pytest.mark.parametrize("part", [{"boot": "another"}, {"namespace": "pid:[1] time:[2]"}])
def test_a_process_of_elsewhere_counts_as_alive(part: dict[str, Any], other: Process) -> None:
    """On another machine, before a restart, in another container: nobody can tell."""
    assert not replace(other, pid=2**22 - 1, **part).is_dead()


@pytest.mark.parametrize(
    "change",
    [{"pid": 0}, {"pid": -1}, {"pid": 2**40}, {"pid": "7"}, {"boot": 7}, {"started": None}],
)
def test_a_record_that_makes_no_sense_tells_of_no_process(change: dict[str, Any]) -> None:
    """A journal is foreign data."""
    own = Process.own()
    assert own is not None

    assert Process.of({**asdict(own), **change}) is None
    assert Process.of(None) is None
