"""What every handler may use: the store, the clock, the source of ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.ids import Entropy, uuid_of
from ztctl.sandbox.messages import Object
from ztctl.sandbox.settings import Settings
from ztctl.sandbox.store import Store

Clock = Callable[[], datetime]


@dataclass(slots=True)
class State:
    """One account's state. `clock` must give aware times, `entropy(n)` n bytes.

    `replica` is what of it has reached the edge. Nothing but `settings` is ever replaced, and
    that only between two requests.
    """

    store: Store
    clock: Clock
    entropy: Entropy
    settings: Settings = field(default_factory=Settings)
    replica: Replica = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.replica = Replica(self.store, self.clock)

    @property
    def awkward(self) -> bool:
        """Whether every freedom in spelling is taken."""
        return self.settings.awkward

    @property
    def account(self) -> Object:
        """The one account there is."""
        return self.store.all("account")[0]

    def hex(self, digits: int) -> str:
        """A fresh identifier of so many hex digits."""
        return self.entropy(digits // 2).hex()

    def uuid(self) -> str:
        """A fresh UUID."""
        return uuid_of(self.entropy(16))

    def now(self, *, ahead: timedelta = timedelta()) -> str:
        """The time as Access writes it: RFC 3339, UTC, whole seconds."""
        return (self.clock() + ahead).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def instant(self) -> str:
        """The time as tunnels and DNS write it: with six fractional digits."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
