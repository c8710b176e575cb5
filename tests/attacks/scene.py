"""Accounts for attacks: what others have made by hand, and visits to see if a verdict is true."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import Any

import pytest

from tests.support.account import Account
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.facts import DescribedEntry
from ztctl.core.model.plan import Plan
from ztctl.sandbox.edge.values import NOBODY, Answer, Visit, Visitor

CLOSING = {"service": "http_status:404"}


@dataclass
class Scene:
    """One account, and the hands of others in it."""

    account: Account

    # -- by hand ----------------------------------------------------------------------------

    def tunnel(self, name: str, *rules: dict[str, Any], source: str = "cloudflare") -> str:
        """A tunnel that no file speaks of; its id."""
        body = {"name": name, "config_src": source}
        key = str(self.account.call("POST", "{A}/cfd_tunnel", body)["id"])
        if rules:
            config = {"config": {"ingress": [*rules, CLOSING]}}
            self.account.call("PUT", f"{{A}}/cfd_tunnel/{key}/configurations", config)
        return key

    def record(self, name: str, content: str, **fields: Any) -> None:
        """A record that no file speaks of; proxied unless said otherwise."""
        zone = self.account.one("zones", name=".".join(name.split(".")[-2:]))["id"]
        body = {"type": "CNAME", "name": name, "content": content, "proxied": True, **fields}
        self.account.call("POST", f"/zones/{zone}/dns_records", body)

    def application(self, domain: str, *policies: dict[str, Any]) -> dict[str, Any]:
        """An application that no file speaks of, with policies of its own."""
        body = {"type": "self_hosted", "name": domain, "domain": domain}
        made: dict[str, Any] = self.account.call(
            "POST", "{A}/access/apps", {**body, "policies": list(policies)}
        )
        return made

    def organise(self, **fields: Any) -> None:
        """Change the organisation."""
        known = self.account.call("GET", "{A}/access/organizations")
        self.account.call("PUT", "{A}/access/organizations", {**known, **fields})

    # -- a look -----------------------------------------------------------------------------

    def visit(self, host: str, path: str = "/", visitor: Visitor = NOBODY) -> Answer:
        """What a visitor meets, as if every tunnel had a connector."""
        edge = self.account.sandbox.edge
        edge.assume_connectors = True
        return edge.visit(Visit(host, path, visitor, "10.0.0.1:22"))

    def refused_as_open(self, file: dict[str, Any], host: str, **yes: Any) -> None:
        """The plan is refused for this name and no other, and rightly: it would be open."""
        plan = self.account.plan(file, **yes)
        found = [(item.flag, item.reason) for item in plan.refusals]
        assert [flag for flag, _ in found] == [f"--allow-exposure {quote(host)}"], found
        named = f"any other {host}" if "*" in host else host
        words = found[0][1].removeprefix(f"{named} would be open ")
        assert words.startswith(("after ", "to anybody who logs in after ")), found

    def opened(self, file: dict[str, Any], host: str, path: str = "/", **yes: Any) -> Answer:
        """What a stranger meets once the plan was let through all the same."""
        outcome = self.account.apply(file, **{"exposure": [host], **yes})
        assert outcome.is_complete, outcome.failed
        return self.visit(host.replace("*", "any"), path)


def gained(plan: Plan, host: str) -> list[tuple[str, str]]:
    """Who gains entry to which origin of a host."""
    return [told(way) for it in plan.access if it.host == host for way in it.gained]


def lost(plan: Plan, host: str) -> list[tuple[str, str]]:
    """Who loses entry to which origin of a host."""
    return [told(way) for it in plan.access if it.host == host for way in it.lost]


def told(way: DescribedEntry) -> tuple[str, str]:
    """Who reaches what, and what changes for them."""
    return f"{way.who}: {way.change}" if way.change else way.who, way.origin


def problems(account: Account, file: dict[str, Any]) -> list[str]:
    """What is said of a file that cannot be planned."""
    with pytest.raises(Problems) as caught:
        account.plan(file)
    return [item.summary for item in caught.value.items]
