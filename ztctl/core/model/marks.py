"""Where the mark of an object stands, and how it is put on, read and taken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ztctl.core.model.objects import Live, Mark, Values, Wanted


class Marking:
    """The contract of all places; by itself it is that of objects which carry no mark.

    ``where`` says it to people.
    """

    where: ClassVar[str] = ""

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """The key and the mark of a live object, from its name and the reply of the API."""
        return name, None

    def live_name(self, wanted: Wanted, stack: str) -> str:
        """The name under which a wanted object lives."""
        return wanted.name or wanted.address.key

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the mark on; what the file leaves unsaid stays as it is live."""
        return wanted.values

    def off(self, live: Live) -> Values:
        """The live values with the mark taken off."""
        return live.values

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """The texts of a file that stand where the mark could stand."""
        yield from ()


UNMARKED = Marking()


class InName(Marking):
    """The live name is ``<key>.ztctl-<stack>``, unless the file claims a name by ``name:``."""

    where = "in the live name: `<key>.ztctl-<stack>`"

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """Split the name."""
        return Mark.of_name(name)

    def live_name(self, wanted: Wanted, stack: str) -> str:
        """The key with the mark behind a dot."""
        return wanted.name or f"{wanted.address.key}.{Mark(stack, wanted.protect)}"

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the live name."""
        return {**wanted.values, "name": self.live_name(wanted, stack)}

    def off(self, live: Live) -> Values:
        """The live values with the bare key as the name."""
        return {**live.values, "name": live.key}

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """The name."""
        yield wanted.name or wanted.address.key
