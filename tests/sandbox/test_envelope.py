"""Envelope, identifiers, pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox

from .api import Api


def test_success_carries_the_whole_envelope(api: Api) -> None:
    """A success has result, no errors, and messages."""
    answer = api.post("{A}/access/tags", {"name": "a"})

    assert {**answer.body, "result": 0} == {
        "result": 0,
        "success": True,
        "errors": [],
        "messages": [],
    }


def test_failure_has_a_null_result(api: Api) -> None:
    """A failure has a null result and at least one coded error."""
    answer = api.get("{A}/access/tags/none")

    assert (answer.body["success"], answer.body["result"]) == (False, None)
    assert answer.error[0] == 404


def test_answers_are_json_with_a_ray(sandbox: Sandbox) -> None:
    """Every answer says that it is JSON and names its ray."""
    headers = dict(sandbox.handle(Request("GET", "/client/v4/zones")).headers)

    assert headers["content-type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["cf-ray"])


def test_answers_are_dated_by_the_sandboxs_clock(sandbox: Sandbox) -> None:
    """Refusals and scripted answers included; a script may name another date."""
    sandbox.faults.add(path="/b$")
    sandbox.faults.add(path="/c$", headers={"date": "Thu, 01 Jan 1970 00:00:00 GMT"})

    dates = [
        dict(sandbox.handle(Request("GET", f"/client/v4/{path}")).headers)["date"]
        for path in ("zones", "a", "b", "c")
    ]

    times = [parsedate_to_datetime(date) for date in dates]
    told = [entry.time.replace(microsecond=0) for entry in sandbox.log]
    assert times == [*told[:3], datetime(1970, 1, 1, tzinfo=UTC)]
    assert all(date.endswith(" GMT") for date in dates)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/zones", r"[0-9a-f]{32}"),
        ("/accounts", r"[0-9a-f]{32}"),
        ("{A}/access/identity_providers", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-.{4}-.{12}"),
    ],
)
def test_seeded_ids_have_the_services_shape(api: Api, path: str, shape: str) -> None:
    """Seeded objects carry ids of the shape that the service uses."""
    ids = [one["id"] for one in api.get(path).result]

    assert all(re.fullmatch(shape, one) for one in ids)


@pytest.mark.parametrize(
    "path",
    ["{A}/access/groups/nonsense", "{A}/cfd_tunnel/nonsense", "/zones/nonsense", "/accounts/no"],
)
def test_malformed_ids_lead_nowhere(api: Api, path: str) -> None:
    """A malformed identifier in a path answers 404 with code 7003."""
    assert api.get(path).error == (404, 7003)


def test_malformed_application_id_has_its_own_code(api: Api) -> None:
    """A malformed application id answers 400 with code 12045."""
    assert api.get("{A}/access/apps/nonsense").error == (400, 12045)


def test_another_account_is_not_ours(api: Api) -> None:
    """A well-formed id of another account answers 403 with code 9109."""
    assert api.get(f"/accounts/{'0' * 32}/access/tags").error == (403, 9109)


def test_another_zone_is_not_ours(api: Api) -> None:
    """A well-formed id of an unknown zone answers 403 with code 9109."""
    assert api.get(f"/zones/{'0' * 32}").error == (403, 9109)


def test_unknown_paths_are_remembered(api: Api) -> None:
    """A request that finds no route answers 404/7000 and is listed as missed."""
    answer = api.get("{A}/access/bookmarks")

    assert [error["code"] for error in answer.body["errors"]] == [7000]
    assert api.sandbox.missed == [("GET", f"/accounts/{api.sandbox.account_id}/access/bookmarks")]


def test_unknown_methods_are_remembered(api: Api) -> None:
    """A method that a path does not have answers 405 and is listed as missed."""
    assert api.patch("{A}/access/tags", {}).status == 405
    assert len(api.sandbox.missed) == 1


def test_paths_outside_the_prefix_lead_nowhere(sandbox: Sandbox) -> None:
    """A path that does not begin with /client/v4 answers 404."""
    assert sandbox.handle(Request("GET", "/zones")).status == 404


def test_unknown_fields_are_ignored_and_remembered(api: Api) -> None:
    """Unknown members and parameters are ignored, and listed once each."""
    for name in ("a", "b"):
        api.post("{A}/access/tags?loud=1", {"name": name, "colour": "red"})

    path = f"/accounts/{api.sandbox.account_id}/access/tags"
    assert api.sandbox.ignored == [("POST", path, "?loud"), ("POST", path, "colour")]


def test_log_holds_every_request(api: Api) -> None:
    """The log shows method, path, query, body and status of each request."""
    api.post("{A}/access/tags?x=1", {"name": "a"})

    entry = api.sandbox.log[-1]
    assert (entry.method, entry.query, entry.status) == ("POST", (("x", "1"),), 201)
    assert (entry.path, entry.body) == (
        f"/accounts/{api.sandbox.account_id}/access/tags",
        b'{"name": "a"}',
    )


@pytest.fixture
def tagged(api: Api) -> Api:
    """An account with 51 tags, one more than a page."""
    for number in range(51):
        api.post("{A}/access/tags", {"name": f"t{number:02}"})
    return api


def test_tags_come_by_fifty(tagged: Api) -> None:
    """The default page of tags is 50, and result_info counts all of them."""
    answer = tagged.get("{A}/access/tags")

    assert len(answer.result) == 50
    assert answer.body["result_info"] == {
        "page": 1,
        "per_page": 50,
        "count": 50,
        "total_count": 51,
        "total_pages": 2,
    }


def test_pages_beyond_the_end_are_empty(tagged: Api) -> None:
    """A page beyond the end is empty and still counts all."""
    answer = tagged.get("{A}/access/tags?page=3")

    assert answer.result == []
    assert answer.body["result_info"]["total_count"] == 51


def test_last_page_holds_the_rest(tagged: Api) -> None:
    """Pages of a size asked for cover everything once."""
    pages = [tagged.get(f"{{A}}/access/tags?per_page=20&page={n}").result for n in (1, 2, 3)]

    assert [tag["name"] for page in pages for tag in page] == [f"t{n:02}" for n in range(51)]


@pytest.mark.parametrize("query", ["per_page=0", "per_page=1001", "page=0", "page=x", "page=-1"])
def test_pages_out_of_range_are_refused(api: Api, query: str) -> None:
    """A page or page size out of range answers 400."""
    assert api.get(f"{{A}}/access/tags?{query}").status == 400


@pytest.mark.parametrize(("size", "status"), [(4, 400), (5, 200), (100, 200), (101, 400)])
def test_zones_come_by_five_to_a_hundred(api: Api, size: int, status: int) -> None:
    """Zones take a page size from 5 to 100."""
    assert api.get(f"/zones?per_page={size}").status == status


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("{A}/access/apps", 1000),
        ("{A}/access/policies", 100),
        ("{A}/access/groups", 1000),
        ("{A}/access/tags", 50),
        ("{A}/access/identity_providers", 200),
        ("{A}/access/service_tokens", 1000),
        ("{A}/access/apps/ca", 100),
        ("/zones", 20),
        ("/accounts", 20),
    ],
)
def test_default_page_sizes(api: Api, path: str, size: int) -> None:
    """Each list has the documented default page size."""
    assert api.get(path).body["result_info"]["per_page"] == size
