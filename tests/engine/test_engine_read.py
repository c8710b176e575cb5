"""Reading an account: each list once, and everything that is wrong at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.engine.conftest import Script, failed
from tests.support.account import Account, File
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.diagnostics import Failures
from ztctl.core.model.events import Event, Reading
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Live
from ztctl.core.planning import check
from ztctl.engine.read import Reader, ask_for
from ztctl.kinds.registry import KINDS

FILE: File = {
    "policies": {"team": {"decision": "allow", "include": [{"login_method": "Okta"}]}},
    "tunnels": {"pool": {}, "spare": {}},
    "hosts": {
        name: {"tunnel": "pool", "service": "ssh://localhost:22", "policies": ["team"]}
        for name in ("a.example.com", "b.example.com", "c.example.org")
    },
}
NO_TUNNELS = ("Access: Apps and Policies Write", "Access: Organizations Write", "Zone Read")


def read(account: Account, file: File, events: list[Event]) -> Mapping[str, tuple[Live, ...]]:
    """The live account as a plan for the file needs it."""
    declared = account.declared(file)
    ask = ask_for(declared, check.expanded(declared, KINDS), KINDS)

    async def work() -> Mapping[str, tuple[Live, ...]]:
        async with account.client() as client:
            return (await Reader(KINDS, ask, client).account(events.append)).live

    return asyncio.run(work())


def test_each_list_is_sent_once(account: Account) -> None:
    """Several kinds ask for applications, tunnels, zones: the account is asked once for each."""
    account.apply(FILE)
    account.forget_log()

    read(account, FILE, [])

    asked = [(entry.path, entry.query) for entry in account.sandbox.log]
    assert len(asked) == len(set(asked))


def test_only_what_concerns_the_file_is_read(account: Account) -> None:
    """One list a kind, records of the zones that names lie in, configurations of its tunnels."""
    account.apply(FILE)
    foreign = account.call("POST", "{A}/cfd_tunnel", {"name": "x", "config_src": "cloudflare"})
    account.forget_log()

    read(account, FILE, [])

    paths = [entry.path for entry in account.sandbox.log]
    assert sum("/dns_records" in path for path in paths) == 2
    assert sum("/configurations" in path for path in paths) == 2
    assert not any(foreign["id"] in path for path in paths)


def test_what_nothing_refers_to_is_not_read(account: Account) -> None:
    """Identity providers and service tokens cost a call only when a rule names one."""
    read(account, {"tunnels": {"pool": {}}}, [])

    paths = " ".join(entry.path for entry in account.sandbox.log)
    assert "identity_providers" not in paths
    assert "service_tokens" not in paths


def test_progress_counts_the_kinds(account: Account) -> None:
    """It begins at nothing, grows by one and ends at all."""
    events: list[Event] = []

    read(account, FILE, events)

    counts = [(event.done, event.total) for event in events if isinstance(event, Reading)]
    total = counts[0][1]
    assert counts == [(done, total) for done in range(total + 1)]


def test_all_that_may_not_be_read_is_told(account: Account) -> None:
    """Two lists that the token may not read are two failures, each with its own permission."""
    account.sandbox.define_token("sandbox", ["Zone Read"])

    with pytest.raises(Failures) as caught:
        read(account, FILE, [])

    told = [item for item in caught.value.items if isinstance(item, CallFailed)]
    calls = [item.call for item in told if item.call is not None]
    assert {item.status for item in told} == {403}
    assert {call.permission.rpartition(" · ")[2] for call in calls} >= {
        "Access: Apps and Policies",
        "Cloudflare Tunnel",
    }


def test_one_list_that_several_kinds_miss_is_told_once(account: Account) -> None:
    """The failure of a shared list is one failure, not one a kind."""
    account.sandbox.faults.add(method="GET", path=r"/cfd_tunnel$", status=403, times=None)

    with pytest.raises(CallFailed) as caught:
        read(account, FILE, [])

    assert caught.value.status == 403
    assert str(caught.value.call) == "GET /accounts/{account}/cfd_tunnel"


def test_who_asks_for_the_same_shares_the_reply() -> None:
    """A call is sent once, also while its reply is on the way; another query is another call."""
    script = Script({"/list": [["first"], ["second"]]})

    async def work() -> list[object]:
        once = Reader(KINDS, Ask("prod"), script)
        same = Call("GET", "/list", per_page=50)
        other = Call("GET", "/list", query=(("name", "x"),), per_page=50)
        return [*await asyncio.gather(once.send(same), once.send(same), once.send(other))]

    assert asyncio.run(work()) == [["first"], ["first"], ["second"]]


def test_who_asks_for_the_same_shares_the_failure() -> None:
    """Both are told, and the call is not repeated."""
    script = Script({"/list": failed("/list", 403)})

    async def work() -> list[object]:
        once = Reader(KINDS, Ask("prod"), script)
        calls = (once.send(Call("GET", "/list")), once.send(Call("GET", "/list")))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    told = asyncio.run(work())

    assert [str(item) for item in told] == ["/list failed", "/list failed"]
    assert len(script.sent) == 1
