"""Reusable Access policies.

``PUT`` replaces, there is no ``PATCH``, and an update is live at once on every application that
links the policy. A policy that an application links cannot be deleted (409), for a while after it
was detached too (Terraform provider v5 issue and fix, July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ztctl.core.model.facts import Fact
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import Default, Normalised, Unordered
from ztctl.core.model.objects import Live, Values
from ztctl.kinds.common import (
    ACCESS_APPS,
    Duration,
    Inside,
    Off,
    Protect,
    body_of,
    duration_text,
    invalid,
    nanoseconds,
)
from ztctl.kinds.plain import Rest
from ztctl.kinds.rules import LISTS, Included, Ruled, Rules, rules_to_api

_MINUTE = 60 * 10**9
_LONGEST_MFA = 720 * 60 * _MINUTE


def _check_minutes(value: Any) -> Any:
    length = nanoseconds(value) if isinstance(value, str) else None
    if length is None or length % _MINUTE or length > _LONGEST_MFA:
        text = "{value} is not a time in minutes or hours of at most 720h"
        raise invalid(value, text, "write 30m, 8h or 0m")
    return value


def _minutes(value: Any) -> Any:
    text = duration_text(value)
    return "0m" if text == "0s" else text


class MfaConfig(Fields):
    """A second factor that Access itself asks for."""

    allowed_authenticators: Annotated[
        list[Literal["totp", "biometrics", "security_key"]] | None, Unordered()
    ] = None
    mfa_disabled: Inside = None
    session_duration: (
        Annotated[str, BeforeValidator(_check_minutes), Normalised(_minutes)] | None
    ) = None
    """In minutes or hours, at most 720h."""


class ApprovalGroup(Fields):
    """People of whom some must agree before anybody enters."""

    approvals_needed: Annotated[int, Field(ge=0)]
    email_addresses: Annotated[list[str] | None, Default(()), Unordered()] = None
    email_list_uuid: str | None = None


class AccessPolicyFields(Fields):
    """Who may enter, or may not: attached to applications in order of precedence."""

    decision: Literal["allow", "deny", "non_identity", "bypass"]
    """`allow` and `deny` people, `non_identity` lets machines in, `bypass` asks nobody."""
    include: Included
    """Whom it is about: any of these."""
    exclude: Rules = None
    """Whom it is not about, whatever else is true."""
    require: Rules = None
    """What everybody must satisfy in addition: all of these."""
    session_duration: Duration | None = None
    """How long a login lasts; the application's when left out."""
    approval_required: Off = None
    approval_groups: Annotated[list[ApprovalGroup] | None, Default(()), Unordered()] = None
    purpose_justification_required: Off = None
    purpose_justification_prompt: str | None = None
    isolation_required: Off = None
    mfa_config: MfaConfig | None = None
    name: str | None = None
    """The exact live name, when it is not the key with the stack's mark."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


# The fields that are spelt alike on both sides. The API knows `connection_rules` too, which are
# not for SSH: they are carried over.
_PLAIN = (
    *(name for name in AccessPolicyFields.model_fields if name not in ("protect", *LISTS)),
    "connection_rules",
)


class AccessPolicy(Ruled):
    """A reusable Access policy."""

    name = "access_policy"
    section = "policies"
    title = "Access policy"
    model = AccessPolicyFields
    limit = 500
    # A policy that was just detached counts as linked for a while.
    rest = Rest(
        "/accounts/{account}/access/policies", ACCESS_APPS, patience={"DELETE": ((409, ""),)}
    )

    def to_api(self, values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
        """What is wanted, carrying over what the file leaves unsaid."""
        return {**body_of(self.specs, values, carried, _PLAIN), **rules_to_api(values)}

    def carried_over(self, live: Live) -> Values:
        """What is carried over."""
        return {"connection_rules": live.raw.get("connection_rules") or None}

    def fact(self, values: Values, live: Live | None) -> Fact:
        """Whom it lets in or keeps out."""
        from ztctl.kinds import facts

        return facts.policy(values)
