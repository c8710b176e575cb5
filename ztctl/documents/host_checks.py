"""Check entries of `hosts`: fields that exclude each other, references that nothing declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import is_wildcard
from ztctl.documents.host_entry import HostEntry
from ztctl.documents.nodes import MappingNode, Scalar
from ztctl.documents.problems import SectionEntry
from ztctl.documents.suggest import did_you_mean

# The usual form: with these fields alone no two of them can exclude each other.
_COMMON: Final = frozenset({"tunnel", "service", "policies"})
# Fields of a host that its application has under the same names.
OF_THE_APPLICATION: Final = (
    "policies",
    "session_duration",
    "name",
    "app_launcher_visible",
    "allowed_idps",
    "auto_redirect_to_identity",
    "tags",
    "logo_url",
    "custom_pages",
    "enable_binding_cookie",
    "http_only_cookie_attribute",
    "same_site_cookie_attribute",
)
_NOT_WITH_PUBLIC: Final = (*OF_THE_APPLICATION, "application", "public_key_file")
_NOT_TRUE_WITH_PUBLIC: Final = ("terminal", "access", "ca_key")
_BESIDE_A_SHARED_ONE: Final = (*OF_THE_APPLICATION, "terminal")
_BASTION: Final = "bastion"
_REMOVE: Final = "remove one of the two"


def host_sections(kinds: Kinds) -> dict[HostPart, str]:
    """The sections that one host in the short form adds to; empty unless each part has a kind."""
    found = {kind.host_part: kind.section for kind in kinds.values() if kind.host_part}
    return found if found.keys() >= set(HostPart) else {}


def url_as_name(entry: HostEntry) -> Iterator[Problem]:
    """Report a URL as the key, or a path behind the name: the other sections would each say so."""
    name = str(entry.name)
    if "/" in name:
        bare = name.partition("://")[2] or name
        hint = f"write {bare.partition('/')[0]}: a host is named without scheme and path"
        yield Problem(f"{entry.origin} is no host name", entry.name.where, hint)


def conflicting_fields(entry: HostEntry) -> Iterator[Problem]:
    """Report fields that exclude each other, and a host that does not state who may enter."""
    host = entry.host
    if host.model_fields_set <= _COMMON and host.policies is not None:
        return
    if host.is_public:
        trues = [name for name in _NOT_TRUE_WITH_PUBLIC if entry.is_set_true(name)]
        yield from _excluded_by(entry, (*_NOT_WITH_PUBLIC, *trues), "public", _REMOVE)
    elif host.application is not None:
        hint = f"it belongs to applications.{host.application}"
        yield from _excluded_by(entry, _BESIDE_A_SHARED_ONE, "application", hint)
    elif host.policies is None:
        rest = "`policies` or `application` for its other paths"
        needed = "`policies`, `application` or `public`" if host.public is None else rest
        summary = f"{entry.origin} needs {needed}"
        yield Problem(summary, entry.name.where, "say who may enter: `policies: [NAME]`")
    if not host.is_public and not host.ca_key:
        yield from _excluded_by(entry, ("public_key_file",), "ca_key: false", _REMOVE)


def misplaced_inner(entry: HostEntry) -> Iterator[Problem]:
    """Report `inner` of a host that is no bastion, or of a pattern, which is no one machine."""
    for key, _ in entry.pair("inner"):
        if entry.host.service != _BASTION:
            hint = "the client says where to go only with `service: bastion`"
            yield Problem(f"{entry.origin}: `inner` needs `service: bastion`", key.where, hint)
        elif is_wildcard(entry.name):
            hint = "declare one host by its name, and its machines there"
            yield Problem(f"{entry.origin}: `inner` needs a name without a star", key.where, hint)


def repeated_inner(entries: Iterable[HostEntry]) -> Iterator[Problem]:
    """Report each name that two machines behind bastions have: a laptop knows one by it."""
    first: dict[str, Scalar] = {}
    for entry in entries:
        for _, node in entry.pair("inner"):
            for key, _ in node.entries.values() if isinstance(node, MappingNode) else ():
                other = first.setdefault(key.lower(), key)
                if other is not key:
                    summary = f"{entry.origin}: `inner.{key}` is the name of another machine, too"
                    yield Problem(summary, key.where, f"it stands first at {other.where}")


def _excluded_by(entry: HostEntry, names: Iterable[str], by: str, hint: str) -> Iterator[Problem]:
    for name in names:
        for key, _ in entry.pair(name):
            # `terminal: false` is the default spelt out, and compatible with everything.
            if name != "terminal" or entry.host.terminal:
                summary = f"{entry.origin}: `{name}` cannot stand beside `{by}`"
                yield Problem(summary, key.where, hint)


def undeclared_references(
    entry: SectionEntry,
    declared: Mapping[HostPart, Collection[str]],
    sections: Mapping[HostPart, str],
) -> Iterator[Problem]:
    """Report a tunnel or an application that a host, valid or not, names and no file declares."""
    fields = entry.node
    if not isinstance(fields, MappingNode):
        return
    for part, known in declared.items():
        name = part.value
        key = fields.value(name)
        if isinstance(key, Scalar) and key not in known:
            section = sections[part]
            hint = did_you_mean(key, known) or f"declare it: `{section}: {{{key}: }}`"
            summary = f"hosts.{entry.key}: there is no {name} `{key}` in `{section}`"
            yield Problem(summary, key.where, hint)
