"""The values that are neither text nor number: references, unknowns, secrets, silence."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Where


class Unset:
    """Silence: the file says nothing here, which is not the same as saying null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


@dataclass(frozen=True, slots=True)
class Ref:
    """An attribute of another object of the file, put into a template.

    ``Ref(Address("tunnel", "edge"), template="{}.cfargotunnel.com")`` is the content of a record
    that leads to that tunnel. Where it stands in the file does not make two of them differ.
    """

    to: Address
    attribute: str = "id"
    template: str = "{}"
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """An attribute of an object that lives in the account and is not in the file, by its name."""

    kind: str
    name: str
    attribute: str = "id"
    template: str = "{}"
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that exists only after apply; it equals nothing that is live."""

    of: Address
    attribute: str = "id"

    def __str__(self) -> str:
        return "(known after apply)"


class Secret:
    """Text that cannot be printed: every rendering shows ``(sensitive)``.

    The only way to the text is ``reveal``; equality takes the same time for every wrong guess.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text itself, for the one place that sends it."""
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
