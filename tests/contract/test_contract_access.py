"""Groups, tags, service tokens and CAs of applications.

Source: Cloudflare OpenAPI description, July 2026; Terraform provider's normalisers and acceptance
tests; recorded fixtures; answers that third-party clients recorded.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from .service import EVERYONE, TIME, UUID, Service

GROUPS = "{A}/access/groups"
TAGS = "{A}/access/tags"
TOKENS = "{A}/access/service_tokens"
APPS = "{A}/access/apps"


def group(service: Service, **fields: Any) -> Any:
    """A new group."""
    return service.post(GROUPS, {"name": service.name(), "include": EVERYONE, **fields}).result


def token(service: Service, **fields: Any) -> Any:
    """A new service token."""
    return service.post(TOKENS, {"name": service.name(), **fields}).result


def ca_path(service: Service) -> tuple[str, str]:
    """Where the CA of a new application is, and the application's audience."""
    body = {"type": "ssh", "name": service.name(), "domain": service.host()}
    app = service.post(APPS, body).result
    return f"{APPS}/{app['id']}/ca", app["aud"]


def test_group_is_created(service: Service) -> None:
    """A group is created with 201 and a UUID; what was left out is empty."""
    answer = service.post(GROUPS, {"name": service.name(), "include": EVERYONE})

    assert (answer.status, bool(UUID.fullmatch(answer.result["id"]))) == (201, True)
    assert (answer.result.get("exclude") or [], answer.result.get("require") or []) == ([], [])


def test_group_is_replaced_and_deleted(service: Service) -> None:
    """PUT replaces a group with 200; deleting answers 202 with the id."""
    one = group(service, require=[{"geo": {"country_code": "PT"}}])
    replaced = service.put(f"{GROUPS}/{one['id']}", {"name": "other", "include": EVERYONE})
    deleted = service.delete(f"{GROUPS}/{one['id']}")

    assert (replaced.status, replaced.result.get("require") or []) == (200, [])
    assert (deleted.status, deleted.result["id"]) == (202, one["id"])
    assert service.get(f"{GROUPS}/{one['id']}").status == 404


def test_groups_nest(service: Service) -> None:
    """A group can hold a group."""
    inner = group(service)
    outer = group(service, include=[{"group": {"id": inner["id"]}}])

    assert outer["include"] == [{"group": {"id": inner["id"]}}]


def test_tag_is_created(service: Service) -> None:
    """A tag is created with 201, without an id, in no application."""
    name = service.name()
    answer = service.post(TAGS, {"name": name})

    assert (answer.status, answer.result["name"], "id" in answer.result) == (201, name, False)
    assert answer.result["app_count"] == 0


def test_tag_is_addressed_by_name(service: Service) -> None:
    """A tag is read and deleted by its percent-encoded name; deleting answers 202."""
    name = service.name() + " é"
    service.post(TAGS, {"name": name})
    deleted = service.delete(f"{TAGS}/{quote(name, safe='')}")
    service.made.clear()

    assert (deleted.status, deleted.result["name"]) == (202, name)


def test_long_tag(service: Service) -> None:
    """A tag of 36 characters is refused with 400/12130."""
    assert service.post(TAGS, {"name": "x" * 36}).error == (400, 12130)


def test_tag_twice(service: Service) -> None:
    """A second tag of one name is refused, as existing already."""
    name = service.post(TAGS, {"name": service.name()}).result["name"]
    answer = service.post(TAGS, {"name": name})

    assert 400 <= answer.status < 500
    assert "already_exists" in answer.message


def test_service_token_is_created(service: Service) -> None:
    """A service token is created with 201, with its secret, for a year."""
    answer = service.post(TOKENS, {"name": service.name()})

    one = answer.result
    assert (answer.status, bool(UUID.fullmatch(one["id"]))) == (201, True)
    assert re.fullmatch(r"[0-9a-f]{32}\.access", one["client_id"])
    assert re.fullmatch("[0-9a-f]{64}", one["client_secret"])
    assert one["duration"] in ("8760h", "8760h0m0s")
    assert TIME.fullmatch(one["expires_at"])


def test_service_tokens_secret_is_shown_once(service: Service) -> None:
    """Neither a read nor the list shows a secret again."""
    one = token(service)

    assert one["client_secret"] not in str(service.get(f"{TOKENS}/{one['id']}").result)
    assert one["client_secret"] not in str(service.get(TOKENS, per_page=1000).result)


def test_names_of_service_tokens_may_repeat(service: Service) -> None:
    """Two service tokens may have one name."""
    one = token(service)

    assert token(service, name=one["name"])["id"] != one["id"]


def test_secret_is_rotated(service: Service) -> None:
    """Rotating answers 200 with a new secret for the same client."""
    one = token(service)
    answer = service.call("POST", f"{TOKENS}/{one['id']}/rotate")

    assert (answer.status, answer.result["client_id"]) == (200, one["client_id"])
    assert answer.result["client_secret"] != one["client_secret"]


def test_raised_version_rotates(service: Service) -> None:
    """PUT with a raised version makes a new secret, and shows it."""
    one = token(service)
    version = one.get("client_secret_version", 1) + 1
    body = {"name": one["name"], "client_secret_version": version}
    answer = service.put(f"{TOKENS}/{one['id']}", body)

    assert answer.status == 200
    assert answer.result["client_secret"] != one["client_secret"]


def test_token_is_refreshed(service: Service) -> None:
    """Refreshing answers 200 and shows no secret."""
    one = token(service)
    answer = service.call("POST", f"{TOKENS}/{one['id']}/refresh")

    assert (answer.status, answer.result.get("client_secret")) == (200, None)
    assert answer.result["expires_at"] >= one["expires_at"]


def test_service_token_is_deleted(service: Service) -> None:
    """Deleting a service token answers 200."""
    one = token(service)

    assert service.delete(f"{TOKENS}/{one['id']}").status == 200


def test_ca_is_created(service: Service) -> None:
    """A CA is created without a body, with 200, for the application's audience."""
    path, aud = ca_path(service)
    answer = service.post(path)

    assert (answer.status, answer.result["aud"]) == (200, aud)
    kind, key, comment = answer.result["public_key"].split(" ")
    assert (kind, comment) == ("ecdsa-sha2-nistp256", "open-ssh-ca@cloudflareaccess.org")
    assert re.fullmatch("[A-Za-z0-9+/]+={0,2}", key)


def test_ca_is_listed_by_audience(service: Service) -> None:
    """The list of CAs names audiences, not applications."""
    path, aud = ca_path(service)
    made = service.post(path).result
    answer = service.eventually(
        lambda: service.get(f"{APPS}/ca", per_page=1000),
        lambda one: any(ca["aud"] == aud for ca in one.result),
    )

    (listed,) = [one for one in answer.result if one["aud"] == aud]
    assert listed["public_key"] == made["public_key"]
    assert "app_id" not in listed


def test_missing_ca(service: Service) -> None:
    """An application without a CA answers 404."""
    path, _ = ca_path(service)

    assert service.get(path).status == 404


def test_ca_is_deleted(service: Service) -> None:
    """Deleting a CA answers 202 with the id, and the next one has another key."""
    path, _ = ca_path(service)
    first = service.post(path).result
    deleted = service.delete(path)
    second = service.post(path).result

    assert (deleted.status, deleted.result["id"]) == (202, first["id"])
    assert second["public_key"] != first["public_key"]
