"""Tags and groups, by the official SDK."""

from __future__ import annotations

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError

from .harness import EVERYONE, Sdk, drives, ids

TAGS = "{A}/access/tags"
GROUPS = "{A}/access/groups"


@drives(f"POST {TAGS}", f"GET {TAGS}/{{}}", f"PUT {TAGS}/{{}}", f"DELETE {TAGS}/{{}}")
def test_life_of_a_tag(sdk: Sdk) -> None:
    """A tag is created, read, renamed and deleted, whatever its name holds."""
    tags = sdk.access.tags
    made = tags.create(account_id=sdk.account, name="team a/b é")
    read = tags.get("team a/b é", account_id=sdk.account)
    renamed = tags.update("team a/b é", account_id=sdk.account, name="team")
    gone = tags.delete("team", account_id=sdk.account)

    assert (made.name, read.name, renamed.name) == ("team a/b é", "team a/b é", "team")
    assert gone.name == "team"
    with pytest.raises(NotFoundError):
        tags.get("team", account_id=sdk.account)


@drives(f"GET {TAGS}")
def test_pages_of_tags(sdk: Sdk) -> None:
    """The SDK walks over all pages of tags."""
    wanted = {f"tag-{number}" for number in range(7)}
    for name in sorted(wanted):
        sdk.access.tags.create(account_id=sdk.account, name=name)

    listed = sdk.access.tags.list(account_id=sdk.account, per_page=2)
    assert {tag.name for tag in listed} == wanted


def test_refused_tags(sdk: Sdk) -> None:
    """A long name is a bad request, a second tag of the name a conflict."""
    tags = sdk.access.tags
    tags.create(account_id=sdk.account, name="ztctl")

    with pytest.raises(BadRequestError) as refused:
        tags.create(account_id=sdk.account, name="x" * 36)
    assert refused.value.errors[0].code == 12130
    with pytest.raises(ConflictError):
        tags.create(account_id=sdk.account, name="ztctl")


@drives(f"POST {GROUPS}", f"GET {GROUPS}/{{}}", f"PUT {GROUPS}/{{}}", f"DELETE {GROUPS}/{{}}")
def test_life_of_a_group(sdk: Sdk) -> None:
    """A group of all sorts of rules is created, read, replaced and deleted."""
    groups = sdk.access.groups
    include = [
        {"email": {"email": "a@example.com"}},
        {"email_domain": {"domain": "example.com"}},
        {"ip": {"ip": "192.0.2.0/24"}},
        {"geo": {"country_code": "PT"}},
        {"auth_method": {"auth_method": "mfa"}},
    ]
    made = groups.create(
        account_id=sdk.account, name="ops", include=include, require=[EVERYONE], exclude=[]
    )
    read = groups.get(made.id, account_id=sdk.account)
    changed = groups.update(made.id, account_id=sdk.account, name="dev", include=[EVERYONE])
    gone = groups.delete(made.id, account_id=sdk.account)

    assert (read.name, len(read.include), len(read.require)) == ("ops", 5, 1)
    assert (changed.name, len(changed.include), changed.require or []) == ("dev", 1, [])
    assert gone.id == made.id


@drives(f"GET {GROUPS}")
def test_pages_of_groups(sdk: Sdk) -> None:
    """The SDK walks over all pages of groups, and filters by name."""
    groups = sdk.access.groups
    made = [
        groups.create(account_id=sdk.account, name=f"group {number}", include=[EVERYONE])
        for number in range(7)
    ]

    assert ids(groups.list(account_id=sdk.account, per_page=2)) == {one.id for one in made}
    assert ids(groups.list(account_id=sdk.account, name="group 3")) == {made[3].id}
    assert ids(groups.list(account_id=sdk.account, search="GROUP 4")) == {made[4].id}


def test_refused_groups(sdk: Sdk) -> None:
    """An unknown rule is a bad request, deleting a group in use a conflict."""
    groups = sdk.access.groups
    inner = groups.create(account_id=sdk.account, name="inner", include=[EVERYONE])
    groups.create(account_id=sdk.account, name="outer", include=[{"group": {"id": inner.id}}])

    with pytest.raises(BadRequestError):
        groups.create(account_id=sdk.account, name="bad", include=[{"shoe_size": {"size": 44}}])
    with pytest.raises(ConflictError):
        groups.delete(inner.id, account_id=sdk.account)
    with pytest.raises(NotFoundError) as missing:
        groups.get("6a1b5c9e-0000-4000-8000-000000000000", account_id=sdk.account)
    assert missing.value.errors[0].code == 12152
