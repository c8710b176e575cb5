"""Each rule of an audit: an account that breaks it, and one beside it that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.audited import DAYS, TEAM, ByHand, audited, found
from ztctl.core.reach.audit_rules import RULES, AuditCode, Risk

Make = Callable[[ByHand], None]
HOST = "h.example.com"
EVERYONE: list[Any] = [{"everyone": {}}]
NETWORK: list[Any] = [{"ip": {"ip": "192.0.2.0/24"}}]
ANY_TOKEN: list[Any] = [{"any_valid_service_token": {}}]


def host(*policies: Any, **fields: Any) -> Make:
    """A host behind an application with these policies and fields."""

    def make(hand: ByHand) -> None:
        hand.host(HOST)
        hand.app(HOST, *policies, **fields)

    return make


def token(duration: str) -> Make:
    """A service token that lasts as long."""
    body = {"name": "ci", "duration": duration}
    return lambda hand: hand.account.call("POST", "{A}/access/service_tokens", body)


def one_token(hand: ByHand) -> None:
    """A host for one token by name."""
    body = {"name": "ci"}
    key = hand.account.call("POST", "{A}/access/service_tokens", body)["id"]
    include = [{"service_token": {"token_id": key}}]
    host({"decision": "non_identity", "include": include})(hand)


def deep_with_certificate(hand: ByHand) -> None:
    """A host two levels below its zone, of which a certificate covers the level above it."""
    zone = hand.account.one("zones", name="example.com")["id"]
    order = {
        "type": "advanced",
        "hosts": ["example.com", "*.b.example.com"],
        "certificate_authority": "google",
        "validation_method": "txt",
        "validity_days": 90,
    }
    hand.account.call("POST", f"/zones/{zone}/ssl/certificate_packs/order", order)
    hand.host("a.b.example.com", TEAM)


def one_provider(hand: ByHand) -> None:
    """A host for logins by one provider."""
    body = {"name": "Corp", "type": "saml", "config": {}}
    key = hand.account.call("POST", "{A}/access/identity_providers", body)["id"]
    host(TEAM, allowed_idps=[key])(hand)


def asking_connector(hand: ByHand) -> None:
    """A host whose connector asks for the token of its application."""
    hand.tunnel("t")
    hand.record(HOST, "t")
    aud = hand.app(HOST, TEAM)["aud"]
    access = {"required": True, "teamName": "acme", "audTag": [aud]}
    rule = {"hostname": HOST, "service": "ssh://one", "originRequest": {"access": access}}
    hand.rules("t", [rule])


def running(hand: ByHand) -> None:
    """A tunnel with a connector."""
    key = hand.tunnel("t")
    hand.account.sandbox.connect(key)


def idle_tunnel(hand: ByHand) -> None:
    """A tunnel without one."""
    hand.tunnel("t")


def authority(service: str) -> Make:
    """A host of this service whose application has a CA."""

    def make(hand: ByHand) -> None:
        hand.host(HOST, service=service)
        key = hand.app(HOST, TEAM)["id"]
        hand.account.call("POST", f"{{A}}/access/apps/{key}/ca")

    return make


def unread_zone(hand: ByHand) -> None:
    """A zone whose records the token may not see."""
    _forbid(hand, "/dns_records")


def unread_and_denied(hand: ByHand) -> None:
    """The same, where the account denies hosts without an application."""
    known = hand.account.call("GET", "{A}/access/organizations")
    fields = {"deny_unmatched_requests": True}
    hand.account.call("PUT", "{A}/access/organizations", {**known, **fields})
    unread_zone(hand)


def _forbid(hand: ByHand, below: str) -> None:
    zone = hand.account.one("zones", name="example.org")["id"]
    path = f"/zones/{zone}{below}"
    hand.account.sandbox.faults.add(kind="status", status=403, path=path, times=None)


def unread_policies(hand: ByHand) -> None:
    """An application that uses a policy, of which the token may see none."""
    key = hand.account.call("POST", "{A}/access/policies", TEAM)["id"]
    hand.host(HOST)
    app = {"type": "self_hosted", "name": HOST, "domain": HOST, "policies": [key]}
    hand.account.call("POST", "{A}/access/apps", app)
    path = "/access/policies"
    hand.account.sandbox.faults.add(kind="status", status=403, path=path, times=None)


def reusable_policy(hand: ByHand) -> None:
    """The same, where it may see them."""
    unread_policies(hand)
    hand.account.sandbox.faults.script.clear()


def idle_application(hand: ByHand) -> None:
    """An application on a name without a record."""
    hand.app(HOST, TEAM)


def guarding(hand: ByHand) -> None:
    """One in front of what is no tunnel."""
    hand.app(HOST, TEAM)
    hand.lead(HOST, "far.example.net")


# What breaks the rule, whom it is told of, and what is beside it.
CASES: dict[AuditCode, tuple[Make, str, Make]] = {
    AuditCode.UNREAD_ZONE: (unread_zone, "example.org", unread_and_denied),
    AuditCode.UNREAD_POLICY: (unread_policies, HOST, reusable_policy),
    AuditCode.ANY_LOGIN: (host({"decision": "allow", "include": EVERYONE}), HOST, host(TEAM)),
    AuditCode.BYPASS_NETWORK: (
        host(TEAM, {"decision": "bypass", "include": NETWORK}), HOST,
        host({**TEAM, "require": NETWORK}),
    ),
    AuditCode.ANY_SERVICE_TOKEN: (
        host({"decision": "non_identity", "include": ANY_TOKEN}), HOST, one_token
    ),
    AuditCode.ENDLESS_TOKEN: (token("forever"), "ci", token("8760h")),
    AuditCode.ENDING_TOKEN: (token("48h"), "ci", token("8760h")),
    AuditCode.ANY_PROVIDER: (host(TEAM), HOST, one_provider),
    AuditCode.LONG_SESSION: (
        host({**TEAM, "session_duration": "25h"}), HOST, host({**TEAM, "session_duration": "24h"})
    ),
    AuditCode.NO_CONNECTOR_CHECK: (host(TEAM), HOST, asking_connector),
    AuditCode.OPTIONS_UNASKED: (host(TEAM, options_preflight_bypass=True), HOST, host(TEAM)),
    AuditCode.DEEP_NAME: (
        lambda hand: hand.host("a.b.example.com", TEAM), "a.b.example.com", deep_with_certificate
    ),
    AuditCode.NO_CONNECTOR: (idle_tunnel, "t", running),
    AuditCode.IDLE_CA: (authority("http://one"), HOST, authority("ssh://one")),
    AuditCode.IDLE_APPLICATION: (idle_application, HOST, guarding),
}  # fmt: skip
# What a door is, and how it is told from others, is shown in test_audit_doors.py.
DOORS = {
    AuditCode.NO_COVER,
    AuditCode.BYPASS_EVERYONE,
    AuditCode.SERVICE_AUTH_EVERYONE,
    AuditCode.PUBLIC_PATH,
    AuditCode.LOCAL_TUNNEL,
    AuditCode.UNREAD_TUNNEL,
    AuditCode.ZONE_APPLICATION,
}


@pytest.mark.parametrize("code", CASES, ids=str)
def test_a_rule_is_told_where_it_is_broken_and_nowhere_else(
    code: AuditCode, tmp_path: Path
) -> None:
    """It names what it is about, and the account beside it is not told of."""
    broken, subject, sound = CASES[code]
    accounts = []
    for name, make in (("broken", broken), ("sound", sound)):
        account = Account(tmp_path / name)
        make(ByHand(account))
        accounts.append(found(audited(account)))

    told = [{it for it in each if it[0] == code} for each in accounts]

    assert told == [{(code.value, subject)}, set()]


def test_every_code_is_tried() -> None:
    """None is left out, here or where doors, answers from outside and copies are."""
    elsewhere = {*DOORS, AuditCode.ANSWERS_UNASKED, AuditCode.TRUSTED_COPY}

    assert {*CASES} | elsewhere == {*AuditCode} == {*RULES}


def test_a_token_past_its_end_is_told(tmp_path: Path) -> None:
    """Whatever uses it is shut out already."""
    account = Account(tmp_path)
    token("24h")(ByHand(account))

    (finding,) = audited(account, days=replace(DAYS, today="2026-08-01")).findings

    assert finding.reasons == ("it ended on 2026-07-02",)


def test_identities_are_unique_and_lasting(tmp_path: Path) -> None:
    """Two findings never share one, and the next audit gives the same."""
    account = Account(tmp_path)
    hand = ByHand(account)
    for name in ("a", "b"):
        hand.host(f"{name}.example.com", service="http://one")
    token("forever")(hand)
    token("forever")(hand)

    first, second = ([it.identity for it in audited(account).all_findings] for _ in "12")

    assert first == second
    assert len(first) == len({*first}) > 4


def test_what_a_file_states_to_be_public_is_no_finding(tmp_path: Path) -> None:
    """A path with `public:` is not told, and one beside it is."""
    account = Account(tmp_path)
    hand = ByHand(account)
    hand.host(HOST)
    overrides = [{"behavior": "public", "path_pattern": it} for it in ("/healthz", "/metrics")]
    hand.app(HOST, TEAM, destinations=[{"type": "public", "uri": HOST, "overrides": overrides}])

    def stated(_host: str, path: str) -> str | None:
        return "probes" if path == "healthz" else None

    report = audited(account, public=stated)

    (name,) = report.names
    told = [text for it in name.findings if it.risk is Risk.OPEN for text in it.reasons]
    assert [("metrics" in text, "healthz" in text) for text in told] == [(True, False)]


def test_a_stack_owns_what_carries_its_mark(tmp_path: Path) -> None:
    """Of record, application and tunnel, in this order; narrowing keeps what is whose."""
    account = Account(tmp_path)
    hand = ByHand(account)
    hand.tunnel("pool.ztctl-b", [{"hostname": HOST, "service": "http://one"}])
    hand.record(HOST, "pool.ztctl-b", comment="ours ztctl-a")
    hand.host("free.example.org")

    report = audited(account)

    assert {it.host: it.stacks for it in report.names} == {
        HOST: ("a", "b"),
        "free.example.org": (),
    }
    for narrowed in (report.narrowed(stack="b"), report.narrowed(zone="example.com")):
        assert [it.host for it in narrowed.names] == [HOST]


def test_every_private_route_is_told(tmp_path: Path) -> None:
    """Of addresses and of host names, with tunnel and stack."""
    account = Account(tmp_path)
    hand = ByHand(account)
    key = hand.tunnel("pool")
    body = {"network": "10.0.0.0/8", "tunnel_id": key, "comment": "ztctl-net"}
    account.call("POST", "{A}/teamnet/routes", body)
    named = {"hostname": "wiki.internal", "tunnel_id": key}
    account.call("POST", "{A}/zerotrust/routes/hostname", named)

    report = audited(account)

    told = [(it.network, it.tunnel, it.stack) for it in report.routes]
    assert sorted(told) == [("10.0.0.0/8", "pool", "net"), ("wiki.internal", "pool", "")]


def test_a_name_whose_records_were_not_read_is_told(tmp_path: Path) -> None:
    """A rule for a name in a zone that is not readable, or not seen, and an alias into it.

    One that an application covers whole is closed, wherever it leads.
    """
    account = Account(tmp_path)
    hand = ByHand(account)
    served = ("wiki.example.org", "safe.example.org", "site.hidden.net")
    hand.tunnel("t", [{"hostname": it, "service": "http://one"} for it in served])
    hand.lead("alias.example.com", "wiki.example.org")
    hand.app("safe.example.org", TEAM)
    unread_zone(hand)

    told = {it for it in found(audited(account)) if it[0] == "unread-zone"}

    subjects = {subject for _, subject in told}
    assert subjects == {"example.org", "wiki.example.org", "site.hidden.net", "alias.example.com"}
