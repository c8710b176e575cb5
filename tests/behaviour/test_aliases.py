"""Records that are aliases of records: made in order, never open, gone with what they are for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, told
from tests.support.files import HOST, host
from ztctl.core.model.diagnostics import Problems

POINT = "a.example.com"


def aliased(**alias: Any) -> dict[str, Any]:
    """A host in the long form whose record leads to its tunnel through another one."""
    file = host()
    short = file.pop("hosts")[HOST]
    file["applications"] = {HOST: {"policies": short["policies"]}}
    rule = {"hostname": HOST, "service": short["service"]}
    file["tunnels"] = {short["tunnel"]: {"ingress": [rule]}}
    file["dns"] = {POINT: {"tunnel": short["tunnel"]}, HOST: {"cname": POINT, **alias}}
    return file


def test_an_alias_is_made_behind_its_record_and_goes_again(account: Account) -> None:
    """The host opens by it, guarded; the next plan is empty; out of the file, both go."""
    plan = account.plan(aliased())
    order = [str(step.id.address) for change in plan.changes for step in change.steps]

    assert account.carry_out(plan).is_complete

    assert order.index(f"dns_record.{POINT}") < order.index(f"dns_record.{HOST}")
    made = account.one("dns_records", name=HOST)
    assert (made["content"], made["proxied"], made["comment"]) == (POINT, True, "ztctl-prod")
    assert account.plan(aliased()).is_empty
    assert account.apply({**aliased(), "dns": {}}).is_complete
    assert account.everything()["dns_records"] == []


def test_an_alias_without_an_application_is_refused(account: Account) -> None:
    """It leads to an origin as surely as a record of the tunnel does."""
    file = aliased()
    del file["applications"]

    plan = account.plan(file)

    assert HOST in str(plan.refusals)


def test_a_record_that_opens_its_alias_waits_for_the_application(account: Account) -> None:
    """Where the record leads decides about the alias, too: first its guard, or not at all."""
    before = aliased()
    guard = before.pop("applications")
    nowhere = {"hostname": POINT, "service": "http_status:404"}
    before["tunnels"] = {**before["tunnels"], "other": {"ingress": [nowhere]}}
    before["dns"][POINT] = {"tunnel": "other"}
    account.apply(before)
    after = {**before, "dns": {**before["dns"], POINT: {"tunnel": "pool"}}}

    plan = account.plan({**after, "applications": guard})

    (leading,) = (it for it in plan.changes if str(it.address) == f"dns_record.{POINT}")
    assert f"access_application.{HOST}#create" in map(str, leading.steps[0].needs)
    assert plan.refusals == ()
    assert f"{HOST} would be open" in str(account.plan(after).refusals)


def test_a_record_becomes_an_alias_and_back(account: Account) -> None:
    """An edit of where it leads, in place."""
    direct = aliased()
    direct["dns"][HOST] = {"tunnel": "pool"}
    account.apply(direct)
    first = account.one("dns_records", name=HOST)["id"]

    for file in (aliased(), direct):
        plan = account.plan(file)
        assert told(plan) == [f"update dns_record.{HOST}"]
        assert account.carry_out(plan).is_complete
        assert account.plan(file).is_empty

    assert account.one("dns_records", name=HOST)["id"] == first


def test_an_alias_of_a_live_record_in_another_zone(account: Account) -> None:
    """Its zone is read for it, though the files name nothing else there."""
    zone = account.one("zones", name="example.org")["id"]
    account.apply({key: it for key, it in aliased().items() if key != "dns"})
    pool = account.one("tunnels")["id"]
    body = {"type": "CNAME", "name": "p.example.org", "content": f"{pool}.cfargotunnel.com"}
    account.call("POST", f"/zones/{zone}/dns_records", {**body, "proxied": True})
    file = aliased()
    file["dns"] = {HOST: {"cname": {"live": "p.example.org"}}}

    assert account.apply(file).is_complete

    assert account.one("dns_records", name=HOST)["content"] == "p.example.org"
    assert account.plan(file).is_empty


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cname": "b.example.com"}, "which no file declares"),
        ({"cname": HOST}, "in a ring"),
        ({"tunnel": "pool"}, "leads to a `tunnel`, or is an alias"),
    ],
)
def test_an_alias_that_leads_nowhere_is_an_error(
    account: Account, fields: dict[str, Any], said: str
) -> None:
    """Of a record that is not there, of itself, or beside a tunnel."""
    with pytest.raises(Problems, match=said):
        account.plan(aliased(**fields))
