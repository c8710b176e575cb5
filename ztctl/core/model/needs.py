"""What an API token needs for the plan and the apply of some files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ACCOUNT_SCOPE = "Account"
# In the order of a token's form in the dashboard.
READ, EDIT = "Read", "Edit"


class Without(StrEnum):
    """What becomes of a plan whose token lacks a permission."""

    FAILS = "fails"
    WARNS = "warns"
    KNOWS_LESS = "knows_less"


@dataclass(frozen=True, order=True, slots=True)
class Need:
    """One permission in one place, by its name in the dashboard.

    Attributes:
        permission: as calls name it, without its level: ``Zone · DNS``.
        zone: the zone that it is for; empty for the account, and where no zone is known.
        plan: level that a plan needs, ``Read`` or ``Edit``; empty for none.
        apply: the same of an apply, which plans first.
        without: what becomes of a plan, or of an apply, that lacks it.
        kinds: names of the kinds whose calls need it.
    """

    permission: str
    zone: str = ""
    plan: str = ""
    apply: str = ""
    without: Without = Without.FAILS
    kinds: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """``Account`` or ``Zone``."""
        return self.permission.partition(" · ")[0]

    @property
    def name(self) -> str:
        """The name without the scope."""
        return self.permission.partition(" · ")[2]

    @property
    def product(self) -> str:
        """The product that the name begins with, such as ``Access``."""
        return self.name.partition(":")[0]
