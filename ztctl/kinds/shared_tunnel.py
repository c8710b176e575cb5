"""Tunnels with rules of several stacks: whose rule is whose, in which order, and how it is written.

One stack declares such a tunnel, others say `shared:`. The configuration is one document without
a place for a mark, so that a rule belongs to the stack whose mark the DNS record of its name
carries, where that record leads to this tunnel. All other rules are those of the declaring stack:
it manages them, and the stacks that share the tunnel keep them as they are.

The service has no conditional write. A shared configuration is therefore read right before it is
written, and again afterwards; its version tells of writes in between. That each write raises the
version by one is a guess (seen in the recorded replies).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Proposal
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.names import ingress_takers, to_ascii
from ztctl.core.model.objects import Live, Mark, Values, Wanted
from ztctl.core.model.plan import Change, Refusal
from ztctl.core.model.values import Ref
from ztctl.kinds import ingress
from ztctl.kinds.ingress import CLOSING, matches_everything, pattern_of
from ztctl.kinds.local_tunnel import is_local
from ztctl.kinds.tunnel_configuration import completed

Rule = Mapping[str, Any]
_RECORD = "dns_record"
_ALONE = ("origin_request", "name", "id", "protect", "config", "connector", "config_file")
# How often a configuration is written that others write at the same moment.
_TRIES = 3


# -- the file -------------------------------------------------------------------------------


def misplaced(wanted: Wanted, declared: Declared) -> Iterator[Problem]:
    """Report what a shared tunnel cannot have: settings, and rules without their own record."""
    if wanted.shares is None:
        return
    for field in (name for name in _ALONE if name in wanted.local["stated"]):
        yield Problem(
            f"{wanted.address}: `{field}` cannot stand beside `shared`",
            wanted.where,
            "the stack that declares the tunnel says so; remove one of the two",
        )
    names = frozenset(_names_led_to(wanted, declared))
    rules, places = wanted.values["ingress"], wanted.local["places"]
    for rule, place in zip(rules, places, strict=False):
        name = pattern_of(rule)
        if name not in names:
            yield Problem(
                f"{wanted.address}: the rule of {name} has no record that leads to this tunnel",
                place or wanted.where,
                "the mark of the record says whose rule it is: declare it under `dns`, or the "
                "name under `hosts`",
            )


def _names_led_to(tunnel: Wanted, declared: Declared) -> Iterator[str]:
    """The names in punycode of the records that the files lead to a tunnel."""
    for record in declared.of(_RECORD):
        target = record.values.get("tunnel")
        if isinstance(target, Ref) and target.to == tunnel.address:
            yield to_ascii(record.address.key)


# -- whose rule is whose --------------------------------------------------------------------


def marks(live: Live, ledger: Ledger) -> dict[str, Mark | None]:
    """The mark of each record that leads to a tunnel, by the record's name."""
    users = ledger.users_of(live)
    return {record.name: record.mark for record in users if record.kind == _RECORD}


def with_others(values: Values, live: Live, ledger: Ledger) -> Values:
    """Rules and settings of a tunnel of ours, with the live rules of other stacks among them."""
    known = marks(live, ledger)
    rules, general = values["ingress"], values.get("origin_request")
    stated = set(map(pattern_of, rules))
    found = live.values.get("ingress") or ()
    others = [
        rule
        for rule in found
        if (mark := known.get(pattern_of(rule))) is not None
        and mark.stack != ledger.stack
        and pattern_of(rule) not in stated
    ]
    if not others:
        return values
    # What a rule has for itself depends on the settings of the tunnel.
    kept = ingress.restated(others, live.values.get("origin_request") or {}, general or {})
    return {**values, "ingress": arranged(found, rules, kept)}


def with_part(wanted: Wanted, live: Live, ledger: Ledger) -> Values:
    """The live values of a tunnel that another stack declares, with our rules among its own."""
    if is_local(live.values) and wanted.values:
        text = f"{wanted.address}: the rules of the tunnel {live.name!r} are a file on its host"
        hint = "add yours there, and lead records to it by `tunnel: {live: NAME}`"
        ledger.add_problem(Problem(text, wanted.where, hint))
    general = live.values.get("origin_request") or {}
    # What closes the list is not ours.
    rules = ingress.with_own_settings((wanted.values.get("ingress") or ())[:-1], general)
    mine = replace(wanted, values={"ingress": rules}, local={"access": (), **wanted.local})
    own = completed(mine, ledger)["ingress"]
    known, stated = marks(live, ledger), set(map(pattern_of, own))
    found = live.values.get("ingress") or ()

    def is_ours(rule: Rule) -> bool:
        mark = known.get(pattern_of(rule))
        return pattern_of(rule) in stated or (mark is not None and mark.stack == ledger.stack)

    kept = [rule for rule in found if not is_ours(rule)]
    return {**live.values, "ingress": arranged(found, own, kept)}


def is_together(change: Change) -> bool:
    """Whether a change writes a configuration that holds rules of several stacks."""
    wanted = change.wanted
    if wanted is None:
        return False
    # Beside its own rules a tunnel has those of others, and nothing else.
    stated = wanted.values.get("ingress") or ()
    return wanted.shares is not None or len(change.written.get("ingress") or ()) > len(stated)


def contested(change: Change, proposal: Proposal) -> Iterator[Refusal]:
    """Refuse to edit the live rule of a name whose record does not carry our mark, without a yes.

    It is nobody's, or of the stack that the record is of, which may declare it as well.
    """
    wanted, live = change.wanted, change.live
    if wanted is None or live is None:
        return
    target = f"{live.id}."
    known = {
        record.name: record.mark
        for record in proposal.live.get(_RECORD, ())
        if str(record.values.get("tunnel") or "").startswith(target)
    }
    was = _by_name(change.before.get("ingress") or ())
    is_ = _by_name(change.after.get("ingress") or ())
    for name in sorted({pattern_of(rule) for rule in wanted.values.get("ingress") or ()}):
        if name not in was or was[name] == is_.get(name):
            continue
        mark = known.get(name)
        theirs = mark is not None and mark.stack != proposal.stack
        if theirs or (mark is None and wanted.shares is not None and name != "*"):
            whose = f"of the stack {mark.stack!r}" if mark else "of no stack"
            reason = f"it has a rule for {name} already, which is {whose}: this one takes its place"
            yield from proposal.unless_adopted(change, reason)


def _by_name(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        found[pattern_of(rule)].append(rule)
    return found


# -- the order ------------------------------------------------------------------------------


def arranged(live: Sequence[Rule], own: Sequence[Rule], kept: Sequence[Rule]) -> list[Rule]:
    """One list of rules: exact names before wildcards that take them, what takes everything last.

    The live order stays where it serves, so that no stack puts right what another one wrote. Rules
    of one side that take some name in common keep their order among themselves.

    Args:
        live: all live rules.
        own: the rules of the files, in their order.
        kept: those of the live rules that stay as they are, in their order.
    """
    closing = next((it for it in reversed(own) if matches_everything(it)), None)
    if closing is None:
        closing = next((it for it in reversed(kept) if matches_everything(it)), None)
    mine = {_reach(rule): rule for rule in own if rule is not closing}
    place = {reach: index for index, reach in enumerate(mine)}
    others = [rule for rule in kept if rule is not closing]
    rows: list[tuple[Rule, bool]] = []
    left = dict(mine)
    waiting = list(others)
    for rule in live:
        if rule in waiting:
            waiting.remove(rule)
            rows.append((rule, False))
        elif (found := left.pop(_reach(rule), None)) is not None:
            rows.append((found, True))
    rows += [(rule, True) for rule in left.values()]
    order = _in_order(rows, lambda rule: place[_reach(rule)])
    return [*order, closing or {"service": CLOSING}]


def _in_order(rows: Sequence[tuple[Rule, bool]], place: Callable[[Rule], int]) -> list[Rule]:
    """The rules in an order that serves all of them, as near to this one as possible.

    Args:
        rows: each rule, and whether it is of the files.
        place: the place of a rule of the files among them.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for index, (rule, _) in enumerate(rows):
        by_name[pattern_of(rule)].append(index)
    before: dict[int, list[int]] = defaultdict(list)
    for index, (rule, own) in enumerate(rows):
        for other in (it for name in ingress_takers(pattern_of(rule)) for it in by_name[name]):
            first, second = index, other
            if own and rows[other][1]:
                first, second = sorted((index, other), key=lambda it: place(rows[it][0]))
            elif own is rows[other][1]:
                first, second = sorted((index, other))
            if first != second:
                before[second].append(first)
    found: dict[int, Rule] = {}
    waiting: set[int] = set()

    def put(index: int) -> None:
        # Wide rules with a path that somebody put first may leave no order: one of them gives way.
        if index in found or index in waiting:
            return
        waiting.add(index)
        for earlier in sorted(before[index]):
            put(earlier)
        found[index] = rows[index][0]

    for index in range(len(rows)):
        put(index)
    return [*found.values()]


def _reach(rule: Rule) -> tuple[str, str]:
    return pattern_of(rule), str(rule.get("path") or "")


# -- writing --------------------------------------------------------------------------------


def rebased(base: Sequence[Rule], ours: Sequence[Rule], now: Sequence[Rule]) -> list[Rule]:
    """What a run makes of the rules ``base``, made of those that are live now."""
    if list(now) == list(base):
        return list(ours)
    edited = {pattern_of(rule) for rule in ours if rule not in base}
    edited |= {pattern_of(rule) for rule in base if rule not in ours}
    own = [rule for rule in ours if pattern_of(rule) in edited]
    return arranged(now, own, [it for it in now if pattern_of(it) not in edited])


Made = Callable[[Live, Values], Flow[Live]]
Read = Callable[[Any], Live]


def configured(live: Live, values: Values, ask: Call, read: Read, write: Made) -> Flow[Live]:
    """Write a configuration together with what others have written to it meanwhile.

    Args:
        live: the tunnel as the plan knows it.
        values: what the plan writes.
        ask: the call that reads the configuration.
        read: makes a live tunnel of the reply.
        write: writes values to a live tunnel.

    Raises:
        CallFailed: others write at the same moment, or may have lost what they wrote.
    """
    reply = yield ask
    for _ in range(_TRIES):
        now = read(reply) if reply is not None else live
        made = yield from write(now, _merged(live, values, now))
        reply = yield ask
        if reply is None:
            return made
        seen = read(reply)
        if _merged(live, values, seen)["ingress"] != seen.values.get("ingress"):
            continue
        before, after = _version(now), _version(made)
        if before is not None and after is not None and after > before + 1:
            raise CallFailed(
                ask,
                f"the configuration of the tunnel {live.name!r} went from version {before} to "
                f"{after} by one write: it had to be repeated, or what somebody else wrote at that "
                "moment is lost",
                hint="look at the rules of the others, and let them apply again",
            )
        return replace(seen, raw={**live.raw, **seen.raw})
    raise CallFailed(
        ask,
        f"somebody else writes the configuration of the tunnel {live.name!r} all the time",
        hint="apply again when they are done",
    )


def _merged(live: Live, values: Values, now: Live) -> Values:
    general = values.get("origin_request")
    if general == live.values.get("origin_request"):
        general = now.values.get("origin_request")
    base, is_ = live.values.get("ingress") or [], now.values.get("ingress") or []
    return {
        **values,
        "ingress": rebased(base, values["ingress"], is_),
        "origin_request": general,
    }


def _version(live: Live) -> int | None:
    found = getattr(live.attributes, "version", None)
    return found if isinstance(found, int) else None
