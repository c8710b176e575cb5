"""Attacks on I2: who may enter which origin during a run could before it, or may after it.

What is wider after a run than before is somebody's wish and no reason to refuse it; then the plan
must say who gains what, for every host of the account that it touches.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.attacks.scene import Scene, gained, lost
from tests.support.account import refused
from tests.support.files import HOST, host, short, whole

File = dict[str, Any]
PROD = "prod.example.com"
PEOPLE = "group people"


def leading_to(service: str, **rule: Any) -> File:
    """The whole file, its host leading to another service."""
    file = whole()
    file["tunnels"]["pool"]["ingress"][0] |= {"service": service, **rule}
    return file


# -- paths of rules -------------------------------------------------------------------------


def by_paths(*rules: tuple[str, str], guarded: bool) -> File:
    """Rules of the host, each with its path and its service, behind an application or not."""
    file = leading_to("ssh://dev:22")
    file["tunnels"]["pool"]["ingress"] = [
        {"hostname": HOST, "service": service, "access": False, **({"path": path} if path else {})}
        for path, service in rules
    ]
    if not guarded:
        del file["applications"], file["ca_keys"]
    return file


DEV, SPARE = "ssh://dev:22", "ssh://spare:22"
LESS_AND_MORE = {
    "the path goes": ([("^/health", DEV)], [("", DEV)]),
    "another path": ([("^/health", DEV)], [("^/", DEV)]),
    "one more path": ([("^/health", DEV)], [("^/health", DEV), ("^/admin", DEV)]),
    "what an earlier rule kept away": ([("^/admin", SPARE), ("", DEV)], [("", DEV)]),
    "what an earlier rule refused": ([("^/admin", "http_status:403"), ("", DEV)], [("", DEV)]),
    "the order": ([("^/a", SPARE), ("^/", DEV)], [("^/", DEV), ("^/a", SPARE)]),
}


@pytest.mark.parametrize("edit", LESS_AND_MORE)
def test_a_rule_that_serves_more_paths(scene: Scene, edit: str) -> None:
    """Refused where nobody is asked, though some path was open; behind Access a gain is told."""
    before, after = LESS_AND_MORE[edit]
    scene.account.apply(by_paths(*before, guarded=False), exposure=[HOST])
    scene.refused_as_open(by_paths(*after, guarded=False), HOST)
    scene.account.apply(by_paths(*before, guarded=True))

    plan = scene.account.plan(by_paths(*after, guarded=True))

    assert refused(plan) == []
    assert {who for who, _ in gained(plan, HOST)} == {PEOPLE}


@pytest.mark.parametrize("edit", ["the path goes", "one more path", "what an earlier rule refused"])
def test_a_rule_that_serves_fewer_paths(scene: Scene, edit: str) -> None:
    """Not refused: the other way round nobody gets to more of that service."""
    after, before = LESS_AND_MORE[edit]
    scene.account.apply(by_paths(*before, guarded=False), exposure=[HOST])

    plan = scene.account.plan(by_paths(*after, guarded=False))

    assert (refused(plan), gained(plan, HOST)) == ([], [])


# -- services -------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["ssh://prod:22", "bastion"])
def test_a_service_pointed_elsewhere(scene: Scene, service: str) -> None:
    """Not refused, and told: the same people reach another machine, or with a bastion every one."""
    scene.account.apply(leading_to("ssh://dev:22"))

    plan = scene.account.plan(leading_to(service))

    assert refused(plan) == []
    assert (gained(plan, HOST), lost(plan, HOST)) == (
        [(f"{PEOPLE}: moved from ssh://dev:22", service)],
        [(f"{PEOPLE}: moved from ssh://dev:22", "ssh://dev:22")],
    )


@pytest.mark.parametrize("place", ["rule", "tunnel"])
def test_a_bastion_in_disguise(scene: Scene, place: str) -> None:
    """Told: with bastion mode a service dials whatever address the client asks for."""
    scene.account.apply(leading_to("ssh://dev:22"))
    settings = {"origin_request": {"bastion_mode": True}}
    # Bastion mode alone is never compared: something else must be written with it.
    file = leading_to("ssh://dev:22", path="^/x")
    if place == "rule":
        file["tunnels"]["pool"]["ingress"][0] |= settings
    else:
        file["tunnels"]["pool"] |= settings

    plan = scene.account.plan(file)

    assert gained(plan, HOST) == [(PEOPLE, "bastion by paths like ^/x")]


def handed_over(*, keep: bool = False) -> File:
    """Another machine for other people, in one go."""
    file = leading_to("ssh://prod:22")
    file["policies"]["root"] = {"decision": "allow", "include": [{"email": "root@example.com"}]}
    file["applications"][HOST]["policies"] = ["team", "root"] if keep else ["root"]
    return file


def test_another_machine_for_other_people(scene: Scene) -> None:
    """Refused: whichever is written first, somebody reaches a machine that was never theirs.

    With a yes to an interruption nobody may enter while the service changes, and the observer,
    who goes there after each write, finds nobody in the wrong place.
    """
    scene.account.apply(leading_to("ssh://dev:22"))

    address = f"access_application.{HOST}"
    assert refused(scene.account.plan(handed_over())) == [
        ("tunnel.pool", f"--allow-interruption {address}")
    ]

    assert scene.account.apply(handed_over(), interruption=[address]).is_complete
    assert scene.account.plan(handed_over()).is_empty


def test_another_machine_for_more_people(scene: Scene) -> None:
    """Not refused: the service first, the people then, and nobody is in the wrong place."""
    scene.account.apply(leading_to("ssh://dev:22"))

    assert scene.account.apply(handed_over(keep=True)).is_complete


# -- policies and groups --------------------------------------------------------------------


def two_hosts(*policies: str) -> File:
    """A host for everybody of the team, and one with its own policies."""
    file = host()
    file["hosts"][PROD] = short(policies=list(policies))
    file["policies"]["root"] = {"decision": "allow", "include": [{"email": "root@example.com"}]}
    return file


def test_one_shared_policy_attached_to_one_host_more(scene: Scene) -> None:
    """Not refused, and told for that host alone: the policy itself is unchanged."""
    scene.account.apply(two_hosts("root"))

    plan = scene.account.plan(two_hosts("root", "team"))

    assert refused(plan) == []
    assert [change.host for change in plan.access] == [PROD]
    assert gained(plan, PROD) == [("ann@example.com", "ssh://localhost:22")]


def test_a_shared_group_edited(scene: Scene) -> None:
    """Not refused, and told for every host that leans on it, also where others made it by hand."""
    scene.account.apply(whole())
    ours = {"group": {"id": scene.account.one("groups")["id"]}}
    scene.application("wiki.example.com", {"name": "wiki", "decision": "allow", "include": [ours]})
    tunnel = scene.tunnel("Wiki", {"hostname": "wiki.example.com", "service": "http://wiki"})
    scene.record("wiki.example.com", f"{tunnel}.cfargotunnel.com")
    file = whole()
    file["groups"]["people"]["include"] = [{"email": ["ann@example.com", "eve@example.com"]}]

    plan = scene.account.plan(file)

    assert refused(plan) == []
    for name in (HOST, "wiki.example.com"):
        assert [who for who, _ in gained(plan, name)] == ["group people: eve@example.com"]
        assert lost(plan, name) == []


def moved(name: str, *policies: str) -> File:
    """One application whose domain and policies change together."""
    file = whole()
    file["policies"]["wide"] = {"decision": "allow", "include": [{"email_domain": "example.com"}]}
    file["applications"] = {"shell": {"domain": name, "policies": list(policies)}}
    rule = {"hostname": name, "service": "ssh://localhost:22", "access": False}
    file["tunnels"]["pool"]["ingress"] = [rule]
    file["dns"] = {name: {"tunnel": "pool"}}
    file["ca_keys"] = {"shell": {}}
    return file


@pytest.mark.parametrize("after", [["wide"], ["team", "wide"]])
def test_widened_before_it_is_moved(scene: Scene, after: list[str]) -> None:
    """Not refused: the old name is closed before the wider policies stand at the application.

    The application covers both names for a while; under the old one only the team may enter, which
    the observer finds to be so after every write.
    """
    scene.account.apply(moved(HOST, "team"))
    file = moved("login.example.com", *after)

    assert scene.account.apply(file).is_complete
    assert scene.account.plan(file).is_empty


# -- machines and identity providers --------------------------------------------------------


def machines(include: File) -> File:
    """The whole file, and a policy for machines."""
    file = whole()
    file["policies"]["machines"] = {"decision": "non_identity", "include": [include]}
    file["applications"][HOST]["policies"] = ["team", "machines"]
    return file


def test_any_service_token_and_a_new_token(scene: Scene) -> None:
    """Not refused, and told for what it is: every token of the account, the next one too."""
    for name in ("ci", "deploy"):
        scene.account.call("POST", "{A}/access/service_tokens", {"name": name})
    scene.account.apply(machines({"service_token": "ci"}))
    file = machines({"any_valid_service_token": True})

    plan = scene.account.plan(file)

    assert refused(plan) == []
    assert gained(plan, HOST) == [("without a login: any service token", "ssh://localhost:22")]
    scene.account.carry_out(plan)
    scene.account.call("POST", "{A}/access/service_tokens", {"name": "new"})
    assert scene.account.plan(file).is_empty


@pytest.mark.parametrize("providers", [["Okta", "onetimepin"], []])
def test_an_identity_provider_more(scene: Scene, providers: list[str]) -> None:
    """Not refused, and told: the same group, vouched for by somebody else."""
    file = whole()
    file["applications"][HOST]["allowed_idps"] = ["Okta"]
    scene.account.apply(file)
    after = copy.deepcopy(file)
    after["applications"][HOST]["allowed_idps"] = providers

    plan = scene.account.plan(after)

    assert refused(plan) == []
    ((who, origin),) = gained(plan, HOST)
    assert who.startswith(PEOPLE)
    assert "identity provider" in who
    assert (origin, lost(plan, HOST)) == ("ssh://localhost:22", [])


def test_a_longer_session(scene: Scene) -> None:
    """Not refused, and told: who stays longer than before gains."""
    scene.account.apply(whole())
    file = whole()
    file["policies"]["team"]["session_duration"] = "720h"

    plan = scene.account.plan(file)

    assert refused(plan) == []
    assert [who.partition(":")[0] for who, _ in gained(plan, HOST)] == [PEOPLE]
