"""Evaluation of include, require and exclude lists of policies and of nested groups.

Source: Cloudflare's documentation of rule types: include is any of (nobody if it is
empty), require is all of, exclude is none of; a group is such a set of rules itself.
Unrecorded: groups in a cycle, which the API refuses; here such a group matches nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ztctl.sandbox.edge.foreign import as_objects
from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.edge.selectors import Elements, Facts, read
from ztctl.sandbox.messages import Object

Known = dict[str, bool]


@dataclass(frozen=True, slots=True)
class Members:
    """The parsed rule lists of a policy or group."""

    include: Elements
    require: tuple[Elements, ...]
    exclude: Elements

    @property
    def groups(self) -> Iterable[str]:
        """Ids of the referenced groups."""
        for elements in (self.include, *self.require, self.exclude):
            yield from elements.groups

    def match(self, facts: Facts, groups: Known) -> bool:
        """Whether a visitor matches; `groups` are results by id, a missing one is false."""
        return (
            _any(self.include, facts, groups)
            and all(_any(one, facts, groups) for one in self.require)
            and not _any(self.exclude, facts, groups)
        )


NOBODY = Members(read(()), (), read(()))


class Rules:
    """The parsed rules of policies and groups, cached until an object changes."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._policies: dict[str, Members] = {}
        self._groups: dict[str, Members] = {}
        replica.follow("policy", lambda key, *_: self._forget(self._policies, key))
        replica.follow("access_group", lambda key, *_: self._forget(self._groups, key))

    def first(self, policies: Iterable[Object], facts: Mapping[str, Facts]) -> Object | None:
        """The first policy that matches; `facts` are by the policy's decision."""
        known: dict[Facts, Known] = {}
        for policy in policies:
            own = facts[policy["decision"]]
            members = self._read(self._policies, policy)
            if members.match(own, self._evaluated(members, own, known.setdefault(own, {}))):
                return policy
        return None

    def _evaluated(self, members: Members, facts: Facts, known: Known) -> Known:
        """Evaluate nested groups; iteratively, as they may nest deeper than Python recurses."""
        waiting, entered = list(members.groups), set[str]()
        while waiting:
            key = waiting[-1]
            group = self._group(key)
            inner = [one for one in group.groups if one not in known and one not in entered]
            if key not in known and key not in entered and inner:
                entered.add(key)
                waiting.extend(inner)
                continue
            # Members in a cycle are unknown at this point, and unknown groups match nobody.
            waiting.pop()
            known.setdefault(key, group.match(facts, known))
        return known

    def _group(self, key: str) -> Members:
        group = self._replica.get("access_group", key)
        return NOBODY if group is None else self._read(self._groups, group)

    @staticmethod
    def _read(cache: dict[str, Members], one: Object) -> Members:
        members = cache.get(one["id"])
        if members is None:
            members = cache[one["id"]] = _members(one)
        return members

    @staticmethod
    def _forget(cache: dict[str, Members], key: str) -> None:
        cache.pop(key, None)


def _members(one: Object) -> Members:
    return Members(
        read(as_objects(one.get("include"))),
        tuple(read((element,)) for element in as_objects(one.get("require"))),
        read(as_objects(one.get("exclude"))),
    )


def _any(elements: Elements, facts: Facts, groups: Known) -> bool:
    return elements.direct(facts) or any(groups.get(key, False) for key in elements.groups)
