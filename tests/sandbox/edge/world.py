"""An account with an edge, for tests: objects by the API, visits from Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ztctl.sandbox.edge.values import Answer, PrivateVisit, Visit, Visitor
from ztctl.sandbox.service import Sandbox

from ..api import Api

OPEN = [{"service": "http://localhost:80"}]
CLOSED = {"service": "http_status:404"}


@dataclass(slots=True)
class Hands:
    """A clock that moves when it is told to."""

    now: datetime = datetime(2026, 7, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass(slots=True)
class World:
    """One account. `ids` are what `@name` in rules stands for."""

    sandbox: Sandbox
    clock: Hands
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        """The account's API."""
        return Api(self.sandbox)

    def made(self, path: str, body: Any, name: str = "") -> str:
        """Create an object; its id, remembered under a name."""
        key = str(self.api.post(path, self.filled(body)).result["id"])
        self.ids[name or str(body.get("name"))] = key
        return key

    def filled(self, value: Any) -> Any:
        """A body in which `@name` is replaced by the id of that name."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(one) for one in value]
        if isinstance(value, str) and value.startswith("@"):
            return self.ids[value[1:]]
        return value

    def app(self, domain: str, *policies: dict[str, Any], **fields: Any) -> str:
        """Create an application with policies of its own, in order."""
        body = {"type": "self_hosted", "name": domain, "domain": domain, "policies": policies}
        return self.made("{A}/access/apps", {**body, **fields})

    def group(self, name: str, **rules: Any) -> str:
        """Create a group."""
        return self.made("{A}/access/groups", {"name": name, "include": [], **rules})

    def tunnel(self, name: str, rules: Any = None, **config: Any) -> str:
        """Create a tunnel, with ingress rules if any are given."""
        tunnel = self.made("{A}/cfd_tunnel", {"name": name, "config_src": "cloudflare"})
        if rules is not None:
            self.configure(tunnel, rules, **config)
        return tunnel

    def configure(self, tunnel: str, rules: Any, **config: Any) -> None:
        """Replace the ingress rules of a tunnel."""
        body = {"config": {"ingress": rules, **config}}
        self.api.put(f"{{A}}/cfd_tunnel/{tunnel}/configurations", body)

    def record(self, name: str, tunnel: str, **fields: Any) -> str:
        """Create a proxied CNAME to a tunnel, given by id."""
        body = {"content": f"{tunnel}.cfargotunnel.com", "proxied": True, **fields}
        return str(self.api.record(name, **body)["id"])

    def visit(self, host: str, path: str = "/", **who: Any) -> Answer:
        """What somebody meets."""
        return self.sandbox.edge.visit(Visit(host, path, self.visitor(**who)))

    def connect(self, address: str, port: int = 22, **who: Any) -> Answer:
        """What a device of the organisation meets."""
        network = who.pop("virtual_network", None)
        visitor = self.visitor(enrolled=True, **who)
        visit = PrivateVisit(address, port, virtual_network=network, visitor=visitor)
        return self.sandbox.edge.connect_privately(visit)

    def visitor(self, **who: Any) -> Visitor:
        """Somebody, with `@name` filled in."""
        given = self.filled(who)
        if "holds" in given:
            given["holds"] = tuple(given["holds"])
        if "service_token" in given:
            given["service_token"] = tuple(given["service_token"])
        return Visitor(**given)

    def token(self, name: str, **fields: Any) -> tuple[str, str]:
        """Create a service token; its client id and secret."""
        body = {"name": name, **fields}
        made = self.api.post("{A}/access/service_tokens", body).result
        self.ids[name] = made["id"]
        return made["client_id"], made["client_secret"]

    def organise(self, **fields: Any) -> None:
        """Change the organisation."""
        known = self.api.get("{A}/access/organizations").result
        self.api.put("{A}/access/organizations", {**known, **fields})
