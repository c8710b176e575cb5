"""Zero Trust lists and device posture checks, by the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, NotFoundError

from .harness import Sdk, drives, ids

LISTS = "{A}/gateway/lists"
CHECKS = "{A}/devices/posture"


@drives(
    f"POST {LISTS}",
    f"GET {LISTS}",
    f"GET {LISTS}/{{}}",
    f"PUT {LISTS}/{{}}",
    f"DELETE {LISTS}/{{}}",
)
def test_life_of_a_list(sdk: Sdk) -> None:
    """A list is created, found by its type, read, replaced and deleted."""
    lists = sdk.client.zero_trust.gateway.lists
    mail: Any = [{"value": "ann@example.com"}]
    made: Any = lists.create(account_id=sdk.account, name="staff", type="EMAIL", items=mail)
    other: Any = lists.create(account_id=sdk.account, name="office", type="IP")
    listed, mails = (
        lists.list(account_id=sdk.account),
        lists.list(account_id=sdk.account, type="EMAIL"),
    )
    changed: Any = lists.update(made.id, account_id=sdk.account, name="people")
    read: Any = lists.get(made.id, account_id=sdk.account)
    assert (ids(listed), ids(mails)) == ({made.id, other.id}, {made.id})
    lists.delete(made.id, account_id=sdk.account)

    assert (changed.name, read.count, read.items[0].value) == ("people", 1, "ann@example.com")
    with pytest.raises(NotFoundError):
        lists.get(made.id, account_id=sdk.account)


def test_a_list_of_no_type_is_refused(sdk: Sdk) -> None:
    """What a list holds is one of the known types."""
    wrong: Any = "MOODS"
    with pytest.raises(BadRequestError):
        sdk.client.zero_trust.gateway.lists.create(account_id=sdk.account, name="x", type=wrong)


@drives(
    f"POST {CHECKS}",
    f"GET {CHECKS}",
    f"GET {CHECKS}/{{}}",
    f"PUT {CHECKS}/{{}}",
    f"DELETE {CHECKS}/{{}}",
)
def test_life_of_a_posture_check(sdk: Sdk) -> None:
    """A check is created, listed, read, replaced and deleted."""
    checks = sdk.client.zero_trust.devices.posture
    made: Any = checks.create(
        account_id=sdk.account,
        name="firewall",
        type="firewall",
        match=[{"platform": "mac"}],
        input={"enabled": True, "operating_system": "mac"},
    )
    listed = checks.list(account_id=sdk.account)
    changed: Any = checks.update(made.id, account_id=sdk.account, name="fire", type="firewall")
    read: Any = checks.get(made.id, account_id=sdk.account)
    assert ids(listed) == {made.id}
    checks.delete(made.id, account_id=sdk.account)

    assert (made.match[0].platform, changed.name, read.name) == ("mac", "fire", "fire")
    with pytest.raises(NotFoundError):
        checks.get(made.id, account_id=sdk.account)
