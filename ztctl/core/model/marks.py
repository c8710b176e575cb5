"""Where an object's ownership mark is stored, and how it is read, added and removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ztctl.core.model.objects import Live, Mark, Values, Wanted


class Marking:
    """Base class of the places of a mark; used as it is by kinds that cannot carry one.

    Attributes:
        where: the place, as shown to users.
    """

    where: ClassVar[str] = ""

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """The key and mark of a live object, from its name and its object in an API reply."""
        return name, None

    def live_name(self, wanted: Wanted, live: Live | None, stack: str) -> str:
        """The live name of a wanted object.

        One that is claimed by its id keeps the name that it has, or would have without a mark.
        """
        if wanted.claim is None:
            return self._own_name(wanted, stack)
        return wanted.name or (live.key if live is not None else wanted.address.key)

    def _own_name(self, wanted: Wanted, stack: str) -> str:
        return wanted.name or wanted.address.key

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the mark added; text around it that no file states stays live."""
        return wanted.values

    def off(self, live: Live) -> Values:
        """The live values without the mark."""
        return live.values

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """Texts of the file at the place of the mark, to detect marks that users wrote."""
        yield from ()


UNMARKED = Marking()


class InName(Marking):
    """The mark is a suffix: the live name is ``<key>.ztctl-<stack>``.

    ``name:`` stands in place of the key.
    """

    where = "in the live name: `<key>.ztctl-<stack>`"

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """The part before the mark, and the mark."""
        return Mark.of_name(name)

    def _own_name(self, wanted: Wanted, stack: str) -> str:
        ending = wanted.spare.ending if wanted.spare is not None else ""
        name = super()._own_name(wanted, stack).removesuffix(ending)
        return f"{name}.{Mark(stack, wanted.protect, wanted.spare)}"

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the live name."""
        return {**wanted.values, "name": self.live_name(wanted, live, stack)}

    def off(self, live: Live) -> Values:
        """The live values, named by the key alone."""
        return {**live.values, "name": live.key}

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """The name that the file gives."""
        yield wanted.name or wanted.address.key
