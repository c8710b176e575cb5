"""The front without sockets: a request to one of the account's hosts in, an answer out.

Source: cloudflared 2026.8.2 (`https://login.cloudflareaccess.org/transfer/<key>` is where a login
in a browser ends; an answer of 500 or more ends the waiting). Recorded: Universal SSL covers a
zone's name and one label below it.
Not emulated: the transfer itself.
"""

from __future__ import annotations

from ztctl.sandbox.edge.values import Visit, Visitor
from ztctl.sandbox.front.account import Account
from ztctl.sandbox.front.gate import NO_TRANSFER, Gate
from ztctl.sandbox.front.identity import DAY, Login, claims_of, visitor_of
from ztctl.sandbox.front.pages import Asked, Page, Through, plain_page
from ztctl.sandbox.front.signing import TODAY, Certificates
from ztctl.sandbox.front.team import Team
from ztctl.sandbox.service import Sandbox

TRANSFER = "login.cloudflareaccess.org"
UNREACHED = frozenset({"no_record", "not_proxied"})
ORIGIN = Visitor()


class Front:
    """What is behind the account's hosts, its team's domain and the login service.

    `form` is how certificates look, `origin` where every visitor comes from.
    """

    def __init__(
        self, sandbox: Sandbox, form: Certificates = TODAY, origin: Visitor = ORIGIN
    ) -> None:
        self.account = Account(sandbox)
        self._origin = origin
        self._gate = Gate(self.account, origin)
        self._team = Team(self.account, form, origin)

    def covering(self, host: str) -> tuple[str, ...] | None:
        """The names of the certificate with which a host is served; None: there is no such host.

        No name at all: the host is there, but no certificate covers it.
        """
        if host in {self.account.team, TRANSFER}:
            return (host,)
        zone = self.account.zone(host)
        if zone is None or self.account.visit(Visit(host)).outcome in UNREACHED:
            return None
        deep = host != zone and host.partition(".")[2] != zone
        return () if deep else (zone, f"*.{zone}")

    def answer(self, asked: Asked) -> Page | Through:
        """Answer one request. Never raises for what it holds."""
        if asked.host == TRANSFER:
            return plain_page(501, NO_TRANSFER)
        if asked.host == self.account.team:
            return self._team.answer(asked)
        return self._gate.answer(asked)

    def organisation_token(self, login: Login) -> str:
        """What `cloudflared` keeps of a login for a day: it opens every application's door.

        Raises ValueError for an account without Zero Trust.
        """
        visitor, team = visitor_of(login, self.account.providers), self.account.team
        if team is None:
            raise ValueError("without Zero Trust there is no team to log in to")
        claims = claims_of(visitor, "org", f"https://{team}", self.account.now(), DAY)
        return self.account.signer.signed({**claims, "aud": [team]})
