"""How many answers an apply waits for one after another: by a clock that only answers move on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx
import pytest

from tests.support.account import Account
from tests.support.people import Person, flags
from tests.support.timeless import Timeless

LATENCY = 0.1
NAMES = [f"h{number}.example.com" for number in range(10)]
YES = {
    "deletions": True, "no_policy": ["all"], "ca_deletion": ["all"], "exposure": ["all"],
    "interruption": ["all"],
}  # fmt: skip


class Distant(httpx.AsyncBaseTransport):
    """Answers each request a tenth of a second later."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await asyncio.sleep(LATENCY)
        return await self._inner.handle_async_request(request)


def ten(*, keys: bool, port: int = 22) -> dict[str, Any]:
    """Ten hosts behind one policy and one tunnel, an application and a record each."""
    services = [f"ssh://10.0.0.{number + 1}:22" for number in range(10)]
    services[0] = f"ssh://10.0.0.1:{port}"
    rules = [{"hostname": n, "service": s} for n, s in zip(NAMES, services, strict=True)]
    file = {
        "policies": {"team": {"decision": "allow", "include": [{"email_domain": "example.com"}]}},
        "applications": {name: {"policies": ["team"]} for name in NAMES},
        "tunnels": {"pool": {"ingress": rules}},
        "dns": {name: {"tunnel": "pool"} for name in NAMES},
    }
    return {**file, "ca_keys": {name: {} for name in NAMES}} if keys else file


def trips(account: Account, file: Any) -> int:
    """The round trips of one apply of a file."""

    async def work() -> int:
        loop = asyncio.get_running_loop()
        person = Person(account, "alice", file, yes=YES, wire=Distant, clock=loop.time)
        assert await person.applying() == "complete"
        return round(loop.time() / LATENCY)

    with asyncio.Runner(loop_factory=Timeless) as runner:
        return runner.run(work())


@pytest.mark.parametrize(
    ("keys", "expected"), [(False, (13, 9, 12)), (True, (14, 9, 13))], ids=["no keys", "CA keys"]
)
def test_what_ten_hosts_cost(keys: bool, expected: tuple[int, int, int], account: Account) -> None:
    """First apply, one change, destroy: with both readings, the lock and every look at it.

    Each opens or closes a way, so that each reading asks the zone for its own applications, too:
    beside its records, in the same round.
    """
    cost = partial(trips, account)

    found = cost(ten(keys=keys)), cost(ten(keys=keys, port=2222)), cost({})

    assert found == expected
    assert flags(account) == []


def test_records_of_one_zone_are_deleted_in_one_batch(account: Account) -> None:
    """Also where CA keys wait until nobody reaches their hosts."""
    account.apply(ten(keys=True))
    account.forget_log()

    Person(account, "alice", {}, yes=YES).applies()

    batches = [entry for entry in account.writes() if entry.path.endswith("/dns_records/batch")]
    assert len(batches) == 1
    assert account.everything()["dns_records"] == []
