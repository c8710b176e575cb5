"""What an account has once: asked of a real account only where that was asked for.

Source: Cloudflare OpenAPI description, July 2026; documentation of Access for Infrastructure.
"""

from __future__ import annotations

import base64

import pytest

from .service import UUID, Service

CA = "{A}/access/gateway_ca"
SSH = "{A}/gateway/audit_ssh_settings"


@pytest.fixture
def no_ca(service: Service) -> Service:
    """An account without a Gateway CA, on which one may be made."""
    if not service.place.singletons or service.get(CA).result:
        pytest.skip("the account's Gateway CA is not ours to make")
    return service


def test_gateway_ca(no_ca: Service) -> None:
    """The one CA is created with 200, listed on one page, and deleted with 200."""
    created = no_ca.post(CA)
    listed = no_ca.get(CA).result
    deleted = no_ca.delete(f"{CA}/{created.result['id']}")

    assert created.status == 200
    assert created.result["public_key"].endswith(" open-ssh-ca@cloudflareaccess.org")
    assert [(one["id"], one["public_key"]) for one in listed] == [
        (created.result["id"], created.result["public_key"])
    ]
    assert (deleted.status, no_ca.get(CA).result) == (200, [])


def test_ssh_log_key(sandbox_service: Service) -> None:
    """The log key is replaced, and its seed rotated: never asked of a real account."""
    key = base64.b64encode(bytes(range(32))).decode()
    put = sandbox_service.put(SSH, {"public_key": key}).result
    rotated = sandbox_service.call("POST", f"{SSH}/rotate_seed").result

    assert (put["public_key"], rotated["public_key"]) == (key, key)
    assert UUID.fullmatch(put["seed_id"])
    assert rotated["seed_id"] != put["seed_id"]
