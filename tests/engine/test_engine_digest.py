"""Promises about the digest of a plan: it names what is done, and to what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.files import HOST, whole
from ztctl.core.model.address import Address
from ztctl.core.model.plan import Plan
from ztctl.engine.digest import digest


def of(plan: Plan) -> str:
    """The digest where nothing is masked."""
    return digest(plan, (), str)


def edited() -> dict[str, Any]:
    """The file with another service."""
    file = whole()
    file["tunnels"]["pool"]["ingress"][0]["service"] = "ssh://10.0.0.9:22"
    return file


def test_the_same_plan_has_the_same_digest(account: Account) -> None:
    """Whoever makes it, and whenever."""
    account.apply(whole())

    assert of(account.plan(edited())) == of(account.plan(edited()))


def test_who_stays_is_no_part_of_it(account: Account) -> None:
    """What is shown beside who gains and loses entry changes nothing of what is agreed to."""
    account.apply(whole())
    plan = account.plan(edited())

    assert plan.access
    bare = tuple(replace(change, before=(), after=()) for change in plan.access)
    assert of(replace(plan, access=bare)) == of(plan)


def other_file(account: Account) -> Plan:
    """The file says something else."""
    file = edited()
    file["policies"]["team"]["session_duration"] = "30m"
    return account.plan(file)


def other_live(account: Account) -> Plan:
    """What the plan edits is live in another form, in a field that the file does not state."""
    tunnel = account.one("tunnels")
    path = f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations"
    config = account.call("GET", path)["config"]
    config["ingress"][0]["originRequest"] = {"connectTimeout": 5}
    account.call("PUT", path, {"config": config})
    return account.plan(edited())


def other_people(account: Account) -> Plan:
    """Somebody else enters the host of which the service changes."""
    policy = account.one("policies")
    id_ = policy.pop("id")
    body = {**policy, "include": [{"email": {"email": "mallory@example.com"}}]}
    account.call("PUT", f"{{A}}/access/policies/{id_}", body)
    return account.plan(edited())


def other_stack(account: Account) -> Plan:
    """The same changes by another stack."""
    return replace(account.plan(edited()), stack="other")


@pytest.mark.parametrize("other", [other_file, other_live, other_people, other_stack])
def test_another_plan_has_another_digest(
    other: Callable[[Account], Plan], account: Account
) -> None:
    """Whatever it is that differs: what is wanted, or what is live."""
    account.apply(whole())
    was = of(account.plan(edited()))

    assert of(other(account)) != was


def test_a_part_of_a_plan_has_another_digest(account: Account) -> None:
    """What is applied is what was looked at, targets included."""
    plan = account.plan(whole())

    assert digest(plan, [Address("access_application", HOST)], str) != of(plan)


def test_a_digest_tells_nothing_of_what_is_masked(account: Account) -> None:
    """It is published, and a short secret could be tried out until the digest is met."""
    plans = []
    for secret in ("canary-1", "canary-2"):
        file = whole()
        file["policies"]["team"]["include"] = [{"email": f"{secret}@example.com"}]
        plans.append((account.plan(file), secret))

    found = {
        digest(plan, (), lambda text, hidden=secret: text.replace(hidden, "(env X)"))  # type: ignore[misc]
        for plan, secret in plans
    }

    assert len(found) == 1
