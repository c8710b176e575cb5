"""The only identity an object has inside ztctl."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """Kind and key of one object, written ``kind.key`` and split at the first dot.

    The key is the object's name in the file and may itself hold dots (a host name does).
    """

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``kind.key``.

        Raises:
            ValueError: when there is no dot, or nothing on one side of it.
        """
        kind, dot, key = text.partition(".")
        if not (kind and dot and key):
            raise ValueError(f"{text!r} is not an address: write kind.key, for example tunnel.edge")
        return cls(kind, key)
