"""Validation of the `connection_rules` of a policy.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026: `rdp` for desktops in a
browser, `ssh` for infrastructure applications with at least one UNIX user name. Recorded: a
reusable policy accepts `ssh`, too.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.fields import Field, FieldError, Shape, anything, choice, flag, listing, text
from ztctl.sandbox.messages import Object

_FORMATS = listing(choice(("text",)))


def _usernames(value: Any) -> list[str]:
    names: list[str] = listing(text(empty=False))(value)
    if not names:
        raise FieldError("must have at least one element")
    return names


RULES = Shape(invalid, (Field("ssh", anything), Field("rdp", anything)))
SSH = Shape(
    invalid, (Field("usernames", _usernames, required=True), Field("allow_email_alias", flag))
)
RDP = Shape(
    invalid,
    (
        Field("allowed_clipboard_local_to_remote_formats", _FORMATS),
        Field("allowed_clipboard_remote_to_local_formats", _FORMATS),
    ),
)


def checked_connection_rules(call: Call, given: Any, where: str) -> Object:
    """Validate the connection rules of a body; raises ApiError 400/12130."""
    where += "connection_rules."
    rules = call.read(RULES, _object(given, "connection_rules"), where)
    return {
        name: call.read(
            SSH if name == "ssh" else RDP,
            _object(rule, f"connection_rules.{name}"),
            f"{where}{name}.",
        )
        for name, rule in rules.items()
    }


def _object(value: Any, name: str) -> Object:
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    return value
