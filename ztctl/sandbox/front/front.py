"""Dispatch of HTTPS requests by host: application hosts, team domain, login service. No sockets.

Source: cloudflared 2026.8.2 (it polls `https://login.cloudflareaccess.org/transfer/<key>` for the
result of a login in a browser, until an answer of 500 or more). Recorded: Universal SSL covers a
zone's name and one label below it.
Not emulated: the transfer itself.
"""

from __future__ import annotations

from ztctl.sandbox.edge.values import Visit, Visitor
from ztctl.sandbox.front.account import Account
from ztctl.sandbox.front.gate import NO_TRANSFER, Gate
from ztctl.sandbox.front.identity import DAY, Login, claims_of, visitor_of
from ztctl.sandbox.front.pages import BridgeToOrigin, HttpsRequest, Page, plain_page
from ztctl.sandbox.front.signing import TODAY, Certificates
from ztctl.sandbox.front.team import Team
from ztctl.sandbox.service import Sandbox

TRANSFER = "login.cloudflareaccess.org"
UNREACHED = frozenset({"no_record", "not_proxied"})
ORIGIN = Visitor()


class Front:
    """Answers requests to the account's hosts, its team domain and the login service.

    `form` is the form of SSH certificates; `origin` has the address and country of all visitors.
    """

    def __init__(
        self, sandbox: Sandbox, form: Certificates = TODAY, origin: Visitor = ORIGIN
    ) -> None:
        self.account = Account(sandbox)
        self._origin = origin
        self._gate = Gate(self.account, origin)
        self._team = Team(self.account, form, origin)

    def covering(self, host: str) -> tuple[str, ...] | None:
        """The names in the TLS certificate of a host; None if the host does not exist.

        Empty if the host exists but no certificate covers it.
        """
        if host in {self.account.team, TRANSFER}:
            return (host,)
        zone = self.account.zone(host)
        if zone is None or self.account.visit(Visit(host)).outcome in UNREACHED:
            return None
        deep = host != zone and host.partition(".")[2] != zone
        return () if deep else (zone, f"*.{zone}")

    def answer(self, request: HttpsRequest) -> Page | BridgeToOrigin:
        """Answer one request; no content of a request makes this raise."""
        if request.host == TRANSFER:
            return plain_page(501, NO_TRANSFER)
        if request.host == self.account.team:
            return self._team.answer(request)
        return self._gate.answer(request)

    def organisation_token(self, login: Login) -> str:
        """The organisation token of a login, with which `cloudflared` logs in to applications.

        Valid for a day. Raises ValueError for an account without Zero Trust.
        """
        visitor, team = visitor_of(login, self.account.providers), self.account.team
        if team is None:
            raise ValueError("without Zero Trust there is no team to log in to")
        claims = claims_of(visitor, "org", f"https://{team}", self.account.now(), DAY)
        return self.account.signer.signed({**claims, "aud": [team]})
