"""The fields of self_hosted and ssh applications, and of tiles, which guard no host.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026; defaults also from the
Terraform provider. `ssh` takes exactly the fields of `self_hosted`, and so do `vnc` and `rdp`; a
tile's domain is any text, belongs to nobody and is not looked up in the zones. Recorded, and in the
tests of the Terraform provider: which members are absent unless they were set to true. Quoted by
others: 400/12130 for `allow_authenticate_via_warp` without a WARP session duration of the
organisation, and the refusals of `scim_config`. Python SDK 5.9.0: `oauth_configuration`.
Unrecorded: how `auto_redirect_to_identity` and `options_preflight_bypass` are refused in a wrong
combination.
Not emulated: SCIM and OAuth themselves; custom pages and what `saas_app` says are not looked up; an
account has no app_launcher and no warp application unless somebody makes one.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.mfa import MFA
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.fields import (
    Field,
    FieldError,
    Shape,
    anything,
    choice,
    duration,
    flag,
    integer,
    listing,
    mapping,
    text,
    true_or_nothing,
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


_CREDENTIALS = ("password", "token", "client_secret")
_SCHEMES: dict[str, tuple[str, ...]] = {
    "httpbasic": ("user", "password"),
    "oauthbearertoken": ("token",),
    "oauth2": ("client_id", "client_secret", "authorization_url", "token_url"),
    "access_service_token": ("client_id", "client_secret"),
}
_SCHEMA = "urn:ietf:params:scim:schemas:"


def _provisioning(value: Any) -> Object:
    """`scim_config`, as it is shown again: without its credentials."""
    given = _mapping(value)
    for name in ("idp_uid", "remote_uri"):
        if not isinstance(given.get(name), str):
            raise FieldError(f"{name} is a required field")
    for one in given.get("mappings") or ():
        if not str(_mapping(one).get("schema", "")).startswith(_SCHEMA):
            raise invalid("invalid SCIM schema in mappings")
    login = given.get("authentication")
    if login is None:
        return given
    many = [_login(one) for one in (login if isinstance(login, list) else [login])]
    return {**given, "authentication": many if isinstance(login, list) else many[0]}


def _login(value: Any) -> Object:
    login = _mapping(value)
    for name in _SCHEMES.get(str(login.get("scheme")), ("scheme",)):
        if not login.get(name):
            raise invalid(f"{name} is a required field")
    return {name: REDACTED if name in _CREDENTIALS else login[name] for name in login}


def _mapping(value: Any) -> Object:
    if not isinstance(value, dict):
        raise FieldError("must be an object")
    return value


REDACTED = "REDACTED"
PROVISIONING = (Field("scim_config", _provisioning), Field("oauth_configuration", _mapping))
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
        Field("path_cookie_attribute", true_or_nothing),
        Field("eager_redirect_cookie_setting", flag, True),
        Field("options_preflight_bypass", flag, False),
        Field("cors_headers", _CORS),
        Field("service_auth_401_redirect", true_or_nothing),
        Field("skip_interstitial", true_or_nothing),
        Field("allow_iframe", true_or_nothing),
        Field("allow_authenticate_via_warp", flag),
        Field("read_service_tokens_from_header", text()),
        Field("use_clientless_isolation_app_launcher_url", true_or_nothing),
        Field("tags", listing(text()), []),
        Field("policies", anything),
        Field("mfa_config", MFA),
        *PROVISIONING,
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
_SAAS = Shape(invalid, (*_TILE, *_LOGIN, *_VISIBLE, Field("saas_app", anything), *PROVISIONING))
_OF_THE_TEAM = (
    *_TILE,
    *_LOGIN,
    Field("domain", text(empty=False)),
    Field("session_duration", duration, "24h"),
    Field("custom_deny_url", text()),
    Field("custom_non_identity_deny_url", text()),
)
_ANYWHERE = Field("destinations", listing(anything))
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
    "proxy_endpoint": Shape(invalid, (*_OF_THE_TEAM, *_VISIBLE)),
    "mcp": Shape(invalid, (*_OF_THE_TEAM, *_VISIBLE, _ANYWHERE, *PROVISIONING)),
    "mcp_portal": Shape(invalid, (*_OF_THE_TEAM, *_VISIBLE, _ANYWHERE, *PROVISIONING)),
}

SETTINGS = Shape(
    invalid, (Field("allow_iframe", true_or_nothing), Field("skip_interstitial", true_or_nothing))
)

# What guards host names: rdp has targets, too.
GUARDS = ("self_hosted", "ssh", "vnc", "rdp")


def check_type(kind: str) -> None:
    """Raise ApiError 400 for a type that does not exist."""
    if kind not in GUARDS:
        raise invalid("unrecognized application type")


NO_WARP_SESSION = (
    "allow_authenticate_via_warp cannot be set if the Warp Auth Session Duration is not set "
    "for the account"
)


def check_fields(call: Call, app: Object) -> None:
    """Raise ApiError 400/12130 for invalid combinations of fields."""
    check_references(call, app)
    if app["options_preflight_bypass"] and "cors_headers" in app:
        raise invalid("options_preflight_bypass cannot be combined with cors_headers")
    organisation = call.store.all("organization")[0]
    if app.get("allow_authenticate_via_warp") and not organisation.get(
        "warp_auth_session_duration"
    ):
        raise invalid(NO_WARP_SESSION)


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
