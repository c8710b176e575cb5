"""Commands of this process are observed, whichever sandbox they open."""

from __future__ import annotations

import json

import pytest

from tests.support.observer.watch import Watch
from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox

HOST = "a.example.com"


def sent(sandbox: Sandbox, method: str, path: str, body: object) -> dict[str, str]:
    """The result of one request."""
    headers = (("authorization", "Bearer somebody"),)
    path = path.format(A=f"accounts/{sandbox.account_id}")
    request = Request(method, f"/client/v4/{path}", (), headers, json.dumps(body).encode())
    answer = json.loads(sandbox.handle(request).body)
    assert answer["success"], answer["errors"]
    result: dict[str, str] = answer["result"]
    return result


def open_a_door(sandbox: Sandbox) -> None:
    """A name leads to an origin without an application."""
    body = {"name": "pool", "config_src": "cloudflare"}
    tunnel = sent(sandbox, "POST", "{A}/cfd_tunnel", body)["id"]
    config = {"ingress": [{"service": "http://web"}]}
    sent(sandbox, "PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": config})
    (zone,) = (item["id"] for item in sandbox.export()["zones"])
    record = {"type": "CNAME", "name": HOST, "content": f"{tunnel}.cfargotunnel.com"}
    sent(sandbox, "POST", f"zones/{zone}/dns_records", {**record, "proxied": True})


@pytest.mark.parametrize(("arguments", "broken"), [((), True), (("--allow-exposure", HOST), False)])
def test_a_command_that_opens_a_door_is_caught(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], broken: bool
) -> None:
    """Unless its own words allow it."""
    watch = Watch(monkeypatch)
    watch.begin(arguments)

    open_a_door(Sandbox.create())

    assert bool(watch.end(complete=True)) is broken
