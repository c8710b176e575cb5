"""Format who reaches a host or a private address: whether it is open first, then the details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from ztctl.core.reach.person import Doubt, Enters, PathAnswer
from ztctl.core.reach.private import PrivatePath, PrivateReach
from ztctl.core.reach.who import Guard, Lead, Reach, Ruling, Service
from ztctl.core.runs.journal import Redact
from ztctl.views.escape import Clean
from ztctl.views.jsonplan import FORMAT_VERSION, way_fields
from ztctl.views.jsonvalue import redacted
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.plan_lines import TRUSTS
from ztctl.views.styled_line import Line, Tone

_KNOWN = {"format_version": FORMAT_VERSION}
_REASON = 3
# Labels stand from the third column, what they are about from this one.
_LABEL, _TEXT = 2, 14
_KNOWS: Mapping[str, str] = MappingProxyType(
    {
        "login": "the identity provider knows",
        "device": "the device shows",
        "network": "the network tells",
        "cloudflare": "Cloudflare knows",
        "service": "a service of yours decides",
        "people": "people decide",
        "nobody": "not known",
    }
)


def reach_page(found: Reach | PrivateReach, redact: Redact, *, brief: bool = False) -> Page:
    """Format the answer; untrusted text is escaped. ``brief``: the verdict alone."""
    clean = Clean(redact)
    if isinstance(found, Reach):
        name = found.host
        blocks = [_person(found, clean), _verdict(found, clean), details(found, clean)]
    else:
        name, blocks = found.address, [_private_verdict(found, clean), _routes(found, clean)]
    heading = f"Who reaches {code_span(clean(name))}"
    records = (_document(found, redact),)
    parts = blocks[:-1] if brief else blocks
    shown = tuple(block for lines in parts if (block := tuple(lines)))
    return Page(heading, shown, records, folds=False, wraps=True)


def _document(found: Reach | PrivateReach, redact: Redact) -> Any:
    if isinstance(found, PrivateReach):
        return redacted({**_KNOWN, "type": "private_reach", **asdict(found)}, redact)
    document = {**_KNOWN, "type": "reach", "is_open": bool(found.open), **asdict(found)}
    if found.person is None:
        del document["person"]
    return redacted({**document, "enter": list(map(way_fields, found.enter))}, redact)


# -- the verdict ----------------------------------------------------------------------------


def _verdict(found: Reach, clean: Clean) -> Iterator[Line]:
    host = clean(found.host)
    stated = f", as stated: {clean(found.stated)}" if found.stated else ":"
    if found.unknown and not found.open:
        text = f"Whether {host} is open to everybody CANNOT BE TOLD, so it counts as open:"
        yield Line(text, tone=Tone.ERROR)
    elif found.open:
        yield Line(f"{host} is OPEN TO EVERYBODY{stated}", tone=Tone.ERROR)
    elif not found.enter:
        nowhere = f"{host} leads nowhere, nobody gets there."
        yield Line(f"Nobody gets to {host}." if found.leads else nowhere, tone=Tone.STRONG)
    elif not found.any_login and found.person is None:
        yield Line(f"{host} is closed: only those below may enter.", tone=Tone.STRONG)
    yield from _reasons((*found.open, *found.unknown), clean)
    if found.any_login:
        text = f"{host} is open to anybody who logs in{':' if found.open else stated}"
        yield Line(text, tone=Tone.WARNING)
        yield from _reasons(found.any_login, clean)
    yield from _unread(found.unread, clean)
    if found.copies:
        yield Line(TRUSTS, tone=Tone.WARNING)
        yield from _reasons((it.text for it in found.copies), clean)


def _reasons(texts: Iterable[str], clean: Clean) -> Iterator[Line]:
    yield from (Line(clean(text), "!", _REASON) for text in texts)


def _unread(texts: Sequence[str], clean: Clean) -> Iterator[Line]:
    if texts:
        yield Line("Not everything could be read, so that this may be wrong:", tone=Tone.WARNING)
        yield from _reasons(texts, clean)


# -- one person -----------------------------------------------------------------------------


def _person(reach: Reach, clean: Clean) -> Iterator[Line]:
    found = reach.person
    if found is None:
        return
    who, where = clean(found.email), clean(reach.host)
    several = len(found.answers) > 1
    match found.enters:
        case Enters.YES:
            yield Line(f"{who} enters {where}.", tone=Tone.STRONG)
        case Enters.NO:
            yield Line(f"{who} does not enter {where}.", tone=Tone.STRONG)
        case Enters.DEPENDS if several:
            yield Line(f"Whether {who} enters {where} depends on the path.", tone=Tone.STRONG)
        case Enters.DEPENDS:
            text = f"Whether {who} enters {where} depends on what cannot be seen from here."
            yield Line(text, tone=Tone.STRONG)
    for answer in found.answers:
        yield Line()
        if several:
            yield Line(f"{_place(answer.path, clean)}: {_ENTERS[answer.enters]}")
        yield from _answer(answer, clean)


_ENTERS: Mapping[Enters, str] = MappingProxyType(
    {Enters.YES: "enters", Enters.NO: "does not enter", Enters.DEPENDS: "it depends"}
)


def _place(path: str, clean: Clean) -> str:
    return f"Below /{clean(path)}" if path else "Elsewhere"


def _answer(answer: PathAnswer, clean: Clean) -> Iterator[Line]:
    depends = answer.enters is Enters.DEPENDS
    opening = [clean(it.text) for it in answer.rules if it.lets_in]
    closing = [clean(it.text) for it in answer.rules if not it.lets_in]
    yield from _rows("Enters by" if depends else "Rule", opening)
    yield from _rows("Refused by" if depends else "Rule", closing)
    yield from _rows("Depends on", (_doubt(doubt, clean) for doubt in answer.depends_on))


def _doubt(doubt: Doubt, clean: Clean) -> str:
    return f"{clean(doubt.what)} ({_KNOWS[doubt.knows]})"


# -- the details ----------------------------------------------------------------------------


def _rows(label: str, texts: Iterable[str]) -> Iterator[Line]:
    """Texts in one column, the label before the first of them."""
    for place, text in enumerate(texts):
        head = f"{'':{_LABEL}}{'' if place else label}"
        yield Line(f"{head:{_TEXT}}{text}", column=_TEXT)


def details(found: Reach, clean: Clean) -> Iterator[Line]:
    """Who may enter and who may not, the way, the guard, and other circumstances."""
    if found.person is None:
        yield from _rows("May enter", _ways(found, clean))
        # The verdict says the rest.
        shut = (it for it in found.shut if it not in ("everybody", "everybody else"))
        yield from _rows("May not", map(clean, shut))
    yield from _rows("Way", _way(found, clean))
    yield from _rows(
        "Guard", (row for guard in found.guards for row in _guard(guard, found, clean))
    )
    yield from _rows("Note", map(clean, found.notes))


def _ways(found: Reach, clean: Clean) -> Iterator[str]:
    """Who enters, by which policy and for how long, and whereto if there is more than one place."""
    several = len({way.origin for way in found.enter}) > 1
    # Ways that differ in their tunnel alone read the same: what leads there is told below.
    ways = dict.fromkeys(replace(way, tunnel="") for way in found.enter)
    for way in ways:
        policy = f"policy {clean(way.policy)}" if way.policy else ""
        told = ", ".join(filter(None, (policy, clean(way.session))))
        leads = f" → {clean(way.origin)}" if several else ""
        yield f"{clean(way.who)}{f' ({told})' if told else ''}{leads}"
    if not ways:
        yield "nobody"


def _way(found: Reach, clean: Clean) -> Iterator[str]:
    """Each record with the rules of its tunnel that serve the host."""
    waiting = list(found.services)
    for lead in found.leads:
        served = [it for it in waiting if _is_of(it, lead)]
        waiting = [it for it in waiting if it not in served]
        proxied = "" if lead.proxied else " (not proxied)"
        target = f"tunnel {clean(lead.tunnel)}" if lead.tunnel else clean(lead.target)
        way = f"{clean(lead.name)} → {target}{proxied}"
        for service in served:
            yield from _service(way, service, found, clean)
        if not served:
            yield way
    for service in waiting:
        yield from _service(f"tunnel {clean(service.tunnel)}", service, found, clean)


def _is_of(service: Service, lead: Lead) -> bool:
    return lead.target.startswith(f"{service.tunnel_id}.")


def _service(way: str, service: Service, found: Reach, clean: Clean) -> Iterator[str]:
    path = f", paths like {clean(service.path)}" if service.path else ""
    rule = f" (rule {clean(service.hostname)})" if service.hostname != found.host else ""
    yield f"{way} → {clean(service.service)}{path}{rule}"
    checks = "asks for the Access token, too" if service.checks else "asks for nothing"
    yield f"(the connector {checks})"


def _guard(guard: Guard, found: Reach, clean: Clean) -> Iterator[str]:
    place = f"below /{clean(guard.path)}: " if guard.path else ""
    if not guard.application:
        yield f"{place}no Access application"
        return
    named = f"application {clean(guard.application)}, {_owner(guard.stack, clean)}"
    yield f"{place}{named if guard.id else f'perhaps {clean(guard.application)}'}"
    # One that lets somebody in stands before them already.
    if len(guard.policies) > 1 or not _are_told(guard.policies, found):
        yield from (_ruling(ruling, clean) for ruling in guard.policies)
    if not guard.policies:
        yield "no policy: nobody may enter"


def _are_told(policies: Iterable[Ruling], found: Reach) -> bool:
    told = {way.policy for way in found.enter}
    return all(it.decision == "allow" and it.name in told for it in policies)


def _ruling(ruling: Ruling, clean: Clean) -> str:
    text = f"{clean(ruling.decision)} {clean(ruling.name)}: {clean(ruling.people)}"
    return f"{ruling.place}. {text}"


def _owner(stack: str, clean: Clean) -> str:
    return f"of stack {clean(stack)}" if stack else "without a stack's mark"


# -- a private address ----------------------------------------------------------------------


def _private_verdict(found: PrivateReach, clean: Clean) -> Iterator[Line]:
    address = clean(found.address)
    if found.enter:
        what = f"Part of {address}" if found.in_part else address
        people = ", ".join(map(clean, found.enter))
        yield Line(f"{what} is open to {people}.", tone=Tone.WARNING)
    else:
        yield Line(f"No private route leads to {address}.", tone=Tone.STRONG)
    yield from _unread(found.unread, clean)


def _routes(found: PrivateReach, clean: Clean) -> Iterator[Line]:
    yield from _rows("Way", (_path(item, clean) for item in found.routes))
    yield from _rows("Note", map(clean, found.notes))


def _path(path: PrivatePath, clean: Clean) -> str:
    network = f" in {clean(path.virtual_network)}" if path.virtual_network else ""
    tunnel = f"tunnel {clean(path.tunnel)}, {_owner(path.stack, clean)}"
    return f"{clean(path.network)}{network} → {tunnel}"
