"""The team's domain: the key set, the login page, the signing endpoint.

Source: cloudflared 2026.8.2: it reads `/cdn-cgi/access/certs`, adds the organisation token as the
cookie CF_Authorization to a path that holds `/cdn-cgi/access/login` and goes on to
`/cdn-cgi/access/authorized` with the cookie that it was given there. Recorded: the sentence
"Unable to find your Access application!". Unrecorded: what the redirect carries.
Not emulated: choosing an identity provider, one-time PINs, logging out; whoever has no
organisation token is told so.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from ztctl.sandbox.edge.values import NOBODY, Visit, Visitor
from ztctl.sandbox.front import signing
from ztctl.sandbox.front.account import Account
from ztctl.sandbox.front.identity import claims_of, visitor_from
from ztctl.sandbox.front.jwts import BadTokenError
from ztctl.sandbox.front.pages import Asked, Page, html_page, json_page, plain_page, redirect
from ztctl.sandbox.messages import Object

ACCESS = "/cdn-cgi/access"
LOGIN = f"{ACCESS}/login"
AUTHORIZED = f"{ACCESS}/authorized"
COOKIE = "CF_Authorization"
CODE_SECONDS = 60
HOST = re.compile(r"[a-z0-9_.-]{1,253}")
FORBIDDEN = "Forbidden. You don't have permission to view this."


def login_url(team: str, app: Object, asked: Asked) -> str:
    """Where Access sends somebody who must log in first."""
    wanted = urlencode({"kid": app["aud"], "redirect_url": asked.path}, quote_via=quote, safe="")
    return f"https://{team}{LOGIN}/{asked.host}?{wanted}"


def marks(host: str, app: Object) -> tuple[tuple[str, str], ...]:
    """The headers by which clients before 2026.8.0 learnt of the application."""
    return ("cf-access-domain", host), ("cf-access-aud", str(app["aud"]))


def blocked(host: str, app: Object, status: int = 403) -> Page:
    """What somebody meets whom the policies do not let in."""
    return html_page(status, "Error ・ Cloudflare Access", FORBIDDEN).plus(*marks(host, app))


class Team:
    """Answers what is asked of the team's domain."""

    def __init__(self, account: Account, form: signing.Certificates, origin: Visitor) -> None:
        self._account = account
        self._form = form
        self._origin = origin

    def answer(self, asked: Asked) -> Page:
        """Answer one request."""
        reading = asked.method in {"GET", "HEAD"}
        if asked.path == f"{ACCESS}/certs" and reading:
            return json_page(200, self._account.signer.key_set())
        if asked.path == f"{ACCESS}/cert_sign" and asked.method == "POST":
            return signing.answered(self._account, self._form, asked.body)
        if asked.path.startswith(f"{LOGIN}/") and reading:
            return self._login(asked)
        return plain_page(404, "this sandbox has no such page of Access")

    def _login(self, asked: Asked) -> Page:
        host = asked.path.removeprefix(f"{LOGIN}/").lower()
        path = local(asked.parameter("redirect_url"))
        app = self._account.app_of(asked.parameter("kid"))
        if app is None or not self._covers(app, host, path):
            return html_page(404, "Cloudflare Access", "Unable to find your Access application!")
        visitor = self._known(asked)
        if visitor.email is None:
            return _nobody().plus(*marks(host, app))
        if self._account.visit(Visit(host, path, visitor)).outcome in {"blocked", "login"}:
            return blocked(host, app)
        return self._on(host, path, app, visitor)

    def _covers(self, app: Object, host: str, path: str) -> bool:
        named = HOST.fullmatch(host) is not None
        return named and self._account.visit(Visit(host, path)).application == app["id"]

    def _known(self, asked: Asked) -> Visitor:
        token = asked.cookie(COOKIE) or ""
        try:
            claims = self._account.signer.checked(token, self._account.now(), "org")
        except BadTokenError:
            return NOBODY
        return visitor_from(claims, self._origin)

    def _on(self, host: str, path: str, app: Object, visitor: Visitor) -> Page:
        issuer = f"https://{self._account.team}"
        claims = claims_of(visitor, "code", issuer, self._account.now(), CODE_SECONDS)
        code = self._account.signer.signed({**claims, "aud": [app["aud"]], "host": host})
        query = urlencode({"code": code, "redirect_url": path})
        return redirect(f"https://{host}{AUTHORIZED}?{query}")


def local(path: str | None) -> str:
    """A path on the same host; `/` for whatever else somebody wants to be sent to."""
    # A browser reads //host and /\host as another host.
    sound = path and path[0] == "/" and path[1:2] not in {"/", "\\"} and path.isprintable()
    return quote(path.partition("?")[0], safe="/%") if path and sound else "/"


def _nobody() -> Page:
    return html_page(
        200,
        "Sign in ・ Cloudflare Access",
        "This sandbox has no login in a browser: start it with --as EMAIL, and use its HOME.",
    )
