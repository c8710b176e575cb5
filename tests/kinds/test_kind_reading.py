"""Promises about reading: few calls, and no reply that breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.facts import OrganizationSettings
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Live, Mark
from ztctl.core.model.plan import Action, Change, Reason
from ztctl.kinds.registry import KINDS

from .replay import GONE, ZONE, Fails, declare, kind, live_of, serve

FIELDS = sorted({field for it in KINDS.values() for field in it.model.model_fields})
FIELDS += ["id", "aud", "auth_domain", "content", "self_hosted_domains", "public_key", "uri"]
FIELDS += ["config", "originRequest", "hostname", "audTag", "reusable", "precedence"]
TEXT = st.sampled_from(["", "x", "a.example.com", "*", "*.example.com", "ztctl-prod", "ssh://h:22"])
LEAF = st.none() | st.booleans() | st.integers(-1, 9) | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=8,
)
# What tells objects apart is right, and everything else may be anything.
RULE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("hostname", "path", "service", "originRequest"), JSON)
)
CONFIGURATION = st.fixed_dictionaries(
    {"config": st.fixed_dictionaries({"ingress": st.lists(RULE) | JSON, "originRequest": JSON})}
)
OBJECT = st.builds(
    lambda anything, sure: {**anything, **sure},
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8),
    st.fixed_dictionaries(
        {"id": st.sampled_from("abc")},
        optional={
            "name": st.sampled_from(["edge.ztctl-prod", "example.com", "x"]),
            "type": st.just("CNAME"),
            "status": st.just("active"),
            "config_src": st.just("cloudflare"),
            "tags": st.just(["ztctl-prod"]) | JSON,
            "policies": st.lists(JSON) | JSON,
            "include": st.lists(JSON),
        },
    ),
)
LIST = st.lists(OBJECT, max_size=3) | JSON


def adopted(live: Live) -> Change:
    """The adoption of an object, by a file that wants nothing of it."""
    return Change(
        Address(live.kind, live.key or "x"),
        Action.ADOPT,
        Reason.NOT_MARKED,
        kind(live.kind).phase,
        live=live,
        others=(live,),
        before=live.values,
    )


@pytest.mark.parametrize("name", list(KINDS))
@examples(40)
@given(st.data())
def test_no_reply_breaks_reading(name: str, data: st.DataObject) -> None:
    """Null results, wrong types, missing keys and doubled objects are read, or a failed reading."""

    def answer(call: Call) -> Any:
        if call.path.endswith("/configurations"):
            return data.draw(CONFIGURATION | JSON)
        return data.draw(LIST)

    ask = Ask("prod", hosts=frozenset({"ssh.example.com"}))
    try:
        found = serve(kind(name).read(ask), answer, ask).result
    except CallFailed:
        # What decides whose an application is cannot be read: nothing may be done on its word.
        return

    for live in found:
        assert isinstance(live.id, str)
        assert isinstance(live.name, str)
        assert all(isinstance(host, str) for host in kind(name).hosts(live.key, live.values))
        assert all(isinstance(key, str) for key in kind(name).live_keys(live))
        kind(name).marking.off(live)
        kind(name).dropped_by(adopted(live))
        list(kind(name).uses(live))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("access_tag", "/accounts/{account}/access/tags"),
        ("access_group", "/accounts/{account}/access/groups"),
        ("access_policy", "/accounts/{account}/access/policies"),
        ("access_application", "/accounts/{account}/access/apps"),
        ("service_token", "/accounts/{account}/access/service_tokens"),
        ("identity_provider", "/accounts/{account}/access/identity_providers"),
        ("zone", "/zones"),
    ],
)
def test_a_kind_is_read_by_one_list(name: str, path: str) -> None:
    """However many objects there are, there is one call, in pages."""
    ask = Ask("prod", lookups=frozenset({name}))

    played = serve(kind(name).read(ask), lambda call: [])

    (call,) = (it for asked in played.rounds for it in asked)
    # Applications have policies of their own, and are read anyway.
    others = ["/accounts/{account}/access/apps"] if name == "access_policy" else []
    assert [it.path for it in played.beside] == others
    assert (call.method, call.path) == ("GET", path)
    assert call.per_page > 1
    assert call.permission


def test_only_configurations_that_matter_are_read() -> None:
    """One call for each tunnel that is ours or declared, and remotely managed."""
    tunnels = [
        {"id": "1", "name": "a.ztctl-prod", "config_src": "cloudflare"},
        {"id": "2", "name": "b.ztctl-prod", "config_src": "local"},
        {"id": "3", "name": "c.ztctl-other", "config_src": "cloudflare"},
        {"id": "4", "name": "declared", "config_src": "cloudflare"},
        {"id": "5", "name": "stranger", "config_src": "cloudflare"},
        {"id": "6", "name": "old.ztctl-prod", "remote_config": True},
    ]
    ask = Ask("prod", wanted={"tunnel": (declare("tunnel", "declared"),)})

    played = serve(
        kind("tunnel").read(ask),
        lambda call: tunnels if call.path.endswith("cfd_tunnel") else None,
    )

    first, second = played.rounds
    assert dict(first[0].query) == {"is_deleted": "false"}
    assert [call.path.split("/")[4] for call in second] == ["1", "4", "6"]
    assert all(call.optional for call in second)
    assert len(played.result) == 6


def test_a_tunnel_without_a_configuration_serves_nothing() -> None:
    """A fresh tunnel may have none at all, or an empty one."""
    raw = {"id": "1", "name": "a.ztctl-prod", "config_src": "cloudflare"}

    for configuration in (None, {"config": None, "version": 0}, {"config": {"ingress": None}}):
        assert live_of("tunnel", raw, configuration).values["ingress"] == []


def test_the_secret_of_a_new_tunnel_is_not_kept() -> None:
    """Nothing of the answer to a creation that opens the tunnel is held on to."""
    made = {
        "id": "1",
        "name": "a",
        "token": "canary",
        "credentials_file": {"TunnelSecret": "canary"},
    }

    played = serve(kind("tunnel").create({"name": "a"}), lambda call: made)

    assert "canary" not in repr((played.result, dict(played.result.raw)))


ZONES = [ZONE, {**ZONE, "id": "zone-2", "name": "example.org"}, {**ZONE, "id": "3", "name": "x.y"}]


def read_records(ask: Ask, **replies: Any) -> list[str]:
    """The zones whose records were read."""

    def answer(call: Call) -> Any:
        last = call.path.rsplit("/", 1)[-1]
        return replies.get(last, ZONES if last == "zones" else [])

    played = serve(kind("dns_record").read(ask), answer, ask)
    return [call.path for call in played.calls if call.path.endswith("dns_records")]


def test_only_zones_that_matter_are_read() -> None:
    """Zones of declared names are; others are not even asked."""
    ask = Ask("prod", hosts=frozenset({"a.example.com", "b.example.com", "elsewhere.net"}))

    assert read_records(ask) == ["/zones/zone-1/dns_records"]


def test_a_host_that_left_the_file_is_found_by_what_is_live_of_it() -> None:
    """Marked applications and rules of our tunnels lead to the zones of forgotten records."""
    app = {"id": "a", "name": "a", "domain": "old.example.org", "tags": ["ztctl-prod"]}
    tunnel = {"id": "t", "name": "edge.ztctl-prod", "config_src": "cloudflare"}
    rules = {"config": {"ingress": [{"hostname": "h.x.y", "service": "ssh://h:22"}]}}

    found = read_records(Ask("prod"), apps=[app], cfd_tunnel=[tunnel], configurations=rules)

    assert found == ["/zones/zone-2/dns_records", "/zones/3/dns_records"]


def test_records_that_are_no_addresses_are_nobodys_business() -> None:
    """TXT and MX records on a name of ours are not in the way."""

    def answer(call: Call) -> Any:
        if call.path == "/zones":
            return [ZONE]
        kinds = ["TXT", "MX", "CNAME", "A", "AAAA"] if call.path.endswith("dns_records") else []
        return [{"id": it, "name": "ssh.example.com", "type": it} for it in kinds]

    ask = Ask("prod", hosts=frozenset({"ssh.example.com"}))

    assert [live.id for live in serve(kind("dns_record").read(ask), answer, ask).result] == [
        "CNAME",
        "A",
        "AAAA",
    ]


@pytest.mark.parametrize(
    ("comment", "mark"),
    [
        ("ztctl-prod", Mark("prod")),
        ("my own words ztctl-prod", Mark("prod")),
        ("ztctl-prod.protect", Mark("prod", protect=True)),
        ("ztctl-prod my own words", None),
        ("xztctl-prod", None),
        ("ztctl-prod2", Mark("prod2")),
        (None, None),
        (7, None),
    ],
)
def test_the_mark_of_a_record_is_its_last_word(comment: Any, mark: Mark | None) -> None:
    """The user's words come first, and a part of a word is no mark."""
    raw = {"id": "r", "name": "ssh.example.com", "type": "CNAME", "comment": comment}

    assert live_of("dns_record", raw).mark == mark


def test_certificate_authorities_are_joined_by_audience() -> None:
    """Their list does not name the application; one of an unknown application is left out."""
    keys = [
        {"id": "k", "aud": "aud-1", "public_key": "ecdsa-sha2-nistp256 AAAA"},
        {"id": "orphan", "aud": "aud-9", "public_key": "x"},
    ]
    apps = [{"id": "app-1", "aud": "aud-1", "name": "ssh.example.com", "domain": "ssh.example.com"}]

    played = serve(
        kind("ca_key").read(Ask("prod")), lambda call: keys if call.path.endswith("/ca") else apps
    )

    (live,) = played.result
    assert len(played.rounds) == 1
    assert (live.values["application"], live.key) == ("app-1", "ssh.example.com")
    assert live.owner == "app-1"


@pytest.mark.parametrize(
    ("answer", "team"),
    [
        ({"auth_domain": "acme.cloudflareaccess.com"}, "acme"),
        ({"auth_domain": "access.acme.example"}, None),
        ({"auth_domain": None}, None),
        (None, None),
        ([], None),
        (Fails(403), None),
    ],
)
def test_the_team_is_read_where_it_may_be(answer: Any, team: str | None) -> None:
    """What the token may not see, or what says nothing, is no team, and no failure."""
    played = serve(kind("organization").read(Ask("prod")), lambda call: answer)

    teams = [live.attribute("team") for live in played.result if live.attribute("team")]
    assert teams == ([team] if team else [])


@pytest.mark.parametrize(
    ("listed", "denies"),
    [
        (None, True),
        ([], True),
        (["Example.COM."], True),
        ("example.com", False),
        ({}, False),
        ([["example.com"]], False),
        (["example.com", None], False),
    ],
)
def test_exemptions_that_are_not_understood_exempt_every_zone(listed: Any, denies: bool) -> None:
    """So that what no application covers there counts as open."""
    answer = {
        "auth_domain": "acme.cloudflareaccess.com",
        "deny_unmatched_requests": True,
        "deny_unmatched_requests_exempted_zone_names": listed,
    }
    (live,) = serve(kind("organization").read(Ask("prod")), lambda call: answer).result

    fact = kind("organization").fact(live.values, live)

    assert isinstance(fact, OrganizationSettings)
    assert fact.deny_unmatched is denies
    assert fact.exempt_zones <= {"example.com"}


def test_another_failure_of_the_organisation_is_told() -> None:
    """Only a missing permission is taken for silence."""
    with pytest.raises(CallFailed):
        serve(kind("organization").read(Ask("prod")), lambda call: Fails(500))


@pytest.mark.parametrize(
    ("name", "ask", "needed"),
    [
        ("organization", Ask("prod"), False),
        ("organization", Ask("prod", wanted={"tunnel": (declare("tunnel", "t"),)}), True),
        ("service_token", Ask("prod"), False),
        ("access_policy", Ask("prod"), True),
    ],
)
def test_what_nobody_needs_is_not_read(name: str, ask: Ask, needed: bool) -> None:
    """What can carry a mark is always read, the rest only when something refers to it."""
    assert kind(name).needed(ask) is needed


BY_LOGIN = [{"id": "p", "name": "p", "include": [{"login_method": {"id": "x"}}]}]


@pytest.mark.parametrize(
    ("list_of", "found", "read"),
    [
        ("policies", BY_LOGIN, True),
        ("groups", BY_LOGIN, True),
        ("apps", [{"id": "a", "type": "self_hosted", "policies": BY_LOGIN}], True),
        ("policies", [{"id": "p", "name": "p", "include": [{"everyone": {}}]}], False),
    ],
)
def test_identity_providers_are_read_where_a_rule_tests_one(
    list_of: str, found: list[Any], read: bool
) -> None:
    """Which of them admit anybody matters where a rule of the account asks for one."""

    def answer(call: Call) -> Any:
        return found if call.path.endswith(f"/{list_of}") else []

    played = serve(kind("identity_provider").read(Ask("prod")), answer, Ask("prod"))

    assert any(it.path.endswith("/identity_providers") for it in played.calls) is read


def test_a_failed_list_is_not_an_empty_one() -> None:
    """A 404 on a list of marked objects is told: nothing is taken for deleted."""
    with pytest.raises(CallFailed):
        serve(kind("access_policy").read(Ask("prod")), lambda call: GONE)


@pytest.mark.parametrize(
    ("plan", "limit"),
    [
        ({"legacy_id": "free"}, 200),
        ({"legacy_id": "pro"}, 3500),
        ({"legacy_id": "enterprise"}, 3500),
        ({"legacy_id": "something_new"}, 200),
        (None, 200),
        ("pro", 200),
    ],
)
def test_a_zone_knows_the_size_of_its_batches(plan: Any, limit: int) -> None:
    """What is not known to be paid is treated as free."""
    assert live_of("zone", {**ZONE, "plan": plan}).attribute("batch") == limit


@pytest.mark.parametrize("name", ["__class__", "__doc__", "of", "nothing"])
def test_only_fields_are_attributes(name: str) -> None:
    """A plan file may ask for any name: what Python adds to an object is no attribute of it."""
    assert live_of("zone", ZONE).attribute(name) is None


def test_a_zone_that_is_not_active_does_not_count() -> None:
    """Records in a pending zone would never be served."""
    raw = [{**ZONE, "status": status} for status in ("pending", "moved", "initializing", None)]

    assert serve(kind("zone").read(Ask("prod")), lambda call: raw).result == ()


def test_the_name_of_a_tag_is_its_id() -> None:
    """Applications refer to tags by name, so that a reply's own id would hide who uses them."""
    assert live_of("access_tag", {"id": "7", "name": "ztctl-prod"}).id == "ztctl-prod"
