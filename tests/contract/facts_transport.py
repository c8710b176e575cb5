"""What nobody has promised about tokens, pages and headers: each probe answers in a few words."""

from __future__ import annotations

import httpx

from .probes import Probe, collected, said
from .service import Service

JSON = {"content-type": "application/json"}

PROBES: dict[str, Probe] = {}
fact = collected(PROBES)


def with_header(service: Service, value: str | None, path: str) -> str:
    """The answer to a request with this Authorization header, or without one."""
    headers = {"authorization": value} if value else {}
    response = httpx.get(
        service.place.url + path.replace("{Z}", f"/zones/{service.zone}"), headers=headers
    )
    errors = response.json().get("errors") or [{}]
    chain = [link.get("code") for link in errors[0].get("error_chain", ())]
    return f"{response.status_code} {errors[0].get('code')} {chain or ''}".strip()


@fact("token: no Authorization header")
def _(service: Service) -> str:
    return with_header(service, None, "{Z}")


@fact("token: malformed Authorization header")
def _(service: Service) -> str:
    return with_header(service, "Basic eDp5", "{Z}")


@fact("token: an unknown one")
def _(service: Service) -> str:
    return with_header(service, "Bearer " + "x" * 40, "{Z}")


@fact("token: an unknown one is verified")
def _(service: Service) -> str:
    return with_header(service, "Bearer " + "x" * 40, "/user/tokens/verify")


@fact("token: verified as a user's")
def _(service: Service) -> str:
    return said(service.get("/user/tokens/verify"))


@fact("token: verified as an account's")
def _(service: Service) -> str:
    return said(service.get("{A}/tokens/verify"))


@fact("token: the message beside a valid one")
def _(service: Service) -> str:
    for path in ("/user/tokens/verify", "{A}/tokens/verify"):
        answer = service.get(path)
        if answer.status < 300:
            return str([one.get("code") for one in answer.body["messages"]])
    return "no valid token"


@fact("scope: somebody else's account")
def _(service: Service) -> str:
    return said(service.get("/accounts/" + "0" * 32))


@fact("scope: somebody else's zone")
def _(service: Service) -> str:
    return said(service.get("/zones/" + "0" * 32))


@fact("scope: a method that a path does not have")
def _(service: Service) -> str:
    return said(service.call("PATCH", "{A}/access/tags"))


@fact("pages: zones, 4 a page")
def _(service: Service) -> str:
    return said(service.get("/zones", per_page=4))


@fact("pages: zones, 51 a page")
def _(service: Service) -> str:
    return said(service.get("/zones", per_page=51))


@fact("pages: tunnels, 1,001 a page")
def _(service: Service) -> str:
    return said(service.get("{A}/cfd_tunnel", per_page=1001))


@fact("pages: applications, 1,001 a page")
def _(service: Service) -> str:
    return said(service.get("{A}/access/apps", per_page=1001))


@fact("pages: page 0")
def _(service: Service) -> str:
    return said(service.get("{Z}/dns_records", page=0))


@fact("pages: a page that is no number")
def _(service: Service) -> str:
    return said(service.get("{Z}/dns_records", page="x"))


@fact("pages: tunnels a page when not asked for")
def _(service: Service) -> str:
    return str((service.get("{A}/cfd_tunnel").body.get("result_info") or {}).get("per_page"))


@fact("pages: result_info of an empty Access list")
def _(service: Service) -> str:
    answer = service.get("{A}/access/groups", name=service.name())
    return str(answer.body.get("result_info", "absent"))


@fact("pages: an unknown query parameter")
def _(service: Service) -> str:
    return said(service.get("{A}/access/tags", shoe_size=44))


@fact("headers: about the rate limit, on an ordinary answer")
def _(service: Service) -> str:
    names = [name for name in service.get("{Z}").headers if "ratelimit" in name.lower()]
    return ", ".join(sorted(names)) or "none"


@fact("body: malformed JSON")
def _(service: Service) -> str:
    return said(service.call("POST", "{A}/access/tags", content=b"{", headers=JSON))


@fact("body: another content type")
def _(service: Service) -> str:
    headers = {"content-type": "text/plain"}
    return said(service.call("POST", "{A}/access/tags", content=b"{}", headers=headers))
