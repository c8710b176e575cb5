"""Policies: reusable, linked, and an application's own.

Source: Cloudflare OpenAPI description, July 2026; Terraform provider's normalisers and acceptance
tests; answers that third-party clients recorded.
"""

from __future__ import annotations

from typing import Any

import pytest

from .service import EVERYONE, UUID, Answer, Service

POLICIES = "{A}/access/policies"
APPS = "{A}/access/apps"


def policy(service: Service, **fields: Any) -> Any:
    """A new reusable policy."""
    return asked(service, **fields).result


def asked(service: Service, **fields: Any) -> Answer:
    """The answer to a new reusable policy."""
    body = {"name": service.name(), "decision": "allow", "include": EVERYONE, **fields}
    return service.post(POLICIES, body)


def app(service: Service, **fields: Any) -> Answer:
    """The answer to a new application."""
    body = {"type": "self_hosted", "name": service.name(), "domain": service.host(), **fields}
    return service.post(APPS, body)


def linked(answer: Answer) -> list[tuple[str, int]]:
    """The policies that an application shows: ids and precedences."""
    return [(one["id"], one["precedence"]) for one in answer.result["policies"] or []]


def again(service: Service, one: Any, **fields: Any) -> Answer:
    """The answer to a PUT of an application."""
    body = {"type": "self_hosted", "name": one["name"], "domain": one["domain"], **fields}
    return service.put(f"{APPS}/{one['id']}", body)


def test_created(service: Service) -> None:
    """A policy is created with 201, reusable, in no application, without precedence."""
    answer = asked(service)

    assert answer.status == 201
    assert UUID.fullmatch(answer.result["id"])
    assert (answer.result["reusable"], answer.result["app_count"]) == (True, 0)
    assert answer.result.get("precedence") is None
    assert (answer.result.get("exclude") or [], answer.result.get("require") or []) == ([], [])


def test_names_may_repeat(service: Service) -> None:
    """Two policies may have one name."""
    first = policy(service)

    assert policy(service, name=first["name"])["id"] != first["id"]


def test_put_replaces(service: Service) -> None:
    """PUT replaces the whole, with 200."""
    one = policy(service, require=[{"geo": {"country_code": "PT"}}], session_duration="8h")
    body = {"name": one["name"], "decision": "deny", "include": EVERYONE}
    answer = service.put(f"{POLICIES}/{one['id']}", body)

    assert (answer.status, answer.result["decision"]) == (200, "deny")
    assert (answer.result.get("require") or []) == []


def test_deleted(service: Service) -> None:
    """Deleting answers 202 with the id, and then the policy is not found."""
    one = policy(service)
    answer = service.delete(f"{POLICIES}/{one['id']}")

    assert (answer.status, answer.result["id"]) == (202, one["id"])
    assert service.get(f"{POLICIES}/{one['id']}").status == 404


def test_links_by_position(service: Service) -> None:
    """Ids alone are linked in their order, from precedence 1 on, and read back expanded."""
    ids = [policy(service)["id"] for _ in "ab"]
    answer = app(service, policies=ids)

    assert linked(answer) == [(ids[0], 1), (ids[1], 2)]
    assert {"name", "decision", "include", "reusable"} <= answer.result["policies"][0].keys()


def test_links_by_precedence(service: Service) -> None:
    """Policies are read by precedence, whatever order they were sent in."""
    ids = [policy(service)["id"] for _ in "ab"]
    answer = app(
        service, policies=[{"id": ids[0], "precedence": 2}, {"id": ids[1], "precedence": 1}]
    )

    assert linked(answer) == [(ids[1], 1), (ids[0], 2)]


def test_one_precedence_twice(service: Service) -> None:
    """One precedence for two policies is refused with 400/12130."""
    links = [{"id": policy(service)["id"], "precedence": 1} for _ in "ab"]

    assert app(service, policies=links).error == (400, 12130)


def test_put_without_policies_keeps_them(service: Service) -> None:
    """PUT of an application without policies keeps those it has."""
    one = app(service, policies=[policy(service)["id"]])

    assert linked(again(service, one.result)) == linked(one)


def test_put_with_no_policies_detaches_them(service: Service) -> None:
    """PUT of an application with an empty list detaches all, and they live on."""
    key = policy(service)["id"]
    one = app(service, policies=[key])

    assert linked(again(service, one.result, policies=[])) == []
    assert service.get(f"{POLICIES}/{key}").result["id"] == key


def test_applications_are_counted(service: Service) -> None:
    """A policy says how many applications link it."""
    key = policy(service)["id"]
    app(service, policies=[key])

    answer = service.eventually(
        lambda: service.get(f"{POLICIES}/{key}"), lambda one: one.result["app_count"] == 1
    )
    assert answer.result["app_count"] == 1


def test_linked_policy_stays(service: Service) -> None:
    """A policy that an application links is not deleted: 409."""
    key = policy(service)["id"]
    app(service, policies=[key])

    assert service.delete(f"{POLICIES}/{key}").status == 409


def test_policy_outlives_its_application(service: Service) -> None:
    """Deleting an application leaves a reusable policy, which can then be deleted."""
    key = policy(service)["id"]
    one = app(service, policies=[key]).result
    assert service.delete(f"{APPS}/{one['id']}").status == 202

    gone = service.eventually(
        lambda: service.delete(f"{POLICIES}/{key}"), lambda answer: answer.status != 409
    )
    assert gone.status == 202


def test_change_is_live(service: Service) -> None:
    """A changed policy is changed in the applications that link it."""
    one = policy(service)
    where = app(service, policies=[one["id"]]).result["id"]
    body = {"name": one["name"], "decision": "deny", "include": EVERYONE}
    assert service.put(f"{POLICIES}/{one['id']}", body).status == 200

    answer = service.eventually(
        lambda: service.get(f"{APPS}/{where}"),
        lambda read: read.result["policies"][0]["decision"] == "deny",
    )
    assert answer.result["policies"][0]["decision"] == "deny"


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": "perhaps"},
        {"include": [{"group": {"id": "6a1b5c9e-0000-4000-8000-000000000000"}}]},
        {"include": [{"service_token": {"token_id": "6a1b5c9e-0000-4000-8000-000000000000"}}]},
    ],
    ids=["decision", "group", "service token"],
)
def test_refused(service: Service, fields: Any) -> None:
    """An unknown decision, and rules about what does not exist, are refused with 400/12130."""
    assert asked(service, **fields).error == (400, 12130)


def test_durations(service: Service) -> None:
    """A session's duration is kept, however it is spelled back."""
    assert policy(service, session_duration="8h")["session_duration"] in ("8h", "8h0m0s", "480m")


def test_inline_policy(service: Service) -> None:
    """A whole policy within an application is the application's own: not reusable."""
    body = {"name": service.name(), "decision": "allow", "include": EVERYONE, "precedence": 3}
    (own,) = app(service, policies=[body]).result["policies"]

    assert (own["name"], own["precedence"], own["reusable"]) == (body["name"], 3, False)


def test_sorts_may_be_mixed(service: Service) -> None:
    """A reusable policy and an own one stand beside each other in one application."""
    body = {"name": service.name(), "decision": "allow", "include": EVERYONE}
    mixed = app(service, policies=[policy(service)["id"], body]).result["policies"]

    assert [one["reusable"] for one in mixed] == [True, False]


def test_own_policy(service: Service) -> None:
    """An application's own policy is created with 201, replaced with 200, deleted with 202."""
    below = f"{APPS}/{app(service).result['id']}/policies"
    body = {"name": service.name(), "decision": "allow", "include": EVERYONE, "precedence": 1}
    created = service.call("POST", below, body)
    one = f"{below}/{created.result['id']}"
    replaced = service.put(one, {**body, "decision": "deny"})
    deleted = service.delete(one)

    assert [created.status, replaced.status, deleted.status] == [201, 200, 202]
    assert replaced.result["decision"] == "deny"


def test_made_reusable(service: Service) -> None:
    """An own policy that is made reusable keeps its id, and lives among the reusable ones."""
    body = {"name": service.name(), "decision": "allow", "include": EVERYONE}
    one = app(service, policies=[body]).result
    key = one["policies"][0]["id"]
    answer = service.put(f"{APPS}/{one['id']}/policies/{key}/make_reusable")
    service.made.insert(0, f"{POLICIES}/{key}")

    assert answer.status == 200
    assert service.get(f"{POLICIES}/{key}").result["reusable"] is True
