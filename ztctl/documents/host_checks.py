"""What a host must not say in one breath, and what it must not lean on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.diagnostics import Problem
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.merge import MergedFiles
from ztctl.documents.suggest import did_you_mean

# A host of its own application and CA key, said in the shortest way, contradicts nothing.
_HARMLESS: Final = frozenset({"tunnel", "service", "policies"})
_NOT_WITH_PUBLIC: Final = ("policies", "application", "session_duration", "public_key_file")
_NOT_TRUE_WITH_PUBLIC: Final = ("terminal", "access", "ca_key")
_OF_THE_APPLICATION: Final = ("policies", "terminal", "session_duration")
_REMOVE: Final = "remove one of the two"


@dataclass(frozen=True, slots=True)
class DeclaredNames:
    """What is declared by hand; ``None`` when a file is missing, so that nobody can tell."""

    tunnels: dict[str, None] | None
    applications: dict[str, None] | None

    @classmethod
    def of(cls, merged: MergedFiles) -> DeclaredNames:
        """The names of all files, before anything is added."""
        if not merged.complete:
            return cls(None, None)
        sections = merged.sections
        return cls(dict.fromkeys(sections["tunnels"]), dict.fromkeys(sections["applications"]))


def contradictions(entry: HostEntry) -> Iterator[Problem]:
    """Fields of one host that exclude each other, and the lack of any word on who may enter."""
    host = entry.host
    if host.model_fields_set <= _HARMLESS and host.policies is not None:
        return
    if host.public is not None:
        trues = [name for name in _NOT_TRUE_WITH_PUBLIC if entry.is_set_true(name)]
        yield from _excluded(entry, (*_NOT_WITH_PUBLIC, *trues), "public", _REMOVE)
    elif host.application is not None:
        hint = f"it belongs to applications.{host.application}"
        yield from _excluded(entry, _OF_THE_APPLICATION, "application", hint)
    elif host.policies is None:
        summary = f"{entry.origin} needs `policies`, `application` or `public`"
        yield Problem(summary, entry.name.where, "say who may enter: `policies: [NAME]`")
    if host.public is None and not host.ca_key:
        yield from _excluded(entry, ("public_key_file",), "ca_key: false", _REMOVE)


def _excluded(entry: HostEntry, names: Iterable[str], by: str, hint: str) -> Iterator[Problem]:
    for name in names:
        for key, _ in entry.pair(name):
            if name != "terminal" or entry.host.terminal:
                summary = f"{entry.origin}: `{name}` cannot stand beside `{by}`"
                yield Problem(summary, key.where, hint)


def undeclared(entry: HostEntry, declared: DeclaredNames) -> Iterator[Problem]:
    """The tunnel and the application that a host names and no file declares."""
    host = entry.host
    yield from _missing(entry, "tunnel", host.tunnel, "tunnels", declared.tunnels)
    if host.application is not None:
        names = declared.applications
        yield from _missing(entry, "application", host.application, "applications", names)


def _missing(
    entry: HostEntry, name: str, key: str, section: str, known: dict[str, None] | None
) -> Iterator[Problem]:
    if known is None or key in known:
        return
    hint = did_you_mean(key, known) or f"declare it: `{section}: {{{key}: }}`"
    summary = f"{entry.origin}: there is no {name} `{key}` in `{section}`"
    yield Problem(summary, entry.node.entries[name][1].where, hint)
