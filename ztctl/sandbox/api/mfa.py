"""Validation of the MFA settings of an application or a policy.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026: a session in minutes or
hours from 0m to 720h; other authenticators for infrastructure applications than for the rest.
Recorded: `ssh_piv_key` is refused, although another client uses that name.
"""

from __future__ import annotations

import re
from typing import Any

from ztctl.sandbox.fields import Check, FieldError, choice, flag, listing, mapping

SESSION = re.compile(r"(?=.)(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?")
LONGEST = 720 * 60


def _session(value: Any) -> str:
    read = SESSION.fullmatch(value) if isinstance(value, str) else None
    if read is None or int(read[1] or 0) * 60 + int(read[2] or 0) > LONGEST:
        raise FieldError("must be a duration in minutes or hours from 0m to 720h")
    return str(value)


def _mfa(authenticators: tuple[str, ...]) -> Check:
    return mapping(
        {
            "allowed_authenticators": listing(choice(authenticators)),
            "mfa_disabled": flag,
            "session_duration": _session,
        }
    )


MFA = _mfa(("totp", "biometrics", "security_key"))
SSH_MFA = _mfa(("piv_key", "ssh_fido2_key"))
