"""What leaves the file leaves the account: all of it, in a safe order, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, refused, told
from tests.support.files import HOST, MARKED, host, short, whole
from ztctl.core.model.plan import Action

FAR = "far.example.org"
YES: dict[str, Any] = {"deletions": True, "ca_deletion": ["all"]}


def two_zones() -> dict[str, Any]:
    """A host in each zone."""
    file = host()
    file["hosts"][FAR] = short()
    return file


def test_the_last_host_of_a_zone_takes_its_record_along(account: Account) -> None:
    """Nothing in the file names the zone any more, and still the record goes."""
    account.apply(two_zones())

    plan = account.plan(host(), **YES)

    assert f"delete dns_record.{FAR}" in told(plan)
    assert account.carry_out(plan).is_complete
    assert [item["name"] for item in account.everything()["dns_records"]] == [HOST]
    assert account.plan(host()).is_empty


def test_a_record_is_found_by_the_tunnel_when_its_application_is_gone(account: Account) -> None:
    """Somebody deleted the application: the tunnel still serves the name, so the record goes."""
    account.apply(two_zones())
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps', name=FAR)['id']}")

    plan = account.plan(host(), **YES)

    assert f"delete dns_record.{FAR}" in told(plan)
    assert account.carry_out(plan).is_complete
    assert [item["name"] for item in account.everything()["dns_records"]] == [HOST]


def test_a_host_is_closed_from_the_outside(account: Account) -> None:
    """First the record, then the rule, last the application: no name is ever uncovered."""
    account.apply(two_zones())
    account.forget_log()

    account.apply(host(), **YES)

    paths = [entry.path for entry in account.writes()]
    order = [
        next(i for i, path in enumerate(paths) if part in path)
        for part in ("/dns_records/batch", "/configurations", "/access/apps/")
    ]
    assert account.observer.uncovered == []
    assert order == sorted(order)


def test_a_destroy_leaves_nothing(account: Account) -> None:
    """Every object of the stack goes, the mark's tag last of its application."""
    account.apply(whole())

    outcome = account.destroy(whole())

    assert outcome.is_complete, outcome.failed
    live = account.everything()
    kinds = ("tags", "groups", "policies", "apps", "app_cas", "dns_records")
    assert [live[kind] for kind in kinds] == [[]] * len(kinds)
    assert all(tunnel["deleted_at"] for tunnel in live["tunnels"])


def test_a_policy_that_others_use_is_not_deleted(account: Account) -> None:
    """The plan is refused before the first write, and names who uses it."""
    account.apply(whole())
    ours = account.one("policies")["id"]
    foreign = {
        "type": "self_hosted",
        "name": "Wiki",
        "domain": "wiki.example.com",
        "policies": [ours],
    }
    account.call("POST", "{A}/access/apps", foreign)
    account.forget_log()

    plan = account.plan({}, **YES)

    assert [refusal.address.key for refusal in plan.refusals if refusal.address] == ["team"]
    assert "Wiki" in plan.refusals[0].reason
    assert not account.writes()


def test_a_group_that_others_use_is_not_deleted(account: Account) -> None:
    """A foreign policy that names the group keeps it, and is named."""
    account.apply(whole())
    rule = [{"group": {"id": account.one("groups")["id"]}}]
    body = {"name": "Wiki people", "decision": "allow", "include": rule}
    account.call("POST", "{A}/access/policies", body)

    plan = account.plan({}, **YES)

    assert refused(plan) == [("access_group.people", "")]
    assert "Wiki people" in plan.refusals[0].reason


def test_a_forgotten_file_deletes_nothing(account: Account) -> None:
    """When no declared object is live, deleting all that is owned wants its own yes."""
    account.apply(whole())

    plan = account.plan({}, ca_deletion=["all"])

    assert refused(plan) == [("None", "--allow-deletions")]


def test_a_ca_goes_only_with_a_yes(account: Account) -> None:
    """Also when it would go with its application."""
    account.apply(two_zones())

    plan = account.plan(host(), deletions=True)

    assert refused(plan) == [(f"ca_key.{FAR}", f"--allow-ca-deletion ca_key.{FAR}")]


def test_a_running_tunnel_goes_only_with_a_yes(account: Account) -> None:
    """With it, its connections are dropped and the tunnel is deleted."""
    account.apply(whole())
    account.sandbox.connect(account.one("tunnels")["id"])
    assert ("tunnel.pool", "--allow-disconnect tunnel.pool") in refused(account.plan({}, **YES))

    outcome = account.apply({}, disconnect=["tunnel.pool"], **YES)

    assert outcome.is_complete, outcome.failed


# -- removed, forget, protect ---------------------------------------------------------------


def removed(address: str, **facts: Any) -> dict[str, Any]:
    """A file that only takes one object away."""
    return {"removed": [{"address": address, **facts}]}


def test_what_is_removed_by_name_is_deleted_without_a_mark(account: Account) -> None:
    """An object made by hand goes when the file names it, once; then there is nothing to do."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "Old pool", "config_src": "cloudflare"})
    file = {**host(), **removed("tunnel.old", name="Old pool")}

    account.apply(file, **YES)

    assert not [
        item
        for item in account.everything()["tunnels"]
        if item["name"] == "Old pool" and not item["deleted_at"]
    ]
    assert account.plan(file).is_empty


def test_what_is_removed_by_name_shows_what_goes(account: Account) -> None:
    """The rules of a tunnel without a mark are read before it is deleted, so that none is lost."""
    tunnel = account.call("POST", "{A}/cfd_tunnel", {"name": "Old", "config_src": "cloudflare"})
    rules = [{"hostname": HOST, "service": "ssh://a:22"}, {"service": "http_status:404"}]
    place = f"{{A}}/cfd_tunnel/{tunnel['id']}/configurations"
    account.call("PUT", place, {"config": {"ingress": rules}})

    plan = account.plan({**host("b.example.com"), **removed("tunnel.old", name="Old")})

    (going,) = (change for change in plan.changes if str(change.address) == "tunnel.old")
    assert "ingress" in [edit.path for edit in going.edits]
    assert [step.closes for step in going.steps] == [frozenset({HOST})]


def test_removing_what_is_not_there_is_nothing(account: Account) -> None:
    """Neither a change nor a problem."""
    account.apply(host())

    file = {**host(), **removed("tunnel.never", name="Never")}

    assert account.plan(file).is_empty


@pytest.mark.parametrize(("section", "address"), MARKED.items())
def test_what_is_forgotten_only_loses_its_mark(
    account: Account, section: str, address: str
) -> None:
    """The object lives on as it was, belongs to nobody, and the plan is empty."""
    account.apply(whole())
    kept = {name: entries for name, entries in whole().items() if name not in _above(section)}
    file = {**kept, **removed(address, forget=True)}
    before = _count(account)

    plan = account.plan(file, **YES)

    assert [change.action for change in plan.changes if str(change.address) == address] == [
        Action.FORGET
    ]
    assert account.carry_out(plan).is_complete
    assert _count(account)[_KIND[section]] == before[_KIND[section]]
    assert account.plan(file).is_empty


_KIND = {
    "groups": "groups",
    "policies": "policies",
    "tunnels": "tunnels",
    "applications": "apps",
    "dns": "dns_records",
}
_USERS = {
    "groups": ("groups", "policies", "applications", "ca_keys", "tunnels", "dns"),
    "policies": ("policies", "applications", "ca_keys", "tunnels", "dns"),
    "tunnels": ("tunnels", "dns"),
    "applications": ("applications", "ca_keys", "tunnels", "dns"),
    "dns": ("dns",),
}


def _above(section: str) -> tuple[str, ...]:
    """The section and those whose objects refer to its."""
    return _USERS[section]


def _count(account: Account) -> dict[str, int]:
    return {
        kind: sum(1 for item in items if not item.get("deleted_at"))
        for kind, items in account.everything().items()
    }


def protected(section: str, *, protect: bool = True) -> dict[str, Any]:
    """The whole file with the objects of a section protected."""
    file = whole()
    for fields in file[section].values():
        fields["protect"] = protect
    return file


@pytest.mark.parametrize("section", ["groups", "policies", "tunnels", "applications", "dns"])
def test_protection_is_put_on_and_taken_off_in_place(account: Account, section: str) -> None:
    """The same object is protected, and free again: it is never made anew."""
    account.apply(whole())
    ids = sorted(item["id"] for item in account.everything()[_KIND[section]])

    account.apply(protected(section))
    assert account.plan(protected(section)).is_empty
    account.apply(whole())

    assert account.plan(whole()).is_empty
    assert sorted(item["id"] for item in account.everything()[_KIND[section]]) == ids
    assert "protect" not in str(account.everything()["tags"] + account.everything()[_KIND[section]])


@pytest.mark.parametrize(("section", "address"), MARKED.items())
def test_what_is_protected_outlives_its_block(account: Account, section: str, address: str) -> None:
    """The protection is on the live object: without the flag the plan is refused."""
    account.apply(protected(section))

    plan = account.plan({}, **YES)

    assert refused(plan) == [(address, f"--allow-protected {address}")]
    assert not account.plan({}, protected=[address], **YES).refusals


def test_unprotecting_is_an_apply_of_its_own(account: Account) -> None:
    """After it the object goes without a further yes."""
    account.apply(protected("tunnels"))
    account.apply(protected("tunnels", protect=False))

    assert not account.plan({}, **YES).refusals


CA = f"ca_key.{HOST}"


def without_ca(**top: Any) -> dict[str, Any]:
    """The host, for which no CA is wanted any more."""
    return {**host(), "hosts": {HOST: short(ca_key=False)}, **top}


def test_a_ca_that_is_no_longer_wanted_is_told_to_stay(account: Account) -> None:
    """It is not deleted by the way, and nobody is left to believe that it is gone."""
    account.apply(host())

    plan = account.plan(without_ca())

    (warning,) = plan.warnings
    assert plan.is_empty
    assert warning.summary == f"{CA} stays live: `ca_key: false` makes no CA, and deletes none"
    assert f"`removed: [{{address: {CA}}}]`" in warning.hint


@pytest.mark.parametrize("forget", [True, False])
def test_a_ca_of_which_the_file_says_what_becomes_is_not_told_of(
    account: Account, forget: bool
) -> None:
    """Both ways of the hint are ways out: it goes, or it stays and nothing more is said."""
    account.apply(host())
    file = without_ca(removed=[{"address": CA, "forget": forget}])

    plan = account.plan(file, **YES)

    assert plan.warnings == ()
    assert told(plan) == ([] if forget else [f"delete {CA}"])
    assert account.carry_out(plan).is_complete
    assert account.plan(file).warnings == ()


def test_a_host_that_never_had_a_ca_is_no_matter(account: Account) -> None:
    """The warning is about a CA, and there is none."""
    account.apply(without_ca())

    assert account.plan(without_ca()).warnings == ()
