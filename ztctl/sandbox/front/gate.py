"""Requests to hosts of the account: redirect to the login, deny, or pass to the origin.

Source: cloudflared 2026.8.2: the metadata token and its checks, the redirect to
`/cdn-cgi/access/login`, the cookie CF_AppSession that it sends from the first response to the
third, the application token in a cookie with a future Expires, the headers Cf-Access-Token,
Cf-Access-Client-Id, Cf-Access-Client-Secret and Cf-Access-Jump-Destination. Every request is
evaluated by the edge anew.
Unrecorded: that an application without a login has no metadata, the text of the pages.
Not emulated: HTTP to origins (the page shows where the request would have gone), a cookie instead
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
from ztctl.sandbox.front.pages import (
    BridgeToOrigin,
    HttpsRequest,
    Page,
    html_page,
    plain_page,
    redirect,
)
from ztctl.sandbox.front.team import (
    ACCESS,
    AUTHORIZED,
    COOKIE,
    application_headers,
    blocked,
    local,
    login_url,
)
from ztctl.sandbox.messages import Object

SESSION = "CF_AppSession"
NO_TRANSFER = (
    "this sandbox has no login in a browser: name whom the policies let in with --as EMAIL"
)


class Gate:
    """Answers requests to host names of the account."""

    def __init__(self, account: Account, origin: Visitor) -> None:
        self._account = account
        self._origin = origin

    def answer(self, request: HttpsRequest) -> Page | BridgeToOrigin:
        """Answer one request, or have its WebSocket bridged to the origin."""
        if request.path == AUTHORIZED:
            return self._authorized(request)
        if request.path == f"{ACCESS}/cli":
            return html_page(501, "Cloudflare Access", NO_TRANSFER)
        wanted = Visit(request.host, request.path, self._origin, method=request.method)
        # Which application applies has to be known before its token can be verified.
        anonymous = self._account.visit(wanted)
        app = self._account.app(anonymous.application)
        visitor = self._visitor(request, app)
        destination = request.header("cf-access-jump-destination")
        answer = self._account.visit(replace(wanted, visitor=visitor, destination=destination))
        return self._response(request, app, visitor, answer)

    def _visitor(self, request: HttpsRequest, app: Object | None) -> Visitor:
        key, secret = (request.header(f"cf-access-client-{part}") for part in ("id", "secret"))
        service = (key, secret) if key and secret else None
        token = request.header("cf-access-token") or request.cookie(COOKIE)
        visitor = self._origin
        if app and token:
            try:
                claims = self._account.signer.checked(token, self._account.now(), "app")
            except BadTokenError:
                claims = {"aud": []}
            if app["aud"] in claims["aud"]:
                visitor = visitor_from(claims, self._origin)
        return replace(visitor, service_token=service)

    def _response(
        self, request: HttpsRequest, app: Object | None, visitor: Visitor, answer: Answer
    ) -> Page | BridgeToOrigin:
        if answer.outcome == "origin":
            return self._admitted(request, app, visitor, answer)
        page = _refused(answer)
        if app and answer.outcome == "login":
            page = self._login_redirect(request, app)
        elif app and answer.outcome == "blocked":
            page = blocked(request.host, app, answer.status)
        if app and answer.outcome in {"login", "blocked"} and _asks_metadata(request):
            page = page.plus(("cf-access-metadata", self._metadata(request.host, app)))
        return page

    def _login_redirect(self, request: HttpsRequest, app: Object) -> Page:
        session = self._account.fresh(32)
        cookie = f"{SESSION}={session}; Path=/; Secure; HttpOnly"
        place = login_url(str(self._account.team), app, request)
        return redirect(place, ("set-cookie", cookie), *application_headers(request.host, app))

    def _admitted(
        self, request: HttpsRequest, app: Object | None, visitor: Visitor, answer: Answer
    ) -> Page | BridgeToOrigin:
        cookies: tuple[tuple[str, str], ...] = ()
        if app and self._account.is_service_auth(answer.policy):
            cookies = (self._app_token(app, visitor),)
        service = answer.service or ""
        if request.wants_websocket:
            return BridgeToOrigin(service, answer.destination, cookies)
        return plain_page(200, f"the request reaches {service}").plus(*cookies)

    def _authorized(self, request: HttpsRequest) -> Page:
        try:
            code = request.parameter("code") or ""
            claims = self._account.signer.checked(code, self._account.now(), "code")
        except BadTokenError as error:
            return html_page(400, "Cloudflare Access", f"Invalid login session: {error}")
        app = self._account.app_of(claims["aud"][0])
        if app is None or claims["host"] != request.host or not request.cookie(SESSION):
            return html_page(400, "Cloudflare Access", "Invalid login session")
        token = self._app_token(app, visitor_from(claims, self._origin))
        return redirect(local(request.parameter("redirect_url")), token)

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


def _asks_metadata(request: HttpsRequest) -> bool:
    return request.header("cf-access-metadata-request") == "true"


def _refused(answer: Answer) -> Page:
    return plain_page(answer.status or 502, answer.reason)
