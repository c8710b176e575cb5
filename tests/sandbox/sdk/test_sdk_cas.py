"""Short-lived-certificate CAs, by the official SDK."""

from __future__ import annotations

import pytest
from cloudflare import ConflictError, NotFoundError

from .harness import Sdk, drives, ids

CA = "{A}/access/apps/{}/ca"


@drives(f"POST {CA}", f"GET {CA}", f"DELETE {CA}")
def test_life_of_a_ca(sdk: Sdk) -> None:
    """An application's CA is made, read and deleted; the next one has another key."""
    cas, app = sdk.access.applications.cas, sdk.app()
    made = cas.create(app.id, account_id=sdk.account)
    read = cas.get(app.id, account_id=sdk.account)
    gone = cas.delete(app.id, account_id=sdk.account)
    again = cas.create(app.id, account_id=sdk.account)

    assert (read.aud, read.public_key) == (app.aud, made.public_key)
    assert made.public_key.startswith("ecdsa-sha2-nistp256 ")
    assert (gone.id, again.public_key == made.public_key) == (made.id, False)


@drives("GET {A}/access/apps/ca")
def test_pages_of_cas(sdk: Sdk) -> None:
    """The SDK walks over all pages of CAs."""
    apps = [sdk.app(f"web{number}.example.com") for number in range(7)]
    cas = sdk.access.applications.cas
    made = {cas.create(app.id, account_id=sdk.account).id for app in apps}

    assert ids(cas.list(account_id=sdk.account, per_page=2)) == made


def test_refused_cas(sdk: Sdk) -> None:
    """A second CA is a conflict, a missing one not found."""
    cas = sdk.access.applications.cas
    with_ca, without = sdk.app("a.example.com"), sdk.app("b.example.com")
    cas.create(with_ca.id, account_id=sdk.account)

    with pytest.raises(ConflictError):
        cas.create(with_ca.id, account_id=sdk.account)
    with pytest.raises(NotFoundError):
        cas.get(without.id, account_id=sdk.account)
