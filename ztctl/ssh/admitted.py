"""Whom the policies of the files admit by name, and names among them that are a risk on a server.

What is taken into account is what files say literally: rules by e-mail address, groups of the
files, exclusions and Deny policies of an address or its domain. Whoever is admitted by something
else, such as a group of an identity provider, cannot be listed from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.names import access_covers, to_ascii
from ztctl.core.model.objects import Wanted
from ztctl.core.model.principals import SYSTEM_NAMES, by_principal
from ztctl.core.model.values import Lookup, Ref

_EMAIL: Final = "email"
_DOMAIN: Final = "email_domain"
_GROUP: Final = "group"
_ALLOW, _DENY = "allow", "deny"
# Of more names than these one is told by its count.
_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom policies admit.

    Attributes:
        addresses: in small letters, in order.
        unlisted: everybody else, in words: a rule, and the policy in which it stands.
    """

    addresses: tuple[str, ...]
    unlisted: tuple[str, ...]


@dataclass(slots=True)
class _Listed:
    addresses: dict[str, None] = field(default_factory=dict)
    unlisted: dict[str, None] = field(default_factory=dict)


def admitted(declared: Declared, application: Address) -> Admitted:
    """Whom the policies of an application of the files admit."""
    objects = {item.address: item for item in declared.wanted}
    wanted = objects[application]
    return _Rules(objects).admitted(wanted.values.get("policies") or ())


class _Rules:
    def __init__(self, objects: Mapping[Address, Wanted]) -> None:
        self._objects = objects

    def admitted(self, policies: Sequence[object]) -> Admitted:
        found = _Listed()
        barred: list[Mapping[str, Any]] = []
        for item in policies:
            name, values = self._stated(item)
            if values is None:
                found.unlisted[f"whom the live policy {name} admits"] = None
            elif values.get("decision") == _DENY:
                barred += self._bars(values)
            elif values.get("decision") == _ALLOW:
                self._policy(name, values, barred, found)
        return Admitted(tuple(sorted(found.addresses)), tuple(found.unlisted))

    def _stated(self, item: object) -> tuple[str, Mapping[str, Any] | None]:
        """The name of a policy, and what the files say of it; an application may have its own."""
        if isinstance(item, Mapping):
            return str(item.get("name")), item
        policy = self._objects.get(item.to) if isinstance(item, Ref) else None
        if policy is not None:
            return policy.address.key, policy.values
        return item.name if isinstance(item, Lookup) else str(item), None

    @staticmethod
    def _bars(values: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """The rules of a Deny that hold for whomever they name."""
        return () if values.get("require") or values.get("exclude") else values.get("include", ())

    def _policy(
        self,
        name: str,
        values: Mapping[str, Any],
        barred: Iterable[Mapping[str, Any]],
        found: _Listed,
    ) -> None:
        inner = self._members(values, f"policy {name}", frozenset())
        for address in inner.addresses:
            if not any(_names(rule, address) for rule in barred):
                found.addresses[address] = None
        found.unlisted |= inner.unlisted

    def _members(self, values: Mapping[str, Any], place: str, seen: frozenset[Address]) -> _Listed:
        found = _Listed()
        for rule in values.get("include") or ():
            self._rule(rule, place, seen, found)
        excluded = values.get("exclude") or ()
        for address in [*found.addresses]:
            if any(_names(rule, address) for rule in excluded):
                del found.addresses[address]
        return found

    def _rule(
        self, rule: Mapping[str, Any], place: str, seen: frozenset[Address], found: _Listed
    ) -> None:
        for selector, value in rule.items():
            if selector == _EMAIL:
                found.addresses |= dict.fromkeys(map(str, _listed(value)))
            elif selector == _GROUP and isinstance(value, Ref) and value.to in self._objects:
                if value.to not in seen:
                    group = self._objects[value.to]
                    name = f"group {value.to.key}"
                    inner = self._members(group.values, name, seen | {value.to})
                    found.addresses |= inner.addresses
                    found.unlisted |= inner.unlisted
            else:
                found.unlisted[f"{_worded(selector, value)} ({place})"] = None


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _names(rule: Mapping[str, Any], address: str) -> bool:
    """Whether a rule names an address, or its domain."""
    mails, domains = (_listed(rule[it]) if it in rule else () for it in (_EMAIL, _DOMAIN))
    return address in mails or address.partition("@")[2] in domains


def _worded(selector: str, value: object) -> str:
    match value:
        case True:
            return selector
        case Ref(to=to):
            return f"{selector} {to.key}"
        case Lookup(name=name):
            return f"{selector} {name}"
        case dict():
            name = value.get("name") or value.get("value") or ""
            return f"{selector} {name}".strip()
        case _:
            return f"{selector} {', '.join(map(str, _listed(value)))}"


# -- warnings -------------------------------------------------------------------------------


def risky_names(declared: Declared, kinds: Kinds) -> Iterator[Problem]:
    """Warn of names that two admitted addresses share, or that are accounts of the system.

    Of applications whose CA signs for SSH alone, and once for all that use the same policies.
    """
    if not any(_is_risky(name, them) for name, them in by_principal(_stated(declared)).items()):
        return
    alike: dict[tuple[str, ...], list[Wanted]] = {}
    rules = _Rules({item.address: item for item in declared.wanted})
    for application in _with_ca(declared, kinds):
        policies = application.values.get("policies") or ()
        named = tuple(map(_alike, policies))
        alike.setdefault(named, []).append(application)
    for applications in alike.values():
        found = by_principal(rules.admitted(applications[0].values.get("policies") or ()).addresses)
        shared = {name: them for name, them in found.items() if len(them) > 1}
        system = {name: them for name, them in found.items() if name in SYSTEM_NAMES}
        if not any(_is_risky(name, them) for name, them in found.items()):
            continue
        hosts = [it for it in applications if _serves_ssh(it, declared, kinds)]
        if hosts:
            yield from _warnings(hosts, shared, system)


def _alike(policy: object) -> str:
    """What policies that admit the same people have in common; of live ones nothing is known."""
    if isinstance(policy, Ref):
        return str(policy.to)
    return str(policy) if isinstance(policy, Mapping) else ""


def _stated(declared: Declared) -> Iterator[str]:
    """Every address of the files, whatever is said of it; most files have no risky one."""
    for item in declared.wanted:
        policies = (it for it in item.values.get("policies") or () if isinstance(it, Mapping))
        for values in (item.values, *policies):
            for rule in values.get("include") or ():
                yield from map(str, _listed(rule[_EMAIL])) if _EMAIL in rule else ()


def _is_risky(name: str, addresses: Sequence[str]) -> bool:
    return len(addresses) > 1 or name in SYSTEM_NAMES


def _with_ca(declared: Declared, kinds: Kinds) -> Iterator[Wanted]:
    keys = declared.of(kinds.of_host(HostPart.CA_KEY).name)
    signing = {to.to for key in keys if isinstance(to := key.values.get("application"), Ref)}
    if signing:
        kind = kinds.of_host(HostPart.APPLICATION).name
        yield from (item for item in declared.of(kind) if item.address in signing)


def _serves_ssh(application: Wanted, declared: Declared, kinds: Kinds) -> bool:
    """Whether a rule of the files leads one of its names to sshd."""
    names = kinds[application.address.kind].hosts(application.address.key, application.values)
    for tunnel in declared.of(kinds.of_host(HostPart.TUNNEL).name):
        for rule in tunnel.values.get("ingress") or ():
            service = str(rule.get("service") or "")
            host = to_ascii(str(rule.get("hostname") or "*"))
            is_ssh = service.startswith("ssh://") or service == "bastion"
            bastion = bool((rule.get("origin_request") or {}).get("bastion_mode"))
            if (is_ssh or bastion) and any(access_covers(name, host) for name in names):
                return True
    return False


def _warnings(
    applications: Sequence[Wanted],
    shared: Mapping[str, Sequence[str]],
    system: Mapping[str, Sequence[str]],
) -> Iterator[Problem]:
    first = applications[0]
    more = f" and {len(applications) - 1} more" if len(applications) > 1 else ""
    about = f"{first.address.key}{more}"
    if shared:
        named = "; ".join(f"{' and '.join(them)} as {name}" for name, them in _few(shared))
        yield warning(
            Code.PRINCIPAL_COLLISION,
            f"{about}: several people log in to one account, for certificates hold no domain: "
            f"{named}{_rest(shared)}",
            first.where,
            "admit one of them, or silence it where they are one person",
        )
    if system:
        named = "; ".join(f"{' and '.join(them)} as {name}" for name, them in _few(system))
        yield warning(
            Code.SYSTEM_PRINCIPAL,
            f"{about}: certificates open accounts of the system: {named}{_rest(system)}",
            first.where,
            "use other addresses, or silence it where it is meant",
        )


def _few(found: Mapping[str, Sequence[str]]) -> Iterable[tuple[str, Sequence[str]]]:
    return [*found.items()][:_MOST]


def _rest(found: Mapping[str, Sequence[str]]) -> str:
    return f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
