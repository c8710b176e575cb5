"""An account with one application, its tunnel and its name, and a front that serves it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support import sshd
from tests.support.front_client import Client, echo, listening
from ztctl.sandbox.front.account import KEY
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.jwts import new_key
from ztctl.sandbox.front.serve import Options, fronted
from ztctl.sandbox.service import Sandbox

from ..api import Api

HOST = "ssh.example.com"
TEAM = "acme.cloudflareaccess.com"
JDOE = Login("jdoe@example.com")
Serve = Callable[..., Client]


@dataclass
class Estate:
    """What stands in the account, by host name."""

    api: Api
    apps: dict[str, Any] = field(default_factory=dict)

    def protect(self, host: str = HOST, *, ca: bool = True, **fields: Any) -> Any:
        """An application that lets jdoe in, with a certificate authority."""
        if "policies" not in fields:
            include = [{"email": {"email": "jdoe@example.com"}}]
            fields["policies"] = [self.api.policy(f"allow {host}", include=include)["id"]]
        app = self.apps[host] = self.api.app(host, **fields)
        if ca:
            self.api.post(f"{{A}}/access/apps/{app['id']}/ca")
        return app

    def publish(self, service: str, host: str = HOST, **rule: Any) -> None:
        """A tunnel with one running connector that serves a host."""
        tunnel = self.api.tunnel(host)
        rules = [{"hostname": host, "service": service, **rule}, {"service": "http_status:404"}]
        path = f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations"
        assert self.api.put(path, {"config": {"ingress": rules}}).status == 200
        self.api.record(host, f"{tunnel['id']}.cfargotunnel.com", proxied=True)
        self.api.sandbox.connect(tunnel["id"])

    def authority(self, host: str = HOST) -> str:
        """The public key of an application's certificate authority."""
        path = f"{{A}}/access/apps/{self.apps[host]['id']}/ca"
        return str(self.api.get(path).result["public_key"])


@pytest.fixture(scope="session")
def team_key() -> str:
    """One RSA key for all: making one takes longer than a test."""
    return new_key()


@pytest.fixture(scope="session")
def openssh() -> None:
    """A real server can be run here; where everything is tested it must be."""
    reason = sshd.missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture
def sandbox(team_key: str) -> Sandbox:
    """One account in memory; by this machine's clock, because TLS goes by it."""
    sandbox = Sandbox.create()
    with sandbox.session() as state:
        state.store.put(KEY, "rsa", {"private_key": team_key})
    return sandbox


@pytest.fixture
def estate(api: Api) -> Estate:
    """What stands in the account: nothing yet."""
    return Estate(api)


@pytest.fixture
def echoing() -> Iterator[str]:
    """An origin on loopback that gives back what it gets: its service."""
    with listening(echo) as port:
        yield f"tcp://127.0.0.1:{port}"


@pytest.fixture
def serve(sandbox: Sandbox, tmp_path: Path) -> Iterator[Serve]:
    """Serves the front of the account until the test ends; gives a client of it."""
    with contextlib.ExitStack() as stack:

        def serving(login: Login | None = JDOE, folder: str = "edge", **options: Any) -> Client:
            front = fronted(sandbox, tmp_path / folder, Options(login, **options))
            found = dict(stack.enter_context(front))
            proxy = urlsplit(found["HTTPS_PROXY"])
            address = (proxy.hostname or "", proxy.port or 0)
            return Client(address, Path(found["SSL_CERT_FILE"]), Path(found["HOME"]))

        yield serving


@pytest.fixture
def served(estate: Estate, serve: Serve, echoing: str) -> Client:
    """A client of jdoe's, of an account with one protected and published host."""
    estate.protect()
    estate.publish(echoing)
    return serve()
