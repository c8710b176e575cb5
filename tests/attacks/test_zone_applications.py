"""An application that only a zone lists is no guard to rely on, and its openings may be real."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.attacks.scene import Scene, gained
from tests.attacks.test_unseen import ANA, WIDER, YES, base, narrow
from tests.support.account import File, edits, refused
from tests.support.files import HOST
from tests.support.people import Person
from ztctl.core.model.calls import CallFailed

OPEN = {"name": "p", "decision": "bypass", "include": [{"everyone": {}}]}
TEAM = {"name": "p", "decision": "allow", "include": [{"email": {"email": ANA}}]}
FAR = "open.example.org"
IN_FORCE = "is in force, which no list of the account holds"


def zoned(scene: Scene, domain: str, *policies: dict[str, Any]) -> str:
    """Make an application below its zone; its id."""
    zone = scene.account.one("zones", name=".".join(domain.partition("/")[0].split(".")[-2:]))["id"]
    body = {"type": "self_hosted", "name": "theirs", "domain": domain, "policies": [*policies]}
    return str(scene.account.call("POST", f"/zones/{zone}/access/apps", body)["id"])


def asked(scene: Scene) -> list[str]:
    """The calls for applications of zones since the log was forgotten."""
    paths = [entry.path for entry in scene.account.sandbox.log]
    return [path for path in paths if path.endswith("/access/apps") and "/zones/" in path]


def without(*sections: str) -> File:
    """The file without some sections."""
    return {name: value for name, value in base().items() if name not in sections}


# -- openings ----------------------------------------------------------------------------------


def test_a_bypass_that_only_a_zone_lists_may_open_what_a_plan_leads_there(scene: Scene) -> None:
    """Refused, and the plan names the application on which it depends."""
    key = zoned(scene, HOST, OPEN)

    plan = scene.account.plan(base(), **YES)

    named = f"if the application 'theirs' ({key}) of the zone example.com {IN_FORCE}"
    (who, _), *_ = gained(plan, HOST)
    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]
    assert who.startswith(f"perhaps BYPASS, nobody is asked: EVERYONE, {named}")
    assert named in plan.refusals[0].reason


def test_a_bypass_on_a_path_that_only_a_zone_lists_is_seen(scene: Scene) -> None:
    """Refused: below the path the application of the zone may decide, and nobody is asked."""
    zoned(scene, f"{HOST}/health", OPEN)

    plan = scene.account.plan(base(), **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]
    assert scene.opened(base(), HOST, "/health").outcome == "origin"


def test_a_bypass_of_a_zone_that_may_be_there_lets_no_guard_go(scene: Scene) -> None:
    """Refused: that it was perhaps open is no reason to open it for certain."""
    scene.account.apply(base())
    zoned(scene, HOST, OPEN)

    plan = scene.account.plan(without("applications", "policies"), **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]


def test_a_guard_that_stood_where_a_zone_opens_is_not_let_go(scene: Scene) -> None:
    """Refused: which of two in one place decided is not known, and now it is the open one."""
    file = base(applications={HOST: {"policies": ["eng"]}, "*.example.com": {"policies": ["eng"]}})
    scene.account.apply(file)
    zoned(scene, HOST, OPEN)
    without_it = {**file, "applications": {"*.example.com": {"policies": ["eng"]}}}

    plan = scene.account.plan(without_it, **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]
    assert scene.opened(without_it, HOST, **YES).outcome == "origin"


def test_an_open_star_is_no_leave_where_a_zone_may_guard(scene: Scene) -> None:
    """Refused: that the host would be open without the application of the zone excuses nothing."""
    public = {"decision": "bypass", "include": [{"everyone": True}]}
    file = base(policies={"all": public}, applications={"*.example.com": {"policies": ["all"]}})
    zoned(scene, HOST, TEAM)
    scene.account.apply(file, exposure=["all"])
    more = {**file["applications"], HOST: {"policies": ["all"]}}

    plan = scene.account.plan({**file, "applications": more}, **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]


def test_what_was_perhaps_open_may_stay_so(scene: Scene) -> None:
    """Not refused, and told as open already: the run makes it no worse."""
    scene.account.apply(base())
    zoned(scene, HOST, OPEN)
    rule = {"hostname": "new.example.com", "service": "ssh://10.0.0.7:22", "access": False}
    file = base(
        tunnels={"t": {"ingress": [*base()["tunnels"]["t"]["ingress"], rule]}},
        applications={HOST: {"policies": ["eng"]}, "new.example.com": {"policies": ["eng"]}},
        dns={HOST: {"tunnel": "t"}, "new.example.com": {"tunnel": "t"}},
    )

    plan = scene.account.plan(file, **YES)

    assert (refused(plan), [it.host for it in plan.exposed]) == ([], [HOST])
    assert IN_FORCE in plan.exposed[0].reason


@pytest.mark.parametrize("what", WIDER)
def test_a_wider_policy_opens_what_a_zone_guards_with_it(scene: Scene, what: str) -> None:
    """Refused: an application that only another zone lists uses the policy, or a group in it."""
    scene.account.apply(narrow(what))
    policy = scene.account.one("policies", name="eng.ztctl-prod")
    used = {"id": policy["id"]} if what == "policy" else {**OPEN, "include": policy["include"]}
    zoned(scene, FAR, used)
    scene.record(FAR, "192.0.2.9", type="A")

    plan = scene.account.plan({**narrow(what), **WIDER[what]}, **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {FAR}"]
    assert scene.opened({**narrow(what), **WIDER[what]}, FAR).outcome == "elsewhere"


@pytest.mark.parametrize("rules", ["exclude", "require"])
def test_a_group_that_a_zone_excludes_or_requires_is_not_overlooked(
    scene: Scene, rules: str
) -> None:
    """Refused: whom a group let in or kept out was everybody, and no longer is, or the reverse."""
    everybody, somebody = [{"everyone": True}], [{"ip": "192.0.2.0/24"}]
    before, after = (everybody, somebody) if rules == "exclude" else (somebody, everybody)
    scene.account.apply({"groups": {"g": {"include": before}}})
    group = {"group": {"id": scene.account.one("groups")["id"]}}
    zoned(scene, FAR, {**OPEN, rules: [group]})
    scene.record(FAR, "192.0.2.9", type="A")

    plan = scene.account.plan({"groups": {"g": {"include": after}}}, **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {FAR}"]


SOMEBODY = [{"ip": {"ip": "192.0.2.0/24"}}]
GROUPED: dict[str, Any] = {
    "include": (SOMEBODY, lambda group: [{**OPEN, "include": [group]}]),
    "require": (SOMEBODY, lambda group: [{**OPEN, "require": [group]}]),
    "exclude": (OPEN["include"], lambda group: [{**OPEN, "exclude": [group]}]),
    "deny": (
        OPEN["include"],
        lambda group: [
            {"name": "d", "decision": "deny", "include": [group], "precedence": 1},
            {**OPEN, "decision": "allow", "precedence": 2},
        ],
    ),
}


@pytest.mark.parametrize("use", GROUPED)
def test_a_group_of_the_zone_never_counts_as_closed(scene: Scene, use: str) -> None:
    """Refused: groups of a zone are not read, so that whoever is in one may be let in."""
    members, policies = GROUPED[use]
    zone = scene.account.one("zones", name="example.com")["id"]
    body = {"name": "theirs", "include": members}
    group = scene.account.call("POST", f"/zones/{zone}/access/groups", body)["id"]
    zoned(scene, HOST, *policies({"group": {"id": group}}))

    plan = scene.account.plan(base(), **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]


# -- guards ------------------------------------------------------------------------------------


def test_a_guard_that_only_a_zone_lists_is_not_relied_on(scene: Scene) -> None:
    """Refused: what a plan leads to the host may be open, and the plan says unless what."""
    key = zoned(scene, HOST, TEAM)

    plan = scene.account.plan(without("applications"), **YES)

    named = f"unless the application 'theirs' ({key}) of the zone example.com {IN_FORCE}"
    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {HOST}"]
    assert named in plan.refusals[0].reason


def test_a_guard_that_only_a_zone_lists_is_not_opened_by_the_way(scene: Scene) -> None:
    """Refused: that nothing is known to stand there is no leave for a Bypass."""
    zoned(scene, HOST, TEAM)
    scene.account.apply(without("applications"), exposure=[HOST])
    file = base(policies={"eng": {"decision": "bypass", "include": [{"everyone": True}]}})

    assert [flag for _, flag in refused(scene.account.plan(file, **YES))] == [
        f"--allow-exposure {HOST}"
    ]


def test_behind_a_guard_of_the_account_one_of_a_zone_changes_nothing(scene: Scene) -> None:
    """Applied without a flag, and the next plan is empty."""
    zoned(scene, HOST, TEAM)

    outcome = scene.account.apply(base())

    assert (outcome.is_complete, edits(scene.account.plan(base()))) == (True, [])


# -- what is read ------------------------------------------------------------------------------


def test_an_application_that_both_lists_hold_counts_once(scene: Scene) -> None:
    """Taken for what it is: a guard of the account, of which nothing is unknown."""
    sandbox = scene.account.sandbox
    sandbox.settings = replace(sandbox.settings, zone_access_listed=True)
    zoned(scene, HOST, TEAM)

    plan = scene.account.plan(without("applications"), **YES)

    assert refused(plan) == []
    assert [who for who, _ in gained(plan, HOST)] == [ANA]


@pytest.mark.parametrize("status", [403, 404])
def test_a_list_of_a_zone_that_may_not_be_read_is_a_warning(scene: Scene, status: int) -> None:
    """The plan names the zone and goes on: most tokens may not read it."""
    scene.account.sandbox.faults.add(
        kind="status", status=status, path="/zones/.*/access/", times=None
    )

    plan = scene.account.plan(base())

    (warning,) = [it for it in plan.warnings if "applications of its own" in it.summary]
    assert "the zone example.com" in warning.summary
    assert refused(plan) == []


def test_only_zones_in_which_a_way_changes_are_asked(scene: Scene) -> None:
    """One call for the zone of the host, and none for another."""
    zoned(scene, FAR, OPEN)
    scene.account.forget_log()

    scene.account.plan(base())

    assert len(asked(scene)) == 1


@pytest.mark.parametrize("what", ["nothing", "a session", "a person", "a setting"])
def test_a_plan_that_opens_and_closes_nothing_asks_no_zone(scene: Scene, what: str) -> None:
    """It makes the calls that it always made."""
    scene.account.apply(base())
    scene.account.forget_log()
    file = base()
    match what:
        case "a session":
            file["policies"]["eng"]["session_duration"] = "8h"
        case "a person":
            file["policies"]["eng"]["include"].append({"email": "bob@example.com"})
        case "a setting":
            (rule,) = file["tunnels"]["t"]["ingress"]
            rule["origin_request"] = {"connect_timeout": "5s"}

    scene.account.plan(file)

    assert asked(scene) == []


def test_an_apply_asks_the_zones_of_the_stack_once_a_reading(scene: Scene) -> None:
    """It asks ahead, and again under the lock; what it knows it does not ask twice."""
    assert Person(scene.account, "alice", base()).applies() == "complete"

    assert len(asked(scene)) == 2


@pytest.mark.parametrize("status", [403, 500])
def test_an_apply_with_nothing_to_do_needs_no_list_of_a_zone(scene: Scene, status: int) -> None:
    """It has asked ahead, and what it asked in vain troubles nobody."""
    scene.account.apply(base())
    scene.account.sandbox.faults.add(
        kind="status", status=status, path="/zones/.*/access/", times=None
    )

    assert Person(scene.account, "alice", base()).applies() == "DONE"


def test_a_list_of_a_zone_that_fails_ends_an_apply_that_needs_it(scene: Scene) -> None:
    """That it was asked ahead does not make a failure less of one."""
    scene.account.sandbox.faults.add(
        kind="status", status=500, path="/zones/.*/access/", times=None
    )

    with pytest.raises(CallFailed):
        Person(scene.account, "alice", base()).applies()

    assert scene.account.writes() == []


def test_a_destroy_asks_the_zone_that_it_uncovers(scene: Scene) -> None:
    """What loses its guard is looked at, too."""
    scene.account.apply(base())
    scene.account.forget_log()

    scene.account.plan(without("applications"), **YES)

    assert len(asked(scene)) == 1


def test_a_policy_that_becomes_open_asks_every_zone(scene: Scene) -> None:
    """An application of any zone may use it, so that one call a zone tells."""
    scene.account.apply(base())
    scene.account.forget_log()
    file = base(policies={"eng": {"decision": "bypass", "include": [{"everyone": True}]}})

    scene.account.plan(file)

    assert len(asked(scene)) == 2


def test_policies_of_an_old_shape_are_read_as_they_stand(scene: Scene) -> None:
    """A policy of an application that does not say whether it is reusable is its own."""
    key = zoned(scene, HOST, TEAM)
    zone = scene.account.one("zones", name="example.com")["id"]
    app = scene.account.call("GET", f"/zones/{zone}/access/apps/{key}")
    for policy in app["policies"]:
        policy.pop("reusable")
    scene.account.sandbox.faults.add(
        kind="body", method="GET", path="/zones/.*/access/apps$", times=None, status=200,
        body={"success": True, "errors": [], "messages": [], "result": [app]},
    )  # fmt: skip

    plan = scene.account.plan(base())

    assert refused(plan) == []
    assert {who.partition(",")[0] for who, _ in gained(plan, HOST)} == {f"perhaps {ANA}"}


def test_an_application_of_a_zone_that_makes_no_sense_ends_the_plan(scene: Scene) -> None:
    """Nothing is planned on the word of a broken answer: it may hold a Bypass."""
    broken = {"id": "x", "type": "self_hosted", "domain": HOST, "policies": "none"}
    scene.account.sandbox.faults.add(
        kind="body", method="GET", path="/zones/.*/access/apps$", times=None, status=200,
        body={"success": True, "errors": [], "messages": [], "result": [broken]},
    )  # fmt: skip

    with pytest.raises(CallFailed, match="that a zone lists cannot be read"):
        scene.account.plan(base())
