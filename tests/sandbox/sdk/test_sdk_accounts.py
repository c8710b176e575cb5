"""Accounts and the verification of tokens, by the official SDK."""

from __future__ import annotations

import pytest
from cloudflare import AuthenticationError, PermissionDeniedError

from .harness import Sdk, client, drives


@drives("GET /accounts", "GET /accounts/{}")
def test_account_is_found(sdk: Sdk) -> None:
    """The one account is listed, by its name too, and read."""
    (listed,) = sdk.client.accounts.list(name="Acme")
    read = sdk.client.accounts.get(account_id=sdk.account)

    assert read is not None
    assert (listed.id, read.id, read.name) == (sdk.account, sdk.account, "Acme")
    assert list(sdk.client.accounts.list(name="Other")) == []


@drives("GET /user/tokens/verify", "GET {A}/tokens/verify")
def test_token_is_verified(sdk: Sdk) -> None:
    """A token is active, by whichever of the two calls it is verified."""
    user = sdk.client.user.tokens.verify()
    account = sdk.client.accounts.tokens.verify(account_id=sdk.account)

    assert user is not None
    assert account is not None
    assert (user.status, account.status, user.id) == ("active", "active", account.id)


def test_unknown_token(sdk: Sdk) -> None:
    """A token that is not among the defined ones is refused with 401."""
    sdk.sandbox.define_token("known", ["DNS Read"])

    with pytest.raises(AuthenticationError) as refused:
        sdk.client.user.tokens.verify()
    assert refused.value.errors[0].code == 1000


def test_token_without_the_permission(sdk: Sdk) -> None:
    """A token without the permission is refused with 403."""
    sdk.sandbox.define_token("narrow", ["DNS Read"])

    with (
        client(sdk.url, "narrow", max_retries=0) as narrow,
        pytest.raises(PermissionDeniedError) as refused,
    ):
        list(narrow.zero_trust.access.tags.list(account_id=sdk.account))
    assert refused.value.errors[0].code == 10000


def test_foreign_account(sdk: Sdk) -> None:
    """Somebody else's account is refused with 403."""
    with pytest.raises(PermissionDeniedError) as refused:
        sdk.client.accounts.get(account_id="0" * 32)
    assert refused.value.errors[0].code == 9109
