"""DNS records: proxied CNAMEs that point to a tunnel.

Names are returned in full, in lower case and without a trailing dot; the TTL of a proxied record is
1; a missing comment is null. A batch is one transaction, run in the order deletes, patches, puts,
posts (Cloudflare OpenAPI description, Terraform provider v5, Cloudflare docs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, model_validator

from ztctl.core.model.calls import Call, CallFailed, Flow, LiveObjects, ReadFlow, only
from ztctl.core.model.canonical import canonical_fields, fields_of, references
from ztctl.core.model.certificates import uncovered
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import Fact, Record, Slot, ZoneRecords, Zones
from ztctl.core.model.flows import Ask, BatchItem, StepResult, Unseen, delete_if_present
from ztctl.core.model.gap import FOREIGN, Gap
from ztctl.core.model.identity import HEX_32, Fields, HostPart
from ztctl.core.model.kind import Contained, Kind, Proposal, TakesPlaces
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.markers import DecidesReach, Default, Normalised, RefersTo, Unordered
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Attributes, Live, Mark, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Refusal, Step
from ztctl.core.model.values import Lookup
from ztctl.kinds.carry import Body, unmodelled
from ztctl.kinds.common import (
    DNS,
    Inside,
    On,
    Protect,
    check_host,
    failed_check,
    host,
    invalid,
    items,
    objects,
    segment,
    text_of,
)
from ztctl.kinds.destinations import named_hosts
from ztctl.kinds.external_dns import Claims, is_claim
from ztctl.kinds.plain import Comment, InComment, Rest, too_long
from ztctl.kinds.tunnel import served_hosts
from ztctl.kinds.zone import (
    PAID_COMMENT,
    ZoneAttributes,
    replies_of,
    require_zones,
    zone_of,
    zones_of,
)
from ztctl.kinds.zone_certificates import known_of

TUNNEL_DOMAIN = "cfargotunnel.com"
LEADS_TO_TUNNEL = RefersTo("tunnel", template="{}." + TUNNEL_DOMAIN)
_ALIAS_OF = RefersTo("dns_record", attribute="name")
_ADDRESSES = ("A", "AAAA", "CNAME")
_NO_CLAIMS = Claims(())
_BARE = only("id", "name", "type")
# Members that only the service sets (recorded replies, 2024 to 2026), or addresses alone can have.
_READ_ONLY = frozenset(
    {
        "id",
        "zone_id",
        "zone_name",
        "created_on",
        "modified_on",
        "comment_modified_on",
        "tags_modified_on",
        "meta",
        "proxiable",
        "locked",
        "private_routing",
    }
)


class DnsSettings(Fields):
    """How the record is served; a proxied one cannot be flattened."""

    ipv4_only: Inside = None
    ipv6_only: Inside = None
    flatten_cname: Inside = None


class DnsRecordFields(Fields):
    """A name that leads to a tunnel. The key is the name."""

    tunnel: Annotated[Any, LEADS_TO_TUNNEL, Normalised(host), DecidesReach()] = None
    """The tunnel that it leads to, by key, or `{live: NAME}`."""
    cname: Annotated[Any, _ALIAS_OF] = None
    """In place of `tunnel`: the record that it is an alias of, by key, or `{live: NAME}`."""
    proxied: Annotated[On, DecidesReach()] = None
    """Through Cloudflare; a tunnel is reached in no other way."""
    ttl: Annotated[int | None, Field(ge=1, le=86400), Default(1)] = None
    """Seconds; 1 is automatic, and the only value of a proxied record."""
    comment: Comment = None
    """Your own words; the stack's mark is put behind them."""
    tags: Annotated[list[str] | None, Unordered()] = None
    settings: DnsSettings | None = None
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""

    @model_validator(mode="after")
    def _one_target(self) -> DnsRecordFields:
        if (self.tunnel is None) is (self.cname is None):
            text = "a record leads to a `tunnel`, or is an alias of another record by `cname`"
            raise invalid(self, text, "write one of the two")
        return self


@dataclass(frozen=True, slots=True)
class DnsRecordAttributes(Attributes):
    """What no field of a record says.

    Attributes:
        type: may be another one than CNAME.
        manager: who else keeps this record as it is, for people; empty if nobody says so.
    """

    type: str = ""
    manager: str = ""


class _InRecordComment(InComment):
    """The mark in the comment of a record, of which a write needs the name, too."""

    def _own_name(self, wanted: Wanted, stack: str) -> str:
        return to_ascii(wanted.address.key)

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
    marking = _InRecordComment(longest=PAID_COMMENT)

    @property
    def collection(self) -> str:
        """``dns_records``."""
        return "dns_records"

    # -- the wanted side --------------------------------------------------------------------

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Set the TTL of proxied records to 1, the only value that they can have.

        What an alias leads to is its target, too.
        """
        made = {name: it for name, it in stated.items() if name != "cname"}
        if stated.get("cname") is not None:
            made["tunnel"] = stated["cname"]
        return made if stated.get("proxied") is False else {**made, "ttl": 1}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Report invalid records, and ``moved:`` entries: a record cannot be renamed."""
        for moved in declared.moved:
            if moved.target.kind == self.name:
                yield Problem(
                    f"{moved.source} cannot become {moved.target}: its name is what it is",
                    moved.where,
                    "drop this entry: the new record is made, and the old one goes by itself",
                )
        for wanted in declared.of(self.name):
            yield from failed_check(check_host, wanted.address.key, wanted)
            yield from self.marking.too_long(wanted, declared.stack)
            yield from _at_odds(wanted)

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
        """Add the mark to the comment, and the name in punycode; report what the zone refuses."""
        name = self.slot(wanted)
        require_zones(wanted, [name], ledger)
        values = {**super().complete(wanted, live, ledger), "name": name}
        zone = zone_of(name, ledger.live_of(self.container))
        if zone is not None:
            for problem in _beyond_plan(
                wanted, values, live, zone, Mark(ledger.stack, wanted.protect)
            ):
                ledger.add_problem(problem)
            known = map(known_of, ledger.live_of("zone_certificates"))
            if live is None and (why := uncovered(name, zone.name, known)):
                ledger.add_problem(_too_deep(wanted, name, why))
        return values

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

    def refusals(self, change: Change, proposal: Proposal) -> Iterator[Refusal]:
        """Refuse to write what another product manages, and where the token may only read."""
        yield from _comment_too_long(change)
        for live in (change.live, *change.others):
            manager = (
                _manager(live, adopted=change.action is Action.ADOPT) if live is not None else ""
            )
            if live is not None and manager:
                kind, where = DnsRecordAttributes.of(live).type, live.values.get("tunnel")
                yield Refusal(
                    change.address,
                    f"the {kind} record of {live.name} to {where} is managed by {manager}: "
                    "remove it there first",
                )
        zone = change.container
        if zone is not None and not ZoneAttributes.of(zone).editable:
            text = f"the token may not edit the records of the zone {zone.name}, as the zone says"
            yield Refusal(None, f"{text}: give it '{DNS} · Edit'", apply_only=True)

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

        zone = live.container.name if live is not None and live.container is not None else ""
        name = str(values.get("name") or (live.name if live is not None else ""))
        return facts.record(values, name, zone)

    # -- export -----------------------------------------------------------------------------

    def gap(self, live: Live) -> Gap | None:
        """What leads to no tunnel is nothing for a file; what another product manages stays so."""
        if DnsRecordAttributes.of(live).type != "CNAME" or not [*self.uses(live)]:
            return FOREIGN
        manager = _manager(live, adopted=live.mark is None)
        return Gap(f"it is managed by {manager}") if manager else None

    def entry(self, live: Live) -> Values:
        """An alias names the record that it leads to."""
        values = super().entry(live)
        if LEADS_TO_TUNNEL.id_in(values.get("tunnel")) is not None:
            return values
        rest = {name: it for name, it in values.items() if name != "tunnel"}
        return {**rest, "cname": values.get("tunnel")}

    # -- reading ----------------------------------------------------------------------------

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read the records of the zones that may hold a record of the stack.

        These are the zones of names in the files, of marked applications, and of names that our
        tunnels serve: the last two find records of hosts that were removed from the files. Where
        everything is asked for, it is every zone.
        """
        known, apps = yield LiveObjects("zone"), LiveObjects("access_application")
        names = named_hosts(ask, apps) | _aliased(ask)
        first = known if ask.everywhere else zones_of(names, known)
        replies = yield tuple(_rest(zone).all() for zone in first)
        try:
            all_tunnels = yield LiveObjects("tunnel")
        except CallFailed as failure:
            # The tunnels themselves are then reported as not read; `who` does without them.
            if not failure.leaves_gap:
                raise
            all_tunnels = ()
        served = frozenset[str]().union(*(served_hosts(tunnel, ask) for tunnel in all_tunnels))
        later = [zone for zone in zones_of(served, known) if zone not in first]
        further = yield tuple(_rest(zone).all() for zone in later)
        found = self._live_records((*first, *later), (*replies, *further))
        # Without a stack it is a listing of the account. No plan is to keep a record, or a tunnel,
        # for an alias of others.
        return found if ask.stack else tuple(_with_targets(found))

    def beyond(self, unseen: Unseen) -> ReadFlow[Mapping[Slot, Fact]]:
        """The records of every zone in which one of these names may lie."""
        known = yield LiveObjects("zone")
        zones = Zones(ZoneRecords(zone.name) for zone in known)
        names = {zone.name for name in unseen.names for zone in zones.meeting(name)}
        found: dict[Slot, Fact] = {}
        chosen = [it for it in known if it.name in names]
        for zone, reply in (yield from replies_of(chosen, _list, _leaves_gap)):
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
        found: list[Live] = []
        for zone, reply in zip(zones, replies, strict=True):
            records = objects(reply)
            claims = Claims(records)
            listed = (raw for raw in records if text_of(raw, "type") in _ADDRESSES)
            found += (self._live(raw, zone, claims) for raw in listed)
        return tuple(found)

    def carried_over(self, live: Live) -> Values:
        """The type, as a record of another may have replaced this one, and what no field models."""
        more = unmodelled(_writable(live.raw), _document(live.values))
        return {**more, "type": DnsRecordAttributes.of(live).type}

    def unsaid(self, live: Live) -> Values:
        """The same without what its key and its tunnel say."""
        carried = self.carried_over(live).items()
        return {name: it for name, it in carried if name not in ("name", "type")}

    def _live(self, raw: Mapping[str, Any], zone: Live, claims: Claims = _NO_CLAIMS) -> Live:
        name = to_ascii(text_of(raw, "name"))
        key, mark = self.marking.read(name, raw)
        proxied = raw.get("proxied") is True
        fields = {
            **raw,
            "tunnel": text_of(raw, "content"),
            "proxied": proxied,
            "ttl": 1 if proxied else raw.get("ttl"),
        }
        type_ = text_of(raw, "type")
        attributes = DnsRecordAttributes(type_, claims.of(type_, name))
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
                batch["puts"].append({"id": live.id, **_body(values, live)})
            else:
                old = (live.id, *step.displaces) if live else ()
                batch["deletes"] += [{"id": item} for item in old]
                # The tags of a record whose place is taken are nobody's to take away.
                tags = {"tags": live.values.get("tags")} if live else {}
                batch["posts"].append(_body({**tags, **values}))
        path = f"{_rest(_zone(work[0][0])).path}/batch"
        sent = {key: group for key, group in batch.items() if group}
        call = Call("POST", path, sent, permission=DNS)
        reply = yield call
        if not isinstance(reply, Mapping):
            raise CallFailed(call, f"the answer to {call} holds no records", lost=True)
        # A record that the reply does not contain is assumed to be as it was sent.
        unanswered = {
            str(values["name"]): {**_body(values), "id": live.id if live else ""}
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
            was = _writable(before.raw).items()
            body = {name: item for name, item in was if item is not None}
            yield rest.one("PUT", before.id, body)

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


def _aliased(ask: Ask) -> frozenset[str]:
    """The names of live records of which the files declare aliases."""
    stated = (it for one in ask.wanted.get("dns_record", ()) for it in references(one.values))
    return frozenset(it.name for it in stated if isinstance(it, Lookup) and it.kind == "dns_record")


def _with_targets(records: Sequence[Live]) -> Iterator[Live]:
    """The records; an alias that ends at a tunnel uses the record that it leads to."""
    by_name = {it.name: it for it in records if DnsRecordAttributes.of(it).type == "CNAME"}

    def ends_at_tunnel(live: Live | None) -> bool:
        seen: set[str] = set()
        while live is not None and live.id not in seen:
            seen.add(live.id)
            target = str(live.values.get("tunnel"))
            if LEADS_TO_TUNNEL.id_in(target) is not None:
                return True
            live = by_name.get(target)
        return False

    for it in records:
        target = by_name.get(str(it.values.get("tunnel")))
        is_alias = by_name.get(it.name) is it and target is not None and ends_at_tunnel(target)
        yield replace(it, uses=(("dns_record", target.id),)) if is_alias and target else it


def _at_odds(wanted: Wanted) -> Iterator[Problem]:
    """Report settings that do not go with each other, or with a tunnel."""
    values = wanted.values
    settings = values.get("settings") or {}
    if values["proxied"] and settings.get("flatten_cname"):
        # The service drops the setting without a word (DNSControl, pull request 4026).
        text = "a proxied record cannot be flattened: `flatten_cname` would never be in step"
        yield Problem(f"{wanted.address}: {text}", wanted.where, "take `flatten_cname` out")
    if not values["proxied"]:
        yield warning(
            Code.NOT_PROXIED,
            "a name that is not proxied leads nobody to its tunnel",
            wanted.where,
            "take `proxied: false` out",
            about=str(wanted.address),
        )


def _beyond_plan(
    wanted: Wanted, values: Values, live: Live | None, zone: Live, mark: Mark
) -> Iterator[Problem]:
    """Report what the plan of the zone does not allow, live values that are kept included."""
    limits = ZoneAttributes.of(zone)
    if limits.comment < PAID_COMMENT:
        yield from too_long(wanted, str(values["comment"]), mark, limits.comment)
    kept = live.values if live is not None else {}
    if limits.paid:
        return
    if values["tags"] if "tags" in values else kept.get("tags"):
        text = f"{wanted.address}: the plan of the zone {zone.name} has no tags for records"
        yield Problem(text, wanted.where, "take `tags` out, or write them into the comment")
    if (values.get("settings") or {}).get("flatten_cname"):
        text = f"{wanted.address}: the plan of the zone {zone.name} flattens no single record"
        yield Problem(text, wanted.where, "take `flatten_cname` out")


def _comment_too_long(change: Change) -> Iterator[Refusal]:
    """Refuse a comment with the mark of another stack, which may be a longer one."""
    comment = str(change.written.get("comment") or "")
    zone = change.container
    if zone is not None and len(comment) > ZoneAttributes.of(zone).comment:
        most = ZoneAttributes.of(zone).comment
        text = f"its comment would have {len(comment)} characters, and {most} is the most"
        yield Refusal(change.address, f"{text} in the zone {zone.name}: write a shorter one first")


def _too_deep(wanted: Wanted, name: str, why: str) -> Problem:
    hint = "write a name such as ssh-dev in place of ssh.dev, or order a certificate for it"
    text = f"{why}: the TLS handshake fails"
    return warning(Code.DEEP_NAME, text, wanted.where, hint, about=name)


def _manager(live: Live, *, adopted: bool) -> str:
    """Who would refuse the write, or put a record back that is not ours yet; empty for nobody."""
    meta = live.raw.get("meta")
    if isinstance(meta, Mapping) and meta.get("read_only") is True:
        return _product(meta)
    return DnsRecordAttributes.of(live).manager if adopted else ""


def _product(meta: Mapping[str, Any]) -> str:
    """The product that manages a record, by what its ``meta`` tells (recorded; see DNSControl)."""
    if meta.get("email_routing"):
        return "Email Routing"
    return "Workers" if meta.get("origin_worker_id") else "another product of Cloudflare"


def _farewell(live: Live) -> str:
    kind, comment = DnsRecordAttributes.of(live).type, live.values.get("comment")
    words = f", and its comment {comment!r}" if comment else ""
    tags = ", ".join(map(str, live.values.get("tags") or ()))
    words += f", and its tags {tags}" if tags else ""
    return f"deletes the {kind} record of {live.name} to {live.values.get('tunnel')}{words}"


def _is_done(item: BatchItem, ids: set[str], by_name: Mapping[str, Mapping[str, Any]]) -> bool:
    step, live, values = item
    if step.id.verb == "delete":
        return live is None or live.id not in ids
    raw = by_name.get(str(values["name"]))
    # Empty values are left out: the API returns them as null.
    body = _body(values).items()
    return raw is not None and all(raw.get(key) == value for key, value in body if value)


def _rest(zone: Live) -> Rest:
    path = f"/zones/{segment(zone.id)}/dns_records"
    return Rest(path, DNS, 5000, members=("name", "type"), keep=_kept)


def _list(zone: Live) -> Call:
    return _rest(zone).all()


def _leaves_gap(failure: CallFailed) -> bool:
    return failure.leaves_gap


def _kept(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The whole record; of one that leads nowhere, that it is there, and what it says of others."""
    if text_of(raw, "type") in _ADDRESSES or is_claim(raw):
        return raw
    return _BARE(raw)


def _by_name(records: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {to_ascii(text_of(raw, "name")): raw for raw in records}


def _is_missing(failure: CallFailed) -> bool:
    # Error 81044: the record does not exist.
    return failure.has_code(81044)


# Fields of which a file need not speak.
_LEFT = ("tags", "settings")
_BODY = Body({name: fields_of(DnsRecordFields)[name] for name in _LEFT}, {})


def _zone(step: Step) -> Live:
    assert step.container is not None, "a record is written in a zone"
    return step.container


def _displaces(step: Step, live: Live) -> bool:
    """Whether the write deletes and creates, as for several records or another type."""
    return DnsRecordAttributes.of(live).type != "CNAME" or bool(step.displaces)


def _body(values: Values, live: Live | None = None) -> dict[str, Any]:
    """Build a whole record: the live one as it came, with what these values change in it."""
    wanted = _document(values)
    if live is None:
        return wanted
    known = _document(live.values)
    unstated = {name: known[name] for name in _LEFT if name in known and name not in values}
    made = _BODY.of(_writable(live.raw), known, {**unstated, **wanted})
    # All else is stated, and is always sent in the same form.
    return {**made, **{name: item for name, item in wanted.items() if name not in _LEFT}}


def _document(values: Values) -> dict[str, Any]:
    """Canonical values as a record of the API."""
    found = {
        "type": "CNAME",
        "name": values.get("name"),
        "content": values.get("tunnel"),
        "proxied": values.get("proxied"),
        "ttl": values.get("ttl"),
        "comment": values.get("comment") or "",
    }
    return {**found, **{name: values[name] for name in _LEFT if values.get(name)}}


def _writable(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A live record as a write takes it."""
    return {name: item for name, item in raw.items() if name not in _READ_ONLY}
