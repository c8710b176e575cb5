"""Access applications: defaults, mirrored destinations, refusals.

Source: Cloudflare OpenAPI description, July 2026; Terraform provider's normalisers and acceptance
tests; answers that third-party clients recorded.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from .service import TIME, UUID, Answer, Service

APPS = "{A}/access/apps"


def made(service: Service, **fields: Any) -> Any:
    """A new self-hosted application."""
    return asked(service, **fields).result


def asked(service: Service, **fields: Any) -> Answer:
    """The answer to a new application; None leaves a default out."""
    body = {"type": "self_hosted", "name": service.name(), "domain": service.host(), **fields}
    return service.post(APPS, {name: body[name] for name in body if body[name] is not None})


def read(service: Service, app: Any) -> Any:
    """An application as it is now."""
    return service.get(f"{APPS}/{app['id']}").result


def test_created(service: Service) -> None:
    """An application is created with 201, a UUID, an audience of 64 hex digits and times."""
    answer = asked(service)

    app = answer.result
    assert answer.status == 201
    assert UUID.fullmatch(app["id"])
    assert re.fullmatch("[0-9a-f]{64}", app["aud"])
    assert TIME.fullmatch(app["created_at"])
    assert TIME.fullmatch(app["updated_at"])


@pytest.mark.parametrize("kind", ["self_hosted", "ssh"])
def test_defaults(service: Service, kind: str) -> None:
    """What was left out is at its default, or absent where that means the same."""
    app = read(service, made(service, type=kind))

    assert app["type"] == kind
    assert app.get("session_duration", "24h") in ("24h", "24h0m0s", "1440m")
    truths = ("http_only_cookie_attribute", "app_launcher_visible", "eager_redirect_cookie_setting")
    assert [app.get(name, True) for name in truths] == [True] * 3
    lies = ("enable_binding_cookie", "auto_redirect_to_identity", "options_preflight_bypass")
    more = ("service_auth_401_redirect", "skip_interstitial", "path_cookie_attribute")
    assert not any(app.get(name) for name in (*lies, *more))
    assert not app.get("allowed_idps")
    assert not app.get("tags")
    assert not app.get("policies")


def test_domain_is_mirrored(service: Service) -> None:
    """A domain alone is the one destination and the one self-hosted domain."""
    app = made(service)

    assert app["self_hosted_domains"] == [app["domain"]]
    assert [(one["type"], one["uri"]) for one in app["destinations"]] == [("public", app["domain"])]


def test_destinations_are_mirrored(service: Service) -> None:
    """Destinations alone make the first of them the domain, and all of them self-hosted."""
    uris = [service.host(), service.host() + "/path"]
    app = made(service, domain=None, destinations=[{"type": "public", "uri": u} for u in uris])

    assert (app["domain"], app["self_hosted_domains"]) == (uris[0], uris)


def test_destinations_win(service: Service) -> None:
    """Destinations win over self-hosted domains."""
    uri = service.host()
    app = made(
        service,
        domain=uri,
        destinations=[{"type": "public", "uri": uri}],
        self_hosted_domains=[service.host()],
    )

    assert app["self_hosted_domains"] == [uri]


def test_domain_among_destinations(service: Service) -> None:
    """A domain that is not among the destinations is refused with 400/12130."""
    answer = asked(service, destinations=[{"type": "public", "uri": service.host()}])

    assert answer.error == (400, 12130)


def test_private_destination(service: Service) -> None:
    """A single address gets its mask; a single port stays itself, alone or as a range."""
    private = {"type": "private", "cidr": "10.0.0.5", "l4_protocol": "tcp", "port_range": "22"}
    uri = service.host()
    app = made(service, domain=uri, destinations=[{"type": "public", "uri": uri}, private])

    (one,) = [one for one in app["destinations"] if one["type"] == "private"]
    assert one["cidr"] == "10.0.0.5/32"
    assert one["port_range"] in ("22", "22-22")


def test_tags(service: Service) -> None:
    """Tags come back, whatever their order was."""
    tags = [service.post("{A}/access/tags", {"name": service.name()}).result["name"] for _ in "ab"]
    app = made(service, tags=tags[::-1])

    assert sorted(app["tags"]) == sorted(tags)


def test_unknown_tag(service: Service) -> None:
    """A tag that does not exist is refused with 400/12130, in words about tags."""
    answer = asked(service, tags=[service.name()])

    assert answer.error == (400, 12130)
    assert "tag" in answer.message


def test_taken_domain(service: Service) -> None:
    """A domain that another application has is refused with 409."""
    app = made(service)

    assert asked(service, domain=app["domain"]).status == 409


def test_foreign_domain(service: Service) -> None:
    """A domain in no zone of the account is refused with 400/12130."""
    assert asked(service, domain="ztctl-contract.invalid").error == (400, 12130)


def test_unknown_type(service: Service) -> None:
    """An unknown type is refused with 400."""
    assert asked(service, type="shoe_shop").status == 400


def test_put_replaces(service: Service) -> None:
    """PUT replaces the whole: what it leaves out goes back to its default; id and aud stay."""
    app = made(service, session_duration="8h", skip_interstitial=True)
    body = {"type": "self_hosted", "name": app["name"], "domain": app["domain"]}
    answer = service.put(f"{APPS}/{app['id']}", body)

    after = answer.result
    assert answer.status == 200
    assert (after["id"], after["aud"]) == (app["id"], app["aud"])
    assert after.get("session_duration", "24h") in ("24h", "24h0m0s", "1440m")
    assert not after.get("skip_interstitial")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_settings(service: Service, method: str) -> None:
    """Two settings are changed on their own, with 202."""
    app = made(service)
    answer = service.call(method, f"{APPS}/{app['id']}/settings", {"skip_interstitial": True})

    assert answer.status == 202
    assert read(service, app)["skip_interstitial"] is True


def test_deleted(service: Service) -> None:
    """Deleting answers 202 with the id, and then the application is unknown: 404/11021."""
    app = made(service)
    answer = service.delete(f"{APPS}/{app['id']}")

    assert (answer.status, answer.result["id"]) == (202, app["id"])
    assert service.get(f"{APPS}/{app['id']}").error == (404, 11021)


def test_listed(service: Service) -> None:
    """The list shows what a read shows, policies and all."""
    policy = {"name": service.name(), "decision": "allow", "include": [{"everyone": {}}]}
    app = made(service, policies=[policy])
    found = service.get(APPS, domain=app["domain"], exact=True, per_page=1000).result

    (listed,) = [one for one in found if one["id"] == app["id"]]
    assert [one["name"] for one in listed["policies"]] == [policy["name"]]


def test_found_by_audience(service: Service) -> None:
    """An application is found by its audience."""
    app = made(service)

    assert [one["id"] for one in service.get(APPS, aud=app["aud"]).result] == [app["id"]]


def test_malformed_id(service: Service) -> None:
    """A malformed id is refused with 400/12045."""
    assert service.get(f"{APPS}/not-an-id").error == (400, 12045)
