"""Expand the short form: an entry of `hosts` becomes entries of four other sections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.diagnostics import Problem
from ztctl.documents.host_checks import (
    DeclaredNames,
    HostSections,
    conflicting_fields,
    undeclared_references,
)
from ztctl.documents.host_destinations import with_destinations
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.host_ingress import with_rules
from ztctl.documents.merge import MergedFiles
from ztctl.documents.models import Host
from ztctl.documents.nodes import MappingNode, Pair, Scalar, mapping
from ztctl.documents.problems import SectionEntry

SECTION: Final = "hosts"


@dataclass(slots=True)
class _Additions:
    """Hosts to add to the tunnels, applications and CA keys that several of them share, by key."""

    sections: HostSections
    rules: dict[str, list[HostEntry]] = field(default_factory=lambda: defaultdict(list))
    destinations: dict[str, list[HostEntry]] = field(default_factory=lambda: defaultdict(list))
    ca_keys: dict[str, list[HostEntry]] = field(default_factory=lambda: defaultdict(list))


def expand(
    merged: MergedFiles, hosts: Iterable[tuple[SectionEntry, Host]], sections: HostSections
) -> dict[str, str]:
    """Add to the other sections the objects that valid hosts stand for.

    Every added entry has the position of its host. What cannot be added is appended to
    ``merged.problems``.

    Returns:
        The hosts that are public: name to stated reason.
    """
    additions = _Additions(sections)
    public: dict[str, str] = {}
    declared = DeclaredNames.of(merged, sections)
    for valid, host in hosts:
        assert isinstance(valid.node, MappingNode)
        entry = HostEntry(valid.key, valid.node, host)
        problems = [*conflicting_fields(entry), *undeclared_references(entry, declared, sections)]
        merged.problems.extend(problems)
        if not problems:
            _add(merged, additions, entry)
            if host.public is not None:
                public[str(valid.key)] = str(host.public.reason)
    _add_shared(merged, additions)
    return public


def _add(merged: MergedFiles, additions: _Additions, entry: HostEntry) -> None:
    host, name = entry.host, entry.name
    additions.rules[str(host.tunnel)].append(entry)
    _put(merged, additions.sections.records, name, entry, entry.pair("tunnel"))
    if host.public is None and host.application is None:
        _put(merged, additions.sections.applications, name, entry, _application(entry))
    if host.application is not None:
        additions.destinations[str(host.application)].append(entry)
    if host.public is None and host.ca_key:
        additions.ca_keys[str(host.application or name)].append(entry)


def _application(entry: HostEntry) -> Iterator[Pair]:
    if entry.host.terminal:
        yield entry.generated("type", "ssh")
    yield from entry.pair("policies")
    yield from entry.pair("session_duration")
    if not entry.host.terminal:
        yield entry.generated("app_launcher_visible", "false")


def _add_shared(merged: MergedFiles, additions: _Additions) -> None:
    tunnels = merged.sections[additions.sections.tunnels]
    applications = merged.sections[additions.sections.applications]
    # A key is absent only when a file could not be read: otherwise its hosts are problems already.
    for key, hosts in additions.rules.items():
        if key in tunnels:
            tunnels[key] = with_rules(tunnels[key], hosts, merged.problems)
    for key, hosts in additions.destinations.items():
        if key in applications:
            applications[key] = with_destinations(applications[key], hosts)
    for key, hosts in additions.ca_keys.items():
        _put_ca_key(merged, additions.sections.ca_keys, key, hosts)


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
