"""DNS records, one by one and in batches.

Source: Cloudflare OpenAPI description and documentation, July 2026; Terraform provider's
normalisers; answers that third-party clients recorded.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from .service import TIME, Answer, Service

RECORDS = "{Z}/dns_records"
CONTENT = "6a1b5c9e-0000-4000-8000-000000000000.cfargotunnel.com"
OTHER = "6a1b5c9e-0000-4000-8000-000000000001.cfargotunnel.com"


def asked(service: Service, **fields: Any) -> Answer:
    """The answer to a new CNAME."""
    body = {"type": "CNAME", "name": service.host(), "content": CONTENT, "ttl": 1, **fields}
    return service.post(RECORDS, body)


def record(service: Service, **fields: Any) -> Any:
    """A new CNAME."""
    return asked(service, **fields).result


def batch(service: Service, **groups: Any) -> Answer:
    """The answer to a batch."""
    answer = service.call("POST", f"{RECORDS}/batch", groups)
    if answer.status == 200:
        for one in (*(answer.result.get("posts") or ()), *(answer.result.get("puts") or ())):
            service.keep(RECORDS, one)
    return answer


def names(service: Service) -> list[str]:
    """The names of this test's records, sorted."""
    found = service.get(RECORDS, name__startswith=service.prefix, per_page=100).result
    return sorted(one["name"] for one in found)


def test_created(service: Service) -> None:
    """A record is created with 200, an id of 32 hex digits, and its defaults."""
    answer = asked(service)

    one = answer.result
    assert (answer.status, bool(re.fullmatch("[0-9a-f]{32}", one["id"]))) == (200, True)
    assert (one["ttl"], one["proxied"], one["proxiable"]) == (1, False, True)
    assert (one.get("comment") or "", one.get("tags") or []) == ("", [])
    assert TIME.fullmatch(one["created_on"])
    assert TIME.fullmatch(one["modified_on"])


def test_name_is_whole(service: Service) -> None:
    """A relative name comes back with the zone's."""
    name = service.name()

    assert record(service, name=name)["name"] == f"{name}.{service.place.zone_name}"


def test_trailing_dots(service: Service) -> None:
    """Neither name nor content keeps a trailing dot."""
    host = service.host()
    one = record(service, name=host + ".", content=CONTENT + ".")

    assert (one["name"], one["content"]) == (host, CONTENT)


def test_ttl_of_a_proxied_record(service: Service) -> None:
    """A proxied record has the ttl 1, whatever was sent."""
    assert record(service, proxied=True, ttl=3600)["ttl"] == 1


def test_put_replaces(service: Service) -> None:
    """PUT replaces: what it leaves out goes back to its default."""
    one = record(service, comment="by ztctl", proxied=True)
    body = {"type": "CNAME", "name": one["name"], "content": OTHER, "ttl": 1}
    answer = service.put(f"{RECORDS}/{one['id']}", body)

    after = answer.result
    assert (answer.status, after["content"], after["proxied"]) == (200, OTHER, False)
    assert not after.get("comment")


def test_patch_merges(service: Service) -> None:
    """PATCH keeps what it does not say."""
    one = record(service, comment="by ztctl", proxied=True)
    after = service.patch(f"{RECORDS}/{one['id']}", {"content": OTHER}).result

    assert (after["content"], after["proxied"], after["comment"]) == (OTHER, True, "by ztctl")


def test_deleted(service: Service) -> None:
    """Deleting answers 200 with the id, and then the record is unknown: 404/81044."""
    one = record(service)
    answer = service.delete(f"{RECORDS}/{one['id']}")

    assert (answer.status, answer.result["id"]) == (200, one["id"])
    assert service.get(f"{RECORDS}/{one['id']}").error == (404, 81044)


def test_second_cname(service: Service) -> None:
    """A second CNAME of one name is refused with 400/81053."""
    one = record(service)

    assert asked(service, name=one["name"], content=OTHER).error == (400, 81053)


@pytest.mark.parametrize("first", ["A", "CNAME"])
def test_cname_beside_an_address(service: Service, first: str) -> None:
    """A CNAME and an address of one name are refused with 400/81053, whichever comes first."""
    address = {"type": "A", "content": "192.0.2.1"}
    fields: list[dict[str, Any]] = [address, {}] if first == "A" else [{}, address]
    one = record(service, **fields[0])

    assert asked(service, name=one["name"], **fields[1]).error == (400, 81053)


def test_identical_record(service: Service) -> None:
    """An identical record is refused with 400, as one that exists."""
    one = record(service, type="A", content="192.0.2.1")
    answer = asked(service, name=one["name"], type="A", content="192.0.2.1")

    assert answer.status == 400
    assert answer.code in (81057, 81058)


def test_cname_to_itself(service: Service) -> None:
    """A CNAME to itself is refused with 400."""
    host = service.host()

    assert asked(service, name=host, content=host).status == 400


def test_filters(service: Service) -> None:
    """Records are found by name, by the end of their content, by their comment."""
    one, _ = record(service, comment=service.prefix), record(service, content="example.com")

    def ids(**query: Any) -> list[str]:
        return [found["id"] for found in service.get(RECORDS, **query).result]

    assert ids(name__exact=one["name"]) == [one["id"]]
    assert ids(name=one["name"]) == [one["id"]]
    assert ids(comment__exact=service.prefix) == [one["id"]]
    ours = {"name__startswith": service.prefix, "content__endswith": ".cfargotunnel.com"}
    assert ids(**ours, type="CNAME") == [one["id"]]


def test_batch_in_order(service: Service) -> None:
    """A batch deletes before it adds: one call turns an address into a CNAME."""
    old = record(service, type="A", content="192.0.2.1")
    new = {"type": "CNAME", "name": old["name"], "content": CONTENT, "ttl": 1}
    answer = batch(service, posts=[new], deletes=[{"id": old["id"]}])

    assert answer.status == 200
    assert [one["id"] for one in answer.result["deletes"]] == [old["id"]]
    assert [one["type"] for one in answer.result["posts"]] == ["CNAME"]


def test_batch_answers_in_order(service: Service) -> None:
    """A batch answers with whole records, in the order in which they were sent."""
    first, second = record(service), record(service)
    posts = [{"type": "CNAME", "name": service.host(), "content": CONTENT, "ttl": 1} for _ in "abc"]
    whole = {"type": "CNAME", "content": OTHER, "ttl": 1}
    answer = batch(
        service,
        patches=[{**whole, "id": first["id"], "name": first["name"]}],
        puts=[{**whole, "id": second["id"], "name": second["name"]}],
        posts=posts,
    )

    done = answer.result
    assert [one["name"] for one in done["posts"]] == [one["name"] for one in posts]
    assert [one["content"] for one in (*done["patches"], *done["puts"])] == [OTHER, OTHER]
    assert {"id", "name", "type", "content", "proxied", "ttl"} <= done["posts"][0].keys()


def test_batch_is_all_or_nothing(service: Service) -> None:
    """The first refusal of a batch keeps nothing of it."""
    kept, taken = record(service), record(service)
    before = names(service)
    new = {"type": "CNAME", "name": service.host(), "content": CONTENT, "ttl": 1}
    clash = {"type": "CNAME", "name": taken["name"], "content": OTHER, "ttl": 1}
    answer = batch(service, deletes=[{"id": kept["id"]}], posts=[new, clash])

    assert answer.status == 400
    assert names(service) == before
