"""Promises about creating: nothing is made twice, and what a lost answer means."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.calls import CallFailed

from .replay import LOST, Fails, kind, play
from .samples import APP, APPLICATION, APPS, CA, GROUP, POLICY, PRIVATE, RULES, TUNNEL, values

# The kind, what is written, what creates it, what a list then holds of it.
CREATED: list[Any] = [
    (
        "access_tag",
        {"name": "ztctl-prod"},
        "POST /accounts/{account}/access/tags",
        {"name": "ztctl-prod"},
        "ztctl-prod",
    ),
    (
        "access_group",
        {**RULES, "name": GROUP["name"]},
        "POST /accounts/{account}/access/groups",
        GROUP,
        "g-1",
    ),
    ("access_policy", RULES, "POST /accounts/{account}/access/policies", POLICY, "p-1"),
    ("access_application", APPLICATION, f"POST {APPS}", APP, "a-1"),
    ("tunnel", {"name": TUNNEL["name"]}, "POST /accounts/{account}/cfd_tunnel", TUNNEL, "t-1"),
]
SEVERAL = pytest.mark.parametrize(("name", "written", "post", "raw", "id"), CREATED)


@SEVERAL
def test_an_answered_creation_is_one_call(
    name: str, written: Any, post: str, raw: Any, id: str
) -> None:
    """Nothing is looked up when the service answers."""
    played = play(kind(name).create_once(written), raw)

    assert [str(call) for call in played.calls] == [post]
    assert played.result.id == id


@SEVERAL
def test_what_was_made_without_an_answer_is_not_made_twice(
    name: str, written: Any, post: str, raw: Any, id: str
) -> None:
    """After a lost answer the object is looked up, and found."""
    played = play(kind(name).create_once(written), LOST, [raw])

    assert played.writes == [post]
    assert played.result.id == id


@SEVERAL
def test_what_was_not_made_is_made_after_a_look(
    name: str, written: Any, post: str, raw: Any, id: str
) -> None:
    """A lost answer to a write that was never done costs one look and one more write."""
    stranger = {**raw, "id": "x", "name": "somebody else's"}

    played = play(kind(name).create_once(written), LOST, [stranger], raw)

    assert [call.method for call in played.calls] == ["POST", "GET", "POST"]
    assert played.result.id == id


@SEVERAL
def test_a_refused_creation_is_told(name: str, written: Any, post: str, raw: Any, id: str) -> None:
    """What the service refuses is neither looked up nor tried again."""
    with pytest.raises(CallFailed) as failed:
        play(kind(name).create_once(written), Fails(400, 12130))

    assert failed.value.status == 400


@pytest.mark.parametrize("answer", [None, [], {}, "created", {"id": None}, {"id": 7}])
@pytest.mark.parametrize("name", ["access_group", "access_policy", "access_application", "tunnel"])
def test_an_answer_without_an_object_is_a_lost_one(name: str, answer: Any) -> None:
    """Success that holds nothing says nothing: the object is looked up."""
    (_, written, post, raw, id) = next(row for row in CREATED if row[0] == name)

    played = play(kind(name).create_once(written), answer, [raw])

    assert played.writes == [post]
    assert played.result.id == id


def test_a_found_application_stands_on_the_same_domain() -> None:
    """One of the same name elsewhere is another one."""
    other = {**APP, "id": "x", "domain": "other.example.com"}

    assert play(kind("access_application").find(APPLICATION), [other]).result is None


@pytest.mark.parametrize(("found", "id"), [(PRIVATE, "a-1"), (APP, None)])
def test_an_application_without_a_domain_is_found_too(found: Any, id: str | None) -> None:
    """One that stands before a private network is known by all of its destinations."""
    written = values(
        "access_application",
        "ssh.example.com",
        destinations=[{"cidr": "10.0.0.0/8", "l4_protocol": "tcp"}],
    )

    result = play(kind("access_application").find(written), [found]).result

    assert (result.id if result else None) == id


@pytest.mark.parametrize(
    "told", [Fails(409), Fails(400, 12132, "access.api.error.resource_already_exists: tag")]
)
def test_a_tag_that_exists_is_made(told: Fails) -> None:
    """Another run may have been faster; the status says it, or the text."""
    assert play(kind("access_tag").create({"name": "blue"}), told).result.id == "blue"


@pytest.mark.parametrize(
    ("answers", "writes"),
    [
        ((CA,), 1),
        ((Fails(409), CA), 1),
        ((LOST, CA), 1),
        ((LOST, None, CA), 2),
        ((None, CA), 1),
    ],
)
def test_an_application_gets_one_certificate_authority(answers: Any, writes: int) -> None:
    """One that is there is taken, one whose answer was lost is looked up."""
    played = play(kind("ca_key").create_once({"application": "a-1"}), *answers)

    assert played.writes == [f"POST {APPS}/a-1/ca"] * writes
    assert played.calls[0].body is None
    assert played.result.attribute("public_key") == CA["public_key"]
