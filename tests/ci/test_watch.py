"""The schedule on GitHub: what was changed by hand, and what is open in the whole account."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from tests.ci.conftest import Team
from tests.support.process import Ended


def test_what_was_changed_by_hand_makes_the_run_red(team: Team) -> None:
    """Of which GitHub sends a mail; the page of the run says what it is."""
    team.apply()
    before = team.watch("drift")
    team.account.edit_policy(session_duration="720h")

    after = team.watch("drift")

    assert (before.ok, after.ok) == (True, False)
    assert "720h" in after.summary


def test_what_is_weak_is_a_finding_of_code_scanning(team: Team) -> None:
    """Somebody lets everyone in: it is told at the line of the file that declares the host."""
    team.apply()
    team.account.edit_policy(include=[{"everyone": {}}])

    run = team.watch("audit")

    (sent,) = team.github.analyses
    report = json.loads(gzip.decompress(base64.b64decode(sent["sarif"])))
    assert (sent["commit_sha"], sent["ref"]) == ("1" * 40, "refs/heads/main")
    (found,) = (it for it in report["runs"][0]["results"] if "everyone" in it["message"]["text"])
    place = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (place, run.ok) == ("hosts/ztctl.yaml", True)


@pytest.mark.parametrize("code", [1, 130])
def test_half_an_audit_is_not_sent(code: int, team: Team) -> None:
    """An upload closes what is missing in it."""
    team.tools.programs["ztctl"] = lambda _: Ended(code, "{}", "")

    run = team.watch("audit")

    assert (run.ok, team.github.analyses) == (False, [])
