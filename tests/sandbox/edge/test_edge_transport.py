"""Promises about the edge as an httpx transport."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ztctl.sandbox.edge_transport import EdgeTransport
from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox

HOST = "ssh.example.com"


def post(sandbox: Sandbox, path: str, body: bytes) -> None:
    """Make something over the API."""
    headers = (("authorization", "Bearer x"),)
    answer = sandbox.handle(Request("POST", f"/client/v4{path}", (), headers, body))
    assert answer.status < 300, answer.body


def head(sandbox: Sandbox, host: str = HOST) -> httpx.Response:
    """What somebody without a credential meets."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=EdgeTransport(sandbox)) as http:
            return await http.head(f"https://{host}/")

    return asyncio.run(ask())


@pytest.fixture
def served() -> Sandbox:
    """An account of which one name leads to a tunnel that runs."""
    sandbox = Sandbox.create()
    sandbox.edge.assume_connectors = True
    account = f"/accounts/{sandbox.account_id}"
    post(sandbox, f"{account}/cfd_tunnel", b'{"name": "t", "config_src": "local"}')
    found = sandbox.export()
    tunnel, zone = found["tunnels"][0]["id"], found["zones"][0]["id"]
    record = f'{{"type": "CNAME", "name": "{HOST}", "proxied": true, "ttl": 1, "content": '
    target = f'"{tunnel}.cfargotunnel.com"}}'
    post(sandbox, f"/zones/{zone}/dns_records", (record + target).encode())
    return sandbox


def test_an_application_sends_to_its_login(served: Sandbox) -> None:
    """A host behind Access answers with the login page of the team and the audience."""
    body = f'{{"type": "self_hosted", "name": "a", "domain": "{HOST}", "policies": [{{'
    body += '"name": "p", "decision": "allow", "include": [{"everyone": {}}]}]}'
    post(served, f"/accounts/{served.account_id}/access/apps", body.encode())

    answer = head(served)

    domain = served.export()["organizations"][0]["auth_domain"]
    aud = served.export()["apps"][0]["aud"]
    assert answer.status_code == 302
    assert answer.headers["location"] == f"https://{domain}/cdn-cgi/access/login/{HOST}?kid={aud}"


def test_an_origin_answers_by_itself(served: Sandbox) -> None:
    """A host without an application is answered from behind."""
    assert head(served).status_code == 200


def test_a_tunnel_without_connectors_is_an_error_of_the_edge(served: Sandbox) -> None:
    """Where nothing runs the edge says 530."""
    served.edge.assume_connectors = False

    assert head(served).status_code == 530


def test_a_name_that_is_not_there_does_not_connect(served: Sandbox) -> None:
    """An unknown name is no HTTP answer at all."""
    with pytest.raises(httpx.ConnectError):
        head(served, "nope.example.com")
