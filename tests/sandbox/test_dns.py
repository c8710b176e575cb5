"""DNS records and batches."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox

from .api import Api

UNKNOWN = "0" * 32


def written(api: Api, **fields: Any) -> Any:
    """The answer to a CNAME with these fields."""
    body = {"type": "CNAME", "name": "ssh", "content": "t.cfargotunnel.com", **fields}
    return api.post(f"{api.zone()}/dns_records", body)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("ssh", "ssh.example.com"),
        ("SSH.Example.com", "ssh.example.com"),
        ("ssh.example.com.", "ssh.example.com"),
        ("@", "example.com"),
        ("example.com", "example.com"),
        ("*.dev", "*.dev.example.com"),
        ("bücher", "xn--bcher-kva.example.com"),
        ("_ssh.Straße", "_ssh.xn--strae-oqa.example.com"),
        ("notexample.com", "notexample.com.example.com"),
    ],
)
def test_names_come_back_whole(api: Api, sent: str, stored: str) -> None:
    """A name comes back as the full name in lower case and punycode, without a dot."""
    assert written(api, name=sent).result["name"] == stored


NO_FLATTENING = {"flatten_cname": False}


def test_record_comes_back_with_defaults(api: Api) -> None:
    """A record of three fields answers 200 with defaults, and content without its dot."""
    answer = written(api, content="T.cfargotunnel.com.")

    shown = {
        name: answer.result[name] for name in ("ttl", "proxied", "comment", "tags", "settings")
    }
    assert shown == {
        "ttl": 1,
        "proxied": False,
        "comment": None,
        "tags": [],
        "settings": NO_FLATTENING,
    }
    assert (answer.status, answer.result["content"]) == (200, "T.cfargotunnel.com")


def test_proxied_records_have_ttl_one(api: Api) -> None:
    """The ttl of a proxied record is 1 whatever was sent."""
    assert written(api, proxied=True, ttl=300).result["ttl"] == 1
    assert written(api, name="b", ttl=300).result["ttl"] == 300


def test_empty_comment_is_none(api: Api) -> None:
    """An empty comment comes back as null."""
    assert written(api, comment="").result["comment"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a b"},
        {"name": "ü" * 70},
        {"name": "-a"},
        {"name": "a..b"},
        {"name": "a.*"},
        {"name": "x" * 64},
        {"name": ".".join(["x" * 60] * 5)},
        {"name": 5},
        {"name": None},
        {"content": ""},
        {"content": "ssh.example.com"},
        {"content": "not a host"},
        {"type": "MX", "content": "mail.example.com", "priority": 70000},
        {"type": "A", "content": "t.example.com"},
        {"type": "A", "content": "2001:db8::1"},
        {"type": "AAAA", "content": "192.0.2.1"},
        {"type": "CAA", "content": "0 issue x"},
        {"type": "TXT", "content": "x", "proxied": True},
        {"type": 5},
        {"ttl": 59},
        {"ttl": 86401},
        {"ttl": "auto"},
        {"ttl": True},
        {"proxied": "yes"},
        {"comment": "x" * 101},
        {"tags": ["a:b"]},
        {"settings": {"flatten_cname": "yes"}},
        {"settings": {"flatten_cname": True}, "proxied": True},
    ],
)
def test_wrong_records_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong value answers 400/1004 with a chain and creates nothing."""
    answer = written(api, **fields)

    assert answer.error == (400, 1004)
    assert answer.body["errors"][0]["error_chain"]
    assert api.get(f"{api.zone()}/dns_records").result == []


def test_paid_zones_take_tags_and_longer_comments() -> None:
    """What a free zone refuses, a paid one takes."""
    api = Api(Sandbox.create(zones=(ZoneSeed("example.com", "pro"),)))

    assert written(api, tags=["team:ops"], comment="x" * 500).result["tags"] == ["team:ops"]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({}, {}, 81058),
        ({}, {"content": "T.CFARGOTUNNEL.COM"}, 81058),
        ({}, {"content": "other.example.net"}, 81053),
        ({}, {"type": "A", "content": "192.0.2.1"}, 81053),
        ({"type": "AAAA", "content": "2001:db8::1"}, {}, 81053),
        ({"type": "A", "content": "192.0.2.1"}, {"type": "A", "content": "192.0.2.1"}, 81058),
    ],
)
def test_clashing_records_are_refused(
    api: Api, first: dict[str, Any], second: dict[str, Any], code: int
) -> None:
    """An identical record answers 81058, a CNAME beside an address record 81053."""
    written(api, **first)

    assert written(api, **second).error == (400, code)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"type": "A", "content": "192.0.2.1"}, {"type": "A", "content": "192.0.2.2"}),
        ({"type": "A", "content": "192.0.2.1"}, {"type": "AAAA", "content": "2001:db8::1"}),
        ({}, {"type": "TXT", "content": "hello"}),
        ({}, {"name": "other"}),
    ],
)
def test_records_stand_side_by_side(
    api: Api, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Address records of one name, and a text beside a CNAME, are no clash."""
    written(api, **first)

    assert written(api, **second).status == 200


def test_put_overwrites_and_patch_merges(api: Api) -> None:
    """PUT returns what is left out to its default, PATCH keeps it."""
    made = written(api, comment="mine", proxied=True).result
    path = f"{api.zone()}/dns_records/{made['id']}"
    patched = api.patch(path, {"content": "new.cfargotunnel.com"}).result

    assert (patched["comment"], patched["proxied"]) == ("mine", True)
    body = {"type": "CNAME", "name": "ssh", "content": "put.cfargotunnel.com"}
    overwritten = api.put(path, body).result
    assert (overwritten["comment"], overwritten["proxied"]) == (None, False)
    assert overwritten["created_on"] == made["created_on"]


def test_patch_can_take_the_comment_away(api: Api) -> None:
    """PATCH with a null comment clears it."""
    made = written(api, comment="mine").result

    path = f"{api.zone()}/dns_records/{made['id']}"
    assert api.patch(path, {"comment": None}).result["comment"] is None


def test_changed_record_may_not_clash(api: Api) -> None:
    """A rename onto another record's name is refused, and the record stays as it was."""
    written(api, name="taken")
    made = written(api).result
    path = f"{api.zone()}/dns_records/{made['id']}"

    assert api.patch(path, {"name": "taken"}).error == (400, 81058)
    assert api.get(path).result == made


def test_deleted_record_is_unknown(api: Api) -> None:
    """DELETE answers the id, and a second time 404/81044."""
    made = written(api).result
    path = f"{api.zone()}/dns_records/{made['id']}"

    assert api.delete(path).result == {"id": made["id"]}
    assert api.delete(path).error == (404, 81044)


def test_records_belong_to_their_zone() -> None:
    """A record is not found in another zone."""
    api = Api(Sandbox.create(zones=("example.com", "example.net")))
    made = written(api).result

    assert api.get(f"{api.zone('example.net')}/dns_records/{made['id']}").error == (404, 81044)
    assert api.get(f"{api.zone('example.net')}/dns_records").result == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("type=CNAME&content.endswith=.cfargotunnel.com", {"a", "b"}),
        ("type=TXT", {"t"}),
        ("name=a.example.com", {"a"}),
        ("name=A.EXAMPLE.COM", {"a"}),
        ("name.exact=b.example.com", {"b"}),
        ("name.contains=example", {"a", "b", "t"}),
        ("name.startswith=a.", {"a"}),
        ("name.endswith=b.example.com", {"b"}),
        ("content=one.cfargotunnel.com", {"a"}),
        ("content.contains=two", {"b"}),
        ("comment.contains=ztctl", {"a"}),
        ("comment.present=", {"a"}),
        ("comment.absent=", {"b", "t"}),
        ("proxied=true", {"b"}),
        ("search=ONE", {"a"}),
        ("name=a.example.com&type=TXT", set()),
        ("name=a.example.com&type=TXT&match=any", {"a", "t"}),
        ("name=none.example.com", set()),
    ],
)
def test_records_are_filtered(api: Api, query: str, names: set[str]) -> None:
    """Each filter of the list leaves the records it should."""
    written(api, name="a", content="one.cfargotunnel.com", comment="by ztctl")
    written(api, name="b", content="two.cfargotunnel.com", proxied=True)
    written(api, name="t", type="TXT", content="hello")

    listed = api.get(f"{api.zone()}/dns_records?{query}").result
    assert {record["name"].partition(".")[0] for record in listed} == names
    assert api.sandbox.ignored == []


def test_records_are_ordered(api: Api) -> None:
    """Records come in the order asked for; an unknown order is refused."""
    for name in ("b", "a", "c"):
        written(api, name=name)

    listed = api.get(f"{api.zone()}/dns_records?order=name&direction=desc").result
    assert [record["name"][0] for record in listed] == ["c", "b", "a"]
    assert api.get(f"{api.zone()}/dns_records?order=colour").status == 400


def test_a_page_of_records_can_be_huge(api: Api) -> None:
    """The page size of records goes to 5,000,000."""
    assert api.get(f"{api.zone()}/dns_records?per_page=5000000").status == 200
    assert api.get(f"{api.zone()}/dns_records?per_page=5000001").status == 400


def test_batch_runs_in_the_services_order(api: Api) -> None:
    """Deletes come before posts, so an address record turns into a CNAME in one call."""
    old = written(api, type="A", content="192.0.2.1").result
    new = {"type": "CNAME", "name": "ssh", "content": "t.cfargotunnel.com", "proxied": True}
    batch = {"posts": [new], "deletes": [{"id": old["id"]}]}
    done = api.post(f"{api.zone()}/dns_records/batch", batch).result

    assert done["deletes"] == [old]
    assert done["posts"][0]["content"] == "t.cfargotunnel.com"
    assert (done["patches"], done["puts"]) == (None, None)


def test_batch_patches_and_puts(api: Api) -> None:
    """A batch merges patches and overwrites by puts, in the order of the request."""
    first, second = written(api, comment="kept").result, written(api, name="b", comment="x").result
    batch = {
        "patches": [{"id": first["id"], "proxied": True}],
        "puts": [{"id": second["id"], "type": "CNAME", "name": "b", "content": "n.example.net"}],
    }
    done = api.post(f"{api.zone()}/dns_records/batch", batch).result

    assert done["patches"][0]["comment"] == "kept"
    assert done["puts"][0]["comment"] is None


def test_failed_batch_keeps_nothing(api: Api) -> None:
    """The first error undoes the whole batch and points at its operation."""
    kept = written(api, name="kept").result
    good = {"type": "CNAME", "name": "new", "content": "t.cfargotunnel.com"}
    batch = {"deletes": [{"id": kept["id"]}], "posts": [good, {**good, "name": "a b"}]}
    answer = api.post(f"{api.zone()}/dns_records/batch", batch)

    assert answer.error == (400, 1004)
    assert answer.body["errors"][0]["source"] == {"pointer": "/posts/1"}
    assert api.get(f"{api.zone()}/dns_records").result == [kept]


def test_records_of_one_batch_may_not_clash(api: Api) -> None:
    """Two posts of one name clash with each other."""
    good = {"type": "CNAME", "name": "new", "content": "t.cfargotunnel.com"}

    answer = api.post(f"{api.zone()}/dns_records/batch", {"posts": [good, good]})
    assert answer.error == (400, 81058)


@pytest.mark.parametrize(
    ("plan", "size", "status"),
    [("free", 200, 200), ("free", 201, 400), ("pro", 201, 200), ("pro", 3501, 400)],
)
def test_batches_have_a_size(plan: Any, size: int, status: int) -> None:
    """A batch holds 200 operations on a free zone and 3,500 on a paid one."""
    api = Api(Sandbox.create(zones=(ZoneSeed("example.com", plan),)))
    posts = [
        {"type": "CNAME", "name": f"h{number}", "content": "t.cfargotunnel.com"}
        for number in range(size)
    ]

    assert api.post(f"{api.zone()}/dns_records/batch", {"posts": posts}).status == status


@pytest.mark.parametrize(
    "batch",
    [
        {"posts": {}},
        {"posts": ["x"]},
        {"deletes": [{"id": UNKNOWN}]},
        {"deletes": [{}]},
        {"patches": [{"id": ["x"]}]},
        {"puts": [{"id": UNKNOWN, "type": "CNAME"}]},
    ],
)
def test_wrong_batches_are_refused(api: Api, batch: Any) -> None:
    """A batch with a wrong operation is refused."""
    assert api.post(f"{api.zone()}/dns_records/batch", batch).status in (400, 404)
