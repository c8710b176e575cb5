"""Probe newly opened hosts without a credential: does Access answer, or the origin?

A request without a credential to a host behind Access is redirected to the team's login page (302
to ``<team>.cloudflareaccess.com/cdn-cgi/access/login/…``), or refused with 401 or 403 where only
service tokens are accepted (Cloudflare One documentation; seen with ``curl``). Any other reply came
from behind Access, except 530: with it Cloudflare's edge says that it does not know the name yet.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from urllib.parse import urlsplit

from ztctl.core.model.calls import Call, CallFailed, Json
from ztctl.core.model.events import Waiting
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.names import any_other, ingress_matches
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Phase, Plan, StepId
from ztctl.engine.companion import Companion, Means, Work
from ztctl.engine.drive import Api, drive

# Requests to a host that the edge does not know yet, and seconds between them.
TRIES = 10
PAUSE = 1.0
LOGIN = "/cdn-cgi/access/login"
DOMAIN = ".cloudflareaccess.com"

_REFUSED = (401, 403)
_UNKNOWN_NAME = 530
ProbedStep = tuple[Work, Live]


@dataclass(frozen=True, slots=True)
class ProbeReply:
    """The reply to a probe; without a ``status`` there was none, and ``error`` holds the reason."""

    status: int | None
    location: str = ""
    error: str = ""


# Sends ``HEAD https://HOST/`` without credentials, does not follow redirects, and never raises; the
# values of a `ProbeReply`.
SendProbe = Callable[[str], Awaitable[tuple[int | None, str, str]]]


class LoginState(Enum):
    """Whether Access protects a host: CLOSED by a login, OPEN, or UNSEEN (no reply yet)."""

    CLOSED = auto()
    OPEN = auto()
    UNSEEN = auto()


@dataclass(eq=False)
class Probe(Companion):
    """Probe each host that a step has opened; undo the step where no login answers.

    Attributes:
        send: sends a probe.
        public: true for hosts that the files declare public; they are not probed.
        team: the team's name, if known: only its login page counts.
    """

    send: SendProbe
    public: Callable[[str], bool] = lambda _: False
    team: str | None = None

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Note which names a DNS record of this run opens, and which had a record before."""
        self._kinds, self._means = kinds, means
        # For a wildcard: a fixed label might be a real name, and another one answer for it.
        self._label = secrets.token_hex(8)
        self._opened_by_records = frozenset[str]().union(
            *(step.opens for step in plan.steps if step.phase is Phase.DNS)
        )
        self._existing_names = frozenset(
            live.key
            for address, live in plan.live.items()
            if kinds[address.kind].phase is Phase.DNS
        )

    async def verify(self, done: Sequence[ProbedStep]) -> Mapping[StepId, CallFailed]:
        """Probe the hosts that these steps opened; undo and fail a step with a host not closed."""
        hosts_of = {item.step.id: sorted(self._hosts(item)) for item, _ in done}
        hosts = sorted({host for names in hosts_of.values() for host in names})
        if not hosts:
            return {}
        first = next(step for step, names in hosts_of.items() if names)
        shown = [self._shown(host) for host in hosts]
        self._means.report(Waiting(first, f"asking {_listed(shown)} without a credential"))
        answers = await asyncio.gather(*(self._probe(host) for host in hosts))
        wrong = {host: text for host, text in zip(hosts, answers, strict=True) if text}
        self._means.report(Waiting(first))
        failed: dict[StepId, CallFailed] = {}
        for item, made in done:
            asked = hosts_of[item.step.id]
            found = [f"{self._shown(host)} {wrong[host]}" for host in asked if host in wrong]
            if found:
                failed[item.step.id] = await self._undo(item, made, "; ".join(found))
        return failed

    def _shown(self, host: str) -> str:
        return any_other(host.replace(self._label, "*"))

    def _hosts(self, work: Work) -> Iterable[str]:
        """Hosts that this step makes reachable; for a wildcard, one host below it.

        A step other than a DNS record counts only for names that have a record already: a name
        whose record this run creates is probed after that step.
        """
        is_record = work.step.phase is Phase.DNS
        for name in work.step.opens:
            host = name.replace("*", self._label)
            leads = is_record or (name not in self._opened_by_records and self._had_record(host))
            if "." in host and leads and not self.public(host):
                yield host

    def _had_record(self, host: str) -> bool:
        return any(ingress_matches(name, host) for name in self._existing_names)

    async def _probe(self, host: str) -> str:
        """Probe a host; the reason why it counts as open, empty when it is closed."""
        reply = ProbeReply(None)
        for left in reversed(range(TRIES)):
            reply = ProbeReply(*await self.send(host))
            state = login_state(reply, self.team)
            if state is LoginState.CLOSED:
                return ""
            if state is LoginState.OPEN:
                return f"answered without a login ({describe_reply(reply)})"
            if left:
                await self._means.sleep(PAUSE)
        return f"showed no login in {TRIES} tries ({describe_reply(reply)})"

    async def _undo(self, work: Work, made: Live, why: str) -> CallFailed:
        kind: Kind = self._kinds[work.step.id.address.kind]
        undo = kind.undo(work.step, work.live, made)
        try:
            await drive(undo, _Lockless(self._means.api))
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


@dataclass(frozen=True, slots=True)
class _Lockless:
    """Sends calls though the run's lock may have ended: what is open is shut all the same."""

    api: Api

    async def send(self, call: Call) -> Json:
        """Send one call."""
        return await self.api.send(replace(call, needs_lock=False))


def login_state(reply: ProbeReply, team: str | None = None) -> LoginState:
    """Classify the reply to a request without a credential."""
    if reply.status is None or reply.status == _UNKNOWN_NAME:
        return LoginState.UNSEEN
    if reply.status in _REFUSED or _is_login(reply, team):
        return LoginState.CLOSED
    return LoginState.OPEN


def _is_login(reply: ProbeReply, team: str | None) -> bool:
    if reply.status is None or not 300 <= reply.status < 400:
        return False
    try:
        place = urlsplit(reply.location)
        host = place.hostname or ""
    except ValueError:
        return False
    right = host == f"{team}{DOMAIN}" if team else host.endswith(DOMAIN)
    path = place.path == LOGIN or place.path.startswith(f"{LOGIN}/")
    return place.scheme == "https" and right and path


def describe_reply(reply: ProbeReply) -> str:
    """Describe a reply for people."""
    if reply.status is None:
        return reply.error or "no answer"
    leads = f", to {reply.location[:80]}" if reply.location else ""
    return f"status {reply.status}{leads}"


def _listed(hosts: Sequence[str]) -> str:
    return hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"
