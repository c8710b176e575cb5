"""Envelope, pages, tokens, accounts and zones.

Source: Cloudflare OpenAPI description, July 2026; answers that third-party clients recorded.
"""

from __future__ import annotations

import re

import pytest

from .service import Service

NOBODY = "0" * 32


def test_success(service: Service) -> None:
    """A success says so, has a result, no errors, and is JSON."""
    answer = service.get("{Z}")

    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert (answer.body["success"], answer.body["errors"]) == (True, [])
    assert isinstance(answer.body["messages"], list)
    assert answer.body["result"]["id"] == service.zone


def test_failure(service: Service) -> None:
    """A failure says so, has no result, and errors with a code from 1000 on and a message."""
    answer = service.get("{Z}/dns_records/" + NOBODY)

    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert (answer.body["success"], answer.body["result"]) == (False, None)
    (first, *_) = answer.body["errors"]
    assert (first["code"] >= 1000, isinstance(first["message"], str)) == (True, True)


def test_unknown_path(service: Service) -> None:
    """A path that leads nowhere answers 404 with 7003 or 7000."""
    answer = service.get("{A}/no/such/path")

    assert answer.status == 404
    assert {one["code"] for one in answer.body["errors"]} & {7000, 7003}


def test_malformed_id(service: Service) -> None:
    """A malformed identifier in a path answers 404/7003."""
    assert service.get("/zones/not-an-id").error == (404, 7003)


def test_unknown_token(service: Service) -> None:
    """An unknown token is refused."""
    headers = {"authorization": "Bearer " + "x" * 40}
    answer = service.call("GET", "{Z}", headers=headers)

    assert answer.status in (400, 401, 403)
    assert answer.body["success"] is False


@pytest.mark.parametrize("path", ["/accounts/", "/zones/"])
def test_foreign_scope(service: Service, path: str) -> None:
    """Somebody else's account and zone are refused with 403 or not found."""
    assert service.get(path + NOBODY).status in (403, 404)


def test_verified_token(service: Service) -> None:
    """A user's token or an account's is verified by its own call: id and status."""
    answer = service.get("/user/tokens/verify")
    if answer.status >= 400:
        answer = service.get("{A}/tokens/verify")

    assert re.fullmatch("[0-9a-f]{32}", answer.result["id"])
    assert answer.result["status"] == "active"


def test_accounts(service: Service) -> None:
    """The account is listed with id, name, type and settings."""
    (ours,) = [one for one in service.get("/accounts").result if one["id"] == service.place.account]

    assert re.fullmatch("[0-9a-f]{32}", ours["id"])
    assert {"id", "name", "type", "settings", "created_on"} <= ours.keys()


def test_zone(service: Service) -> None:
    """A zone is found by name, and says its account, plan, status and name servers."""
    (zone,) = service.get("/zones", name=service.place.zone_name).result

    assert re.fullmatch("[0-9a-f]{32}", zone["id"])
    assert (zone["account"]["id"], zone["status"]) == (service.place.account, "active")
    assert zone["name_servers"]
    assert zone["plan"]["legacy_id"]


@pytest.mark.parametrize("path", ["{Z}/dns_records", "{A}/cfd_tunnel", "/zones", "/accounts"])
def test_page_information(service: Service, path: str) -> None:
    """A list says its page, its size, how many it shows and has, or says nothing: one page."""
    answer = service.get(path, per_page=5, page=1)

    shown = len(answer.result)
    info = answer.body.get("result_info") or {"page": 1, "count": shown, "total_count": shown}
    assert (info["page"], info["count"]) == (1, shown)
    assert info["total_count"] >= shown
    assert info.get("per_page", 5) <= 5


def test_pages(service: Service) -> None:
    """The pages of a list are together the whole; none is longer than was asked for."""
    hosts = {service.host() for _ in range(3)}
    for host in hosts:
        body = {"type": "TXT", "name": host, "content": '"x"'}
        assert service.post("{Z}/dns_records", body).status == 200
    query = {"name__startswith": service.prefix, "per_page": 2}

    first = service.get("{Z}/dns_records", page=1, **query).result
    second = service.get("{Z}/dns_records", page=2, **query).result
    assert len(first) == 2
    assert {one["name"] for one in (*first, *second)} == hosts


def test_page_beyond_the_end(service: Service) -> None:
    """A page beyond the end is empty."""
    assert service.get("{Z}/dns_records", page=1000, per_page=100).result == []


def test_organisation(service: Service) -> None:
    """The organisation says its team domain."""
    organisation = service.get("{A}/access/organizations").result

    assert organisation["auth_domain"].endswith(".cloudflareaccess.com")


def test_identity_providers(service: Service) -> None:
    """Identity providers are listed with id, name and type."""
    for provider in service.get("{A}/access/identity_providers").result:
        assert {"id", "name", "type"} <= provider.keys()


@pytest.mark.parametrize("name", ["websockets", "ssl"])
def test_zone_settings(service: Service, name: str) -> None:
    """A zone says whether it lets websockets through, and how it speaks to origins."""
    setting = service.get("{Z}/settings/" + name).result

    assert (setting["id"], isinstance(setting["value"], str)) == (name, True)
