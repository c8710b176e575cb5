"""Why a live object cannot be stated in a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Why no entry of a file can state a live object.

    Attributes:
        reason: as a clause about the object; empty where nobody would look for it in a file, such
            as a record that leads to no tunnel: such objects are left out without a word.
    """

    reason: str = ""

    @property
    def is_told(self) -> bool:
        """Whether somebody is to know that the object is missing in a file."""
        return bool(self.reason)


FOREIGN = Gap()
