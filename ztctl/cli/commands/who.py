"""``ztctl who``: route and access of a host or private address, from the live account."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ztctl.cli import completion
from ztctl.cli import options as opt
from ztctl.cli.exits import Exit, watched
from ztctl.cli.settings import Settings, settings

if TYPE_CHECKING:
    from ztctl.core.model.declared import Declared
    from ztctl.core.model.facts import Fact, Slot
    from ztctl.core.model.flows import Ask
    from ztctl.core.model.objects import Live
    from ztctl.core.reach.person import Person
    from ztctl.core.reach.private import PrivateReach
    from ztctl.core.reach.who import Reach
    from ztctl.views.view import View

# Kinds that `who` must be able to read for a host; without the others its answer has gaps.
_NEEDED = ("zone", "dns_record", "access_application", "access_policy")
_USEFUL = (
    "inactive_zone",
    "organization",
    "access_group",
    "tunnel",
    "identity_provider",
    "service_token",
)
# The same for a private address.
_PRIVATE = ("private_route",)
_NAMES = ("virtual_network", "tunnel")


_of_person = partial(typer.Option, rich_help_panel="Person")


@dataclass(frozen=True, slots=True)
class PersonOptions:
    """One person, and what an identity provider and the network would say of them."""

    email: Annotated[
        str | None,
        _of_person("--as", metavar="EMAIL", help="Say whether this person enters."),
    ] = None
    group: Annotated[
        list[str] | None,
        _of_person(
            "--group",
            metavar="NAME",
            help="With --as: a group that the identity provider says; may be repeated. "
            "Without any, groups are not known.",
        ),
    ] = None
    country: Annotated[
        str | None,
        _of_person("--country", metavar="CODE", help="With --as: where from, such as PT."),
    ] = None


@opt.with_options
def who(
    *,
    host: Annotated[
        str,
        typer.Argument(
            metavar="HOST",
            help="A host name, or a private address or range.",
            autocompletion=completion.hosts,
        ),
    ],
    asked: PersonOptions,
    files: opt.FileOptions,
    account: opt.AccountOptions,
    live: opt.LiveOptions,
    copies: opt.CopyOptions,
    output: opt.OutputOptions,
) -> Exit:
    """Say where a host leads and who may enter; needs no file."""
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of
    from ztctl.core.model.names import to_ascii
    from ztctl.core.reach.networks import parse_network
    from ztctl.core.reach.who import Reach

    chosen = settings(output, files, account, live=live, copies=copies)
    private = parse_network(host) is not None
    name = host if private else to_ascii(host)
    person = _person(asked, private=private)
    if not private:
        check_name(host, name)
    declared = declared_by(chosen) if files.file else None
    view = view_of(chosen, declared)
    with errors_shown(view):
        reading = _private_reach if private else partial(_reach, person=person)
        found = reading(name, chosen, declared, view)
        _show(declared, found, view, brief=chosen.quiet)
    return watched(
        exposed=isinstance(found, Reach) and found.may_be_open, unread=bool(found.unread)
    )


def _person(asked: PersonOptions, *, private: bool) -> Person | None:
    """Who is asked about; ``None``: nobody in particular."""
    from ztctl.cli.settings import Usage
    from ztctl.core.reach.person import Person
    from ztctl.kinds.countries import COUNTRIES, MEANT

    email, country = (asked.email or "").strip().lower(), (asked.country or "").upper()
    if asked.email is None:
        if asked.group or asked.country is not None:
            raise Usage("--group and --country are of somebody", "say who with --as EMAIL")
        return None
    if private:
        raise Usage("--as is about a host", "every enrolled device reaches a private address")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Usage(f"{asked.email!r} is not an e-mail address", "write ann@example.com")
    if asked.country is not None and country not in COUNTRIES:
        meant = MEANT.get(country)
        usual = "write the two letters of ISO 3166-1, such as PT"
        hint = f"did you mean {meant}?" if meant else usual
        raise Usage(f"{asked.country!r} is not a country code", hint)
    return Person(email, frozenset(asked.group) if asked.group else None, country)


def check_name(host: str, name: str) -> None:
    """Require one whole host name; ``name`` is its punycode.

    Raises:
        Usage: it is a pattern, or no name.
    """
    from ztctl.cli.settings import Usage
    from ztctl.core.model.names import is_wildcard

    if is_wildcard(name):
        raise Usage(f"{host!r} stands for many names", "ask for one of them")
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", name):
        raise Usage(f"{host!r} is not a host name", "write a full name such as ssh.example.com")


def _reach(
    host: str,
    chosen: Settings,
    declared: Declared | None,
    view: View,
    person: Person | None = None,
) -> Reach:
    from ztctl.cli.copies import copies_of
    from ztctl.core.model.diagnostics import Failure
    from ztctl.core.model.flows import Ask
    from ztctl.core.reach.open_now import PublicPlaces
    from ztctl.core.reach.who import reach
    from ztctl.kinds.zone import no_active_zone, zone_of

    copies = copies_of(chosen, declared)
    ask = Ask("", lookups=frozenset(_USEFUL), hosts=frozenset({host}), copies=copies)
    live, facts, unread = _read(chosen, declared, view, ask, _NEEDED, _USEFUL, host)
    if zone_of(host, live["zone"]) is None:
        raise Failure(*no_active_zone(host, live["zone"], live.get("inactive_zone", ())))
    if not live.get("organization") and "organization" not in unread:
        unread["organization"] = (
            "the Zero Trust organisation could not be read: hosts without an application count "
            "as open"
        )
    public = PublicPlaces(declared.public if declared else ())
    stated = partial(public.reason, host)
    return reach(host, live, facts, stated=stated, unread=unread.values(), person=person)


def _private_reach(
    address: str, chosen: Settings, declared: Declared | None, view: View
) -> PrivateReach:
    from ztctl.core.model.flows import Ask
    from ztctl.core.reach.private import private_reach
    from ztctl.kinds.registry import KINDS

    ask = Ask("", used=frozenset({*_PRIVATE, *_NAMES}))
    live, _, unread = _read(chosen, declared, view, ask, _PRIVATE, _NAMES)
    return private_reach(address, live, KINDS, unread=unread)


def _read(
    chosen: Settings,
    declared: Declared | None,
    view: View,
    ask: Ask,
    needed: Sequence[str],
    useful: Sequence[str],
    host: str = "",
) -> tuple[Mapping[str, tuple[Live, ...]], dict[Slot, Fact], dict[str, str]]:
    """Read the live objects of these kinds, and all facts that decide about a host.

    The last of the results says why some of the useful kinds could not be read.
    """
    from ztctl.cli.session import account_of, run_to_end
    from ztctl.core.model.facts import ZoneApplications, ZoneRecords
    from ztctl.core.reach.timeline import current_timeline
    from ztctl.core.reach.unseen import unseen
    from ztctl.core.reach.versions import facts_of
    from ztctl.engine.read import AccountReading, Reader
    from ztctl.kinds.registry import KINDS

    async def reading() -> tuple[AccountReading, dict[Slot, Fact]]:
        async with account_of(chosen, declared, view) as account:
            reader = Reader(KINDS.only((*needed, *useful)), ask, account)
            seen = await reader.account(view.event, required=needed)
            facts = dict(facts_of(seen.live, KINDS))
            if host:
                facts = await reader.with_beyond(
                    facts, lambda known: unseen(current_timeline(known), [host])
                )
            return seen, facts

    seen, facts = run_to_end(reading())
    unread = {kind: f"{it.summary} ({it.hint})" for kind, it in seen.unread.items()}
    for fact in facts.values():
        if isinstance(fact, ZoneApplications) and fact.gap:
            said = f"applications that only the zone {fact.name} lists: {fact.gap}"
            unread[f"applications of {fact.name}"] = said
        if isinstance(fact, ZoneRecords) and fact.gap:
            unread[f"records of {fact.name}"] = f"records of the zone {fact.name}: {fact.gap}"
    return seen.live, facts, unread


def _show(
    declared: Declared | None, found: Reach | PrivateReach, view: View, *, brief: bool
) -> None:
    from ztctl.documents.mask import Mask
    from ztctl.views.reach import reach_page

    mask = Mask(declared.environment if declared else {})
    view.page(reach_page(found, mask.hide, brief=brief))
