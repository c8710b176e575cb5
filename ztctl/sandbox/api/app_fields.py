"""The fields of self_hosted and ssh applications, and of tiles, which guard no host.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026; defaults also from the
Terraform provider. `ssh` takes exactly the fields of `self_hosted`; a tile's domain is any text,
belongs to nobody and is not looked up in the zones. Recorded: 400/12130 for
`allow_authenticate_via_warp` without a WARP session duration of the organisation. Unrecorded: how
`auto_redirect_to_identity` and `options_preflight_bypass` are refused in a wrong combination.
Not emulated: SCIM, OAuth; custom pages and what `saas_app` says are not looked up; an account has
no app_launcher and no warp application unless somebody makes one.
"""

from __future__ import annotations

from ztctl.sandbox.api.mfa import MFA
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.fields import (
    Field,
    Shape,
    anything,
    choice,
    duration,
    flag,
    integer,
    listing,
    mapping,
    text,
    uuid,
)
from ztctl.sandbox.messages import Object

_WORDS = listing(text())
_CORS = mapping(
    {
        "allow_all_headers": flag,
        "allow_all_methods": flag,
        "allow_all_origins": flag,
        "allow_credentials": flag,
        "allowed_headers": _WORDS,
        "allowed_methods": _WORDS,
        "allowed_origins": _WORDS,
        "max_age": integer(-1, 86400),
    }
)

TYPE = Field("type", text(), required=True)
SHAPE = Shape(
    invalid,
    (
        TYPE,
        Field("name", text(350), ""),
        Field("domain", text(empty=False)),
        Field("destinations", anything),
        Field("self_hosted_domains", listing(text(empty=False))),
        Field("session_duration", duration, "24h"),
        Field("allowed_idps", listing(uuid), []),
        Field("auto_redirect_to_identity", flag, False),
        Field("app_launcher_visible", flag, True),
        Field("logo_url", text()),
        Field("custom_deny_message", text()),
        Field("custom_deny_url", text()),
        Field("custom_non_identity_deny_url", text()),
        Field("custom_pages", listing(uuid)),
        Field("enable_binding_cookie", flag, False),
        Field("http_only_cookie_attribute", flag, True),
        Field("same_site_cookie_attribute", choice(("", "lax", "strict", "none"))),
        Field("path_cookie_attribute", flag, False),
        Field("eager_redirect_cookie_setting", flag, True),
        Field("options_preflight_bypass", flag, False),
        Field("cors_headers", _CORS),
        Field("service_auth_401_redirect", flag, False),
        Field("skip_interstitial", flag, False),
        Field("allow_iframe", flag, False),
        Field("allow_authenticate_via_warp", flag),
        Field("read_service_tokens_from_header", text()),
        Field("use_clientless_isolation_app_launcher_url", flag, False),
        Field("tags", listing(text()), []),
        Field("policies", anything),
        Field("mfa_config", MFA),
    ),
)

_TILE = (
    TYPE,
    Field("name", text(350), ""),
    Field("tags", listing(text()), []),
    Field("policies", anything),
)
_LOGIN = (
    Field("allowed_idps", listing(uuid), []),
    Field("auto_redirect_to_identity", flag, False),
    Field("custom_pages", listing(uuid)),
)
_VISIBLE = (Field("app_launcher_visible", flag, True), Field("logo_url", text()))
_SAAS = Shape(invalid, (*_TILE, *_LOGIN, *_VISIBLE, Field("saas_app", anything)))
_OF_THE_TEAM = (
    *_TILE,
    *_LOGIN,
    Field("domain", text(empty=False)),
    Field("session_duration", duration, "24h"),
    Field("custom_deny_url", text()),
    Field("custom_non_identity_deny_url", text()),
)
_LAUNCHER = (
    *(Field(name, text()) for name in ("app_launcher_logo_url", "bg_color", "header_bg_color")),
    Field("footer_links", listing(anything)),
    Field("landing_page_design", anything),
    Field("skip_app_launcher_login_page", flag, False),
)
# The shapes of applications that guard no host, by type.
TILES = {
    "bookmark": Shape(invalid, (*_TILE, *_VISIBLE, Field("domain", text(empty=False)))),
    "saas": _SAAS,
    "dash_sso": _SAAS,
    "app_launcher": Shape(invalid, (*_OF_THE_TEAM, *_LAUNCHER)),
    "warp": Shape(invalid, _OF_THE_TEAM),
    "biso": Shape(invalid, _OF_THE_TEAM),
}

SETTINGS = Shape(invalid, (Field("allow_iframe", flag), Field("skip_interstitial", flag)))

EMULATED = ("self_hosted", "ssh")
OTHER_TYPES = (
    "vnc",
    "rdp",
    "mcp",
    "mcp_portal",
    "proxy_endpoint",
)


def check_type(kind: str) -> None:
    """Raise ApiError 400 for a type that does not exist or is not emulated."""
    if kind in OTHER_TYPES:
        raise invalid(f"applications of type {kind} are not emulated by this sandbox")
    if kind not in EMULATED:
        raise invalid("unrecognized application type")


def check_fields(call: Call, app: Object) -> None:
    """Raise ApiError 400/12130 for invalid combinations of fields."""
    check_references(call, app)
    if app["options_preflight_bypass"] and "cors_headers" in app:
        raise invalid("options_preflight_bypass cannot be combined with cors_headers")
    organisation = call.store.all("organization")[0]
    if app.get("allow_authenticate_via_warp") and not organisation.get(
        "warp_auth_session_duration"
    ):
        raise invalid("allow_authenticate_via_warp cannot be set without a WARP session duration")


def check_references(call: Call, app: Object) -> None:
    """Raise ApiError 400/12130 for tags and identity providers that do not exist."""
    _check_tags(call, app["tags"])
    if "allowed_idps" in app:
        _check_providers(call, app)


def _check_tags(call: Call, tags: list[str]) -> None:
    if any(call.store.get("tag", tag) is None for tag in tags):
        raise invalid(
            "tags contain a tag that does not exist, "
            "tags must be created before assigning to an application"
        )


def _check_providers(call: Call, app: Object) -> None:
    if any(call.store.get("identity_provider", key) is None for key in app["allowed_idps"]):
        raise invalid("allowed_idps contains an identity provider that was not found")
    if app["auto_redirect_to_identity"] and len(app["allowed_idps"]) != 1:
        raise invalid("auto_redirect_to_identity needs exactly one identity provider")
