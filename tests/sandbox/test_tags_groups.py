"""Tags, groups, identity providers, the organisation, zones."""

from __future__ import annotations

import pytest

from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox

from .api import EVERYONE, Api

OPS = [{"email_domain": {"domain": "example.com"}}]


def test_new_tag_is_used_by_nobody(api: Api) -> None:
    """A new tag answers 201 with its name, times and an app_count of 0."""
    answer = api.post("{A}/access/tags", {"name": "prod"})

    assert answer.status == 201
    assert set(answer.result) == {"name", "app_count", "created_at", "updated_at"}
    assert answer.result["app_count"] == 0


def test_tag_counts_its_applications(api: Api) -> None:
    """A tag's app_count follows the applications that carry it."""
    api.post("{A}/access/tags", {"name": "prod"})
    app = api.app(tags=["prod"])

    assert api.get("{A}/access/tags/prod").result["app_count"] == 1
    api.delete(f"{{A}}/access/apps/{app['id']}")
    assert api.get("{A}/access/tags/prod").result["app_count"] == 0


def test_tag_is_not_created_twice(api: Api) -> None:
    """A second tag of the name answers 409 resource_already_exists."""
    api.post("{A}/access/tags", {"name": "prod"})

    again = api.post("{A}/access/tags", {"name": "prod"})
    assert again.status == 409
    assert "resource_already_exists" in again.message


@pytest.mark.parametrize(("length", "status"), [(35, 201), (36, 400)])
def test_tag_names_end_at_35(api: Api, length: int, status: int) -> None:
    """A tag's name has at most 35 characters."""
    assert api.post("{A}/access/tags", {"name": "x" * length}).status == status


def test_tag_name_travels_percent_encoded(api: Api) -> None:
    """A tag with a slash and a space is read by its encoded name."""
    api.post("{A}/access/tags", {"name": "a/b c"})

    assert api.get("{A}/access/tags/a%2Fb%20c").result["name"] == "a/b c"


def test_tag_in_use_stays(api: Api) -> None:
    """A tag that an application carries is neither deleted nor renamed."""
    api.post("{A}/access/tags", {"name": "prod"})
    api.app(tags=["prod"])

    assert api.delete("{A}/access/tags/prod").status == 409
    assert api.put("{A}/access/tags/prod", {"name": "new"}).status == 409


def test_no_tag_holds_a_dot(api: Api) -> None:
    """A name with a dot is refused, for a new tag and for an old one."""
    api.post("{A}/access/tags", {"name": "old"})

    assert api.post("{A}/access/tags", {"name": "a.b"}).error == (400, 12130)
    assert api.put("{A}/access/tags/old", {"name": "a.b"}).error == (400, 12130)


def test_unused_tag_is_renamed(api: Api) -> None:
    """Renaming moves a tag to its new name."""
    api.post("{A}/access/tags", {"name": "old"})

    assert api.put("{A}/access/tags/old", {"name": "new"}).result["name"] == "new"
    assert api.get("{A}/access/tags/old").status == 404


def test_deleted_tag_answers_its_name(api: Api) -> None:
    """Deleting a tag answers 202 with its name, and a second time 404."""
    api.post("{A}/access/tags", {"name": "prod"})

    gone = api.delete("{A}/access/tags/prod")
    assert (gone.status, gone.result) == (202, {"name": "prod"})
    assert api.delete("{A}/access/tags/prod").status == 404


def test_group_comes_back_with_all_rule_lists(api: Api) -> None:
    """A group that was sent with include alone shows exclude and require as empty."""
    group = api.group(include=OPS)

    assert (group["include"], group["exclude"], group["require"]) == (OPS, [], [])


def test_is_default_is_taken_and_not_shown(api: Api) -> None:
    """`is_default` is a known field that a read does not show."""
    body = {"name": "a", "include": OPS, "is_default": True}

    assert "is_default" not in api.post("{A}/access/groups", body).result
    assert api.sandbox.ignored == []


def test_group_is_replaced_whole(api: Api) -> None:
    """PUT without exclude empties it; id and creation time stay."""
    old = api.post("{A}/access/groups", {"name": "a", "include": OPS, "exclude": EVERYONE}).result

    new = api.put(f"{{A}}/access/groups/{old['id']}", {"name": "b", "include": OPS}).result
    assert (new["name"], new["exclude"]) == ("b", [])
    assert (new["id"], new["created_at"]) == (old["id"], old["created_at"])
    assert new["updated_at"] != old["updated_at"]


def test_group_names_may_repeat(api: Api) -> None:
    """Two groups may have one name; the name filter finds both."""
    api.group("ops"), api.group("ops"), api.group("ops-2")

    assert len(api.get("{A}/access/groups?name=ops").result) == 2
    assert len(api.get("{A}/access/groups?search=OPS").result) == 3


def test_group_in_a_policy_stays(api: Api) -> None:
    """A group that a policy refers to answers 409, and goes once nobody refers to it."""
    group = api.group()
    policy = api.policy(include=[{"group": {"id": group["id"]}}])

    assert api.delete(f"{{A}}/access/groups/{group['id']}").status == 409
    api.delete(f"{{A}}/access/policies/{policy['id']}")
    gone = api.delete(f"{{A}}/access/groups/{group['id']}")
    assert (gone.status, gone.result) == (202, {"id": group["id"]})


def test_group_in_a_group_stays(api: Api) -> None:
    """A group that another group contains answers 409."""
    inner = api.group("inner")
    api.group("outer", [{"group": {"id": inner["id"]}}])

    assert api.delete(f"{{A}}/access/groups/{inner['id']}").status == 409


def test_groups_cannot_form_a_cycle(api: Api) -> None:
    """A group that would contain itself through another is refused and stays as it was."""
    inner = api.group("inner")
    outer = api.group("outer", [{"group": {"id": inner["id"]}}])
    body = {"name": "inner", "include": [{"group": {"id": outer["id"]}}]}

    assert api.put(f"{{A}}/access/groups/{inner['id']}", body).status == 400
    assert api.get(f"{{A}}/access/groups/{inner['id']}").result == inner


def test_unknown_group_has_its_code(api: Api) -> None:
    """An unknown group answers 404 with code 12152."""
    unknown = "00000000-0000-4000-8000-000000000000"

    assert api.get(f"{{A}}/access/groups/{unknown}").error == (404, 12152)


def test_three_identity_providers_are_there(api: Api) -> None:
    """Okta, Google Workspace and the one-time PIN are seeded, the last without a name."""
    seen = [(one["type"], one["name"]) for one in api.get("{A}/access/identity_providers").result]

    assert seen == [("okta", "Okta"), ("google-apps", "Google Workspace"), ("onetimepin", "")]


def test_one_identity_provider_is_read_by_id(api: Api) -> None:
    """An identity provider is read by its id."""
    first = api.get("{A}/access/identity_providers").result[0]

    assert api.get(f"{{A}}/access/identity_providers/{first['id']}").result == first


def test_organisation_names_the_team(api: Api) -> None:
    """The organisation's auth_domain is the team's."""
    organisation = api.get("{A}/access/organizations").result

    assert organisation["auth_domain"] == "acme.cloudflareaccess.com"


def test_zones_are_found_by_name(api: Api) -> None:
    """A zone is found by name, with its plan, and read by id."""
    (zone,) = api.get("/zones?name=example.com&status=active").result

    assert zone["plan"]["legacy_id"] == "free"
    assert api.get(f"/zones/{zone['id']}").result == zone


def test_zones_are_filtered_by_account(api: Api) -> None:
    """Filters join by all, or by any when asked."""
    other = "0" * 32

    assert api.get(f"/zones?name=example.com&account.id={other}").result == []
    assert len(api.get(f"/zones?name=example.com&account.id={other}&match=any").result) == 1


def test_zones_are_ordered_when_asked() -> None:
    """Zones come in the order asked for."""
    api = Api(Sandbox.create(zones=("b.example", "a.example", ZoneSeed("c.example", "pro"))))

    names = [zone["name"] for zone in api.get("/zones?order=name&direction=desc").result]
    assert names == ["c.example", "b.example", "a.example"]
    assert api.get("/zones?order=colour").status == 400
