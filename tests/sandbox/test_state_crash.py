"""The state file under what may happen to it: kills at any byte, a full disk."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from ztctl.sandbox import open_sandbox
from ztctl.sandbox.journal import FileJournal
from ztctl.sandbox.messages import Request
from ztctl.sandbox.store import Store

START = """
import resource, signal, sys
from pathlib import Path
from ztctl.sandbox import journal, open_sandbox
from ztctl.sandbox.messages import Request
from ztctl.sandbox.store import Store

file = Path(sys.argv[1])

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def post(sandbox, name):
    path = f"/client/v4/accounts/{sandbox.account_id}/access/tags"
    headers = (("authorization", "Bearer x"),)
    body = b'{"name": "%s"}' % name.encode()
    return sandbox.handle(Request("POST", path, (), headers, body)).status
"""
KILLED = """
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
sandbox = open_sandbox(file)
limit(int(sys.argv[2]))
for number in range(100):
    assert post(sandbox, f"{sys.argv[3]}{number}") == 201
    print(f"{sys.argv[3]}{number}", flush=True)
"""
FULL = """
sandbox = open_sandbox(file)
limit(file.stat().st_size + int(sys.argv[2]))
statuses = [post(sandbox, "a"), post(sandbox, "b")]
limit(resource.RLIM_INFINITY)
print(statuses, post(sandbox, "c"))
"""
COMPACTING = """
journal.SPARE = 5
store = Store(journal.FileJournal(file))
for number in range(int(sys.argv[2]), 10**9):
    with store.session():
        store.put("thing", str(number % 3), {"number": number, "filler": "x" * (number % 500)})
    print(number, flush=True)
"""


def names(file: Path) -> list[str]:
    """The names of all tags in a state file."""
    return [tag["name"] for tag in open_sandbox(file).export()["tags"]]


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script over a state file to its end."""
    command = [sys.executable, "-c", START + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("seed", range(5))
def test_a_kill_at_any_byte_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    """Whatever byte of the file a kill falls on, what was answered is there, whole."""
    file, chance, answered = tmp_path / "state.jsonl", random.Random(seed), list[str]()
    open_sandbox(file)
    for round_ in "ab":
        end = file.stat().st_size + chance.randrange(1, 4000)
        done = run(KILLED, file, end, round_)
        assert done.returncode < 0, done.stderr
        answered += done.stdout.split()

        assert names(file) == answered


@pytest.mark.parametrize("room", [0, 1, 40, 150])
def test_a_full_disk_refuses_and_recovers(tmp_path: Path, room: int) -> None:
    """While the disk is full writes answer 500 and are not done; afterwards all is well."""
    file = tmp_path / "state.jsonl"
    open_sandbox(file)

    done = run(FULL, file, room)

    assert (done.stdout, done.stderr) == ("[500, 500] 201\n", "")
    assert names(file) == ["c"]


def test_a_kill_while_compacting_loses_nothing(tmp_path: Path) -> None:
    """However often the log is replaced by a shorter one, a kill -9 leaves one that is whole."""
    file, chance, latest = tmp_path / "state.jsonl", random.Random(1), 0
    for _ in range(5):
        command = [sys.executable, "-c", START + COMPACTING, str(file), str(latest + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(chance.randrange(20, 200)):
                latest = int(writer.stdout.readline())
            writer.kill()
            latest = max([latest, *map(int, writer.stdout.read().split())])

        store = Store(FileJournal(file))
        with store.session():
            numbers = sorted(thing["number"] for thing in store.all("thing"))
        assert numbers[-1] - latest in (0, 1)
        assert numbers == list(range(numbers[0], numbers[0] + 3))
        latest = numbers[-1]


def test_a_lost_state_answers(tmp_path: Path) -> None:
    """A file that somebody overwrote meanwhile answers 500 in the service's shape."""
    file = tmp_path / "state.jsonl"
    sandbox = open_sandbox(file)
    file.write_bytes(b"something else\n")

    answer = sandbox.handle(Request("GET", "/client/v4/zones"))

    assert (answer.status, json.loads(answer.body)["success"]) == (500, False)
    assert file.read_bytes() == b"something else\n"
