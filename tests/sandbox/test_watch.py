"""Watching a store: every committed change, one's own and others', in order."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from ztctl.sandbox import journal
from ztctl.sandbox.journal import FileJournal
from ztctl.sandbox.store import Change, Store


def watched(store: Store) -> list[list[Change]]:
    """What a listener is told from now on."""
    told: list[list[Change]] = []
    store.watch(told.append)
    return told


def put(store: Store, key: str, value: int) -> None:
    """One session with one write."""
    with store.session():
        store.put("thing", key, {"value": value})


def look(store: Store) -> None:
    """A session that writes nothing."""
    with store.session():
        pass


def test_each_session_is_told_once() -> None:
    """A session's changes come together, each object once with its last value."""
    store = Store()
    told = watched(store)
    with store.session():
        store.put("thing", "a", {"value": 1})
        store.put("thing", "b", {"value": 2})
        store.put("thing", "a", {"value": 3})
    with store.session():
        store.remove("thing", "b")

    assert told == [
        [("thing", "a", {"value": 3}), ("thing", "b", {"value": 2})],
        [("thing", "b", None)],
    ]


def test_what_is_undone_is_not_told() -> None:
    """Neither a rollback nor a session that fails is told."""
    store = Store()
    told = watched(store)
    with store.session():
        store.put("thing", "a", {})
        store.rollback()
    with suppress(KeyError), store.session():
        store.put("thing", "a", {})
        raise KeyError

    assert told == []


def test_changes_of_others_are_told_when_seen(tmp_path: Path) -> None:
    """What another process wrote is told at the next session's start, before its own changes."""
    one, other = (Store(FileJournal(tmp_path / "state")) for _ in range(2))
    put(one, "a", 0)
    told = watched(one)
    put(other, "a", 1)
    put(other, "a", 2)
    put(one, "b", 3)

    assert [change for changes in told for change in changes] == [
        ("thing", "a", {"value": 1}),
        ("thing", "a", {"value": 2}),
        ("thing", "b", {"value": 3}),
    ]


def test_a_new_log_is_told_as_differences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the log was replaced by a shorter one, only what differs is told."""
    monkeypatch.setattr(journal, "SPARE", 3)
    one, other = (Store(FileJournal(tmp_path / "state")) for _ in range(2))
    for key in ("same", "gone", "changed"):
        put(one, key, 0)
    look(other)
    told = watched(other)
    with one.session():
        one.remove("thing", "gone")
    for value in range(20):
        put(one, "changed", value)
    look(other)

    assert {key: new for changes in told for _, key, new in changes} == {
        "gone": None,
        "changed": {"value": 19},
    }


def test_a_removed_file_is_told_as_removals(tmp_path: Path) -> None:
    """When the file is gone, so is everything in it."""
    store = Store(FileJournal(tmp_path / "state"))
    put(store, "a", 1)
    told = watched(store)
    (tmp_path / "state").unlink()
    look(store)

    assert told == [[("thing", "a", None)]]
