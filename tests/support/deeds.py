"""A file that states every field, and what somebody does to each of them behind ztctl's back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.files import HOST
from ztctl.core.model.drift import DriftSeverity

EXPOSED, WIDER, LOST, OTHER = DriftSeverity
RAW = "raw.example.com"
NETWORK = "10.0.0.0/8"
AUDIT_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def everything() -> dict[str, Any]:
    """A file that states every field that can be changed."""
    return {
        "groups": {
            "people": {
                "include": [{"email": "ann@example.com"}, {"email": "bob@example.com"}],
                "exclude": [{"email": "bob@example.com"}],
                "require": [{"country": "PT"}],
            }
        },
        "policies": {
            "team": {
                "decision": "allow",
                "include": [{"group": "people"}],
                "exclude": [{"email": "eve@example.com"}],
                "require": [{"country": "PT"}],
                "session_duration": "8h",
                "approval_required": True,
                "approval_groups": [
                    {"approvals_needed": 1, "email_addresses": ["boss@example.com"]}
                ],
                "purpose_justification_required": True,
                "purpose_justification_prompt": "Why?",
                "isolation_required": True,
                "mfa_config": {"allowed_authenticators": ["security_key"]},
            },
            "plain": {"decision": "allow", "include": [{"email": "carl@example.com"}]},
            "spare": {"decision": "allow", "include": [{"email": "dora@example.com"}]},
        },
        "applications": {
            HOST: {
                "policies": ["team", "plain"],
                "session_duration": "6h",
                "allowed_idps": ["Corporate SAML"],
                "auto_redirect_to_identity": True,
                "app_launcher_visible": False,
                "logo_url": "https://example.com/logo.png",
                "custom_deny_message": "Ask ops",
                "custom_deny_url": "https://example.com/deny",
                "custom_non_identity_deny_url": "https://example.com/robots",
                "custom_pages": ["699d9864-2c56-4d2e-855e-9661899b7252"],
                "enable_binding_cookie": True,
                "http_only_cookie_attribute": True,
                "same_site_cookie_attribute": "strict",
                "path_cookie_attribute": True,
                "eager_redirect_cookie_setting": True,
                "cors_headers": {"allowed_methods": ["GET"], "allow_all_origins": True},
                "service_auth_401_redirect": True,
                "skip_interstitial": True,
                "allow_iframe": True,
                "read_service_tokens_from_header": "x-robot",
                "use_clientless_isolation_app_launcher_url": True,
                "mfa_config": {"allowed_authenticators": ["totp"]},
                "tags": [{"live": "servers"}],
            }
        },
        "tunnels": {
            "pool": {
                "ingress": [{"hostname": HOST, "service": "ssh://localhost:22"}],
                "origin_request": {"connect_timeout": "20s"},
            },
            "other": {},
        },
        "dns": {
            HOST: {
                "tunnel": "pool",
                "comment": "the way in",
                "tags": ["team:ops"],
                "settings": {"ipv4_only": True},
            },
            RAW: {"tunnel": "other", "proxied": False, "ttl": 300},
        },
        "virtual_networks": {"lab": {"comment": "a lab"}},
        "private_routes": {
            NETWORK: {"tunnel": "pool", "virtual_network": "lab", "comment": "all of it"}
        },
        "ca_keys": {HOST: {}},
        "ssh_audit_keys": {"account": {"public_key": AUDIT_KEY}},
        "gateway_rules": {
            "logs": {
                "traffic": "net.dst.ip in {10.0.0.5}",
                "identity": 'identity.email == "ann@example.com"',
                "device_posture": "any(device_posture.checks.passed[*] in {0})",
                "command_logging": True,
                "precedence": 700,
                "description": "all of it",
            }
        },
    }


@dataclass(frozen=True)
class Deed:
    """What somebody does to one field, and what that means."""

    address: str
    severity: DriftSeverity
    live: Any


PEOPLE, TEAM, APP = "access_group.people", "access_policy.team", f"access_application.{HOST}"
RECORD, ROUTE = f"dns_record.{HOST}", f"private_route.{NETWORK}"
LOGS = "gateway_rule.logs"
ANN, EVE = {"email": {"email": "ann@example.com"}}, {"email": {"email": "eve@example.com"}}
# By kind and field: the members of the API's object as somebody leaves them.
DEEDS: Mapping[str, Deed] = {
    "access_group include": Deed(PEOPLE, WIDER, {"include": [ANN, EVE]}),
    "access_group exclude": Deed(PEOPLE, WIDER, {"exclude": []}),
    "access_group require": Deed(PEOPLE, WIDER, {"require": []}),
    "access_policy decision": Deed(TEAM, LOST, {"decision": "deny"}),
    "access_policy include": Deed(TEAM, WIDER, {"include": [EVE, ANN]}),
    "access_policy exclude": Deed(TEAM, WIDER, {"exclude": []}),
    "access_policy require": Deed(TEAM, WIDER, {"require": []}),
    "access_policy session_duration": Deed(TEAM, WIDER, {"session_duration": "24h"}),
    "access_policy approval_required": Deed(
        TEAM, WIDER, {"approval_required": False, "approval_groups": []}
    ),
    "access_policy approval_groups": Deed(
        TEAM,
        WIDER,
        {"approval_groups": [{"approvals_needed": 1, "email_addresses": ["eve@example.com"]}]},
    ),
    "access_policy purpose_justification_required": Deed(
        TEAM, WIDER, {"purpose_justification_required": False}
    ),
    "access_policy purpose_justification_prompt": Deed(
        TEAM, OTHER, {"purpose_justification_prompt": "Well?"}
    ),
    "access_policy isolation_required": Deed(TEAM, WIDER, {"isolation_required": False}),
    "access_policy mfa_config": Deed(TEAM, WIDER, {"mfa_config": {"mfa_disabled": True}}),
    "access_application destinations": Deed(
        APP, LOST, {"destinations": [{"type": "public", "uri": "elsewhere.example.com"}]}
    ),
    "access_application policies": Deed(APP, LOST, {"policies": []}),
    # Every policy has a session of its own, which wins.
    "access_application session_duration": Deed(APP, OTHER, {"session_duration": "24h"}),
    "access_application allowed_idps": Deed(
        APP, WIDER, {"allowed_idps": [], "auto_redirect_to_identity": False}
    ),
    "access_application auto_redirect_to_identity": Deed(
        APP, OTHER, {"auto_redirect_to_identity": False}
    ),
    "access_application app_launcher_visible": Deed(APP, OTHER, {"app_launcher_visible": True}),
    "access_application logo_url": Deed(APP, OTHER, {"logo_url": "https://example.com/x.png"}),
    "access_application custom_deny_message": Deed(APP, OTHER, {"custom_deny_message": "No"}),
    "access_application custom_deny_url": Deed(
        APP, OTHER, {"custom_deny_url": "https://example.com/x"}
    ),
    "access_application custom_non_identity_deny_url": Deed(
        APP, OTHER, {"custom_non_identity_deny_url": "https://example.com/x"}
    ),
    "access_application custom_pages": Deed(APP, OTHER, {"custom_pages": []}),
    "access_application enable_binding_cookie": Deed(APP, OTHER, {"enable_binding_cookie": False}),
    "access_application http_only_cookie_attribute": Deed(
        APP, OTHER, {"http_only_cookie_attribute": False}
    ),
    "access_application same_site_cookie_attribute": Deed(
        APP, OTHER, {"same_site_cookie_attribute": "lax"}
    ),
    "access_application path_cookie_attribute": Deed(APP, OTHER, {"path_cookie_attribute": False}),
    "access_application eager_redirect_cookie_setting": Deed(
        APP, OTHER, {"eager_redirect_cookie_setting": False}
    ),
    # The connector asks for a token all the same.
    "access_application options_preflight_bypass": Deed(
        APP, OTHER, {"options_preflight_bypass": True, "cors_headers": None}
    ),
    "access_application cors_headers": Deed(
        APP, OTHER, {"cors_headers": {"allowed_methods": ["PUT"], "allow_all_origins": True}}
    ),
    "access_application service_auth_401_redirect": Deed(
        APP, OTHER, {"service_auth_401_redirect": False}
    ),
    "access_application skip_interstitial": Deed(APP, OTHER, {"skip_interstitial": False}),
    "access_application allow_iframe": Deed(APP, OTHER, {"allow_iframe": False}),
    "access_application allow_authenticate_via_warp": Deed(
        APP, WIDER, {"allow_authenticate_via_warp": True}
    ),
    "access_application read_service_tokens_from_header": Deed(
        APP, OTHER, {"read_service_tokens_from_header": "x-other"}
    ),
    "access_application use_clientless_isolation_app_launcher_url": Deed(
        APP, OTHER, {"use_clientless_isolation_app_launcher_url": False}
    ),
    "access_application mfa_config": Deed(APP, WIDER, {"mfa_config": {"mfa_disabled": True}}),
    "access_application tags": Deed(APP, OTHER, {"tags": ["ztctl-prod"]}),
    "access_application name": Deed(APP, OTHER, {"name": "Renamed"}),
    "tunnel ingress": Deed("tunnel.pool", WIDER, {"service": "ssh://elsewhere:22"}),
    "tunnel origin_request": Deed("tunnel.pool", OTHER, {"connectTimeout": 99}),
    "dns_record tunnel": Deed(RECORD, LOST, {"content": "{other}.cfargotunnel.com"}),
    "dns_record proxied": Deed(RECORD, LOST, {"proxied": False}),
    "dns_record ttl": Deed(f"dns_record.{RAW}", OTHER, {"ttl": 600}),
    "dns_record comment": Deed(RECORD, OTHER, {"comment": "mine ztctl-prod"}),
    "dns_record tags": Deed(RECORD, OTHER, {"tags": []}),
    "dns_record settings": Deed(RECORD, OTHER, {"settings": {"ipv4_only": False}}),
    "private_route tunnel": Deed(ROUTE, WIDER, {"tunnel_id": "{other}"}),
    "private_route comment": Deed(ROUTE, OTHER, {"comment": "mine ztctl-prod"}),
    "virtual_network comment": Deed("virtual_network.lab", OTHER, {"comment": "x ztctl-prod"}),
    "gateway_rule traffic": Deed(LOGS, OTHER, {"traffic": "net.dst.ip in {10.0.0.6}"}),
    "gateway_rule identity": Deed(LOGS, OTHER, {"identity": 'identity.email == "eve@example.com"'}),
    "gateway_rule device_posture": Deed(LOGS, OTHER, {"device_posture": ""}),
    "gateway_rule enabled": Deed(LOGS, OTHER, {"enabled": False}),
    "gateway_rule command_logging": Deed(
        LOGS, OTHER, {"rule_settings": {"audit_ssh": {"command_logging": False}}}
    ),
    "gateway_rule precedence": Deed(LOGS, OTHER, {"precedence": 900}),
    "gateway_rule action": Deed(LOGS, OTHER, {"action": "allow", "rule_settings": {}}),
    "gateway_rule description": Deed(LOGS, OTHER, {"description": "x ztctl-prod"}),
}
