"""DNS records by tag, their number, and the helper of cloudflared."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def paid() -> Api:
    """A client of an account whose zone takes tags, with three records."""
    api = Api(Sandbox.create(zones=(ZoneSeed("example.com", "pro"),)))
    api.record("a", tags=["team:Ops", "env:prod"])
    api.record("b", tags=["team:dev"], comment="ops")
    api.record("c")
    return api


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tag=team:ops", "a"),
        ("tag.exact=TEAM:OPS", "a"),
        ("tag.exact=team:op", ""),
        ("tag.contains=team:e", "b"),
        ("tag.startswith=team:o", "a"),
        ("tag.endswith=env:od", "a"),
        ("tag.present=team", "ab"),
        ("tag.absent=team", "c"),
        ("tag.present=team&tag.present=env", "a"),
        ("tag.present=env&tag.exact=team:dev&tag_match=any", "ab"),
        ("tag.present=env&tag.exact=team:dev", ""),
        ("tag.present=env&name=c.example.com&match=any", "ac"),
        ("search=ops&type=TXT&match=any", ""),
        ("search=ops", "b"),
    ],
)
def test_records_are_filtered_by_tag(paid: Api, query: str, names: str) -> None:
    """Filters by tag join among themselves by tag_match, with the others by match."""
    listed = paid.get(f"{paid.zone()}/dns_records?{query}").result

    assert "".join(record["name"][0] for record in listed) == names
    assert paid.sandbox.ignored == []


@pytest.mark.parametrize("query", ["match=some", "tag_match=none", "direction=up"])
def test_wrong_words_in_a_query_are_refused(paid: Api, query: str) -> None:
    """A word that is not known answers 400."""
    assert paid.get(f"{paid.zone()}/dns_records?{query}").status == 400


def test_free_zones_take_no_tags(api: Api) -> None:
    """Tags in a free zone are refused with the code that is recorded."""
    body = {"type": "TXT", "name": "a", "content": "x", "tags": ["a:b"]}
    answer = api.post(f"{api.zone()}/dns_records", body)

    assert answer.error == (400, 1004)
    assert answer.body["errors"][0]["error_chain"][0]["code"] == 9300


def test_usage_counts_records(paid: Api) -> None:
    """The usage of a zone says how many records it has and may have."""
    zone = paid.get(f"{paid.zone()}/dns_records/usage").result

    assert zone == {"record_quota": 3500, "record_usage": 3}
    account = paid.get("{A}/dns_records/usage").result
    assert account == {"record_quota": None, "record_usage": 3}


def test_full_zone_takes_no_more() -> None:
    """With quotas a free zone is full at 200 records, in a batch too, and opens when one goes."""
    api = Api(Sandbox.create(settings=Settings(quotas=True)))
    posts = [{"type": "TXT", "name": f"t{n}", "content": "x"} for n in range(200)]
    path = f"{api.zone()}/dns_records"
    made = api.post(f"{path}/batch", {"posts": posts}).result["posts"]

    one = {"type": "TXT", "name": "more", "content": "x"}
    assert api.post(path, one).error == (400, 81045)
    assert api.post(f"{path}/batch", {"posts": [one]}).error == (400, 81045)
    swapped = api.post(f"{path}/batch", {"deletes": [{"id": made[0]["id"]}], "posts": [one]})
    assert swapped.status == 200


def led(api: Api, tunnel: str, name: str = "ssh.example.com", **fields: Any) -> Any:
    """The answer to cloudflared's wish for a name."""
    body = {"type": "dns", "user_hostname": name, "overwrite_existing": False, **fields}
    return api.put(f"{api.zone()}/tunnels/{tunnel}/routes", body)


def test_name_is_led_to_a_tunnel(api: Api) -> None:
    """A new name becomes a proxied CNAME, and asking again changes nothing."""
    tunnel = api.tunnel()["id"]

    assert led(api, tunnel).result == {"cname": "new", "name": "ssh.example.com"}
    assert led(api, tunnel).result == {"cname": "unchanged", "name": "ssh.example.com"}
    (record,) = api.get(f"{api.zone()}/dns_records").result
    assert (record["content"], record["proxied"]) == (f"{tunnel}.cfargotunnel.com", True)


def test_taken_name_is_not_led_away(api: Api) -> None:
    """A name with another record answers 400/1003, and moves when asked outright."""
    api.record("ssh", "elsewhere.example.net")
    tunnel = api.tunnel()["id"]

    assert led(api, tunnel).error == (400, 1003)
    assert led(api, tunnel, overwrite_existing=True).result["cname"] == "updated"
    (record,) = api.get(f"{api.zone()}/dns_records").result
    assert record["content"] == f"{tunnel}.cfargotunnel.com"


def test_names_lead_to_living_tunnels_only(api: Api) -> None:
    """An unknown and a deleted tunnel answer 404/1002."""
    tunnel = api.tunnel()["id"]
    api.delete(f"{{A}}/cfd_tunnel/{tunnel}")

    assert led(api, tunnel).error == (404, 1002)
    assert led(api, UNKNOWN).error == (404, 1002)
    assert led(api, api.tunnel()["id"], name="a b").error == (400, 1004)
    assert led(api, api.tunnel("b")["id"], type="lb").error == (400, 1004)
