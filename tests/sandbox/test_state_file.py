"""State that lasts: one file, replayed, shared, compacted."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ztctl.sandbox import open_sandbox
from ztctl.sandbox.journal import SPARE, FileJournal, StateError
from ztctl.sandbox.store import Index, Store

from .api import Api

WRITER = """
import sys
from pathlib import Path
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.messages import Request
sandbox = open_sandbox(Path(sys.argv[1]))
path = f"/client/v4/accounts/{sandbox.account_id}/access/tags"
headers = (("authorization", "Bearer x"),)
for number in range(40):
    body = b'{"name": "%s-%d"}' % (sys.argv[2].encode(), number)
    assert sandbox.handle(Request("POST", path, (), headers, body)).status == 201
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the state lives; its folder does not exist yet."""
    return tmp_path / "deep" / "state.jsonl"


def opened(file: Path) -> Api:
    """A client of a sandbox over the file."""
    return Api(open_sandbox(file))


def names(api: Api) -> list[str]:
    """The names of all tags."""
    return [tag["name"] for tag in api.get("{A}/access/tags").result]


def test_everything_is_there_after_reopening(file: Path) -> None:
    """Objects, tokens, missed and ignored requests outlive the process."""
    first = opened(file)
    first.post("{A}/access/tags", {"name": "a", "colour": "red"})
    first.get("{A}/access/bookmarks")
    first.sandbox.define_token("token", ["Access: Apps and Policies Read"])

    again = opened(file)
    assert again.sandbox.export() == first.sandbox.export()
    assert again.sandbox.missed == first.sandbox.missed != []
    assert again.sandbox.ignored == first.sandbox.ignored != []
    assert again.post("{A}/access/tags", {"name": "b"}).status == 403


def test_indexes_are_there_after_reopening(file: Path) -> None:
    """Uniqueness holds against objects from an earlier run."""
    opened(file).app("ssh.example.com")

    body = {"type": "ssh", "name": "a", "domain": "ssh.example.com"}
    assert opened(file).post("{A}/access/apps", body).error == (409, 11010)


def test_deleted_objects_stay_deleted(file: Path) -> None:
    """A removal outlives the process."""
    first = opened(file)
    first.post("{A}/access/tags", {"name": "a"})
    first.delete("{A}/access/tags/a")

    assert names(opened(file)) == []


def test_torn_last_line_is_dropped(file: Path) -> None:
    """A last line that a crash tore off is dropped, and writing goes on after it."""
    first = opened(file)
    first.post("{A}/access/tags", {"name": "a"})
    first.post("{A}/access/tags", {"name": "torn"})
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])

    again = opened(file)
    assert names(again) == ["a"]
    again.post("{A}/access/tags", {"name": "b"})
    assert names(opened(file)) == ["a", "b"]


def test_every_torn_length_opens(file: Path) -> None:
    """Whatever length of a small state file survives a crash, it opens."""
    opened(file).post("{A}/access/tags", {"name": "a"})
    whole = file.read_bytes()

    for length in range(0, len(whole), 37):
        file.write_bytes(whole[:length])
        assert names(opened(file)) in ([], ["a"])


def test_torn_batch_leaves_nothing(file: Path) -> None:
    """A torn batch of records takes the whole batch with it."""
    api = opened(file)
    zone = api.zone()
    posts = [{"type": "CNAME", "name": f"h{n}", "content": "t.example.net"} for n in range(5)]
    api.post(f"{zone}/dns_records/batch", {"posts": posts})
    file.write_bytes(file.read_bytes()[:-3])

    assert opened(file).get(f"{zone}/dns_records").result == []


def test_failed_requests_write_nothing(file: Path) -> None:
    """A refused request leaves the file as it was."""
    api = opened(file)
    api.policy()
    before = file.read_bytes()
    body = {"type": "ssh", "name": "a", "domain": "ssh.example.com", "tags": ["missing"]}

    assert api.post("{A}/access/apps", body).status == 400
    assert file.read_bytes() == before


def test_two_openers_see_each_other(file: Path) -> None:
    """Two sandboxes over one file see each other's writes at once."""
    one, other = opened(file), opened(file)
    one.post("{A}/access/tags", {"name": "a"})
    other.post("{A}/access/tags", {"name": "b"})

    assert names(one) == names(other) == ["a", "b"]
    assert other.post("{A}/access/tags", {"name": "a"}).status == 409


def test_processes_do_not_lose_writes(file: Path) -> None:
    """Two processes that write at the same time lose nothing."""
    opened(file)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), name]) for name in ("x", "y")
    ]

    assert [writer.wait() for writer in writers] == [0, 0]
    assert opened(file).get("{A}/access/tags").body["result_info"]["total_count"] == 80


def test_missing_zones_are_added(file: Path) -> None:
    """Opening an existing state with another zone adds it and keeps the rest."""
    opened(file).post("{A}/access/tags", {"name": "a"})
    again = Api(open_sandbox(file, zones=("example.com", "example.net")))

    assert [zone["name"] for zone in again.get("/zones").result] == ["example.com", "example.net"]
    assert names(again) == ["a"]


def test_reset_starts_anew(file: Path) -> None:
    """Reset forgets everything but the seeds, for other openers too."""
    one, other = opened(file), opened(file)
    one.post("{A}/access/tags", {"name": "a"})
    one.sandbox.reset()

    assert names(other) == []
    assert len(other.get("{A}/access/identity_providers").result) == 3


def test_removed_file_starts_anew(file: Path) -> None:
    """A state file that somebody removed is an empty, freshly seeded account."""
    api = opened(file)
    api.post("{A}/access/tags", {"name": "a"})
    file.unlink()

    assert names(api) == []
    assert len(api.get("/zones").result) == 1


@pytest.mark.parametrize(
    "content", [b"important\n", b'{"version": 4}\n', b"\x00" * 100, b"{}", b'{"ztctl-sandbox":1}\n']
)
def test_other_files_are_left_alone(tmp_path: Path, content: bytes) -> None:
    """A file that is no state file raises StateError and is not touched."""
    file = tmp_path / "precious"
    file.write_bytes(content)

    with pytest.raises(StateError, match="not a state file"):
        open_sandbox(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("line", [b"{}", b'"x"', b"[[1,2,3]]", b"nonsense", b"[" * 100_000])
def test_damaged_lines_are_said_so(file: Path, line: bytes) -> None:
    """A line in the middle that is not of the sandbox raises StateError."""
    opened(file)
    with file.open("ab") as log:
        log.write(line + b"\n")

    with pytest.raises(StateError, match="holds a line"):
        open_sandbox(file)


def test_another_version_is_said_so(file: Path) -> None:
    """A file of another version raises StateError, and is not touched."""
    opened(file)
    content = file.read_bytes().replace(b'"ztctl-sandbox":2', b'"ztctl-sandbox":1', 1)
    file.write_bytes(content)

    with pytest.raises(StateError, match="of another version"):
        open_sandbox(file)
    assert file.read_bytes() == content


def test_a_folder_is_no_state_file(tmp_path: Path) -> None:
    """A folder in the place of the file raises StateError."""
    with pytest.raises(StateError, match="is a folder"):
        open_sandbox(tmp_path)


@pytest.mark.parametrize("spoil", [lambda lines: lines[:1] + lines[2:], lambda lines: lines[::-1]])
def test_lost_and_moved_lines_are_noticed(file: Path, spoil: Callable[[Any], Any]) -> None:
    """A log that lacks one of its lines, or has them in another order, raises StateError."""
    opened(file).post("{A}/access/tags", {"name": "a"})
    header, *lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([header, *spoil([*lines, *lines])]))

    with pytest.raises(StateError, match="holds a line"):
        open_sandbox(file)


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_is_noticed(file: Path, bit: int) -> None:
    """A file with one wrong bit before its last line raises StateError, and is not touched."""
    opened(file).post("{A}/access/tags", {"name": "a"})
    whole = file.read_bytes()

    for place in range(bit, whole.rindex(b"\n", 0, -1), 97):
        content = bytearray(whole)
        content[place] ^= 1 << bit
        file.write_bytes(content)
        with pytest.raises(StateError):
            open_sandbox(file)
        assert file.read_bytes() == content


def test_a_file_that_is_mended_is_read_anew(file: Path) -> None:
    """An opener that met damage sees everything once the file is whole again."""
    api = opened(file)
    api.post("{A}/access/tags", {"name": "a"})
    whole = file.read_bytes()
    file.write_bytes(whole + b"damage\n")
    with pytest.raises(StateError):
        api.sandbox.export()
    file.write_bytes(whole)

    assert names(api) == ["a"]


def test_state_file_is_for_its_owner_only(file: Path) -> None:
    """The state file, which holds private keys, is readable by its owner only."""
    opened(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_long_logs_are_compacted(file: Path) -> None:
    """A log that is mostly history is replaced by what lives, under an opener's eyes too."""
    store, watcher = (Store(FileJournal(file)) for _ in range(2))
    with watcher.session():
        assert watcher.count("thing") == 0
    for number in range(SPARE + 10):
        with store.session():
            store.put("thing", str(number % 2), {"number": number})

    assert file.read_bytes().count(b"\n") < 20
    with watcher.session():
        assert [thing["number"] for thing in watcher.all("thing")] == [SPARE + 8, SPARE + 9]


def test_a_write_appends_its_own_size(file: Path) -> None:
    """A write to a large state appends about as much as a write to a small one."""
    api = opened(file)
    sizes = [file.stat().st_size]
    for name in ("first", *(f"t{number:04}" for number in range(500)), "after"):
        api.post("{A}/access/tags", {"name": name})
        sizes.append(file.stat().st_size)

    assert abs((sizes[-1] - sizes[-2]) - (sizes[1] - sizes[0])) < 20


def test_indexes_follow_every_change() -> None:
    """An index finds an object by its present values only, after a rollback too."""
    store = Store()
    store.use([Index("thing", "colour", lambda thing: thing["colours"])])
    with store.session():
        store.put("thing", "a", {"colours": ["red", "blue"]})
        store.put("thing", "b", {"colours": ["red"]})
    with store.session():
        store.put("thing", "a", {"colours": ["green"]})
        store.remove("thing", "b")
        store.rollback()

    with store.session():
        assert store.tally("thing", "colour", "red") == 2
        store.put("thing", "a", {"colours": ["green"]})
        assert [store.tally("thing", "colour", c) for c in ("red", "blue", "green")] == [1, 0, 1]


def test_failed_session_changes_nothing() -> None:
    """An exception inside a session undoes its writes and travels on."""
    store = Store()

    def failing() -> None:
        with store.session():
            store.put("thing", "a", {})
            raise KeyError("oops")

    with pytest.raises(KeyError, match="oops"):
        failing()
    assert store.count("thing") == 0


def test_export_is_a_copy(file: Path) -> None:
    """Changing an export changes nothing, and it is plain JSON."""
    api = opened(file)
    app = api.app()
    api.post(f"{{A}}/access/apps/{app['id']}/ca")
    exported = api.sandbox.export()
    exported["apps"][0]["name"] = "changed"

    assert api.get(f"{{A}}/access/apps/{app['id']}").result["name"] == "ssh.example.com"
    assert "PRIVATE KEY" not in json.dumps(exported)
