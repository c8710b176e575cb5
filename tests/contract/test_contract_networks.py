"""Private networks: routes, virtual networks, host names; targets and infrastructure applications.

Source: Cloudflare OpenAPI description, July 2026; Terraform provider's acceptance tests;
documentation of Access for Infrastructure; answers that third-party clients recorded.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from .service import TIME, UUID, Service

ROUTES = "{A}/teamnet/routes"
NETWORKS = "{A}/teamnet/virtual_networks"
HOSTNAMES = "{A}/zerotrust/routes/hostname"
TARGETS = "{A}/infrastructure/targets"
# Ranges for documentation: nobody routes them.
NUMBERS = count(1)


def tunnel(service: Service) -> Any:
    """A new tunnel."""
    body = {"name": service.name(), "config_src": "cloudflare"}
    return service.post("{A}/cfd_tunnel", body).result


def network(service: Service) -> Any:
    """A new virtual network: what is in it meets nothing else."""
    return service.post(NETWORKS, {"name": service.name()}).result


def route(service: Service, **fields: Any) -> Any:
    """A new route in a virtual network of its own."""
    body = {"network": "198.51.100.0/24", "tunnel_id": tunnel(service)["id"], **fields}
    body.setdefault("virtual_network_id", network(service)["id"])
    return service.post(ROUTES, body).result


def target(service: Service, **fields: Any) -> Any:
    """A new target."""
    ip = {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}
    return service.post(TARGETS, {"hostname": service.name(), "ip": ip, **fields}).result


def default(service: Service) -> str:
    """The id of the account's default virtual network."""
    listed = service.get(NETWORKS, is_deleted="false").result
    (one,) = [one["id"] for one in listed if one["is_default_network"]]
    return str(one)


def test_route_is_created(service: Service) -> None:
    """A route is created with 200: living, with an empty comment, where it says."""
    one, where = tunnel(service), network(service)
    body = {"network": "198.51.100.0/24", "tunnel_id": one["id"], "virtual_network_id": where["id"]}
    answer = service.post(ROUTES, body)

    made = answer.result
    assert (answer.status, bool(UUID.fullmatch(made["id"]))) == (200, True)
    assert (made["network"], made["tunnel_id"]) == ("198.51.100.0/24", one["id"])
    assert (made.get("comment") or "", made["virtual_network_id"]) == ("", where["id"])
    assert made.get("deleted_at") is None


def test_routes_network_is_filled_in(service: Service) -> None:
    """A route that names no virtual network is in the default one."""
    body = {"network": f"203.0.113.{next(NUMBERS)}/32", "tunnel_id": tunnel(service)["id"]}

    assert service.post(ROUTES, body).result["virtual_network_id"] == default(service)


def test_route_twice(service: Service) -> None:
    """The same range in the same network is refused with 409/1014, in another it is taken."""
    one = route(service)
    same = {name: one[name] for name in ("network", "tunnel_id", "virtual_network_id")}

    assert service.post(ROUTES, same).error == (409, 1014)
    other = {**same, "virtual_network_id": network(service)["id"]}
    assert service.post(ROUTES, other).status == 200


def test_route_is_changed(service: Service) -> None:
    """PATCH merges."""
    one = route(service, comment="lan")
    changed = service.patch(f"{ROUTES}/{one['id']}", {"network": "192.0.2.0/24"}).result

    assert (changed["network"], changed["comment"]) == ("192.0.2.0/24", "lan")


def test_routes_are_listed_with_names(service: Service) -> None:
    """Lists of routes show the tunnel's and the network's name, and filter by tunnel."""
    one = route(service)
    (listed,) = service.get(ROUTES, tunnel_id=one["tunnel_id"], is_deleted="false").result

    assert listed["id"] == one["id"]
    assert listed["tunnel_name"].startswith(service.prefix)
    assert listed["virtual_network_name"].startswith(service.prefix)
    assert listed["tun_type"] == "cfd_tunnel"


def test_route_is_deleted_softly(service: Service) -> None:
    """A deleted route is listed unless only the living are asked for, and can be made again."""
    one = route(service)
    deleted = service.delete(f"{ROUTES}/{one['id']}")
    everything = service.get(ROUTES, tunnel_id=one["tunnel_id"]).result
    living = service.get(ROUTES, tunnel_id=one["tunnel_id"], is_deleted="false").result

    assert (deleted.status, deleted.result["deleted_at"] is None) == (200, False)
    assert ([found["id"] for found in everything], living) == ([one["id"]], [])
    same = {name: one[name] for name in ("network", "tunnel_id", "virtual_network_id")}
    assert service.post(ROUTES, same).status == 200


def test_one_default_network(service: Service) -> None:
    """Exactly one virtual network is the default, and a new one is not."""
    made = network(service)

    assert made["is_default_network"] is False
    assert default(service) != made["id"]


def test_network_is_changed_and_deleted(service: Service) -> None:
    """PATCH merges; a deleted virtual network is no longer among the living."""
    made = network(service)
    changed = service.patch(f"{NETWORKS}/{made['id']}", {"comment": "lan"})
    deleted = service.delete(f"{NETWORKS}/{made['id']}")
    living = service.get(NETWORKS, is_deleted="false").result

    assert (changed.result["name"], changed.result["comment"]) == (made["name"], "lan")
    assert (deleted.status, deleted.result["deleted_at"] is None) == (200, False)
    assert made["id"] not in [one["id"] for one in living]


def test_hostname_route(service: Service) -> None:
    """A host name is routed to a tunnel, and to one only: 409."""
    body = {"hostname": f"{service.name()}.internal", "tunnel_id": tunnel(service)["id"]}
    made = service.post(HOSTNAMES, body)

    assert (made.status, made.result.get("comment") or "") == (200, "")
    assert made.result["tunnel_name"].startswith(service.prefix)
    other = {**body, "tunnel_id": tunnel(service)["id"]}
    assert service.post(HOSTNAMES, other).status == 409


def test_target_is_created(service: Service) -> None:
    """A target is created with 200, in the default network, with `modified_at`."""
    ip = {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}
    answer = service.post(TARGETS, {"hostname": service.name(), "ip": ip})

    made = answer.result
    assert (answer.status, bool(UUID.fullmatch(made["id"]))) == (200, True)
    assert made["ip"]["ipv4"]["virtual_network_id"] == default(service)
    assert TIME.fullmatch(made["modified_at"])


def test_targets_share_a_hostname(service: Service) -> None:
    """Two targets may have one host name."""
    one = target(service)

    assert target(service, hostname=one["hostname"])["id"] != one["id"]


def test_target_is_replaced_and_deleted(service: Service) -> None:
    """PUT replaces a target; deleting answers 200."""
    one = target(service)
    ip = {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}
    replaced = service.put(f"{TARGETS}/{one['id']}", {"hostname": service.name(), "ip": ip})

    assert replaced.status == 200
    assert replaced.result["ip"]["ipv4"]["ip_addr"] == ip["ipv4"]["ip_addr"]
    assert service.delete(f"{TARGETS}/{one['id']}").status == 200


def test_targets_in_batches(service: Service) -> None:
    """A batch of targets adds, and another deletes, both with 200."""
    name = service.name()
    bodies = [
        {"hostname": name, "ip": {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}} for _ in "ab"
    ]
    made = service.put(f"{TARGETS}/batch", bodies)
    for one in made.result:
        service.keep(TARGETS, one)
    gone = service.call(
        "POST", f"{TARGETS}/batch_delete", {"target_ids": [one["id"] for one in made.result]}
    )
    left = service.eventually(
        lambda: service.get(TARGETS, hostname=name), lambda answer: answer.result == []
    )

    assert (made.status, len(made.result), gone.status) == (200, 2, 200)
    assert left.result == []


def test_infrastructure_application(service: Service) -> None:
    """An infrastructure application has targets and own policies, and no domain or session."""
    policy = {
        "name": service.name(),
        "decision": "allow",
        "include": [{"email": {"email": "a@example.com"}}],
        "connection_rules": {"ssh": {"usernames": ["deploy"], "allow_email_alias": False}},
    }
    criteria = {
        "port": 22,
        "protocol": "SSH",
        "target_attributes": {"hostname": [service.name()]},
    }
    body = {"type": "infrastructure", "name": service.name(), "target_criteria": [criteria]}
    answer = service.post("{A}/access/apps", {**body, "policies": [policy]})

    app = answer.result
    assert answer.status == 201
    (shown,) = app["target_criteria"]
    assert {name: shown[name] for name in criteria} == criteria
    assert not {"domain", "destinations", "session_duration"} & app.keys()
    (own,) = app["policies"]
    assert (own["name"], bool(UUID.fullmatch(own["id"]))) == (policy["name"], True)
    assert own["connection_rules"]["ssh"]["usernames"] == ["deploy"]


def test_gateway_rule(service: Service) -> None:
    """A network rule that logs SSH is created, read and deleted."""
    body = {
        "name": service.name(),
        "action": "audit_ssh",
        "enabled": False,
        "filters": ["l4"],
        "traffic": "net.dst.ip in {203.0.113.0/24}",
        "rule_settings": {"audit_ssh": {"command_logging": False}},
    }
    made = service.post("{A}/gateway/rules", body).result
    read = service.get(f"{{A}}/gateway/rules/{made['id']}").result
    deleted = service.delete(f"{{A}}/gateway/rules/{made['id']}")

    assert (read["action"], read["enabled"], deleted.status) == ("audit_ssh", False, 200)
