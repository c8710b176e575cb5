"""Access objects of one zone, by the official SDK."""

from __future__ import annotations

from typing import Any

from .harness import Sdk, drives

APPS = "{Z}/access/apps"
OPS: list[Any] = [{"email_domain": {"domain": "example.com"}}]


def zone_of(sdk: Sdk) -> Any:
    """The id of the zone, as the client takes it."""
    return {"zone_id": next(iter(sdk.client.zones.list())).id}


@drives(
    f"POST {APPS}",
    f"GET {APPS}",
    f"GET {APPS}/{{}}",
    f"PUT {APPS}/{{}}",
    f"PUT {APPS}/{{}}/settings",
    f"PATCH {APPS}/{{}}/settings",
    f"POST {APPS}/{{}}/revoke_tokens",
    f"DELETE {APPS}/{{}}",
)
def test_life_of_an_application_of_a_zone(sdk: Sdk) -> None:
    """It is made, read, listed, changed and deleted below its zone."""
    apps, zone = sdk.access.applications, zone_of(sdk)
    body: Any = {"type": "self_hosted", "domain": "web.example.com"}
    made = apps.create(**body, **zone, name="web")
    changed = apps.update(made.id, **body, **zone, name="new")
    apps.settings.update(made.id, allow_iframe=True, **zone)
    apps.settings.edit(made.id, allow_iframe=False, **zone)
    apps.revoke_tokens(made.id, **zone)

    assert [one.name for one in apps.list(**zone)] == ["new"]
    assert apps.get(made.id, **zone).aud == changed.aud
    assert apps.delete(made.id, **zone).id == made.id


@drives(
    f"POST {APPS}/{{}}/policies",
    f"GET {APPS}/{{}}/policies",
    f"GET {APPS}/{{}}/policies/{{}}",
    f"PUT {APPS}/{{}}/policies/{{}}",
    f"DELETE {APPS}/{{}}/policies/{{}}",
    f"POST {APPS}/{{}}/ca",
    f"GET {APPS}/{{}}/ca",
    f"GET {APPS}/ca",
    f"DELETE {APPS}/{{}}/ca",
)
def test_policies_and_ca_of_an_application_of_a_zone(sdk: Sdk) -> None:
    """Policies of its own and a CA live below it."""
    apps, zone = sdk.access.applications, zone_of(sdk)
    app: Any = apps.create(type="self_hosted", domain="web.example.com", **zone).id
    body: Any = {"decision": "allow", "include": OPS}
    policy: Any = apps.policies.create(app, extra_body={"name": "ops", **body}, **zone).id
    apps.policies.update(policy, app_id=app, extra_body={"name": "dev", **body}, **zone)
    authority = apps.cas.create(app, **zone)

    assert [one.name for one in apps.policies.list(app, **zone)] == ["dev"]
    assert apps.policies.get(policy, app_id=app, **zone).name == "dev"
    assert [one.id for one in apps.cas.list(**zone)] == [authority.id]
    assert apps.cas.get(app, **zone).public_key == authority.public_key
    assert apps.cas.delete(app, **zone).id == authority.id
    assert apps.policies.delete(policy, app_id=app, **zone).id == policy


@drives(
    *(f"{way} {{Z}}/access/groups" for way in ("GET", "POST")),
    *(f"{way} {{Z}}/access/groups/{{}}" for way in ("GET", "PUT", "DELETE")),
    *(f"{way} {{Z}}/access/identity_providers" for way in ("GET", "POST")),
    *(f"{way} {{Z}}/access/identity_providers/{{}}" for way in ("GET", "PUT", "DELETE")),
    *(f"{way} {{Z}}/access/service_tokens" for way in ("GET", "POST")),
    *(f"{way} {{Z}}/access/service_tokens/{{}}" for way in ("GET", "PUT", "DELETE")),
)
def test_groups_providers_and_tokens_of_a_zone(sdk: Sdk) -> None:
    """Each is made, changed, read, listed and deleted below its zone."""
    zone = zone_of(sdk)
    families: list[tuple[Any, dict[str, Any]]] = [
        (sdk.access.groups, {"include": OPS}),
        (sdk.client.zero_trust.identity_providers, {"type": "github", "config": {}}),
        (sdk.access.service_tokens, {}),
    ]
    for family, body in families:
        made = family.create(name="old", **body, **zone)
        family.update(made.id, name="new", **body, **zone)

        assert family.get(made.id, **zone).name == "new"
        assert [one.name for one in family.list(**zone)] == ["new"]
        assert family.delete(made.id, **zone).id == made.id
