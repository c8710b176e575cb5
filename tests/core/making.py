"""Files in, plans out, and accounts that look as if the plans had been carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.canonical import canonical_fields, replaced
from ztctl.core.model.declared import Declared, Moved, Removed
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.facts import ZoneRecords
from ztctl.core.model.graph import in_order
from ztctl.core.model.objects import NO_ATTRIBUTES, Attributes, Live, Mark, Values
from ztctl.core.model.plan import Action, Change, Plan, StepId
from ztctl.core.model.values import Ref
from ztctl.core.planning import check
from ztctl.core.planning.planner import Draft, Options
from ztctl.kinds.access_application import ApplicationAttributes
from ztctl.kinds.ca_key import CaKeyAttributes
from ztctl.kinds.dns_record import DnsRecordAttributes
from ztctl.kinds.registry import KINDS
from ztctl.kinds.tunnel import TunnelAttributes
from ztctl.kinds.zone import ZoneAttributes

Account = dict[str, tuple[Live, ...]]
Sections = Mapping[str, Mapping[str, Any]]

OKTA = Live("identity_provider", "idp-okta", "Okta", "okta", {})
BY_SECTION = {kind.section: kind for kind in KINDS.values() if kind.section}


def zone(name: str, batch: int = 200) -> Live:
    """An active zone of the account."""
    return Live("zone", f"zone-{name}", name, name, {}, ZoneAttributes(batch))


EMPTY_ACCOUNT: Account = {
    "zone": (zone("example.com"), zone("example.org")),
    "identity_provider": (OKTA,),
}


def removed(address: str, name: str | None = None, *, forget: bool = False) -> Removed:
    """An entry under ``removed``."""
    return Removed(Address.parse(address), name, forget)


def moved(source: str, target: str) -> Moved:
    """An entry under ``moved``."""
    return Moved(Address.parse(source), Address.parse(target))


def files(
    sections: Sections,
    *,
    stack: str = "prod",
    team: str | None = "acme",
    removed: Sequence[Removed] = (),
    moved: Sequence[Moved] = (),
) -> Declared:
    """What a file with these sections says."""
    wanted = [
        BY_SECTION[section].declare(
            key,
            BY_SECTION[section].model.model_validate(dict(fields or {})),
            where=Where("ztctl.yaml", place, 3),
        )
        for section, entries in sections.items()
        for place, (key, fields) in enumerate(entries.items(), start=1)
    ]
    return Declared(
        stack, team=team, wanted=tuple(wanted), removed=tuple(removed), moved=tuple(moved)
    )


def host(
    name: str = "ssh.example.com", tunnel: str = "edge", policy: str = "team"
) -> dict[str, dict[str, Any]]:
    """The sections of one SSH host behind Access."""
    return {
        "policies": {policy: {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
        "applications": {name: {"policies": [policy]}},
        "tunnels": {tunnel: {"ingress": [{"hostname": name, "service": "ssh://localhost:22"}]}},
        "dns": {name: {"tunnel": tunnel}},
    }


def plan(
    declared: Declared,
    live: Mapping[str, tuple[Live, ...]] | None = None,
    *,
    targets: Iterable[str] = (),
    adopt: Collection[str] = (),
    **allowances: Any,
) -> Plan:
    """The plan of these files against this account, which is empty unless said otherwise."""
    options = Options(
        Allowances(adopt=frozenset(adopt), **allowances),
        frozenset(Address.parse(target) for target in targets),
    )
    account = EMPTY_ACCOUNT if live is None else live
    draft = Draft.of(declared, account, KINDS, account="acc-1", options=options)
    facts = dict(draft.run.now)
    for item in account["zone"]:
        facts[ZoneRecords, item.id] = ZoneRecords(item.name, read=True)
    return draft.knowing(facts).plan()


def living(declared: Declared, base: Mapping[str, tuple[Live, ...]] | None = None) -> Account:
    """The account after these files were applied to it from nothing."""
    account = dict(EMPTY_ACCOUNT if base is None else base)
    made: dict[Address, Live] = {}
    fresh = plan(declared, account)
    by_address = {change.address: change for change in fresh.changes}
    for step in order(fresh):
        if step.address not in made:
            live = _made(by_address[step.address], made)
            made[step.address] = live
            account[live.kind] = (*account.get(live.kind, ()), live)
    return account


def _made(change: Change, made: Mapping[Address, Live]) -> Live:
    def resolved(leaf: Any) -> Any:
        if not isinstance(leaf, Ref):
            return leaf
        return leaf.template.format(made[leaf.to].attribute(leaf.attribute))

    written = replaced(change.written, resolved)
    kind, key = change.address.kind, change.address.key
    assert isinstance(written, dict)
    assert change.wanted is not None
    slot = KINDS[kind].slot(change.wanted)
    name = str(written.get("name", slot))
    values = canonical_fields(KINDS[kind].specs, written)
    # A tag's name is its id.
    id = name if kind == "access_tag" else f"{kind}-{key}"
    live = Live(
        kind,
        id,
        name,
        slot,
        values,
        _attributes(kind, key),
        owner=written["application"] if kind == "ca_key" else "",
        container=change.container,
        aliases=(f"aud-{key}",) if kind == "access_application" else (),
    )
    return replace(live, mark=_mark(live, written), raw={**written, "id": live.id})


def _attributes(kind: str, key: str) -> Attributes:
    match kind:
        case "access_application":
            return ApplicationAttributes(f"aud-{key}")
        case "tunnel":
            return TunnelAttributes(status="inactive")
        case "dns_record":
            return DnsRecordAttributes("CNAME")
        case "ca_key":
            return CaKeyAttributes()
        case _:
            return NO_ATTRIBUTES


def _mark(live: Live, written: Values) -> Mark | None:
    words = {
        "access_tag": [live.name],
        "access_application": written.get("tags") or [],
        "dns_record": [str(written.get("comment")).rpartition(" ")[2]],
    }
    if live.kind in words:
        parsed = Mark.read if live.kind == "dns_record" else Mark.of_tag
        marks = [mark for word in words[live.kind] if (mark := parsed(word))]
        return marks[0] if marks else None
    return Mark.of_name(live.name)[1]


def edited(account: Account, kind: str, of: str, /, **facts: Any) -> Account:
    """The same account with one live object changed; ``values`` are merged."""

    def changed(live: Live) -> Live:
        if live.key != of:
            return live
        values = {**live.values, **facts.get("values", {})}
        return replace(live, **{**facts, "values": values})

    return {**account, kind: tuple(changed(live) for live in account[kind])}


def live_object(account: Account, kind: str, key: str) -> Live:
    """The live object of that kind and key."""
    return next(live for live in account[kind] if live.key == key)


def order(plan: Plan) -> list[StepId]:
    """The steps of a plan, each after all that it needs."""
    needs = {step.id: step.needs for step in plan.steps}
    return in_order(list(needs), needs, str)


def waves(plan: Plan) -> list[list[str]]:
    """The steps of a plan by the number of steps that must be done one after another before."""
    needs = {step.id: step.needs for step in plan.steps}
    depth: dict[StepId, int] = {}
    for step in order(plan):
        depth[step] = max((depth[need] + 1 for need in needs[step]), default=0)
    found: list[list[str]] = [[] for _ in set(depth.values())]
    for step, level in depth.items():
        found[level].append(str(step))
    return [sorted(wave) for wave in found]


def change_of(plan: Plan, address: str) -> Change:
    """The change of one address."""
    return next(change for change in plan.changes if str(change.address) == address)


def actions(plan: Plan) -> dict[str, Action]:
    """What happens to each object, the mark tag left out."""
    return {str(it.address): it.action for it in plan.changes if not it.housekeeping}


def told(plan: Plan) -> list[tuple[str, str]]:
    """The address and the flag of each refusal."""
    return [(str(refusal.address), refusal.flag) for refusal in plan.refusals]


def offline(declared: Declared) -> list[Problem]:
    """Everything wrong with the files on their own."""
    return check.problems(declared, KINDS)
