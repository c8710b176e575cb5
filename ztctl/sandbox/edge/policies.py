"""Evaluation of an application's policies for a visitor.

Source: Cloudflare's documentation of policies: Bypass and Service Auth first, in their order, then
Allow and Block in theirs, and the first match decides; include is any of, require all of, exclude
none of; a visitor that matches no policy is refused; Bypass evaluates no identity and issues no
token; Service Auth requires no login. ssh-workflow (cloudflared 2026.8.2): a service token that
only an Allow policy names is redirected to the login. Official Python SDK:
`strict_service_token_auth`, `service_auth_401_redirect`, `options_preflight_bypass`. Recorded
reports: a token that no Service Auth policy accepts is answered 302. Unrecorded: that a Block is
not evaluated before the login, which of 401 and 403 a strict organisation answers (here 403 to a
valid token, 401 to others), that a login by a method that `allowed_idps` does not list is
redirected to the login again, cycles of groups (never true here).
Not emulated: approvals, purpose justification, isolation, second factors: they count as fulfilled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Literal

from ztctl.sandbox.edge.foreign import as_texts
from ztctl.sandbox.edge.replica import Replica
from ztctl.sandbox.edge.rules import Rules
from ztctl.sandbox.edge.selectors import facts_of
from ztctl.sandbox.edge.values import Visitor
from ztctl.sandbox.messages import Object
from ztctl.sandbox.state import Clock

BEFORE_LOGIN = ("bypass", "non_identity")
AFTER_LOGIN = ("allow", "deny")


@dataclass(frozen=True, slots=True)
class Ruling:
    """Access's decision. `audience` is the `aud` of the issued token; None: there is none."""

    outcome: Literal["enter", "login", "blocked"]
    status: int
    reason: str
    policy: str | None = None
    audience: str | None = None


class Policies:
    """The policies, groups and service tokens that have reached the edge."""

    def __init__(self, replica: Replica, clock: Clock) -> None:
        self._replica = replica
        self._clock = clock
        self._rules = Rules(replica)
        self._tokens: dict[str, str] = {}
        replica.follow("service_token", self._follow_token)

    def ruling(self, app: Object, visitor: Visitor, method: str = "GET") -> Ruling:
        """Evaluate an application's policies for a visitor."""
        if method == "OPTIONS" and app.get("options_preflight_bypass"):
            return Ruling("enter", 200, "OPTIONS requests bypass the application")
        policies = list(self._attached(app))
        before = [policy for policy in policies if policy["decision"] in BEFORE_LOGIN]
        token = self._valid_token(visitor)
        policy = self._first_before_login(before, visitor, token) if before else None
        if policy is not None:
            audience = app["aud"] if policy["decision"] == "non_identity" else None
            return Ruling("enter", 200, _reason(policy), policy["id"], audience)
        after = [policy for policy in policies if policy["decision"] in AFTER_LOGIN]
        if visitor.email is None or not _is_allowed_login(app, visitor):
            return self._unidentified(app, visitor, token, before, after)
        return self._decided(app, visitor, after)

    def _first_before_login(
        self, policies: Iterable[Object], visitor: Visitor, token: str | None
    ) -> Object | None:
        # There is no identity before the login, and only Service Auth evaluates service tokens.
        facts = {"bypass": facts_of(visitor), "non_identity": facts_of(visitor, token=token)}
        return self._rules.first(policies, facts)

    def _decided(self, app: Object, visitor: Visitor, after: Iterable[Object]) -> Ruling:
        facts = facts_of(visitor, identified=True)
        policy = self._rules.first(after, dict.fromkeys(AFTER_LOGIN, facts))
        if policy is None:
            return Ruling("blocked", 403, "no policy of the application lets the visitor in")
        if policy["decision"] == "deny":
            return Ruling("blocked", 403, _reason(policy), policy["id"])
        return Ruling("enter", 200, _reason(policy), policy["id"], app["aud"])

    def _unidentified(
        self,
        app: Object,
        visitor: Visitor,
        token: str | None,
        before: Iterable[Object],
        after: Iterable[Object],
    ) -> Ruling:
        if not after:
            status = 401 if _answers_401(app, before) else 403
            return Ruling("blocked", status, "no policy of the application lets the visitor in")
        if visitor.service_token is not None and self._is_strict():
            status = 401 if token is None else 403
            return Ruling("blocked", status, "no Service Auth policy takes the service token")
        if _answers_401(app, before):
            return Ruling("blocked", 401, "no Service Auth policy lets the visitor in")
        return Ruling("login", 302, "the visitor has to log in")

    def _attached(self, app: Object) -> Iterator[Object]:
        for link in sorted(app["policies"], key=_precedence):
            policy = self._replica.get("policy", link["id"])
            if policy is not None:
                yield policy

    def _is_strict(self) -> bool:
        organisations = self._replica.all("organization")
        return any(one.get("strict_service_token_auth") for one in organisations)

    def _valid_token(self, visitor: Visitor) -> str | None:
        """The id of the visitor's service token if its secret is right and it has not expired."""
        if visitor.service_token is None:
            return None
        client, secret = visitor.service_token
        token = self._replica.get("service_token", self._tokens.get(client, ""))
        if token is None or not any(_is_secret(one, secret) for one in self._secrets(token)):
            return None
        end = token.get("expires_at")
        expired = end is not None and datetime.fromisoformat(end) <= self._clock()
        return None if expired else str(token["id"])

    def _secrets(self, token: Object) -> list[Object]:
        """Objects with a valid secret: the token, and until it ends the one before a rotation."""
        end = token.get("previous_client_secret_expires_at")
        overlapping = end is not None and self._clock() < datetime.fromisoformat(end)
        return [token, token.get("previous") or {}] if overlapping else [token]

    def _follow_token(self, key: str, old: Object | None, new: Object | None) -> None:
        if old is not None:
            self._tokens.pop(old["client_id"], None)
        if new is not None:
            self._tokens[new["client_id"]] = key


def _precedence(link: Object) -> int:
    return int(link["precedence"])


def _is_allowed_login(app: Object, visitor: Visitor) -> bool:
    allowed = as_texts(app.get("allowed_idps"))
    return not allowed or visitor.login_method in allowed


def _answers_401(app: Object, before: Iterable[Object]) -> bool:
    service = any(policy["decision"] == "non_identity" for policy in before)
    return service and bool(app.get("service_auth_401_redirect"))


def _is_secret(token: Object, secret: str) -> bool:
    known = token.get("secret")
    return isinstance(known, str) and compare_digest(known.encode(), secret.encode())


def _reason(policy: Object) -> str:
    return f"policy {policy['name']!r} ({policy['decision']}) matches"
