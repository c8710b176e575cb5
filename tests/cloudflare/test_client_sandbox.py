"""The client against the sandbox: tokens, permissions, Zero Trust, pages, and lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.timeless import Timeless
from ztctl.cloudflare import errors
from ztctl.cloudflare.client import Client
from ztctl.cloudflare.verify import explain
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.values import Secret
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.messages import Request
from ztctl.sandbox.rate_limit import RateLimit
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings
from ztctl.sandbox.transport import SandboxTransport

GROUPS = "/accounts/{account}/access/groups"
TAGS = "/accounts/{account}/access/tags"
LISTED = Call("GET", GROUPS, permission="Account · Access: Groups")
EVERYONE: list[Any] = [{"everyone": {}}]


def run(
    sandbox: Any, work: Callable[[Client], Awaitable[Any]], token: str = "any-token-will-do"
) -> Any:
    """Do some work over a client of the sandbox that never waits."""

    async def inside() -> Any:
        async with Client(
            Secret(token),
            account=sandbox.account_id,
            transport=SandboxTransport(sandbox),
            sleep=lambda _: asyncio.sleep(0),
            quota=None,
        ) as client:
            return await work(client)

    return asyncio.run(inside())


def refused(sandbox: Any, call: Call, token: str) -> CallFailed:
    """Send a call that must be refused, and have the refusal explained."""

    async def work(client: Client) -> CallFailed:
        with pytest.raises(errors.NotAuthorised) as caught:
            await client.send(call)
        return await explain(client, caught.value)

    told = run(sandbox, work, token)
    assert isinstance(told, CallFailed)
    return told


def test_a_wrong_token_is_told_apart_from_a_missing_permission() -> None:
    """An unknown token is called not valid."""
    sandbox = open_sandbox()
    sandbox.define_token("known-token", ["Zone Read"])

    told = refused(sandbox, LISTED, "unknown-token")

    assert "the API token is not valid" in told.summary


@pytest.mark.parametrize("account_owned", [False, True])
def test_a_missing_permission_is_named(account_owned: bool) -> None:
    """A token of a user, or of the account, that may not do this hears what it lacks."""
    sandbox = open_sandbox()
    sandbox.define_token("known-token", ["Zone Read"], account_owned=account_owned)

    told = refused(sandbox, LISTED, "known-token")

    assert 'valid, but lacks the permission "Account · Access: Groups · Read"' in told.summary


def test_an_account_without_zero_trust_is_told() -> None:
    """The sandbox's 9999 becomes words."""
    with pytest.raises(errors.ZeroTrustMissing, match="Zero Trust is not set up"):
        run(open_sandbox(zero_trust=False), lambda client: client.send(LISTED))


@pytest.mark.parametrize("awkward", [False, True])
@pytest.mark.parametrize(("path", "size"), [(GROUPS, 5), (TAGS, 5), (GROUPS, 23), (GROUPS, 1000)])
def test_every_object_of_a_list_comes_once(path: str, size: int, awkward: bool) -> None:
    """Twenty-three objects come back whole, whatever the page size and the server's whims."""
    sandbox = open_sandbox(awkward=awkward)
    names = [f"n{number:02}" for number in range(23)]

    async def work(client: Client) -> Any:
        for name in names:
            await client.send(Call("POST", path, {"name": name, "include": EVERYONE}))
        return await client.send(Call("GET", path, per_page=size))

    assert sorted(item["name"] for item in run(sandbox, work)) == names


def test_an_object_that_is_not_there_is_not_found() -> None:
    """A 404 of the API is its own class, with its status."""
    missing = Call("GET", f"{GROUPS}/4bd0a1ab-0000-4000-8000-000000000000")

    with pytest.raises(errors.NotFound) as caught:
        run(open_sandbox(), lambda client: client.send(missing))

    assert caught.value.status == 404


def test_a_create_whose_answer_is_lost_is_done_once() -> None:
    """The group exists once, and the failure says that nobody knows."""
    sandbox = open_sandbox()
    sandbox.faults.add(kind="reset_after", method="POST", path="groups")

    async def work(client: Client) -> Any:
        with pytest.raises(errors.Unreachable) as caught:
            await client.send(Call("POST", GROUPS, {"name": "once", "include": EVERYONE}))
        assert caught.value.lost
        return await client.send(Call("GET", GROUPS, per_page=100))

    assert [group["name"] for group in run(sandbox, work)] == ["once"]


def test_an_update_whose_answer_is_lost_is_sent_again() -> None:
    """A PUT may be done twice, so the caller never hears of the reset."""
    sandbox = open_sandbox()
    sandbox.faults.add(kind="reset_after", method="PUT", path="groups")

    async def work(client: Client) -> Any:
        made = await client.send(Call("POST", GROUPS, {"name": "old", "include": EVERYONE}))
        body = {"name": "new", "include": EVERYONE}
        return await client.send(Call("PUT", f"{GROUPS}/{made['id']}", body))

    assert run(sandbox, work)["name"] == "new"


class Rushed:
    """A thousand and more calls at once, in a time that passes only when all of them wait."""

    def __init__(self, limit: RateLimit) -> None:
        self.loop = Timeless()
        start = datetime(2026, 7, 1, tzinfo=UTC)
        self.sandbox = Sandbox.create(
            clock=lambda: start + timedelta(seconds=self.loop.time()),
            settings=Settings(rate_limit=limit),
        )

    def send(self, calls: int, *, used_by_others: int = 0) -> list[int]:
        """Make so many tags after others used a part of the quota; the statuses of all answers."""
        other = Request("GET", "/client/v4/zones", headers=(("authorization", "Bearer t"),))
        for _ in range(used_by_others):
            self.sandbox.handle(other)
        self.sandbox.log.clear()
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._send(calls))
        return [entry.status for entry in self.sandbox.log]

    async def _send(self, calls: int) -> None:
        client = Client(
            Secret("t"),
            account=self.sandbox.account_id,
            transport=SandboxTransport(self.sandbox),
            clock=self.loop.time,
        )
        async with client:
            posts = (Call("POST", TAGS, {"name": f"tag-{number}"}) for number in range(calls))
            await asyncio.gather(*map(client.send, posts))


CONSTANT = RateLimit(headers="constant", retry_after=False)


def test_headers_that_say_the_same_for_ever_let_no_limit_be_hit() -> None:
    """2,000 writes at once, as recorded of a real account: none is refused."""
    assert set(Rushed(CONSTANT).send(2000)) == {201}


def test_no_call_fails_by_a_limit_that_others_use_up() -> None:
    """Each 429 is outlasted, though none says for how long."""
    statuses = Rushed(CONSTANT).send(1500, used_by_others=600)

    assert statuses.count(201) == 1500
    assert set(statuses) == {201, 429}
