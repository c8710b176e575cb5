"""A plain client for tests: one call in, one parsed answer out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox

EVERYONE: list[dict[str, Any]] = [{"everyone": {}}]


@dataclass(frozen=True, slots=True)
class Answer:
    """One parsed answer."""

    status: int
    body: dict[str, Any]

    @property
    def result(self) -> Any:
        """The result."""
        return self.body["result"]

    @property
    def error(self) -> tuple[int, int]:
        """Status and code of a refusal."""
        return self.status, self.body["errors"][0]["code"]

    @property
    def message(self) -> str:
        """Wording of a refusal."""
        return str(self.body["errors"][0]["message"])


@dataclass(frozen=True, slots=True)
class Api:
    """Calls of one client. A path that begins with `{A}` is below the account."""

    sandbox: Sandbox
    token: str | None = "token"

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """Send one request."""
        path = path.replace("{A}", f"/accounts/{self.sandbox.account_id}")
        path, _, query = path.partition("?")
        headers = (("authorization", f"Bearer {self.token}"),) if self.token else ()
        sent = b"" if body is None else json.dumps(body).encode()
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        request = Request(method, "/client/v4" + path, pairs, headers, sent)
        response = self.sandbox.handle(request)
        return Answer(response.status, json.loads(response.body))

    def get(self, path: str) -> Answer:
        """Read."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        """Create."""
        return self.call("POST", path, body)

    def put(self, path: str, body: Any = None) -> Answer:
        """Replace."""
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> Answer:
        """Merge."""
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        """Delete."""
        return self.call("DELETE", path)

    def policy(self, name: str = "allow", **fields: Any) -> Any:
        """Create a reusable policy that lets everyone in."""
        body = {"name": name, "decision": "allow", "include": EVERYONE, **fields}
        return self.post("{A}/access/policies", body).result

    def app(self, domain: str = "ssh.example.com", **fields: Any) -> Any:
        """Create an application."""
        body = {"type": "self_hosted", "name": domain, "domain": domain, **fields}
        return self.post("{A}/access/apps", body).result

    def group(self, name: str = "ops", include: Iterable[Any] = EVERYONE) -> Any:
        """Create a group."""
        return self.post("{A}/access/groups", {"name": name, "include": list(include)}).result

    def gateway_rule(self, name: str = "ssh", **fields: Any) -> Any:
        """Create a Gateway rule that records SSH commands."""
        body = {"name": name, "action": "audit_ssh", "filters": ["l4"], **fields}
        return self.post("{A}/gateway/rules", body).result

    def tunnel(self, name: str = "pool") -> Any:
        """Create a remotely managed tunnel."""
        body = {"name": name, "config_src": "cloudflare"}
        return self.post("{A}/cfd_tunnel", body).result

    def routed(self) -> str:
        """The id of the tunnel that routes lead to unless they say otherwise."""
        known = self.get("{A}/cfd_tunnel?name=routed&is_deleted=false").result
        return str((known[0] if known else self.tunnel("routed"))["id"])

    def network(self, name: str = "staging", **fields: Any) -> Any:
        """Create a virtual network."""
        return self.post("{A}/teamnet/virtual_networks", {"name": name, **fields}).result

    def route(self, network: str = "10.0.0.0/24", **fields: Any) -> Any:
        """Create a route of a private network."""
        body = {"network": network, "tunnel_id": self.routed(), **fields}
        return self.post("{A}/teamnet/routes", body).result

    def hostname_route(self, hostname: str = "db.internal", **fields: Any) -> Any:
        """Create a route of a private host name."""
        body = {"hostname": hostname, "tunnel_id": self.routed(), **fields}
        return self.post("{A}/zerotrust/routes/hostname", body).result

    def target(self, hostname: str = "web1", address: str = "10.0.0.5", **fields: Any) -> Any:
        """Create an infrastructure target."""
        body = {"hostname": hostname, "ip": {"ipv4": {"ip_addr": address}}, **fields}
        return self.post("{A}/infrastructure/targets", body).result

    def zone(self, name: str = "example.com") -> str:
        """The path of a zone."""
        return f"/zones/{self.get(f'/zones?name={name}').result[0]['id']}"

    def record(self, name: str = "ssh", content: str = "t.cfargotunnel.com", **fields: Any) -> Any:
        """Create a CNAME in the first zone."""
        body = {"type": "CNAME", "name": name, "content": content, **fields}
        return self.post(f"{self.zone()}/dns_records", body).result
