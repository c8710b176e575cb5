"""Attacks on identity: what a name, a tile or a list can make ztctl take for its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any, Literal

import pytest

from tests.attacks.scene import Scene, gained, lost, problems
from tests.support.account import edits, refused, told
from tests.support.files import HOST, host, whole
from tests.support.foreign import changed, snapshot
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Action, Change, Plan
from ztctl.engine.plan import emptied
from ztctl.kinds.registry import KINDS
from ztctl.views.factory import make_view

File = dict[str, Any]
OTHER = "other.example.com"
ACME: list[File] = [{"email_domain": {"domain": "acme.example"}}]
RULE = {"hostname": OTHER, "service": "ssh://10.9.9.9:22"}
ABSENT = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"


def with_fields(section: str, key: str, **fields: Any) -> File:
    """The whole file, an entry of it with more fields."""
    file = whole()
    file[section][key] = {**file[section][key], **fields}
    return file


def change_of(plan: Plan, address: str) -> Change:
    """The change of one object."""
    return next(item for item in plan.changes if str(item.address) == address)


def carry_out(scene: Scene, plan: Plan) -> None:
    """Apply a plan that nothing is held against."""
    assert refused(plan) == []
    assert scene.account.carry_out(plan).is_complete


def policy(scene: Scene, name: str = "Staff") -> str:
    """A reusable policy of somebody else; its id."""
    body = {"name": name, "decision": "allow", "include": ACME}
    return str(scene.account.call("POST", "{A}/access/policies", body)["id"])


def theirs(scene: Scene, name: str, *domains: str, policies: list[str] | None = None) -> str:
    """An application of somebody else; its id."""
    places = [{"type": "public", "uri": domain} for domain in domains]
    body = {"type": "self_hosted", "name": name, "destinations": places, "policies": policies or []}
    return str(scene.account.call("POST", "{A}/access/apps", body)["id"])


# -- a display name claims nothing ----------------------------------------------------------


def test_e4_an_application_of_the_same_display_name(scene: Scene) -> None:
    """Another host's application keeps its host: ours is made beside it, no flag asked for."""
    served = scene.tunnel("others", RULE)
    scene.record(OTHER, f"{served}.cfargotunnel.com")
    theirs(scene, "SSH", OTHER, policies=[policy(scene)])
    before = snapshot(scene.account)
    file = with_fields("applications", HOST, name="SSH")

    plan = scene.account.plan(file)
    carry_out(scene, plan)

    assert f"create access_application.{HOST}" in told(plan)
    assert not plan.refusals
    assert lost(plan, OTHER) == []
    assert changed(before, scene.account) == []
    assert scene.visit(OTHER).outcome == "login"
    assert told(scene.account.plan(file)) == []


def test_e4_an_application_that_is_adopted_gives_up_other_hosts(scene: Scene) -> None:
    """The plan names the host that loses its Access, and that it would be open is refused."""
    served = scene.tunnel("others", RULE)
    scene.record(OTHER, f"{served}.cfargotunnel.com")
    theirs(scene, "SSH", HOST, OTHER, policies=[policy(scene)])

    plan = scene.account.plan(whole(), adopt=True)

    change = change_of(plan, f"access_application.{HOST}")
    assert change.action is Action.ADOPT
    assert f"no longer stands in front of {OTHER}" in change.notes
    assert (f"access_application.{HOST}", f"--allow-exposure {OTHER}") in refused(plan)
    assert [who.partition(",")[0] for who, _ in gained(plan, OTHER)] == ["EVERYONE"]


def test_e4_a_policy_of_the_same_name(scene: Scene) -> None:
    """``name: Staff`` rewrites nobody's policy: it is adopted by a flag, or not at all."""
    key = policy(scene)
    theirs(scene, "Payroll", OTHER, policies=[key])
    file = with_fields("policies", "team", name="Staff")

    plan = scene.account.plan(file)

    change = change_of(plan, "access_policy.team")
    assert ("access_policy.team", "--adopt") in refused(plan)
    assert change.notes == ("is used by the Access application 'Payroll', too",)
    assert "access_policy.team name" in edits(plan)
    assert scene.account.one("policies", id=key)["name"] == "Staff"


def test_e4_what_users_of_an_adopted_group_lose_is_told(scene: Scene) -> None:
    """A group reaches applications through policies, and each of them is named."""
    served = scene.tunnel("others", RULE)
    scene.record(OTHER, f"{served}.cfargotunnel.com")
    body = {"name": "people", "include": ACME}
    group = scene.account.call("POST", "{A}/access/groups", body)["id"]
    rule = {"name": "Staff", "decision": "allow", "include": [{"group": {"id": group}}]}
    used = scene.account.call("POST", "{A}/access/policies", rule)["id"]
    theirs(scene, "Payroll", OTHER, policies=[used])

    plan = scene.account.plan(whole(), adopt=True)

    assert change_of(plan, "access_group.people").notes == (
        "is used by the Access policy 'Staff', too",
        "is used by the Access application 'Payroll', too",
    )
    assert [who for who, _ in lost(plan, OTHER)] == ["group people"]


def test_e4_a_tunnel_of_the_same_name(scene: Scene) -> None:
    """``name: office`` deletes no foreign rule: adopting it wants a flag and names what goes."""
    key = scene.tunnel("office", RULE)
    file = with_fields("tunnels", "pool", name="office")

    plan = scene.account.plan(file)

    assert ("tunnel.pool", "--adopt") in refused(plan)
    assert change_of(plan, "tunnel.pool").notes == (f"serves {OTHER} now, and no longer then",)
    assert scene.account.one("tunnels", id=key)["name"] == "office"


@pytest.mark.parametrize("section", ["policies", "groups"])
def test_e4_of_several_of_one_name_none_is_adopted(scene: Scene, section: str) -> None:
    """Names are not unique: ours is made beside them, with a warning that tells both ids."""
    key = {"policies": "team", "groups": "people"}[section]
    body = {"name": key, "decision": "allow", "include": ACME}
    ids = [scene.account.call("POST", f"{{A}}/access/{section}", body)["id"] for _ in "ab"]
    before = snapshot(scene.account)

    plan = scene.account.plan(whole())
    carry_out(scene, plan)

    (warning,) = (item for item in plan.warnings if key in item.summary)
    assert all(id_ in warning.summary for id_ in ids)
    assert changed(before, scene.account) == []
    assert told(scene.account.plan(whole())) == []


def test_what_the_plan_adopts_too_is_no_foreign_user(scene: Scene) -> None:
    """A host that was all made by hand is taken over whole, and nobody else is named."""
    key = scene.tunnel("pool", {**RULE, "hostname": HOST})
    scene.record(HOST, f"{key}.cfargotunnel.com")

    plan = scene.account.plan(whole())

    assert change_of(plan, "tunnel.pool").notes == (f"serves {HOST} now",)
    assert change_of(plan, f"dns_record.{HOST}").action is not Action.CREATE


def test_a_name_that_is_added_renames_what_is_ours(scene: Scene) -> None:
    """The part before the mark changes, and the object stays the same one."""
    scene.account.apply(whole())
    key = scene.account.one("tunnels")["id"]
    file = with_fields("tunnels", "pool", name="office")

    plan = scene.account.plan(file)
    carry_out(scene, plan)

    assert told(plan) == ["update tunnel.pool"]
    assert scene.account.one("tunnels")["id"] == key
    assert scene.account.one("tunnels")["name"] == "office.ztctl-prod"


# -- claimed by id --------------------------------------------------------------------------


def made(scene: Scene, section: str) -> str:
    """An object of somebody else that differs from the one in the whole file; its id."""
    match section:
        case "groups":
            body: Any = {"name": "Their people", "include": ACME}
            return str(scene.account.call("POST", "{A}/access/groups", body)["id"])
        case "policies":
            return policy(scene, "Their team")
        case "tunnels":
            return scene.tunnel("Their pool", RULE)
        case _:
            return theirs(scene, "Their application", HOST)


KEYS = {
    "groups": ("people", "access_group"),
    "policies": ("team", "access_policy"),
    "tunnels": ("pool", "tunnel"),
    "applications": (HOST, "access_application"),
}
LISTS = {"applications": "apps"}


@pytest.mark.parametrize("section", KEYS)
def test_a_claim_updates_what_keeps_its_name(scene: Scene, section: str) -> None:
    """Claimed by its id the object is written to as the file says, and carries no mark."""
    (key, kind), id_ = KEYS[section], made(scene, section)
    file = with_fields(section, key, id=id_.upper())
    name = scene.account.one(LISTS.get(section, section), id=id_)["name"]

    plan = scene.account.plan(file)
    carry_out(scene, plan)

    live = scene.account.one(LISTS.get(section, section), id=id_)
    assert change_of(plan, f"{kind}.{key}").action is Action.UPDATE
    assert live["name"] == name
    assert live.get("tags", []) == []
    assert told(scene.account.plan(file)) == []


@pytest.mark.parametrize("section", KEYS)
def test_a_claim_is_let_go_with_its_block(scene: Scene, section: str) -> None:
    """What is only claimed stays when the file says nothing of it any more, and after a destroy."""
    (key, kind), id_ = KEYS[section], made(scene, section)
    file = with_fields(section, key, id=id_)
    scene.account.apply(file)
    listed = LISTS.get(section, section)
    live = scene.account.one(listed, id=id_)

    plan = scene.account.plan(
        {"groups": {"others": {"include": [{"email": "b@example.com"}]}}}, deletions=True
    )

    assert f"delete {kind}.{key}" not in told(plan)
    assert scene.account.one(listed, id=id_) == live


@pytest.mark.parametrize("section", KEYS)
def test_an_id_that_is_not_live_is_an_error_with_its_place(scene: Scene, section: str) -> None:
    """Nothing is made in its place."""
    key, _ = KEYS[section]

    (problem,) = problems(scene.account, with_fields(section, key, id=ABSENT))

    assert f"with the id {ABSENT}" in problem
    assert scene.account.writes() == []


@pytest.mark.parametrize("section", KEYS)
def test_a_claim_of_what_another_stack_owns_is_refused(scene: Scene, section: str) -> None:
    """Its mark stands, whoever knows the id."""
    key, kind = KEYS[section]
    scene.account.apply({**whole(), "stack": "staging"})
    id_ = scene.account.one(LISTS.get(section, section))["id"]

    plan = scene.account.plan(with_fields(section, key, id=id_))

    assert (f"{kind}.{key}", "") in refused(plan)
    assert any("'staging'" in item.reason for item in plan.refusals)


@pytest.mark.parametrize("section", ["groups", "policies", "tunnels"])
def test_a_claim_of_what_is_ours_takes_the_mark_off(scene: Scene, section: str) -> None:
    """From then on it goes under ``removed`` alone, like all that is claimed."""
    scene.account.apply(whole())
    key, _ = KEYS[section]
    id_ = scene.account.one(section)["id"]

    scene.account.apply(with_fields(section, key, id=id_))

    assert scene.account.one(section, id=id_)["name"] == key


def test_a_claim_of_a_tunnel_leaves_records_to_it_to_those_who_made_them(scene: Scene) -> None:
    """The record of the declared name wants its own yes, though it leads to what is claimed."""
    key = scene.tunnel("Their pool", {**RULE, "hostname": HOST})
    scene.record(HOST, f"{key}.cfargotunnel.com")

    plan = scene.account.plan(with_fields("tunnels", "pool", id=key))

    assert refused(plan) == [(f"dns_record.{HOST}", "--adopt")]


def test_a_claimed_tunnel_takes_nobodys_name(scene: Scene) -> None:
    """Names of tunnels are unique: refused before the first write, and not in the middle."""
    key = scene.tunnel("Their pool")
    scene.tunnel("office")

    plan = scene.account.plan(with_fields("tunnels", "pool", id=key, name="office"))

    assert refused(plan) == [("tunnel.pool", "")]
    assert "is called 'office' already" in plan.refusals[0].reason


def test_what_is_forgotten_takes_nobodys_name(scene: Scene) -> None:
    """A tunnel would get its bare name back, which somebody else has since given to another."""
    scene.account.apply(whole())
    scene.tunnel("pool")
    file = whole()
    del file["tunnels"], file["dns"]
    entry = {"address": "tunnel.pool", "forget": True}

    plan = scene.account.plan({**file, "removed": [entry]}, deletions=True)

    assert ("tunnel.pool", "") in refused(plan)


def test_a_claim_never_replaces(scene: Scene) -> None:
    """A successor would have another id than the one in the file."""
    body = {"type": "ssh", "name": "Terminal", "domain": HOST}
    id_ = scene.account.call("POST", "{A}/access/apps", body)["id"]

    plan = scene.account.plan(with_fields("applications", HOST, id=id_))

    assert (f"access_application.{HOST}", "") in refused(plan)
    assert any("a claim never replaces" in item.reason for item in plan.refusals)


def test_what_is_claimed_goes_under_removed(scene: Scene) -> None:
    """By its id, which names one object and no other."""
    id_ = scene.tunnel("Their pool", RULE)
    scene.tunnel("Their pools", RULE)

    plan = scene.account.plan({"removed": [{"address": "tunnel.pool", "id": id_}]}, deletions=True)
    carry_out(scene, plan)

    assert told(plan) == ["delete tunnel.pool"]
    assert change_of(plan, "tunnel.pool").before["ingress"]
    assert scene.account.one("tunnels")["name"] == "Their pools"


FORMS = {
    "tunnel": ABSENT,
    "access_application": ABSENT,
    "access_policy": ABSENT,
    "access_group": ABSENT,
    "virtual_network": ABSENT,
    "private_route": ABSENT,
    "dns_record": ABSENT.replace("-", ""),
    "ca_key": "0f" * 24,
}
WRONG = {ABSENT, ABSENT.replace("-", ""), "0f" * 24, "0f" * 32, ABSENT[:-1], "Their pool"}


@pytest.mark.parametrize("kind", FORMS)
def test_what_goes_by_its_id_is_named_by_an_id_of_its_kind(scene: Scene, kind: str) -> None:
    """An id of another form names nothing, and would do nothing for ever: told with its place."""
    for id_ in sorted(WRONG - {FORMS[kind]}):
        file = {"removed": [{"address": f"{kind}.gone", "id": id_}]}

        with pytest.raises(Problems) as caught:
            scene.account.declared(file)

        (problem,) = caught.value.items
        assert problem.summary.startswith(f"`removed[0].id`: '{id_}' is not the id of a live")
        assert problem.where is not None
    named = {"address": f"{kind}.gone", "id": FORMS[kind].upper()}
    (entry,) = scene.account.declared({"removed": [named]}).removed
    assert entry.id == FORMS[kind]


@pytest.mark.parametrize("file", [whole, host], ids=["application", "host"])
@pytest.mark.parametrize("twice", ["team", {"live": "theirs"}, {"id": ABSENT}], ids=str)
def test_a_policy_that_is_listed_twice_is_told_by_validate(
    scene: Scene, twice: Any, file: Callable[[], File]
) -> None:
    """The service would refuse it, whichever way it is named: it never comes to a write."""
    declared = file()
    section = "hosts" if "hosts" in declared else "applications"
    declared[section][HOST] = {**declared[section][HOST], "policies": [twice, "other", twice]}
    declared["policies"]["other"] = {"decision": "allow", "include": [{"email": "b@example.com"}]}

    with pytest.raises(Problems) as caught:
        scene.account.declared(declared)

    (problem,) = caught.value.items
    assert problem.summary.startswith(f"access_application.{HOST} lists the policy ")
    assert problem.where is not None


def test_a_policy_by_an_id_that_none_has(scene: Scene) -> None:
    """Told before a write: the service would refuse it, and nobody knows whom it would let in."""
    file = with_fields("applications", HOST, policies=["team", {"id": ABSENT}])

    (problem,) = problems(scene.account, file)

    assert problem.endswith(f"there is no live access policy with the id {ABSENT}")


def test_one_policy_is_listed_once_whatever_it_is_called(scene: Scene) -> None:
    """What shows only in the account is told before a write, too, at the place of the second."""
    scene.account.apply(whole())
    id_ = scene.account.one("policies")["id"]

    for other in ({"live": "team.ztctl-prod"}, {"id": id_}):
        file = with_fields("applications", HOST, policies=["team", other])
        (problem,) = problems(scene.account, file)
        assert problem.endswith(" twice")


# -- what guards nothing --------------------------------------------------------------------

TILES: dict[str, File] = {
    "bookmark": {"domain": HOST, "logo_url": "https://example.com/logo.png"},
    "saas": {"saas_app": {"auth_type": "saml", "sp_entity_id": "sp", "consumer_service_url": "x"}},
    "dash_sso": {"saas_app": {"auth_type": "saml"}},
    "app_launcher": {"domain": "acme.cloudflareaccess.com"},
    "warp": {"domain": "acme.cloudflareaccess.com/warp"},
    "biso": {"domain": "acme.cloudflareaccess.com/browser"},
}


def tile(scene: Scene, kind: str, **fields: Any) -> str:
    """An application that guards nothing; its id."""
    body = {"type": kind, "name": HOST, **TILES[kind], **fields}
    return str(scene.account.call("POST", "{A}/access/apps", body)["id"])


@pytest.mark.parametrize("kind", TILES)
def test_f7_a_tile_is_in_nobodys_way(scene: Scene, kind: str) -> None:
    """The host gets its own application beside it, and the tile is as it was."""
    tile(scene, kind)
    before = snapshot(scene.account)

    plan = scene.account.plan(whole())
    carry_out(scene, plan)

    assert f"create access_application.{HOST}" in told(plan)
    assert not plan.refusals
    assert changed(before, scene.account) == []
    assert told(scene.account.plan(whole())) == []


@pytest.mark.parametrize("yes", [{}, {"adopt": True, "deletions": True}])
def test_f7_a_tile_with_our_mark_is_nobodys(scene: Scene, yes: File) -> None:
    """It is neither replaced nor deleted: the tag on it says nothing."""
    scene.account.call("POST", "{A}/access/tags", {"name": "ztctl-prod"})
    tile(scene, "bookmark", tags=["ztctl-prod"])
    before = snapshot(scene.account)

    plan = scene.account.plan(whole(), **yes)
    carry_out(scene, plan)

    assert f"create access_application.{HOST}" in told(plan)
    assert changed(before, scene.account) == []


@pytest.mark.parametrize("kind", TILES)
@pytest.mark.parametrize("tag", ["ztctl-prod", "ztctl-prod--protect"])
def test_f7_a_tile_with_our_mark_holds_up_no_destroy(scene: Scene, kind: str, tag: str) -> None:
    """All of ours goes but the tag, which the tile keeps: told, and gone once it is taken off."""
    file = whole()
    scene.account.apply(file)
    if tag not in [it["name"] for it in scene.account.everything()["tags"]]:
        scene.account.call("POST", "{A}/access/tags", {"name": tag})
    id_ = tile(scene, kind, tags=[tag])
    before = scene.account.one("apps", id=id_)

    outcome = scene.account.destroy(file)

    assert outcome.is_complete
    assert scene.account.one("apps", id=id_) == before
    plan = scene.account.plan_of(emptied(scene.account.declared(file), KINDS), deletions=True)
    assert (told(plan), refused(plan)) == ([], [])
    (warning,) = plan.warnings
    assert f"access_tag.{tag} stays: it is used by the Access application" in warning.summary
    scene.account.call("PUT", f"{{A}}/access/apps/{id_}", {**before, "tags": []})
    assert scene.account.destroy(file).is_complete
    assert scene.account.everything()["tags"] == []


def test_f7_an_application_of_two_stacks_keeps_both_tags(scene: Scene) -> None:
    """It is nobody's, and neither stack is held up by it, nor takes anything off it."""
    file = whole()
    scene.account.apply(file)
    scene.account.call("POST", "{A}/access/tags", {"name": "ztctl-other"})
    body = {"type": "self_hosted", "name": OTHER, "domain": OTHER}
    tags = ["ztctl-other", "ztctl-prod"]
    scene.account.call("POST", "{A}/access/apps", {**body, "tags": tags})

    outcome = scene.account.destroy(file)

    assert outcome.is_complete
    assert scene.account.one("apps")["tags"] == tags


@pytest.mark.parametrize("named", [{"name": HOST}, {"id": True}], ids=["name", "id"])
def test_f7_a_tile_cannot_be_removed(scene: Scene, named: File) -> None:
    """Not by its name and not by its id."""
    id_ = tile(scene, "bookmark")
    entry = {
        "address": "access_application.tile",
        **named,
        **({"id": id_} if "id" in named else {}),
    }

    assert told(scene.account.plan({"removed": [entry]}, deletions=True)) == []


def test_f7_a_tile_cannot_be_claimed(scene: Scene) -> None:
    """The id is live, and the object is of a type that no file declares."""
    id_ = tile(scene, "bookmark")

    (problem,) = problems(scene.account, with_fields("applications", HOST, id=id_))

    assert "of a type that cannot be declared" in problem


def test_f7_a_tile_is_not_meant_by_a_name(scene: Scene) -> None:
    """``{live: NAME}`` is the application that guards the host, not the link to it."""
    tile(scene, "bookmark")
    key = theirs(scene, HOST, HOST)
    rule = [{"linked_app_token": {"live": HOST}}]
    file = {"policies": {"linked": {"decision": "non_identity", "include": rule}}}

    scene.account.apply(file)

    assert key in str(scene.account.one("policies")["include"])


def test_f7_a_tile_gives_no_audience(scene: Scene) -> None:
    """A connector that checks tokens takes none of a bookmark on the same name."""
    aud = scene.account.call("GET", f"{{A}}/access/apps/{tile(scene, 'bookmark')}")["aud"]

    scene.account.apply(whole())

    assert aud not in str(scene.account.one("tunnel_configurations"))


# -- records that go ------------------------------------------------------------------------


def shown(plan: Plan, style: Literal["text", "json", "markdown"]) -> str:
    """The plan as a person or a machine reads it."""
    out = StringIO()
    make_view(
        style, stdout=out, stderr=StringIO(), color=False, quiet=False, terminal=False,
        redact=str, version="0",
    ).plan(plan)  # fmt: skip
    return out.getvalue()


@pytest.mark.parametrize(
    ("style", "counted"),
    [
        ("text", "Plan: 1 to adopt, 5 to add, 0 to change, 1 to destroy."),
        ("markdown", "Plan: 1 to adopt, 5 to add, 0 to change, 1 to destroy."),
        ("json", '"destroy": 1'),
    ],
)
def test_f3_every_record_that_goes_is_told(
    scene: Scene, style: Literal["text", "json", "markdown"], counted: str
) -> None:
    """A name with two stacks of addresses: the plan names and counts the one that vanishes."""
    scene.record(HOST, "192.0.2.1", type="A", comment="one")
    scene.record(HOST, "2001:db8::1", type="AAAA", comment="two")

    # Lines are broken between words, wherever that is.
    text = " ".join(shown(scene.account.plan(whole(), adopt=True), style).split())

    assert "192.0.2.1" in text
    assert f"deletes the AAAA record of {HOST} to 2001:db8::1, and its comment 'two'" in text
    assert counted in text


def test_f3_a_machine_gets_the_records_that_go_whole(scene: Scene) -> None:
    """Each with its id and its values, beside the one that is adopted."""
    scene.record(HOST, "192.0.2.1", type="A", comment="one")
    scene.record(HOST, "2001:db8::1", type="AAAA", comment="two")

    document = json.loads(shown(scene.account.plan(whole(), adopt=True), "json"))

    (entry,) = (item for item in document["resource_changes"] if item["type"] == "dns_record")
    ids = [entry["change"]["importing"]["id"], *(one["id"] for one in entry["displaced"])]
    assert sorted(ids) == sorted(
        record["id"] for record in scene.account.everything()["dns_records"]
    )
    assert [one["before"]["comment"] for one in entry["displaced"]] == ["two"]


# -- an application that hosts share --------------------------------------------------------


def sharing(key: str, *names: str, **fields: Any) -> File:
    """An application of this key, shared by hosts."""
    rule = {"tunnel": "pool", "service": "ssh://localhost:22", "application": key}
    return {
        "policies": whole()["policies"],
        "groups": whole()["groups"],
        "applications": {key: {"policies": ["team"], **fields}},
        "tunnels": {"pool": {}},
        "hosts": {name: {**rule, "ca_key": False} for name in names},
    }


@pytest.mark.parametrize(
    "key", ["portal.example.com", "*.dev.example.com", "portal.example.com/admin", "example.com"]
)
@pytest.mark.parametrize("fields", [{}, {"destinations": []}], ids=["absent", "empty"])
def test_f1_a_shared_application_keeps_what_its_key_names(
    scene: Scene, key: str, fields: File
) -> None:
    """What stood behind it before hosts shared it is as guarded as it was."""
    scene.record(key.partition("/")[0], "192.0.2.10", type="A")
    scene.account.apply(sharing(key, **fields))

    plan = scene.account.plan(sharing(key, HOST, **fields))
    carry_out(scene, plan)

    places = {item["uri"] for item in scene.account.one("apps")["destinations"]}
    assert places == {key, HOST}
    assert all(change.host == HOST for change in plan.access)


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("*.example.com", {}),
        ("all", {"destinations": ["h*.example.com"]}),
        ("all", {"domain": "*.example.com"}),
    ],
)
def test_f1_hosts_below_a_wildcard_take_no_place(scene: Scene, key: str, fields: File) -> None:
    """Two hundred of them share an application that takes five."""
    names = [f"h{number}.example.com" for number in range(200)]

    (wanted,) = scene.account.declared(sharing(key, *names, **fields)).of("access_application")

    assert wanted.values["destinations"] == [
        *fields.get("destinations", [fields.get("domain", key)])
    ]


# -- the last application is forgotten ------------------------------------------------------


def test_f3_the_last_application_can_be_forgotten(scene: Scene) -> None:
    """Its tag goes with it, since forgetting takes exactly that off."""
    file = whole()
    del file["ca_keys"]
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    scene.account.apply(file)
    del file["applications"]
    entry = {"address": f"access_application.{HOST}", "forget": True}

    plan = scene.account.plan({**file, "removed": [entry]})
    carry_out(scene, plan)

    assert told(plan) == [f"forget access_application.{HOST}", "delete access_tag.ztctl-prod"]
    assert scene.account.one("apps")["tags"] == []
    assert scene.account.everything()["tags"] == []
