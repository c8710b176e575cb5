"""What is wrong with an application's own fields, and with what it takes from others.

Two applications cannot have one domain at once (API error 11010), so that a domain which changes
hands is given up before it is taken. In between nobody decides for it: that is announced as an
interruption, and refused where the name would then be open.
"""

from __future__ import annotations

from collections.abc import Iterator

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Proposal
from ztctl.core.model.objects import Values, Wanted
from ztctl.core.model.plan import Action, Change, Refusal

# Public domains an application may have (Cloudflare documentation, account limits).
MOST_DOMAINS = 5


def mistakes(wanted: Wanted) -> Iterator[Problem]:
    """Domains that are none or too many, and settings that exclude each other."""
    values = wanted.values
    public = [item for item in values["destinations"] if isinstance(item, str)]
    if len(public) > MOST_DOMAINS:
        yield Problem(
            f"{wanted.address} has {len(public)} domains; the service takes {MOST_DOMAINS}",
            wanted.where,
            "share the names out over several applications, or use a wildcard",
        )
    for item in public:
        name = item.partition("/")[0]
        # A key that IDNA refuses is still in its own script.
        if "." not in name or not name.isascii():
            yield Problem(
                f"{wanted.address} needs a domain: {item!r} is none",
                wanted.where,
                "give it `domain:` or `destinations:`, or name it after its host",
            )
    if values["auto_redirect_to_identity"] and len(values["allowed_idps"]) != 1:
        yield Problem(
            f"{wanted.address} redirects to the identity provider, but does not name one",
            wanted.where,
            "auto_redirect_to_identity needs exactly one entry in allowed_idps",
        )
    if values["options_preflight_bypass"] and values.get("cors_headers"):
        yield Problem(
            f"{wanted.address} sets options_preflight_bypass and cors_headers, which exclude "
            "each other",
            wanted.where,
            "drop one of them",
        )


def _public(values: Values) -> frozenset[str]:
    return frozenset(item for item in values.get("destinations") or () if isinstance(item, str))


def taken(change: Change, proposal: Proposal) -> Iterator[Refusal]:
    """Destinations that somebody else's application has: the API would refuse them."""
    wanted = _public(change.written) if change.action is not Action.DELETE else frozenset()
    changing = {item.live.id for item in proposal.changes if item.live is not None}
    for other in proposal.live.get(change.address.kind, ()) if wanted else ():
        for name in sorted(wanted & _public(other.values)) if other.id not in changing else ():
            yield Refusal(
                change.address,
                f"{name} belongs to the application {other.name!r} ({other.id}): "
                "take it out there first",
            )
