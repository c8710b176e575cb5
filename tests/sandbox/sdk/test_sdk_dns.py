"""DNS records, one by one and in batches, by the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, NotFoundError

from .harness import Sdk, drives, ids

RECORDS = "{Z}/dns_records"
ONE = f"{RECORDS}/{{}}"


def cname(sdk: Sdk, name: str, **fields: Any) -> Any:
    """A CNAME in example.com."""
    return sdk.client.dns.records.create(
        **{
            "zone_id": sdk.zone,
            "type": "CNAME",
            "name": name,
            "content": "t.cfargotunnel.com",
            "ttl": 1,
            **fields,
        }
    )


@drives(f"POST {RECORDS}", f"GET {ONE}", f"PUT {ONE}", f"PATCH {ONE}", f"DELETE {ONE}")
def test_life_of_a_record(sdk: Sdk) -> None:
    """A record is created, read, replaced, changed and deleted."""
    records, zone = sdk.client.dns.records, sdk.zone
    made = cname(sdk, "Web", proxied=True, comment="ztctl", settings={"flatten_cname": False})
    same: Any = {"zone_id": zone, "type": "CNAME", "name": "web.example.com", "ttl": 300}
    read = records.get(made.id, zone_id=zone)
    replaced = records.update(made.id, **same, content="u.cfargotunnel.com")
    changed = records.edit(made.id, **same, comment="by hand")
    gone = records.delete(made.id, zone_id=zone)

    assert read is not None
    assert (read.name, read.ttl, read.proxied) == ("web.example.com", 1, True)
    assert replaced is not None
    assert (replaced.content, replaced.proxied) == ("u.cfargotunnel.com", False)
    assert not replaced.comment
    assert changed is not None
    assert (changed.content, changed.comment, changed.ttl) == (
        "u.cfargotunnel.com",
        "by hand",
        300,
    )
    assert gone is not None
    assert gone.id == made.id


@pytest.mark.parametrize(
    ("kind", "content", "more"),
    [
        ("A", "192.0.2.1", {"proxied": True}),
        ("AAAA", "2001:db8::1", {}),
        ("TXT", '"v=spf1 -all"', {}),
        ("MX", "mail.example.com", {"priority": 10}),
        ("NS", "ns.example.org", {}),
    ],
)
@drives(f"POST {RECORDS}")
def test_records_of_other_types(sdk: Sdk, kind: str, content: str, more: Any) -> None:
    """Every emulated record type is what the SDK takes it for."""
    made: Any = cname(sdk, "x", type=kind, content=content, **more)

    assert (type(made).__name__.startswith(kind), made.type) == (True, kind)
    assert (made.content, made.name) == (content, "x.example.com")


@drives(f"GET {RECORDS}")
def test_pages_of_records(sdk: Sdk) -> None:
    """The SDK walks over all pages of records, filters and orders them."""
    records, zone = sdk.client.dns.records, sdk.zone
    made = [cname(sdk, f"web{number}", comment=f"number {number}") for number in range(7)]

    assert ids(records.list(zone_id=zone, per_page=2)) == ids(made)
    assert ids(records.list(zone_id=zone, name={"exact": "web3.example.com"})) == {made[3].id}
    assert ids(records.list(zone_id=zone, comment={"contains": "BER 4"})) == {made[4].id}
    ours = records.list(
        zone_id=zone,
        type="CNAME",
        content={"endswith": ".cfargotunnel.com"},
        order="name",
        direction="desc",
    )
    names = list(dict.fromkeys(one.name for one in ours))
    assert names == sorted({one.name for one in made}, reverse=True)


@drives(f"POST {RECORDS}/batch")
def test_batch(sdk: Sdk) -> None:
    """A batch deletes, changes, replaces and adds, and says what it has done."""
    old, patched, put = cname(sdk, "old"), cname(sdk, "patched"), cname(sdk, "put")
    whole = {"type": "CNAME", "content": "u.cfargotunnel.com", "ttl": 1}
    patches: Any = [{"id": patched.id, "name": "patched", **whole}]
    puts: Any = [{"id": put.id, "name": "put", **whole}]

    done = sdk.client.dns.records.batch(
        zone_id=sdk.zone,
        deletes=[{"id": old.id}],
        patches=patches,
        puts=puts,
        posts=[{"name": "old", "type": "A", "content": "192.0.2.1", "ttl": 1}],
    )
    assert done is not None
    assert ids(done.deletes or []) == {old.id}
    assert [one.content for one in done.patches or []] == ["u.cfargotunnel.com"]
    assert [one.content for one in done.puts or []] == ["u.cfargotunnel.com"]
    assert [one.name for one in done.posts or []] == ["old.example.com"]


def test_refused_records(sdk: Sdk) -> None:
    """A clash is a bad request, with a pointer in a batch; an unknown record not found."""
    cname(sdk, "web")
    clash: Any = {"name": "web", "type": "CNAME", "content": "u.cfargotunnel.com", "ttl": 1}

    with pytest.raises(BadRequestError) as single:
        sdk.client.dns.records.create(zone_id=sdk.zone, **clash)
    with pytest.raises(BadRequestError) as batch:
        sdk.client.dns.records.batch(zone_id=sdk.zone, posts=[clash])
    with pytest.raises(NotFoundError) as unknown:
        sdk.client.dns.records.get("0" * 32, zone_id=sdk.zone)
    codes = [one.value.errors[0].code for one in (single, batch, unknown)]
    assert codes == [81053, 81053, 81044]
    pointed: Any = batch.value.errors[0].to_dict()
    assert pointed["source"] == {"pointer": "/posts/0"}
