"""Accounts that somebody made by hand, for files that take them over, and let go of them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.account import Account, at_once
from tests.support.by_hand import zone
from tests.support.files import HOST
from ztctl.cloudflare.client import Client
from ztctl.core.model.values import Secret
from ztctl.sandbox.transport import SandboxTransport

Json = Any
# What the service writes by itself, and what only tells of times and versions.
PASSING = {
    *("created_at", "updated_at", "modified_on", "comment_modified_on", "tags_modified_on"),
    "version",
}


def by_hand(account: Account) -> None:
    """The objects of `whole`, as the dashboard would have made them; all but the CA."""
    call = account.call
    people = {"include": [{"email": {"email": "ann@example.com"}}]}
    group = call("POST", "{A}/access/groups", {"name": "people", **people})["id"]
    allow = {"decision": "allow", "include": [{"group": {"id": group}}], "session_duration": "8h"}
    policy = call("POST", "{A}/access/policies", {"name": "team", **allow})["id"]
    body = {"type": "self_hosted", "name": HOST, "domain": HOST, "policies": [policy]}
    app = call("POST", "{A}/access/apps", {**body, "logo_url": "https://example.com/logo.png"})
    call("POST", f"{{A}}/access/apps/{app['id']}/ca")
    tunnel = call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "cloudflare"})["id"]
    access = {"required": True, "teamName": "acme", "audTag": [app["aud"]]}
    first = {"hostname": HOST, "service": "ssh://localhost:22", "originRequest": {"access": access}}
    config = {"ingress": [first, {"service": "http_status:404"}]}
    call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": config})
    record = {"type": "CNAME", "name": HOST, "content": f"{tunnel}.cfargotunnel.com"}
    call("POST", zone(account), {**record, "proxied": True, "comment": "the way in"})


def lasting(account: Account) -> dict[str, Json]:
    """Every object of an account, without times and versions, by kind and id."""
    return {
        f"{kind} {item.get('id') or item.get('tunnel_id') or item['name']}": _lasting(item)
        for kind, items in account.everything().items()
        for item in items
    }


def _lasting(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _lasting(it) for name, it in value.items() if name not in PASSING}
    return [_lasting(it) for it in value] if isinstance(value, list) else value


def changes(before: dict[str, Json], after: dict[str, Json]) -> list[str]:
    """What is not as it was: objects that came or went, and the members that differ."""
    found = [f"{key} is gone" for key in before.keys() - after.keys()]
    found += [f"{key} has come" for key in after.keys() - before.keys()]
    for key in before.keys() & after.keys():
        was, is_ = before[key], after[key]
        names = [it for it in {*was, *is_} if was.get(it) != is_.get(it)]
        found += [f"{key} {it}: {was.get(it)} -> {is_.get(it)}" for it in names]
    return sorted(found)


class Killed(BaseException):
    """The process is no more: nothing catches it."""


@dataclass
class DiesAfterAWrite(httpx.AsyncBaseTransport):
    """A transport by which a run dies as soon as so many of its writes are done."""

    inner: httpx.AsyncBaseTransport
    writes: int

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or not."""
        if self.writes <= 0:
            raise Killed
        response = await self.inner.handle_async_request(request)
        self.writes -= request.method != "GET"
        if self.writes <= 0:
            raise Killed
        return response


@dataclass
class Mortal(Account):
    """An account of which each run dies after as many writes as it has lives, if that is set."""

    lives: int | None = None

    def client(self) -> Client:
        """A client that may die."""
        inner = SandboxTransport(self.sandbox, sleep=at_once)
        return Client(
            Secret("sandbox"),
            account=self.sandbox.account_id,
            transport=inner if self.lives is None else DiesAfterAWrite(inner, self.lives),
            quota=None,
            sleep=at_once,
            wall=self.clock.seconds,
        )
