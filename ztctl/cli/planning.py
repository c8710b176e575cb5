"""From the options of a command to planner options and a plan source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ztctl.cli.settings import Usage
from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.declared import Declared
from ztctl.core.model.identity import HOSTS, OWN_PARTS, HostPart
from ztctl.core.model.names import to_ascii
from ztctl.core.planning.handover import Handover
from ztctl.core.planning.planner import Options
from ztctl.documents.suggest import nearest
from ztctl.engine.plan import PlanSource
from ztctl.kinds.registry import KINDS

# The options that take a host as a whole.
_OF_HOSTS = ("target", "adopt")
_KINDS_OF_HOSTS = frozenset(KINDS.of_host(part).name for part in OWN_PARTS)
# The one part of a host with which an option has to do.
_CONCERNED = {"no_policy": (HostPart.APPLICATION,), "ca_deletion": (HostPart.CA_KEY,)}

if TYPE_CHECKING:
    from ztctl.engine.drive import AccountApi
    from ztctl.views.view import View


def plan_source(
    live: AccountApi,
    declared: Declared,
    options: Options,
    view: View,
    *,
    ahead: bool = False,
    watching: bool = False,
) -> PlanSource:
    """The source of plans of these files, read from an account."""
    account = live.account or ""
    _require_declared(options.allowances.adopt, declared)
    targets = frozenset(part for it in options.targets for part in parts_of(it, declared))
    options = replace(options, targets=targets)
    return PlanSource(declared, options, KINDS, account, live, view.event, ahead, watching)


def _require_declared(adopt: frozenset[str], declared: Declared) -> None:
    """A misspelt ``--adopt`` would otherwise be a yes to nothing, and pass in silence.

    Raises:
        Usage: no file declares what is to be adopted.
    """
    known = tuple(str(it.address) for it in declared.wanted)
    # A host need not have all of its parts.
    hosts = {it.address.key for it in declared.wanted if it.address.kind in _KINDS_OF_HOSTS}
    for text in sorted(adopt - {"all", *known}):
        address = Address.parse(text)
        if address.kind in _KINDS_OF_HOSTS and address.key in hosts:
            continue
        near = nearest(text, known)
        raise Usage(f"--adopt: no file declares {text}", f"did you mean {near}?" if near else "")


def parts_of(target: Address, declared: Declared) -> Iterator[Address]:
    """The objects that a target means: of a host its own, and the application that covers it."""
    if target.kind != HOSTS:
        yield target
        return
    host = to_ascii(target.key)
    own = [Address(KINDS.of_host(part).name, host) for part in OWN_PARTS]
    known = {item.address for item in declared.wanted}
    if own[1] not in known:
        record = KINDS.of_host(HostPart.RECORD).name
        near = nearest(host, tuple(it.key for it in known if it.kind == record))
        raise Usage(f"no file declares {target}", f"did you mean hosts.{near}?" if near else "")
    yield from (address for address in own if address in known)
    application = KINDS.of_host(HostPart.APPLICATION)
    for item in declared.of(application.name):
        if host in application.hosts(item.address.key, item.values):
            yield item.address


def options_of(
    *,
    target: Sequence[str] | None = None,
    adopt: Sequence[str] | bool | None = None,
    deletions: bool = False,
    exposure: Sequence[str] | None = None,
    handover: Handover | None = None,
    **addresses: Sequence[str] | None,
) -> Options:
    """Convert the options of a command to planner options.

    Args:
        target: addresses; the plan is for these and what they need.
        adopt: addresses, or ``all``, as is true.
        deletions: as in `Allowances`.
        exposure: host names, or ``all``.
        handover: as in `Options`.
        addresses: each further field of `Allowances`: addresses, or ``all``.

    Raises:
        Usage: a text is no address, or its kind does not exist.
    """
    allowances = Allowances(
        _addresses("adopt", ["all"] if adopt is True else adopt or ()),
        deletions,
        exposure=frozenset(item if item == "all" else to_ascii(item) for item in exposure or ()),
        **{name: _addresses(name, given) for name, given in addresses.items()},
    )
    targets = frozenset(address_of(item) for item in target or ())
    return Options(allowances, targets, handover=handover)


def _addresses(option: str, given: Sequence[str] | None) -> frozenset[str]:
    return frozenset(name for item in given or () for name in _named(option, item))


def _named(option: str, text: str) -> Iterator[str]:
    """The addresses that a value of a flag stands for; a host for what is its own."""
    if text == "all":
        yield text
        return
    address = address_of(text, option)
    if address.kind != HOSTS:
        yield str(address)
        return
    for part in OWN_PARTS:
        yield str(Address(KINDS.of_host(part).name, to_ascii(address.key)))


def address_of(text: str, option: str = "target") -> Address:
    """The address that somebody typed; with the kind ``hosts`` where the option takes one.

    Raises:
        Usage: it is none.
    """
    try:
        address = Address.parse(text)
    except ValueError as error:
        raise Usage(str(error)) from error
    if address.kind not in KINDS and not (address.kind == HOSTS and option in _OF_HOSTS):
        raise Usage(f"{text!r}: there is no kind {address.kind!r}", _meant(address, option))
    return address


def _meant(address: Address, option: str) -> str:
    """What to write in place of an address whose kind does not exist."""
    if address.kind == HOSTS:
        if option == "disconnect":
            return "write the tunnel that leads there, such as tunnel.edge"
        parts = _CONCERNED.get(option, OWN_PARTS)
        named = [f"{KINDS.of_host(part).name}.{address.key}" for part in parts]
        return (
            f"write {named[0]}" if len(named) == 1 else f"the parts of a host: {', '.join(named)}"
        )
    sections = {kind.section: kind.name for kind in KINDS.values() if kind.section}
    names = (*sections.values(), *sections)
    if near := nearest(address.kind, names):
        return f"did you mean {sections.get(near, near)}.{address.key}?"
    if option in _OF_HOSTS and "." in address.key:
        return f"of a host write {HOSTS}.{address}"
    return f"kinds are {', '.join(sections.values())}"
