"""DNS records: proxied CNAMEs that point to a tunnel.

Names are returned in full, in lower case and without a trailing dot; the TTL of a proxied record is
1; a missing comment is null. A batch is one transaction, run in the order deletes, patches, puts,
posts (Cloudflare OpenAPI description, Terraform provider v5, Cloudflare docs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from ztctl.core.model.calls import Call, CallFailed, Flow, LiveObjects, ReadFlow
from ztctl.core.model.canonical import canonical_fields
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import Fact, Record, Slot, ZoneRecords, Zones
from ztctl.core.model.flows import Ask, BatchItem, StepResult, Unseen, delete_if_present
from ztctl.core.model.identity import HEX_32, Fields, HostPart
from ztctl.core.model.kind import Contained, Kind, TakesPlaces
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import Default, Normalised, RefersTo, Unordered
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Attributes, Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Step
from ztctl.kinds.common import (
    DNS,
    Inside,
    On,
    Protect,
    check_host,
    failed_check,
    host,
    items,
    objects,
    segment,
    text_of,
)
from ztctl.kinds.destinations import public_hosts
from ztctl.kinds.plain import Comment, InComment, Rest
from ztctl.kinds.tunnel import served_hosts
from ztctl.kinds.zone import ZoneAttributes, replies_of, require_zones, zone_of

TUNNEL_DOMAIN = "cfargotunnel.com"
LEADS_TO_TUNNEL = RefersTo("tunnel", template="{}." + TUNNEL_DOMAIN)
_ADDRESSES = ("A", "AAAA", "CNAME")


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


@dataclass(frozen=True, slots=True)
class DnsRecordAttributes(Attributes):
    """The type of a live record, which may be another one than CNAME."""

    type: str = ""


class _InRecordComment(InComment):
    """The mark in the comment of a record, of which a write needs the name, too."""

    def off(self, live: Live) -> Values:
        """The live values without the mark in the comment, and the name."""
        return {**super().off(live), "name": live.name}


class DnsRecord(Kind, Contained, TakesPlaces):
    """A DNS record that points to a tunnel."""

    name = "dns_record"
    section = "dns"
    title = "DNS record"
    model = DnsRecordFields
    phase = Phase.DNS
    host_part = HostPart.RECORD
    id_form = HEX_32
    container = "zone"
    marking = _InRecordComment()

    # -- the wanted side --------------------------------------------------------------------

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Set the TTL of proxied records to 1, the only value that they can have."""
        return stated if stated.get("proxied") is False else {**stated, "ttl": 1}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Report invalid host names, and ``moved:`` entries: a record cannot be renamed."""
        for moved in declared.moved:
            if moved.target.kind == self.name:
                yield Problem(
                    f"{moved.source} cannot become {moved.target}: its name is what it is",
                    moved.where,
                    "drop this entry: the new record is made, and the old one goes by itself",
                )
        for wanted in declared.of(self.name):
            yield from failed_check(check_host, wanted.address.key, wanted)

    def hosts(self, key: str, values: Values) -> frozenset[str]:
        """The record's name."""
        return frozenset({to_ascii(key)})

    # -- identity ---------------------------------------------------------------------------

    def slot(self, wanted: Wanted) -> str:
        """The name in punycode."""
        return to_ascii(wanted.address.key)

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """The name: an A, AAAA or CNAME record of the same name would conflict."""
        return frozenset({self.slot(wanted)})

    def is_ours(self, live: Live, ledger: Ledger) -> bool:
        """Whether the record points to a tunnel that carries our mark.

        Records to one that is claimed or adopted may be of those who made it.
        """
        target = LEADS_TO_TUNNEL.id_in(live.values.get("tunnel"))
        return any(
            tunnel.id == target and tunnel.belongs_to(ledger.stack)
            for tunnel in ledger.live_of("tunnel")
        )

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark to the comment, and the name in punycode."""
        name = self.slot(wanted)
        require_zones(wanted, [name], ledger)
        return {**super().complete(wanted, live, ledger), "name": name}

    def container_of(self, wanted: Wanted, ledger: Ledger) -> Live | None:
        """The zone of the name."""
        return zone_of(self.slot(wanted), ledger.live_of(self.container))

    def room(self, container: Live) -> int:
        """Maximum number of records of the zone."""
        return ZoneAttributes.of(container).records

    def dropped_by(self, change: Change) -> tuple[str, ...]:
        """Where the name points to now, and each further record that goes."""
        assert change.live is not None
        now = f"{change.live.name} leads to {change.live.values.get('tunnel')} now"
        return (now, *map(_farewell, change.others))

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """One write, with the ids of the records that it replaces."""
        if change.action not in (Action.UPDATE, Action.ADOPT):
            return super().steps(change)
        displaced = tuple(other.id for other in change.others)
        return (self.step(change, "update", displaces=displaced),)

    def fact(self, values: Values, live: Live | None) -> Fact:
        """Where the name points to."""
        from ztctl.kinds import facts

        return facts.record(values, str(values.get("name") or (live.name if live else "")))

    # -- reading ----------------------------------------------------------------------------

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read the records of the zones that may hold a record of the stack.

        These are the zones of names in the files, of marked applications, and of names that our
        tunnels serve: the last two find records of hosts that were removed from the files.
        """
        known, apps = yield LiveObjects("zone"), LiveObjects("access_application")
        guarded = (
            public_hosts(app.values.get("destinations"))
            for app in apps
            if app.belongs_to(ask.stack)
        )
        first = _zones_of(ask.hosts.union(*guarded), known)
        replies = yield tuple(_rest(zone).all() for zone in first)
        try:
            all_tunnels = yield LiveObjects("tunnel")
        except CallFailed as failure:
            # The tunnels themselves are then reported as not read; `who` does without them.
            if not failure.is_forbidden:
                raise
            all_tunnels = ()
        served = frozenset[str]().union(*(served_hosts(tunnel, ask) for tunnel in all_tunnels))
        later = [zone for zone in _zones_of(served, known) if zone not in first]
        further = yield tuple(_rest(zone).all() for zone in later)
        return self._live_records((*first, *later), (*replies, *further))

    def beyond(self, unseen: Unseen) -> ReadFlow[Mapping[Slot, Fact]]:
        """The records of every zone in which one of these names may lie."""
        known = yield LiveObjects("zone")
        zones = Zones(ZoneRecords(zone.name) for zone in known)
        names = {zone.name for name in unseen.names for zone in zones.meeting(name)}
        found: dict[Slot, Fact] = {}
        chosen = [it for it in known if it.name in names]
        for zone, reply in (yield from replies_of(chosen, _list, _is_forbidden)):
            gap = reply.summary if isinstance(reply, CallFailed) else ""
            others = frozenset(
                to_ascii(text_of(raw, "name"))
                for raw in (() if gap else objects(reply))
                if text_of(raw, "type") not in _ADDRESSES
            )
            found[ZoneRecords, zone.id] = ZoneRecords(zone.name, not gap, gap, others)
            for live in () if gap else self._live_records([zone], [reply]):
                found[Record, live.id] = self.fact(live.values, live)
        return found

    def reread(self, ask: Ask, changes: Sequence[Change]) -> Flow[tuple[Live, ...]]:
        """Read the records of the zones that these changes write to."""
        by_id = {zone.id: zone for change in changes if (zone := change.container) is not None}
        zones = [by_id[key] for key in sorted(by_id)]
        replies = yield tuple(_rest(zone).all() for zone in zones)
        return self._live_records(zones, replies)

    def _live_records(self, zones: Sequence[Live], replies: Sequence[Any]) -> tuple[Live, ...]:
        return tuple(
            self._live(raw, zone)
            for zone, reply in zip(zones, replies, strict=True)
            for raw in objects(reply)
            if text_of(raw, "type") in _ADDRESSES
        )

    def carried_over(self, live: Live) -> Values:
        """The type: a record of another type may have replaced this one."""
        return {"type": DnsRecordAttributes.of(live).type}

    def _live(self, raw: Mapping[str, Any], zone: Live) -> Live:
        name = to_ascii(text_of(raw, "name"))
        key, mark = self.marking.read(name, raw)
        proxied = raw.get("proxied") is True
        fields = {
            **raw,
            "tunnel": text_of(raw, "content"),
            "proxied": proxied,
            "ttl": 1 if proxied else raw.get("ttl"),
        }
        attributes = DnsRecordAttributes(text_of(raw, "type"))
        values = canonical_fields(self.specs, fields)
        id_ = text_of(raw, "id")
        return Live(self.name, id_, name, key, values, attributes, mark, raw, container=zone)

    # -- writing ----------------------------------------------------------------------------

    def batch(self, work: Sequence[BatchItem]) -> Flow[tuple[StepResult, ...]]:
        """Write batches as large as the zone allows; a refused one is split until it succeeds."""
        limit = ZoneAttributes.of(_zone(work[0][0])).batch
        results: list[StepResult] = []
        for start in range(0, len(work), limit):
            results += yield from self._attempt(work[start : start + limit])
        return tuple(results)

    def _attempt(self, work: Sequence[BatchItem]) -> Flow[list[StepResult]]:
        try:
            return (yield from self._send(work))
        except CallFailed as failure:
            if failure.lost:
                return (yield from self._after_lost_answer(work))
            return (yield from self._halved(work, failure))

    def _halved(self, work: Sequence[BatchItem], failure: CallFailed) -> Flow[list[StepResult]]:
        """Retry a refused batch in two halves, down to the single record that is refused."""
        # Other failures concern the whole request: halves would fail in the same way.
        if failure.lost or not (failure.status == 400 or _is_missing(failure)):
            return [failure] * len(work)
        if len(work) == 1:
            gone = work[0][0].id.verb == "delete" and _is_missing(failure)
            return [None if gone else failure]
        middle = len(work) // 2
        first = yield from self._attempt(work[:middle])
        return first + (yield from self._attempt(work[middle:]))

    def _send(self, work: Sequence[BatchItem]) -> Flow[list[StepResult]]:
        batch: dict[str, list[Any]] = {"deletes": [], "puts": [], "posts": []}
        for step, live, values in work:
            if step.id.verb == "delete":
                batch["deletes"].append({"id": live.id if live else ""})
            elif live is not None and not _displaces(step, live):
                batch["puts"].append({"id": live.id, **_body(values, live.raw)})
            else:
                old = (live.id, *step.displaces) if live else ()
                batch["deletes"] += [{"id": item} for item in old]
                batch["posts"].append(_body(values, {}))
        path = f"{_rest(_zone(work[0][0])).path}/batch"
        sent = {key: group for key, group in batch.items() if group}
        call = Call("POST", path, sent, permission=DNS)
        reply = yield call
        if not isinstance(reply, Mapping):
            raise CallFailed(call, f"the answer to {call} holds no records", lost=True)
        # A record that the reply does not contain is assumed to be as it was sent.
        unanswered = {
            str(values["name"]): {**_body(values, {}), "id": live.id if live else ""}
            for step, live, values in work
            if step.id.verb != "delete"
        }
        answered = [*items(reply, "puts"), *items(reply, "posts")]
        return self._results(work, unanswered | _by_name(objects(answered)))

    def _results(
        self, work: Sequence[BatchItem], by_name: Mapping[str, Mapping[str, Any]]
    ) -> list[StepResult]:
        return [
            None
            if step.id.verb == "delete"
            else self._live(by_name[str(values["name"])], _zone(step))
            for step, _, values in work
        ]

    def undo(self, step: Step, before: Live | None, made: Live) -> Flow[None]:
        """Restore the record; delete it if it was created, or replaced other records."""
        rest = _rest(_zone(step))
        if before is None or _displaces(step, before):
            yield from delete_if_present(rest.one("DELETE", made.id))
        else:
            yield rest.one("PUT", before.id, _original_body(before))

    def _after_lost_answer(self, work: Sequence[BatchItem]) -> Flow[list[StepResult]]:
        """Check whether a batch was done, and send it again if not: it is one transaction."""
        found = objects((yield _rest(_zone(work[0][0])).all()))
        ids = {text_of(raw, "id") for raw in found}
        by_name = _by_name(raw for raw in found if raw.get("type") == "CNAME")
        if all(_is_done(item, ids, by_name) for item in work):
            return self._results(work, by_name)
        try:
            return (yield from self._send(work))
        except CallFailed as again:
            return (yield from self._halved(work, again))


def _farewell(live: Live) -> str:
    kind, comment = DnsRecordAttributes.of(live).type, live.values.get("comment")
    words = f", and its comment {comment!r}" if comment else ""
    return f"deletes the {kind} record of {live.name} to {live.values.get('tunnel')}{words}"


def _is_done(item: BatchItem, ids: set[str], by_name: Mapping[str, Mapping[str, Any]]) -> bool:
    step, live, values = item
    if step.id.verb == "delete":
        return live is None or live.id not in ids
    raw = by_name.get(str(values["name"]))
    # Empty values are left out: the API returns them as null.
    body = _body(values, {}).items()
    return raw is not None and all(raw.get(key) == value for key, value in body if value)


def _rest(zone: Live) -> Rest:
    return Rest(f"/zones/{segment(zone.id)}/dns_records", DNS, 5000, members=("name", "type"))


def _list(zone: Live) -> Call:
    return _rest(zone).all()


def _is_forbidden(failure: CallFailed) -> bool:
    return failure.is_forbidden


def _by_name(records: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {to_ascii(text_of(raw, "name")): raw for raw in records}


def _zones_of(names: frozenset[str], known: Sequence[Live]) -> list[Live]:
    found = {zone.id: zone for name in names if (zone := zone_of(name, known)) is not None}
    return sorted(found.values(), key=lambda zone: zone.name)


def _is_missing(failure: CallFailed) -> bool:
    # Error 81044: the record does not exist.
    return failure.has_code(81044)


def _zone(step: Step) -> Live:
    assert step.container is not None, "a record is written in a zone"
    return step.container


def _displaces(step: Step, live: Live) -> bool:
    """Whether the write deletes and creates, as for several records or another type."""
    return DnsRecordAttributes.of(live).type != "CNAME" or bool(step.displaces)


def _body(values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
    """Build a whole record; fields that the file does not state keep their live values."""
    stated = {key: values.get(key, carried.get(key)) for key in ("tags", "settings")}
    return {
        **{key: value for key, value in stated.items() if value},
        "type": "CNAME",
        "name": values["name"],
        "content": values["tunnel"],
        "proxied": values["proxied"],
        "ttl": values["ttl"],
        "comment": values.get("comment") or "",
    }


def _original_body(live: Live) -> dict[str, Any]:
    """Build the body that restores a live record."""
    fields = ("type", "name", "content", "proxied", "ttl", "comment", "tags", "settings")
    return {key: live.raw[key] for key in fields if live.raw.get(key) is not None}
