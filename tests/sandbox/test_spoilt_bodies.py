"""Bodies that are right but for one part: never an exception, and nothing that cannot be shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import EVERYONE
from .spoiling import places, spoilt
from .test_hostile import furnished, shaped

RULES = [
    *EVERYONE,
    {"email": {"email": "a@example.com"}},
    {"ip": {"ip": "10.0.0.0/8"}},
    {"geo": {"country_code": "PT"}},
    {"user_risk_score": {"user_risk_score": ["low"]}},
    {"external_evaluation": {"evaluate_url": "https://a.test", "keys_url": "https://a.test"}},
]
POLICY = {
    "name": "allow",
    "decision": "allow",
    "include": RULES,
    "exclude": [{"email_domain": {"domain": "example.com"}}],
    "session_duration": "1h30m",
    "approval_required": True,
    "approval_groups": [{"approvals_needed": 1, "email_addresses": ["a@example.com"]}],
    "mfa_config": {"allowed_authenticators": ["totp"], "session_duration": "1h"},
    "connection_rules": {"ssh": {"usernames": ["root"], "allow_email_alias": True}},
}
SSH_POLICY = {
    "name": "log in",
    "decision": "allow",
    "include": [{"email": {"email": "a@example.com"}}],
    "connection_rules": {"ssh": {"usernames": ["root"]}},
}
APP = {
    "type": "self_hosted",
    "name": "app",
    "domain": "new.example.com/x",
    "destinations": [
        {"type": "public", "uri": "new.example.com/x"},
        {"type": "private", "cidr": "10.0.0.1", "port_range": "80-90", "l4_protocol": "tcp"},
        {"type": "private", "hostname": "db.internal"},
    ],
    "session_duration": "24h",
    "tags": ["tag"],
    "policies": [POLICY],
    "cors_headers": {"max_age": 3, "allowed_methods": ["GET"]},
    "same_site_cookie_attribute": "lax",
}
SERVERS = {
    "type": "infrastructure",
    "name": "servers",
    "target_criteria": [
        {"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["web1"]}},
        {"port": 23, "protocol": "SSH", "include": [{"tags": {"a": ["b"]}}]},
    ],
    "policies": [SSH_POLICY],
}
CONFIG = {
    "config": {
        "ingress": [
            {
                "hostname": "*.example.com",
                "path": "^/x[a-z]{1,3}$",
                "service": "ssh://localhost:22",
                "originRequest": {"connectTimeout": 3, "access": {"required": True}},
            },
            {"service": "http_status:404"},
        ],
        "originRequest": {"proxyType": "socks"},
    }
}
TARGET = {
    "hostname": "web2",
    "ip": {"ipv4": {"ip_addr": "10.0.0.9"}, "ipv6": {"ip_addr": "::1"}},
    "tags": {"a": "b"},
}
RECORD = {
    "type": "CNAME",
    "name": "new",
    "content": "t.example.net",
    "ttl": 60,
    "comment": "c",
    "settings": {"flatten_cname": False},
}
RULE = {
    "name": "rule",
    "action": "audit_ssh",
    "filters": ["l4"],
    "precedence": 7,
    "rule_settings": {"audit_ssh": {"command_logging": True}},
}
ORGANISATION = {"session_duration": "1h", "mfa_config": {"session_duration": "1h"}}
PROVIDER = {
    "name": "oidc",
    "type": "oidc",
    "config": {"claims": ["a"], "pkce_enabled": True},
    "scim_config": {"enabled": True, "user_deprovision": True},
}
LIST = {"name": "staff", "items": [{"value": "a@example.com", "description": "x"}]}
CHECK = {
    "name": "wall",
    "type": "firewall",
    "match": [{"platform": "mac"}],
    "input": {"enabled": 1},
}
ROUTE = {"network": "10.9.0.0/16", "comment": "c"}
BATCH = {"posts": [RECORD], "patches": [{"id": "0" * 32, "name": "x"}]}

# What works, as method, path and body; `{tunnel_id}` in a path is an id of `furnished`.
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "{account}/access/apps", APP),
    ("PUT", "{account}/access/apps/{app_id}", APP),
    ("POST", "{account}/access/apps", SERVERS),
    ("POST", "{account}/access/policies", POLICY),
    ("PUT", "{account}/access/groups/{group_id}", {"name": "ops", "include": RULES}),
    ("PUT", "{account}/access/service_tokens/{service_token_id}", {"client_secret_version": 2}),
    ("PUT", "{account}/access/organizations", ORGANISATION),
    ("POST", "{account}/access/identity_providers", PROVIDER),
    ("POST", "{account}/gateway/rules", RULE),
    ("PUT", "{account}/gateway/lists/{list_id}", LIST),
    ("PUT", "{account}/devices/posture/{check_id}", CHECK),
    ("PUT", "{account}/cfd_tunnel/{tunnel_id}/configurations", CONFIG),
    ("PATCH", "{account}/cfd_tunnel/{tunnel_id}", {"name": "a", "tunnel_secret": "A" * 44}),
    ("PATCH", "{account}/teamnet/routes/{route_id}", ROUTE),
    ("POST", "{account}/teamnet/virtual_networks", {"name": "v", "is_default_network": True}),
    ("PATCH", "{account}/zerotrust/routes/hostname/{hostname_route_id}", {"hostname": "*.a.b"}),
    ("PUT", "{account}/infrastructure/targets/{target_id}", TARGET),
    ("PUT", "{account}/infrastructure/targets/batch", [TARGET]),
    ("POST", "/zones/{zone_id}/dns_records", RECORD),
    ("PATCH", "/zones/{zone_id}/dns_records/{record_id}", RECORD),
    ("POST", "/zones/{zone_id}/dns_records/batch", {"posts": [RECORD]}),
    ("PATCH", "/zones/{zone_id}/settings/ssl", {"value": "strict"}),
]
BATCHES = ("POST", "/zones/{zone_id}/dns_records/batch", BATCH)
SPOILT: list[Any] = [
    *(None, True, -1, 0, 2**63, 10**400, 1.5, "", "x", "\u00b2", "\ud800", "\x00", "a" * 400),
    *([], {}, [None], [[]], [{}], ["x"], {"id": None}, {"a": {"b": {}}}, "..", "*.*", "10.0.0.0/8"),
    *(
        "%",
        "http://",
        "[",
        "(",
        "\\",
        "[[a]",
        "[a&&b]",
        "0001-01-01T00:00:00Z",
        "\u00df.example.com",
    ),
]
LISTS = [
    *("/zones", "{account}/access/apps", "{account}/access/policies", "{account}/access/groups"),
    *("{account}/cfd_tunnel", "{account}/teamnet/routes", "{account}/infrastructure/targets"),
    *("{account}/gateway/lists", "{account}/devices/posture"),
    *("{account}/gateway/rules", "{account}/zerotrust/routes/hostname", "{account}/audit_logs"),
    "/zones/{zone_id}/dns_records",
]


def send(sandbox: Sandbox, ids: dict[str, str], method: str, path: str, body: Any) -> Any:
    """Send one request to a furnished sandbox."""
    path = path.format(account=f"/accounts/{ids['account_id']}", **ids)
    sent = b"" if body is None else json.dumps(body).encode()
    headers = (("authorization", "Bearer token"),)
    return sandbox.handle(Request(method, "/client/v4" + path, (), headers, sent))


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write[0]} {write[1]}")
def test_bodies_are_right_before_they_are_spoilt(write: tuple[str, str, Any]) -> None:
    """Every body of this file is taken as it stands."""
    sandbox, ids = furnished()

    assert send(sandbox, ids, *write).status < 300


@examples(80)
@given(write=st.sampled_from([*WRITES, BATCHES]), awkward=st.booleans(), data=st.data())
def test_one_wrong_part_breaks_nothing(
    write: tuple[str, str, Any], awkward: bool, data: st.DataObject
) -> None:
    """The answer is an envelope; every list and the export are whole, and can be imported."""
    method, path, body = write
    place = data.draw(st.sampled_from([(), *places(body)]))
    sandbox, ids = furnished()
    sandbox.settings = Settings(awkward=awkward, quotas=awkward)

    wrong = spoilt(body, place, data.draw(st.sampled_from(SPOILT)))
    assert shaped(send(sandbox, ids, method, path, wrong))
    assert all(shaped(send(sandbox, ids, "GET", one, None)) for one in LISTS)
    if data.draw(st.integers(0, 9)) == 0:
        Sandbox.create().import_(sandbox.export())
