"""Protection by the connector (``originRequest.access``): which rules get it, which audience.

A request passes the most specific application of its host name. The audience of a rule must hold
every application that can be the most specific one for a name that the rule serves; otherwise the
connector denies users whom Access admitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.names import access_may_cover
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.values import Lookup, Ref
from ztctl.kinds.common import ACCESS_ORG, APPLICATION
from ztctl.kinds.destinations import public_hosts, public_paths
from ztctl.kinds.ingress import is_origin, pattern_of

_READ = f"{ACCESS_ORG} · Read"


def with_access(
    rule: Mapping[str, Any], choice: bool | None, tunnel: Wanted, ledger: Ledger
) -> Mapping[str, Any]:
    """Add ``origin_request.access`` to a rule: as stated, else if an application covers its name.

    By default it is off where an application admits requests without a token (a Bypass policy,
    preflight requests, or overrides that the file states): the connector would deny what Access
    admits.

    Args:
        rule: canonical ingress rule.
        choice: the rule's ``access:`` in the file; ``None`` if not stated.
        tunnel: the wanted tunnel, named in problems.
        ledger: supplies applications and the team name; collects problems.
    """
    settings = rule.get("origin_request") or {}
    if written := settings.get("access"):
        stated = {**settings, "access": _with_spares(written, ledger)}
        return {**rule, "origin_request": with_team(stated, tunnel, ledger)}
    if choice is False or not is_origin(rule):
        return rule
    name = pattern_of(rule)
    wanted = ledger.wanted_about(APPLICATION, name)
    applications = [application for application in wanted if _decides(application, name)]
    if choice is None and (not applications or any(_bypassed(app, ledger) for app in applications)):
        return rule
    own = (
        Ref(address, "aud")
        for application in applications
        for address in (application.address, *_spares(application.address, ledger))
    )
    audience = [*own, *_foreign_audience(name, ledger)]
    if not audience:
        ledger.add_problem(
            Problem(
                f"{tunnel.address}: no application decides for {name}, so that nobody could pass "
                "`access: true`",
                tunnel.where,
                "declare an application for the name, or write `access: false`",
            )
        )
    access = {"required": True, "team_name": _team(tunnel, ledger), "aud_tag": audience}
    return {**rule, "origin_request": {**settings, "access": access}}


def with_team(settings: Any, tunnel: Wanted, ledger: Ledger) -> Any:
    """Fill in the team's name where ``access`` is written out: audiences alone are refused."""
    written = settings.get("access") if isinstance(settings, Mapping) else None
    if not written:
        return settings
    team = written.get("team_name") or _team(tunnel, ledger)
    return {**settings, "access": {**written, "team_name": team}}


def _decides(application: Wanted | Live, name: str) -> bool:
    hosts = public_hosts(application.values.get("destinations"))
    return any(access_may_cover(host, name) for host in hosts)


def _spares(application: Address, ledger: Ledger) -> Iterator[Address]:
    """What takes over the names of an application, or had them, while its CA is rotated."""
    for other in ledger.wanted_of(APPLICATION):
        if other.rotates == application:
            yield other.address


def _with_spares(access: Mapping[str, Any], ledger: Ledger) -> Mapping[str, Any]:
    """The written settings; an audience that is an application of the files has its spare, too."""
    stated = access.get("aud_tag") or ()
    refs = (it for it in stated if isinstance(it, Ref))
    more = [replace(it, to=spare) for it in refs for spare in _spares(it.to, ledger)]
    return {**access, "aud_tag": [*stated, *more]} if more else access


def _foreign_audience(name: str, ledger: Ledger) -> Iterator[str]:
    for live in ledger.live_about(APPLICATION, name):
        if not ledger.is_own(live) and live.attribute("aud") and _decides(live, name):
            yield str(live.attribute("aud"))


def _bypassed(application: Wanted, ledger: Ledger) -> bool:
    destinations = application.values.get("destinations")
    stated = application.values.get("options_preflight_bypass") or [*public_paths(destinations)]
    return bool(stated) or any(
        _decision(policy, ledger) == "bypass" for policy in application.values.get("policies") or ()
    )


def _decision(policy: Any, ledger: Ledger) -> Any:
    if isinstance(policy, Mapping):
        return policy.get("decision")
    if isinstance(policy, Ref):
        declared: Iterator[Wanted | Live] = (
            item for item in ledger.wanted_of(policy.to.kind) if item.address == policy.to
        )
    else:
        key = policy.name if isinstance(policy, Lookup) else policy
        declared = (live for live in ledger.live_of("access_policy") if key in (live.id, live.name))
    return next((item.values.get("decision") for item in declared), None)


def _team(tunnel: Wanted, ledger: Ledger) -> str | None:
    if ledger.team is not None:
        return ledger.team
    for live in ledger.live_of("organization"):
        if live.attribute("team"):
            return str(live.attribute("team"))
    why, way = "the token cannot read the organisation", f"give the token {_READ!r}, or "
    for live in ledger.live_of("organization"):
        why, way = f"the organisation's login domain {live.id!r} does not hold it", ""
    ledger.add_problem(
        Problem(
            f"{tunnel.address}: the connector's Access check needs the Zero Trust team's name, and "
            f"{why}",
            tunnel.where,
            f"{way}write `team: NAME` at the top of the file, or `access: false` on the rule",
        )
    )
    return None
