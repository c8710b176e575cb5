"""Private networks: routes, virtual networks and routes of host names, by the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError

from .harness import Sdk, drives, ids

ROUTES = "{A}/teamnet/routes"
NETWORKS = "{A}/teamnet/virtual_networks"
HOSTNAMES = "{A}/zerotrust/routes/hostname"


def routed(sdk: Sdk, network: str = "10.0.0.0/24", **fields: Any) -> Any:
    """A route to a tunnel of its own."""
    tunnel = sdk.tunnel(f"to {network}")
    return sdk.client.zero_trust.networks.routes.create(
        account_id=sdk.account, network=network, tunnel_id=tunnel.id, **fields
    )


@drives(f"POST {ROUTES}", f"GET {ROUTES}/{{}}", f"PATCH {ROUTES}/{{}}", f"DELETE {ROUTES}/{{}}")
def test_life_of_a_route(sdk: Sdk) -> None:
    """A route is created in the default network, read, changed and deleted."""
    routes, made = sdk.client.zero_trust.networks.routes, routed(sdk)
    read = routes.get(made.id, account_id=sdk.account)
    changed = routes.edit(
        made.id, account_id=sdk.account, network="10.1.0.0/24", comment="the other"
    )
    gone = routes.delete(made.id, account_id=sdk.account)

    (default,) = sdk.client.zero_trust.networks.virtual_networks.list(
        account_id=sdk.account, is_default_network=True
    )
    assert (read.network, read.comment or "") == ("10.0.0.0/24", "")
    assert read.virtual_network_id == default.id
    assert (changed.network, changed.comment) == ("10.1.0.0/24", "the other")
    assert gone.deleted_at is not None


@drives(f"GET {ROUTES}")
def test_pages_of_routes(sdk: Sdk) -> None:
    """The SDK walks over all pages of routes, and filters them; lists show names."""
    routes = sdk.client.zero_trust.networks.routes
    made = [routed(sdk, f"10.0.{number}.0/24", comment=f"lan {number}") for number in range(7)]
    routes.delete(made[0].id, account_id=sdk.account)

    listed = list(routes.list(account_id=sdk.account, is_deleted=False, per_page=2))
    assert ids(listed) == ids(made[1:])
    assert {one.tunnel_name for one in listed} == {f"to 10.0.{n}.0/24" for n in range(1, 7)}
    assert ids(routes.list(account_id=sdk.account)) == ids(made)
    assert ids(routes.list(account_id=sdk.account, route_id=made[3].id)) == {made[3].id}
    assert ids(routes.list(account_id=sdk.account, tunnel_id=made[4].tunnel_id)) == {made[4].id}
    assert ids(routes.list(account_id=sdk.account, comment="lan 5")) == {made[5].id}
    assert ids(routes.list(account_id=sdk.account, network_superset="10.0.6.7/32")) == {made[6].id}
    inside = routes.list(account_id=sdk.account, network_subset="10.0.0.0/16", is_deleted=False)
    assert ids(inside) == ids(made[1:])


@drives(f"GET {ROUTES}/ip/{{}}")
def test_best_route(sdk: Sdk) -> None:
    """The most specific route of an address is found."""
    wide, narrow = routed(sdk, "10.0.0.0/8"), routed(sdk, "10.0.0.0/24")
    best = sdk.client.zero_trust.networks.routes.ips.get

    assert best("10.0.0.7", account_id=sdk.account).id == narrow.id
    assert best("10.7.0.7", account_id=sdk.account).id == wide.id


@drives(
    f"POST {ROUTES}/network/{{}}", f"PATCH {ROUTES}/network/{{}}", f"DELETE {ROUTES}/network/{{}}"
)
@pytest.mark.filterwarnings(
    "ignore:This endpoint and its related APIs are deprecated:DeprecationWarning"
)
def test_routes_by_network(sdk: Sdk) -> None:
    """The deprecated calls that name a route by its network still work."""
    networks: Any = sdk.client.zero_trust.networks.routes.networks
    made = networks.create("10.0.0.0/24", account_id=sdk.account, tunnel_id=sdk.tunnel().id)
    changed = networks.edit(
        "10.0.0.0/24", account_id=sdk.account, extra_body={"comment": "the other"}
    )
    gone = networks.delete("10.0.0.0/24", account_id=sdk.account)

    assert (made.network, changed.comment, changed.id) == ("10.0.0.0/24", "the other", made.id)
    assert (gone.id, gone.deleted_at is None) == (made.id, False)


@drives(
    f"POST {NETWORKS}",
    f"GET {NETWORKS}",
    f"GET {NETWORKS}/{{}}",
    f"PATCH {NETWORKS}/{{}}",
    f"DELETE {NETWORKS}/{{}}",
)
def test_life_of_a_virtual_network(sdk: Sdk) -> None:
    """A virtual network is created, listed on one page, changed and deleted."""
    networks = sdk.client.zero_trust.networks.virtual_networks
    made = networks.create(account_id=sdk.account, name="staging", comment="not production")
    read = networks.get(made.id, account_id=sdk.account)
    changed = networks.edit(made.id, account_id=sdk.account, name="stage", comment="")
    found = list(networks.list(account_id=sdk.account, name="stage"))
    gone = networks.delete(made.id, account_id=sdk.account)
    living = list(networks.list(account_id=sdk.account, is_deleted=False))

    assert (read.name, read.comment, read.is_default_network) == (
        "staging",
        "not production",
        False,
    )
    assert (changed.name, changed.comment, ids(found)) == ("stage", "", {made.id})
    assert gone.deleted_at is not None
    assert [one.is_default_network for one in living] == [True]


@drives(
    f"POST {HOSTNAMES}",
    f"GET {HOSTNAMES}/{{}}",
    f"PATCH {HOSTNAMES}/{{}}",
    f"DELETE {HOSTNAMES}/{{}}",
)
def test_life_of_a_hostname_route(sdk: Sdk) -> None:
    """A route of a host name is created, read, changed and deleted."""
    routes, tunnel = sdk.client.zero_trust.networks.hostname_routes, sdk.tunnel()
    made: Any = routes.create(
        account_id=sdk.account, hostname="db.internal", tunnel_id=tunnel.id, comment="lan"
    )
    read = routes.get(made.id, account_id=sdk.account)
    changed = routes.edit(made.id, account_id=sdk.account, hostname="db2.internal")
    gone = routes.delete(made.id, account_id=sdk.account)

    assert (read.hostname, read.tunnel_name, read.comment) == ("db.internal", "pool", "lan")
    assert (changed.hostname, changed.comment) == ("db2.internal", "lan")
    assert gone.deleted_at is not None


@drives(f"GET {HOSTNAMES}")
def test_pages_of_hostname_routes(sdk: Sdk) -> None:
    """The SDK walks over all pages of routes of host names, and filters them."""
    routes, tunnel = sdk.client.zero_trust.networks.hostname_routes, sdk.tunnel()
    made: list[Any] = [
        routes.create(account_id=sdk.account, hostname=f"db{n}.internal", tunnel_id=tunnel.id)
        for n in range(7)
    ]

    assert ids(routes.list(account_id=sdk.account, per_page=2)) == ids(made)
    assert ids(routes.list(account_id=sdk.account, hostname="DB3")) == {made[3].id}
    assert ids(routes.list(account_id=sdk.account, id=made[4].id)) == {made[4].id}
    assert ids(routes.list(account_id=sdk.account, tunnel_id=str(tunnel.id))) == ids(made)


def test_refused_networks(sdk: Sdk) -> None:
    """A taken range, host name and network name are conflicts; the default network stays."""
    private, route = sdk.client.zero_trust.networks, routed(sdk)
    made: Any = {"account_id": sdk.account, "tunnel_id": route.tunnel_id}
    private.hostname_routes.create(**made, hostname="db.internal")
    private.virtual_networks.create(account_id=sdk.account, name="staging")
    (default,) = private.virtual_networks.list(account_id=sdk.account, is_default_network=True)

    with pytest.raises(ConflictError) as taken:
        private.routes.create(**made, network="10.0.0.0/24")
    with pytest.raises(ConflictError):
        private.hostname_routes.create(**made, hostname="db.internal")
    with pytest.raises(ConflictError):
        private.virtual_networks.create(account_id=sdk.account, name="staging")
    with pytest.raises(BadRequestError):
        private.virtual_networks.delete(default.id, account_id=sdk.account)
    with pytest.raises(BadRequestError):
        private.routes.create(**made, network="10.0.0.0/33")
    with pytest.raises(NotFoundError):
        private.routes.get(default.id, account_id=sdk.account)
    assert taken.value.errors[0].code == 1014
