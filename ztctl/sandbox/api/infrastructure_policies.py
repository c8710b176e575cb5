"""Policies of infrastructure applications: a subset of the fields of other policies.

Source: official Python SDK, July 2026: the decision is `allow`, and there is no session, approval
or isolation; `connection_rules.ssh` names UNIX users. Product documentation: the selectors of such
a policy. Recorded: a reusable policy within these limits can be linked by its id. Unrecorded: that
every other selector is refused, that `connection_rules.ssh` is required.
"""

from __future__ import annotations

from ztctl.sandbox.api.connection_rules import checked_connection_rules
from ztctl.sandbox.api.mfa import SSH_MFA
from ztctl.sandbox.api.rules import checked_rules, rule_elements
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.fields import Field, Shape, anything, text
from ztctl.sandbox.messages import Object

SELECTORS = frozenset(
    (
        *("email", "email_domain", "geo", "auth_method", "device_posture", "saml"),
        *("azureAD", "github-organization", "gsuite", "okta"),
    )
)
SHAPE = Shape(
    invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("decision", text(), required=True),
        Field("include", anything, required=True),
        Field("exclude", anything),
        Field("require", anything),
        Field("connection_rules", anything, required=True),
        Field("mfa_config", SSH_MFA),
    ),
)


def written_infrastructure_policy(
    call: Call, body: Object, where: str = "", old: Object | None = None
) -> Object:
    """Validate the fields of a body; raises ApiError 400/12130."""
    policy = call.read(SHAPE, body, where, old)
    policy.update(checked_rules(call, body, where))
    given = policy["connection_rules"]
    policy["connection_rules"] = checked_connection_rules(call, given, where)
    check_infrastructure_policy(policy)
    return policy


def check_infrastructure_policy(policy: Object) -> None:
    """Raise ApiError 400/12130 for a policy that such an application cannot have."""
    if policy["decision"] != "allow":
        raise invalid("infrastructure application policies can only use the allow decision")
    if "ssh" not in policy.get("connection_rules", {}):
        raise invalid("infrastructure application policies need connection_rules.ssh")
    used = {key for element in rule_elements(policy) for key in element}
    if strange := sorted(used - SELECTORS):
        raise invalid(f"selector {strange[0]} is not supported for infrastructure applications")
