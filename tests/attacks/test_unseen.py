"""What was not read, or leads to no tunnel, never counts as closed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.attacks.scene import Scene, gained, lost
from tests.support.account import File, edits, refused
from tests.support.files import HOST
from tests.support.people import OUTDATED, Person

ANA = "ana@example.com"
SERVICE = "ssh://10.0.0.9:22"
EVERYONE = [{"everyone": True}]
NOBODY_ASKED = ("EVERYONE, no application stands in front", "whatever stands behind it")
# In the second zone of the account, of which no file names anything.
FAR = "open.example.org"
YES: dict[str, Any] = {"deletions": True, "ca_deletion": ["all"], "interruption": ["all"]}


def base(**sections: Any) -> dict[str, Any]:
    """One host behind Access, which the connector does not check a second time."""
    rule = {"hostname": HOST, "service": SERVICE, "access": False}
    return {
        "policies": {"eng": {"decision": "allow", "include": [{"email": ANA}]}},
        "applications": {HOST: {"policies": ["eng"]}},
        "tunnels": {"t": {"ingress": [rule]}},
        "dns": {HOST: {"tunnel": "t"}},
        **sections,
    }


def with_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The same, with another rule in the tunnel that asks for nothing."""
    file = base()
    more = {"service": "ssh://10.0.0.7:22", "access": False, **rule}
    return {**file, "tunnels": {"t": {"ingress": [*file["tunnels"]["t"]["ingress"], more]}}}


def target(scene: Scene) -> str:
    """What a record of others contains that leads to the tunnel of the stack."""
    return f"{scene.account.one('tunnels', name='t.ztctl-prod')['id']}.cfargotunnel.com"


def exposed(scene: Scene, file: File) -> list[tuple[str, str]]:
    """What the plan refuses, and the flag that would let it through."""
    return refused(scene.account.plan(file, **YES))


# -- zones of which the file names nothing -----------------------------------------------------


@pytest.mark.parametrize("rule", [{}, {"hostname": "*.example.org"}])
def test_e1_a_record_in_another_zone_meets_a_new_rule_for_many_names(
    scene: Scene, rule: dict[str, Any]
) -> None:
    """Refused: a hand-made record leads the name to the tunnel, which now serves it."""
    scene.account.apply(base())
    scene.record(FAR, target(scene))

    assert exposed(scene, with_rule(rule)) == [("tunnel.t", f"--allow-exposure {FAR}")]


def test_e2_an_alias_into_another_zone_is_followed(scene: Scene) -> None:
    """Refused: old.example.com leads to the tunnel by way of a zone that the file does not name."""
    scene.account.apply(base())
    scene.record("hop.example.org", target(scene))
    scene.record("old.example.com", "hop.example.org")

    found = exposed(scene, with_rule({"hostname": "old.example.com"}))

    assert found == [("tunnel.t", "--allow-exposure old.example.com")]


OFFICE: File = {"ip": "192.0.2.0/24"}
WIDER: dict[str, File] = {
    "policy": {"policies": {"eng": {"decision": "bypass", "include": EVERYONE}}},
    "group": {
        "groups": {"all": {"include": EVERYONE}},
        "policies": {"eng": {"decision": "bypass", "include": [{"group": "all"}]}},
    },
}


def narrow(what: str) -> File:
    """Only a policy of the stack, which an application of others is going to use."""
    team: File = {"policies": {"eng": {"decision": "bypass", "include": [OFFICE]}}}
    grouped: File = {
        "groups": {"all": {"include": [OFFICE]}},
        "policies": {"eng": {"decision": "bypass", "include": [{"group": "all"}]}},
    }
    return grouped if what == "group" else team


@pytest.mark.parametrize("what", WIDER)
@pytest.mark.parametrize("leads", ["tunnel", "address"])
def test_e3_a_wider_policy_opens_what_others_guard_with_it(
    scene: Scene, what: str, leads: str
) -> None:
    """Refused: an application of others in another zone uses the policy, or a group in it."""
    scene.account.apply(narrow(what))
    policy = scene.account.one("policies", name="eng.ztctl-prod")["id"]
    scene.account.call(
        "POST",
        "{A}/access/apps",
        {"type": "self_hosted", "name": "far", "domain": FAR, "policies": [policy]},
    )
    if leads == "tunnel":
        foreign = scene.tunnel("theirs", {"hostname": FAR, "service": SERVICE})
        scene.record(FAR, f"{foreign}.cfargotunnel.com")
    else:
        scene.record(FAR, "192.0.2.10", type="A")

    found = exposed(scene, WIDER[what])

    assert [flag for _, flag in found] == [f"--allow-exposure {FAR}"]


# -- names that lead to no tunnel --------------------------------------------------------------

ELSEWHERE = "lb.example.com"


def guarding(*names: str) -> dict[str, Any]:
    """Applications before names that lead to no tunnel."""
    file = base()
    return {**file, "applications": {name: {"policies": ["eng"]} for name in (HOST, *names)}}


@pytest.mark.parametrize("name", [ELSEWHERE, "*.example.com"])
@pytest.mark.parametrize("content", [("A", "192.0.2.10"), ("CNAME", "lb.invalid")])
def test_e5_an_application_before_what_is_no_tunnel_is_not_taken_away(
    scene: Scene, name: str, content: tuple[str, str]
) -> None:
    """Refused, and told as what it is: everybody passes when the application is gone."""
    scene.account.apply(guarding(name))
    scene.record(ELSEWHERE, content[1], type=content[0])

    plan = scene.account.plan(base(), **YES)

    assert refused(plan) == [(f"access_application.{name}", f"--allow-exposure {ELSEWHERE}")]
    assert gained(plan, ELSEWHERE) == [NOBODY_ASKED]


def test_e5_an_application_of_others_is_not_removed_before_what_is_no_tunnel(scene: Scene) -> None:
    """Refused: `removed:` by name uncovers as any other deletion does."""
    scene.account.apply(base())
    scene.application(ELSEWHERE, {"name": "p", "decision": "allow", "include": [{"everyone": {}}]})
    scene.record(ELSEWHERE, "192.0.2.10", type="A")

    removed = [{"address": "access_application.theirs", "name": ELSEWHERE}]
    found = exposed(scene, base(removed=removed))

    assert found == [("access_application.theirs", f"--allow-exposure {ELSEWHERE}")]


def test_e5_an_application_without_a_policy_holds_everybody_off(scene: Scene) -> None:
    """Refused, though nobody could enter before: now everybody can."""
    file = guarding(ELSEWHERE)
    file["applications"][ELSEWHERE] = {"policies": []}
    scene.account.apply(file)
    scene.record(ELSEWHERE, "192.0.2.10", type="A")

    assert exposed(scene, base()) == [
        (f"access_application.{ELSEWHERE}", f"--allow-exposure {ELSEWHERE}")
    ]


def test_a_new_application_before_what_is_no_tunnel_shuts_everybody_out_but_its_people(
    scene: Scene,
) -> None:
    """The opposite of taking it away, told as the opposite."""
    scene.account.apply(base())
    scene.record(ELSEWHERE, "192.0.2.10", type="A")

    plan = scene.account.plan(guarding(ELSEWHERE))

    assert (refused(plan), lost(plan, ELSEWHERE)) == ([], [NOBODY_ASKED])


def test_a_record_that_was_agreed_to_stay_open_says_so(scene: Scene) -> None:
    """With the flag it is done, and everybody passes."""
    scene.account.apply(guarding(ELSEWHERE))
    scene.record(ELSEWHERE, "192.0.2.10", type="A")

    assert scene.opened(base(), ELSEWHERE, **YES).outcome == "elsewhere"


# -- any other name of a wildcard --------------------------------------------------------------


def test_e8_no_label_that_stands_for_any_name_can_be_taken(scene: Scene) -> None:
    """Refused: records of others on likely labels do not hide that every other name is open."""
    scene.account.apply(base())
    for label in ("ztctl-probe", "ztctl-probe.ztctl-probe", "probe", "*a", "b*"):
        if "*" not in label:
            scene.record(f"{label}.example.com", "192.0.2.1", type="A", proxied=False)
    rule = {"hostname": "*.example.com", "service": SERVICE, "access": False}
    file = base(
        tunnels={"t": {"ingress": [*base()["tunnels"]["t"]["ingress"], rule]}},
        dns={HOST: {"tunnel": "t"}, "*.example.com": {"tunnel": "t"}},
    )

    flags = {flag for _, flag in exposed(scene, file)}

    assert "--allow-exposure '*.example.com' --allow-exposure '*.*.example.com'" in flags


def test_no_invented_name_is_shown(scene: Scene) -> None:
    """A plan speaks of any other name of the wildcard."""
    file = base(dns={HOST: {"tunnel": "t"}, "*.example.com": {"tunnel": "t"}})
    rule = {"hostname": "*.example.com", "service": SERVICE, "access": False}
    file["tunnels"] = {"t": {"ingress": [*file["tunnels"]["t"]["ingress"], rule]}}
    file["applications"]["*.example.com"] = {"policies": ["eng"]}

    hosts = [change.host for change in scene.account.plan(file).access]

    assert sorted(hosts) == ["*.*.example.com", "*.example.com", HOST]


# -- names to which no record leads ------------------------------------------------------------


def test_f1_a_moved_domain_without_a_record_concerns_nobody(scene: Scene) -> None:
    """Neither refused nor told: nobody gets to a name for which no record answers."""
    people = {
        "eng": {"decision": "allow", "include": [{"email": ANA}]},
        "ops": {"decision": "allow", "include": [{"email": "bob@example.com"}]},
    }
    old = {"web": {"domain": "old.example.com", "policies": ["eng"]}}
    new = {"web": {"domain": "new.example.com", "policies": ["eng", "ops"]}}
    scene.account.apply({"policies": people, "applications": old})

    plan = scene.account.plan({"policies": people, "applications": new})

    assert (refused(plan), plan.access) == ([], ())


def renamed(name: str, *policies: str) -> File:
    """A host of the short form under another name, with these policies."""
    people = {
        who: {"decision": "allow", "include": [{"email": f"{who}@example.com"}]}
        for who in ("eng", "ops")
    }
    host = {"tunnel": "t", "service": SERVICE, "policies": [*policies], "ca_key": False}
    return {"policies": people, "tunnels": {"t": {}}, "hosts": {f"{name}.example.com": host}}


@pytest.mark.parametrize("nth", range(1, 5))
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("kind", ["status", "reset_after"])
def test_f2_a_rename_that_was_cut_off_is_finished_by_the_same_command(
    scene: Scene, kind: Any, method: str, nth: int
) -> None:
    """However one write of it fails, the next apply of the same file does the rest."""
    account, yes = scene.account, {**YES, "interruption": ["all"]}
    moved = [{"from": "access_application.h.example.com", "to": "access_application.k.example.com"}]
    after = {**renamed("k", "eng", "ops"), "moved": moved}
    account.apply(renamed("h", "eng"))
    account.sandbox.faults.add(kind=kind, method=method, nth=nth, times=1)
    account.carry_out(account.plan(after, **yes))
    account.sandbox.faults.clear()

    outcome = account.apply(after, **yes)

    assert (outcome.is_complete, edits(account.plan(after))) == (True, [])


# -- what cannot be read -----------------------------------------------------------------------


def test_a_tunnel_that_was_deleted_leads_nobody_in(scene: Scene) -> None:
    """It is asked for once, and a record to it holds nothing up."""
    scene.account.apply(guarding(ELSEWHERE))
    gone = scene.tunnel("gone", {"hostname": ELSEWHERE, "service": SERVICE})
    scene.account.call("DELETE", f"{{A}}/cfd_tunnel/{gone}")
    scene.record(ELSEWHERE, f"{gone}.cfargotunnel.com")

    assert exposed(scene, base()) == []


def test_a_tunnel_that_the_account_does_not_know_may_serve_anything(scene: Scene) -> None:
    """Refused: what is not known is open."""
    scene.account.apply(guarding(ELSEWHERE))
    scene.record(ELSEWHERE, "00000000-0000-4000-8000-000000000000.cfargotunnel.com")

    assert exposed(scene, base()) == [
        (f"access_application.{ELSEWHERE}", f"--allow-exposure {ELSEWHERE}")
    ]


def test_a_zone_that_may_not_be_read_is_named_and_counts_as_open(scene: Scene) -> None:
    """Refused, with a warning: the plan could open a name there, and nobody knows whether it is."""
    scene.account.apply(narrow("policy"))
    policy = scene.account.one("policies", name="eng.ztctl-prod")["id"]
    scene.account.call(
        "POST",
        "{A}/access/apps",
        {"type": "self_hosted", "name": "far", "domain": FAR, "policies": [policy]},
    )
    zone = scene.account.one("zones", name="example.org")["id"]
    scene.account.sandbox.faults.add(kind="status", status=403, path=f"/zones/{zone}/", times=None)

    plan = scene.account.plan(WIDER["policy"], **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure {FAR}"]
    assert "the records of the zone example.org could not be read" in plan.warnings[0].summary


def linked_elsewhere(scene: Scene, file: File) -> str:
    """An application of others whose policy no list of this account shows any more; its id."""
    scene.account.apply(file)
    scene.record(ELSEWHERE, target(scene))
    body = {"name": "theirs", "decision": "allow", "include": [{"email": {"email": ANA}}]}
    key = str(scene.account.call("POST", "{A}/access/policies", body)["id"])
    links = {"type": "self_hosted", "name": "theirs", "domain": ELSEWHERE, "policies": [key]}
    scene.account.call("POST", "{A}/access/apps", links)
    scene.account.sandbox.faults.add(
        kind="body", method="GET", path=r"/access/policies$", times=None, status=200,
        body=json.dumps({"success": True, "errors": [], "messages": [], "result": [
            scene.account.one("policies", name="eng.ztctl-prod")
        ]}),
    )  # fmt: skip
    return key


def test_a_policy_of_others_that_was_not_read_may_let_anybody_in(scene: Scene) -> None:
    """Refused: nobody knows whom the application of others lets in to what is newly served."""
    key = linked_elsewhere(scene, base())

    plan = scene.account.plan(with_rule({"hostname": ELSEWHERE}))

    (refusal,) = plan.refusals
    assert refusal.flag == f"--allow-exposure {ELSEWHERE}"
    assert refusal.reason.startswith(f"{ELSEWHERE} would be open after tunnel.t")
    assert f"whomever the policy {key} lets in, which was not read" in refusal.reason
    assert [who for who, _ in gained(plan, ELSEWHERE)] == [
        f"perhaps EVERYONE: whomever the policy {key} lets in, which was not read"
    ]


def test_a_policy_that_was_not_read_and_stays_changes_nothing(scene: Scene) -> None:
    """Not refused: whoever it lets in came in before, and to the same."""
    linked_elsewhere(scene, with_rule({"hostname": ELSEWHERE}))
    after = with_rule({"hostname": ELSEWHERE})
    after["policies"]["eng"]["session_duration"] = "8h"

    plan = scene.account.plan(after)

    assert (refused(plan), [change.host for change in plan.access]) == ([], [HOST])


def test_a_plan_that_opens_nothing_reads_no_other_zone(scene: Scene) -> None:
    """A change of one host makes the calls that it always made."""
    scene.account.apply(base())
    scene.account.forget_log()
    file = base()
    file["policies"]["eng"]["session_duration"] = "8h"

    scene.account.plan(file)

    asked = {entry.path for entry in scene.account.sandbox.log}
    assert len([path for path in asked if "/zones/" in path]) == 1


def test_a_tunnel_of_others_with_a_configuration_that_nobody_can_read_is_open(
    scene: Scene,
) -> None:
    """Refused: what a malformed configuration of another tunnel serves is not known."""
    scene.account.apply(guarding(ELSEWHERE))
    theirs = scene.tunnel("theirs")
    scene.record(ELSEWHERE, f"{theirs}.cfargotunnel.com")
    scene.account.sandbox.faults.add(
        kind="body", method="GET", path=f"{theirs}/configurations$", times=None, status=200,
        body='{"success": true, "errors": [], "result": {"config": {"ingress": 5}}}',
    )  # fmt: skip

    found = exposed(scene, base())

    assert found == [(f"access_application.{ELSEWHERE}", f"--allow-exposure {ELSEWHERE}")]


def test_a_tunnel_of_others_that_serves_the_name_meanwhile_makes_another_plan(
    scene: Scene,
) -> None:
    """What was read beyond the stack is read and compared under the lock, too."""
    account = scene.account
    account.apply(guarding(ELSEWHERE))
    theirs = scene.tunnel("theirs")
    scene.record(ELSEWHERE, f"{theirs}.cfargotunnel.com")
    rules = [{"hostname": ELSEWHERE, "service": SERVICE}, {"service": "http_status:404"}]

    path = f"{{A}}/cfd_tunnel/{theirs}/configurations"
    alice = Person(account, "alice", base(), yes=YES)

    end = alice.applies(lambda: account.call("PUT", path, {"config": {"ingress": rules}}))

    assert end.startswith(OUTDATED)
    assert account.one("apps", domain=ELSEWHERE)
