"""A plan as a sheet: its hosts with who may enter before and after, and its objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ztctl.core.model.copies import Trusted
from ztctl.core.model.names import any_other
from ztctl.views.escape import Clean, cut
from ztctl.views.sheet import (
    NOBODY,
    Level,
    Notice,
    Row,
    Sheet,
    Table,
    Text,
    Way,
    facts_of,
    few,
    told,
    ways_of,
)
from ztctl.views.wording import noun

Json = Mapping[str, Any]

_OPENS, _LOGIN, _WIDER, _CHANGES, _NARROWER = range(5)
_EFFECTS: Final = (
    Level("Open to everybody", "open"),
    Level("Open to any login", "login"),
    Level("More people", "wider"),
    Level("Changes", "plain"),
    Level("Fewer people", "less"),
)
_DEGREES: Final = {"everybody": _OPENS, "any_login": _LOGIN}
_ACTIONS: Final = (
    (("delete",), Level("Destroy", "open")),
    (("delete", "create"), Level("Replace", "login")),
    (("forget",), Level("Forget", "less")),
    (("adopt",), Level("Adopt", "login")),
    (("update",), Level("Change", "plain")),
    (("create",), Level("Create", "wider")),
)
# Rows of the page at a time: with the headings no more than three hundred.
_HOSTS: Final = 100
_OBJECTS: Final = 50
_MOST_EDITS: Final = 40


def plan_sheet(document: Json, clean: Clean, lead: Sequence[str]) -> Sheet:
    """Convert the document of a plan.

    Args:
        document: as ``jsonplan.plan_document`` makes it.
        clean: makes its texts fit to be shown.
        lead: the closing line of the plan, and what it means for people.
    """
    exposed = {item["host"]: item for item in document["exposed"]}
    changes = {change["host"]: change for change in document["access_changes"]}
    writers: dict[str, list[str]] = {}
    for item in document["resource_changes"]:
        for host in item["access"]:
            writers.setdefault(host, []).append(item["address"])
    hosts = [
        _host(host, changes.get(host), exposed.get(host), writers.get(host, ()), clean)
        for host in dict.fromkeys((*exposed, *changes))
    ]
    objects = [_object(it, clean) for it in document["resource_changes"]]
    unchanged = document["summary"]["unchanged"]
    return Sheet(
        title=f"Plan of stack {clean(document['stack'])}",
        lead=lead,
        about=(
            ("Account", clean(document["account"])),
            ("Objects in step", f"{unchanged:,}"),
            ("Made by", f"ztctl {clean(document['ztctl_version'])}"),
        ),
        notices=[notice for notice in _notices(document, clean) if notice.items],
        tables=(
            Table(
                "hosts",
                "Who may enter",
                ("host", "hosts"),
                "Effect",
                _EFFECTS,
                ("Host", "Difference", "Before", "After"),
                hosts,
                _HOSTS,
            ),
            Table(
                "objects",
                "What is written",
                ("object", "objects"),
                "Action",
                [level for _, level in _ACTIONS],
                ("Object", "Changes"),
                objects,
                _OBJECTS,
            ),
        ),
    )


def _notices(document: Json, clean: Clean) -> Iterator[Notice]:
    exposed = [(_exposed(it, clean), "") for it in document["exposed"]]
    yield Notice("Open now", "open", exposed)
    refusals = [_refusal(it, clean) for it in document["refusals"]]
    yield Notice("Apply refuses this", "open", refusals)
    trusted = [(clean(Trusted(**it).text), "") for it in document["copies"]]
    yield Notice("Copies that are trusted", "login", trusted)
    yield Notice("Warnings", "login", [_warning(it, clean) for it in document["warnings"]])


def _refusal(item: Json, clean: Clean) -> tuple[str, str]:
    about = f"{clean(item['address'])}: " if item["address"] else ""
    flag = f"to allow it: {clean(item['flag'])}" if item["flag"] else ""
    return f"{about}{clean(item['reason'])}", flag


def _exposed(item: Json, clean: Clean) -> str:
    left = "it stays open" if item["stays"] else "this plan makes it less open"
    return f"{clean(any_other(item['host']))}: {clean(item['reason'])}; {left}"


def _warning(item: Json, clean: Clean) -> tuple[str, str]:
    place = item.get("range")
    start = place["start"] if place else {}
    where = f"{place['filename']}:{start['line']}:{start['column']}: " if place else ""
    code = f" [{item['code']}]" if "code" in item else ""
    return clean(f"{where}{item['summary']}{code}"), clean(item["detail"])


# -- hosts ----------------------------------------------------------------------------------


def _host(
    host: str, change: Json | None, exposed: Json | None, by: Sequence[str], clean: Clean
) -> Row:
    change = change or {"gained": (), "lost": (), "before": (), "after": ()}
    before, after = _sides(change, clean)
    facts: tuple[tuple[str, Iterable[str]], ...] = (
        ("Open now", [_exposed(exposed, clean)] if exposed else []),
        ("Gains entry", [_changed(it, clean) for it in change["gained"]]),
        ("Loses entry", [_changed(it, clean) for it in change["lost"]]),
        ("Written objects", map(clean, by)),
    )
    return Row(
        _effect(change, exposed),
        clean(any_other(host)),
        (few(_differences(change, clean)), _signed(before), _signed(after)),
        (("Before", before), ("After", after)),
        facts_of(facts),
    )


def _sides(change: Json, clean: Clean) -> tuple[list[Way], list[Way]]:
    """Who may enter before and after; what only one side has is marked, and stands first."""
    sides = []
    for one, other, sign in (("before", "after", "-"), ("after", "before", "+")):
        both = change[other]
        ways = [*ways_of((it for it in change[one] if it not in both), clean, sign)]
        sides.append([*ways, *ways_of((it for it in change[one] if it in both), clean)])
    return sides[0], sides[1]


def _signed(ways: Sequence[Way]) -> list[Text]:
    return few((way.sign, way.who) for way in ways) or [("", NOBODY)]


def _differences(change: Json, clean: Clean) -> Iterator[Text]:
    """Who comes, who goes, and what changes for whom; who is moved stands on both sides."""
    for sign, side in (("+", "gained"), ("-", "lost")):
        for entry in change[side]:
            if entry.get("change"):
                yield "~", f"{clean(entry['who'])}: {clean(entry['change'])}"
            else:
                yield sign, told(entry, clean)


def _changed(entry: Json, clean: Clean) -> str:
    change = f": {clean(entry['change'])}" if entry.get("change") else ""
    return f"{told(entry, clean)} → {clean(entry['origin'])}{change}"


def _effect(change: Json, exposed: Json | None) -> int:
    """The worst: what is open after it counts whether the plan opens it or not."""
    after = [it["openness"] for it in (*change["gained"], *change["after"])]
    after += [exposed["becomes"]] if exposed else []
    found = [_DEGREES[degree] for degree in after if degree in _DEGREES]
    if any(not it.get("change") for it in change["gained"]):
        found.append(_WIDER)
    if any(it.get("change") for it in (*change["gained"], *change["lost"])):
        found.append(_CHANGES)
    return min(found, default=_NARROWER)


# -- objects --------------------------------------------------------------------------------


def _object(item: Json, clean: Clean) -> Row:
    change = item["change"]
    actions = ("adopt",) if "importing" in change else tuple(change["actions"])
    level = next(place for place, (found, _) in enumerate(_ACTIONS) if found == actions)
    edits = list(_edits(item, clean))
    facts: tuple[tuple[str, Iterable[str]], ...] = (
        ("Why", [clean(item["reason"])]),
        ("Note", [clean(note) for note in item["notes"]]),
        ("From", [clean(item["origin"])] if "origin" in item else []),
        ("Takes the place of", [clean(f"{it['name']} ({it['id']})") for it in _displaced(item)]),
        ("Hosts", (clean(any_other(host)) for host in item["access"])),
        ("More fields", [_more(edits)] if len(edits) > _MOST_EDITS else []),
    )
    return Row(
        level,
        f"{noun(clean(item['type']))} {clean(item['name'])}",
        (_summary(item, edits),),
        (),
        facts_of(facts),
        edits[:_MOST_EDITS],
    )


def _summary(item: Json, edits: Sequence[tuple[str, str, str]]) -> list[Text]:
    if "update" in item["change"]["actions"]:
        return few(("", path) for path, _, _ in edits)
    return [("", f"{len(edits):,} field{'' if len(edits) == 1 else 's'}")]


def _displaced(item: Json) -> Sequence[Json]:
    found: Sequence[Json] = item.get("displaced", ())
    return found


def _more(edits: Sequence[object]) -> str:
    return f"{len(edits) - _MOST_EDITS:,} more: ztctl plan --full tells all"


def _edits(item: Json, clean: Clean) -> Iterator[tuple[str, str, str]]:
    """Each field that differs; of an object that comes or goes every field that has a value."""
    if item["edits"]:
        for edit in item["edits"]:
            before = _value(edit["before"], False, edit.get("before_sensitive"), clean)
            after = _value(
                edit["after"], edit.get("after_unknown"), edit.get("after_sensitive"), clean
            )
            forces = " (forces replacement)" if edit.get("replaces") else ""
            yield f"{clean(edit['path'])}{forces}", cut(before), cut(after)
        return
    change = item["change"]
    gone = _fields(change["before"], False, change["before_sensitive"], clean)
    new = _fields(change["after"], change["after_unknown"], change["after_sensitive"], clean)
    for path in dict.fromkeys((*gone, *new)):
        if gone.get(path, "") != new.get(path, ""):
            yield path, cut(gone.get(path, "")), cut(new.get(path, ""))


def _fields(values: Any, unknown: Any, sensitive: Any, clean: Clean) -> dict[str, str]:
    """The fields of an object; of a list of mappings each element is one."""
    found: dict[str, str] = {}
    for name in _names(values, unknown, sensitive):
        value, flags = _at(values, name), (_at(unknown, name), _at(sensitive, name))
        path = clean(name)
        if isinstance(value, list) and any(isinstance(it, dict) for it in value):
            for place, inner in enumerate(value):
                unsure, hidden = (_at(flag, place) for flag in flags)
                found[f"{path}[{place}]"] = _value(inner, unsure, hidden, clean)
        elif text := _value(value, *flags, clean):
            found[path] = text
    return found


def _value(value: Any, unknown: Any, sensitive: Any, clean: Clean) -> str:
    """A value on one line; empty for none."""
    if unknown is True:
        return "(known after apply)"
    if sensitive is True:
        return "(sensitive)"
    if isinstance(value, list):
        flags = ((_at(unknown, place), _at(sensitive, place)) for place in range(len(value)))
        return ", ".join(_value(it, *flag, clean) for it, flag in zip(value, flags, strict=True))
    if isinstance(value, dict):
        names = _names(value, unknown, sensitive)
        pairs = (
            (clean(name), _value(_at(value, name), _at(unknown, name), _at(sensitive, name), clean))
            for name in names
        )
        return "; ".join(f"{name}: {text}" for name, text in pairs if text)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else clean(value)


def _names(*parts: Any) -> Iterable[str]:
    return dict.fromkeys(name for part in parts if isinstance(part, dict) for name in part)


def _at(value: Any, place: str | int) -> Any:
    """The member of a mapping or the element of a list; of flags without it, ``False``."""
    if isinstance(value, dict):
        return value.get(str(place))
    if isinstance(value, list) and isinstance(place, int) and place < len(value):
        return value[place]
    return False if isinstance(value, bool) else None
