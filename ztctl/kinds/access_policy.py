"""Reusable Access policies.

``PUT`` replaces; there is no ``PATCH``. An update takes effect at once on every application that
uses the policy. A policy in use cannot be deleted (409), also for a while after it was detached
(Terraform provider v5 issue and fix, July 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ztctl.core.model.calls import Passing
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.durations import nanoseconds
from ztctl.core.model.facts import Fact
from ztctl.core.model.identity import Fields
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import DecidesReach, Default, Normalised, Unordered
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.kinds.common import (
    ACCESS_APPS,
    JUST_MADE,
    STAMPS,
    Duration,
    Id,
    Inside,
    Off,
    Protect,
    Uuid,
    duration_text,
    invalid,
)
from ztctl.kinds.open_policies import open_policies
from ztctl.kinds.plain import Rest
from ztctl.kinds.rules import LISTS, Included, Ruled, Rules
from ztctl.kinds.session_length import SESSION, session_of, session_warnings
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

    decision: Annotated[Literal["allow", "deny", "non_identity", "bypass"], DecidesReach()]
    """`allow` and `deny` people, `non_identity` lets machines in, `bypass` asks nobody."""
    include: Included
    """Whom it is about: any of these."""
    exclude: Rules = None
    """Whom it is not about, whatever else is true."""
    require: Rules = None
    """What everybody must satisfy in addition: all of these."""
    session_duration: Duration | None = None
    """How long a login lasts; when left out, its applications' (24h where they differ)."""
    approval_required: Annotated[Off, DecidesReach()] = None
    """Somebody of `approval_groups` must agree each time."""
    approval_groups: Annotated[
        list[ApprovalGroup] | None, Default(()), Unordered(), DecidesReach()
    ] = None
    purpose_justification_required: Annotated[Off, DecidesReach()] = None
    purpose_justification_prompt: str | None = None
    isolation_required: Annotated[Off, DecidesReach()] = None
    mfa_config: Annotated[MfaConfig | None, DecidesReach()] = None
    """The application's when left out."""
    name: str | None = None
    """The live name before the stack's mark, when it is not the key."""
    id: Id | None = None
    """Takes this live object as it is: it keeps its name, gets no mark, goes only by `removed`."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


REST = Rest(
    "/accounts/{account}/access/policies",
    ACCESS_APPS,
    # A policy that was just detached counts as in use for a while.
    patience={"POST": (JUST_MADE,), "PUT": (JUST_MADE,), "DELETE": (Passing(409),)},
    read_only=STAMPS | {"reusable", "app_count"},
    required=LISTS,
)


class AccessPolicy(Ruled):
    """A reusable Access policy."""

    name = "access_policy"
    section = "policies"
    title = "Access policy"
    model = AccessPolicyFields
    limit = 500
    rest = REST

    def body(self, values: Values, live: Live | None = None) -> dict[str, Any]:
        """The body of a write; a duration cannot be empty, but null."""
        body = super().body(values, live)
        return {name: None if name == SESSION and not it else it for name, it in body.items()}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Warn of what nobody or anybody can satisfy, of rules never true, and of sessions."""
        yield from super().check(declared)
        yield from untested_rules(declared)
        yield from open_policies(declared)
        yield from session_warnings(declared)

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark, and the session of the applications where the file states none."""
        values = super().complete(wanted, live, ledger)
        session = session_of(wanted, live, ledger)
        return {**values, SESSION: session} if session else values

    def fact(self, values: Values, live: Live | None) -> Fact:
        """The decision, and the people and devices that it applies to."""
        from ztctl.kinds import facts

        return facts.policy(values)
