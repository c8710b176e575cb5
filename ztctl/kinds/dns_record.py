"""DNS records in scope: proxied CNAMEs that lead to a tunnel.

Names come back complete, in lower case and without a trailing dot; the TTL is 1 whenever a record
is proxied; a comment is null when there is none. A batch is one transaction in the order deletes,
patches, puts, posts (Cloudflare OpenAPI description, Terraform provider v5, Cloudflare docs).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ztctl.core.model.calls import Call, CallFailed, Flow, LiveObjects, ReadFlow
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Ask, Fields, Kind, World, gone_is_done
from ztctl.core.model.markers import Default, Normalised, RefersTo, Unordered
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Step
from ztctl.kinds.common import (
    DNS,
    Inside,
    On,
    Protect,
    check_host,
    host,
    listing,
    mistaken,
    objects,
    segment,
    text_of,
)
from ztctl.kinds.destinations import public_hosts
from ztctl.kinds.dns_bodies import as_it_was, body, displaces
from ztctl.kinds.plain import Comment, InComment
from ztctl.kinds.tunnel import served_hosts
from ztctl.kinds.zone import FREE_BATCH, complain_without_zone, zone_of

if TYPE_CHECKING:
    from ztctl.core.model.facts import Fact

TUNNEL_DOMAIN = "cfargotunnel.com"
LEADS_TO_TUNNEL = RefersTo("tunnel", template="{}." + TUNNEL_DOMAIN)
_ADDRESSES = ("A", "AAAA", "CNAME")
BatchItem = tuple[Step, Live | None, Values]
BatchResult = Live | CallFailed | None


class DnsSettings(Fields):
    """How the record is served; a proxied one cannot be flattened."""

    ipv4_only: Inside = None
    ipv6_only: Inside = None
    flatten_cname: Inside = None


class DnsRecordFields(Fields):
    """A name that leads to a tunnel. The key is the name."""

    tunnel: Annotated[Any, LEADS_TO_TUNNEL, Normalised(host)]
    """The tunnel that it leads to, by key, or `{live: NAME}`."""
    proxied: On = None
    """Through Cloudflare; a tunnel is reached in no other way."""
    ttl: Annotated[int | None, Field(ge=1, le=86400), Default(1)] = None
    """Seconds; 1 is automatic, and the only value of a proxied record."""
    comment: Comment = None
    """Your own words; the stack's mark is put behind them."""
    tags: Annotated[list[str] | None, Unordered()] = None
    settings: DnsSettings | None = None
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


class DnsRecord(Kind):
    """A DNS record that leads to a tunnel."""

    name = "dns_record"
    section = "dns"
    title = "DNS record"
    model = DnsRecordFields
    phase = Phase.DNS
    several = True
    place = InComment()

    # -- the wanted side --------------------------------------------------------------------

    def fold(self, key: str, stated: Values) -> Values:
        """A proxied record has no TTL of its own."""
        return stated if stated.get("proxied") is False else {**stated, "ttl": 1}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Keys that are no host names, and names that are said to have moved."""
        for moved in declared.moved:
            if moved.target.kind == self.name:
                yield Problem(
                    f"{moved.source} cannot become {moved.target}: its name is what it is",
                    moved.where,
                    "drop this entry: the new record is made, and the old one goes by itself",
                )
        for wanted in declared.wanted:
            if wanted.address.kind == self.name:
                yield from mistaken(check_host, wanted.address.key, wanted)

    def named_hosts(self, wanted: Wanted) -> frozenset[str]:
        """The record's own name."""
        return frozenset({self.slot(wanted)})

    def own_words(self, wanted: Wanted) -> Iterator[str]:
        """The last word of the comment."""
        return self.place.last_word(wanted)

    # -- identity ---------------------------------------------------------------------------

    def slot(self, wanted: Wanted) -> str:
        """The name in punycode."""
        return to_ascii(wanted.address.key)

    def natural_keys(self, wanted: Wanted, world: World) -> frozenset[str]:
        """The name: an address record there is in the way."""
        return frozenset({self.slot(wanted)})

    def is_ours(self, live: Live, world: World) -> bool:
        """True when the record leads to a tunnel that carries our mark or that we declare."""
        target = LEADS_TO_TUNNEL.id_in(live.values.get("tunnel"))
        return any(
            tunnel.id == target
            for tunnel in world.live_of("tunnel")
            if (tunnel.mark is not None and tunnel.mark.stack == world.stack)
            or world.owner_of(tunnel) is not None
        )

    def complete(self, wanted: Wanted, live: Live | None, world: World) -> Values:
        """Put the mark behind the comment, and say in which zone the name lies."""
        name = self.slot(wanted)
        complain_without_zone(wanted, [name], world)
        zone = zone_of(name, world.live_of("zone"))
        place = {"name": name, "zone_id": zone.id if zone else ""}
        limit = zone.attribute("batch") if zone else FREE_BATCH
        return {**self.place.put(wanted, live, world.stack), **place, "batch": limit}

    def unmarked(self, live: Live) -> Values:
        """The live values with the user's words alone in the comment."""
        return {**self.place.off(live), **_place(live)}

    def dropped_by_adoption(self, live: Live, world: World) -> tuple[str, ...]:
        """Where the name leads now."""
        return (f"{live.name} leads to {live.values.get('tunnel')} now",)

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """One write, which says whose place the record takes."""
        if change.action not in (Action.UPDATE, Action.ADOPT):
            return super().steps(change)
        values = {**change.written, "displaces": [other.id for other in change.others]}
        return (self.step(change, "update", values=values),)

    def fact(self, values: Values, live: Live | None) -> Fact:
        """Where the name leads."""
        from ztctl.kinds import facts

        return facts.record(values, str(values.get("name") or (live.name if live else "")))

    # -- reading ----------------------------------------------------------------------------

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """The records of each zone in which one of our names lies, or may have lain.

        Declared names, marked applications, and the names that our tunnels serve: a record whose
        host was taken out of the file is found by what is still live of it.
        """
        known, apps = yield LiveObjects("zone"), LiveObjects("access_application")
        guarded = (
            public_hosts(app.values.get("destinations"))
            for app in apps
            if app.mark is not None and app.mark.stack == ask.stack
        )
        first = _zones_of(ask.hosts.union(*guarded), known)
        *replies, all_tunnels = yield (*(records(zone) for zone in first), LiveObjects("tunnel"))
        served = frozenset[str]().union(*(served_hosts(tunnel, ask) for tunnel in all_tunnels))
        later = [zone for zone in _zones_of(served, known) if zone not in first]
        further = yield tuple(records(zone) for zone in later)
        return self._lives((*first, *later), (*replies, *further))

    def reread(self, ask: Ask, changes: Sequence[Change]) -> Flow[tuple[Live, ...]]:
        """The records of the zones that are about to be written."""
        zones_ = [_zone_at(*place) for place in sorted({_place_of(change) for change in changes})]
        replies = yield tuple(records(zone) for zone in zones_)
        return self._lives(zones_, replies)

    def _lives(self, zones_: Sequence[Live], replies: Sequence[Any]) -> tuple[Live, ...]:
        return tuple(
            self._live(raw, zone)
            for zone, reply in zip(zones_, replies, strict=True)
            for raw in objects(reply)
            if text_of(raw, "type") in _ADDRESSES
        )

    def beside(self, live: Live) -> Values:
        """The type: another record may stand where one was."""
        return {"type": live.attribute("type")}

    def _live(self, raw: Mapping[str, Any], zone: Live) -> Live:
        name = to_ascii(text_of(raw, "name"))
        key, mark = self.place.read(name, raw)
        proxied = raw.get("proxied") is True
        said = {
            **raw,
            "tunnel": text_of(raw, "content"),
            "proxied": proxied,
            "ttl": 1 if proxied else raw.get("ttl"),
        }
        place = {"zone_id": zone.id, "batch": zone.attribute("batch"), "type": raw.get("type")}
        values = canonical_fields(self.specs, said)
        return Live(self.name, text_of(raw, "id"), name, key, values, place, mark, raw)

    # -- writing ----------------------------------------------------------------------------

    def batch_key(self, step: Step, live: Live | None, values: Values) -> str | None:
        """Records of one zone go out together."""
        if step.id.verb == "delete":
            return str(live.attribute("zone_id")) if live else None
        return str(values["zone_id"])

    def batch(self, work: Sequence[BatchItem]) -> Flow[tuple[BatchResult, ...]]:
        """As few writes as the zone's limit allows; a refused batch is halved until it fits."""
        limit = min(_limit(item) for item in work)
        results: list[BatchResult] = []
        for start in range(0, len(work), limit):
            results += yield from self._attempt(work[start : start + limit])
        return tuple(results)

    def _attempt(self, work: Sequence[BatchItem]) -> Flow[list[BatchResult]]:
        try:
            return (yield from self._send(work))
        except CallFailed as failure:
            if failure.lost:
                return (yield from self._after_lost_answer(work))
            return (yield from self._halved(work, failure))

    def _halved(self, work: Sequence[BatchItem], failure: CallFailed) -> Flow[list[BatchResult]]:
        """A refused batch in two halves, until the bad record stands alone."""
        if failure.lost or not (failure.status == 400 or _is_missing(failure)):
            return [failure] * len(work)
        if len(work) == 1:
            gone = work[0][0].id.verb == "delete" and _is_missing(failure)
            return [None if gone else failure]
        middle = len(work) // 2
        first = yield from self._attempt(work[:middle])
        return first + (yield from self._attempt(work[middle:]))

    def _send(self, work: Sequence[BatchItem]) -> Flow[list[BatchResult]]:
        batch: dict[str, list[Any]] = {"deletes": [], "puts": [], "posts": []}
        for step, live, values in work:
            if step.id.verb == "delete":
                batch["deletes"].append({"id": live.id if live else ""})
            elif live is not None and not displaces(live, values):
                batch["puts"].append({"id": live.id, **body(values, live.raw)})
            else:
                old = (live.id, *values.get("displaces", ())) if live else ()
                batch["deletes"] += [{"id": item} for item in old]
                batch["posts"].append(body(values, {}))
        path = f"/zones/{segment(_zone(work[0]))}/dns_records/batch"
        sent = {key: items for key, items in batch.items() if items}
        reply = yield Call("POST", path, sent, permission=DNS)
        return self._results(work, reply if isinstance(reply, Mapping) else {})

    def _results(self, work: Sequence[BatchItem], reply: Mapping[str, Any]) -> list[BatchResult]:
        made = {
            to_ascii(text_of(raw, "name")): raw
            for group in ("puts", "posts")
            for raw in objects(reply.get(group))
        }
        return [
            None if step.id.verb == "delete" else self._made(made, live, values)
            for step, live, values in work
        ]

    def _made(self, made: Mapping[str, Any], live: Live | None, values: Values) -> BatchResult:
        name = str(values.get("name") or (live.name if live else ""))
        raw = made.get(name) or {**body(values, {}), "id": live.id if live else ""}
        zone = _zone_at(str(values["zone_id"]), values.get("batch"))
        return self._live(raw, zone)

    def undo(self, step: Step, before: Live | None, made: Live) -> Flow[None]:
        """Let the name lead where it led to; where it took other records' place, nowhere."""
        path = f"/zones/{segment(str(made.attribute('zone_id')))}/dns_records"
        if before is None or displaces(before, step.values):
            yield from gone_is_done(Call("DELETE", f"{path}/{segment(made.id)}", permission=DNS))
        else:
            call = Call("PUT", f"{path}/{segment(before.id)}", as_it_was(before), permission=DNS)
            yield call

    def _after_lost_answer(self, work: Sequence[BatchItem]) -> Flow[list[BatchResult]]:
        """A batch is one transaction: one look tells whether all of it was done, or nothing."""
        zone = _zone_at(_zone(work[0]), _limit(work[0]))
        found = objects((yield records(zone)))
        ids = {text_of(raw, "id") for raw in found}
        by_name = {
            to_ascii(text_of(raw, "name")): raw for raw in found if raw.get("type") == "CNAME"
        }
        if all(self._is_done(item, ids, by_name, zone) for item in work):
            return [
                None if step.id.verb == "delete" else self._live(by_name[str(values["name"])], zone)
                for step, _, values in work
            ]
        try:
            return (yield from self._send(work))
        except CallFailed as again:
            return (yield from self._halved(work, again))

    def _is_done(
        self, item: BatchItem, ids: set[str], by_name: Mapping[str, Mapping[str, Any]], zone: Live
    ) -> bool:
        step, live, values = item
        if step.id.verb == "delete":
            return live is None or live.id not in ids
        raw = by_name.get(str(values["name"]))
        return raw is not None and all(
            raw.get(key) == value for key, value in body(values, {}).items() if value
        )


def records(zone: Live) -> Call:
    """The list of a zone's records."""
    return listing(f"/zones/{segment(zone.id)}/dns_records", DNS, 5000)


def _zone_at(id_: str, limit: Any) -> Live:
    return Live("zone", id_, "", "", {}, {"batch": limit})


def _zones_of(names: frozenset[str], known: Sequence[Live]) -> list[Live]:
    found = {zone.id: zone for name in names if (zone := zone_of(name, known)) is not None}
    return sorted(found.values(), key=lambda zone: zone.name)


def _place(live: Live) -> dict[str, Any]:
    return {
        "name": live.name,
        "zone_id": live.attribute("zone_id"),
        "batch": live.attribute("batch"),
    }


def _place_of(change: Change) -> tuple[str, int]:
    place = _place(change.live) if change.live else change.written
    return str(place["zone_id"]), int(place["batch"])


def _is_missing(failure: CallFailed) -> bool:
    # Error 81044: the record does not exist.
    return failure.has_code(81044)


def _zone(item: BatchItem) -> str:
    _, live, values = item
    given = values.get("zone_id") or (live.attribute("zone_id") if live else "")
    return str(given)


def _limit(item: BatchItem) -> int:
    _, live, values = item
    limit = values.get("batch") or (live.attribute("batch") if live else None)
    return limit if isinstance(limit, int) else FREE_BATCH
