"""The Zero Trust organisation of the account.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026 (fields, PUT without a
required field). Recorded: without an organisation every Access path answers 404/9999; which members
an organisation has. Terraform provider's tests: null clears a member. Unrecorded: that PUT keeps
fields that are not sent, how a malformed `auth_domain` is refused, that exempted
zone names are not looked up, the defaults of a new organisation.
Not emulated: creating an organisation, revoking a user, DNS over HTTPS; custom pages are not
looked up; MFA settings are stored without effect.
"""

from __future__ import annotations

import re
from typing import Any

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.fields import (
    Field,
    FieldError,
    Shape,
    choice,
    duration,
    flag,
    integer,
    listing,
    mapping,
    text,
)
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import ORGANISATION
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/access/organizations"
TEAM = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.cloudflareaccess\.com")

_WORD = text(350)
_MFA = mapping(
    {
        "allowed_authenticators": listing(
            choice(("totp", "biometrics", "security_key", "piv_key", "ssh_fido2_key"))
        ),
        "amr_matching_session_duration": duration,
        "required_aaguids": _WORD,
        "session_duration": duration,
    }
)
_PIV_KEYS = mapping(
    {
        "pin_policy": choice(("never", "once", "always")),
        "require_fips_device": flag,
        "ssh_key_size": listing(integer(256, 4096)),
        "ssh_key_type": listing(choice(("ecdsa", "ed25519", "rsa"))),
        "touch_policy": choice(("never", "always", "cached")),
    }
)
_INACTIVITY = mapping(
    {
        "action": choice(("disable", "delete")),
        "enabled": flag,
        "inactivity_threshold_days": integer(1, 3650),
    }
)
_LOGIN = mapping(
    dict.fromkeys(
        ("background_color", "footer_text", "header_text", "logo_path", "text_color"), _WORD
    )
)


def _team(value: Any) -> str:
    if not isinstance(value, str) or TEAM.fullmatch(value) is None:
        raise FieldError("must be a team name of at most 63 characters and .cloudflareaccess.com")
    return value


def _hours(value: Any) -> str:
    if re.fullmatch(r"([0-9]+h)?([0-9]+m)?", duration(value)) is None:
        raise FieldError("must be a duration in hours and minutes")
    return str(value)


SHAPE = Shape(
    invalid,
    (
        Field("name", text(350, empty=False)),
        Field("auth_domain", _team),
        Field("allow_authenticate_via_warp", flag),
        Field("auto_redirect_to_identity", flag),
        Field("custom_pages", mapping({"forbidden": _WORD, "identity_denied": _WORD})),
        Field("deny_unmatched_requests", flag),
        Field("deny_unmatched_requests_exempted_zone_names", listing(text(253, empty=False))),
        Field("is_ui_read_only", flag),
        Field("login_design", _LOGIN),
        Field("mfa_config", _MFA),
        Field("mfa_piv_key_requirements", _PIV_KEYS),
        Field("mfa_required_for_all_apps", flag),
        Field("service_token_inactivity", _INACTIVITY),
        Field("session_duration", duration),
        Field("strict_service_token_auth", flag),
        Field("ui_read_only_toggle_reason", _WORD),
        Field("user_seat_expiration_inactive_time", duration),
        Field("warp_auth_non_browser_401", flag),
        Field("warp_auth_session_duration", _hours),
    ),
)


CLEARABLE = frozenset(one.name for one in SHAPE.fields) - {"name", "auth_domain"}


def _get(call: Call) -> Reply:
    return Reply(_organisation(call), kind="organization")


def _change(call: Call) -> Reply:
    body = call.body()
    changes = {
        **call.merged(SHAPE, body, known=_organisation(call)),
        "updated_at": call.state.now(),
    }
    cleared = {name for name in CLEARABLE if name in body and body[name] is None}
    kept = {name: one for name, one in _organisation(call).items() if name not in cleared}
    organisation = {**kept, **changes}
    call.store.put("organization", call.state.account["id"], organisation)
    return Reply(organisation, kind="organization")


def _organisation(call: Call) -> Object:
    return call.store.all("organization")[0]


FAMILY = Family(
    (
        Route("GET", PATH, _get, ORGANISATION),
        Route("PUT", PATH, _change, ORGANISATION, write=True),
    )
)
