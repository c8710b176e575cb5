"""An account that others filled, exported as a person would, and what becomes of the files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.account import Account
from ztctl.cli.export_flow import Exported, Target, export
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.model.declared import Declared
from ztctl.core.model.plan import Plan
from ztctl.core.planning.selection import Chosen, Place

Json = Any
FILE = "ztctl.yaml"
EVERYONE: Json = [{"everyone": {}}]
CLOSING = {"service": "http_status:404"}


def exported(
    account: Account,
    chosen: Chosen | None = None,
    *,
    stack: str = "prod",
    names: Mapping[Place, str] | None = None,
    keeps_names: bool = False,
) -> Exported:
    """Export an account; nothing of it changes."""
    before = account.everything()

    async def work() -> Exported:
        async with account.client() as client:
            wanted = Chosen() if chosen is None else chosen
            target = Target(FILE)
            return await export(
                client, stack, wanted, target, lambda _: None, names, keeps_names=keeps_names
            )

    found = asyncio.run(work())
    assert account.everything() == before
    return found


def text_of(found: Exported) -> str:
    """The one file of an export."""
    (text,) = found.document.texts.values()
    return text.decode()


def body_of(found: Exported) -> str:
    """The file without the comments at its head."""
    return text_of(found).partition("\n\n")[2]


def left(found: Exported) -> dict[str, str]:
    """Why each object is not in the file, by its name."""
    return {it.name: it.reason for it in found.document.left}


def read_back(found: Exported, folder: Path) -> Declared:
    """The wanted side of the exported files, as the command line reads them."""
    path = folder / FILE
    path.write_text(text_of(found), encoding="utf-8")
    return declared_by(Settings(files=(path,)))


def adopted(account: Account, found: Exported) -> Plan:
    """Adopt all that was exported, and plan again."""
    declared = read_back(found, account.folder)
    plan = account.plan_of(declared, adopt=True)
    assert not [it for it in plan.refusals if not it.apply_only], plan.refusals
    account.carry_out(plan)
    return account.plan_of(declared)


def stored(account: Account, kind: str, key: str, **members: Json) -> None:
    """Set members of an object as the service never would be asked to; `None` takes one away."""
    with account.sandbox.session() as state:
        found = {**(state.store.get(kind, key) or {}), **members}
        state.store.put(kind, key, {name: it for name, it in found.items() if it is not None})


# -- what a person makes in the dashboard ---------------------------------------------------


def zone(account: Account, name: str = "example.com") -> str:
    """Where the records of a zone are."""
    return f"/zones/{account.one('zones', name=name)['id']}/dns_records"


def group(account: Account, name: str = "team", **fields: Any) -> str:
    """A group; its id."""
    body = {"name": name, "include": [{"email": {"email": "ann@example.com"}}], **fields}
    return str(account.call("POST", "{A}/access/groups", body)["id"])


def policy(account: Account, name: str = "std", **fields: Any) -> str:
    """A reusable policy; its id."""
    include = [{"email": {"email": "ann@example.com"}}]
    body = {"name": name, "decision": "allow", "include": include, **fields}
    return str(account.call("POST", "{A}/access/policies", body)["id"])


def application(account: Account, domain: str, **fields: Any) -> Json:
    """A self-hosted application."""
    body = {"type": "self_hosted", "name": domain, "domain": domain, **fields}
    return account.call("POST", "{A}/access/apps", body)


def tunnel(account: Account, rules: list[Json], name: str = "pool", **config: Any) -> str:
    """A tunnel with these rules and a closing one; its id."""
    body = {"name": name, "config_src": "cloudflare"}
    made = str(account.call("POST", "{A}/cfd_tunnel", body)["id"])
    sent = {"config": {"ingress": [*rules, CLOSING], **config}}
    account.call("PUT", f"{{A}}/cfd_tunnel/{made}/configurations", sent)
    return made


def old_tunnel(account: Account, rules: list[Json], name: str = "pool") -> str:
    """A tunnel with rules of which some may be such as the service takes no more; its id."""
    made = tunnel(account, [], name)
    stored(account, "tunnel_configuration", made, config={"ingress": [*rules, CLOSING]})
    return made


def rule(host: str, **fields: Any) -> Json:
    """A rule that leads a name to an SSH server."""
    return {"hostname": host, "service": "ssh://localhost:22", **fields}


def record(account: Account, name: str, to: str, **fields: Any) -> Json:
    """A proxied record that leads to a tunnel."""
    body = {"type": "CNAME", "name": name, "content": f"{to}.cfargotunnel.com", "proxied": True}
    return account.call("POST", zone(account), {**body, **fields})
