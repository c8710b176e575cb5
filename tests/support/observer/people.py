"""The people who may matter to an application: strangers, and whom its policies speak of."""

from __future__ import annotations

from tests.support.observer.guests import (
    LOGGED_IN,
    SOMEBODY,
    STRANGER,
    STRANGERS,
    Rules,
    mixed,
    visitors,
)
from tests.support.observer.places import Object
from ztctl.sandbox.edge.values import Visitor
from ztctl.sandbox.store import Store


class People:
    """The people who may matter to an application, made once a look."""

    def __init__(self, store: Store) -> None:
        groups = dict(store.items("access_group"))
        self._rules = Rules(groups)
        self._store = store
        self._tokens = {
            str(token["id"]): (str(token["client_id"]), str(token["secret"]))
            for _, token in store.items("service_token")
        }
        self._known: dict[frozenset[str], dict[str, Visitor]] = {}

    def about(self, apps: set[str]) -> dict[str, Visitor]:
        """Strangers, and whoever the policies of these applications speak of."""
        key = frozenset(apps)
        if key not in self._known:
            self._known[key] = self._made(apps)
        return self._known[key]

    def _made(self, apps: set[str]) -> dict[str, Visitor]:
        found = [app for key in apps if (app := self._store.get("app", key)) is not None]
        policies = [
            policy
            for app in found
            for key in attached(app)
            if (policy := self._store.get("policy", key)) is not None
        ]
        people = dict(STRANGERS)
        for country in sorted(set[str]().union(*map(self._rules.countries, policies))):
            people[f"{STRANGER} in {country}"] = Visitor("8.8.4.4", country)
        providers = sorted({item for app in found for item in app.get("allowed_idps") or ()})
        facts_of_all = self._facts(policies)
        if providers or any('"login_method"' in text for facts in facts_of_all for text in facts):
            providers = [key for key, _ in self._store.items("identity_provider")]
        for key in providers:
            people[f"{LOGGED_IN} by {key}"] = Visitor("8.8.4.4", "ZZ", SOMEBODY, key)
        for facts in facts_of_all:
            for visitor in visitors(facts, self._tokens, providers):
                people[_label(visitor)] = visitor
        return people

    def _facts(self, policies: list[Object]) -> set[frozenset[str]]:
        denials = [one for one in policies if one["decision"] == "deny"]
        others = [one for one in policies if one["decision"] == "allow"]
        single = set[frozenset[str]]().union(*map(self._rules.guests, policies))
        return single | mixed(map(self._rules.passing, others), map(self._rules.passing, denials))


def _label(visitor: Visitor) -> str:
    token = visitor.service_token[0] if visitor.service_token else ""
    facts = (visitor.email, visitor.address, visitor.country, visitor.login_method, token)
    return " ".join(str(fact) for fact in (*facts, *visitor.holds) if fact)


def attached(app: Object) -> list[str]:
    """The ids of an application's policies."""
    return [str(link["id"]) for link in app["policies"]]
