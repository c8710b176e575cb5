"""What the service still believes for a while after a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ztctl.sandbox import open_sandbox
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import Api

BODY = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com"}


@pytest.fixture
def slow() -> Api:
    """An account that still sees a detached policy as attached for two calls."""
    return Api(Sandbox.create(settings=Settings(detached_calls=2)))


def deletions(api: Api, policy: str, times: int) -> list[int]:
    """What so many deletions of a policy answer."""
    return [api.delete(f"{{A}}/access/policies/{policy}").status for _ in range(times)]


def test_detached_policy_is_still_in_use_for_a_while(slow: Api) -> None:
    """After PUT took a policy off, its deletion answers 409 so many times, then 202."""
    policy = slow.policy()["id"]
    app = slow.app(policies=[policy])["id"]
    slow.put(f"{{A}}/access/apps/{app}", {**BODY, "policies": []})

    assert deletions(slow, policy, 3) == [409, 409, 202]


@pytest.mark.parametrize("path", ["", "/policies/{policy}"])
def test_every_way_of_detaching_counts(slow: Api, path: str) -> None:
    """Deleting the application, or the policy below it, detaches too."""
    policy = slow.policy()["id"]
    app = slow.app(policies=[policy])["id"]
    slow.delete(f"{{A}}/access/apps/{app}{path.format(policy=policy)}")

    assert deletions(slow, policy, 3) == [409, 409, 202]


def test_each_policy_is_counted_by_itself(slow: Api) -> None:
    """Two detached policies are refused as often each; one never attached not at all."""
    first, second, free = (slow.policy(name)["id"] for name in "abc")
    app = slow.app(policies=[first, second])["id"]
    slow.delete(f"{{A}}/access/apps/{app}")

    assert deletions(slow, free, 1) == [202]
    assert [deletions(slow, key, 3) for key in (first, second)] == [[409, 409, 202]] * 2


def test_other_calls_do_not_count(slow: Api) -> None:
    """Reads and refused writes between do not shorten the time, nor does an attached policy."""
    policy = slow.policy()["id"]
    app = slow.app(policies=[policy])["id"]
    assert deletions(slow, policy, 2) == [409, 409]
    slow.delete(f"{{A}}/access/apps/{app}")
    slow.get("{A}/access/policies")

    assert deletions(slow, policy, 3) == [409, 409, 202]


def test_without_the_setting_a_policy_is_free_at_once(api: Api) -> None:
    """By default a detached policy is deleted by the first call."""
    policy = api.policy()["id"]
    api.delete(f"{{A}}/access/apps/{api.app(policies=[policy])['id']}")

    assert deletions(api, policy, 1) == [202]


def test_the_count_lasts(tmp_path: Path) -> None:
    """The count is kept in the state file, so that another process goes on with it."""
    file, settings = tmp_path / "state", Settings(detached_calls=2)
    first, second = (Api(open_sandbox(file, settings=settings)) for _ in range(2))
    policy = first.policy()["id"]
    first.delete(f"{{A}}/access/apps/{first.app(policies=[policy])['id']}")

    assert [deletions(one, policy, 1) for one in (first, second, first)] == [[409], [409], [202]]


def test_new_zone_is_unknown_for_a_while() -> None:
    """Names of a zone are refused so many application writes long, counted for each zone."""
    zones = ("example.com", "example.org")
    api = Api(Sandbox.create(zones=zones, settings=Settings(new_zone_calls=2)))
    answers = [api.post("{A}/access/apps", BODY) for _ in range(3)]
    other = api.post("{A}/access/apps", {**BODY, "domain": "ssh.example.org"})

    assert [one.status for one in answers] == [400, 400, 201]
    assert "domain does not belong to zone" in answers[0].message
    assert other.error == (400, 12130)


@pytest.fixture
def spreading() -> Api:
    """An account in which what was just made is not known for two calls."""
    return Api(Sandbox.create(settings=Settings(new_policy_calls=2)))


def test_a_new_policy_is_not_found_for_a_while(spreading: Api) -> None:
    """Applications that name it are refused, with the text of a policy that never was."""
    policy = spreading.policy()["id"]

    answers = [spreading.post("{A}/access/apps", {**BODY, "policies": [policy]}) for _ in range(3)]

    assert [one.status for one in answers] == [400, 400, 201]
    assert answers[0].message.endswith(f"policy {policy} not found")


def test_a_new_policy_is_not_found_by_an_application_that_is_there(spreading: Api) -> None:
    """PUT is refused like POST."""
    app, policy = spreading.app()["id"], spreading.policy()["id"]

    path, body = f"{{A}}/access/apps/{app}", {**BODY, "policies": [policy]}

    assert [spreading.put(path, body).status for _ in range(3)] == [400, 400, 200]


def test_the_list_fails_while_an_application_holds_a_new_policy(spreading: Api) -> None:
    """The whole list, whosever application it is; without such a one it is listed at once."""
    policy = spreading.policy()["id"]
    assert spreading.get("{A}/access/apps").status == 200
    for _ in range(3):
        spreading.post("{A}/access/apps", {**BODY, "policies": [policy]})

    assert [spreading.get("{A}/access/apps").status for _ in range(3)] == [400, 400, 200]


def test_a_new_group_is_not_found_by_rules_for_a_while(spreading: Api) -> None:
    """Policies that name it are refused."""
    everyone: list[Any] = [{"everyone": {}}]
    group = spreading.post("{A}/access/groups", {"name": "g", "include": everyone}).result["id"]
    body = {"name": "p", "decision": "allow", "include": [{"group": {"id": group}}]}

    answers = [spreading.post("{A}/access/policies", body) for _ in range(3)]

    assert [one.status for one in answers] == [400, 400, 201]
    assert answers[0].message.endswith(f"access group {group} not found")


def test_delays_leave_no_trace_in_the_export(slow: Api) -> None:
    """What is counted is not part of the account."""
    before = set(slow.sandbox.export())
    slow.delete(f"{{A}}/access/apps/{slow.app(policies=[slow.policy()['id']])['id']}")

    assert set(slow.sandbox.export()) == before
