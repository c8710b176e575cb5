"""Read the account and build the plan: what plan, apply and destroy have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ztctl.cli.session import explained
from ztctl.cli.settings import Usage
from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures, Problem
from ztctl.core.model.kind import Ask, Kinds
from ztctl.core.model.names import to_ascii
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change, Plan
from ztctl.core.planning import check
from ztctl.core.planning.planner import Options, build_plan
from ztctl.engine.read import ask_for, named_hosts, read_account
from ztctl.kinds.registry import KINDS
from ztctl.ssh.public_keys import stale_keys

if TYPE_CHECKING:
    from ztctl.cloudflare.client import Client
    from ztctl.views.view import View


async def planned(
    client: Client,
    declared: Declared,
    options: Options,
    view: View,
    *,
    warnings: Sequence[Problem] = (),
    kinds: Kinds = KINDS,
) -> Plan:
    """The plan for the account as it is now.

    Raises:
        CallFailed, Failures: when the account cannot be read.
        Problems: what only the account could tell is wrong with the files.
    """
    ask = ask_for(declared, check.expanded(declared, kinds), kinds)
    try:
        live = await read_account(kinds, ask, client, view.event)
    except (CallFailed, Failures) as error:
        raise await explained(client, error) from error

    def build() -> Plan:
        return build_plan(declared, live, kinds, account=client.account or "", options=options)

    plan = build()
    if any(step.uncovers for step in plan.steps):
        # Before protection is taken away, everything that it may be needed for is looked at.
        live = await _read_thoroughly(live, ask, client, view, kinds)
        plan = build()
    plan = replace(plan, changes=tuple(_with_public(change, declared) for change in plan.changes))
    stale = stale_keys(declared, plan.live)
    return replace(plan, warnings=(*warnings, *plan.warnings, *stale))


async def _read_thoroughly(
    live: Mapping[str, tuple[Live, ...]], ask: Ask, client: Client, view: View, kinds: Kinds
) -> Mapping[str, tuple[Live, ...]]:
    """The account with the configurations of all tunnels, whoever made them."""
    if all(tunnel.attribute("is_read") for tunnel in live.get("tunnel", ())):
        return live
    again = Kinds(kind for kind in kinds if kind.name == "tunnel")
    try:
        found = await read_account(again, replace(ask, thorough=True), client, view.event)
    except (CallFailed, Failures) as error:
        raise await explained(client, error) from error
    return {**live, **found}


def _with_public(change: Change, declared: Declared) -> Change:
    """Say it where a name opens that the files want to be open."""
    reason = declared.public.get(change.address.key)
    if reason is None or change.address.kind != "dns_record" or change.action is Action.DELETE:
        return change
    return replace(change, notes=(*change.notes, f"is open to everybody, as stated: {reason}"))


def emptied(declared: Declared, kinds: Kinds = KINDS) -> Declared:
    """The wanted side of a destroy: nothing at all.

    The zones of the files' names are read all the same, because records may be left there.
    """
    names = named_hosts(declared.wanted, kinds)
    used = frozenset(item.address.kind for item in declared.wanted)
    return replace(declared, wanted=(), moved=(), names=names, used=used)


def options_of(
    *,
    target: Sequence[str] | None = None,
    adopt: bool = False,
    deletions: bool = False,
    no_policy: Sequence[str] | None = None,
    ca_deletion: Sequence[str] | None = None,
    protected: Sequence[str] | None = None,
    interruption: Sequence[str] | None = None,
    disconnect: Sequence[str] | None = None,
    exposure: Sequence[str] | None = None,
) -> Options:
    """How a plan is asked for, from the options of a command.

    Raises:
        Usage: when an address is none.
    """
    allowances = Allowances(
        adopt=adopt,
        deletions=deletions,
        no_policy=_addresses(no_policy),
        ca_deletion=_addresses(ca_deletion),
        protected=_addresses(protected),
        interruption=_addresses(interruption),
        disconnect=_addresses(disconnect),
        exposure=frozenset(item if item == "all" else to_ascii(item) for item in exposure or ()),
    )
    return Options(allowances, frozenset(_address(item) for item in target or ()))


def _addresses(given: Sequence[str] | None) -> frozenset[str]:
    return frozenset(item if item == "all" else str(_address(item)) for item in given or ())


def _address(text: str) -> Address:
    try:
        address = Address.parse(text)
    except ValueError as error:
        raise Usage(str(error)) from error
    if KINDS.named(address.kind) is None:
        known = ", ".join(kind.name for kind in KINDS if kind.section)
        raise Usage(f"{text!r}: there is no kind {address.kind!r}", f"kinds are {known}")
    return address
