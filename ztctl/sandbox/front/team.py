"""Endpoints of the team domain: key set, login, signing of SSH certificates.

Source: cloudflared 2026.8.2: it reads `/cdn-cgi/access/certs`, adds the organisation token as the
cookie CF_Authorization to a path that contains `/cdn-cgi/access/login` and follows the redirect to
`/cdn-cgi/access/authorized` with the cookie that it received before. Recorded: the sentence
"Unable to find your Access application!". Unrecorded: the parameters of the redirect.
Not emulated: choosing an identity provider, one-time PINs, logging out; without an organisation
token the login page says that there is no login.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from ztctl.sandbox.edge.values import NOBODY, Visit, Visitor
from ztctl.sandbox.front import signing
from ztctl.sandbox.front.account import Account
from ztctl.sandbox.front.identity import claims_of, visitor_from
from ztctl.sandbox.front.jwts import BadTokenError
from ztctl.sandbox.front.pages import HttpsRequest, Page, html_page, json_page, plain_page, redirect
from ztctl.sandbox.messages import Object

ACCESS = "/cdn-cgi/access"
LOGIN = f"{ACCESS}/login"
AUTHORIZED = f"{ACCESS}/authorized"
COOKIE = "CF_Authorization"
CODE_SECONDS = 60
HOST = re.compile(r"[a-z0-9_.-]{1,253}")
FORBIDDEN = "Forbidden. You don't have permission to view this."


def login_url(team: str, app: Object, request: HttpsRequest) -> str:
    """The URL of the login page for a request to an application."""
    wanted = urlencode({"kid": app["aud"], "redirect_url": request.path}, quote_via=quote, safe="")
    return f"https://{team}{LOGIN}/{request.host}?{wanted}"


def application_headers(host: str, app: Object) -> tuple[tuple[str, str], ...]:
    """Response headers that identify the application to cloudflared before 2026.8.0."""
    return ("cf-access-domain", host), ("cf-access-aud", str(app["aud"]))


def blocked(host: str, app: Object, status: int = 403) -> Page:
    """The page of Access for a visitor that the policies deny."""
    return html_page(status, "Error ・ Cloudflare Access", FORBIDDEN).plus(
        *application_headers(host, app)
    )


class Team:
    """Answers requests to the team domain."""

    def __init__(self, account: Account, form: signing.Certificates, origin: Visitor) -> None:
        self._account = account
        self._form = form
        self._origin = origin

    def answer(self, request: HttpsRequest) -> Page:
        """Answer one request."""
        reading = request.method in {"GET", "HEAD"}
        if request.path == f"{ACCESS}/certs" and reading:
            return json_page(200, self._account.signer.key_set())
        if request.path == f"{ACCESS}/cert_sign" and request.method == "POST":
            return signing.answered(self._account, self._form, request.body)
        if request.path.startswith(f"{LOGIN}/") and reading:
            return self._login(request)
        return plain_page(404, "this sandbox has no such page of Access")

    def _login(self, request: HttpsRequest) -> Page:
        host = request.path.removeprefix(f"{LOGIN}/").lower()
        path = local(request.parameter("redirect_url"))
        app = self._account.app_of(request.parameter("kid"))
        # `kid` and host are chosen by the client: no code for a host that the app does not cover.
        if app is None or not self._covers(app, host, path):
            return html_page(404, "Cloudflare Access", "Unable to find your Access application!")
        visitor = self._logged_in(request)
        if visitor.email is None:
            return _no_login_page().plus(*application_headers(host, app))
        if self._account.visit(Visit(host, path, visitor)).outcome in {"blocked", "login"}:
            return blocked(host, app)
        return self._redirect_with_code(host, path, app, visitor)

    def _covers(self, app: Object, host: str, path: str) -> bool:
        named = HOST.fullmatch(host) is not None
        return named and self._account.visit(Visit(host, path)).application == app["id"]

    def _logged_in(self, request: HttpsRequest) -> Visitor:
        token = request.cookie(COOKIE) or ""
        try:
            claims = self._account.signer.checked(token, self._account.now(), "org")
        except BadTokenError:
            return NOBODY
        return visitor_from(claims, self._origin)

    def _redirect_with_code(self, host: str, path: str, app: Object, visitor: Visitor) -> Page:
        issuer = f"https://{self._account.team}"
        claims = claims_of(visitor, "code", issuer, self._account.now(), CODE_SECONDS)
        code = self._account.signer.signed({**claims, "aud": [app["aud"]], "host": host})
        query = urlencode({"code": code, "redirect_url": path})
        return redirect(f"https://{host}{AUTHORIZED}?{query}")


def local(path: str | None) -> str:
    """A redirect path without its query, if it stays on the same host; otherwise `/`."""
    # Browsers resolve //host and /\host to another host: an open redirect.
    sound = path and path[0] == "/" and path[1:2] not in {"/", "\\"} and path.isprintable()
    return quote(path.partition("?")[0], safe="/%") if path and sound else "/"


def _no_login_page() -> Page:
    return html_page(
        200,
        "Sign in ・ Cloudflare Access",
        "This sandbox has no login in a browser: start it with --as EMAIL, and use its HOME.",
    )
