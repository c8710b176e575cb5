"""What a test with the official SDK is given, and what it must have done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cloudflare import Cloudflare

from ztctl.sandbox.api.families import FAMILIES
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.routing import Route, Router
from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

Test = TypeVar("Test", bound=Callable[..., None])

ROUTES: tuple[Route, ...] = tuple(route for family in FAMILIES for route in family.routes)
EVERYONE: Any = {"everyone": {}}
ROUTER = Router(ROUTES)


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK client of one served sandbox; answers are checked against the SDK's types."""

    client: Cloudflare
    sandbox: Sandbox
    url: str

    @property
    def account(self) -> str:
        """The id of the account."""
        return self.sandbox.account_id

    @property
    def zone(self) -> str:
        """The id of the zone example.com."""
        (zone,) = self.client.zones.list(name="example.com")
        return zone.id

    @property
    def access(self) -> Any:
        """The SDK's Access resources; their generated overloads are too narrow to type here."""
        return self.client.zero_trust.access

    def policy(self, name: str = "allow") -> Any:
        """A reusable policy that lets everyone in."""
        return self.access.policies.create(
            account_id=self.account, name=name, decision="allow", include=[EVERYONE]
        )

    def app(self, domain: str = "web.example.com", **fields: Any) -> Any:
        """A self-hosted application."""
        return self.access.applications.create(
            account_id=self.account, type="self_hosted", name=domain, domain=domain, **fields
        )

    def tunnel(self, name: str = "pool") -> Any:
        """A remotely managed tunnel."""
        return self.client.zero_trust.tunnels.cloudflared.create(
            account_id=self.account, name=name, config_src="cloudflare"
        )


@contextmanager
def opened(sandbox: Sandbox, *, token: str = "token", **options: Any) -> Iterator[Sdk]:
    """A client without retries, unless they are asked for, of a sandbox on a free port."""
    options = {"max_retries": 0, **options}
    with served(sandbox) as url, client(url, token, **options) as made:
        yield Sdk(made, sandbox, url)


def client(url: str, token: str = "token", **options: Any) -> Cloudflare:
    """A client that refuses every answer of a wrong type."""
    return Cloudflare(api_token=token, base_url=url, _strict_response_validation=True, **options)


def drives(*routes: str) -> Callable[[Test], Test]:
    """Declare the routes that a test drives, as in `"GET {A}/access/apps/{}"`."""

    def declared(test: Test) -> Test:
        test.__dict__["drives"] = frozenset(map(_spelled, routes))
        return test

    return declared


def declared_by(test: object) -> frozenset[str]:
    """What `drives` says of a test."""
    routes: frozenset[str] = getattr(test, "drives", frozenset())
    return routes


def emulated() -> frozenset[str]:
    """Every route of the sandbox, its parameters without names."""
    return frozenset(map(_named, ROUTES))


def driven(sandbox: Sandbox) -> frozenset[str]:
    """The routes that have answered with success."""
    return frozenset(_answered(sandbox))


def ids(listed: Iterable[Any]) -> set[str]:
    """The ids of a list; an object shown on two pages counts once."""
    return {one.id for one in listed}


def _answered(sandbox: Sandbox) -> Iterator[str]:
    for entry in sandbox.log:
        if entry.status < 300:
            try:
                yield _named(ROUTER.find(entry.method, entry.path)[0])
            except ApiError:
                continue


def _spelled(route: str) -> str:
    return route.replace("{A}", "/accounts/{}").replace("{Z}", "/zones/{}")


def _named(route: Route) -> str:
    return f"{route.method} {re.sub(r'{[^}]*}', '{}', route.path)}"
