"""The states of a sandbox in which recorded requests were made, one scene a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.support.recorded.exchanges import BY_LINE, Exchange
from ztctl.sandbox.messages import Request
from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox

from .api import Answer, Api

Json = Any
# The members of a recorded object that a client writes, by the path where it creates it.
WRITABLE = {
    "policies": (
        "name", "decision", "include", "exclude", "require", "session_duration",
    ),
    "apps": (
        "name", "type", "domain", "destinations", "self_hosted_domains", "app_launcher_visible",
        "session_duration", "logo_url", "http_only_cookie_attribute", "tags", "allowed_idps",
        "allow_authenticate_via_warp",
    ),
    "dns_records": ("name", "type", "content", "ttl", "proxied", "priority", "comment", "tags"),
}  # fmt: skip


@dataclass
class Stage:
    """A sandbox, and the recorded exchange that is played on it."""

    exchange: Exchange
    sandbox: Sandbox
    api: Api
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def zone(self) -> str:
        """The path of the zone of the exchange."""
        return self.api.zone(zone_name(self.exchange))

    def again(self, method: str, path: str, body: Json = None) -> Answer:
        """The request of the exchange with its own query, on another path."""
        query = "&".join(f"{name}={value}" for name, value in self.exchange.query)
        return self.api.call(method, f"{path}?{query}" if query else path, body)

    def replayed(self, path: str) -> Answer:
        """The request of the exchange, on the path of this sandbox."""
        return self.again(self.exchange.method, path, self.exchange.request)

    def tunnel(self, *, connected: bool = False, source: str = "cloudflare") -> str:
        """The path of a new tunnel."""
        body = {"name": f"spike-{next(self.numbers)}", "config_src": source}
        made = self.api.post("{A}/cfd_tunnel", body).result
        if connected:
            self.sandbox.connect(made["id"])
        return f"{{A}}/cfd_tunnel/{made['id']}"

    def disconnected(self) -> str:
        """The path of a tunnel whose connector has stopped."""
        tunnel = self.tunnel(connected=True)
        assert self.api.delete(f"{tunnel}/connections").status == 200
        return tunnel

    def policy(self, recorded: Json) -> str:
        """The id of a policy that says what a recorded one says."""
        body = written("policies", recorded)
        body["include"] = [self.rule(one) for one in recorded["include"]]
        return str(done(self.api.post("{A}/access/policies", body)).result["id"])

    def rule(self, rule: Json) -> Json:
        """A recorded rule that names a group of this sandbox."""
        return {"group": {"id": self.api.group()["id"]}} if "group" in rule else rule

    def app(self, recorded: Json) -> str:
        """The id of an application that says what a recorded one says."""
        body = written("apps", recorded)
        body["allowed_idps"] = self.providers(len(recorded["allowed_idps"]))
        body["policies"] = [self.attached(one) for one in recorded["policies"]]
        return str(done(self.api.post("{A}/access/apps", body)).result["id"])

    def attached(self, recorded: Json) -> Json:
        """What attaches a recorded policy: the id of a reusable one, or an inline one."""
        if recorded.get("reusable"):
            return {"id": self.policy(recorded), "precedence": recorded["precedence"]}
        body = {**written("policies", recorded), "precedence": recorded["precedence"]}
        return {**body, "include": [self.rule(one) for one in recorded["include"]]}

    def providers(self, number: int) -> list[str]:
        """The ids of so many identity providers."""
        known = self.api.get("{A}/access/identity_providers").result
        return [one["id"] for one in known[:number]]

    def record(self, recorded: Json) -> str:
        """The id of a record that says what a recorded one says."""
        body = written("dns_records", recorded)
        if "data" in recorded:
            body["data"] = recorded["data"]
        made = done(self.api.post(f"{self.zone}/dns_records", body)).result
        if recorded["meta"].get("read_only"):
            self.edit("dns_records", made["id"], meta=recorded["meta"])
        return str(made["id"])

    def edit(self, kind: str, key: str, **members: Json) -> None:
        """Change members of an object that no client can write."""
        account = self.sandbox.export()
        (one,) = (one for one in account[kind] if one["id"] == key)
        one.update(members)
        self.sandbox.import_(account)


def written(path: str, recorded: Json) -> Json:
    """The members of a recorded object that a client would have written."""
    return {name: recorded[name] for name in WRITABLE[path] if name in recorded}


def done(answer: Answer) -> Answer:
    """An answer that is a success."""
    assert answer.status < 300, answer.body
    return answer


def zone_name(exchange: Exchange) -> str:
    """The zone in which a recorded exchange took place."""
    text = json.dumps([exchange.request, exchange.response])
    names = ("record-store-dns-tests.example.com", "example.org")
    return next((name for name in names if name in text), "example.com")


@contextmanager
def staged(exchange: Exchange, zones: tuple[ZoneSeed, ...] = ()) -> Iterator[Stage]:
    """A stage with an enterprise zone of the name in the recording."""
    named = zones or (ZoneSeed(zone_name(exchange), "enterprise"),)
    sandbox = Sandbox.create(zones=named)
    yield Stage(exchange, sandbox, Api(sandbox))


def answer_to(exchange: Exchange) -> Answer:
    """What the sandbox answers to a recorded request, in the state of the recording."""
    with staged(exchange, ZONES.get(exchange.line, ())) as stage:
        return SCENES[exchange.line](stage)


def _posted(path: str) -> Callable[[Stage], Answer]:
    return lambda stage: stage.replayed(path)


def _fresh(below: str = "", *, connected: bool = False) -> Callable[[Stage], Answer]:
    return lambda stage: stage.replayed(stage.tunnel(connected=connected) + below)


def _stopped(stage: Stage) -> Answer:
    return stage.replayed(stage.disconnected())


def _deleted(below: str = "") -> Callable[[Stage], Answer]:
    def scene(stage: Stage) -> Answer:
        tunnel = stage.disconnected()
        done(stage.api.delete(tunnel))
        return stage.replayed(tunnel + below)

    return scene


def _some_deleted(stage: Stage) -> Answer:
    for _ in stage.exchange.result:
        done(stage.api.delete(stage.tunnel()))
    return stage.replayed("{A}/cfd_tunnel")


def _local(stage: Stage) -> Answer:
    body = {"name": "t1", "config_src": "local"}
    stage.sandbox.connect(done(stage.api.post("{A}/cfd_tunnel", body)).result["id"])
    return stage.replayed("{A}/cfd_tunnel")


def _configured(*before: int) -> Callable[[Stage], Answer]:
    def scene(stage: Stage) -> Answer:
        path = stage.tunnel() + "/configurations"
        for line in before:
            done(stage.api.put(path, BY_LINE[line].request))
        return stage.replayed(path)

    return scene


def _stored_configuration(stage: Stage) -> Answer:
    path = stage.tunnel() + "/configurations"
    done(stage.api.put(path, {"config": stage.exchange.result["config"]}))
    return stage.replayed(path)


def _app(stage: Stage) -> Answer:
    done(stage.api.put("{A}/access/organizations", {"warp_auth_session_duration": "36h"}))
    return stage.replayed(f"{{A}}/access/apps/{stage.app(stage.exchange.result)}")


def _apps(stage: Stage) -> Answer:
    for one in stage.exchange.result:
        stage.app(one)
    return stage.replayed("{A}/access/apps")


def _policies(stage: Stage) -> Answer:
    for one in stage.exchange.result:
        stage.policy(one)
    return stage.replayed("{A}/access/policies")


def _groups(stage: Stage) -> Answer:
    (group,) = stage.exchange.result
    stage.api.group(group["name"], group["include"])
    return stage.replayed("{A}/access/groups")


def _tags(stage: Stage) -> Answer:
    for one in stage.exchange.result:
        done(stage.api.post("{A}/access/tags", {"name": one["name"]}))
    return stage.replayed("{A}/access/tags")


def _authorities(stage: Stage) -> Answer:
    app = stage.api.app(f"ssh.{zone_name(stage.exchange)}")
    done(stage.api.post(f"{{A}}/access/apps/{app['id']}/ca"))
    return stage.replayed("{A}/access/apps/ca")


def _providers(stage: Stage) -> Answer:
    # Recorded below a zone, which has providers of its own.
    path = f"{stage.zone}/access/identity_providers"
    members = ("enabled", "group_member_deprovision", "seat_deprovision", "user_deprovision")
    for one in stage.exchange.result:
        body = {name: one[name] for name in ("name", "type", "config")}
        if "scim_config" in one:
            body["scim_config"] = {name: one["scim_config"][name] for name in members}
        done(stage.api.post(path, body))
    return stage.replayed(path)


def _organisation(stage: Stage) -> Answer:
    names = ("login_design", "user_seat_expiration_inactive_time", "warp_auth_session_duration")
    body = {name: stage.exchange.result[name] for name in names}
    done(stage.api.put("{A}/access/organizations", body))
    return stage.replayed("{A}/access/organizations")


def _service_tokens(stage: Stage) -> Answer:
    for one in stage.exchange.result:
        done(stage.api.post("{A}/access/service_tokens", {"name": one["name"]}))
    return stage.replayed("{A}/access/service_tokens")


def _zones(stage: Stage) -> Answer:
    # No client makes a zone: the account holds those of the recording, but for what depends on who
    # asks.
    account = stage.sandbox.export()
    account["zones"] = [
        {name: one[name] for name in one if name != "permissions"} for one in stage.exchange.result
    ]
    stage.sandbox.import_(account)
    return stage.replayed("/zones")


def _seeded_zones(stage: Stage) -> Answer:
    return stage.replayed("/zones")


def _records(stage: Stage) -> Answer:
    for one in reversed(stage.exchange.result):
        stage.record(one)
    return stage.replayed(f"{stage.zone}/dns_records")


def _new_record(stage: Stage) -> Answer:
    return stage.replayed(f"{stage.zone}/dns_records")


def _old_record(stage: Stage) -> Answer:
    before = {"type": "A", "name": "before", "content": "192.0.2.9", "comment": "DNS"}
    if stage.exchange.method != "PATCH":
        del before["comment"]
    made = done(stage.api.post(f"{stage.zone}/dns_records", before)).result
    return stage.replayed(f"{stage.zone}/dns_records/{made['id']}")


def _batch(stage: Stage) -> Answer:
    body = json.loads(json.dumps(stage.exchange.request))
    for group in ("deletes", "patches"):
        for place, one in enumerate(body[group]):
            was = stage.exchange.result[group][place]
            one["id"] = stage.record({**was, "type": "A", "content": "192.0.2.1"})
    return stage.again("POST", f"{stage.zone}/dns_records/batch", body)


def _twice(stage: Stage) -> Answer:
    done(_new_record(stage))
    return _new_record(stage)


def _beside_an_address(stage: Stage) -> Answer:
    taken = {"type": "A", "name": stage.exchange.request["name"], "content": "192.0.2.1"}
    done(stage.api.post(f"{stage.zone}/dns_records", taken))
    return _new_record(stage)


def _unknown_batch(stage: Stage) -> Answer:
    return stage.replayed(f"{stage.zone}/dns_records/batch")


def _bad_header(stage: Stage) -> Answer:
    headers = (("authorization", "Bearer"),)
    response = stage.sandbox.handle(Request("GET", "/client/v4/zones", headers=headers))
    return Answer(response.status, json.loads(response.body))


def _forbidden(stage: Stage) -> Answer:
    path = f"{stage.zone}/dns_records"
    stage.sandbox.define_token("token", ["Zone Read"])
    return stage.replayed(path)


def _no_token(stage: Stage) -> Answer:
    return Api(stage.sandbox, token=None).post("{A}/access/gateway_ca")


def _target(stage: Stage) -> Answer:
    stage.api.target("infra-access-target", "198.51.100.133")
    return stage.replayed("{A}/infrastructure/targets")


def _deleted_routes(stage: Stage) -> Answer:
    for one in stage.exchange.result:
        made = stage.api.route(one["network"], comment=one["comment"])
        done(stage.api.delete(f"{{A}}/teamnet/routes/{made['id']}"))
    return stage.replayed("{A}/teamnet/routes")


def _route(stage: Stage) -> Answer:
    body = {**stage.exchange.request, "tunnel_id": stage.api.routed()}
    return stage.again("POST", "{A}/teamnet/routes", body)


def _deleted_networks(stage: Stage) -> Answer:
    for one in stage.exchange.result:
        made = stage.api.network(one["name"], comment=one["comment"])
        done(stage.api.delete(f"{{A}}/teamnet/virtual_networks/{made['id']}"))
    # The default network lies beside them, and cannot be deleted.
    return stage.replayed("{A}/teamnet/virtual_networks?is_deleted=true")


def _gateway_rules(stage: Stage) -> Answer:
    names = ("name", "action", "description", "enabled", "filters", "traffic", "rule_settings")
    for one in stage.exchange.result:
        done(stage.api.post("{A}/gateway/rules", {name: one[name] for name in names}))
    return stage.replayed("{A}/gateway/rules")


FREE = ("example.org", "example.com", "example.net")
ZONES: dict[int, tuple[ZoneSeed, ...]] = {
    48: tuple(ZoneSeed(name) for name in FREE),
}
SCENES: dict[int, Callable[[Stage], Answer]] = {
    **dict.fromkeys((1, 9), _posted("{A}/cfd_tunnel")),
    2: _fresh("/token"),
    **dict.fromkeys((3, 10), _fresh(connected=True)),
    4: _stopped,
    5: _stopped,
    6: _deleted(),
    7: _posted("{A}/cfd_tunnel"),
    8: _some_deleted,
    11: _local,
    **dict.fromkeys((14, 15, 19), _configured()),
    **dict.fromkeys((16, 17), _configured(15)),
    18: _stored_configuration,
    20: _fresh("/connections", connected=True),
    **dict.fromkeys((21, 24), _apps),
    **dict.fromkeys((22, 23), _app),
    27: _policies,
    28: _groups,
    31: _tags,
    32: _authorities,
    33: _posted("{A}/access/gateway_ca"),
    35: _providers,
    40: _organisation,
    **dict.fromkeys((41, 42), _service_tokens),
    **dict.fromkeys((44, 45, 46, 47), _zones),
    48: _seeded_zones,
    **dict.fromkeys((61, 62, 66, 67, 68, 70, 73, 75, 76, 80, 81), _records),
    **dict.fromkeys((63, 65, 69, 71, 72, 78), _new_record),
    **dict.fromkeys((64, 74, 77, 79), _old_record),
    **dict.fromkeys((94, 95, 96, 97, 98), _batch),
    **dict.fromkeys((99, 100), _posted("/user/tokens/verify")),
    101: _target,
    102: _deleted_routes,
    103: _route,
    104: _deleted_networks,
    105: _gateway_rules,
    **dict.fromkeys((113, 125), _twice),
    114: lambda stage: stage.replayed(f"{stage.zone}/dns_recordz"),
    115: _beside_an_address,
    116: _bad_header,
    117: _posted("/zones/test-zone-id/dns_records/batch"),
    **dict.fromkeys((118, 119), _new_record),
    120: _unknown_batch,
    **dict.fromkeys((121, 122), _configured()),
    123: _fresh(connected=True),
    124: _deleted("/configurations"),
    126: _posted("{A}/access/policies/5c3a06e9-cdce-4975-9b06-03293db87732"),
    127: _forbidden,
    128: _no_token,
}
