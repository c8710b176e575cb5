"""The hosts of applications: who may enter, and what everybody else is told.

Source: cloudflared 2026.8.2: the metadata token and what is checked of it, the redirect to
`/cdn-cgi/access/login`, the cookie CF_AppSession that it carries from the first answer to the
third, the application token in a cookie with a future Expires, the headers Cf-Access-Token,
Cf-Access-Client-Id, Cf-Access-Client-Secret and Cf-Access-Jump-Destination. Whether somebody may
enter is the edge's to say, and asked anew each time.
Unrecorded: that an application nobody must log in to has no metadata, the text of the pages.
Not emulated: HTTP to origins (the page says where the request would have gone), a cookie instead
of a service token.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from ztctl.sandbox.edge.values import Answer, Visit, Visitor
from ztctl.sandbox.front.account import Account, app_host
from ztctl.sandbox.front.identity import claims_of, lifetime_of, visitor_from
from ztctl.sandbox.front.jwts import BadTokenError
from ztctl.sandbox.front.pages import Asked, Page, Through, html_page, plain_page, redirect
from ztctl.sandbox.front.team import (
    ACCESS,
    AUTHORIZED,
    COOKIE,
    blocked,
    local,
    login_url,
    marks,
)
from ztctl.sandbox.messages import Object

SESSION = "CF_AppSession"
NO_TRANSFER = (
    "this sandbox has no login in a browser: name whom the policies let in with --as EMAIL"
)


class Gate:
    """Answers what is asked of a host name of the account."""

    def __init__(self, account: Account, origin: Visitor) -> None:
        self._account = account
        self._origin = origin

    def answer(self, asked: Asked) -> Page | Through:
        """Answer one request, or let it through."""
        if asked.path == AUTHORIZED:
            return self._authorized(asked)
        if asked.path == f"{ACCESS}/cli":
            return html_page(501, "Cloudflare Access", NO_TRANSFER)
        wanted = Visit(asked.host, asked.path, self._origin, method=asked.method)
        stranger = self._account.visit(wanted)
        app = self._account.app(stranger.application)
        visitor = self._visitor(asked, app)
        destination = asked.header("cf-access-jump-destination")
        answer = self._account.visit(replace(wanted, visitor=visitor, destination=destination))
        return self._met(asked, app, visitor, answer)

    def _visitor(self, asked: Asked, app: Object | None) -> Visitor:
        key, secret = (asked.header(f"cf-access-client-{part}") for part in ("id", "secret"))
        service = (key, secret) if key and secret else None
        token = asked.header("cf-access-token") or asked.cookie(COOKIE)
        visitor = self._origin
        if app and token:
            try:
                claims = self._account.signer.checked(token, self._account.now(), "app")
            except BadTokenError:
                claims = {"aud": []}
            if app["aud"] in claims["aud"]:
                visitor = visitor_from(claims, self._origin)
        return replace(visitor, service_token=service)

    def _met(
        self, asked: Asked, app: Object | None, visitor: Visitor, answer: Answer
    ) -> Page | Through:
        if answer.outcome == "origin":
            return self._let_in(asked, app, visitor, answer)
        page = _refused(answer)
        if app and answer.outcome == "login":
            page = self._sent_to_login(asked, app)
        elif app and answer.outcome == "blocked":
            page = blocked(asked.host, app, answer.status)
        if app and answer.outcome in {"login", "blocked"} and _asks_metadata(asked):
            page = page.plus(("cf-access-metadata", self._metadata(asked.host, app)))
        return page

    def _sent_to_login(self, asked: Asked, app: Object) -> Page:
        session = self._account.fresh(32)
        cookie = f"{SESSION}={session}; Path=/; Secure; HttpOnly"
        place = login_url(str(self._account.team), app, asked)
        return redirect(place, ("set-cookie", cookie), *marks(asked.host, app))

    def _let_in(
        self, asked: Asked, app: Object | None, visitor: Visitor, answer: Answer
    ) -> Page | Through:
        cookies: tuple[tuple[str, str], ...] = ()
        if app and self._account.is_service_auth(answer.policy):
            cookies = (self._app_token(app, visitor),)
        service = answer.service or ""
        if asked.wants_websocket:
            return Through(service, answer.destination, cookies)
        return plain_page(200, f"the request reaches {service}").plus(*cookies)

    def _authorized(self, asked: Asked) -> Page:
        try:
            code = asked.parameter("code") or ""
            claims = self._account.signer.checked(code, self._account.now(), "code")
        except BadTokenError as error:
            return html_page(400, "Cloudflare Access", f"Invalid login session: {error}")
        app = self._account.app_of(claims["aud"][0])
        if app is None or claims["host"] != asked.host or not asked.cookie(SESSION):
            return html_page(400, "Cloudflare Access", "Invalid login session")
        token = self._app_token(app, visitor_from(claims, self._origin))
        return redirect(local(asked.parameter("redirect_url")), token)

    def _app_token(self, app: Object, visitor: Visitor) -> tuple[str, str]:
        now, lifetime = self._account.now(), lifetime_of(app)
        claims = claims_of(visitor, "app", f"https://{self._account.team}", now, lifetime)
        token = self._account.signer.signed({**claims, "aud": [app["aud"]]})
        end = format_datetime(now + timedelta(seconds=lifetime), usegmt=True)
        return "set-cookie", f"{COOKIE}={token}; Path=/; Secure; HttpOnly; Expires={end}"

    def _metadata(self, host: str, app: Object) -> str:
        claims = {
            "type": "match",
            "hostname": host,
            "auth_domain": self._account.team,
            "aud": app["aud"],
            "app_hostname": app_host(app, host),
            "iat": int(self._account.now().timestamp()),
        }
        return self._account.signer.signed(claims)


def _asks_metadata(asked: Asked) -> bool:
    return asked.header("cf-access-metadata-request") == "true"


def _refused(answer: Answer) -> Page:
    return plain_page(answer.status or 502, answer.reason)
