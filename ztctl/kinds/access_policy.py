"""Reusable Access policies.

``PUT`` replaces; there is no ``PATCH``. An update takes effect at once on every application that
uses the policy. A policy in use cannot be deleted (409), also for a while after it was detached
(Terraform provider v5 issue and fix, July 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ztctl.core.model.calls import Passing
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import Fact
from ztctl.core.model.identity import Fields
from ztctl.core.model.markers import Default, Normalised, Unordered
from ztctl.core.model.objects import Live, Values
from ztctl.kinds.common import (
    ACCESS_APPS,
    JUST_MADE,
    Duration,
    Id,
    Inside,
    Off,
    Protect,
    Uuid,
    body_of,
    duration_text,
    invalid,
    nanoseconds,
)
from ztctl.kinds.plain import Rest
from ztctl.kinds.rules import LISTS, Included, Ruled, Rules, rules_to_api
from ztctl.kinds.untested_rules import untested_rules

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
    """Ask for none, also where the application or the organisation does."""
    session_duration: (
        Annotated[str, BeforeValidator(_check_minutes), Normalised(_minutes)] | None
    ) = None
    """In minutes or hours, at most 720h."""


class ApprovalGroup(Fields):
    """People of whom some must agree before anybody enters."""

    approvals_needed: Annotated[int, Field(ge=0)]
    email_addresses: Annotated[list[str] | None, Default(()), Unordered()] = None
    email_list_uuid: Uuid | None = None


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
    """Somebody of `approval_groups` must agree each time."""
    approval_groups: Annotated[list[ApprovalGroup] | None, Default(()), Unordered()] = None
    purpose_justification_required: Off = None
    purpose_justification_prompt: str | None = None
    isolation_required: Off = None
    mfa_config: MfaConfig | None = None
    """The application's when left out."""
    name: str | None = None
    """The live name before the stack's mark, when it is not the key."""
    id: Id | None = None
    """Takes this live object as it is: it keeps its name, gets no mark, goes only by `removed`."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


# Fields with the same name and form in the API. `connection_rules` is not modelled, because it is
# not for SSH, and is carried over: a PUT without it would delete it.
_PLAIN = (
    *(name for name in AccessPolicyFields.model_fields if name not in ("protect", "id", *LISTS)),
    "connection_rules",
)


# A policy that was just detached counts as in use for a while.
REST = Rest(
    "/accounts/{account}/access/policies",
    ACCESS_APPS,
    patience={"POST": (JUST_MADE,), "PUT": (JUST_MADE,), "DELETE": (Passing(409),)},
)


class AccessPolicy(Ruled):
    """A reusable Access policy."""

    name = "access_policy"
    section = "policies"
    title = "Access policy"
    model = AccessPolicyFields
    limit = 500
    rest = REST

    def to_api(self, values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
        """All fields; those that the file does not state keep their live values."""
        return {**body_of(self.specs, values, carried, _PLAIN), **rules_to_api(values)}

    def carried_over(self, live: Live) -> Values:
        """``connection_rules``, which no field models."""
        return {"connection_rules": live.raw.get("connection_rules") or None}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Warn of policies that nobody can satisfy, and of rules that are never true."""
        yield from super().check(declared)
        yield from untested_rules(declared)

    def fact(self, values: Values, live: Live | None) -> Fact:
        """The decision, and the people and devices that it applies to."""
        from ztctl.kinds import facts

        return facts.policy(values)
