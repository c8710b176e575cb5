"""What a host must not say in one breath, and what it must not lean on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.documents.joined import Joined
from ztctl.documents.stated import StatedHost
from ztctl.documents.suggest import did_you_mean

# A host of its own application and CA key, said in the shortest way, contradicts nothing.
_HARMLESS: Final = frozenset({"tunnel", "service", "policies"})
_NOT_WITH_PUBLIC: Final = ("policies", "application", "session_duration", "public_key_file")
_NOT_TRUE_WITH_PUBLIC: Final = ("terminal", "access", "ca_key")
_OF_THE_APPLICATION: Final = ("policies", "terminal", "session_duration")
_REMOVE: Final = "remove one of the two"


@dataclass(frozen=True, slots=True)
class HostSections:
    """The sections of the kinds that one host in the short form stands for."""

    applications: str
    tunnels: str
    records: str
    ca_keys: str

    @staticmethod
    def are_in(kinds: Kinds) -> bool:
        """Whether these kinds have every part of a host."""
        return {kind.host_part for kind in kinds.values()} >= set(HostPart)

    @classmethod
    def of(cls, kinds: Kinds) -> HostSections:
        """The sections as the kinds name them."""
        parts = HostPart.APPLICATION, HostPart.TUNNEL, HostPart.RECORD, HostPart.CA_KEY
        return cls(*(kinds.of_host(part).section for part in parts))


@dataclass(frozen=True, slots=True)
class DeclaredNames:
    """What is declared by hand; ``None`` when a file is missing, so that nobody can tell."""

    tunnels: dict[str, None] | None
    applications: dict[str, None] | None

    @classmethod
    def of(cls, joined: Joined, sections: HostSections) -> DeclaredNames:
        """The names of all files, before anything is added."""
        if not joined.complete:
            return cls(None, None)
        tunnels, applications = (
            dict.fromkeys(joined.sections[name])
            for name in (sections.tunnels, sections.applications)
        )
        return cls(tunnels, applications)


def contradictions(stated: StatedHost) -> Iterator[Problem]:
    """Fields of one host that exclude each other, and the lack of any word on who may enter."""
    host = stated.host
    if host.model_fields_set <= _HARMLESS and host.policies is not None:
        return
    if host.public is not None:
        trues = [name for name in _NOT_TRUE_WITH_PUBLIC if stated.says_true(name)]
        yield from _excluded(stated, (*_NOT_WITH_PUBLIC, *trues), "public", _REMOVE)
    elif host.application is not None:
        hint = f"it belongs to applications.{host.application}"
        yield from _excluded(stated, _OF_THE_APPLICATION, "application", hint)
    elif host.policies is None:
        summary = f"{stated.origin} needs `policies`, `application` or `public`"
        yield Problem(summary, stated.name.where, "say who may enter: `policies: [NAME]`")
    if host.public is None and not host.ca_key:
        yield from _excluded(stated, ("public_key_file",), "ca_key: false", _REMOVE)


def _excluded(stated: StatedHost, names: Iterable[str], by: str, hint: str) -> Iterator[Problem]:
    for name in names:
        for key, _ in stated.pair(name):
            if name != "terminal" or stated.host.terminal:
                summary = f"{stated.origin}: `{name}` cannot stand beside `{by}`"
                yield Problem(summary, key.where, hint)


def undeclared(
    stated: StatedHost, declared: DeclaredNames, sections: HostSections
) -> Iterator[Problem]:
    """The tunnel and the application that a host names and no file declares."""
    host = stated.host
    yield from _missing(stated, "tunnel", host.tunnel, sections.tunnels, declared.tunnels)
    if host.application is not None:
        key, known = host.application, declared.applications
        yield from _missing(stated, "application", key, sections.applications, known)


def _missing(
    stated: StatedHost, name: str, key: str, section: str, known: dict[str, None] | None
) -> Iterator[Problem]:
    if known is None or key in known:
        return
    hint = did_you_mean(key, known) or f"declare it: `{section}: {{{key}: }}`"
    summary = f"{stated.origin}: there is no {name} `{key}` in `{section}`"
    yield Problem(summary, stated.node.entries[name][1].where, hint)
