"""Processing of a visit: DNS, Access, tunnel, connector.

Source: Cloudflare's documentation: Access is evaluated before the origin, so only visitors that
Access admits see the error of a tunnel that does not run; a host without an application is open,
unless the organisation denies unmatched requests (error 1050; zones can be exempted); every
enrolled device reaches a private network that no application covers. Error 1016 for a tunnel or a
name that does not exist, 1033 for a tunnel without connectors, both with status 530. ssh-workflow
1.5 (cloudflared 2026.8.2): a locally managed tunnel serves what its own file says, a remote one
without a configuration answers 503.
Unrecorded: that "unmatched" refers to the request and not to its host, so that another path on the
host of an application is denied, too.
Not emulated: certificates of names two levels deep, zone settings, firewall rules, Gateway rules;
the file of a locally managed tunnel is known only where a connector was given one, so that another
such tunnel serves every name. Of several connectors the first serves, which nobody chooses.
"""

from __future__ import annotations

from typing import Literal

from ztctl.sandbox.edge.applications import Applications, normal_path
from ztctl.sandbox.edge.foreign import as_texts
from ztctl.sandbox.edge.ingress import Arriving, Rule, Served, rules_of, served
from ztctl.sandbox.edge.names import Names, normal_host
from ztctl.sandbox.edge.networks import Networks
from ztctl.sandbox.edge.policies import Policies, Ruling
from ztctl.sandbox.edge.private_applications import Connection, PrivateApplications
from ztctl.sandbox.edge.selectors import address_of
from ztctl.sandbox.edge.values import Answer, PrivateVisit, Visit
from ztctl.sandbox.messages import Object
from ztctl.sandbox.state import State

NO_TUNNEL = Served("tunnel_error", 530, "error 1016: there is no such tunnel in this account")
NO_ADDRESS = Served("tunnel_error", 530, "error 1016: the target of the CNAME does not resolve")
NO_CONNECTOR = Served("tunnel_error", 530, "error 1033: no connector of the tunnel runs")
LOCAL = Served("origin", 200, "the tunnel's own file decides, which is not known", "local")
OPEN = Ruling("enter", 200, "no application decides")
PUBLIC = Ruling("enter", 200, "an override of the application makes the path public")
DENIED = Ruling("blocked", 403, "error 1050: the account denies what no application decides")


class View:
    """Indexes over the replica for answering visits; methods need a session of the store."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._replica = replica = state.replica
        self._names = Names(replica)
        self._applications = Applications(replica)
        self._private = PrivateApplications(replica)
        self._policies = Policies(replica, state.clock)
        self._networks = Networks(replica)
        self._rules: dict[str, tuple[Rule, ...]] = {}
        replica.follow("tunnel_configuration", self._follow_configuration)

    def visited(self, visit: Visit, *, assume_connectors: bool) -> Answer:
        """The answer to an HTTPS request."""
        host = normal_host(visit.host)
        resolved = self._names.resolve(host)
        if resolved.outcome is not None:
            return Answer(resolved.outcome, 0, resolved.reason, tunnel=resolved.tunnel)
        path = normal_path(visit.path)
        of_zones = self._state.settings.zone_access_enforced
        app, is_public = self._applications.deciding(host, path, of_zones=of_zones)
        ruling = PUBLIC if is_public else self._ruling(app, visit, resolved.zone)
        if ruling.outcome != "enter":
            return _refused(ruling.outcome, ruling, app)
        if resolved.dangling:
            return _answered(NO_ADDRESS, ruling, app, None)
        if resolved.tunnel is None:
            return _answered(Served("elsewhere", 0, resolved.reason), ruling, app, None)
        arriving = Arriving(host, visit.path, visit.destination, self._issuer(), ruling.audience)
        found = self._failure(resolved.tunnel, assume_connectors=assume_connectors)
        if found is None:
            found = self._served(resolved.tunnel, arriving)
        return _answered(found, ruling, app, resolved.tunnel)

    def visited_privately(self, visit: PrivateVisit, *, assume_connectors: bool) -> Answer:
        """The answer to a connection of a device."""
        if not visit.visitor.enrolled:
            return Answer("blocked", 0, "the device is not enrolled in the organisation")
        network = self._networks.chosen(visit.virtual_network)
        if network is None:
            return Answer("no_record", 0, "there is no such virtual network")
        address = address_of(visit.address)
        host = "" if address else normal_host(visit.address)
        connection = Connection(host, address, visit.port, visit.protocol, network)
        tunnel = self._tunnel_for(connection)
        if tunnel is None:
            return Answer("no_record", 0, f"no route leads to {visit.address}")
        app = self._private.matching(connection)
        ruling = self._policies.ruling(app, visit.visitor) if app else OPEN
        if ruling.outcome != "enter":
            return _refused(ruling.outcome, ruling, app, status=0)
        return self._connected(visit, ruling, app, tunnel, assume_connectors=assume_connectors)

    def _connected(
        self,
        visit: PrivateVisit,
        ruling: Ruling,
        app: Object | None,
        tunnel: str,
        *,
        assume_connectors: bool,
    ) -> Answer:
        failure = self._failure(tunnel, assume_connectors=assume_connectors)
        if failure is not None:
            unanswered = Served(failure.outcome, 0, failure.reason)
            return _answered(unanswered, ruling, app, tunnel)
        host = f"[{visit.address}]" if ":" in visit.address else visit.address
        reached = Served("origin", 0, ruling.reason, None, f"{host}:{visit.port}")
        return _answered(reached, ruling, app, tunnel)

    def _ruling(self, app: Object | None, visit: Visit, zone: str) -> Ruling:
        if app is not None:
            return self._policies.ruling(app, visit.visitor, visit.method)
        for organisation in self._replica.all("organization"):
            exempted = as_texts(organisation.get("deny_unmatched_requests_exempted_zone_names"))
            if organisation.get("deny_unmatched_requests") and zone not in exempted:
                return DENIED
        return OPEN

    def _tunnel_for(self, connection: Connection) -> str | None:
        if connection.address is None:
            return self._networks.tunnel_for_host(connection.host)
        return self._networks.tunnel_for(connection.virtual_network, connection.address)

    def _failure(self, tunnel_id: str, *, assume_connectors: bool) -> Served | None:
        tunnel = self._replica.get("tunnel", tunnel_id)
        if tunnel is None or tunnel["deleted_at"] is not None:
            return NO_TUNNEL
        runs = assume_connectors or tunnel["connectors"]
        return None if runs else NO_CONNECTOR

    def _served(self, tunnel_id: str, arriving: Arriving) -> Served:
        tunnel = self._replica.get("tunnel", tunnel_id)
        if tunnel is not None and tunnel["config_src"] == "local":
            files = (one["file"] for one in tunnel["connectors"] if "file" in one)
            file = next(files, None)
            return LOCAL if file is None else served(rules_of(file), arriving)
        rules = self._rules.get(tunnel_id)
        if rules is None:
            stored = self._replica.get("tunnel_configuration", tunnel_id)
            rules = self._rules[tunnel_id] = rules_of(stored["config"] if stored else None)
        return served(rules, arriving)

    def _issuer(self) -> str:
        for organisation in self._replica.all("organization"):
            return str(organisation["auth_domain"])
        return ""

    def _follow_configuration(self, key: str, _: Object | None, __: Object | None) -> None:
        self._rules.pop(key, None)


def _refused(
    outcome: Literal["login", "blocked"],
    ruling: Ruling,
    app: Object | None,
    *,
    status: int | None = None,
) -> Answer:
    shown = ruling.status if status is None else status
    return Answer(outcome, shown, ruling.reason, app["id"] if app else None, ruling.policy)


def _answered(found: Served, ruling: Ruling, app: Object | None, tunnel: str | None) -> Answer:
    return Answer(
        found.outcome,
        found.status,
        found.reason,
        app["id"] if app else None,
        ruling.policy,
        tunnel,
        found.service,
        found.destination,
    )
