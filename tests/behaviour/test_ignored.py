"""Fields that the files let differ: neither told nor put back, and nothing else is let go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, edits
from tests.support.by_hand import a_longer_session, other_words, put
from tests.support.drifting import drift
from tests.support.files import HOST, whole
from ztctl.core.model.diagnostics import Problems

TEAM = "access_policy.team"


def letting(*fields: str, **more: Any) -> dict[str, Any]:
    """A file that lets fields differ."""
    listed = [{"field": field, "reason": "others look after it"} for field in fields]
    return {**whole(), "ignore": listed, **more}


def test_a_live_value_stays(account: Account) -> None:
    """Nothing is planned for it, and an apply of something else leaves it."""
    file = letting(f"{TEAM}.session_duration")
    account.apply(file)
    a_longer_session(account)

    assert drift(account, file) == ()

    file["policies"]["team"]["purpose_justification_prompt"] = "Why?"
    account.apply(file)
    assert account.one("policies")["session_duration"] == "720h"
    assert account.one("policies")["purpose_justification_prompt"] == "Why?"


def test_what_is_not_live_is_made_as_the_files_say(account: Account) -> None:
    """There is no live value that could stay."""
    account.apply(letting(f"{TEAM}.session_duration"))

    assert account.one("policies")["session_duration"] == "8h"


def test_a_mark_in_an_ignored_field_is_put_back(account: Account) -> None:
    """The words before it are others', the mark is the stack's."""
    file = letting(f"dns_record.{HOST}.comment")
    account.apply(file)
    other_words(account)
    assert drift(account, file) == ()
    record = account.one("dns_records")
    zone = account.one("zones", name="example.com")["id"]
    account.call("PATCH", f"/zones/{zone}/dns_records/{record['id']}", {"comment": "theirs"})

    account.apply(file)

    assert account.one("dns_records")["comment"] == "theirs ztctl-prod"


def test_other_fields_are_told_all_the_same(account: Account) -> None:
    """A field more in the same object is one item, of that field alone."""
    file = letting(f"{TEAM}.session_duration")
    account.apply(file)
    found = account.one("policies")
    asked = {"session_duration": "720h", "purpose_justification_required": True}
    put(account, "{A}/access/policies", found, **asked)

    (item,) = drift(account, file)

    assert [edit.path for edit in item.edits] == ["purpose_justification_required"]
    assert edits(account.plan(file)) == [f"{TEAM} purpose_justification_required"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"field": f"{TEAM}.include", "reason": "x"}, "'include' decides who reaches what"),
        ({"field": f"{TEAM}.session_duration"}, "reason"),
        ({"field": f"{TEAM}.session_duration", "reason": " "}, "a reason is missing"),
        ({"field": "access_policy.teem.session_duration", "reason": "x"}, "no file declares"),
        ({"field": f"hosts.{HOST}.service", "reason": "x"}, "is several objects"),
        ({"field": 7, "reason": "x"}, "field"),
    ],
)
def test_a_wrong_entry_is_a_problem_with_its_place(
    account: Account, entry: dict[str, Any], said: str
) -> None:
    """It is told by validate, without an account."""
    with pytest.raises(Problems) as told:
        account.declared({**whole(), "ignore": [entry]})

    (problem,) = told.value.items
    assert said in f"{problem.summary} {problem.hint}"
    assert problem.where is not None


def test_everything_wrong_with_the_list_is_told_at_once(account: Account) -> None:
    """An entry for an object that no file declares is told beside entries without a meaning."""
    names = ("access_policy.teem.session_duration", f"{TEAM}.include", f"{TEAM}.nothing")
    listed: list[dict[str, str]] = [{"field": it, "reason": "x"} for it in names]

    with pytest.raises(Problems) as told:
        account.declared({**whole(), "ignore": [*listed, {"field": f"{TEAM}.decision"}]})

    found = " ".join(it.summary for it in told.value.items)
    said = ("no file declares access_policy.teem", "'include' decides", "no field 'nothing'")
    assert [it for it in (*said, "'decision' decides", "lacks `reason`") if it not in found] == []
    assert len(told.value.items) == 5


def test_a_field_is_listed_once(account: Account) -> None:
    """Of two reasons one is wrong."""
    with pytest.raises(Problems) as told:
        account.declared(letting(f"{TEAM}.session_duration", f"{TEAM}.session_duration"))

    assert "is ignored twice" in told.value.items[0].summary
