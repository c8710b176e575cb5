"""What is live already: taken over only when that is said, and never from another stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.account import Account, edits, refused, told
from tests.support.files import HOST, MARKED, host, short, whole
from tests.support.foreign import changed, snapshot
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Action

EVERYONE: list[Any] = [{"everyone": {}}]


def zone(account: Account) -> str:
    """Where the records of the first zone are."""
    return f"/zones/{account.one('zones', name='example.com')['id']}/dns_records"


def application(account: Account, **fields: Any) -> Any:
    """An application on the host's domain, made by hand."""
    body = {"type": "self_hosted", "name": "By hand", "domain": HOST, **fields}
    return account.call("POST", "{A}/access/apps", body)


def address_record(account: Account) -> None:
    """The host's name leads to an address."""
    body = {"type": "A", "name": HOST, "content": "192.0.2.1"}
    account.call("POST", zone(account), body)


def by_hand(account: Account, section: str) -> str:
    """An object of the key's bare name, made by hand; its id."""
    match section:
        case "groups":
            body: Any = {"name": "people", "include": EVERYONE}
            made = account.call("POST", "{A}/access/groups", body)
        case "policies":
            body = {"name": "team", "decision": "deny", "include": EVERYONE}
            made = account.call("POST", "{A}/access/policies", body)
        case "tunnels":
            body = {"name": "pool", "config_src": "cloudflare"}
            made = account.call("POST", "{A}/cfd_tunnel", body)
        case "applications":
            made = application(account)
        case _:
            body = {"type": "CNAME", "name": HOST, "content": "elsewhere.example.net"}
            made = account.call("POST", zone(account), body)
    return str(made["id"])


@pytest.mark.parametrize(("section", "address"), MARKED.items())
def test_what_is_live_is_adopted_when_that_is_said(
    account: Account, section: str, address: str
) -> None:
    """Without ``--adopt`` the plan shows it and apply is refused; with it, the object is kept."""
    key = by_hand(account, section)

    plan = account.plan(whole())

    assert f"adopt {address}" in told(plan)
    assert refused(plan) == [(address, "--adopt")]
    assert all(refusal.apply_only for refusal in plan.refusals)
    assert account.apply(whole(), adopt=True).is_complete
    assert account.plan(whole()).is_empty
    kind = {"applications": "apps", "dns": "dns_records"}.get(section, section)
    assert account.one(kind)["id"] == key


def test_an_adoption_shows_every_edit(account: Account) -> None:
    """Mark included: a person sees all that will be different."""
    by_hand(account, "policies")

    plan = account.plan(whole())

    adopted = [path for path in edits(plan) if path.startswith("access_policy")]
    assert adopted == [
        "access_policy.team decision",
        "access_policy.team include[]",
        "access_policy.team include[]",
        "access_policy.team session_duration",
        "access_policy.team name",
    ]


def test_an_adoption_names_what_it_drops(account: Account) -> None:
    """Policies of the application's own vanish when it gets others."""
    application(account, policies=[{"name": "Old", "decision": "allow", "include": EVERYONE}])

    (change,) = (item for item in account.plan(whole()).changes if item.action is Action.ADOPT)

    assert change.notes == ("drops the application's own policy 'Old'",)


def test_an_address_record_gives_way_in_one_batch(account: Account) -> None:
    """The name is never without a record: the old one goes and the new one comes in one write."""
    record = {"type": "A", "name": HOST, "content": "192.0.2.1"}
    account.call("POST", zone(account), record)
    account.call("POST", zone(account), {**record, "content": "192.0.2.2"})
    account.call("POST", zone(account), {**record, "type": "AAAA", "content": "2001:db8::1"})
    account.forget_log()

    account.apply(whole(), adopt=True)

    (batch,) = (json.loads(one.body) for one in account.writes() if "/dns_records" in one.path)
    assert {name: len(items) for name, items in batch.items()} == {"deletes": 3, "posts": 1}
    assert account.one("dns_records")["type"] == "CNAME"
    assert account.plan(whole()).is_empty


def test_a_record_of_another_type_stays(account: Account) -> None:
    """A TXT record on a declared name is in nobody's way."""
    text = {"type": "TXT", "name": HOST, "content": "v=spf1 -all"}
    made = account.call("POST", zone(account), text)

    account.apply(whole())

    assert account.one("dns_records", type="TXT")["id"] == made["id"]


def test_an_adoption_never_replaces(account: Account) -> None:
    """An application of another type is refused, and no flag admits it."""
    application(account, type="ssh")

    plan = account.plan(whole(), adopt=True)

    assert refused(plan) == [(f"access_application.{HOST}", "")]
    assert "an adoption never replaces" in plan.refusals[0].reason


# -- claimed by id --------------------------------------------------------------------------


def test_a_claim_by_id_needs_no_flag(account: Account) -> None:
    """The id is the yes: the object is updated, keeps its name and its id."""
    body = {"name": "Company SSH", "decision": "deny", "include": EVERYONE}
    key = account.call("POST", "{A}/access/policies", body)["id"]
    file = whole()
    file["policies"]["team"]["id"] = key

    plan = account.plan(file)

    assert "update access_policy.team" in told(plan)
    assert not plan.refusals
    account.carry_out(plan)
    policy = account.one("policies")
    assert (policy["id"], policy["name"], policy["decision"]) == (key, "Company SSH", "allow")
    assert account.plan(file).is_empty


def test_a_claim_leads_where_it_says_while_the_old_object_goes(account: Account) -> None:
    """An entry claims a tunnel by its id and had one of its own, which goes in the same run."""
    body = {"name": "Special", "config_src": "cloudflare"}
    key = account.call("POST", "{A}/cfd_tunnel", body)["id"]
    account.apply(host())

    account.apply({**host(), "tunnels": {"pool": {"id": key}}}, disconnect=["all"])

    assert account.one("tunnels")["id"] == key
    assert account.one("dns_records")["content"] == f"{key}.cfargotunnel.com"


def test_a_claim_is_let_go_with_its_block(account: Account) -> None:
    """What the file only claimed is not deleted when it says nothing of it any more."""
    body = {"name": "By hand", "config_src": "cloudflare"}
    key = account.call("POST", "{A}/cfd_tunnel", body)["id"]
    account.apply({**host(), "tunnels": {"pool": {}, "claimed": {"id": key}}})

    account.apply(host())

    assert account.one("tunnels", name="By hand")["id"] == key


def test_a_claimed_application_keeps_its_tags(account: Account) -> None:
    """No mark is put on, its name stays, and the next plan has nothing to do."""
    account.call("POST", "{A}/access/tags", {"name": "blue"})
    key = application(account, tags=["blue"])["id"]
    file = whole()
    file["applications"][HOST]["id"] = key

    account.apply(file)

    live = account.one("apps")
    assert (live["id"], live["name"], live["tags"]) == (key, "By hand", ["blue"])
    assert told(account.plan(file)) == []


def test_a_display_name_is_given_to_what_is_adopted(account: Account) -> None:
    """The application on the domain is taken over by the flag alone, and renamed by ``name:``."""
    key = application(account)["id"]
    file = whole()
    file["applications"][HOST]["name"] = "The way in"

    account.apply(file, adopt=True)

    live = account.one("apps")
    assert (live["id"], live["name"], live["tags"]) == (key, "The way in", ["ztctl-prod"])


def test_two_applications_on_places_of_one_entry_are_a_problem(account: Account) -> None:
    """Both ids are told, and nothing is guessed: neither can be made beside them."""
    second = f"www.{HOST}"
    ids = [application(account)["id"], application(account, domain=second)["id"]]
    file = whole()
    file["applications"][HOST]["destinations"] = [HOST, second]

    with pytest.raises(Problems) as caught:
        account.plan(file)

    assert all(key in str(caught.value) for key in ids)


# -- another stack --------------------------------------------------------------------------


def other(file: dict[str, Any]) -> dict[str, Any]:
    """The same file under the name of another stack."""
    return {**file, "stack": "staging"}


@pytest.mark.parametrize("flags", [{}, {"adopt": True}])
def test_what_another_stack_owns_is_refused(account: Account, flags: dict[str, Any]) -> None:
    """Always, naming the stack: neither its application nor its record is taken over."""
    account.apply(other(whole()))
    others = snapshot(account)

    plan = account.plan(whole(), **flags)

    assert refused(plan) == [(f"access_application.{HOST}", ""), (f"dns_record.{HOST}", "")]
    assert all("'staging'" in refusal.reason for refusal in plan.refusals)
    assert changed(others, account) == []


def test_a_name_with_the_mark_of_another_stack_cannot_be_given(account: Account) -> None:
    """A name cannot spell a mark, whether or not it is anybody's."""
    account.apply(other(whole()))
    file = {"tunnels": {"mine": {"name": "pool.ztctl-staging"}}}

    with pytest.raises(Problems, match="looks like the mark of a stack"):
        account.plan(file)


def test_what_another_stack_owns_cannot_be_removed(account: Account) -> None:
    """Naming it under ``removed`` is refused too."""
    account.apply(other(whole()))
    file = {"removed": [{"address": "tunnel.old", "name": "pool.ztctl-staging"}]}

    plan = account.plan({**host("a.example.com"), **file})

    assert refused(plan) == [("tunnel.old", "")]
    assert "'staging'" in plan.refusals[0].reason


# -- one after the other --------------------------------------------------------------------


def test_only_what_is_named_is_taken_over(account: Account) -> None:
    """A yes to one object is none to another: the plan tells the flag of each that is left."""
    by_hand(account, "policies")
    by_hand(account, "tunnels")
    address_record(account)

    plan = account.plan(whole(), adopt=["tunnel.pool"])

    assert refused(plan) == [
        ("access_policy.team", "--adopt access_policy.team"),
        (f"dns_record.{HOST}", f"--adopt dns_record.{HOST}"),
    ]


def test_a_host_is_adopted_by_its_name(account: Account) -> None:
    """All that is its own is meant, and nothing that others may use."""
    application(account)
    address_record(account)
    by_hand(account, "tunnels")

    plan = account.plan(whole(), adopt=[f"hosts.{HOST}"])

    assert refused(plan) == [("tunnel.pool", "--adopt tunnel.pool")]


def test_one_host_of_several_is_adopted(account: Account) -> None:
    """With a target nothing of the others is touched, and the next plan still shows them."""
    second = "db.example.com"
    file = host()
    file["hosts"][second] = short()
    for name in (HOST, second):
        account.call("POST", zone(account), {"type": "A", "name": name, "content": "192.0.2.1"})

    account.apply(file, adopt=[f"hosts.{HOST}"], target=[f"hosts.{HOST}"])

    assert account.one("dns_records", name=second)["content"] == "192.0.2.1"
    assert f"adopt dns_record.{second}" in told(account.plan(file))
    assert f"adopt dns_record.{HOST}" not in told(account.plan(file))


def test_an_adoption_names_who_else_uses_it(account: Account) -> None:
    """Nobody's application and another stack's, whose name is told."""
    policy = by_hand(account, "policies")
    account.call("POST", "{A}/access/tags", {"name": "ztctl-staging"})
    for name, tags in (("wiki", []), ("chat", ["ztctl-staging"])):
        body = {
            "type": "self_hosted", "name": name, "domain": f"{name}.example.com",
            "policies": [{"id": policy}], "tags": tags,
        }  # fmt: skip
        account.call("POST", "{A}/access/apps", body)

    (change,) = (item for item in account.plan(whole()).changes if item.action is Action.ADOPT)

    assert change.notes == (
        "is used by the Access application 'wiki', too",
        "is used by the Access application 'chat' of the stack 'staging', too",
    )


# -- what accounts hold ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["example.com", "*.example.com"], ids=["apex", "wildcard"])
def test_a_name_with_both_addresses_is_shown_whole(account: Account, name: str) -> None:
    """At the apex and below a star: each record that goes is told, and mail stays."""
    for kind, content in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"), ("MX", "mx.example.net")):
        body = {"type": kind, "name": name, "content": content}
        account.call("POST", zone(account), body | ({"priority": 1} if kind == "MX" else {}))
    file = {"tunnels": {"pool": {}}, "dns": {name: {"tunnel": "pool"}}}

    (change,) = (it for it in account.plan(file).changes if it.action is Action.ADOPT)
    account.apply(file, adopt=["all"])

    assert change.notes == (
        f"{name} leads to 192.0.2.1 now",
        f"deletes the AAAA record of {name} to 2001:db8::1",
    )
    kinds = {item["type"] for item in account.everything()["dns_records"] if item["name"] == name}
    assert kinds == {"CNAME", "MX"}


@pytest.mark.parametrize("note", [HOST, f"a-{HOST}"], ids=["former", "current"])
def test_a_record_of_external_dns_is_not_taken_over(account: Account, note: str) -> None:
    """It would come back: its owner is named before anything is written, and no flag admits it."""
    address_record(account)
    words = "heritage=external-dns,external-dns/owner=k8s,external-dns/resource=ingress/web/ssh"
    account.call("POST", zone(account), {"type": "TXT", "name": note, "content": f'"{words}"'})
    before = account.everything()

    plan = account.plan(whole(), adopt=True)

    assert refused(plan) == [(f"dns_record.{HOST}", "")]
    assert "external-dns (owner 'k8s', for ingress/web/ssh), as the TXT record" in (
        plan.refusals[0].reason
    )
    assert account.everything() == before


def test_a_text_of_somebody_else_claims_nothing(account: Account) -> None:
    """Neither a note about another type of record, nor a text that only speaks of it."""
    address_record(account)
    for name, words in (
        (f"aaaa-{HOST}", "heritage=external-dns,external-dns/owner=k8s"),
        (HOST, "see heritage=external-dns"),
    ):
        account.call("POST", zone(account), {"type": "TXT", "name": name, "content": words})

    assert account.apply(whole(), adopt=True).is_complete


def test_a_local_tunnel_is_refused_before_the_first_write(account: Account) -> None:
    """With a yes to everything: its connectors read a file that nobody here can see."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "local"})
    account.forget_log()

    plan = account.plan(host(), adopt=True)

    assert refused(plan) == [("tunnel.pool", "")]
    assert account.writes() == []
