"""Who goes there: strangers, and somebody for every selector that occurs in policies and groups.

A guest is a set of rule elements that are true of them, in the API's own spelling. For each policy
there are guests who pass it, who lack what it requires, and who are excluded.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from ztctl.sandbox.edge.selectors import IDENTITY
from ztctl.sandbox.edge.values import Visitor

Object = Mapping[str, Any]
Facts = frozenset[str]
Ways = list[Facts]
Tokens = Mapping[str, tuple[str, str]]

STRANGER = "a stranger"
# Anybody has some account somewhere.
LOGGED_IN = f"{STRANGER} who logged in"
SOMEBODY = "guest@nowhere.invalid"
# Addresses of the open internet, in every quarter of it; no test gives one of them to anybody.
STRANGERS: Mapping[str, Visitor] = {
    f"{STRANGER} at {address} in {country}": Visitor(address=address, country=country)
    for address, country in (
        ("8.8.4.4", "US"),
        ("93.184.216.34", "DE"),
        ("177.37.0.1", "BR"),
        ("222.122.0.1", "KR"),
        ("2600:1f18::7", "US"),
        ("2a01:e0a::1", "FR"),
        ("45.95.0.9", "T1"),
    )
} | {LOGGED_IN: Visitor("8.8.4.4", "ZZ", SOMEBODY)}
_MOST = 24
_MIXED = 4
_EMPTY: Facts = frozenset()


class Rules:
    """The rule lists of groups, by id."""

    def __init__(self, groups: Mapping[str, Object]) -> None:
        self._groups = groups

    def guests(self, policy: Object) -> set[Facts]:
        """Those who pass a policy, and those who nearly do."""
        whole, parts = self._passing(policy, ()), self._parts(policy)
        excluded = self._any(policy.get("exclude"), ())[:_MIXED]
        return {*whole, *parts, *(one | two for one in whole[:_MIXED] for two in excluded)}

    def passing(self, policy: Object) -> Ways:
        """Those who pass a policy."""
        return self._passing(policy, ())

    def countries(self, policy: Object) -> set[str]:
        """Every country that a policy or its groups name."""
        texts = {text for facts in self.guests(policy) for text in facts}
        return {
            str(inner["country_code"]) for text in texts for inner in [_inner(text, "geo")] if inner
        }

    def _passing(self, lists: Object, above: tuple[str, ...]) -> Ways:
        needed = [self._one(element, above) for element in lists.get("require") or ()]
        # Of the ways to meet several demands, each way of each at least once.
        most = max((len(ways) for ways in needed), default=1)
        picks = [
            _EMPTY.union(*(ways[place % len(ways)] for ways in needed if ways))
            for place in range(min(most, _MOST))
        ]
        included = self._any(lists.get("include"), above)
        return [one | two for one, two in product(included, picks)][:_MOST]

    def _parts(self, lists: Object) -> Ways:
        return self._any(lists.get("include"), ()) + self._any(lists.get("require"), ())

    def _any(self, elements: Any, above: tuple[str, ...]) -> Ways:
        return [facts for element in elements or () for facts in self._one(element, above)]

    def _one(self, element: Object, above: tuple[str, ...]) -> Ways:
        key = str((element.get("group") or {}).get("id", ""))
        if not key:
            return [frozenset({json.dumps(element, sort_keys=True)})]
        group = self._groups.get(key)
        return [] if group is None or key in above else self._passing(group, (*above, key))


def mixed(passing: Iterable[Ways], denied: Iterable[Ways]) -> set[Facts]:
    """Those who pass one policy and are meant by a denial."""
    return {
        one | two
        for ways in passing
        for one in ways[:_MIXED]
        for others in denied
        for two in others[:_MIXED]
    }


def visitors(facts: Facts, tokens: Tokens, providers: Iterable[str]) -> Iterator[Visitor]:
    """The people of whom these elements are true: logged in by each provider, and not at all."""
    made = _visitor(facts, tokens)
    if made is None:
        return
    if not any(next(iter(json.loads(text))) in IDENTITY for text in facts):
        yield Visitor(**{**made, "email": None})
    known = {"email": SOMEBODY, **made}
    yield Visitor(**known)
    if "login_method" not in known:
        for provider in providers:
            yield Visitor(**known, login_method=provider)


def _visitor(facts: Facts, tokens: Tokens) -> dict[str, Any] | None:
    """What is true of such a visitor; ``None`` where two elements contradict each other."""
    made: dict[str, Any] = {"holds": ()}
    for text in sorted(facts):
        ((key, inner),) = json.loads(text).items()
        if not _take(made, key, inner, tokens):
            return None
    made.setdefault("address", "8.8.4.4")
    made.setdefault("country", "ZZ")
    return made


def _take(made: dict[str, Any], key: str, inner: Any, tokens: Tokens) -> bool:
    match key:
        case "everyone":
            return True
        case "email" if "email" not in made:
            made["email"] = inner["email"]
        case "email_domain" if "email" not in made:
            made["email"] = f"guest@{inner['domain']}"
        case "geo":
            return bool(made.setdefault("country", inner["country_code"]) == inner["country_code"])
        case "ip":
            return _placed(made, ipaddress.ip_network(inner["ip"], strict=False))
        case "login_method":
            return bool(made.setdefault("login_method", inner["id"]) == inner["id"])
        case "service_token" | "any_valid_service_token":
            wanted = inner.get("token_id") or next(iter(tokens), "")
            found = tokens.get(wanted)
            return found is not None and made.setdefault("service_token", found) == found
        case _:
            made["holds"] = (*made["holds"], {key: inner})
    return True


def _placed(made: dict[str, Any], network: Any) -> bool:
    known = made.setdefault("address", str(network[network.num_addresses // 2]))
    return ipaddress.ip_address(known) in network


def _inner(text: str, key: str) -> Any:
    return json.loads(text).get(key)
