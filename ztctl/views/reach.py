"""Format who reaches a host or a private address: whether it is open first, then the details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ztctl.core.reach.private import PrivatePath, PrivateReach
from ztctl.core.reach.who import Guard, Lead, Reach, Ruling, Service
from ztctl.core.runs.journal import Redact
from ztctl.views.escape import Clean
from ztctl.views.jsonplan import way_fields
from ztctl.views.jsonvalue import redacted
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line

_PAD = 3
_NESTED = 7


def reach_page(found: Reach | PrivateReach, redact: Redact) -> Page:
    """Format the answer; untrusted text is escaped."""
    clean = Clean(redact)
    if isinstance(found, Reach):
        name, blocks = found.host, (_verdict(found, clean), _details(found, clean))
    else:
        name, blocks = found.address, (_private_verdict(found, clean), _routes(found, clean))
    heading = f"Who reaches {code_span(clean(name))}"
    records = (_document(found, redact),)
    return Page(heading, tuple(map(tuple, blocks)), records, folds=False)


def _document(found: Reach | PrivateReach, redact: Redact) -> Any:
    if isinstance(found, PrivateReach):
        return redacted({"type": "private_reach", **asdict(found)}, redact)
    document = {"type": "reach", "is_open": bool(found.open), **asdict(found)}
    return redacted({**document, "enter": list(map(way_fields, found.enter))}, redact)


def _verdict(found: Reach, clean: Clean) -> Iterator[Line]:
    host = clean(found.host)
    stated = f", as stated: {clean(found.stated)}" if found.stated else ":"
    if found.unknown and not found.open:
        yield Line(f"Whether {host} is open to everybody CANNOT BE TOLD, so it counts as open:")
    elif found.open:
        yield Line(f"{host} is OPEN TO EVERYBODY{stated}")
    elif not found.enter:
        nowhere = f"{host} leads nowhere, nobody gets there."
        yield Line(f"Nobody gets to {host}." if found.leads else nowhere)
    elif not found.any_login:
        yield Line(f"{host} is not open to everybody.")
    yield from (Line(clean(reason), "!", _PAD) for reason in (*found.open, *found.unknown))
    if found.any_login:
        yield Line(f"{host} is open to anybody who logs in{':' if found.open else stated}")
        yield from (Line(clean(reason), "!", _PAD) for reason in found.any_login)
    yield from _unread(found.unread, clean)


def _unread(texts: Sequence[str], clean: Clean) -> Iterator[Line]:
    if texts:
        yield Line("Not everything could be read, so that this may be wrong:")
        yield from (Line(clean(text), "!", _PAD) for text in texts)


def _private_verdict(found: PrivateReach, clean: Clean) -> Iterator[Line]:
    address = clean(found.address)
    if found.enter:
        what = f"Part of {address}" if found.in_part else address
        yield Line(f"{what} is open to {', '.join(map(clean, found.enter))}.")
    else:
        yield Line(f"No private route leads to {address}.")
    yield from _unread(found.unread, clean)


def _routes(found: PrivateReach, clean: Clean) -> Iterator[Line]:
    yield from _part("Routes:", (_path(item, clean) for item in found.routes))
    yield from _part("Notes:", (Line(clean(text), "!", _PAD) for text in found.notes))


def _path(path: PrivatePath, clean: Clean) -> Line:
    network = f" in {clean(path.virtual_network)}" if path.virtual_network else ""
    tunnel = f"tunnel {clean(path.tunnel)} ({clean(path.tunnel_id)})"
    return Line(f"{clean(path.network)}{network} → {tunnel}, {_owner(path.stack, clean)}", "", _PAD)


def _owner(stack: str, clean: Clean) -> str:
    return f"of the stack {clean(stack)}" if stack else "without a stack's mark"


def _details(found: Reach, clean: Clean) -> Iterator[Line]:
    yield from _part("Leads to:", (_lead(item, clean) for item in found.leads))
    yield from _part("Served by:", (_service(item, clean) for item in found.services))
    yield Line("Decided by:")
    for guard in found.guards:
        yield from _guard(guard, clean)
    yield Line()
    enter = (Line(f"{clean(way.who)} → {clean(way.origin)}", "+", _PAD) for way in found.enter)
    yield from _part("May enter:", enter, "nobody")
    yield from _part("May not enter:", (Line(clean(text), "-", _PAD) for text in found.shut))
    yield from _part("Notes:", (Line(clean(text), "!", _PAD) for text in found.notes))


def _part(title: str, lines: Iterable[Line], nothing: str = "") -> Iterator[Line]:
    shown = list(lines)
    if shown or nothing:
        yield Line(title)
        yield from shown or [Line(nothing, "", _PAD)]
        yield Line()


def _lead(lead: Lead, clean: Clean) -> Line:
    tunnel = f" (tunnel {clean(lead.tunnel)})" if lead.tunnel else ""
    proxied = "" if lead.proxied else " (not proxied)"
    return Line(f"{clean(lead.name)} → {clean(lead.target)}{tunnel}{proxied}", "", _PAD)


def _service(service: Service, clean: Clean) -> Line:
    path = f" below {clean(service.path)}" if service.path else ""
    checks = "asks for the Access token, too" if service.checks else "asks for nothing"
    return Line(
        f"tunnel {clean(service.tunnel)} ({clean(service.tunnel_id)}): {clean(service.hostname)}"
        f"{path} → {clean(service.service)}; the connector {checks}",
        "",
        _PAD,
    )


def _guard(guard: Guard, clean: Clean) -> Iterator[Line]:
    place = f"below /{clean(guard.path)}: " if guard.path else ""
    if not guard.application:
        yield Line(f"{place}no Access application", "", _PAD)
        return
    name = f"Access application {clean(guard.application)} ({clean(guard.id)})"
    perhaps = f"perhaps {clean(guard.application)}"
    named = f"{name}, {_owner(guard.stack, clean)}" if guard.id else perhaps
    yield Line(f"{place}{named}", "", _PAD)
    yield from (_ruling(ruling, clean) for ruling in guard.policies)
    if not guard.policies:
        yield Line("no policy: nobody may enter", "", _NESTED)


def _ruling(ruling: Ruling, clean: Clean) -> Line:
    text = f"{clean(ruling.decision)} {clean(ruling.name)}: {clean(ruling.people)}"
    return Line(f"{ruling.place}. {text}", "", _NESTED)
