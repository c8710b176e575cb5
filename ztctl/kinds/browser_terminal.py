"""The terminal in the browser: what an application of the type ``ssh`` needs besides its type.

The service takes all of it, and the terminal then does not work, or not for whom it is meant
(Cloudflare docs, browser-rendered SSH: public host names without a path, Allow and Block alone,
shown in the App Launcher; that a bastion is out is inferred: a browser sends no destination).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.names import is_wildcard
from ztctl.core.model.objects import Wanted
from ztctl.core.model.values import Ref
from ztctl.kinds.destinations import public, public_hosts

_BASTION: Final = "bastion"
_OTHERS: Final = {"bypass": "Bypass", "non_identity": "Service Auth"}


def terminal_mistakes(declared: Declared) -> Iterator[Problem]:
    """Warn of what keeps the terminal of an application from working, once for each reason."""
    policies = {it.address: it.values.get("decision") for it in declared.of("access_policy")}
    bastions = {
        str(rule.get("hostname"))
        for tunnel in declared.of("tunnel")
        for rule in tunnel.values.get("ingress") or ()
        if rule.get("service") == _BASTION
    }
    for wanted in declared.of("access_application"):
        if wanted.values.get("type") != "ssh":
            continue
        for text, hint in _mistakes(wanted, bastions):
            yield _warning(wanted, text, hint)
        used = wanted.values.get("policies") or ()
        found = {policies.get(it.to): it.to.key for it in used if isinstance(it, Ref)}
        found |= {it.get("decision"): it["name"] for it in used if isinstance(it, Mapping)}
        for decision, name in _OTHERS.items():
            if decision in found:
                text = f"takes Allow and Block, and the policy {found[decision]!r} is {name}"
                yield _warning(wanted, text, "give that one to an application of its own")


def _mistakes(wanted: Wanted, bastions: set[str]) -> Iterator[tuple[str, str]]:
    places = public(wanted.values["destinations"])
    for place in (it for it in places if "/" in it):
        yield f"stands on a whole host name, not on {place}", "take the path out"
    for host in sorted(public_hosts(wanted.values["destinations"])):
        if is_wildcard(host):
            hint = "give each machine an application of its own"
            yield f"stands on one host name, not on {host}", hint
        if host in bastions:
            hint = "give the machine a rule of its own, such as ssh://10.0.0.5:22"
            yield f"sends no destination, and {host} leads to a bastion", hint
    if wanted.values.get("app_launcher_visible") is False:
        yield (
            "is found in the App Launcher, which does not show it",
            "take app_launcher_visible out",
        )


def _warning(wanted: Wanted, text: str, hint: str) -> Problem:
    text = f"its browser terminal {text}"
    return warning(Code.BROWSER_TERMINAL, text, wanted.where, hint, about=str(wanted.address))
