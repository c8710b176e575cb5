"""DNS resolution of host names: zones, records, wildcards, CNAME chains, proxy status.

Source: RFC 4592 and Cloudflare's documentation of wildcard records (any depth, not where a closer
name exists, not the apex, only as first label), of proxy status (records of a zone that is not
active are DNS only; several address records of one name are proxied if one of them is), and of
tunnels (`<tunnel id>.cfargotunnel.com`; unproxied it resolves to an unroutable address;
error 1016). API reference 9.1: 1033 also for another account's tunnel.
Error 1016 also for a proxied CNAME to a name that does not resolve (documentation of errors).
Unrecorded: that a proxied CNAME to another name of the account is resolved like that name, proxied
or not, that a loop of CNAMEs does not resolve. Tunnels of other accounts are unknown here, so
that they count as nonexistent (error 1016).
Not emulated: delegation by NS records inside a zone, DNSSEC, caches of resolvers; an unproxied
CNAME to a proxied name is answered as not proxied.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.edge.values import Outcome
from ztctl.sandbox.messages import Object

ADDRESSES = ("A", "AAAA", "CNAME")
TUNNELS = ".cfargotunnel.com"
MOST_ALIASES = 10

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The result of a resolution.

    `outcome` is None if the request reaches the edge. `zone` is the name of the host's zone, and
    `tunnel` the id before `.cfargotunnel.com`, or None if the target is no tunnel; that of a name
    that is not proxied is the target of its own record. `dangling` is true if the target does not
    resolve.
    """

    outcome: Outcome | None
    reason: str
    zone: str = ""
    tunnel: str | None = None
    dangling: bool = False


def normal_host(host: str) -> str:
    """Normalise a host name: lower case, IDNA 2008, without port and trailing dot."""
    name, colon, port = host.rpartition(":")
    plain = name if colon and port.isdigit() and ":" not in name else host
    plain = plain.removesuffix(".")
    if plain.isascii():
        return plain.lower()
    import idna

    labels = plain.split(".")
    try:
        return ".".join(
            label.lower() if label.isascii() else idna.encode(label, uts46=True).decode()
            for label in labels
        )
    except UnicodeError:
        return plain.lower()


def _target_of(record: Object) -> str:
    return str(record["content"]).removesuffix(".").lower()


def _tunnel_of(record: Object) -> str | None:
    target = _target_of(record)
    return target.removesuffix(TUNNELS) if target.endswith(TUNNELS) else None


class Names:
    """The zones and DNS records that have reached the edge."""

    def __init__(self, replica: Replica) -> None:
        self._zones: dict[str, Object] = {}
        self._records: dict[Place, dict[str, Object]] = {}
        self._existing: Counter[Place] = Counter()
        replica.follow("zone", self._follow_zone)
        replica.follow("dns_record", self._follow_record)

    def resolve(self, host: str) -> Resolved:
        """Resolve a normalised host name."""
        zone = self._zone_of(host)
        if zone is None:
            return Resolved("no_record", f"{host} is in no active zone of the account")
        records = self._answering(zone, host)
        if not records:
            return Resolved("no_record", f"{host} does not resolve")
        if zone.get("paused") or not any(record["proxied"] for record in records):
            reason = f"{host} is not proxied"
            return Resolved("not_proxied", reason, zone["name"], _tunnel_of(records[0]))
        return self._follow_aliases(zone, host, records)

    def _follow_aliases(self, zone: Object, host: str, records: list[Object]) -> Resolved:
        target, seen = host, {host}
        while records and records[0]["type"] == "CNAME" and len(seen) <= MOST_ALIASES:
            target = _target_of(records[0])
            tunnel = _tunnel_of(records[0])
            if tunnel is not None:
                return Resolved(None, f"{host} leads to a tunnel", zone["name"], tunnel)
            beyond = self._zone_of(target)
            if beyond is None:
                return Resolved(None, f"{host} is proxied to what is no tunnel", zone["name"])
            records = [] if target in seen else self._answering(beyond, target)
            seen.add(target)
        if not records or records[0]["type"] == "CNAME":
            return Resolved(None, f"{target} does not resolve", zone["name"], dangling=True)
        return Resolved(None, f"{host} is proxied to what is no tunnel", zone["name"])

    def _zone_of(self, host: str) -> Object | None:
        name = host
        while name:
            zone = self._zones.get(name)
            if zone is not None:
                return zone
            name = name.partition(".")[2]
        return None

    def _answering(self, zone: Object, host: str) -> list[Object]:
        """A, AAAA and CNAME records of a name, or of the wildcard at its closest encloser."""
        # Ends at the apex at the latest, which always exists.
        name = host
        while not self._exists(zone, name):
            name = name.partition(".")[2]
        if name != host:
            name = "*." + name
        records = self._records.get((zone["id"], name), {}).values()
        return [record for record in records if record["type"] in ADDRESSES]

    def _exists(self, zone: Object, name: str) -> bool:
        return name == zone["name"] or (zone["id"], name) in self._existing

    def _follow_zone(self, _: str, old: Object | None, new: Object | None) -> None:
        if old is not None and self._zones.get(old["name"], {}).get("id") == old["id"]:
            del self._zones[old["name"]]
        if new is not None and new["status"] == "active":
            self._zones[new["name"]] = new

    def _follow_record(self, key: str, old: Object | None, new: Object | None) -> None:
        if old is not None:
            self._count(old, -1)
            place = (old["zone_id"], old["name"])
            del self._records[place][key]
            if not self._records[place]:
                del self._records[place]
        if new is not None:
            self._count(new, 1)
            self._records.setdefault((new["zone_id"], new["name"]), {})[key] = new

    def _count(self, record: Object, by: int) -> None:
        """Count a record for its name and all parents, which thereby exist (RFC 4592, 2.2.2).

        Empty non-terminals stop a wildcard above them, so existence is not that of records.
        """
        name = record["name"]
        while name:
            place = (record["zone_id"], name)
            self._existing[place] += by
            if not self._existing[place]:
                del self._existing[place]
            name = name.partition(".")[2]
