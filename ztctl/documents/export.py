"""Live objects as the text of files, which say the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.marks import InName
from ztctl.core.model.names import HostIndex, access_may_cover
from ztctl.core.model.objects import Live
from ztctl.core.planning.selection import Place, sharers
from ztctl.documents import hosts
from ztctl.documents.export_hosts import Entries, ShortHost, StatedEntry, take_hosts
from ztctl.documents.export_lists import take_lists
from ztctl.documents.export_parts import Parts, as_shared
from ztctl.documents.export_text import block, comment, in_brackets, scalar_text
from ztctl.documents.export_values import Inexpressible, Names, cut, stated
from ztctl.documents.host_checks import host_sections
from ztctl.documents.layout import laid_out
from ztctl.documents.layout_text import WIDTH
from ztctl.documents.nodes import MappingNode
from ztctl.documents.reader import read_bytes

# How a rule's check of the token is written, in turn: as the default, as a word, field by field.
DEFAULT, WORD, WRITTEN_OUT = range(3)
_SUFFIX: Final = 8
_KEPT: Final = "names are kept"
# Lines above one entry.
_MOST_USERS: Final = 8
# A key of YAML has at most 1024 characters (YAML 1.2, section 7.4.2), with a suffix and quotes.
_LONGEST_KEY: Final = 900
_ELSEWHERE: Final = (
    "Its rules stand in a file on its server: copy them to `ingress` here before `ztctl tunnel "
    "files` writes that file."
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is exported, and how.

    Attributes:
        live: all live objects by kind.
        places: the objects that are exported, as far as they can be.
        team: the Zero Trust team that is used where a file names none; empty if it is not known.
        refused: why one of them cannot be, as found out by trying.
        names: keys that somebody prefers for objects without a mark.
        claimed: objects that are claimed by their id, whatever they are called.
        keeps_names: so are all whose mark would stand in their name.
        long: hosts and helper groups that are written out.
        checks: how the checks of a tunnel's rules are written, by its id.
    """

    stack: str
    account: str
    live: Mapping[str, tuple[Live, ...]]
    kinds: Kinds
    places: frozenset[Place]
    team: str = ""
    names: Mapping[Place, str] = field(default_factory=dict)
    refused: Mapping[Place, str] = field(default_factory=dict)
    claimed: frozenset[Place] = frozenset()
    keeps_names: bool = False
    long: frozenset[str] = frozenset()
    checks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Left:
    """A live object that is not in the files.

    Attributes:
        title: the name of its kind for people.
        stack: the stack that owns it; empty where it is nobody's and cannot be stated.
    """

    title: str
    name: str
    id: str
    reason: str
    stack: str = ""

    def __str__(self) -> str:
        return f"{self.title} {self.name!r} ({self.id}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Document:
    """Files that state live objects.

    Attributes:
        texts: their content by name.
        left: what is not in them.
        places: the objects in them by address.
        short: the names of hosts in the short form, and of groups that are lists.
    """

    texts: Mapping[str, bytes]
    left: tuple[Left, ...]
    places: Mapping[Address, Place]
    short: frozenset[str]
    _lines: Mapping[str, list[tuple[int, str, str]]] = field(repr=False, default_factory=dict)

    def entry_at(self, where: Where | None) -> tuple[str, str] | None:
        """Section and key of the entry in which a position lies."""
        found = None
        for line, section, key in self._lines.get(where.file, ()) if where else ():
            if where is not None and line <= where.line:
                found = (section, key)
        return found


def document_of(scope: Scope, file: str, *, by_section: bool = False) -> Document:
    """State the live objects of a scope.

    Args:
        scope: what is exported.
        file: the name of the file; of a folder where ``by_section``.
        by_section: a file for each section.
    """
    entries, left, scope = _entries(scope)
    places = {
        Address(it.kind.name, it.key): (it.kind.name, it.live.id)
        for section in entries.values()
        for it in section.values()
    }
    lists = take_lists(entries, scope.long)
    short = take_hosts(entries, host_sections(scope.kinds), scope.long)
    sections = {name: _lines_of(found) for name, found in entries.items() if found}
    if short:
        sections[hosts.SECTION] = _lines_of_hosts(short)
    head = _head(scope, left)
    top = [f"{name}: {scalar_text(it)}" for name, it in _top(scope).items()]
    if by_section:
        parts = {f"{file}/{name}.yaml": [*top, "", *lines] for name, lines in sections.items()}
        parts = parts or {f"{file}/ztctl.yaml": [*top]}
        first = next(iter(parts))
        parts[first] = [*head, *parts[first]]
    else:
        body = [line for lines in sections.values() for line in ["", *lines]]
        parts = {file: [*head, *top, *body]}
    texts = {name: _laid_out(lines, name, scope.kinds) for name, lines in parts.items()}
    lines = {name: _places_in(text, name) for name, text in texts.items()}
    return Document(texts, tuple(left), places, lists.union(short), lines)


def _top(scope: Scope) -> dict[str, Any]:
    return {"version": 1, "stack": scope.stack, "account": scope.account}


def _head(scope: Scope, left: list[Left]) -> Iterator[str]:
    yield comment(f"Exported by ztctl from what is live in the account {scope.account}.")
    for title, found in (
        ("Not in it, because no file can state it", [it for it in left if not it.stack]),
        ("Not in it, because another stack owns it", [it for it in left if it.stack]),
    ):
        if found:
            yield "#"
            yield comment(f"{title}:")
            yield from (comment(f"  {it}") for it in found)
    yield ""


def _laid_out(lines: list[str], name: str, kinds: Kinds) -> bytes:
    """The lines in the layout of `fmt`, which asks the parser whether they still say the same."""
    problems: list[Problem] = []
    text = "\n".join(lines) + "\n"
    made = laid_out(text.encode("utf-8"), name, kinds, problems)
    assert made is not None, problems
    return made


def _places_in(text: bytes, name: str) -> list[tuple[int, str, str]]:
    """Line, section and key of each entry; keys as they are meant."""
    root = read_bytes(text, name, [])
    assert isinstance(root, MappingNode)
    found = [
        (key.line, str(section), str(key).replace("$${", "${"))
        for section, (_, node) in root.entries.items()
        if isinstance(node, MappingNode)
        for key, _ in node.entries.values()
    ]
    return sorted(found)


# -- entries --------------------------------------------------------------------------------


def _entries(scope: Scope) -> tuple[Entries, list[Left], Scope]:
    """The entries by section and key, what is left out, and the scope with what was refused."""
    called = _called(scope)
    while True:
        chosen, left = _chosen(scope)
        keys = _keys(chosen, scope)
        names = Names(scope.live, scope.kinds, keys)
        refused: dict[Place, str] = {}
        entries: Entries = defaultdict(dict)
        shared = sharers(keys, scope.live, scope.kinds)
        for it in chosen:
            place, kind = (it.kind, it.id), scope.kinds[it.kind]
            try:
                entry = _entry(it, keys[place], names, scope, called)
            except Inexpressible as reason:
                refused[place] = str(reason)
                continue
            entry.comments += _sharing(shared.get(place, ()), scope)
            entries[kind.section][entry.key] = entry
        if not refused:
            _state_checks(entries, scope)
            return {name: entries[name] for name in _sections(scope, entries)}, left, scope
        scope = replace(scope, refused={**scope.refused, **refused})


def _sections(scope: Scope, entries: Entries) -> Iterator[str]:
    for kind in scope.kinds.values():
        if kind.section in entries:
            yield kind.section


def _chosen(scope: Scope) -> tuple[list[Live], list[Left]]:
    """The objects that have an entry, and those of the others of which somebody is to know."""
    chosen: list[Live] = []
    left: list[Left] = []
    known: set[Place] = set()
    parts = Parts(scope.live, scope.kinds, scope.stack, scope.places - scope.refused.keys())
    for kind in scope.kinds.values():
        for it in sorted(scope.live.get(kind.name, ()), key=lambda it: (it.name, it.id)):
            place = (kind.name, it.id)
            if place not in scope.places or (kind.owner and (kind.owner, it.owner) not in known):
                continue
            gap = kind.gap(it)
            reason, stack = scope.refused.get(place, gap.reason if gap else None), ""
            part = parts.stated(it) if kind.host_part is HostPart.TUNNEL and not reason else None
            if _is_foreign(it, scope.stack) and kind.section and part is None:
                stack = it.mark.stack if it.mark is not None else ""
                reason = "; ".join(filter(None, (f"it belongs to the stack {stack}", reason)))
            if reason is None:
                chosen.append(part or it)
                known.add(place)
            elif reason:
                left.append(Left(kind.title, it.name or it.key, it.id, reason, stack))
    return chosen, left


def _is_foreign(live: Live, stack: str) -> bool:
    return live.mark is not None and live.mark.stack != stack


def _keys(chosen: list[Live], scope: Scope) -> dict[Place, str]:
    """A key for each object: its name, or that and some of its id where others have it, too."""
    keys: dict[Place, str] = {}
    for kind in scope.kinds.values():
        alike: dict[str, list[Live]] = defaultdict(list)
        for it in chosen:
            if it.kind == kind.name:
                word = _preferred(kind, it, keys, scope)
                alike[word if word and _is_key(word) else it.id].append(it)
        taken = set(alike)
        for word, found in alike.items():
            own = [it for it in found if it.belongs_to(scope.stack)]
            first = own[0] if own else found[0] if len(found) == 1 else None
            for it in found:
                key = word
                if it is not first:
                    short = f"{word}-{it.id[:_SUFFIX]}"
                    key = short if short not in taken else f"{word}-{it.id}"
                    taken.add(key)
                keys[kind.name, it.id] = key
    return keys


def _is_key(word: str) -> bool:
    """Whether YAML takes a text as a key on one line, however it has to be escaped."""
    return len(scalar_text(word, key=True)) <= _LONGEST_KEY


def _preferred(kind: Kind, live: Live, keys: Mapping[Place, str], scope: Scope) -> str:
    """The owner's key, else the first host of an application, else the key of its stack.

    What is no part of a host is called as somebody prefers.
    """
    if kind.owner:
        return keys[kind.owner, live.owner]
    if kind.host_part is HostPart.APPLICATION and kind.hosts(live.key, live.values):
        return min(kind.live_keys(live), default=live.key)
    is_free = live.mark is None and kind.host_part is not HostPart.RECORD
    return scope.names.get((kind.name, live.id), live.key) if is_free else live.key


def _entry(
    live: Live, key: str, names: Names, scope: Scope, called: Counter[tuple[str, str]]
) -> StatedEntry:
    """State one object.

    Raises:
        Inexpressible: no file can.
    """
    kind = scope.kinds[live.kind]
    fields = stated(kind.specs, kind.entry(live), names)
    for name in kind.said_by_key:
        if fields.get(name) in (key, [key]):
            del fields[name]
    entry = StatedEntry(kind, live, key, fields)
    if _is_foreign(live, scope.stack):
        entry.fields = as_shared(live, fields)
        assert live.mark is not None
        entry.comments.append(f"Shared: the stack {live.mark.stack} declares it.")
        return entry
    if why := _claim(live, kind, scope, called):
        fields.pop("name", None)
        fields["id"] = live.id
        as_it_is = f" {live.name!r}" if live.name != key else ""
        if why != _KEPT or as_it_is:
            entry.comments.append(f"By its id, because {why}: it stays{as_it_is}, without a mark.")
    elif live.mark is not None and live.mark.protect:
        fields["protect"] = True
    if kind.host_part is HostPart.TUNNEL and not live.is_whole:
        entry.comments.append(_ELSEWHERE)
    if unsaid := sorted(set(_paths(kind.unsaid(live)))):
        entry.comments.append(cut(f"Not said here, and kept by every write: {', '.join(unsaid)}"))
    return entry


def _paths(members: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The paths of all that is not off or empty."""
    for name, value in members.items():
        inner = value if isinstance(value, list) else [value]
        mappings = [it for it in inner if isinstance(it, Mapping)]
        for item in mappings:
            yield from _paths(item, f"{path}{name}.")
        if value and not mappings:
            yield f"{path}{name}"


def _claim(live: Live, kind: Kind, scope: Scope, called: Counter[tuple[str, str]]) -> str:
    """Why an object has to be named by its id; empty if it is found by what it is."""
    if "id" not in kind.model.model_fields or live.mark is not None:
        return ""
    if scope.keeps_names and isinstance(kind.marking, InName):
        return _KEPT
    if (live.kind, live.id) in scope.claimed:
        return "a write would give it another session"
    if not kind.live_keys(live):
        return "nothing else tells it from others"
    return "others are called so, too" if called[live.kind, live.key] > 1 else ""


def _called(scope: Scope) -> Counter[tuple[str, str]]:
    """How many live objects a file could mean by a kind and a key."""
    return Counter(
        (it.kind, it.key)
        for found in scope.live.values()
        for it in found
        if it.is_matchable and (it.mark is None or it.belongs_to(scope.stack))
    )


def _sharing(users: tuple[Live, ...], scope: Scope) -> Iterator[str]:
    shown = users if len(users) <= _MOST_USERS else users[: _MOST_USERS - 1]
    for it in shown:
        kind = scope.kinds[it.kind]
        of = f" of the stack {it.mark.stack}" if it.mark is not None else ""
        yield f"Also used by the {kind.title} {it.name!r} ({it.id}){of}, which is not in here."
    if more := len(users) - len(shown):
        yield f"Also used by {more} more, which are not in here."


# -- the connector's check ------------------------------------------------------------------


def _state_checks(entries: Entries, scope: Scope) -> None:
    """State of each rule whether the connector asks for the token, as short as it can be said."""
    kind = scope.kinds.of_host(HostPart.TUNNEL)
    apps = scope.kinds.of_host(HostPart.APPLICATION)
    guarding = (it for it in scope.live.get(apps.name, ()) if it.is_matchable)
    guards = HostIndex((it, apps.hosts(it.key, it.values)) for it in guarding)
    declared = {it.live.id for it in entries.get(apps.section, {}).values()}
    for entry in entries.get(kind.section, {}).values():
        level = scope.checks.get(entry.live.id, DEFAULT)
        _required(entry.fields.get("origin_request"), scope.team)
        live_rules = entry.live.values.get("ingress") or ()
        for rule, live in zip(entry.fields.get("ingress", ()), live_rules, strict=False):
            name = str(rule.get("hostname") or "*")
            near = {it.id: it for it in guards.meeting([name])}.values()
            deciding = [
                it
                for it in near
                if any(access_may_cover(one, name) for one in apps.hosts(it.key, it.values))
            ]
            settings = rule.get("origin_request") or {}
            if "access" not in settings:
                is_origin = not str(rule.get("service", "")).startswith("http_status")
                if is_origin and any(it.id in declared for it in deciding):
                    rule["access"] = False
                continue
            check = live["origin_request"]["access"]
            auds = {str(it.attribute("aud")) for it in deciding}
            same = check.get("required") and {*map(str, check.get("aud_tag") or ())} == auds
            if same and check.get("team_name") == scope.team and level < WRITTEN_OUT:
                rest = {key: it for key, it in settings.items() if key != "access"}
                rule.pop("origin_request")
                rule.update({"origin_request": rest} if rest else {})
                rule.update({"access": True} if level == WORD else {})
            else:
                _required(settings, scope.team)


def _required(settings: Any, team: str) -> None:
    """Say of a check that it is off, where it is: left out, it is on."""
    check = settings.get("access") if isinstance(settings, dict) else None
    if check is None:
        return
    check.setdefault("required", False)
    check.setdefault("aud_tag", [])
    if check.get("team_name") == team:
        del check["team_name"]


# -- lines ----------------------------------------------------------------------------------


def _lines_of(section: Mapping[str, StatedEntry]) -> list[str]:
    kind = next(iter(section.values())).kind
    lines = [f"{kind.section}:"]
    for key in sorted(section):
        entry = section[key]
        lines += [comment(text, 2) for text in entry.comments]
        head = f"  {scalar_text(key, key=True)}:"
        lines += [head, *block(entry.fields, 4)] if entry.fields else [f"{head} {{}}"]
    return lines


def _lines_of_hosts(short: Mapping[str, ShortHost]) -> list[str]:
    lines = [f"{hosts.SECTION}:"]
    for name in sorted(short):
        host = short[name]
        lines += [comment(text, 2) for part in host.parts for text in part.comments]
        head = f"  {scalar_text(name, key=True)}:"
        short_form = f"{head} {in_brackets(host.fields)}"
        is_short = len(short_form) <= WIDTH
        lines += [short_form] if is_short else [head, *block(host.fields, 4)]
    return lines
