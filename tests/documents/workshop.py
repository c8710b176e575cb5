"""Kinds small enough to see through, and a folder to write files into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import AfterValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Problems
from ztctl.core.model.identity import Fields, HostPart
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.markers import RefersTo
from ztctl.core.model.marks import InName
from ztctl.documents import load


def _duration(value: str) -> str:
    if value.endswith(("h", "m")):
        return value
    raise PydanticCustomError(
        "duration", "{value} is not a duration", {"value": repr(value), "hint": "write 8h"}
    )


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("an odd number of seconds is not possible")
    return value


class OriginRequest(Fields):
    """How the origin is asked."""

    no_tls_verify: StrictBool | None = None
    connect_timeout: Annotated[int, Field(ge=0, le=60), AfterValidator(_even)] | None = None


class Rule(Fields):
    """One rule of a tunnel."""

    hostname: str | None = None
    path: str | None = None
    service: str = Field(description="What the rule leads to.")
    access: StrictBool | None = None
    origin_request: OriginRequest | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.path and not self.hostname:
            raise ValueError("a path needs a host name")
        return self


class TunnelFields(Fields):
    """A tunnel."""

    ingress: list[Rule] | None = None


class PolicyFields(Fields):
    """A policy."""

    decision: Literal["allow", "deny", "bypass"] = "allow"
    countries: list[str] | None = None
    comment: str | None = None
    precedence: int | Literal["last"] | None = None
    since: date | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.decision == "deny" and self.countries:
            raise ValueError("a denial has no countries")
        return self


class ApplicationFields(Fields):
    """An application."""

    type: str | None = None
    domain: str | None = None
    destinations: list[Any] | None = None
    policies: list[Annotated[Any, RefersTo("access_policy")]] | None = None
    session_duration: Annotated[str, AfterValidator(_duration)] | None = None
    app_launcher_visible: StrictBool | None = None


class RecordFields(Fields):
    """A record."""

    tunnel: Annotated[Any, RefersTo("tunnel")] = None


class KeyFields(Fields):
    """A CA key."""

    public_key_file: str | None = None


class Policy(Kind):
    """A policy."""

    name, section, title, model = "access_policy", "policies", "policy", PolicyFields


class Application(Kind):
    """An application."""

    name, section, title, model = (
        "access_application",
        "applications",
        "application",
        ApplicationFields,
    )
    host_part = HostPart.APPLICATION


class Tunnel(Kind):
    """A tunnel."""

    name, section, title, model = "tunnel", "tunnels", "tunnel", TunnelFields
    host_part = HostPart.TUNNEL


class Record(Kind):
    """A record."""

    name, section, title, model = "dns_record", "dns", "record", RecordFields
    host_part = HostPart.RECORD


class Key(Kind):
    """A CA key."""

    name, section, title, model = "ca_key", "ca_keys", "CA key", KeyFields
    host_part = HostPart.CA_KEY


class Tag(Kind):
    """A tag, which no file declares, and which may carry the mark."""

    name, title, marking, id_form = "access_tag", "tag", InName(), None


class Zone(Kind):
    """A zone, which is only read."""

    name, title = "zone", "zone"


def line(problem: Problem) -> str:
    """A problem as one line."""
    hint = f" -> {problem.hint}" if problem.hint else ""
    return f"{problem.where or '-'}: {problem.summary}{hint}"


@dataclass(frozen=True)
class Workshop:
    """Writes files into the working folder and loads them."""

    kinds: Kinds

    def load(self, text: str | bytes, **options: Any) -> Declared:
        """What one file says."""
        Path("ztctl.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load([Path("ztctl.yaml")], self.kinds, **options)

    def problems(self, text: str | bytes, **options: Any) -> list[str]:
        """What is wrong with one file, a line for each: place, words, and the hint if any."""
        with pytest.raises(Problems) as caught:
            self.load(text, **options)
        return [line(problem) for problem in caught.value.items]

    def load_files(self, files: dict[str, str], *paths: str, **options: Any) -> Declared:
        """What several files say, or those of ``paths``."""
        for name, text in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        return load([Path(name) for name in paths or files], self.kinds, **options)

    def problems_of_files(self, files: dict[str, str], *paths: str, **options: Any) -> list[str]:
        """What is wrong with several files, like ``problems``."""
        with pytest.raises(Problems) as caught:
            self.load_files(files, *paths, **options)
        return [line(problem) for problem in caught.value.items]


KINDS = Kinds((Zone(), Tag(), Policy(), Application(), Tunnel(), Record(), Key()))
