"""Include, require, exclude: of policies and of groups, these nested as deep as anybody likes.

Source: Cloudflare's documentation of rule types: include is any of (and nobody where it is
empty), require is all of, exclude is none of; a group is such a set of rules itself.
Unrecorded: groups in a cycle, which the API refuses: a group that needs itself is true of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ztctl.sandbox.edge.foreign import tables
from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.edge.selectors import Elements, Facts, read
from ztctl.sandbox.messages import Object

Known = dict[str, bool]


@dataclass(frozen=True, slots=True)
class Members:
    """Whom three rule lists are about."""

    include: Elements
    require: tuple[Elements, ...]
    exclude: Elements

    @property
    def groups(self) -> Iterable[str]:
        """The groups that they refer to."""
        for elements in (self.include, *self.require, self.exclude):
            yield from elements.groups

    def hold(self, facts: Facts, groups: Known) -> bool:
        """Whether a visitor is one of them; a group that is not known is true of nobody."""
        return (
            _any(self.include, facts, groups)
            and all(_any(one, facts, groups) for one in self.require)
            and not _any(self.exclude, facts, groups)
        )


NOBODY = Members(read(()), (), read(()))


class Rules:
    """The rules of policies and groups, each read once."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._policies: dict[str, Members] = {}
        self._groups: dict[str, Members] = {}
        replica.follow("policy", lambda key, *_: self._forget(self._policies, key))
        replica.follow("access_group", lambda key, *_: self._forget(self._groups, key))

    def first(self, policies: Iterable[Object], facts: Mapping[str, Facts]) -> Object | None:
        """The first policy that matches, each by the facts that count for its decision."""
        known: dict[Facts, Known] = {}
        for policy in policies:
            true = facts[policy["decision"]]
            members = self._read(self._policies, policy)
            if members.hold(true, self._settled(members, true, known.setdefault(true, {}))):
                return policy
        return None

    def _settled(self, members: Members, facts: Facts, known: Known) -> Known:
        """Which groups hold; a stack of its own, as groups nest deeper than Python calls."""
        waiting, entered = list(members.groups), set[str]()
        while waiting:
            key = waiting[-1]
            group = self._group(key)
            inner = [one for one in group.groups if one not in known and one not in entered]
            if key not in known and key not in entered and inner:
                entered.add(key)
                waiting.extend(inner)
                continue
            waiting.pop()
            known.setdefault(key, group.hold(facts, known))
        return known

    def _group(self, key: str) -> Members:
        group = self._replica.get("access_group", key)
        return NOBODY if group is None else self._read(self._groups, group)

    @staticmethod
    def _read(shelf: dict[str, Members], one: Object) -> Members:
        members = shelf.get(one["id"])
        if members is None:
            members = shelf[one["id"]] = _members(one)
        return members

    @staticmethod
    def _forget(shelf: dict[str, Members], key: str) -> None:
        shelf.pop(key, None)


def _members(one: Object) -> Members:
    return Members(
        read(tables(one.get("include"))),
        tuple(read((element,)) for element in tables(one.get("require"))),
        read(tables(one.get("exclude"))),
    )


def _any(elements: Elements, facts: Facts, groups: Known) -> bool:
    return elements.direct(facts) or any(groups.get(key, False) for key in elements.groups)
