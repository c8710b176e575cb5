"""The certificate authority of the account."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from .api import Api

PATH = "{A}/access/gateway_ca"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(params=["api", "awkward"])
def either(request: pytest.FixtureRequest) -> Api:
    """A client of an account of either spelling."""
    client: Api = request.getfixturevalue(request.param)
    return client


def test_fresh_account_has_none(either: Api) -> None:
    """Before it is made the list is empty and comes without pages."""
    answer = either.get(PATH)

    assert (answer.status, answer.result) == (200, [])
    assert "result_info" not in answer.body


def test_new_authority_has_a_real_key(either: Api) -> None:
    """POST without a body answers 200 with an id and a P-256 key that OpenSSH reads."""
    answer = either.post(PATH)
    key = load_ssh_public_key(answer.result["public_key"].encode())

    assert (answer.status, set(answer.result)) == (200, {"id", "public_key"})
    assert answer.result["public_key"].endswith(" open-ssh-ca@cloudflareaccess.org")
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert either.get(PATH).result == [answer.result]


def test_second_authority_is_refused(either: Api) -> None:
    """POST when one exists answers 409, says which case it is, and keeps the key."""
    first = either.post(PATH).result
    second = either.post(PATH)

    assert second.status == 409
    assert second.message == "access.api.error.gateway_ca_already_exists"
    assert either.get(PATH).result == [first]


def test_deletion_makes_room_for_another_key(either: Api) -> None:
    """DELETE answers 200 with the id; the next POST makes a different key."""
    first = either.post(PATH).result
    gone = either.delete(f"{PATH}/{first['id']}")

    assert (gone.status, gone.result) == (200, {"id": first["id"]})
    assert either.post(PATH).result["public_key"] != first["public_key"]


def test_unknown_authority_is_refused(api: Api) -> None:
    """An unknown id answers 404, and one that cannot be an id 404/7003."""
    assert api.delete(f"{PATH}/{UNKNOWN}").status == 404
    assert api.delete(f"{PATH}/x").error == (404, 7003)


def test_private_key_stays_inside(api: Api) -> None:
    """Neither a read nor the export holds the private key."""
    api.post(PATH)

    assert "PRIVATE" not in json.dumps([api.get(PATH).body, api.sandbox.export()])


@pytest.mark.parametrize(("permission", "status"), [("Read", 403), ("Write", 200), ("Edit", 200)])
def test_writing_needs_its_permission(api: Api, permission: str, status: int) -> None:
    """A token that only reads is refused the writes."""
    api.sandbox.define_token("token", [f"Access: SSH Auditing {permission}"])

    assert api.get(PATH).status == 200
    assert api.post(PATH).status == status
