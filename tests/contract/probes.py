"""How what nobody has promised is asked for, and told in a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .service import UUID, Answer, Service

Probe = Callable[[Service], str]


def collected(into: dict[str, Probe]) -> Callable[[str], Callable[[Probe], Probe]]:
    """A decorator that files probes under the facts that they ask for."""

    def fact(name: str) -> Callable[[Probe], Probe]:
        def filed(probe: Probe) -> Probe:
            if name in into:
                raise ValueError(f"asked for twice: {name}")
            into[name] = probe
            return probe

        return filed

    return fact


def asked(probe: Probe, service: Service) -> str:
    """What a real account answers: a surprise is an answer, too."""
    try:
        return probe(service)
    except (AssertionError, LookupError, TypeError, AttributeError, StopIteration) as surprise:
        return UUID.sub("<id>", f"a surprise: {surprise!r}"[:300])


def said(answer: Answer, detail: Callable[[Any], str] = lambda _: "") -> str:
    """An answer in one line; `detail` tells more of the result of a success."""
    more = detail(answer.result) if answer.status < 300 else ""
    return UUID.sub("<id>", f"{answer}, {more}" if more else str(answer))


def again(service: Service, path: str, one: Any, **fields: Any) -> Answer:
    """The answer to a PUT of an object under its old name."""
    return service.put(f"{path}/{one['id']}", {"name": one["name"], **fields})
