"""What a plan says of an account that is not as most are: the reason that it is, and a way out."""

from __future__ import annotations

from tests.support.account import Account
from tests.support.files import host


def test_a_local_tunnel_of_the_name_is_not_to_be_declared(account: Account) -> None:
    """It cannot be: what can be done instead is said."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "local"})

    told = " ".join(refusal.reason for refusal in account.plan(host()).refusals)

    assert "`tunnel: {live: pool}`" in told
    assert "declare it as it is" not in told
