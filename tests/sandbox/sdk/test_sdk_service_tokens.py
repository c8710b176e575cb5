"""Service tokens, by the official SDK."""

from __future__ import annotations

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError

from .harness import Sdk, drives, ids

TOKENS = "{A}/access/service_tokens"
ONE = f"{TOKENS}/{{}}"


@drives(f"POST {TOKENS}", f"GET {ONE}", f"PUT {ONE}", f"DELETE {ONE}")
def test_life_of_a_service_token(sdk: Sdk) -> None:
    """A service token is created with its secret, read without, changed and deleted."""
    tokens = sdk.access.service_tokens
    made = tokens.create(account_id=sdk.account, name="ci", duration="17520h")
    read = tokens.get(made.id, account_id=sdk.account)
    changed = tokens.update(made.id, account_id=sdk.account, name="cd", duration="8760h")
    gone = tokens.delete(made.id, account_id=sdk.account)

    assert len(made.client_secret) == 64
    assert (read.client_id, "client_secret" in read.to_dict()) == (made.client_id, False)
    assert (changed.name, changed.expires_at < read.expires_at) == ("cd", True)
    assert gone.id == made.id


@drives(f"GET {TOKENS}")
def test_pages_of_service_tokens(sdk: Sdk) -> None:
    """The SDK walks over all pages of service tokens, and filters by name."""
    tokens = sdk.access.service_tokens
    made = [tokens.create(account_id=sdk.account, name=f"ci {number}") for number in range(7)]

    assert ids(tokens.list(account_id=sdk.account, per_page=2)) == ids(made)
    assert ids(tokens.list(account_id=sdk.account, name="ci 3")) == {made[3].id}
    assert ids(tokens.list(account_id=sdk.account, search="CI 4")) == {made[4].id}


@drives(f"POST {ONE}/refresh", f"POST {ONE}/rotate", f"PUT {ONE}")
def test_secrets(sdk: Sdk) -> None:
    """Refreshing keeps the secret; rotating makes a new one, and so does a raised version."""
    tokens = sdk.access.service_tokens
    made = tokens.create(account_id=sdk.account, name="ci")
    refreshed = tokens.refresh(made.id, account_id=sdk.account)
    rotated = tokens.rotate(made.id, account_id=sdk.account)
    raised = tokens.update(made.id, account_id=sdk.account, client_secret_version=3).to_dict()

    assert (refreshed.client_id, "client_secret" in refreshed.to_dict()) == (made.client_id, False)
    secrets = {made.client_secret, rotated.client_secret, raised["client_secret"]}
    assert len(secrets) == 3


def test_refused_service_tokens(sdk: Sdk) -> None:
    """A wrong duration is a bad request, deleting a token in use a conflict."""
    tokens = sdk.access.service_tokens
    used = tokens.create(account_id=sdk.account, name="ci", duration="forever")
    rule = {"service_token": {"token_id": used.id}}
    sdk.access.groups.create(account_id=sdk.account, name="robots", include=[rule])

    with pytest.raises(BadRequestError):
        tokens.create(account_id=sdk.account, name="ci", duration="a year")
    with pytest.raises(ConflictError):
        tokens.delete(used.id, account_id=sdk.account)
    with pytest.raises(NotFoundError):
        tokens.get(sdk.tunnel().id, account_id=sdk.account)
