"""The session that is written into a policy that states none."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.kinds.session_length import session_of

from .replay import declare, ledger, live_of

INCLUDE = [{"email": {"email": "ann@example.com"}}]
SILENT = declare("access_policy", "team", decision="allow", include=[{"email": "ann@example.com"}])


def asked(session: str, **live: Any) -> str | None:
    """What is written beside a live policy, where the one application asks for a session."""
    raw = {"id": "p", "name": "team.ztctl-prod", "decision": "allow", "include": INCLUDE, **live}
    found = live_of("access_policy", raw)
    application = declare(
        "access_application", "a.example.com", policies=["team"], session_duration=session
    )
    return session_of(SILENT, found, ledger([SILENT, application], [found]))


@pytest.mark.parametrize("live", [{}, {"session_duration": None}, {"session_duration": ""}])
def test_a_live_policy_without_a_session_follows_its_application(live: dict[str, Any]) -> None:
    """Of 24 hours nothing has to be written; any other session would become 24h by a write."""
    assert [asked("24h", **live), asked("1h", **live)] == [None, "1h"]


def test_a_live_session_is_set_back() -> None:
    """Also to 24 hours, where the policy has another one."""
    assert asked("24h", session_duration="8h") == "24h"


@pytest.mark.parametrize("decision", ["deny", "bypass"])
def test_who_gets_no_session_needs_none(decision: str) -> None:
    """A policy that shuts out, or asks nobody, says nothing of sessions."""
    policy = declare("access_policy", "team", decision=decision, include=[{"everyone": True}])
    user = declare("access_application", "a.example.com", policies=["team"], session_duration="1h")

    assert session_of(policy, None, ledger([policy, user])) is None
