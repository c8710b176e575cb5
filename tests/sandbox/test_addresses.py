"""Addresses, ranges and ports: the forms that Go's net package reads, and no others."""

from __future__ import annotations

import pytest

from .api import Api

NOT_RANGES = [
    "10.0.0.0/255.255.255.0",
    "10.0.0.0/0.0.0.255",
    "fe80::1%eth0",
    "fe80::%eth0/64",
    "10.0.0.1/\u0668",
    "10.0.0.0/33",
    " 10.0.0.1",
    "10.0.0",
    "x",
    "",
]
NOT_ADDRESSES = ["fe80::1%eth0", "10.0.0.1/32", "10.0.0", "\u0661.1.1.1", ""]


@pytest.mark.parametrize("text", NOT_RANGES)
def test_what_is_no_range_is_refused_in_a_rule(api: Api, text: str) -> None:
    """A rule takes an address or a CIDR with a length."""
    body = {"name": "a", "decision": "allow", "include": [{"ip": {"ip": text}}]}

    assert api.post("{A}/access/policies", body).error == (400, 12130)


@pytest.mark.parametrize("text", NOT_RANGES)
def test_what_is_no_range_is_refused_in_a_route(api: Api, text: str) -> None:
    """A route takes an address or a CIDR with a length."""
    body = {"network": text, "tunnel_id": api.routed()}

    assert api.post("{A}/teamnet/routes", body).status == 400


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_what_is_no_address_is_refused(api: Api, text: str) -> None:
    """Targets, records and the look-up of a route take plain addresses."""
    target = {"hostname": "web1", "ip": {"ipv6": {"ip_addr": text}}}
    record = {"type": "AAAA", "name": "a", "content": text}

    assert api.post("{A}/infrastructure/targets", target).status == 400
    assert api.post(f"{api.zone()}/dns_records", record).status == 400
    assert api.get(f"{{A}}/infrastructure/targets?ip_v6={text.replace('%', '%25')}").status == 400


def test_no_route_is_looked_up_for_what_is_no_address(api: Api) -> None:
    """The best route of an address with a zone answers 400."""
    assert api.get("{A}/teamnet/routes/ip/fe80::1%25eth0").status == 400


@pytest.mark.parametrize(
    "ports",
    [
        "\u00b2",
        "\u0663",
        "1-\u00b2",
        "9" * 5000,
        "0",
        "65536",
        "2-1",
        "1-2-3",
        "1-",
        "-1",
        " 1",
        "",
    ],
    ids=lambda ports: ascii(ports)[:8],
)
def test_what_is_no_range_of_ports_is_refused(api: Api, ports: str) -> None:
    """Ports are ASCII digits from 1 to 65535, a range rises."""
    private = {"type": "private", "cidr": "10.0.0.1", "port_range": ports}
    body = {"type": "self_hosted", "name": "a", "destinations": [private]}

    assert api.post("{A}/access/apps", body).error == (400, 12130)


@pytest.mark.parametrize("ports", ["1", "22-22", "80-90", "65535"])
def test_ports_come_back_as_sent(api: Api, ports: str) -> None:
    """A port or a range of ports is kept as it was sent."""
    private = {"type": "private", "cidr": "10.0.0.1", "port_range": ports}
    body = {"type": "self_hosted", "name": "a", "destinations": [private]}

    assert api.post("{A}/access/apps", body).result["destinations"][0]["port_range"] == ports
