"""What nobody has promised about tunnels and private networks, probe by probe."""

from __future__ import annotations

from itertools import count
from typing import Any

from .probes import Probe, collected, said
from .service import Answer, Service

TUNNELS = "{A}/cfd_tunnel"
NETWORKS = "{A}/teamnet/virtual_networks"
ROUTES = "{A}/teamnet/routes"
TARGETS = "{A}/infrastructure/targets"
CATCH_ALL = {"service": "http_status:404"}
NUMBERS = count(100)

PROBES: dict[str, Probe] = {}
fact = collected(PROBES)


def tunnel(service: Service, **fields: Any) -> Answer:
    """A new tunnel."""
    body = {"name": service.name(), "config_src": "cloudflare", **fields}
    return service.post(TUNNELS, body)


def configured(service: Service, *rules: Any) -> Answer:
    """The answer to a configuration of a new tunnel."""
    path = f"{TUNNELS}/{tunnel(service).result['id']}/configurations"
    return service.put(path, {"config": {"ingress": list(rules)}})


def route(service: Service, network: str, **fields: Any) -> Answer:
    """A new route in a virtual network of its own."""
    if "virtual_network_id" not in fields:
        made = service.post(NETWORKS, {"name": service.name()})
        fields["virtual_network_id"] = made.result["id"]
    key = tunnel(service).result["id"]
    return service.post(ROUTES, {"network": network, "tunnel_id": key, **fields})


@fact("tunnel: configuration of a fresh one")
def _(service: Service) -> str:
    answer = service.get(f"{TUNNELS}/{tunnel(service).result['id']}/configurations")
    return said(answer, lambda one: f"config {one.get('config')}, version {one.get('version')}")


@fact("tunnel managed locally: how it is managed after a PUT of a configuration")
def _(service: Service) -> str:
    path = f"{TUNNELS}/{tunnel(service, config_src='local').result['id']}"
    put = service.put(f"{path}/configurations", {"config": {"ingress": [CATCH_ALL]}})
    read = service.get(path).result
    managed = f"config_src {read.get('config_src')}, remote_config {read.get('remote_config')}"
    return f"{said(put)}; then {managed}"


@fact("tunnel managed locally: its configuration after a PUT of one")
def _(service: Service) -> str:
    path = f"{TUNNELS}/{tunnel(service, config_src='local').result['id']}/configurations"
    service.put(path, {"config": {"ingress": [CATCH_ALL]}})
    read = service.get(path)
    return said(read, lambda one: f"source {one.get('source')}, version {one.get('version')}")


@fact("tunnel: version of the first configuration")
def _(service: Service) -> str:
    return said(configured(service, CATCH_ALL), lambda one: f"version {one['version']}")


@fact("tunnel: how a rule's omitted members are spelled")
def _(service: Service) -> str:
    answer = configured(service, CATCH_ALL)
    return said(answer, lambda one: str(sorted(one["config"]["ingress"][0])))


@fact("tunnel: no rules")
def _(service: Service) -> str:
    return said(configured(service))


@fact("tunnel: rules without one that matches everything")
def _(service: Service) -> str:
    return said(configured(service, {"hostname": service.host(), "service": "ssh://localhost:22"}))


@fact("tunnel: a rule behind one that matches everything")
def _(service: Service) -> str:
    return said(configured(service, CATCH_ALL, CATCH_ALL))


@fact("tunnel: a service with a path")
def _(service: Service) -> str:
    rule = {"hostname": service.host(), "service": "http://localhost/path"}
    return said(configured(service, rule, CATCH_ALL))


@fact("tunnel: a host name with a port")
def _(service: Service) -> str:
    rule = {"hostname": service.host() + ":22", "service": "ssh://localhost:22"}
    return said(configured(service, rule, CATCH_ALL))


@fact("tunnel: a path that is no regular expression")
def _(service: Service) -> str:
    rule = {"hostname": service.host(), "path": "(", "service": "http://localhost:80"}
    return said(configured(service, rule, CATCH_ALL))


@fact("tunnel: named like a UUID")
def _(service: Service) -> str:
    return said(tunnel(service, name="6a1b5c9e-0000-4000-8000-000000000000"))


@fact("tunnel: a secret of 16 bytes")
def _(service: Service) -> str:
    return said(tunnel(service, tunnel_secret="eHh4eHh4eHh4eHh4eHh4eA=="))


@fact("tunnel: code of an unknown one")
def _(service: Service) -> str:
    return said(service.get(f"{TUNNELS}/6a1b5c9e-0000-4000-8000-000000000000"))


@fact("tunnel: second deletion")
def _(service: Service) -> str:
    path = f"{TUNNELS}/{tunnel(service).result['id']}"
    service.delete(path)
    return said(service.delete(path))


@fact("tunnel: token of a deleted one")
def _(service: Service) -> str:
    path = f"{TUNNELS}/{tunnel(service).result['id']}"
    service.delete(path)
    return said(service.get(path + "/token"))


@fact("tunnel: deletion while a route leads to it")
def _(service: Service) -> str:
    made = route(service, "198.51.100.0/24").result
    return said(service.delete(f"{TUNNELS}/{made['tunnel_id']}"))


@fact("tunnel: what ending no connections answers")
def _(service: Service) -> str:
    answer = service.delete(f"{TUNNELS}/{tunnel(service).result['id']}/connections")
    return f"{answer}, {(answer.body or {}).get('result', 'no body')}"


@fact("route: a range with host bits")
def _(service: Service) -> str:
    return said(route(service, "198.51.100.7/24"), lambda one: one["network"])


@fact("route: an address without a mask")
def _(service: Service) -> str:
    return said(route(service, "198.51.100.7"), lambda one: one["network"])


@fact("route: a long IPv6 range")
def _(service: Service) -> str:
    return said(route(service, "2001:0DB8:0000::/64"), lambda one: one["network"])


@fact("route: no range")
def _(service: Service) -> str:
    return said(route(service, "everything"))


@fact("route: a range within another one")
def _(service: Service) -> str:
    where = route(service, "198.51.100.0/24").result["virtual_network_id"]
    return said(route(service, "198.51.100.0/25", virtual_network_id=where))


@fact("route: an unknown virtual network")
def _(service: Service) -> str:
    unknown = "6a1b5c9e-0000-4000-8000-000000000000"
    return said(route(service, "198.51.100.0/24", virtual_network_id=unknown))


@fact("virtual network: deletion while a route is in it")
def _(service: Service) -> str:
    where = route(service, "198.51.100.0/24").result["virtual_network_id"]
    return said(service.delete(f"{NETWORKS}/{where}"))


@fact("virtual network: a second one of one name")
def _(service: Service) -> str:
    name = service.post(NETWORKS, {"name": service.name()}).result["name"]
    return said(service.post(NETWORKS, {"name": name}))


@fact("target: a second one of one address")
def _(service: Service) -> str:
    body = {"hostname": service.name(), "ip": {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}}
    service.post(TARGETS, body)
    return said(service.post(TARGETS, {**body, "hostname": service.name()}))


@fact("target: a host name in capitals")
def _(service: Service) -> str:
    name = service.name().upper()
    ip = {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}
    answer = service.post(TARGETS, {"hostname": name, "ip": ip})
    return said(answer, lambda one: "kept" if one["hostname"] == name else "lower case")


@fact("target: what a deletion answers")
def _(service: Service) -> str:
    ip = {"ipv4": {"ip_addr": f"203.0.113.{next(NUMBERS)}"}}
    made = service.post(TARGETS, {"hostname": service.name(), "ip": ip}).result
    answer = service.delete(f"{TARGETS}/{made['id']}")
    return f"{answer}, {answer.body if answer.body is None else answer.body.get('result')}"


@fact("SSH log key: before there is one")
def _(service: Service) -> str:
    answer = service.get("{A}/gateway/audit_ssh_settings")
    return said(answer, lambda one: "a key" if one and one.get("public_key") else "no key")


@fact("Gateway CA: how many there are")
def _(service: Service) -> str:
    return said(service.get("{A}/access/gateway_ca"), lambda ones: str(len(ones)))
