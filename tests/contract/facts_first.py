"""What nobody has promised and much depends on, in that order: what decides most is asked first."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from typing import Any

from .facts_apps import APPS, POLICIES, TAGS, app, policy
from .facts_network import CATCH_ALL, TUNNELS, tunnel
from .probes import Probe, again, collected, said
from .service import EVERYONE, SPREADING, Answer, Service

ZONE_APPS = "{Z}/access/apps"

PROBES: dict[str, Probe] = {}
fact = collected(PROBES)


# -- every apply begins with these -----------------------------------------------------------


@fact("tag: a dot in its name")
def _(service: Service) -> str:
    return said(service.post(TAGS, {"name": f"{service.name()}.a"}))


@fact("tag: two hyphens in a row in its name")
def _(service: Service) -> str:
    return said(service.post(TAGS, {"name": f"{service.name()}--a"}))


@fact("tag: made a second time")
def _(service: Service) -> str:
    name = service.post(TAGS, {"name": service.name()}).result["name"]
    return said(service.post(TAGS, {"name": name}))


@fact("policy just made: named by an application at once")
def _(service: Service) -> str:
    place = {"name": service.name(), "domain": service.host()}
    body = {"type": "self_hosted", **place, "policies": [policy(service).result["id"]]}
    first = service.post_once(APPS, body)
    told = said(first)
    for waited, pause in zip(accumulate(SPREADING), SPREADING, strict=True):
        if first.status < 300 or not service.place.real:
            return told
        service.sleep(pause)
        if service.post_once(APPS, body).status < 300:
            return f"{told}, taken after {waited:.0f} s"
    return f"{told}, refused to the end"


@fact("policy just made: the list of applications right after")
def _(service: Service) -> str:
    app(service, policies=[policy(service).result["id"]])
    return said(service.get_once(APPS))


# -- whether the account's list tells of every guard and every bypass -------------------------


@fact("app made below a zone: in which lists it is")
def _(service: Service) -> str:
    body = {"type": "self_hosted", "name": service.name(), "domain": service.host()}
    made = service.post(ZONE_APPS, body)
    return said(made, lambda one: f"in the list of {_listed_by(service, one)}")


@fact("app made in the account: in which lists it is")
def _(service: Service) -> str:
    return said(app(service), lambda one: f"in the list of {_listed_by(service, one)}")


@fact("app made below a zone, of a host that an application of the account has")
def _(service: Service) -> str:
    body = {"type": "self_hosted", "name": service.name(), "domain": app(service).result["domain"]}
    return said(service.post(ZONE_APPS, body))


@fact("app made below a zone: with a reusable policy")
def _(service: Service) -> str:
    place = {"name": service.name(), "domain": service.host()}
    body = {"type": "self_hosted", **place, "policies": [{"id": policy(service).result["id"]}]}
    return said(service.post(ZONE_APPS, body))


def _listed_by(service: Service, one: Mapping[str, Any]) -> str:
    def holds(answer: Answer) -> bool:
        return any(other["id"] == one["id"] for other in answer.result)

    lists = {"the account": APPS, "the zone": ZONE_APPS}
    # A list that is late is none that leaves it out.
    found = {
        name: service.eventually(partial(service.get, path), holds) for name, path in lists.items()
    }
    return " and ".join(name for name, answer in found.items() if holds(answer)) or "neither"


# -- for how long a login lasts --------------------------------------------------------------


@fact("policy: session_duration left out")
def _(service: Service) -> str:
    return said(policy(service), _session)


@fact("policy: session_duration null")
def _(service: Service) -> str:
    return said(policy(service, session_duration=None), _session)


@fact("policy: session_duration empty")
def _(service: Service) -> str:
    return said(policy(service, session_duration=""), _session)


def _session(one: Any) -> str:
    return repr(one.get("session_duration", "absent"))


# -- whether a PUT keeps what it leaves out --------------------------------------------------


@fact("app: what a PUT keeps of members that it leaves out")
def _(service: Service) -> str:
    set_: dict[str, Any] = {
        "app_launcher_visible": False,
        "skip_interstitial": True,
        "http_only_cookie_attribute": False,
        "session_duration": "12h",
        "logo_url": "https://example.com/logo.png",
        "custom_deny_message": "no",
    }
    listed = service.get("{A}/access/identity_providers").result
    if listed:
        set_["allowed_idps"] = [listed[0]["id"]]
    one = app(service, **set_).result
    answer = again(service, APPS, one, type="self_hosted", domain=one["domain"])
    return said(answer, lambda new: _kept(set_, new))


@fact("policy: what a PUT keeps of members that it leaves out")
def _(service: Service) -> str:
    people = {"approvals_needed": 1, "email_addresses": ["a@example.com"]}
    set_ = {
        "approval_required": True,
        "approval_groups": [people],
        "purpose_justification_required": True,
        "session_duration": "1h",
    }
    one = policy(service, **set_).result
    answer = again(service, POLICIES, one, decision="allow", include=EVERYONE)
    return said(answer, lambda new: _kept(set_, new))


@fact("policy: isolation_required, and whether a PUT without it keeps it")
def _(service: Service) -> str:
    made = policy(service, isolation_required=True)
    if made.status >= 300:
        return said(made)
    answer = again(service, POLICIES, made.result, decision="allow", include=EVERYONE)
    return said(answer, lambda new: _kept({"isolation_required": True}, new))


def _kept(given: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {'kept' if shown.get(name) == value else shown.get(name, 'absent')}"
        for name, value in given.items()
    )


# -- what is stored --------------------------------------------------------------------------


@fact("tunnel: what is stored of members that ztctl does not send")
def _(service: Service) -> str:
    path = f"{TUNNELS}/{tunnel(service).result['id']}/configurations"
    origin = {
        "bastionMode": True,
        "ipRules": [{"prefix": "10.0.0.0/8", "ports": [22], "allow": True}],
        "proxyAddress": "10.0.0.1",
        "proxyPort": 8123,
        "zzz": 1,
    }
    config = {"ingress": [CATCH_ALL], "originRequest": origin, "zzz": 1}
    put = service.put(path, {"config": config})
    if put.status >= 300:
        return said(put)
    stored = service.get(path).result["config"]
    inner = ", ".join(sorted(origin.keys() & (stored.get("originRequest") or {}).keys()))
    beside = "kept" if "zzz" in stored else "lost"
    return f"originRequest: {inner or 'nothing'}; zzz beside it: {beside}"


@fact("tunnel: version after an identical configuration")
def _(service: Service) -> str:
    path = f"{TUNNELS}/{tunnel(service).result['id']}/configurations"
    answers = [service.put(path, {"config": {"ingress": [CATCH_ALL]}}) for _ in range(2)]
    return " then ".join(said(one, lambda new: f"version {new.get('version')}") for one in answers)


@fact("tunnel: what a running connector tells of its configuration")
def _(service: Service) -> str:
    for one in service.get(TUNNELS, status="healthy", is_deleted="false").result:
        for running in service.get(f"{TUNNELS}/{one['id']}/connections").result or ():
            version = running.get("config_version", "absent")
            return f"config_version {version}, cloudflared {running.get('version')}"
    return "no connector is running"


# -- what an application may hold ------------------------------------------------------------


@fact("app: overrides of a destination")
def _(service: Service) -> str:
    over = [{"behavior": "public", "path_pattern": "/open/*"}]
    return _listed(service, {"type": "public", "uri": service.host(), "overrides": over})


@fact("app: a destination that ztctl does not know (previews of Workers)")
def _(service: Service) -> str:
    # Not `all_workers`: that would stand in front of every Worker of the account.
    plain = {"type": "public", "uri": service.host()}
    return _listed(service, plain, {"type": "all_preview_workers"})


def _listed(service: Service, *places: Mapping[str, Any]) -> str:
    """The members of each destination as the list of applications shows them."""
    answer = app(service, domain=places[0]["uri"], destinations=list(places))
    if answer.status >= 300:
        return said(answer)
    shown = next(one for one in service.get(APPS).result if one["id"] == answer.result["id"])
    return "; ".join(", ".join(sorted(place)) for place in shown["destinations"])


@fact("app: an inline policy beside a reusable one")
def _(service: Service) -> str:
    own = {"name": service.name(), "decision": "allow", "include": EVERYONE, "precedence": 1}
    shared = {"id": policy(service).result["id"], "precedence": 2}
    answer = app(service, policies=[own, shared])
    return said(answer, lambda one: f"{len(one['policies'])} policies")


# -- how much may be asked -------------------------------------------------------------------


@fact("pages: policies, 1,000 a page")
def _(service: Service) -> str:
    return _pages(service, POLICIES)


@fact("pages: tags, 1,000 a page")
def _(service: Service) -> str:
    return _pages(service, TAGS)


@fact("pages: CAs of applications, 1,000 a page")
def _(service: Service) -> str:
    return _pages(service, f"{APPS}/ca")


def _pages(service: Service, path: str) -> str:
    answer = service.get(path, per_page=1000)
    info = (answer.body or {}).get("result_info") or {}
    return f"{said(answer)}, per_page {info.get('per_page', 'absent')}"


@fact("headers: about the rate limit, after 50 calls at once")
def _(service: Service) -> str:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: service.get(TAGS), range(50)))
    told = [
        f"{name}: {answers[-1].headers[name]}"
        for name in ("ratelimit", "ratelimit-policy", "retry-after")
        if name in answers[-1].headers
    ]
    return ", ".join(told) or "none"
