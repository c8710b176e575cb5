"""What an audit asks of the service: lists, and one call for each tunnel of which no list tells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.calls import audit_cost, fill
from tests.support.account import Account
from tests.support.audited import read
from ztctl.core.model.calls import CallFailed
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.seeds import ZoneSeed

ZONES = ("example.com", "example.org", "example.net")
# The service's limit in five minutes.
BUDGET = 1200


def test_a_large_account_is_read_within_the_budget_of_calls() -> None:
    """500 applications, 300 tunnels and three zones: a call a tunnel, and 18 lists."""
    sandbox = open_sandbox(zones=[ZoneSeed(name, "pro") for name in ZONES])
    fill(sandbox, applications=500, tunnels=300, zones=ZONES)

    cost = audit_cost(sandbox)

    assert (cost.reads, cost.writes, cost.round_trips) == (318, 0, 6)
    assert cost.reads < BUDGET


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    """The records of the facts are those of the objects, and a local tunnel has no list either."""
    account = Account(tmp_path)
    for source in ("cloudflare", "local"):
        account.call("POST", "{A}/cfd_tunnel", {"name": source, "config_src": source})
    account.forget_log()

    read(account)

    asked = Counter((it.path, it.query) for it in account.sandbox.log)
    assert [it for it, count in asked.items() if count > 1] == []
    assert sum("configurations" in path for path, _ in asked) == 1


def test_a_failure_that_is_no_permission_ends_it(tmp_path: Path) -> None:
    """A service that is in trouble has said nothing about the account."""
    account = Account(tmp_path)
    account.sandbox.faults.add(kind="status", status=500, path="/dns_records", times=None)

    with pytest.raises(CallFailed):
        read(account)
