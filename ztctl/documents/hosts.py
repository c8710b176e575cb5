"""The short form: one entry of `hosts` becomes entries of four other sections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ztctl.core.model.diagnostics import Problem
from ztctl.documents.host_checks import DeclaredNames, HostSections, contradictions, undeclared
from ztctl.documents.joined import Joined
from ztctl.documents.models import Host
from ztctl.documents.nodes import MappingNode, Pair, Text, mapping
from ztctl.documents.problems import SectionEntry
from ztctl.documents.rules import with_rules
from ztctl.documents.sharing import with_destinations
from ztctl.documents.stated import StatedHost

SECTION: Final = "hosts"


@dataclass(slots=True)
class _Additions:
    """What hosts add to things that several of them share, by key."""

    rules: dict[str, list[StatedHost]] = field(default_factory=lambda: defaultdict(list))
    destinations: dict[str, list[StatedHost]] = field(default_factory=lambda: defaultdict(list))
    ca_keys: dict[str, list[StatedHost]] = field(default_factory=lambda: defaultdict(list))


def expand(
    joined: Joined, hosts: Iterable[tuple[SectionEntry, Host]], sections: HostSections
) -> dict[str, str]:
    """Add to the other sections what valid hosts stand for; the public hosts, name to reason.

    Every added entry points to the place of its host. What cannot be added becomes a problem of
    ``joined``.
    """
    additions = _Additions()
    public: dict[str, str] = {}
    declared = DeclaredNames.of(joined, sections)
    for entry, host in hosts:
        assert isinstance(entry.node, MappingNode)
        stated = StatedHost(entry.key, entry.node, host)
        problems = [*contradictions(stated), *undeclared(stated, declared, sections)]
        joined.problems.extend(problems)
        if not problems:
            _add(joined, additions, stated, sections)
            if host.public is not None:
                public[str(entry.key)] = str(host.public.reason)
    _add_shared(joined, additions, sections)
    return public


def _add(joined: Joined, additions: _Additions, stated: StatedHost, sections: HostSections) -> None:
    host, name = stated.host, stated.name
    additions.rules[str(host.tunnel)].append(stated)
    _put(joined, sections.records, name, stated, stated.pair("tunnel"))
    if host.public is None and host.application is None:
        _put(joined, sections.applications, name, stated, _application(stated))
    if host.application is not None:
        additions.destinations[str(host.application)].append(stated)
    if host.public is None and host.ca_key:
        additions.ca_keys[str(host.application or name)].append(stated)


def _application(stated: StatedHost) -> Iterator[Pair]:
    if stated.host.terminal:
        yield stated.say("type", "ssh")
    yield from stated.pair("policies")
    yield from stated.pair("session_duration")
    if not stated.host.terminal:
        yield stated.say("app_launcher_visible", "false")


def _add_shared(joined: Joined, additions: _Additions, sections: HostSections) -> None:
    tunnels = joined.sections[sections.tunnels]
    applications = joined.sections[sections.applications]
    for key, hosts in additions.rules.items():
        if key in tunnels:
            tunnels[key] = with_rules(tunnels[key], hosts, joined.problems)
    for key, hosts in additions.destinations.items():
        if key in applications:
            applications[key] = with_destinations(applications[key], hosts)
    for key, hosts in additions.ca_keys.items():
        _put_ca_key(joined, sections.ca_keys, key, hosts)


def _put_ca_key(joined: Joined, section: str, key: str, hosts: list[StatedHost]) -> None:
    files = [(stated, pair) for stated in hosts for pair in stated.pair("public_key_file")]
    for stated, (name, _) in files[1:]:
        first = files[0][0]
        if stated.host.public_key_file != first.host.public_key_file:
            summary = f"{stated.origin}: {section}.{key} has another `public_key_file`"
            hint = f"it is stated at {files[0][1][0].where}, and there is one key for all"
            joined.problems.append(Problem(summary, name.where, hint))
    # The path is relative to the file that states it, so that is where the key stands.
    first = files[0][0] if files else hosts[0]
    name = first.name.instead(key, plain=False)
    _put(joined, section, name, first, [pair for _, pair in files[:1]])


def _put(
    joined: Joined, section: str, name: Text, stated: StatedHost, pairs: Iterable[Pair]
) -> None:
    entry = SectionEntry(name, mapping(pairs, name.where), stated.origin)
    present = joined.sections[section].setdefault(name, entry)
    if present is not entry:
        summary = f"{stated.origin} adds {section}.{name}, which is declared already"
        hint = f"it is declared at {present.key.where}: remove it there, or write the host in full"
        joined.problems.append(Problem(summary, name.where, hint))
