"""Faults of the network and the service: nothing is made twice, and the next apply finishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.account import Account, told
from tests.support.files import HOST, whole
from ztctl.sandbox.faults import Kind

QUICKSTART_WRITES = 9

CREATES = {
    "tags": r"/access/tags$",
    "groups": r"/access/groups$",
    "policies": r"/access/policies$",
    "apps": r"/access/apps$",
    "tunnels": r"/cfd_tunnel$",
    "dns_records": r"/dns_records/batch$",
    "app_cas": r"/ca$",
}


@pytest.fixture(scope="session")
def quickstart(root: Path) -> dict[str, Any]:
    """The file that newcomers apply first."""
    text = (root / "examples" / "quickstart" / "ztctl.yaml").read_text(encoding="utf-8")
    file: dict[str, Any] = yaml.safe_load(text)
    return file


@pytest.mark.parametrize("fault", ["reset_after", "hang_after", "reset_before", "hang", "status"])
@pytest.mark.parametrize("kind", CREATES)
def test_a_create_whose_answer_is_lost_is_not_repeated_blindly(
    account: Account, kind: str, fault: Kind
) -> None:
    """Whether it was done or not: there is one object in the end, and the apply goes through."""
    account.sandbox.faults.add(kind=fault, method="POST", path=CREATES[kind])

    outcome = account.apply(whole())

    assert outcome.is_complete, outcome.failed
    assert len(account.everything()[kind]) == 1
    assert account.plan(whole()).is_empty


@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/groups/"), ("PUT", "/policies/"), ("PUT", "/apps/"), ("PUT", "/configurations")],
)
def test_an_update_whose_answer_is_lost_is_sent_again(
    account: Account, method: str, path: str, fault: Kind
) -> None:
    """A replacing write may be repeated: the apply goes through."""
    account.apply(whole())
    file = whole()
    file["groups"]["people"]["include"] = [{"email": "bob@example.com"}]
    file["policies"]["team"]["session_duration"] = "1h"
    file["applications"][HOST]["session_duration"] = "1h"
    file["tunnels"]["pool"]["ingress"][0]["service"] = "ssh://localhost:2222"
    struck = account.sandbox.faults.add(kind=fault, method=method, path=path)

    outcome = account.apply(file, interruption=["all"])

    assert (struck.hits, outcome.is_complete) == (1, True)
    assert account.plan(file).is_empty


@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
@pytest.mark.parametrize("path", ["/groups/", "/policies/", "/apps/", "/cfd_tunnel/", "/tags/"])
def test_a_deletion_whose_answer_is_lost_is_done(account: Account, path: str, fault: Kind) -> None:
    """What is gone already counts as deleted."""
    account.apply(whole())
    struck = account.sandbox.faults.add(kind=fault, method="DELETE", path=path)

    outcome = account.destroy(whole())

    assert (struck.hits, outcome.is_complete) == (1, True)
    assert account.plan({}).is_empty


def test_the_quickstart_takes_as_many_writes_as_are_tried(
    account: Account, quickstart: dict[str, Any]
) -> None:
    """The next test lets each of them fail: none may escape it."""
    account.apply(quickstart)

    assert len(account.writes()) == QUICKSTART_WRITES


@pytest.mark.parametrize("nth", range(QUICKSTART_WRITES))
def test_each_single_write_of_the_quickstart_may_fail(
    account: Account, quickstart: dict[str, Any], nth: int, tmp_path: Path
) -> None:
    """The outcome names the call, everything independent is done, the next apply finishes."""
    rehearsal = Account(tmp_path)
    rehearsal.apply(quickstart)
    writes = [(entry.method, entry.path) for entry in rehearsal.writes()]
    method, path = writes[nth]
    before = sum(1 for item in writes[:nth] if item == (method, path))
    # A create looks after its first failure whether it was done, and tries once more.
    script: Any = {"method": method, "path": f"^{_pattern(path)}$", "nth": before + 1, "times": 2}
    account.sandbox.faults.add(**script)

    outcome = account.apply(quickstart)

    assert len(outcome.failed) == 1
    told_path = path.replace(account.sandbox.account_id, "{account}")
    assert f"{method} {_shape(told_path)}" == _shape(outcome.failed[0].reason.partition(": ")[0])
    assert len(outcome.done) + len(outcome.skipped) == QUICKSTART_WRITES - 1
    account.sandbox.faults.clear()
    assert account.apply(quickstart).is_complete
    assert account.plan(quickstart).is_empty


def _pattern(path: str) -> str:
    """The path with any id in the place of an id."""
    return "/".join("[^/]+" if len(part) >= 32 else part for part in path.split("/"))


def _shape(path: str) -> str:
    """The path without the ids, which two accounts do not share."""
    return "/".join("*" if len(part) >= 32 else part for part in path.split("/"))


def test_what_a_failure_left_is_all_that_is_left_to_do(
    account: Account, quickstart: dict[str, Any]
) -> None:
    """The next plan holds what failed and what was skipped, and nothing else."""
    account.sandbox.faults.add(method="POST", path="/access/apps$")
    outcome = account.apply(quickstart)
    undone = {item.step.address for item in outcome.failed}
    undone |= {item.step.address for item in outcome.skipped}

    plan = account.plan(quickstart)

    assert {change.address for change in plan.changes} == undone


def test_a_failure_never_leads_to_an_open_name(
    account: Account, quickstart: dict[str, Any]
) -> None:
    """Without its application a name gets neither rule nor record."""
    account.sandbox.faults.add(method="POST", path="/access/apps$", times=None)

    account.apply(quickstart)

    live = account.everything()
    assert (live["dns_records"], live["tunnel_configurations"]) == ([], [])


def test_a_refused_record_does_not_hold_up_the_others(account: Account) -> None:
    """A batch that the zone refuses is halved until the bad record stands alone."""
    file = whole()
    names = [f"h{number}.example.com" for number in range(5)]
    file["hosts"] = {
        name: {"tunnel": "pool", "service": "ssh://localhost:22", "policies": ["team"]}
        for name in names
    }
    # Too short for the plan of this zone.
    file["dns"][HOST] |= {"proxied": False, "ttl": 40}

    outcome = account.apply(file)

    assert [item.step.address.key for item in outcome.failed] == [HOST]
    assert sorted(item["name"] for item in account.everything()["dns_records"]) == names
    assert told(account.plan(file)) == [f"create dns_record.{HOST}"]
