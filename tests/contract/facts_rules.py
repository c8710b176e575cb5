"""What nobody has promised about policies, groups, tags and service tokens."""

from __future__ import annotations

from typing import Any

from .facts_apps import APPS, POLICIES, TAGS, app, policy
from .probes import Probe, again, collected, said
from .service import EVERYONE, Answer, Service

GROUPS = "{A}/access/groups"
TOKENS = "{A}/access/service_tokens"

PROBES: dict[str, Probe] = {}
fact = collected(PROBES)


def group(service: Service, include: Any = EVERYONE, **fields: Any) -> Answer:
    """A new group."""
    return service.post(GROUPS, {"name": service.name(), "include": include, **fields})


@fact("policy: code of a deletion while linked")
def _(service: Service) -> str:
    key = policy(service).result["id"]
    app(service, policies=[key])
    return said(service.delete(f"{POLICIES}/{key}"))


@fact("policy: deletion at once after it was detached")
def _(service: Service) -> str:
    key = policy(service).result["id"]
    one = app(service, policies=[key]).result
    again(service, APPS, one, type="self_hosted", domain=one["domain"], policies=[])
    return said(service.delete(f"{POLICIES}/{key}"))


@fact("policy: code of an unknown one")
def _(service: Service) -> str:
    return said(service.get(f"{POLICIES}/6a1b5c9e-0000-4000-8000-000000000000"))


@fact("policy: approval groups without approval required")
def _(service: Service) -> str:
    return said(policy(service, approval_groups=[{"approvals_needed": 1}]))


@fact("policy: a reusable one changed through an application")
def _(service: Service) -> str:
    one = policy(service).result
    where = app(service, policies=[one["id"]]).result["id"]
    body = {"name": one["name"], "decision": "deny", "include": EVERYONE}
    return said(service.put(f"{APPS}/{where}/policies/{one['id']}", body))


@fact("rules: an address without a mask")
def _(service: Service) -> str:
    answer = group(service, [{"ip": {"ip": "192.0.2.1"}}])
    return said(answer, lambda one: one["include"][0]["ip"]["ip"])


@fact("rules: an e-mail address in capitals")
def _(service: Service) -> str:
    answer = group(service, [{"email": {"email": "A@Example.com"}}])
    return said(answer, lambda one: one["include"][0]["email"]["email"])


@fact("group: a second one of one name")
def _(service: Service) -> str:
    return said(group(service, name=group(service).result["name"]))


@fact("group: deletion while a group holds it")
def _(service: Service) -> str:
    key = group(service).result["id"]
    group(service, [{"group": {"id": key}}])
    return said(service.delete(f"{GROUPS}/{key}"))


@fact("group: one that holds itself")
def _(service: Service) -> str:
    one = group(service).result
    return said(again(service, GROUPS, one, include=[{"group": {"id": one["id"]}}]))


@fact("group: code of an unknown one")
def _(service: Service) -> str:
    return said(service.get(f"{GROUPS}/6a1b5c9e-0000-4000-8000-000000000000"))


@fact("tag: deletion while an application has it")
def _(service: Service) -> str:
    name = service.post(TAGS, {"name": service.name()}).result["name"]
    app(service, tags=[name])
    return said(service.delete(f"{TAGS}/{name}"))


@fact("tag: renamed")
def _(service: Service) -> str:
    name, new = service.post(TAGS, {"name": service.name()}).result["name"], service.name()
    answer = service.put(f"{TAGS}/{name}", {"name": new})
    service.keep(TAGS, {"name": new})
    return said(answer, lambda tag: "new name" if tag["name"] == new else "old name")


@fact("service token: deletion while a group holds it")
def _(service: Service) -> str:
    key = service.post(TOKENS, {"name": service.name()}).result["id"]
    group(service, [{"service_token": {"token_id": key}}])
    return said(service.delete(f"{TOKENS}/{key}"))


@fact("service token: what a new duration does to its end")
def _(service: Service) -> str:
    one = service.post(TOKENS, {"name": service.name()}).result
    body = {"name": one["name"], "duration": "17520h"}
    answer = service.put(f"{TOKENS}/{one['id']}", body)
    return said(answer, lambda new: "later" if new["expires_at"] > one["expires_at"] else "same")


@fact("service token: PUT without a name")
def _(service: Service) -> str:
    one = service.post(TOKENS, {"name": service.name()}).result
    answer = service.put(f"{TOKENS}/{one['id']}", {"duration": "17520h"})
    return said(answer, lambda new: "kept" if new["name"] == one["name"] else "lost")
