"""Validation of an application's fields, and of domains that other applications have.

Two applications cannot have the same domain (API error 11010), so that a domain is removed from
one application before another one gets it. Meanwhile none covers it: that is announced as an
interruption, and refused if the host would be open.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from operator import attrgetter
from typing import Any

from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Proposal
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Values, Wanted
from ztctl.core.model.plan import Action, Change, Refusal
from ztctl.core.model.values import Lookup, Ref
from ztctl.kinds.common import failed_check, text_of
from ztctl.kinds.destinations import check_uri, public
from ztctl.kinds.own_policies import own_policies
from ztctl.kinds.rules import contradictions

# Public domains an application may have (Cloudflare documentation, account limits).
MOST_DOMAINS = 5
# Characters of a tag's name (the same source).
LONGEST_TAG = 35
# Applications that protect a host. A bookmark, for example, has a domain but protects nothing, and
# takes none away (Cloudflare OpenAPI description, July 2026).
GUARDING_TYPES = frozenset({"self_hosted", "ssh", "vnc", "rdp"})


def guards(values: Values) -> bool:
    """Whether an application of these canonical values stands in front of its destinations."""
    kind = values.get("type", "self_hosted")
    return isinstance(kind, str) and kind in GUARDING_TYPES


def mistakes(wanted: Wanted) -> Iterator[Problem]:
    """Report policies listed twice, bad or too many domains, settings that exclude each other."""
    yield from attached_twice(wanted, _named)
    values = wanted.values
    domains = public(values["destinations"])
    if len(domains) > MOST_DOMAINS:
        yield Problem(
            f"{wanted.address} has {len(domains)} domains; the service takes {MOST_DOMAINS}",
            wanted.where,
            "share the names out over several applications, or use a wildcard",
        )
    if wanted.local.get("public") and not domains:
        text = f"{wanted.address} states that its hosts are public, and has none"
        yield Problem(text, wanted.where, "take `public` out, or name a host in `destinations`")
    for item in sorted({item for item in domains if domains.count(item) > 1}):
        text = f"{wanted.address} names the destination {item} twice"
        yield Problem(text, wanted.where, "drop one of them")
    for item in domains:
        yield from _no_domain(item, wanted)
    yield from _tag_mistakes(wanted)
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


def shut_applications(declared: Declared) -> Iterator[Problem]:
    """Warn of applications of whose policies none lets anybody in: live ones count as if they did.

    Access refuses whom no policy admits (Cloudflare documentation, Access policies).
    """
    policies = declared.of("access_policy")
    denying = {it.address for it in policies if it.values.get("decision") == "deny"}
    for wanted in declared.of("access_application"):
        used = wanted.values.get("policies") or ()
        if not all(_denies(it, denying) for it in used):
            continue
        why = "all of its policies deny" if used else "it has no policy"
        yield warning(
            Code.NO_ONE_ENTERS,
            f"{wanted.address} lets nobody in: {why}",
            wanted.where,
            "name a policy with the decision `allow`",
        )


def _denies(policy: Any, denying: Container[Any]) -> bool:
    if isinstance(policy, Mapping):
        return policy.get("decision") == "deny"
    return isinstance(policy, Ref) and policy.to in denying


def attached_twice(wanted: Wanted, id_of: Callable[[Any], Any]) -> Iterator[Problem]:
    """Report policies that an application lists twice, which the API refuses (error 12130).

    ``id_of`` gives what two references to the same policy have in common; ``None`` for nothing.
    """
    seen: set[Any] = set()
    for item in wanted.values.get("policies") or ():
        found = id_of(item)
        if found in seen:
            yield Problem(
                f"{wanted.address} lists the policy {_label(item)!r} twice",
                getattr(item, "where", None) or wanted.where,
                "two own ones of one name are told apart by `id`"
                if isinstance(item, Mapping)
                else "the first one decides: drop the other",
            )
        elif found is not None:
            seen.add(found)


def _named(item: Any) -> Any:
    """What two own policies of one application must not have in common; else the reference."""
    return (item.get("id"), item["name"]) if isinstance(item, Mapping) else item


def _label(reference: Any) -> str:
    match reference:
        case Mapping():
            return str(reference["name"])
        case Ref():
            return reference.to.key
        case Lookup():
            return reference.name
        case _:
            return str(reference)


def _tag_mistakes(wanted: Wanted) -> Iterator[Problem]:
    for tag in wanted.values.get("tags") or ():
        # References to tags that the file states; a live one is there already.
        name = tag.to.key if isinstance(tag, Ref) else ""
        if len(name) > LONGEST_TAG:
            yield Problem(
                f"{wanted.address}: the tag {name!r} has {len(name)} characters; the service takes "
                f"{LONGEST_TAG}",
                wanted.where,
                "write a shorter one",
            )
        elif "." in name:
            yield warning(
                Code.DOTTED_TAG,
                f"the tag {name!r} holds a dot, and whether the service takes one is not known",
                wanted.where,
                "hyphens are known to be taken",
                about=str(wanted.address),
            )


def _no_domain(item: str, wanted: Wanted) -> Iterator[Problem]:
    """Report a domain that is none, as a key may be: fields were validated one by one."""
    if "." not in item.partition("/")[0] and "://" not in item:
        yield Problem(
            f"{wanted.address} needs a domain: {item!r} is none",
            wanted.where,
            "give it `domain:` or `destinations:`, or name it after its host",
        )
        return
    yield from failed_check(check_uri, item, wanted, "; or give it `domain:` or `destinations:`")


def destination_conflicts(change: Change, proposal: Proposal) -> Iterator[Refusal]:
    """Refuse domains of applications that this plan does not change: the API would, too.

    Those that guard nothing have no domain in that sense.
    """
    if change.action is Action.DELETE:
        return
    wanted = {*public(change.written.get("destinations"))}
    foreign = proposal.untouched.get(change.address.kind, ())
    for other in filter(attrgetter("is_matchable"), foreign):
        for name in sorted(wanted.intersection(public(other.values.get("destinations")))):
            yield Refusal(
                change.address,
                f"{name} belongs to the application {other.name!r} ({other.id}): "
                "take it out there first",
            )


def own_policy_refusals(change: Change, proposal: Proposal) -> Iterator[Refusal]:
    """Refuse own policies that admit nobody, and to delete an application that has some in use."""
    for item in change.after.get("policies") or () if change.action is not Action.DELETE else ():
        if isinstance(item, Mapping) and item.get("decision") != "deny":
            for why in contradictions(item):
                text = f"its own policy {item.get('name')!r} would admit nobody: {why}"
                yield Refusal(change.address, text)
    if change.live is None or change.action not in (Action.DELETE, Action.REPLACE):
        return
    policies = (it for it in proposal.changes if it.address.kind == "access_policy")
    for other in policies:
        if other.live is not None and other.live.owner == change.live.id:
            text = (
                f"{other.address} takes over a policy of its own, which would go with it: apply "
                "that first"
            )
            yield Refusal(change.address, text)
    own = [text_of(it, "name") for it in own_policies(change.live.raw)]
    if own and change.action is Action.REPLACE:
        text = f"its own policies would go with it: {', '.join(map(repr, own))}; declare them first"
        yield Refusal(change.address, text)
