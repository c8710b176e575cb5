"""Every field of every kind, changed behind ztctl's back: found, weighed, with its author."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.by_hand import put, zone
from tests.support.deeds import DEEDS, Deed, everything
from tests.support.drifting import MALLORY, drift, drifting, told
from ztctl.core.model.drift import Deviation
from ztctl.kinds.registry import KINDS

# A change of these is the end of the object that ztctl knows, or is refused by the service.
ENDS = {
    "access_group name",
    "access_policy name",
    "tunnel name",
    "virtual_network name",
    "private_route network",
    "private_route virtual_network",
    "gateway_rule name",
    # Another key may be anybody's: tests/behaviour/test_ssh_logging.py.
    "ssh_audit_key public_key",
}
FIXED = {
    "access_application type",
    # Nothing makes a policy one application's own again.
    "access_policy reusable",
    "tunnel config",
    "ca_key application",
    # Another spelling of `tunnel`: both are the target of the record.
    "dns_record cname",
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account in step with the file; each test leaves it so, which the next one sees."""
    account = drifting(tmp_path_factory.mktemp("files"))
    saml = {"name": "Corporate SAML", "type": "saml", "config": {}}
    account.call("POST", "{A}/access/identity_providers", saml)
    account.call("POST", "{A}/access/tags", {"name": "servers"})
    warp = {"warp_auth_session_duration": "24h"}
    account.call("PUT", "{A}/access/organizations", warp)
    account.apply(everything())
    yield account
    assert drift(account, everything()) == ()


def test_every_field_is_changed_by_a_test() -> None:
    """No field is left out, of whatever kind."""
    fields = {
        f"{kind.name} {name}"
        for kind in KINDS.values()
        for name, spec in kind.specs.items()
        if kind.section and spec.compared
    }

    assert fields == DEEDS.keys() | ENDS | FIXED


@pytest.mark.parametrize("field", DEEDS)
def test_a_changed_field_is_found_and_put_back(lived: Account, field: str) -> None:
    """One item, of its object and field, with its weight and its author; an apply ends it."""
    deed = DEEDS[field]
    _do(lived, field.partition(" ")[0], deed)

    (item,) = told(lived, everything())

    assert (str(item.address), item.severity, item.deviation) == (
        deed.address,
        deed.severity,
        Deviation.CHANGED,
    )
    assert {edit.path.partition("[")[0].partition(".")[0] for edit in item.edits} >= {
        field.partition(" ")[2]
    }
    assert item.author is not None
    assert (item.author.name, item.author.context) == (MALLORY, "dash")

    assert lived.apply(everything(), interruption=["all"]).is_complete


def _do(account: Account, kind: str, deed: Deed) -> None:
    other = account.one("tunnels", name="other.ztctl-prod")["id"]
    changes = {
        name: value.replace("{other}", other) if isinstance(value, str) else value
        for name, value in deed.live.items()
    }
    key = deed.address.partition(".")[2]
    match kind:
        case "access_group":
            put(account, "{A}/access/groups", account.one("groups"), **changes)
        case "access_policy":
            found = account.one("policies", name=f"{key}.ztctl-prod")
            put(account, "{A}/access/policies", found, **changes)
        case "access_application":
            put(account, "{A}/access/apps", account.one("apps"), **changes)
        case "tunnel":
            _configure(account, changes)
        case "dns_record":
            record = account.one("dns_records", name=key)
            account.call("PATCH", f"{zone(account)}/{record['id']}", changes)
        case "private_route":
            route = account.one("routes")
            account.call("PATCH", f"{{A}}/teamnet/routes/{route['id']}", changes)
        case "virtual_network":
            found = account.one("virtual_networks", name="lab")
            account.call("PATCH", f"{{A}}/teamnet/virtual_networks/{found['id']}", changes)
        case "gateway_rule":
            put(account, "{A}/gateway/rules", account.one("gateway_rules"), **changes)


def _configure(account: Account, changes: Mapping[str, Any]) -> None:
    tunnel = account.one("tunnels", name="pool.ztctl-prod")["id"]
    stored = account.one("tunnel_configurations", tunnel_id=tunnel)["config"]
    target = stored["ingress"][0] if "service" in changes else stored["originRequest"]
    target.update(changes)
    account.call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": stored})
