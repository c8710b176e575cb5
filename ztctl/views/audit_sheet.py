"""An audit as a sheet: names that lead to a tunnel, other findings, and private routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from ztctl.core.model.names import any_other
from ztctl.views.escape import Clean
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
from ztctl.views.wording import noun, short_id

Json = Mapping[str, Any]
Facts = list[tuple[str, list[str]]]

_RISKS: Final = ("open", "unseen", "weak", "accepted", "closed")
_LEVELS: Final = (
    Level("Open", "open"),
    Level("Unseen", "open"),
    Level("Weak", "login"),
    Level("Accepted", "less"),
    Level("Closed", "wider"),
)
# Rows of the page at a time: with the headings no more than three hundred.
_NAMES: Final = 100
_OTHERS: Final = 50
_OBJECTS: Final[Mapping[str, str]] = MappingProxyType({"ca_key": "CA of"})


def audit_sheet(document: Json, clean: Clean, version: str) -> Sheet:
    """Convert the document of an audit, as ``audit_view.audit_document`` makes it."""
    counts = document["summary"]
    figures = ", ".join(f"{counts[risk]:,} {risk}" for risk in _RISKS)
    narrowed = [
        f"Only {what} {clean(document[what])}." for what in ("zone", "stack") if document[what]
    ]
    idle = [(clean(any_other(host)), "") for host in document["idle_acceptances"]]
    notices = (
        _gaps(document, clean),
        Notice("Accepted, and not open: these can leave the accept file", "login", idle),
    )
    return Sheet(
        title=f"Audit of account {clean(short_id(document['account']))}",
        lead=(f"{figures}.", *narrowed),
        about=(
            ("Account", clean(document["account"])),
            ("Zones", f"{len(document['zones']):,}"),
            ("Names", f"{len(document['names']):,}"),
            ("Made by", f"ztctl {version}"),
        ),
        notices=[notice for notice in notices if notice.items],
        tables=(
            _names(document["names"], clean),
            Table(
                "findings",
                "Other findings",
                ("finding", "findings"),
                "Risk",
                _LEVELS,
                ("Object", "Found"),
                [_finding(it, clean) for it in document["findings"]],
                _OTHERS,
            ),
            Table(
                "routes",
                "Private routes",
                ("route", "routes"),
                "Reached by",
                (Level("Enrolled devices", "plain"),),
                ("Network", "Tunnel", "Stack"),
                [_route(it, clean) for it in document["routes"]],
                _OTHERS,
            ),
        ),
    )


def _gaps(document: Json, clean: Clean) -> Notice:
    gaps = [(clean(text), "") for text in document["unread"]]
    return Notice("Not everything could be read, so that this may be wrong", "open", gaps)


def name_sheet(document: Json, clean: Clean, version: str) -> Sheet:
    """Convert the document of one name, as ``audit --explain`` has it."""
    return Sheet(
        title=f"Audit of {clean(any_other(document['host']))}",
        lead=(f"{_LEVELS[_risk(document)].label}.",),
        about=(("Account", clean(document["account"])), ("Made by", f"ztctl {version}")),
        notices=[_gaps(document, clean)] if document["unread"] else [],
        tables=(_names([document], clean),),
    )


def _names(names: Iterable[Json], clean: Clean) -> Table:
    return Table(
        "hosts",
        "Who may enter",
        ("name", "names"),
        "Risk",
        _LEVELS,
        ("Host", "Leads to", "Guarded by", "Who may enter"),
        [_name(it, clean) for it in names],
        _NAMES,
    )


def _risk(name: Json) -> int:
    return _RISKS.index("accepted" if name["accepted"] else name["risk"])


def _name(name: Json, clean: Clean) -> Row:
    reach = name["reach"]
    facts = [*_findings(name, clean), *_around(name, clean)]
    apps = few(("", clean(it["application"])) for it in reach["guards"] if it["application"])
    return Row(
        _risk(name),
        clean(any_other(name["host"])),
        (
            few(_leads(reach, clean)),
            apps or [("", "no application")],
            few(("", told(way, clean)) for way in reach["enter"]) or [("", NOBODY)],
        ),
        (("Who gets there", _ways(reach, clean)),),
        facts_of(facts),
    )


def _leads(reach: Json, clean: Clean) -> Iterator[Text]:
    """Where a name leads: services of tunnels, else what its records say."""
    for service in reach["services"]:
        yield "", f"{clean(service['service'])} ({clean(service['tunnel'])})"
    if not reach["services"]:
        for lead in reach["leads"]:
            yield "", clean(f"tunnel {lead['tunnel']}" if lead["tunnel"] else lead["target"])


def _ways(reach: Json, clean: Clean) -> list[Way]:
    """Who gets there; where nobody does, what they would get to."""
    if reach["enter"]:
        return ways_of(reach["enter"], clean)
    return [Way(NOBODY, clean(it["tunnel"]), clean(it["service"])) for it in reach["services"]]


def _findings(name: Json, clean: Clean) -> Iterator[tuple[str, list[str]]]:
    for finding in name["findings"]:
        said = [clean(text) for text in finding["reasons"]]
        label = f"{finding['risk'].capitalize()}: {finding['code']}"
        yield label, [*said, f"To do: {clean(finding['remedy'])}"]


def _around(name: Json, clean: Clean) -> Facts:
    reach, accepted = name["reach"], name["accepted"]
    until = f"until {accepted['until']}: {accepted['reason']}" if accepted else ""
    records = (
        f"{it['name']} → {it['target']}{'' if it['proxied'] else ' (not proxied)'}"
        for it in reach["leads"]
    )
    found: tuple[tuple[str, Iterable[str]], ...] = (
        ("Accepted", [until, name["ended"]]),
        ("From outside", [name["probed"]]),
        ("Records", records),
        ("Guard", [text for guard in reach["guards"] for text in _guard(guard)]),
        ("May not enter", reach["shut"]),
        ("Stacks", name["stacks"]),
        ("Notes", reach["notes"]),
    )
    return [(label, [clean(text) for text in texts if text]) for label, texts in found]


def _guard(guard: Json) -> Iterator[str]:
    place = f"below /{guard['path']}: " if guard["path"] else ""
    owner = f", of stack {guard['stack']}" if guard["stack"] else ""
    perhaps = "" if guard["id"] else "perhaps "
    app = f"{perhaps}{guard['application']}{owner}" if guard["application"] else "no application"
    yield f"{place}{app}"
    for it in guard["policies"]:
        yield f"{it['place']}. {it['decision']} {it['name']}: {it['people']}"


def _finding(finding: Json, clean: Clean) -> Row:
    about = _OBJECTS.get(finding["about"]) or noun(finding["about"])
    facts: Facts = [
        ("Found", [clean(text) for text in finding["reasons"]]),
        ("To do", [clean(finding["remedy"])]),
        ("Rule", [clean(finding["code"])]),
        ("Id", [clean(finding["id"])] if finding["id"] else []),
        ("Stacks", [clean(stack) for stack in finding["stacks"]]),
    ]
    return Row(
        _RISKS.index(finding["risk"]),
        f"{clean(about)} {clean(finding['subject'])}",
        (few(("", clean(text)) for text in finding["reasons"]),),
        (),
        facts_of(facts),
    )


def _route(route: Json, clean: Clean) -> Row:
    network = route["virtual_network"]
    inside = f" in {clean(network)}" if network else ""
    tunnel = clean(route["tunnel"])
    return Row(
        0,
        f"{clean(route['network'])}{inside}",
        ([("", tunnel)], [("", clean(route["stack"]))] if route["stack"] else []),
        (("Who gets there", [Way(clean(who), tunnel) for who in route["enter"]]),),
    )
