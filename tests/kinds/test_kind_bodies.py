"""Promises about what a write sends, and what it carries over."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.plan import Action, Change, Edit, Phase, Reason, Step, StepId
from ztctl.core.reach.versions import facts_of, with_effects
from ztctl.kinds.registry import KINDS

from .replay import declare, kind, live_of, play
from .samples import APP, APPLICATION, APPS, GROUP, POLICY, RULES, TUNNEL, values


def test_a_new_application_is_sent_whole() -> None:
    """Type, domain, destinations, policies in order of precedence, and no default."""
    written = {
        **values("access_application", "ssh.example.com", session_duration="8h"),
        "policies": ["p-2", "p-1"],
        "tags": ["ztctl-prod"],
    }

    played = play(kind("access_application").create(written), APP)

    assert played.body == {
        "type": "self_hosted",
        "name": "ssh.example.com",
        "domain": "ssh.example.com",
        "destinations": [{"type": "public", "uri": "ssh.example.com"}],
        "session_duration": "8h",
        "policies": [{"id": "p-2", "precedence": 1}, {"id": "p-1", "precedence": 2}],
        "tags": ["ztctl-prod"],
    }


def test_replacing_an_application_carries_what_the_file_leaves_unsaid() -> None:
    """A PUT resets what it leaves out, so that the live value of every such field goes along."""
    dashboard = {
        "logo_url": "https://x.test/l.png",
        "custom_deny_message": "no",
        "cors_headers": {"allow_all_origins": True},
        "same_site_cookie_attribute": "lax",
        "custom_pages": ["page-1"],
    }
    live = live_of("access_application", {**APP, **dashboard})

    played = play(kind("access_application").update(live, APPLICATION, "update"), APP)

    assert str(played.calls[0]) == f"PUT {APPS}/a-1"
    assert {key: played.body[key] for key in dashboard} == dashboard
    assert played.body["tags"] == ["ztctl-prod"]


def test_policies_are_always_sent() -> None:
    """Left out of a PUT they would stay attached; an empty list detaches them."""
    live = live_of("access_application", {**APP, "policies": [{"id": "p-1", "precedence": 1}]})

    played = play(kind("access_application").update(live, APPLICATION, "update"), APP)

    assert played.body["policies"] == []


AWAY_FROM_DEFAULT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "access_application",
        {
            "session_duration": "12h",
            "allowed_idps": ["i"],
            "auto_redirect_to_identity": True,
            "app_launcher_visible": False,
            "enable_binding_cookie": True,
            "http_only_cookie_attribute": False,
            "path_cookie_attribute": True,
            "eager_redirect_cookie_setting": False,
            "options_preflight_bypass": True,
            "service_auth_401_redirect": True,
            "skip_interstitial": True,
            "allow_iframe": True,
            "allow_authenticate_via_warp": True,
            "use_clientless_isolation_app_launcher_url": True,
        },
        {
            "session_duration": "24h",
            "allowed_idps": [],
            "auto_redirect_to_identity": False,
            "app_launcher_visible": True,
            "enable_binding_cookie": False,
            "http_only_cookie_attribute": True,
            "path_cookie_attribute": False,
            "eager_redirect_cookie_setting": True,
            "options_preflight_bypass": False,
            "service_auth_401_redirect": False,
            "skip_interstitial": False,
            "allow_iframe": False,
            "allow_authenticate_via_warp": False,
            "use_clientless_isolation_app_launcher_url": False,
        },
    ),
    (
        "access_policy",
        {
            "approval_required": True,
            "approval_groups": [{"approvals_needed": 1, "email_addresses": ["a@example.com"]}],
            "purpose_justification_required": True,
            "isolation_required": True,
        },
        {
            "approval_required": False,
            "approval_groups": [],
            "purpose_justification_required": False,
            "isolation_required": False,
        },
    ),
]
SAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "access_application": (APP, APPLICATION),
    "access_policy": (POLICY, RULES),
}


@pytest.mark.parametrize(
    ("name", "live", "default"), AWAY_FROM_DEFAULT, ids=lambda it: str(it)[:14]
)
def test_a_change_back_to_a_default_is_sent(
    name: str, live: dict[str, Any], default: dict[str, Any]
) -> None:
    """Whether the service keeps what a PUT leaves out or resets it: it is as the file says."""
    raw, written = SAMPLES[name]
    found = live_of(name, {**raw, **live})

    played = play(kind(name).update(found, written, "update"), raw)

    assert {key: played.body[key] for key in live} == default


@pytest.mark.parametrize(
    ("name", "live", "default"), AWAY_FROM_DEFAULT, ids=lambda it: str(it)[:14]
)
def test_a_default_that_is_live_is_left_out(
    name: str, live: dict[str, Any], default: dict[str, Any]
) -> None:
    """Some accounts may not set a field at all; neither is it sent where an object is made."""
    raw, written = SAMPLES[name]
    found = live_of(name, {**raw, **default})

    changed = play(kind(name).update(found, {**written, "name": "other"}, "update"), raw)
    made = play(kind(name).create(written), raw)

    assert not live.keys() & {*changed.body, *made.body}


@pytest.mark.parametrize(
    ("field", "live", "empty"),
    [
        ("logo_url", "https://x.test/l.png", ""),
        ("custom_pages", ["page-1"], []),
        ("cors_headers", {"max_age": 5}, None),
        ("mfa_config", {"mfa_disabled": True}, None),
    ],
)
def test_a_field_that_the_file_empties_is_sent_empty(field: str, live: Any, empty: Any) -> None:
    """Left out of a PUT it might stay as it was."""
    found = live_of("access_application", {**APP, field: live})

    played = play(kind("access_application").update(found, {**APPLICATION, field: None}, "u"), APP)

    assert (field in played.body, played.body.get(field)) == (True, empty)


@pytest.mark.parametrize(
    ("carried", "expected"),
    [("b.example.com", "b.example.com"), ("gone.example.com", "a.example.com"), (None, None)],
)
def test_the_primary_domain_stays(carried: str | None, expected: str | None) -> None:
    """Of several destinations the live domain stays the first as long as it is one of them."""
    written = values("access_application", "x", destinations=["a.example.com", "b.example.com"])
    live = live_of("access_application", {**APP, "domain": carried})

    played = play(kind("access_application").update(live, written, "update"), APP)

    assert played.body["domain"] == (expected or "a.example.com")
    assert {it["uri"] for it in played.body["destinations"]} == {"a.example.com", "b.example.com"}


def test_replacing_a_policy_carries_what_the_file_leaves_unsaid() -> None:
    """Rules are always sent, and what is not for SSH is left as it is."""
    dashboard = {
        "session_duration": "8h",
        "purpose_justification_prompt": "why?",
        "connection_rules": {"rdp": {}},
    }
    live = live_of("access_policy", {**POLICY, **dashboard, "require": [{"certificate": {}}]})

    played = play(kind("access_policy").update(live, RULES, "update"), POLICY)

    assert played.body == {
        **dashboard,
        "name": "team.ztctl-prod",
        "decision": "allow",
        "include": [{"everyone": {}}],
        "exclude": [],
        "require": [],
    }


def test_a_group_is_sent_whole() -> None:
    """All three lists, empty ones too."""
    live = live_of("access_group", GROUP)

    played = play(kind("access_group").update(live, {**RULES, "name": GROUP["name"]}, "u"), GROUP)

    assert played.body == {
        "name": "infra.ztctl-prod",
        "include": [{"everyone": {}}],
        "exclude": [],
        "require": [],
    }


def test_a_tunnel_is_made_remotely_managed() -> None:
    """It brings no secret: the service makes one."""
    played = play(kind("tunnel").create({"name": "edge.ztctl-prod"}), TUNNEL)

    assert played.body == {"name": "edge.ztctl-prod", "config_src": "cloudflare"}


def test_the_configuration_of_a_tunnel_is_one_document() -> None:
    """Rules in order, settings renamed, durations in seconds, nothing that was not said."""
    written = values(
        "tunnel",
        "edge",
        ingress=[
            {
                "hostname": "ssh.example.com",
                "service": "ssh://localhost:22",
                "origin_request": {"connect_timeout": "1m30s", "no_tls_verify": False},
            }
        ],
        origin_request={"match_sni_to_host": True},
    )

    told = {"tunnel_id": "t-1", "version": 2}
    played = play(kind("tunnel").update(live_of("tunnel", TUNNEL), written, "configure"), told)

    assert played.writes == ["PUT /accounts/{account}/cfd_tunnel/t-1/configurations"]
    assert played.body == {
        "config": {
            "ingress": [
                {
                    "hostname": "ssh.example.com",
                    "service": "ssh://localhost:22",
                    "originRequest": {"connectTimeout": 90},
                },
                {"service": "http_status:404"},
            ],
            "originRequest": {"matchSNItoHost": True},
        }
    }


@pytest.mark.parametrize("verb", ["rename", "forget"])
def test_a_tunnel_is_renamed_by_its_name_alone(verb: str) -> None:
    """A new name touches neither secret nor rules."""
    live = live_of("tunnel", TUNNEL)

    told = {"id": "t-1", "name": "edge"}
    played = play(kind("tunnel").update(live, {"name": "edge", "ingress": []}, verb), told)

    assert (played.writes, played.body) == (
        ["PATCH /accounts/{account}/cfd_tunnel/t-1"],
        {"name": "edge"},
    )


def ingress(*names: str, **settings: Any) -> list[dict[str, Any]]:
    """Rules for these names, and the closing one."""
    rules = [{"hostname": name, "service": "ssh://h:22", **settings} for name in names]
    return [*rules, {"service": "http_status:404"}]


@pytest.mark.parametrize(
    ("old", "new", "verbs"),
    [
        (["a.example.com"], ["a.example.com", "b.example.com"], ["configure"]),
        (["a.example.com", "b.example.com"], ["a.example.com"], ["configure"]),
        (["a.example.com"], ["b.example.com"], ["extend", "reduce"]),
    ],
)
def test_rules_are_written_once_unless_names_come_and_go(
    old: list[str], new: list[str], verbs: list[str]
) -> None:
    """One PUT a tunnel; two when some names are opened and others closed."""
    live = live_of("tunnel", TUNNEL, {"config": {"ingress": ingress(*old)}})
    wanted = declare("tunnel", "edge", ingress=ingress(*new))
    edit = Edit("ingress[0].hostname", None, None)

    change = Change(
        wanted.address,
        Action.UPDATE,
        Reason.DIFFERS,
        Phase.TUNNEL,
        live=live,
        wanted=wanted,
        written=wanted.values,
        after=wanted.values,
        edits=(edit,),
    )
    tunnel = kind("tunnel")

    now = {key: fact for (_, key), fact in facts_of({"tunnel": (live,)}, KINDS)}
    steps = with_effects(change, tunnel.steps(change), now, tunnel, lambda value: value).steps

    assert [it.id.verb for it in steps] == verbs
    assert set[str]().union(*(it.opens for it in steps)) == set(new) - set(old)
    assert set[str]().union(*(it.closes for it in steps)) == set(old) - set(new)
    if len(steps) == 2:
        both = {rule.get("hostname") for rule in steps[0].values["ingress"]}
        assert both == {*old, *new, None}


def test_what_a_probe_takes_back_is_as_it_came() -> None:
    """The configuration that was there, with all that no field models, also of rules that went."""
    rule = {**ingress("a.example.com")[0], "new": {"a": 1}}
    config = {"ingress": [rule, {"service": "http_status:404"}], "warp-routing": {"enabled": True}}
    live = live_of("tunnel", TUNNEL, {"config": config})
    told = {"tunnel_id": "t-1", "version": 2}
    tunnel = kind("tunnel")
    made = play(tunnel.update(live, values("tunnel", "edge"), "configure"), told).result
    step = Step(StepId(declare("tunnel", "edge").address, "configure"), Phase.TUNNEL)

    played = play(tunnel.undo(step, live, made), told)

    assert played.body == {"config": config}
