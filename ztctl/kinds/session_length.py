"""How long a login by a policy lasts, where the policy does not say.

The service gives such a policy 24 hours, and the policy's session goes before the application's
(Terraform provider guide and pull request 7221 by Cloudflare, June 2026; OpenAPI description). The
file means the application's: so it is written into the policy where all applications that use the
policy agree. Whether ``null`` or an empty text would say so is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.values import Ref
from ztctl.kinds.common import APPLICATION

SESSION = "session_duration"
DEFAULT = "24h"
# Decisions by which somebody gets a session.
GIVES_ONE = ("allow", "non_identity")


def session_of(policy: Wanted, live: Live | None, ledger: Ledger) -> str | None:
    """The session to write into a policy; ``None``: what the file states, or nothing.

    Applications of others that use the live policy count as well.
    """
    if not _is_silent(policy):
        return None
    own = _asked(policy, ledger.wanted_of(APPLICATION))
    others = {it.name or it.id: _session(it) for it in _foreign_users(live, ledger)}
    found = {*own.values(), *others.values()}
    if not found:
        return None
    if len(found) > 1 and len({*own.values()}) < 2:
        ledger.add_problem(_differ(policy, {**own, **others}))
    session = found.pop() if len(found) == 1 else DEFAULT
    # Where none is live, the application's counts, and nothing has to be written for that.
    follows = live is not None and not live.values.get(SESSION) and session == DEFAULT
    return None if follows else session


def _foreign_users(live: Live | None, ledger: Ledger) -> Iterator[Live]:
    """Applications that use a live policy, of which the file says nothing, and which stay."""
    places = {place for it in ledger.wanted_of(APPLICATION) for place in _places(it)}
    claims = {it.claim.id for it in ledger.wanted_of(APPLICATION) if it.claim is not None}
    for user in ledger.users_of(live) if live is not None else ():
        stays = user.kind == APPLICATION and not user.belongs_to(ledger.stack)
        if stays and user.id not in claims and not places.intersection(_places(user)):
            yield user


def _places(application: Wanted | Live) -> Iterable[str]:
    from ztctl.kinds.destinations import public

    return public(application.values.get("destinations"))


def _session(application: Wanted | Live) -> str:
    return str(application.values.get(SESSION) or DEFAULT)


def _is_silent(policy: Wanted) -> bool:
    return policy.values.get(SESSION) is None and policy.values.get("decision") in GIVES_ONE


def _asked(policy: Wanted, applications: Iterable[Wanted]) -> dict[str, str]:
    """The sessions of the applications that use a policy, by their keys."""
    return {
        it.address.key: _session(it)
        for it in applications
        if any(isinstance(used, Ref) and used.to == policy.address for used in _policies(it))
    }


def _policies(application: Wanted) -> Iterable[Any]:
    return application.values.get("policies") or ()


def session_warnings(declared: Declared) -> Iterator[Problem]:
    """Warn of policies that would have to give several sessions, and of those that go before."""
    applications = list(declared.of(APPLICATION))
    policies = {it.address: it for it in declared.of("access_policy")}
    for policy in policies.values():
        own = _asked(policy, applications)
        if _is_silent(policy) and len({*own.values()}) > 1:
            yield _differ(policy, own)
    for application in applications:
        used = [_used(it, policies) for it in _policies(application)]
        yield from _shadowed(application, [it for it in used if it is not None])


def _used(item: Any, policies: Mapping[Any, Wanted]) -> tuple[str, Values] | None:
    """The name and values of a policy of the files, or of one that the application has."""
    if isinstance(item, Mapping):
        return str(item.get("name")), item
    found = policies.get(item.to) if isinstance(item, Ref) else None
    return (found.address.key, found.values) if found is not None else None


def _shadowed(application: Wanted, policies: Iterable[tuple[str, Values]]) -> Iterator[Problem]:
    """Warn of a session that none of the application's policies gives.

    Its fields hold the default where the file states none, so that of the default nobody is told.
    """
    asked = _session(application)
    giving = ((name, it) for name, it in policies if it.get("decision") in GIVES_ONE)
    given = {name: it.get(SESSION) or asked for name, it in giving}
    if asked != DEFAULT and given and asked not in given.values():
        shown = " and ".join(f"policy {name} gives {session}" for name, session in given.items())
        yield warning(
            Code.SESSION_SHADOWED,
            f"asked for {asked}, and {shown}, which wins",
            application.where,
            f"take `{SESSION}` out here, or use a policy that gives {asked}",
            about=application.address.key,
        )


def _differ(policy: Wanted, sessions: Mapping[str, str]) -> Problem:
    shown = ", ".join(f"{name} {session}" for name, session in sorted(sessions.items()))
    return warning(
        Code.SESSIONS_DIFFER,
        f"{policy.address} states no `{SESSION}`, and its applications differ ({shown}): the "
        f"service takes {DEFAULT} for all of them",
        policy.where,
        f"state `{SESSION}` at the policy, or use a policy for each",
    )
