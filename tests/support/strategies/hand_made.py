"""Whole accounts that people made with the official SDK, and what of them no file can state."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from cloudflare import AsyncCloudflare
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.exporting import stored
from tests.support.recorded.exchanges import BY_LINE
from tests.support.strategies.accounts import HOSTS, SETTINGS, accounts, names, rules, sessions
from ztctl.sandbox.transport import SandboxTransport

Json = Any
Drawn = dict[str, Any]
# Applications that are nothing for the file, by type; a bookmark may have the domain of a host.
FOREIGN: Mapping[str, Json] = {
    "bookmark": {"name": "Docs", "domain": HOSTS[0], "tags": ["ztctl-prod"]},
    "app_launcher": {"name": "App Launcher", "domain": "acme.cloudflareaccess.com"},
    "warp": {"name": "Warp Login App", "domain": "acme.cloudflareaccess.com/warp"},
    "vnc": {"name": "Desktop", "domain": "desk.example.com"},
}
# Addresses behind the tunnel, and one of them behind an application of its own.
ROUTED, GUARDED = "10.0.0.0/24", "10.0.0.5"
_ELSEWHERE = {"type": "A", "name": "www.example.com", "content": "192.0.2.1", "proxied": True}
# What a recorded application tells of itself, or of objects that the account does not have.
_TOLD = {"id", "uid", "aud", "created_at", "updated_at", "policies", "self_hosted_domains"}
_TOLD |= {"allowed_idps", "allow_authenticate_via_warp", "destinations", "domain"}
_both = [{"geo": {"country_code": "PT"}}, {"geo": {"country_code": "ES"}}]
_DECISIONS = st.sampled_from(("allow", "deny", "bypass"))
_OWN = st.tuples(names, _DECISIONS, rules, st.none() | sessions)


@st.composite
def hand_made(draw: st.DrawFn) -> Drawn:
    """What `accounts` draws, and more."""
    drawn: Drawn = draw(accounts())
    own = st.lists(_OWN, min_size=1, max_size=3)
    return {
        **drawn,
        "own": draw(st.dictionaries(st.sampled_from(HOSTS), own, max_size=2)),
        "foreign": draw(st.lists(st.sampled_from([*FOREIGN]), unique=True)),
        "unsaid": draw(st.booleans()),
        "private": draw(st.booleans()),
        "odd": draw(st.sampled_from(SETTINGS)),
    }


HARD: Drawn = {
    "groups": [
        ("Ops", {"include": [{"everyone": {}}], "require": _both}),
        ("Ops", {"include": [{"email": {"email": "bob@example.com"}}]}),
        ("x.ztctl-other", {"include": [{"email_domain": {"domain": "example.com"}}]}),
    ],
    "policies": [
        ("std", "allow", {"include": [{"everyone": {}}], "require": _both}, 0, "8h"),
        ("std", "allow", {"include": [{"email": {"email": "bob@example.com"}}]}, 2, None),
        (
            "nobody",
            "allow",
            {"include": [{"everyone": {}}], "exclude": [{"everyone": {}}]},
            1,
            None,
        ),
    ],
    "apps": {
        "a.example.com": ({"name": "My SSH", "session_duration": "30m"}, [0, 1], True),
        "*.example.com": ({"name": "a.b", "app_launcher_visible": False}, [2, 0], False),
    },
    "own": {
        "a.example.com": [
            ("NO", "bypass", {"include": [{"ip": {"ip": "192.0.2.0/24"}}]}, None),
            ("${x}", "allow", {"include": [{"email": {"email": "Ann@example.com"}}]}, None),
            ("NO", "deny", {"include": [{"geo": {"country_code": "NO"}}]}, None),
        ]
    },
    "rules": {"a.example.com": {}, "b.example.com": SETTINGS[2], "*.example.com": SETTINGS[1]},
    "records": ["a.example.com", "*.example.com"],
    "comment": "ask ops: 1e3",
    "checked": True,
    "tunnel": "022",
    "foreign": [*FOREIGN],
    "local": True,
    "unsaid": True,
    "private": True,
    "odd": SETTINGS[3],
}


def recorded() -> Drawn:
    """What was recorded of real accounts, made again in one."""
    apps = [it for line in (21, 22, 23, 24) for it in _listed(line)]
    linked = [it for app in apps for it in app["policies"] if it.get("reusable")]
    policies = [*_listed(27), *linked]
    place = {it["id"]: at for at, it in enumerate(policies)}
    return {
        **HARD,
        "groups": [(it["name"], _lists(it)) for it in _listed(28)],
        "policies": [
            (it["name"], it["decision"], _lists(it), None, it.get("session_duration"))
            for it in policies
        ],
        "apps": {
            app["domain"].replace("terraform.", ""): (
                {name: value for name, value in app.items() if name not in _TOLD},
                [place[it["id"]] for it in app["policies"] if it.get("reusable")],
                False,
            )
            for app in apps
        },
        "own": {
            app["domain"]: [
                (it["name"], it["decision"], _lists(it), it.get("session_duration"))
                for it in app["policies"]
                if not it.get("reusable")
            ]
            for app in apps
        },
        "recorded rules": BY_LINE[16].result["config"]["ingress"][:-1],
        "records": ["app1.example.com", "tunnel.example.com"],
        "recorded records": [it for it in _listed(80) if "cfargotunnel" not in it["content"]],
        "tunnel": BY_LINE[3].result["name"],
    }


def _listed(line: int) -> list[Json]:
    found = BY_LINE[line].result
    return found if isinstance(found, list) else [found]


def _lists(policy: Json) -> Json:
    """The rules, without the groups that were not recorded."""
    return {
        name: [it for it in policy[name] if "group" not in it] or [{"certificate": {}}]
        for name in ("include", "exclude", "require")
        if policy[name]
    }


def make(account: Account, drawn: Drawn) -> frozenset[str]:
    """Make it, call by call; the ids of what is in no file."""

    async def work() -> frozenset[str]:
        transport = SandboxTransport(account.sandbox)
        async with AsyncCloudflare(
            api_token="somebody",
            base_url="http://sandbox/client/v4",
            http_client=httpx.AsyncClient(transport=transport),
            max_retries=0,
        ) as sdk:
            return await _Somebody(sdk, account.sandbox.account_id, drawn).makes()

    foreign = asyncio.run(work())
    if drawn["unsaid"]:
        # As policies are that were made before they had sessions: no call makes one today.
        for it in account.everything()["policies"]:
            stored(account, "policy", it["id"], session_duration=None)
    return foreign


class _Somebody:
    """Who makes it."""

    def __init__(self, sdk: AsyncCloudflare, account: str, drawn: Drawn) -> None:
        # The generated overloads are too narrow to type here.
        self._access: Any = sdk.zero_trust.access
        self._tunnels: Any = sdk.zero_trust.tunnels.cloudflared
        self._networks: Any = sdk.zero_trust.networks
        self._records: Any = sdk.dns.records
        self._zones = sdk.zones
        self._account, self._drawn = account, drawn
        self._foreign: set[str] = set()

    async def makes(self) -> frozenset[str]:
        """All of it."""
        policies = await self._policies(await self._groups())
        auds = await self._applications(policies)
        tunnel = await self._tunnel(auds)
        if tunnel is not None:
            await self._records_to(tunnel)
        if tunnel is not None and self._drawn["private"]:
            await self._private(tunnel)
        return frozenset(self._foreign)

    async def _groups(self) -> list[str]:
        made = self._access.groups
        found = [
            await made.create(account_id=self._account, name=name, **lists)
            for name, lists in self._drawn["groups"]
        ]
        return [self._counted(it.id, it.name) for it in found]

    async def _policies(self, groups: list[str]) -> list[str]:
        ids = []
        for name, decision, lists, group, session in self._drawn["policies"]:
            more = [{"group": {"id": groups[group]}}] if group is not None and groups else []
            body = {**lists, "include": [*lists["include"], *more], "decision": decision}
            body |= {"session_duration": session} if session else {}
            made = await self._access.policies.create(account_id=self._account, name=name, **body)
            ids.append(self._counted(made.id, name))
        return ids

    def _counted(self, id_: str, name: str) -> str:
        """What is called as another stack's is that stack's."""
        if name.endswith(".ztctl-other"):
            self._foreign.add(id_)
        return id_

    async def _applications(self, policies: list[str]) -> dict[str, str]:
        auds = {}
        create = self._access.applications.create
        for host, (fields, attached, has_ca) in self._drawn["apps"].items():
            linked = [policies[it] for it in attached if policies]
            own = [
                {"name": name, "decision": decision, **lists, "precedence": 3 * at + 2}
                | ({"session_duration": session} if session else {})
                for at, (name, decision, lists, session) in enumerate(
                    self._drawn["own"].get(host, ())
                )
            ]
            last = 3 * len(own) + 2
            links = [{"id": it, "precedence": last + at} for at, it in enumerate(linked)]
            body = {"type": "self_hosted", "domain": host, **fields, "policies": [*own, *links]}
            made = await create(account_id=self._account, **body)
            auds[host] = made.aud
            if has_ca:
                await self._access.applications.cas.create(made.id, account_id=self._account)
        for type_ in self._drawn["foreign"]:
            for tag in FOREIGN[type_].get("tags", ()):
                await self._access.tags.create(account_id=self._account, name=tag)
            body = {"type": type_, **FOREIGN[type_]}
            self._foreign.add((await create(account_id=self._account, **body)).id)
        return auds

    async def _tunnel(self, auds: dict[str, str]) -> str | None:
        """The id of the tunnel."""
        create, name = self._tunnels.create, self._drawn["tunnel"]
        made = await create(account_id=self._account, name=name, config_src="cloudflare")
        if not self._drawn["rules"].keys() & {*self._drawn["records"]}:
            # Otherwise rules of it go with the records that are adopted.
            self._counted(made.id, name)
        config = {"ingress": [*self._rules(auds), {"service": "http_status:404"}]}
        config |= {"originRequest": self._drawn["odd"]} if self._drawn["odd"] else {}
        update = self._tunnels.configurations.update
        await update(made.id, account_id=self._account, config=config)
        if self._drawn["local"]:
            await create(account_id=self._account, name="on a server", config_src="local")
        return str(made.id)

    def _rules(self, auds: dict[str, str]) -> list[Json]:
        found = [*self._drawn.get("recorded rules", ())]
        drawn = self._drawn["rules"]
        # A wildcard before a name would take its requests.
        for host in sorted(drawn, key=lambda it: (it.startswith("*"), it)):
            settings = dict(drawn[host])
            if self._drawn["checked"] and host in auds:
                access = {"required": True, "teamName": "acme", "audTag": [auds[host]]}
                settings["access"] = access
            rule = {"hostname": host, "service": "ssh://localhost:22"}
            found.append({**rule, **({"originRequest": settings} if settings else {})})
        return found

    async def _records_to(self, tunnel: str) -> None:
        zones = [it async for it in self._zones.list(name="example.com")]
        comment = str(self._drawn["comment"])
        # What looks like a mark is named, and no file states it.
        comment = comment if comment.isprintable() and "ztctl-" not in comment else "by hand"
        led = {"type": "CNAME", "content": f"{tunnel}.cfargotunnel.com", "proxied": True}
        bodies = [{**led, "name": host, "comment": comment} for host in self._drawn["records"]]
        for body in (*bodies, *self._elsewhere()):
            await self._records.create(zone_id=zones[0].id, ttl=1, **body)

    def _elsewhere(self) -> list[Json]:
        """Records that lead to no tunnel."""
        known = ("type", "name", "content", "proxied", "priority", "comment", "settings")
        found = self._drawn.get("recorded records", [_ELSEWHERE])
        return [{name: it[name] for name in known if name in it} for it in found]

    async def _private(self, tunnel: str) -> None:
        await self._networks.routes.create(
            account_id=self._account, network=ROUTED, tunnel_id=tunnel, comment="inside"
        )
        await self._access.applications.create(
            account_id=self._account,
            type="self_hosted",
            name="inside",
            destinations=[{"type": "private", "cidr": f"{GUARDED}/32", "port_range": "22"}],
        )
