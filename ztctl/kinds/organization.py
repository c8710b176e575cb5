"""The Zero Trust organisation: read for the team name that connectors check tokens against."""

from __future__ import annotations

from collections.abc import Mapping

from ztctl.core.calls import Call, CallFailed, Flow
from ztctl.core.kind import Ask, Kind
from ztctl.core.objects import Live
from ztctl.kinds.common import ACCESS_ORG, text_of

PATH = "/accounts/{account}/access/organizations"
_DOMAIN = ".cloudflareaccess.com"


class Organization(Kind):
    """The account's Zero Trust organisation."""

    name = "organization"
    title = "Zero Trust organisation"

    def needed(self, ask: Ask) -> bool:
        """Only when a tunnel may need the team's name and the files do not give it."""
        return bool(ask.wanted.get("tunnel")) and not ask.team_known

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """The organisation, or nothing where the token may not see it.

        Whether the name is missed shows only while planning; the problem then names the remedy.
        """
        try:
            raw = yield Call("GET", PATH, permission=ACCESS_ORG, optional=True)
        except CallFailed as failure:
            if failure.status != 403:
                raise
            return ()
        domain = text_of(raw, "auth_domain") if isinstance(raw, Mapping) else ""
        if not domain.endswith(_DOMAIN):
            return ()
        team = domain.removesuffix(_DOMAIN)
        return (Live(self.name, domain, team, team, {}, {"team": team}),)
