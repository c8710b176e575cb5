"""Reusable policies, and the policies under one application, by the official SDK."""

from __future__ import annotations

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError

from .harness import EVERYONE, Sdk, drives, ids

POLICIES = "{A}/access/policies"
OWN = "{A}/access/apps/{}/policies"


@drives(
    f"POST {POLICIES}", f"GET {POLICIES}/{{}}", f"PUT {POLICIES}/{{}}", f"DELETE {POLICIES}/{{}}"
)
def test_life_of_a_policy(sdk: Sdk) -> None:
    """A policy with every field is created, read, replaced and deleted."""
    policies = sdk.access.policies
    made = policies.create(
        account_id=sdk.account,
        name="ops",
        decision="allow",
        include=[EVERYONE],
        exclude=[{"email": {"email": "a@example.com"}}],
        require=[{"geo": {"country_code": "PT"}}],
        session_duration="8h",
        approval_required=True,
        approval_groups=[{"approvals_needed": 1, "email_addresses": ["b@example.com"]}],
        purpose_justification_required=True,
        purpose_justification_prompt="Why?",
        isolation_required=False,
        mfa_config={"allowed_authenticators": ["totp"], "session_duration": "12h"},
    )
    read = policies.get(made.id, account_id=sdk.account)
    changed = policies.update(
        made.id, account_id=sdk.account, name="none", decision="deny", include=[EVERYONE]
    )
    gone = policies.delete(made.id, account_id=sdk.account)

    assert (read.decision, read.reusable, read.app_count) == ("allow", True, 0)
    assert read.approval_groups[0].email_addresses == ["b@example.com"]
    assert (changed.decision, changed.exclude or []) == ("deny", [])
    assert gone.id == made.id


@drives(f"GET {POLICIES}")
def test_pages_of_policies(sdk: Sdk) -> None:
    """The SDK walks over all pages of policies."""
    made = {sdk.policy(f"policy {number}").id for number in range(7)}

    assert ids(sdk.access.policies.list(account_id=sdk.account, per_page=2)) == made


def test_refused_policies(sdk: Sdk) -> None:
    """An unknown decision is a bad request, deleting a linked policy a conflict."""
    policy = sdk.policy()
    sdk.app(policies=[policy.id])

    with pytest.raises(BadRequestError):
        sdk.access.policies.create(
            account_id=sdk.account, name="p", decision="perhaps", include=[EVERYONE]
        )
    with pytest.raises(ConflictError):
        sdk.access.policies.delete(policy.id, account_id=sdk.account)
    with pytest.raises(NotFoundError):
        sdk.access.policies.get(sdk.tunnel().id, account_id=sdk.account)


@drives(f"POST {OWN}", f"GET {OWN}/{{}}", f"PUT {OWN}/{{}}", f"DELETE {OWN}/{{}}")
def test_life_of_an_applications_own_policy(sdk: Sdk) -> None:
    """A policy of one application is created, read, replaced and deleted below it."""
    own, app = sdk.access.applications.policies, sdk.app()
    where = {"account_id": sdk.account, "app_id": app.id}
    made = own.create(
        **where,
        precedence=2,
        extra_body={"name": "ops", "decision": "allow", "include": [EVERYONE]},
    )
    read = own.get(made.id, **where)
    changed = own.update(
        made.id,
        **where,
        precedence=3,
        extra_body={"name": "dev", "decision": "deny", "include": [EVERYONE]},
    )
    gone = own.delete(made.id, **where)

    assert (read.name, read.precedence, read.decision) == ("ops", 2, "allow")
    assert (changed.name, changed.precedence, changed.decision) == ("dev", 3, "deny")
    assert (gone.id, list(own.list(**where))) == (made.id, [])


@drives(f"GET {OWN}")
def test_pages_of_an_applications_policies(sdk: Sdk) -> None:
    """The SDK walks over all pages of an application's policies."""
    linked = [sdk.policy(f"policy {number}").id for number in range(7)]
    app = sdk.app(policies=linked)

    listed = sdk.access.applications.policies.list(
        app_id=app.id, account_id=sdk.account, per_page=2
    )
    assert ids(listed) == set(linked)
