"""The Zero Trust organisation: read-only.

Connectors verify tokens against its team name, and it may deny requests to hosts that no
application covers (``deny_unmatched_requests``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ztctl.core.model.calls import Call, CallFailed, Flow, only
from ztctl.core.model.facts import Fact, OrganizationSettings
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Attributes, Live, Values
from ztctl.kinds.common import ACCESS_ORG, items, text_of

PATH = "/accounts/{account}/access/organizations"
_DOMAIN = ".cloudflareaccess.com"
_EXEMPT = "deny_unmatched_requests_exempted_zone_names"
_FACTOR = "mfa_required_for_all_apps"
_KEPT = only("name", "auth_domain", "deny_unmatched_requests", _EXEMPT, _FACTOR)
_ABOUT_HOSTS = ("tunnel", "dns_record", "access_application")


@dataclass(frozen=True, slots=True)
class OrganizationAttributes(Attributes):
    """Team name (empty with a custom authentication domain), and what it asks of every host."""

    team: str = ""
    deny_unmatched: bool = False
    exempt_zones: frozenset[str] = frozenset()
    asks_factor: bool = False


class Organization(Kind):
    """The account's Zero Trust organisation."""

    name = "organization"
    title = "Zero Trust organisation"

    def needed(self, ask: Ask) -> bool:
        """Only plans that may change access to a host need it."""
        return self.name in ask.lookups or any(ask.wanted.get(kind) for kind in _ABOUT_HOSTS)

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Read the organisation; without the permission (403) none is returned.

        Whether the team name is needed is known only while planning, where its absence is reported.
        """
        try:
            raw = yield Call("GET", PATH, permission=ACCESS_ORG, optional=True, keep=_KEPT)
        except CallFailed as failure:
            if not failure.is_forbidden:
                raise
            return ()
        if not isinstance(raw, Mapping):
            return ()
        domain = text_of(raw, "auth_domain")
        # A custom authentication domain does not contain the team name.
        team = domain.removesuffix(_DOMAIN) if domain.endswith(_DOMAIN) else ""
        listed = raw.get(_EXEMPT)
        exempt = items(raw, _EXEMPT)
        # What is not understood may exempt every zone.
        is_known = isinstance(listed, list | None) and all(isinstance(it, str) for it in exempt)
        settings = OrganizationAttributes(
            team,
            is_known and raw.get("deny_unmatched_requests") is True,
            frozenset(to_ascii(it) for it in exempt if isinstance(it, str)),
            raw.get(_FACTOR) not in (None, False),
        )
        return (Live(self.name, domain, team, team, {}, settings),)

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """Whether hosts without an application are denied, and a second factor is asked for."""
        if live is None:
            return None
        found = OrganizationAttributes.of(live)
        return OrganizationSettings(found.deny_unmatched, found.exempt_zones, found.asks_factor)
