"""Values that are not plain data: references, unknowns, secrets, unset fields."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Where


class Unset:
    """The type of ``UNSET``: a field that the file does not state, as opposed to null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to an attribute of another object of the file, put into a template.

    ``Ref(Address("tunnel", "edge"), template="{}.cfargotunnel.com")`` is the content of a record
    that points to that tunnel. ``where`` does not count for equality.
    """

    to: Address
    attribute: str = "id"
    template: str = "{}"
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A reference to an attribute of a live object that is not in the file.

    Attributes:
        name: its live name or, with ``by_id``, its id in lower case.
    """

    kind: str
    name: str
    attribute: str = "id"
    template: str = "{}"
    where: Where | None = field(default=None, compare=False)
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The id of a live object that the file takes for its own (``id:``), without a mark on it."""

    id: str
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is known only after apply; it equals no live value."""

    of: Address
    attribute: str = "id"

    def __str__(self) -> str:
        return "(known after apply)"


class Secret:
    """Text that cannot be printed or pickled: every rendering shows ``(sensitive)``.

    Only ``reveal`` returns the text; comparison takes constant time.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for who sends it, or hands it over to a person who asked for it."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "(sensitive)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")
