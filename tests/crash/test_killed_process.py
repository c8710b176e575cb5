"""``kill -9`` of a real ``ztctl apply``, at a request chosen by its number."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import ClassVar

import pytest

from tests.crash.cutting import Crashing, began, finished
from tests.crash.scenarios import scenarios
from tests.crash.test_every_call import rehearsed
from tests.support.account import Ticking, Watched
from tests.support.observer.observer import Agreed
from tests.support.process import COMMAND, PATIENCE, TOKEN, environment
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.server import served

NAMES = ("quickstart", "rename")
# Of the moments a few are tried in the quick run: both names, the request served and not.
QUICK = (5, 8, 10, 15)
MOMENTS = [
    pytest.param(moment, marks=() if moment in QUICK else pytest.mark.thorough)
    for moment in range(20)
]
SIGKILL = -9
YES = ("--auto-approve", "--allow-deletions", "--allow-ca-deletion", "all")
APPLY = ("apply", *YES, "--settle", "0", "--lock-wait", "0")
UNLOCK = ("unlock", "--auto-approve")


@dataclass
class Death:
    """Whom to kill at which request, and whether that request is still served."""

    at: int
    served: bool
    victim: subprocess.Popen[bytes] | None = None
    seen: int = 0


class Deadly(Watched):
    """A sandbox that kills its client."""

    death: Death | None = None
    known: Event

    def handle(self, request: Request) -> Response:
        """Answer one request; the one that is fatal may be the last thing that is done."""
        death = self.death
        if death is None:
            return super().handle(request)
        death.seen += 1
        if death.seen != death.at:
            return super().handle(request)
        self.known.wait(PATIENCE)
        assert death.victim is not None
        response = super().handle(request) if death.served else Response(503)
        death.victim.kill()
        death.victim.wait(PATIENCE)
        return response


class Punctual(Ticking):
    """The clock of this machine: a process whose clock differs from the service's takes no lock."""

    def __call__(self) -> datetime:
        """The time."""
        return datetime.now(UTC)


@dataclass
class Served(Crashing):
    """An account on a port, which the command line works on; the death of one is arranged."""

    made_as: ClassVar[type[Watched]] = Deadly

    clock: Ticking = field(default_factory=Punctual)

    def applied(self, death: Death) -> int:
        """How a process ended that applied the file in the folder."""
        assert isinstance(self.sandbox, Deadly)
        self.sandbox.known, self.sandbox.death = Event(), death
        self.observer.begin(Agreed())
        with served(self.sandbox) as url:
            death.victim = self._started(url, APPLY)
            self.sandbox.known.set()
            code = death.victim.wait(PATIENCE)
        self.sandbox.death = None
        self.observer.end(complete=False)
        return code

    def applied_again(self, *before: tuple[str, ...]) -> list[int]:
        """How a person applies once more, after other commands."""
        self.observer.begin(Agreed())
        with served(self.sandbox) as url:
            codes = [self._started(url, words).wait(PATIENCE) for words in (*before, APPLY)]
        self.observer.end(complete=not any(codes))
        return codes

    def _started(self, url: str, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        account = {"CLOUDFLARE_ACCOUNT_ID": self.sandbox.account_id}
        variables = {"CLOUDFLARE_BASE_URL": url, "CLOUDFLARE_API_TOKEN": TOKEN, **account}
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env=environment(self.folder, variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@cache
def requests(name: str) -> int:
    """How many requests the command sends when nobody kills it."""
    with TemporaryDirectory() as folder:
        account, never = Served(Path(folder)), Death(0, served=True)
        began(scenarios()[name], account)
        account.declared(scenarios()[name].after)
        assert account.applied(never) == 0
        return never.seen


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_apply_finishes_what_a_killed_process_left(moment: int, tmp_path: Path) -> None:
    """Whether the fatal request was served or not: no open door, nothing doubled, all done."""
    name = NAMES[moment % len(NAMES)]
    scenario, (_, goal) = scenarios()[name], rehearsed(name)
    account = Served(tmp_path)
    foreign = began(scenario, account)
    account.declared(scenario.after)
    place = 1 + moment * (requests(name) - 1) // (len(MOMENTS) - 1)

    assert account.applied(Death(place, served=moment % 4 < len(NAMES))) == SIGKILL
    # Half of them do without: the next run knows that the one before it is dead.
    before = (UNLOCK,) if moment % 2 else ()
    assert not any(account.applied_again(*before))
    assert list(finished(scenario, account, foreign, goal)) == []
