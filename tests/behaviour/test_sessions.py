"""How long a login lasts is what the file means, also where a policy does not say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account
from tests.support.files import HOST, host, short

File = dict[str, Any]
INCLUDE = [{"email": "ann@example.com"}]


def asking(*sessions: str, **policy: Any) -> File:
    """Applications with these sessions, all by one policy."""
    return {
        "policies": {"team": {"decision": "allow", "include": INCLUDE, **policy}},
        "applications": {
            f"h{place}.example.com": {"policies": ["team"], "session_duration": session}
            for place, session in enumerate(sessions)
        },
    }


def live(account: Account) -> Any:
    """The session of the live policy."""
    return account.one("policies")["session_duration"]


def warned(account: Account, file: File) -> str:
    """What validate and plan warn of."""
    found = (*account.declared(file).warnings, *account.plan(file).warnings)
    return " ".join(problem.summary for problem in found)


@pytest.mark.parametrize("sessions", [["1h"], ["8h", "480m"], ["24h"]])
def test_a_silent_policy_lasts_as_long_as_its_applications_say(
    account: Account, sessions: list[str]
) -> None:
    """The service would give it 24 hours, which go before the application's."""
    file = asking(*sessions)
    assert warned(account, file) == ""

    account.apply(file)

    assert live(account) == {"480m": "8h"}.get(sessions[-1], sessions[-1])
    assert account.plan(file).is_empty


def test_applications_that_differ_get_what_the_service_gives(account: Account) -> None:
    """One policy has one session: 24 hours, and that is said before."""
    file = asking("1h", "8h")

    text = warned(account, file)
    account.apply(file)

    assert "(h0.example.com 1h, h1.example.com 8h): the service takes 24h" in text
    assert live(account) == "24h"
    assert account.plan(file).is_empty


def test_an_edit_of_the_application_reaches_its_policy(account: Account) -> None:
    """A shorter session of the application is one for those who log in."""

    def lasting(session: str) -> File:
        return {**host(), "hosts": {HOST: short(session_duration=session)}}

    account.apply(lasting("8h"))

    plan = account.plan(lasting("1h"))

    changes = [(str(it.address), [edit.path for edit in it.edits]) for it in plan.changes]
    assert changes == [
        ("access_policy.team", ["session_duration"]),
        (f"access_application.{HOST}", ["session_duration"]),
    ]
    ((lost,),) = [change.lost for change in plan.access]
    assert lost.change == "session 8h → 1h"


def test_an_application_of_others_counts(account: Account) -> None:
    """Whose application links the policy, too, is asked: 24 hours where it says otherwise."""
    account.apply(asking("1h"))
    policy = account.one("policies")["id"]
    body = {
        "type": "self_hosted",
        "name": "wiki",
        "domain": "wiki.example.com",
        "policies": [policy],
    }
    account.call("POST", "{A}/access/apps", {**body, "session_duration": "12h"})

    assert "wiki 12h" in warned(account, asking("1h"))
