"""Zones, by the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, NotFoundError, PermissionDeniedError

from ztctl.sandbox.service import Sandbox

from .harness import Sdk, drives, ids, opened


@drives("GET /zones", "GET /zones/{}")
def test_zone_is_found(sdk: Sdk) -> None:
    """A zone is found by name, status and account, and read."""
    (listed,) = sdk.client.zones.list(
        name="example.com", status="active", account={"id": sdk.account}, match="all"
    )
    read = sdk.client.zones.get(zone_id=listed.id)

    assert read is not None
    assert (read.name, read.account.id, read.status) == ("example.com", sdk.account, "active")
    assert len(read.name_servers) == 2


@pytest.mark.parametrize("awkward", [False, True], ids=["plain", "awkward"])
def test_pages_of_zones(awkward: bool) -> None:
    """The SDK walks over all pages of zones, in the order it asks for."""
    names = [f"example-{number}.com" for number in range(11)]

    with opened(Sandbox.create(zones=names, awkward=awkward)) as sdk:
        listed = sdk.client.zones.list(per_page=5, order="name", direction="desc")
        seen = list(dict.fromkeys(zone.name for zone in listed))
    assert seen == sorted(names, reverse=True)


@drives("GET {Z}/settings/{}", "PATCH {Z}/settings/{}")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("always_use_https", "on"),
        ("browser_check", "off"),
        ("min_tls_version", "1.2"),
        ("ssl", "strict"),
        ("websockets", "off"),
    ],
)
def test_settings(sdk: Sdk, name: str, value: str) -> None:
    """A setting has a default, is changed, and says when."""
    settings, zone = sdk.client.zones.settings, sdk.zone
    before: Any = settings.get(name, zone_id=zone)
    changed: Any = settings.edit(name, zone_id=zone, value=value)
    after: Any = settings.get(name, zone_id=zone)

    assert (before.id, before.modified_on, before.value == value) == (name, None, False)
    assert (changed.value, after.value) == (value, value)
    assert after.modified_on is not None


@drives("GET {Z}/ssl/certificate_packs", "POST {Z}/ssl/certificate_packs/order")
def test_certificates(sdk: Sdk) -> None:
    """An ordered certificate stands beside the universal one, with the names that it covers."""
    packs, hosts = sdk.client.ssl.certificate_packs, ["example.com", "*.dev.example.com"]
    made = packs.create(
        zone_id=sdk.zone,
        type="advanced",
        hosts=hosts,
        certificate_authority="google",
        validation_method="txt",
        validity_days=90,
    )
    listed = {one.type: one for one in packs.list(zone_id=sdk.zone)}

    assert listed["universal"].hosts == ["example.com", "*.example.com"]
    assert made is not None
    assert (listed["advanced"].id, listed["advanced"].hosts) == (made.id, hosts)
    with pytest.raises(BadRequestError):
        packs.create(
            zone_id=sdk.zone,
            type="advanced",
            hosts=["example.com", "ssh.example.net"],
            certificate_authority="google",
            validation_method="txt",
            validity_days=90,
        )


@drives("GET {Z}/dns_records/usage", "GET {A}/dns_records/usage")
def test_usage_of_records(sdk: Sdk) -> None:
    """The records of a zone are counted against its quota, and those of an account."""
    for name in ("a", "b"):
        sdk.client.dns.records.create(
            zone_id=sdk.zone, type="A", name=name, content="192.0.2.1", ttl=1
        )

    usage = sdk.client.dns.usage.zone.get(zone_id=sdk.zone)
    account = sdk.client.dns.usage.account.get(account_id=sdk.account)
    assert usage is not None
    assert account is not None
    assert account.record_usage == 2
    assert (usage.record_usage, usage.record_quota) == (2, 200)


def test_refused_settings(sdk: Sdk) -> None:
    """An unknown setting and an unknown value are bad requests."""
    with pytest.raises(BadRequestError):
        sdk.client.zones.settings.get("shoe_size", zone_id=sdk.zone)
    with pytest.raises(BadRequestError):
        sdk.client.zones.settings.edit("ssl", zone_id=sdk.zone, value="perhaps")


def test_refused_zones(sdk: Sdk) -> None:
    """A foreign zone is forbidden, a malformed id not found, a page of 1,000 a bad request."""
    with pytest.raises(PermissionDeniedError):
        sdk.client.zones.get(zone_id="0" * 32)
    with pytest.raises(NotFoundError):
        sdk.client.zones.get(zone_id="example.com")
    with pytest.raises(BadRequestError):
        ids(sdk.client.zones.list(per_page=1000))
