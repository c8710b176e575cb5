"""Service tokens."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .api import Api

PATH = "{A}/access/service_tokens"


@pytest.fixture
def made(api: Api) -> Any:
    """A service token as its creation showed it."""
    return api.post(PATH, {"name": "ci"}).result


def test_secret_is_shown_once(api: Api, made: Any) -> None:
    """POST shows id, client id and secret; a read shows no secret."""
    assert re.fullmatch(r"[0-9a-f]{32}\.access", made["client_id"])
    assert re.fullmatch(r"[0-9a-f]{64}", made["client_secret"])
    read = api.get(f"{PATH}/{made['id']}").result
    assert "client_secret" not in read
    assert made["client_secret"] not in str(api.sandbox.export())


def test_duration_defaults_to_a_year(made: Any) -> None:
    """A token without a duration lasts 8760h, and says when it ends."""
    assert made["duration"] == "8760h"
    assert made["expires_at"][:4] == "2027"


def test_token_may_last_forever(api: Api) -> None:
    """A token that lasts forever ends in a hundred years."""
    made = api.post(PATH, {"name": "a", "duration": "forever"}).result

    assert (made["duration"], made["expires_at"][:4]) == ("forever", "2126")


def test_put_merges_and_moves_the_end(api: Api, made: Any) -> None:
    """PUT with a duration moves the end and shows no secret."""
    body = {"name": "ci", "duration": "17520h"}
    changed = api.put(f"{PATH}/{made['id']}", body).result

    assert changed["expires_at"][:4] == "2028"
    assert "client_secret" not in changed


def test_raising_the_version_rotates(api: Api, made: Any) -> None:
    """PUT with a higher version shows a new secret; a lower one is refused."""
    body = {"name": "ci", "client_secret_version": 2}
    rotated = api.put(f"{PATH}/{made['id']}", body).result

    assert rotated["client_secret"] != made["client_secret"]
    assert api.put(f"{PATH}/{made['id']}", {**body, "client_secret_version": 1}).status == 400


def test_rotation_and_refresh(api: Api, made: Any) -> None:
    """Rotate shows a new secret and counts; refresh shows none and moves the end."""
    rotated = api.post(f"{PATH}/{made['id']}/rotate").result
    refreshed = api.post(f"{PATH}/{made['id']}/refresh").result

    assert (rotated["client_secret_version"], "client_secret" in rotated) == (2, True)
    assert "client_secret" not in refreshed
    assert refreshed["expires_at"] > made["expires_at"]


def test_deletion_answers_200(api: Api, made: Any) -> None:
    """Deleting a service token answers 200, unlike the rest of Access."""
    assert api.delete(f"{PATH}/{made['id']}").status == 200
    assert api.get(f"{PATH}/{made['id']}").status == 404


def test_names_may_repeat(api: Api, made: Any) -> None:
    """Two tokens may have one name; the filters find them."""
    again = api.post(PATH, {"name": made["name"]}).result

    listed = api.get(f"{PATH}?name=ci&search=C").result
    assert [one["id"] for one in listed] == [made["id"], again["id"]]


@pytest.mark.parametrize("body", [{}, {"name": "a", "duration": "year"}, {"name": ["a"]}])
def test_wrong_tokens_are_refused(api: Api, body: Any) -> None:
    """A wrong body answers 400/12130."""
    assert api.post(PATH, body).error == (400, 12130)


def test_old_secret_ends_at_once_unless_told(api: Api, made: Any) -> None:
    """Rotation says when the old secret ends: now, or at the instant that was sent."""
    path = f"{PATH}/{made['id']}/rotate"
    member, later = "previous_client_secret_expires_at", "2027-01-01T01:00:00+01:00"

    assert api.post(path).result[member] < "2026-07-02"
    assert api.post(path, {member: later}).result[member] == "2027-01-01T00:00:00Z"
    assert api.post(path, {member: "later"}).error == (400, 12130)


def test_no_secret_is_read_or_exported(api: Api, made: Any) -> None:
    """Neither the secret nor the one before it is in a read or in the export."""
    rotated = api.post(f"{PATH}/{made['id']}/rotate").result
    shown = str([api.get(PATH).body, api.get(f"{PATH}/{made['id']}").body, api.sandbox.export()])

    assert made["client_secret"] not in shown
    assert rotated["client_secret"] not in shown
