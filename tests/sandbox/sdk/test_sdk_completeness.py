"""No endpoint without a test by the official SDK."""

from __future__ import annotations

import importlib
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from cloudflare import APIResponseValidationError

from .harness import Sdk, declared_by, emulated

# What the SDK has no method for, and why the sandbox has it all the same.
UNKNOWN_TO_THE_SDK = frozenset(
    {
        # In the API description, but left out when the SDK is generated from it.
        "PUT /accounts/{}/access/apps/{}/policies/{}/make_reusable",
        # Deprecated: the SDK reads settings one by one.
        "GET /zones/{}/settings",
        # What cloudflared calls to make a record for a tunnel; in no public description.
        "PUT /zones/{}/tunnels/{}/routes",
    }
)


def declaring() -> list[Any]:
    """The tests of this folder that declare what they drive."""
    names = [path.stem for path in Path(__file__).parent.glob("test_*.py")]
    modules = [importlib.import_module(f".{name}", __package__) for name in names]
    return [test for module in modules for test in vars(module).values() if declared_by(test)]


def declarations() -> frozenset[str]:
    """The routes that these tests declare."""
    return frozenset(route for test in declaring() for route in declared_by(test))


def test_every_route_is_driven() -> None:
    """Every emulated route is driven by the SDK, or unknown to it."""
    assert emulated() - declarations() - UNKNOWN_TO_THE_SDK == frozenset()


def test_every_declaration_is_a_route() -> None:
    """No test and no exception names a route that the sandbox does not have."""
    assert (declarations() | UNKNOWN_TO_THE_SDK) - emulated() == frozenset()


def test_declarations_are_checked() -> None:
    """Every test that declares routes takes the client that checks whether it drove them."""
    assert [test for test in declaring() if "sdk" not in signature(test).parameters] == []


def test_no_exception_is_driven() -> None:
    """What the SDK drives is not listed as unknown to it."""
    assert declarations() & UNKNOWN_TO_THE_SDK == frozenset()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 7},
        {"created_at": "yesterday"},
        {"app_count": "many"},
        {"decision": "perhaps"},
        {"include": {"everyone": {}}},
        {"include": [7]},
        {"approval_groups": [{"approvals_needed": "two"}]},
        {"mfa_config": {"allowed_authenticators": ["face"]}},
        {"reusable": "yes"},
    ],
    ids=str,
)
def test_wrong_types_are_refused(sdk: Sdk, wrong: dict[str, object]) -> None:
    """The client of these tests refuses an answer in which one type is wrong."""
    policy = sdk.policy()
    result = {"id": policy.id, "name": "allow", **wrong}
    envelope = {"success": True, "errors": [], "messages": [], "result": result}
    sdk.sandbox.faults.add(kind="body", method="GET", body=envelope)

    with pytest.raises(APIResponseValidationError):
        sdk.access.policies.get(policy.id, account_id=sdk.account)


@pytest.mark.parametrize("result", ["ztctl", ["ztctl"], [{"name": 7}], {"name": "ztctl"}])
def test_wrong_lists_are_refused(sdk: Sdk, result: object) -> None:
    """The client of these tests refuses a list in which an element or all of it is wrong."""
    envelope = {"success": True, "errors": [], "messages": [], "result": result}
    sdk.sandbox.faults.add(kind="body", path="/tags$", body=envelope)

    with pytest.raises(APIResponseValidationError):
        list(sdk.access.tags.list(account_id=sdk.account))
