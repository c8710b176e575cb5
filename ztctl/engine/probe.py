"""A knock at each newly opened door: does the login answer, or has somebody come in?

Whoever asks for a host behind Access without a credential is sent to the login page of the team
(302 to ``<team>.cloudflareaccess.com/cdn-cgi/access/login/…``), or refused with 401 or 403 where
only service tokens are taken (Cloudflare One documentation; seen with ``curl``). Anything else came
from behind Access, but for 530, with which Cloudflare says that it does not know the name yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol
from urllib.parse import urlsplit

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Report, Waiting
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.names import ingress_matches
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Phase, Plan, StepId
from ztctl.core.reach.entries import PROBE
from ztctl.engine.companion import Companion, Work
from ztctl.engine.drive import Api, Sleep, drive

TRIES = 10
PAUSE = 1.0
LOGIN = "/cdn-cgi/access/login"
DOMAIN = ".cloudflareaccess.com"

_REFUSED = (401, 403)
_UNKNOWN_NAME = 530
ProbedStep = tuple[Work, Live]


@dataclass(frozen=True, slots=True)
class Heard:
    """What answered at a host; no status: nobody did, and ``trouble`` says why."""

    status: int | None
    location: str = ""
    trouble: str = ""


class Knock(Protocol):
    """Asks for ``https://HOST/`` with HEAD, without credentials, and follows no redirect."""

    async def __call__(self, host: str) -> Heard:
        """What answered; never raises."""


class Door(Enum):
    """What stands at a host for somebody without a credential."""

    CLOSED = auto()
    OPEN = auto()
    UNSEEN = auto()


class Probe(Companion):
    """Asks each host that a step has opened; takes the step back where the login does not answer.

    Args:
        public: the names that the files state to be open; nobody asks there.
        team: the team's name, where it is known: its login and no other is expected.
        tries: how often a host is asked that nobody knows yet, with ``pause`` seconds between.
    """

    def __init__(
        self,
        kinds: Kinds,
        api: Api,
        report: Report,
        knock: Knock,
        *,
        public: Callable[[str], bool] = lambda _: False,
        team: str | None = None,
        tries: int = TRIES,
        pause: float = PAUSE,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._kinds = kinds
        self._api = api
        self._report = report
        self._knock = knock
        self._public = public
        self._team = team
        self._tries = tries
        self._pause = pause
        self._sleep = sleep
        self._by_record: frozenset[str] = frozenset()
        self._led: frozenset[str] = frozenset()

    async def begin(self, plan: Plan) -> None:
        """Note which names a record of this run opens, and which have led somewhere before."""
        self._by_record = frozenset().union(
            *(step.opens for step in plan.steps if step.phase is Phase.DNS)
        )
        self._led = frozenset(
            live.key
            for address, live in plan.live.items()
            if self._kinds[address.kind].phase is Phase.DNS
        )

    async def prove(self, done: Sequence[ProbedStep]) -> Mapping[StepId, CallFailed]:
        """Ask at every host that these steps have opened; what is not closed is taken back."""
        asked = {item.step.id: sorted(self._hosts(item)) for item, _ in done}
        hosts = sorted({host for names in asked.values() for host in names})
        if not hosts:
            return {}
        first = next(step for step, names in asked.items() if names)
        self._report(Waiting(first, f"asking {_listed(hosts)} without a credential"))
        said = await asyncio.gather(*(self._ask(host) for host in hosts))
        wrong = {host: text for host, text in zip(hosts, said, strict=True) if text}
        self._report(Waiting(first))
        failed: dict[StepId, CallFailed] = {}
        for item, made in done:
            found = [f"{host} {wrong[host]}" for host in asked[item.step.id] if host in wrong]
            if found:
                failed[item.step.id] = await self._taken_back(item, made, "; ".join(found))
        return failed

    def _hosts(self, work: Work) -> Iterable[str]:
        """The names that now lead somewhere by this step; of a star, one below it."""
        record = work.step.phase is Phase.DNS
        for name in work.step.opens:
            host = name.replace("*", PROBE)
            leads = record or (name not in self._by_record and self._led_before(host))
            if "." in host and leads and not self._public(host):
                yield host

    def _led_before(self, host: str) -> bool:
        return any(ingress_matches(name, host) for name in self._led)

    async def _ask(self, host: str) -> str:
        """What is wrong at a host, in words; empty when its door is closed."""
        heard = Heard(None)
        for left in reversed(range(self._tries)):
            heard = await self._knock(host)
            door = door_of(heard, self._team)
            if door is Door.CLOSED:
                return ""
            if door is Door.OPEN:
                return f"answered without a login ({_told(heard)})"
            if left:
                await self._sleep(self._pause)
        return f"showed no login in {self._tries} tries ({_told(heard)})"

    async def _taken_back(self, work: Work, made: Live, why: str) -> CallFailed:
        kind: Kind = self._kinds[work.step.id.address.kind]
        try:
            await drive(kind.undo(work.step, work.live, made), self._api, sleep=self._sleep)
        except CallFailed as failure:
            return CallFailed(
                None,
                f"{why}; it could not be taken back: {failure.summary}",
                lost=True,
                hint=f"take {made.name} ({made.id}) out by hand at once",
            )
        return CallFailed(
            None,
            f"{why}; it was taken back",
            hint="see what `ztctl who` says of the host; a longer --settle gives the edge time",
        )


def door_of(heard: Heard, team: str | None = None) -> Door:
    """Whether a login stands at a door, by what it answers to somebody without a credential."""
    if heard.status is None or heard.status == _UNKNOWN_NAME:
        return Door.UNSEEN
    if heard.status in _REFUSED or _is_login(heard, team):
        return Door.CLOSED
    return Door.OPEN


def _is_login(heard: Heard, team: str | None) -> bool:
    if heard.status is None or not 300 <= heard.status < 400:
        return False
    try:
        place = urlsplit(heard.location)
        host = place.hostname or ""
    except ValueError:
        return False
    right = host == f"{team}{DOMAIN}" if team else host.endswith(DOMAIN)
    path = place.path == LOGIN or place.path.startswith(f"{LOGIN}/")
    return place.scheme == "https" and right and path


def _told(heard: Heard) -> str:
    if heard.status is None:
        return heard.trouble or "no answer"
    leads = f", to {heard.location[:80]}" if heard.location else ""
    return f"status {heard.status}{leads}"


def _listed(hosts: Sequence[str]) -> str:
    return hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"
