"""What can be told of token and account by reading alone; nothing here is ever written."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ztctl.cli.rehearsed import rehearsed, zones_of
from ztctl.cli.session import account_id_of, is_account_id
from ztctl.cloudflare.verify import RENEW, UNPLACED, TokenState, verified
from ztctl.core.model.calls import Call, CallFailed, Json, permission_of
from ztctl.core.model.canonical import references
from ztctl.core.model.checkup import Check, Verdict
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problem, Problems
from ztctl.core.model.flows import Unseen
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.names import to_ascii, upwards
from ztctl.core.model.needs import EDIT, READ, Need, Without
from ztctl.core.model.objects import Live
from ztctl.core.model.values import Lookup
from ztctl.core.planning import check
from ztctl.core.runs.locks import SKEW
from ztctl.engine.read import Reader, ask_for
from ztctl.kinds.common import items, objects, text_of
from ztctl.kinds.inactive_zone import inactive
from ztctl.kinds.plain import PlainKind
from ztctl.kinds.registry import KINDS
from ztctl.kinds.zone import waiting_text, zones

if TYPE_CHECKING:
    from ztctl.cloudflare.client import Client

T = TypeVar("T")
NETWORK, TOKEN, ACCOUNT = "Network", "Token", "Account"
# Days before its end from which on a token is warned of, and seconds by which a clock may be wrong
# before a run that writes is near its limit.
_SOON: Final = 14
_DRIFT: Final = SKEW / 2
_MOST_NAMED: Final = 5
# The kinds whose host names must lie in a zone.
_IN_ZONES: Final = ("dns_record", "access_application")
_ZERO_TRUST: Final = "open Zero Trust once in the Cloudflare dashboard and choose a team name"


@dataclass(eq=False)
class _NotingApi:
    """An ``Api`` that notes of which permissions a call worked, and which failed."""

    client: Client
    worked: set[tuple[str, str]] = field(default_factory=set)
    refused: dict[tuple[str, str], CallFailed] = field(default_factory=dict)
    failed: dict[str, CallFailed] = field(default_factory=dict)

    async def send(self, call: Call) -> Json:
        key = permission_of(call), _zone_id(call)
        try:
            reply = await self.client.send(call)
        except CallFailed as failure:
            self.failed[call.path] = failure
            if failure.is_forbidden:
                self.refused[key] = failure
            raise
        self.worked.add(key)
        return reply


def _zone_id(call: Call) -> str:
    parts = call.path.split("/")
    return parts[2] if parts[1:2] == ["zones"] and len(parts) > 2 else ""


async def account_checks(
    client: Client, stated: str | None, declared: Declared | None
) -> AsyncIterator[Check]:
    """Everything about token and account, in an order in which one thing rests on the other."""
    if stated is not None and is_account_id(stated):
        client.account = stated
    try:
        state = await verified(client)
    except CallFailed as failure:
        yield Check(NETWORK, "HTTP", Verdict.FAIL, failure.summary, failure.hint)
        yield Check(TOKEN, "token", Verdict.SKIP, "the API did not answer")
        return
    yield Check(NETWORK, "HTTP", Verdict.PASS, "the API answers")
    found = await _account(client, stated)
    if state.status == UNPLACED and client.account is not None:
        # Now that the account is known: one of its own tokens, perhaps.
        state = await verified(client)
    for it in (_clock(client), *_token(state, _now(client))):
        yield it
    if state.status != "active":
        yield Check(ACCOUNT, "account", Verdict.SKIP, "the token opens nothing")
        return
    yield found
    if found.verdict is not Verdict.FAIL:
        async for it in _AccountLook(client, declared).checks():
            yield it


async def _account(client: Client, stated: str | None) -> Check:
    try:
        client.account = await account_id_of(client, stated)
    except (Failure, CallFailed) as failure:
        return Check(ACCOUNT, "account", Verdict.FAIL, failure.summary, failure.hint)
    return Check(ACCOUNT, "account", Verdict.PASS, client.account or "")


# -- the token ------------------------------------------------------------------------------


def _now(client: Client) -> datetime:
    """The time by the service's clock, as far as that is known."""
    clock = client.service_clock
    return datetime.fromtimestamp(clock.now() - (clock.skew or 0), UTC)


def _clock(client: Client) -> Check:
    skew = client.service_clock.skew
    if skew is None:
        return Check("Machine", "clock", Verdict.WARN, "not known: no answer has told the time")
    side = "ahead of" if skew > 0 else "behind"
    text = f"{abs(skew):.0f} s {side} the service's"
    if abs(skew) > SKEW:
        remedy = f"set it (NTP): above {SKEW} s no run that writes begins"
        return Check("Machine", "clock", Verdict.FAIL, text, remedy)
    if abs(skew) > _DRIFT:
        return Check("Machine", "clock", Verdict.WARN, text, "set it (NTP)")
    return Check("Machine", "clock", Verdict.PASS, "as the service's")


def _token(state: TokenState, now: datetime) -> Iterator[Check]:
    owner = "the account" if state.of_account else "a user"
    if state.status != "active":
        yield Check(TOKEN, "status", Verdict.FAIL, f"the API token is {state.status}", RENEW)
        return
    yield Check(TOKEN, "status", Verdict.PASS, f"active, of {owner}")
    begins, ends = _time(state.not_before), _time(state.expires_on)
    if begins is not None and begins > now:
        text = f"it cannot be used before {begins:%Y-%m-%d %H:%M} UTC"
        yield Check(TOKEN, "begin", Verdict.FAIL, text, "wait, or make another one")
    if not state.expires_on:
        yield Check(TOKEN, "end", Verdict.PASS, "it does not end")
    elif ends is None:
        text = f"its end is told as {state.expires_on}, which is no time"
        yield Check(TOKEN, "end", Verdict.WARN, text)
    else:
        yield _end(ends, ends - now)


def _end(ends: datetime, left: timedelta) -> Check:
    text = f"{ends:%Y-%m-%d %H:%M} UTC"
    if left <= timedelta():
        return Check(TOKEN, "end", Verdict.FAIL, f"it ended at {text}", RENEW)
    told = f"{text}, in {left.days} day{'' if left.days == 1 else 's'}"
    if left < timedelta(days=_SOON):
        return Check(TOKEN, "end", Verdict.WARN, told, "make a new token before then")
    return Check(TOKEN, "end", Verdict.PASS, told)


def _time(text: str) -> datetime | None:
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None


# -- the account ----------------------------------------------------------------------------


class _AccountLook:
    """One reading of the account as a plan of the files would do it."""

    def __init__(self, client: Client, declared: Declared | None) -> None:
        self._declared = declared or Declared("none")
        self._has_files = declared is not None
        self._wanted = check.expanded(self._declared, KINDS)
        self._api = _NotingApi(client)
        self._ask = ask_for(self._declared, self._wanted, KINDS)
        self._reader = Reader(KINDS, self._ask, self._api)
        self._problems: dict[Problem, None] = {}

    async def checks(self) -> AsyncIterator[Check]:
        listed = await self._listed()
        live, broken = await self._read(listed)
        for it in await self._permissions(listed):
            yield it
        yield self._organization(live)
        for it in (*self._zones(listed), *self._lookups(live)):
            yield it
        for wrong in self._problems:
            # Of what the files say, and the account contradicts: copies of servers' files.
            yield Check(ACCOUNT, "copies", Verdict.FAIL, wrong.text, wrong.hint)
        if broken:
            more = f", and likewise {len(broken) - 1} more" if len(broken) > 1 else ""
            text = f"{broken[0].summary}{more}"
            yield Check(ACCOUNT, "reading", Verdict.FAIL, text, broken[0].hint)

    async def _listed(self) -> Sequence[Mapping[str, Any]]:
        """All zones that the token sees, whatever their state; none where it may not list them."""
        try:
            return objects(await self._reader.send(zones()))
        except CallFailed:
            return ()

    async def _read(
        self, listed: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, tuple[Live, ...]], list[CallFailed]]:
        """The live objects by kind, and what failed otherwise than by a permission."""
        needed = [it.name for it in KINDS.values() if it.needed(self._ask) or not self._has_files]
        found = await self._together(map(self._reader.live_of, needed))
        live = {name: it for name, it in zip(needed, found, strict=True) if it is not None}
        guarded = frozenset(to_ascii(text_of(raw, "name")) for raw in self._concerned(listed))
        unseen = Unseen(guarded=guarded)
        await self._together(self._reader.driven(it.beyond(unseen)) for it in KINDS.values())
        missing = [it for it in self._api.failed.values() if not it.is_forbidden]
        # Of an object that is not there, and of a list that the service does not have.
        return live, [it for it in missing if it.status not in (404, 405, 410)]

    async def _together(self, reading: Iterable[Awaitable[T]]) -> list[T | None]:
        """The results; ``None`` for what failed, of which the api, or ``_problems``, takes note."""

        async def one(it: Awaitable[T]) -> T | None:
            try:
                return await it
            except CallFailed:
                return None
            except Problems as found:
                self._problems |= dict.fromkeys(found.items)
                return None

        return await asyncio.gather(*map(one, reading))

    def _names(self) -> list[str]:
        """The host names that must lie in a zone."""
        kinds = (KINDS[name] for name in _IN_ZONES)
        names = (
            kind.hosts(wanted.address.key, wanted.values)
            for kind in kinds
            for wanted in self._wanted
            if wanted.address.kind == kind.name
        )
        return sorted(frozenset[str]().union(*names))

    def _concerned(self, listed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The zones in which names of the files lie; without files all of them."""
        if not self._has_files:
            return [*listed]
        by_zone = self._by_zone(listed)
        return [raw for raw in listed if to_ascii(text_of(raw, "name")) in by_zone]

    def _by_zone(self, listed: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
        """The names of the files by the zone that they lie in; empty text: in none."""
        known = {
            to_ascii(text_of(raw, "name")) for raw in listed if text_of(raw, "type") != "internal"
        }
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._names():
            found[next((end for end in upwards(name) if end in known), "")].append(name)
        return found

    # -- what the token may do --------------------------------------------------------------

    async def _permissions(self, listed: Sequence[Mapping[str, Any]]) -> list[Check]:
        """One check a permission that the files need, where a plan would need it."""
        by_name = {to_ascii(text_of(raw, "name")): raw for raw in self._concerned(listed)}
        needs = await rehearsed(self._declared, zones_of(self._ask.hosts, by_name))
        # Of a zone that is not among those of the token, the zones tell.
        told = (it for it in needs if it.zone in by_name or not (it.zone and self._sees_zones))
        return [it for need in told if (it := self._permission(need, by_name.get(need.zone)))]

    @property
    def _sees_zones(self) -> bool:
        return zones().path not in self._api.failed

    def _permission(self, need: Need, zone: Mapping[str, Any] | None) -> Check | None:
        key = f"{need.permission} · {READ}"
        ids = {text_of(zone, "id"), ""} if zone is not None else {""}
        name = f"{need.name}, {need.zone}" if need.zone else need.name
        remedy = f'give the token "{need.permission} · {need.apply}"'
        remedy += f" for {need.zone}" if need.zone else ""
        if any((key, it) in self._api.refused for it in ids):
            verdict, text = _without(need)
            return Check(TOKEN, name, verdict, text, remedy) if text else None
        if not any((key, it) in self._api.worked for it in ids):
            return Check(TOKEN, name, Verdict.SKIP, "nothing was there to try it on")
        if need.apply != EDIT:
            return Check(TOKEN, name, Verdict.PASS, "may be read")
        told = items(zone, "permissions") if need.permission == "Zone · DNS" else []
        if "#dns_records:edit" in told:
            return Check(TOKEN, name, Verdict.PASS, "may be read and edited")
        if "#dns_records:read" in told:
            text = "may be read, not edited: enough to plan, not to apply"
            return Check(TOKEN, name, Verdict.WARN, text, remedy)
        return Check(TOKEN, name, Verdict.PASS, "may be read; only a write tells about Edit")

    # -- what the account has ---------------------------------------------------------------

    def _organization(self, live: Mapping[str, tuple[Live, ...]]) -> Check:
        name = "organisation"
        failures = self._api.failed
        if any(it.has_code(9999) for it in failures.values()):
            text = "Zero Trust is not set up on this account"
            return Check(ACCOUNT, name, Verdict.FAIL, text, _ZERO_TRUST)
        found = live.get("organization", ())
        if not found:
            return Check(ACCOUNT, name, Verdict.SKIP, "it was not read")
        team, stated = found[0].key, self._declared.team
        if stated and team and stated != team:
            text = f"the team is {team}, the file says {stated}"
            return Check(ACCOUNT, name, Verdict.FAIL, text, f"write `team: {team}`")
        if not team and not stated:
            text = "its own domain for logins does not tell the team's name"
            return Check(ACCOUNT, name, Verdict.WARN, text, "write `team:` into the file")
        return Check(ACCOUNT, name, Verdict.PASS, f"team {team or stated}")

    def _zones(self, listed: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
        if not self._sees_zones:
            yield Check(ACCOUNT, "zones", Verdict.SKIP, "they were not read")
            return
        by_zone = self._by_zone(listed)
        if outside := by_zone.get("", ()):
            known = ", ".join(sorted(text_of(raw, "name") for raw in listed)[:12]) or "none"
            text = f"{_some(outside)} {_lie(outside)} in no zone that the token sees"
            yield Check(ACCOUNT, "zones", Verdict.FAIL, text, f"it sees: {known}")
        if not listed and not self._has_files:
            yield Check(ACCOUNT, "zones", Verdict.WARN, "the token sees none")
        for raw in self._concerned(listed):
            yield self._zone(raw)

    def _zone(self, raw: Mapping[str, Any]) -> Check:
        name, status = text_of(raw, "name"), text_of(raw, "status")
        label = f"zone {name}"
        if status == "active":
            if raw.get("paused") is True:
                text = "paused: Cloudflare answers DNS alone, and Access guards nothing"
                return Check(ACCOUNT, label, Verdict.WARN, text, "resume it in the dashboard")
            return Check(ACCOUNT, label, Verdict.PASS, "active")
        text, remedy = waiting_text(inactive(raw))
        verdict = Verdict.FAIL if self._has_files else Verdict.WARN
        return Check(ACCOUNT, label, verdict, text, remedy)

    def _lookups(self, live: Mapping[str, tuple[Live, ...]]) -> Iterator[Check]:
        """What the files refer to and do not declare, such as identity providers."""
        ledger = Ledger(self._declared, self._wanted, live, KINDS)
        named = dict.fromkeys(
            (found.kind, found.name, found.by_id)
            for wanted in self._wanted
            for found in references(wanted.values)
            if isinstance(found, Lookup)
        )
        for kind, name, by_id in named:
            label = f"{KINDS[kind].title} {name}"
            if kind not in live or (not live[kind] and self._was_refused(kind)):
                yield Check(ACCOUNT, label, Verdict.SKIP, "they were not read")
                continue
            count = len(ledger.found(Lookup(kind, name, by_id=by_id)))
            if count == 1:
                yield Check(ACCOUNT, label, Verdict.PASS, "is there")
                continue
            known = sorted({it.name or it.key for it in live[kind]})[:12]
            text = f"{count} are called so" if count else "there is none"
            have = f"the account has: {', '.join(known) or 'none'}"
            remedy = "refer to one by {id: …}" if count else have
            yield Check(ACCOUNT, label, Verdict.FAIL, text, remedy)

    def _was_refused(self, kind: str) -> bool:
        found = KINDS[kind]
        failure = self._api.failed.get(found.rest.path) if isinstance(found, PlainKind) else None
        return failure is not None and failure.is_forbidden


def _without(need: Need) -> tuple[Verdict, str]:
    match need.without:
        case Without.FAILS:
            return Verdict.FAIL, "may not be read: a plan fails"
        case Without.WARNS:
            return Verdict.WARN, "may not be read: a plan warns of what it cannot see"
    return Verdict.PASS, ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _lie(names: Sequence[str]) -> str:
    return "lies" if len(names) == 1 else "lie"
