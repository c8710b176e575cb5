"""The audit of an account in memory, as the command makes it, and accounts to be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.account import Account
from ztctl.core.reach.acceptance import Acceptance
from ztctl.core.reach.audit import AuditReport
from ztctl.core.reach.audit_names import Public
from ztctl.core.reach.auditing import Auditor, Days
from ztctl.engine.whole_account import WholeAccount, whole_account
from ztctl.kinds.registry import KINDS

Json = Any
# By the clock of an account in memory, which begins in July 2026.
DAYS = Days("2026-07-02", "2026-08-01")
TEAM = {
    "name": "team",
    "decision": "allow",
    "include": [{"email_domain": {"domain": "acme.example"}}],
    "session_duration": "8h",
}


def not_stated(_host: str, _path: str) -> None:
    """No file states anything."""


def read(account: Account) -> WholeAccount:
    """Read an account as an audit does."""

    async def reading() -> WholeAccount:
        async with account.client() as client:
            return await whole_account(KINDS, client, lambda _: None)

    return asyncio.run(reading())


def auditor(account: Account, public: Public = not_stated, days: Days = DAYS) -> Auditor:
    """What looks at an account as it is now."""
    whole = read(account)
    return Auditor(whole.live, whole.facts, days, public)


def audited(
    account: Account,
    accepted: Sequence[Acceptance] = (),
    public: Public = not_stated,
    days: Days = DAYS,
) -> AuditReport:
    """The report about an account."""
    whole = read(account)
    made = Auditor(whole.live, whole.facts, days, public)
    return made.report(account.sandbox.account_id, unread=whole.unread, accepted=accepted)


def found(report: AuditReport) -> set[tuple[str, str]]:
    """Code and subject of each finding that nobody has accepted."""
    return {(it.code.value, it.subject) for it in report.all_findings}


@dataclass
class ByHand:
    """Makes objects of an account through its API, as somebody in the dashboard would."""

    account: Account
    _tunnels: dict[str, str] = field(default_factory=dict)

    def tunnel(self, name: str, rules: Iterable[Json] = (), *, source: str = "cloudflare") -> str:
        """Make a tunnel with these rules and a closing one, and give its id."""
        body = {"name": name, "config_src": source}
        key: str = self.account.call("POST", "{A}/cfd_tunnel", body)["id"]
        self._tunnels[name] = key
        if source == "cloudflare":
            self.rules(name, rules)
        return key

    def rules(self, name: str, rules: Iterable[Json]) -> None:
        """Give a tunnel these rules, and a closing one."""
        config = {"config": {"ingress": [*rules, {"service": "http_status:404"}]}}
        path = f"{{A}}/cfd_tunnel/{self._tunnels[name]}/configurations"
        self.account.call("PUT", path, config)

    def record(self, name: str, tunnel: str, **fields: Json) -> None:
        """Lead a name to a tunnel."""
        self.lead(name, f"{self._tunnels[tunnel]}.cfargotunnel.com", **fields)

    def lead(self, name: str, target: str, **fields: Json) -> None:
        """Lead a name somewhere, through Cloudflare unless said otherwise."""
        zones = self.account.everything()["zones"]
        zone = max(
            (it for it in zones if name.endswith(it["name"])), key=lambda it: len(it["name"])
        )
        body = {"type": "CNAME", "name": name, "content": target, "proxied": True, **fields}
        self.account.call("POST", f"/zones/{zone['id']}/dns_records", body)

    def app(self, place: str, *policies: Json, **fields: Json) -> Json:
        """Put an application in front of a place, with policies of its own."""
        body = {"type": "self_hosted", "name": place, "domain": place, **fields}
        body["policies"] = [{**it, "name": f"{place} {at}"} for at, it in enumerate(policies)]
        return self.account.call("POST", "{A}/access/apps", body)

    def host(self, name: str, *policies: Json, service: str = "ssh://localhost:22") -> Json:
        """One host on a tunnel of its own; behind an application if there are policies."""
        self.tunnel(name.replace("*", "star"), [{"hostname": name, "service": service}])
        self.record(name, name.replace("*", "star"))
        return self.app(name, *policies) if policies else None
