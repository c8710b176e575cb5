"""Expand the short form: an entry of `hosts` becomes entries of four other sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ztctl.core.model.declared import PublicPlace
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import HostPart
from ztctl.core.model.inner import InnerHost
from ztctl.core.model.names import to_ascii
from ztctl.documents.host_checks import (
    OF_THE_APPLICATION,
    conflicting_fields,
    misplaced_inner,
    repeated_inner,
    undeclared_references,
    url_as_name,
)
from ztctl.documents.host_destinations import with_destinations
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.host_ingress import with_rules
from ztctl.documents.merge import MergedFiles
from ztctl.documents.models import Host
from ztctl.documents.nodes import MappingNode, Pair, Scalar, mapping
from ztctl.documents.problems import SectionEntry

SECTION: Final = "hosts"


@dataclass(frozen=True, slots=True)
class Expanded:
    """What hosts state that belongs to no object.

    Attributes:
        public: what is stated to be open.
        inner: the machines behind each bastion, by its name in punycode.
    """

    public: tuple[PublicPlace, ...]
    inner: Mapping[str, tuple[InnerHost, ...]]


def expand(
    merged: MergedFiles,
    hosts: Iterable[tuple[SectionEntry, Host | None]],
    sections: Mapping[HostPart, str],
) -> Expanded:
    """Add to the other sections the objects that valid hosts stand for.

    Every added entry has the position of its host. What cannot be added is appended to
    ``merged.refused``, and why to ``merged.problems``.
    """
    added: list[HostEntry] = []
    # When a file could not be read, a missing key proves nothing.
    referred = (HostPart.TUNNEL, HostPart.APPLICATION) if merged.complete else ()
    declared = {part: dict.fromkeys(merged.sections[sections[part]]) for part in referred}
    for stated, host in hosts:
        problems = [*undeclared_references(stated, declared, sections)]
        if host is not None and isinstance(stated.node, MappingNode):
            entry = HostEntry(stated.key, stated.node, host)
            problems += [*url_as_name(entry), *conflicting_fields(entry), *misplaced_inner(entry)]
            if not problems:
                added.append(entry)
                _add_own(merged, entry, sections)
                continue
        merged.problems.extend(problems)
        merged.refused.append(stated)
    _add_shared(merged, added, sections)
    merged.problems.extend(repeated_inner(added))
    return Expanded(
        tuple(place for entry in added for place in _public_places(entry)),
        {to_ascii(entry.name): entry.inner for entry in added if entry.inner},
    )


def _add_own(merged: MergedFiles, entry: HostEntry, sections: Mapping[HostPart, str]) -> None:
    """Add the record and the application of one host."""
    _put(merged, sections[HostPart.RECORD], entry.name, entry, entry.pair("tunnel"))
    if not entry.host.is_public and entry.host.application is None:
        section = sections[HostPart.APPLICATION]
        _put(merged, section, entry.name, entry, _application(entry))


def _public_places(entry: HostEntry) -> Iterator[PublicPlace]:
    """What of a host is stated to be open."""
    stated = entry.host.public
    if stated is not None:
        for path in stated.paths or ("",):
            yield PublicPlace(to_ascii(entry.name), path.strip("/"), str(stated.reason))


def _application(entry: HostEntry) -> Iterator[Pair]:
    if entry.host.terminal:
        yield entry.generated("type", "ssh")
    for name in OF_THE_APPLICATION:
        yield from entry.pair(name)
    if not entry.host.terminal and entry.host.app_launcher_visible is None:
        yield entry.generated("app_launcher_visible", "false")


def _add_shared(
    merged: MergedFiles, added: Sequence[HostEntry], sections: Mapping[HostPart, str]
) -> None:
    """Add hosts to the tunnels, applications and CA keys that several of them share."""
    tunnels = merged.sections[sections[HostPart.TUNNEL]]
    applications = merged.sections[sections[HostPart.APPLICATION]]
    # A key is absent only when a file could not be read: otherwise its hosts are problems already.
    for key, hosts in _grouped((entry.host.tunnel, entry) for entry in added):
        if key in tunnels:
            tunnels[key] = with_rules(tunnels[key], hosts)
    for key, hosts in _grouped((entry.host.application, entry) for entry in added):
        if key in applications:
            applications[key] = with_destinations(applications[key], hosts)
    with_keys = (entry for entry in added if not entry.host.is_public and entry.host.ca_key)
    for key, hosts in _grouped((it.host.application or it.name, it) for it in with_keys):
        _put_ca_key(merged, sections[HostPart.CA_KEY], key, hosts)


def _grouped(
    entries: Iterable[tuple[str | None, HostEntry]],
) -> Iterable[tuple[str, list[HostEntry]]]:
    groups: dict[str, list[HostEntry]] = {}
    for key, entry in entries:
        if key is not None:
            groups.setdefault(str(key), []).append(entry)
    return groups.items()


def _put_ca_key(merged: MergedFiles, section: str, key: str, hosts: list[HostEntry]) -> None:
    files = [(entry, pair) for entry in hosts for pair in entry.pair("public_key_file")]
    for entry, (name, _) in files[1:]:
        first = files[0][0]
        if entry.host.public_key_file != first.host.public_key_file:
            summary = f"{entry.origin}: {section}.{key} has another `public_key_file`"
            hint = f"it is stated at {files[0][1][0].where}, and there is one key for all"
            merged.problems.append(Problem(summary, name.where, hint))
    # The path is relative to the file that states it, so that is where the key stands.
    first = files[0][0] if files else hosts[0]
    name = first.name.with_text(key, plain=False)
    _put(merged, section, name, first, [pair for _, pair in files[:1]])


def _put(
    merged: MergedFiles, section: str, name: Scalar, entry: HostEntry, pairs: Iterable[Pair]
) -> None:
    added = SectionEntry(name, mapping(pairs, name.where), entry.origin)
    present = merged.sections[section].setdefault(name, added)
    if present is not added:
        summary = f"{entry.origin} adds {section}.{name}, which is declared already"
        hint = f"it is declared at {present.key.where}: remove it there, or write the host in full"
        merged.problems.append(Problem(summary, name.where, hint))
