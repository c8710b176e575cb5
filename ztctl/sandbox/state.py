"""State of one account: store, clock, entropy, settings and the edge's replica."""

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
    """One account's state. `clock` must return aware datetimes, `entropy(n)` n bytes.

    `replica` is the part of the state that has reached the edge. Only `settings` is ever
    reassigned, and only between two requests.
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
        """Whether responses use unusual but equivalent representations."""
        return self.settings.awkward

    @property
    def account(self) -> Object:
        """The only account."""
        return self.store.all("account")[0]

    def hex(self, digits: int) -> str:
        """A new random identifier of `digits` hex digits."""
        return self.entropy(digits // 2).hex()

    def uuid(self) -> str:
        """A new random UUID."""
        return uuid_of(self.entropy(16))

    def now(self, *, ahead: timedelta = timedelta()) -> str:
        """The time in the format of Access: RFC 3339, UTC, whole seconds."""
        return (self.clock() + ahead).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def instant(self) -> str:
        """The time in the format of tunnels and DNS: RFC 3339, UTC, microseconds."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
