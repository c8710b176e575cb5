"""Policies of one application, and CAs of applications."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from .api import EVERYONE, Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"
INLINE: dict[str, Any] = {"name": "inline", "decision": "allow", "include": EVERYONE}


@pytest.fixture
def app(api: Api) -> str:
    """The path of an application."""
    return f"{{A}}/access/apps/{api.app()['id']}"


def test_inline_policy_belongs_to_its_application(api: Api) -> None:
    """An inline policy shows in its application and not among the reusable ones."""
    app = api.app(policies=[INLINE])

    (policy,) = app["policies"]
    assert (policy["reusable"], policy["precedence"]) == (False, 1)
    assert api.get("{A}/access/policies").result == []
    assert api.get(f"{{A}}/access/policies/{policy['id']}").status == 404


def test_inline_policy_left_out_is_deleted(api: Api) -> None:
    """An inline policy that a PUT leaves out is gone; one sent back with its id stays."""
    app = api.app("ssh.example.com", policies=[INLINE, {**INLINE, "name": "second"}])
    kept = app["policies"][1]
    body = {"type": "self_hosted", "name": "a", "domain": "ssh.example.com"}
    path = f"{{A}}/access/apps/{app['id']}"
    new = api.put(path, {**body, "policies": [{**INLINE, "id": kept["id"]}]}).result

    assert [(one["id"], one["name"]) for one in new["policies"]] == [(kept["id"], "inline")]
    assert api.get(f"{path}/policies/{app['policies'][0]['id']}").status == 404


def test_inline_policy_of_another_application_is_unknown(api: Api) -> None:
    """An application cannot link another one's policy."""
    other = api.app("other.example.com", policies=[INLINE])["policies"][0]
    body = {
        "type": "self_hosted",
        "name": "a",
        "domain": "ssh.example.com",
        "policies": [other["id"]],
    }

    assert api.post("{A}/access/apps", body).error == (400, 12130)


def test_policies_are_added_at_the_end(api: Api, app: str) -> None:
    """A policy posted to an application comes last and answers 201."""
    first, second = (api.post(f"{app}/policies", INLINE) for _ in range(2))

    assert (first.status, first.result["precedence"], second.result["precedence"]) == (201, 1, 2)
    listed = api.get(f"{app}/policies").result
    assert [one["id"] for one in listed] == [first.result["id"], second.result["id"]]


def test_posted_precedence_must_be_free(api: Api, app: str) -> None:
    """A precedence that is taken is refused, and the policy is not kept."""
    api.post(f"{app}/policies", {**INLINE, "precedence": 3})

    assert api.post(f"{app}/policies", {**INLINE, "precedence": 3}).error == (400, 12130)
    assert len(api.get(f"{app}/policies").result) == 1


def test_own_policy_is_changed_and_deleted(api: Api, app: str) -> None:
    """An application's own policy is replaced and deleted under its path."""
    policy = api.post(f"{app}/policies", INLINE).result
    path = f"{app}/policies/{policy['id']}"

    assert api.put(path, {**INLINE, "name": "new", "precedence": 9}).result["precedence"] == 9
    assert api.get(path).result["name"] == "new"
    assert api.delete(path).status == 202
    assert api.get(path).status == 404


def test_reusable_policy_is_not_changed_through_an_application(api: Api) -> None:
    """PUT under an application refuses a reusable policy; DELETE only detaches it."""
    policy = api.policy()
    app = api.app(policies=[policy["id"]])
    path = f"{{A}}/access/apps/{app['id']}/policies/{policy['id']}"

    assert api.put(path, INLINE).status == 400
    assert api.delete(path).status == 202
    assert api.get(f"{{A}}/access/policies/{policy['id']}").result["app_count"] == 0


def test_own_policy_can_be_made_reusable(api: Api, app: str) -> None:
    """After make_reusable the same id lives among the reusable policies, still attached."""
    policy = api.post(f"{app}/policies", INLINE).result

    assert api.put(f"{app}/policies/{policy['id']}/make_reusable").result["reusable"] is True
    shared = api.get(f"{{A}}/access/policies/{policy['id']}").result
    assert (shared["name"], shared["app_count"]) == ("inline", 1)


def test_policies_go_with_their_application(api: Api, app: str) -> None:
    """Deleting an application deletes its own policies and lets go of a group they used."""
    group = api.group()
    body = {**INLINE, "include": [{"group": {"id": group["id"]}}]}
    api.post(f"{app}/policies", body)
    api.delete(app)

    assert api.delete(f"{{A}}/access/groups/{group['id']}").status == 202


def test_ca_has_a_real_key(api: Api, app: str) -> None:
    """A new CA answers 200 with an ECDSA P-256 key in OpenSSH form, joined by aud."""
    answer = api.post(f"{app}/ca")
    kind, key, comment = answer.result["public_key"].split(" ")
    loaded = load_ssh_public_key(answer.result["public_key"].encode())

    assert (answer.status, kind, comment) == (
        200,
        "ecdsa-sha2-nistp256",
        "open-ssh-ca@cloudflareaccess.org",
    )
    assert base64.b64decode(key, validate=True)
    assert isinstance(loaded, EllipticCurvePublicKey)
    assert loaded.curve.name == "secp256r1"
    assert answer.result["aud"] == api.get(app).result["aud"]


def test_ca_shows_neither_private_key_nor_application(api: Api, app: str) -> None:
    """A CA is id, aud and public key, nothing else, with an id of 48 hex digits."""
    created = api.post(f"{app}/ca").result

    assert set(created) == {"id", "aud", "public_key"}
    assert re.fullmatch(r"[0-9a-f]{48}", created["id"])
    assert api.get(f"{app}/ca").result == created
    assert api.get("{A}/access/apps/ca").result == [created]


def test_ca_is_created_once(api: Api, app: str) -> None:
    """A second POST answers 409 and leaves the key as it is."""
    created = api.post(f"{app}/ca").result

    assert api.post(f"{app}/ca").status == 409
    assert api.get(f"{app}/ca").result == created


def test_missing_ca_is_404(api: Api, app: str) -> None:
    """Without a CA the answer is 404, and so is its deletion."""
    assert api.get(f"{app}/ca").status == 404
    assert api.delete(f"{app}/ca").status == 404
    assert api.get(f"{{A}}/access/apps/{UNKNOWN}/ca").error == (404, 11021)


def test_new_ca_has_another_key(api: Api, app: str) -> None:
    """DELETE answers 202, and the next POST makes a different key."""
    old = api.post(f"{app}/ca").result

    assert api.delete(f"{app}/ca").status == 202
    assert api.post(f"{app}/ca").result["public_key"] != old["public_key"]


def test_ca_goes_with_its_application(api: Api, app: str) -> None:
    """Deleting an application deletes its CA."""
    api.post(f"{app}/ca")
    api.delete(app)

    assert api.get("{A}/access/apps/ca").result == []


def test_an_application_may_link_itself(api: Api) -> None:
    """A policy of its own that asks for its own token is no reason to keep an application."""
    path = f"{{A}}/access/apps/{api.app()['id']}"
    include = [{"linked_app_token": {"app_uid": path.rpartition("/")[2]}}]
    body = {"name": "own", "decision": "non_identity", "include": include}

    assert api.post(f"{path}/policies", body).status == 201
    assert api.delete(path).status == 202
