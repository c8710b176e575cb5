"""Who wrote last, and since when: logs and journals that may hold anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.drift import Author, Deviation, DriftItem, DriftReport, DriftSeverity
from ztctl.core.runs.audit_log import attributed, entry_of
from ztctl.core.runs.journal import JournalledRun, JournalledWrite, WriteResult
from ztctl.engine.since import Recorded, is_since

ID = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
POLICY = Address("access_policy", "team")
CHANGED = DriftItem(
    DriftSeverity.WIDER, Deviation.CHANGED, POLICY, objects=frozenset({ID}), changed=""
)
MISSING = DriftItem(DriftSeverity.LOST, Deviation.MISSING, POLICY)


def entry(method: str = "PUT", path: str = f"/access/policies/{ID}", **more: Any) -> Any:
    """An entry as the service's description has it."""
    return {
        "id": "e1",
        "action": {"result": "success", "time": "2026-11-28T19:00:00Z", "type": "update"},
        "actor": {"context": "dash", "email": "ann@example.com"},
        "raw": {"method": method, "uri": f"/client/v4/accounts/{'a' * 32}{path}"},
        "resource": {"id": "", "type": "x"},
        **more,
    }


def author(item: DriftItem, *entries: Any) -> Author | None:
    """The author of one item."""
    read = [it for it in map(entry_of, entries) if it is not None]
    (found,) = attributed([item], read, {"access_policy": "policies"})
    return found.author


def test_the_newest_write_of_an_object_has_the_author() -> None:
    """The log tells the newest first."""
    old = entry(actor={"context": "api_token", "token_name": "ci", "email": "bob@example.com"})

    assert author(CHANGED, entry(), old) == Author(
        "ann@example.com", "dash", "2026-11-28T19:00:00Z", "update"
    )


def test_a_token_is_called_by_its_name() -> None:
    """Not by whose it is."""
    actor = {"context": "api_token", "token_name": "ci", "email": "bob@example.com"}

    found = author(CHANGED, entry(actor=actor))

    assert found is not None
    assert found.name == "ci"


@pytest.mark.parametrize(
    ("actor", "named"),
    [
        ({"context": "api_token", "email": "bob@example.com"}, ("bob@example.com", "api")),
        ({"context": "dash", "type": "user"}, ("", "dash")),
        ({"context": "", "type": "system"}, ("system", "")),
        ({"context": "api_token"}, ("", "api_token")),
        ({}, ("", "")),
    ],
)
def test_whoever_has_no_name_gets_none(actor: Any, named: tuple[str, str]) -> None:
    """A token without a name is told by whose it is, a machine by what it is."""
    found = author(CHANGED, entry(actor=actor))

    assert found is not None
    assert (found.name, found.context) == named


@pytest.mark.parametrize(
    "other",
    [
        entry(path="/access/policies/11111111-8d3b-4e6f-9a70-1b2c3d4e5f60"),
        entry("DELETE"),
        entry(action={"result": "failure", "time": "2026-11-28T19:00:00Z"}),
    ],
    ids=["another object", "a deletion", "a failure"],
)
def test_other_writes_have_no_part_in_it(other: Any) -> None:
    """They are about something else, or did nothing."""
    assert author(CHANGED, other) is None


def test_a_deletion_is_found_by_its_collection() -> None:
    """Nobody knows the id of what is gone."""
    assert author(MISSING, entry("DELETE")) is not None
    assert author(MISSING, entry("DELETE", f"/access/groups/{ID}")) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["id", "action", "actor", "raw", "resource", "uri", "method", "time", "result"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(ANYTHING)
def test_a_log_may_hold_anything(raw: Any) -> None:
    """What is no entry is passed over, and none names anybody by mistake."""
    found = entry_of(raw)

    assert found is None or isinstance(found.author.name, str)


# -- since the last apply -------------------------------------------------------------------


def ran(ended: str, *writes: JournalledWrite, **facts: Any) -> JournalledRun:
    """A run of the stack ``prod``."""
    made = {"id": "r", "began": ended, "ended": ended, "account": "a", "stack": "prod"}
    return JournalledRun(**{**made, **facts}, writes=writes)


def wrote(verb: str, result: WriteResult = WriteResult.DONE) -> JournalledWrite:
    """One write of the policy."""
    return JournalledWrite(str(POLICY), verb, "2026-11-20T12:00:00Z", result=result)


LAST = ran("2026-11-20T12:00:00Z", wrote("create"))
AFTER, BEFORE = "2026-11-20T12:00:01Z", "2026-11-20T14:59:59+03:00"


def told(item: DriftItem, *runs: JournalledRun, authors: str = "") -> bool:
    """Whether the item is told."""
    recorded = Recorded.of(runs, "a", "prod")
    assert recorded is not None
    return is_since(item, DriftReport("a", "prod", (item,), authors=authors), recorded)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (replace(CHANGED, changed=AFTER), True),
        (replace(CHANGED, changed=BEFORE), False),
        (replace(CHANGED, changed=BEFORE, author=Author("x", "dash", AFTER)), True),
        (replace(CHANGED, changed=BEFORE, severity=DriftSeverity.EXPOSED), True),
        (replace(CHANGED, deviation=Deviation.REFUSED), True),
        (replace(CHANGED, changed="no time"), True),
        (CHANGED, False),
        (MISSING, True),
    ],
)
def test_what_was_written_since_is_told(item: DriftItem, expected: bool) -> None:
    """By the log, else by the object itself; what is open, and what nobody can tell, always."""
    assert told(item, LAST) is expected


def test_without_a_log_what_nobody_can_tell_is_told() -> None:
    """An object without a time may have been written."""
    assert told(CHANGED, LAST, authors="no permission")


def test_what_was_never_made_is_not_missed() -> None:
    """It is new in the files, or was deleted by the last apply."""
    assert not told(MISSING, ran("2026-11-20T12:00:00Z", replace(wrote("create"), address="t.x")))
    assert not told(MISSING, LAST, ran("2026-11-21T12:00:00Z", wrote("delete")))


def test_runs_of_others_and_runs_that_wrote_nothing_do_not_count() -> None:
    """No apply of this stack is recorded then."""
    runs = [
        replace(LAST, stack="other"),
        replace(LAST, account="b"),
        replace(LAST, writes=()),
        ran("2026-11-20T12:00:00Z", wrote("create", WriteResult.FAILED)),
    ]

    assert Recorded.of(runs, "a", "prod") is None


def test_a_run_without_an_end_counts_from_its_beginning() -> None:
    """A killed one wrote something after it."""
    cut = replace(LAST, began="2026-11-22T00:00:00Z", ended="")
    recorded = Recorded.of([cut, LAST], "a", "prod")

    assert recorded is not None
    assert recorded.ended == "2026-11-22T00:00:00Z"
    assert datetime.fromisoformat(recorded.ended).tzinfo == UTC
