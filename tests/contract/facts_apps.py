"""What nobody has promised about applications: each probe answers in a few words."""

from __future__ import annotations

from typing import Any

from .probes import Probe, again, collected, said
from .service import EVERYONE, Answer, Service

APPS = "{A}/access/apps"
POLICIES = "{A}/access/policies"
TAGS = "{A}/access/tags"

PROBES: dict[str, Probe] = {}
fact = collected(PROBES)


def app(service: Service, **fields: Any) -> Answer:
    """A new self-hosted application."""
    body = {"type": "self_hosted", "name": service.name(), "domain": service.host(), **fields}
    return service.post(APPS, body)


def policy(service: Service, **fields: Any) -> Answer:
    """A new reusable policy."""
    body = {"name": service.name(), "decision": "allow", "include": EVERYONE, **fields}
    return service.post(POLICIES, body)


def infrastructure(service: Service, **fields: Any) -> Answer:
    """A new infrastructure application; the fields are its policy's."""
    own = {
        "name": service.name(),
        "decision": "allow",
        "include": [{"email": {"email": "a@example.com"}}],
        "connection_rules": {"ssh": {"usernames": ["deploy"]}},
        **fields,
    }
    attributes = {"hostname": [service.name()]}
    criteria = [{"port": 22, "protocol": "SSH", "target_attributes": attributes}]
    name = service.name()
    body = {"type": "infrastructure", "name": name, "target_criteria": criteria, "policies": [own]}
    return service.post(APPS, body)


@fact("app: an unknown field")
def _(service: Service) -> str:
    return said(app(service, shoe_size=44))


@fact("app: members beyond the documented, such as uid and domain_type")
def _(service: Service) -> str:
    shown = app(service).result
    return ", ".join(name for name in ("uid", "domain_type") if name in shown) or "none"


@fact("app: how switches that are off are spelled")
def _(service: Service) -> str:
    shown = app(service).result
    names = ("enable_binding_cookie", "skip_interstitial", "auto_redirect_to_identity")
    return ", ".join(f"{name} {shown.get(name, 'absent')}" for name in names)


@fact("app: how empty lists are spelled")
def _(service: Service) -> str:
    shown = app(service).result
    names = ("allowed_idps", "tags", "policies")
    return ", ".join(f"{name} {shown.get(name, 'absent')}" for name in names)


@fact("app: without a name")
def _(service: Service) -> str:
    body = {"type": "self_hosted", "domain": service.host()}
    answer = service.post(APPS, body)
    return said(answer, lambda one: f"name {one.get('name')!r}")


@fact("app: addressed by its audience instead of its id")
def _(service: Service) -> str:
    return said(service.get(f"{APPS}/{app(service).result['aud']}"))


@fact("app: type changed by PUT")
def _(service: Service) -> str:
    one = app(service).result
    return said(again(service, APPS, one, type="ssh", name=one["name"], domain=one["domain"]))


@fact("app: wildcard domain around another application's")
def _(service: Service) -> str:
    host = app(service).result["domain"]
    return said(app(service, domain="*." + host.partition(".")[2]))


@fact("app: path below another application's domain")
def _(service: Service) -> str:
    return said(app(service, domain=app(service).result["domain"] + "/path"))


@fact("app: another's domain in capitals")
def _(service: Service) -> str:
    return said(app(service, domain=app(service).result["domain"].upper()))


@fact("app: code of a taken domain")
def _(service: Service) -> str:
    return said(app(service, domain=app(service).result["domain"]))


@fact("app: sixth public domain")
def _(service: Service) -> str:
    hosts = [service.host() for _ in range(6)]
    destinations = [{"type": "public", "uri": host} for host in hosts]
    return said(app(service, domain=hosts[0], destinations=destinations))


@fact("app: gaps between precedences")
def _(service: Service) -> str:
    links = [{"id": policy(service).result["id"], "precedence": n} for n in (3, 7)]
    return said(app(service, policies=links), _precedences)


@fact("app: order of tags that differ by case")
def _(service: Service) -> str:
    prefix = service.prefix
    tags = [service.post(TAGS, {"name": prefix + end}).result["name"] for end in ("b", "A", "C")]
    shown = app(service, tags=tags).result["tags"]
    return "".join(tag[-1] for tag in shown)


@fact("app: second deletion")
def _(service: Service) -> str:
    path = f"{APPS}/{app(service).result['id']}"
    service.delete(path)
    return said(service.delete(path))


@fact("app: its own policy after its deletion")
def _(service: Service) -> str:
    own = {"name": service.name(), "decision": "allow", "include": EVERYONE}
    one = app(service, policies=[own]).result
    service.delete(f"{APPS}/{one['id']}")
    return said(service.get(f"{POLICIES}/{one['policies'][0]['id']}"))


@fact("app: its CA after its deletion")
def _(service: Service) -> str:
    one = app(service, type="ssh").result
    service.call("POST", f"{APPS}/{one['id']}/ca")
    service.delete(f"{APPS}/{one['id']}")
    listed = service.get(f"{APPS}/ca", per_page=1000).result
    return "listed" if any(ca["aud"] == one["aud"] for ca in listed) else "gone"


@fact("app: deletion while a rule links its token")
def _(service: Service) -> str:
    one = app(service).result
    rule = {"linked_app_token": {"app_uid": one["id"]}}
    policy(service, decision="non_identity", include=[rule])
    return said(service.delete(f"{APPS}/{one['id']}"))


@fact("app CA: a second one")
def _(service: Service) -> str:
    path = f"{APPS}/{app(service, type='ssh').result['id']}/ca"
    first = service.call("POST", path).result["public_key"]
    second = service.call("POST", path)
    return said(second, lambda ca: "same key" if ca["public_key"] == first else "another key")


@fact("app CA: code of a missing one")
def _(service: Service) -> str:
    return said(service.get(f"{APPS}/{app(service, type='ssh').result['id']}/ca"))


@fact("infrastructure app: a second one of the same name and targets")
def _(service: Service) -> str:
    one = infrastructure(service).result
    body = {name: one[name] for name in ("type", "name", "target_criteria")}
    return said(service.post(APPS, body))


@fact("infrastructure app: a rule about IP addresses")
def _(service: Service) -> str:
    return said(infrastructure(service, include=[{"ip": {"ip": "192.0.2.0/24"}}]))


@fact("infrastructure app: the authenticator ssh_piv_key")
def _(service: Service) -> str:
    mfa = {"allowed_authenticators": ["ssh_piv_key"]}
    return said(infrastructure(service, mfa_config=mfa))


def _precedences(one: Any) -> str:
    return ", ".join(str(link["precedence"]) for link in one["policies"])
