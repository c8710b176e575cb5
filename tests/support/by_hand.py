"""What somebody does by hand to the objects of a whole file, one function a deed."""

from __future__ import annotations

from typing import Any

from tests.support.account import Account

READ_ONLY = (
    "id",
    "aud",
    "created_at",
    "updated_at",
    "self_hosted_domains",
    "domain",
    "created_on",
    "modified_on",
    "comment_modified_on",
    "tags_modified_on",
    "proxiable",
    "meta",
    "zone_id",
    "reusable",
)


def put(account: Account, path: str, found: Any, **changes: Any) -> None:
    """Replace an object by itself with some fields changed."""
    body = {name: value for name, value in {**found, **changes}.items() if name not in READ_ONLY}
    account.call("PUT", f"{path}/{found['id']}", body)


def zone(account: Account, name: str = "example.com") -> str:
    """Where the records of a zone are."""
    return f"/zones/{account.one('zones', name=name)['id']}/dns_records"


def a_member_more(account: Account) -> None:
    """Somebody let one more person into the group."""
    group = account.one("groups")
    more = [*group["include"], {"email": {"email": "eve@example.com"}}]
    put(account, "{A}/access/groups", group, include=more)


def a_longer_session(account: Account) -> None:
    """Somebody made the policy's sessions longer."""
    put(account, "{A}/access/policies", account.one("policies"), session_duration="720h")


def a_bypass(account: Account) -> None:
    """Somebody opened the policy to everybody."""
    put(account, "{A}/access/policies", account.one("policies"), decision="bypass")


def a_hidden_application(account: Account) -> None:
    """Somebody took the application off the launcher."""
    put(account, "{A}/access/apps", account.one("apps"), app_launcher_visible=False)


def no_policy(account: Account) -> None:
    """Somebody took the application's policy away."""
    put(account, "{A}/access/apps", account.one("apps"), policies=[])


def another_service(account: Account) -> None:
    """Somebody sent the name to another origin."""
    stored = account.one("tunnel_configurations")
    stored["config"]["ingress"][0]["service"] = "ssh://elsewhere:22"
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": stored["config"]})


def no_check(account: Account) -> None:
    """Somebody took the connector's own check away."""
    stored = account.one("tunnel_configurations")
    del stored["config"]["ingress"][0]["originRequest"]
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    account.call("PUT", path, {"config": stored["config"]})


def other_words(account: Account) -> None:
    """Somebody wrote other words before the mark."""
    record = account.one("dns_records")
    account.call("PATCH", f"{zone(account)}/{record['id']}", {"comment": "mine! ztctl-prod"})


def not_proxied(account: Account) -> None:
    """Somebody took the record out of the proxy."""
    record = account.one("dns_records")
    account.call("PATCH", f"{zone(account)}/{record['id']}", {"proxied": False})


def delete_record(account: Account) -> None:
    """The record alone."""
    account.call("DELETE", f"{zone(account)}/{account.one('dns_records')['id']}")


def delete_ca(account: Account) -> None:
    """The CA alone."""
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps')['id']}/ca")


def delete_tunnel(account: Account) -> None:
    """The tunnel, and its configuration with it."""
    account.call("DELETE", f"{{A}}/cfd_tunnel/{account.one('tunnels')['id']}")


def delete_application(account: Account) -> None:
    """The application, and its CA with it."""
    account.call("DELETE", f"{{A}}/access/apps/{account.one('apps')['id']}")


def delete_policy(account: Account) -> None:
    """The policy, which the application had to let go first."""
    no_policy(account)
    account.call("DELETE", f"{{A}}/access/policies/{account.one('policies')['id']}")


def delete_group(account: Account) -> None:
    """The group, which the policy had to let go first."""
    everyone: Any = [{"everyone": {}}]
    put(account, "{A}/access/policies", account.one("policies"), include=everyone)
    account.call("DELETE", f"{{A}}/access/groups/{account.one('groups')['id']}")
