"""The field ``public`` of a file: which paths of a host are open on purpose, and why."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ztctl.core.model.identity import Fields

_HINT = "write /healthz, which also covers what is below; leave `paths` out for all of the host"


def _check_path(value: Any) -> Any:
    text = value if isinstance(value, str) else ""
    strange = any(char.isspace() or char in "?#%" or not char.isprintable() for char in text)
    segments = text.strip("/").split("/")
    if strange or not text.startswith("/") or {"", ".", ".."} & {*segments} or not text.strip("/*"):
        raise PydanticCustomError(
            "path", "{value} is not a path of a host", {"value": repr(value), "hint": _HINT}
        )
    return value


class Public(Fields):
    """What is open to everybody on purpose, and why."""

    reason: str = Field(
        min_length=1, description="Why nobody has to log in; shown by plan and audit."
    )
    paths: list[Annotated[str, BeforeValidator(_check_path)]] | None = Field(
        None,
        min_length=1,
        description="Only these paths and what is below, such as `/healthz`; otherwise all.",
    )
