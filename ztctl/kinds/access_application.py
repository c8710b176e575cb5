"""Access applications of the types ``self_hosted`` and ``ssh`` (the browser terminal).

``PUT`` replaces the whole application, but for ``policies``, which stay when they are left out:
they are always sent. Tags come back sorted, policies as whole objects in order of precedence, and
false booleans may be missing (Cloudflare OpenAPI description and Terraform provider v5, July
2026). No two applications may have the same domain (API error 11010).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances, allowed
from ztctl.core.model.calls import Call, Flow
from ztctl.core.model.canonical import canonical_fields, fields_of, live_references
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Alternative, Ask, Fields, Kind, Resolve, World, gone_is_done
from ztctl.core.model.markers import Default, Immutable, Local, RefersTo, Unordered
from ztctl.core.model.objects import Live, Mark, Values, Wanted
from ztctl.core.model.plan import Action, Change, Refusal, Step
from ztctl.core.model.values import Ref
from ztctl.kinds import destinations as places
from ztctl.kinds.access_policy import AccessPolicyFields, MfaConfig
from ztctl.kinds.application_checks import mistakes, taken
from ztctl.kinds.application_parts import attached_policies, primary, user_tags, whose
from ztctl.kinds.application_steps import restricted_first, update_steps
from ztctl.kinds.common import (
    ACCESS_APPS,
    Duration,
    Inside,
    Off,
    On,
    Protect,
    body_of,
    items,
    listing,
    objects,
    segment,
    text_of,
    written,
)
from ztctl.kinds.destinations import Place, Uri, public_hosts
from ztctl.kinds.rules import LISTS, rules_from_api
from ztctl.kinds.selectors import IDENTITY_PROVIDER
from ztctl.kinds.zone import complain_without_zone

if TYPE_CHECKING:
    from ztctl.core.model.facts import Fact

PATH = "/accounts/{account}/access/apps"
TAG = RefersTo("access_tag", attribute="name")


class CorsHeaders(Fields):
    """How browsers may call it from elsewhere."""

    allow_all_headers: Inside = None
    allow_all_methods: Inside = None
    allow_all_origins: Inside = None
    allow_credentials: Inside = None
    allowed_headers: Annotated[list[str] | None, Unordered()] = None
    allowed_methods: Annotated[list[str] | None, Unordered()] = None
    allowed_origins: Annotated[list[str] | None, Unordered()] = None
    max_age: Annotated[int | None, Field(ge=-1, le=86400)] = None


class AccessApplicationFields(Fields):
    """What stands in front of one or more host names. The key is the domain unless said so."""

    type: Annotated[Literal["self_hosted", "ssh"] | None, Default("self_hosted"), Immutable()] = (
        None
    )
    """`ssh` is the terminal in the browser."""
    domain: Annotated[Uri | None, Local()] = None
    """`host/path` without a scheme; the key when left out."""
    destinations: Annotated[list[Place] | None, Default(()), Unordered()] = None
    """All places it stands in front of; at most five public ones."""
    policies: Annotated[list[Annotated[Any, RefersTo("access_policy")]] | None, Default(())] = None
    """Policies of the file in order of precedence, or `{live: NAME}`."""
    session_duration: Annotated[Duration | None, Default("24h")] = None
    """How long a login lasts."""
    allowed_idps: Annotated[
        list[Annotated[Any, IDENTITY_PROVIDER]] | None, Default(()), Unordered()
    ] = None
    """Identity providers that may be used; all of the account's when left out."""
    auto_redirect_to_identity: Off = None
    app_launcher_visible: On = None
    logo_url: str | None = None
    custom_deny_message: str | None = None
    custom_deny_url: str | None = None
    custom_non_identity_deny_url: str | None = None
    custom_pages: Annotated[list[str] | None, Unordered()] = None
    enable_binding_cookie: Off = None
    http_only_cookie_attribute: On = None
    same_site_cookie_attribute: Literal["lax", "strict", "none"] | None = None
    path_cookie_attribute: Off = None
    eager_redirect_cookie_setting: On = None
    options_preflight_bypass: Off = None
    cors_headers: CorsHeaders | None = None
    service_auth_401_redirect: Off = None
    skip_interstitial: Off = None
    allow_iframe: Off = None
    allow_authenticate_via_warp: Off = None
    read_service_tokens_from_header: str | None = None
    use_clientless_isolation_app_launcher_url: Off = None
    mfa_config: MfaConfig | None = None
    tags: Annotated[list[Annotated[Any, TAG]] | None, Unordered()] = None
    """Further tags; made when they do not exist."""
    name: str | None = None
    """The exact live name, when it is not the key."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


_PLAIN = tuple(
    name
    for name in AccessApplicationFields.model_fields
    if name not in ("protect", "domain", "destinations", "policies", "type")
)


RULES = {name: fields_of(AccessPolicyFields)[name] for name in LISTS}


class AccessApplication(Kind):
    """A self-hosted Access application."""

    name = "access_application"
    section = "applications"
    title = "Access application"
    model = AccessApplicationFields
    limit = 500

    # -- the wanted side --------------------------------------------------------------------

    def fold(self, key: str, stated: Values) -> Values:
        """``domain``, ``destinations`` and the key are one list."""
        listed = list(stated.get("destinations") or ())
        domain = stated.get("domain")
        if domain is not None:
            listed.insert(0, domain)
        rest = {name: value for name, value in stated.items() if name != "domain"}
        return {**rest, "destinations": listed or [key]}

    def companions(self, wanted: Wanted, stack: str) -> tuple[Wanted, ...]:
        """The application, its mark's tag, and the tags that the file gives it."""
        given = [tag.to.key for tag in wanted.values.get("tags") or () if isinstance(tag, Ref)]
        names = (str(Mark(stack, wanted.protect)), *given)
        tags = (Wanted(Address("access_tag", name), {"name": name}) for name in names)
        return (*tags, wanted)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Domains that are no domains, too many, or declared twice; settings that exclude."""
        holders: dict[str, list[Wanted]] = defaultdict(list)
        for wanted in declared.wanted:
            if wanted.address.kind == self.name:
                yield from mistakes(wanted)
                for place in wanted.values["destinations"]:
                    if isinstance(place, str):
                        holders[place].append(wanted)
        for place, (first, *others) in holders.items():
            for other in others:
                yield Problem(
                    f"{other.address} has the domain {place}, which {first.address} has too",
                    other.where,
                    f"one application a domain; the other one is at {first.where}",
                )

    def hosts(self, values: Values) -> frozenset[str]:
        """The host names that the application stands in front of."""
        return public_hosts(values.get("destinations"))

    def own_words(self, wanted: Wanted) -> Iterator[str]:
        """The tags that the file gives."""
        tags = wanted.values.get("tags") or ()
        yield from (tag.to.key if isinstance(tag, Ref) else str(tag) for tag in tags)

    # -- identity ---------------------------------------------------------------------------

    def natural_keys(self, wanted: Wanted, world: World) -> frozenset[str]:
        """Its public destinations: no two applications may share one."""
        return frozenset(
            item for item in wanted.values["destinations"] or () if isinstance(item, str)
        )

    def live_keys(self, live: Live) -> frozenset[str]:
        """The public destinations of a live application."""
        places_ = live.values.get("destinations") or ()
        return frozenset(item for item in places_ if isinstance(item, str))

    def complete(self, wanted: Wanted, live: Live | None, world: World) -> Values:
        """Put the mark on, beside the tags that the file gives or that are there."""
        complain_without_zone(wanted, self.hosts(wanted.values), world)
        mark = Ref(Address("access_tag", str(Mark(world.stack, wanted.protect))), "name")
        kept = user_tags(live) if live is not None else []
        given = wanted.values["tags"] or [] if "tags" in wanted.values else kept
        return {
            **wanted.values,
            "name": self.live_name(wanted, world.stack),
            "tags": [*given, mark],
        }

    def unmarked(self, live: Live) -> Values:
        """The live values without any mark among the tags."""
        return {**live.values, "tags": user_tags(live)}

    def uses(self, live: Live) -> Iterator[tuple[str, str]]:
        """Policies and tags, and what the application's own policies refer to."""
        yield from super().uses(live)
        for policy in attached_policies(live.raw):
            if policy.get("reusable") is False:
                yield from live_references(RULES, canonical_fields(RULES, rules_from_api(policy)))

    def dropped_by_adoption(self, live: Live, world: World) -> tuple[str, ...]:
        """Policies that belong to the application alone vanish when it gets others."""
        return tuple(
            f"drops the application's own policy {name!r}"
            for name in live.attributes.get("inline", ())
        )

    def refusals(
        self,
        change: Change,
        changes: Sequence[Change],
        live: Mapping[str, tuple[Live, ...]],
        allowances: Allowances,
    ) -> Iterator[Refusal]:
        """Losing all policies, and taking a domain that somebody else's application has."""
        had = change.live is not None and change.live.values.get("policies")
        has = change.written.get("policies")
        writes = change.action in (Action.UPDATE, Action.ADOPT)
        if writes and had and not has and not allowed(change.address, allowances.no_policy):
            yield Refusal(
                change.address,
                "it would be left without a policy: nobody could enter",
                f"--allow-no-policy {change.address}",
            )
        replaces = change.action is Action.REPLACE
        if replaces and not allowed(change.address, allowances.interruption):
            yield Refusal(
                change.address,
                "its domain can be taken again only once it has let go: nobody can enter meanwhile",
                f"--allow-interruption {change.address}",
            )
        yield from taken(change, live, changes)

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """Names are covered before they open, and given up after they closed."""
        if change.action not in (Action.UPDATE, Action.ADOPT):
            return super().steps(change)
        assert change.live is not None
        old, new = self.hosts(change.live.values), self.hosts(change.written)
        return update_steps(self, change, gives_up=bool(old - new))

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """First let in only those whom both versions let in, then all of the new one."""
        yield from restricted_first(self, change, resolve)

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """Where it stands, and whom it asks."""
        from ztctl.kinds import facts

        return facts.application(values, live.raw if live else {})

    # -- flows ------------------------------------------------------------------------------

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Every application of the account, in one list."""
        found = yield applications()
        return tuple(self._live(raw) for raw in objects(found))

    def create(self, values: Values) -> Flow[Live]:
        """Make the application; a domain that is not known yet is given a moment."""
        call = Call(
            "POST",
            PATH,
            self._body(values, {}),
            permission=ACCESS_APPS,
            patience=((400, "does not belong to zone"),),
        )
        return self._live((yield from written(call)))

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Replace the application, carrying over what the file leaves unsaid."""
        path = f"{PATH}/{segment(live.id)}"
        body = self._body(values, live.raw)
        call = Call("PUT", path, body, permission=ACCESS_APPS, patience=((409, "12132"),))
        return self._live((yield from written(call)))

    def delete(self, live: Live) -> Flow[None]:
        """Delete the application."""
        yield from gone_is_done(
            Call("DELETE", f"{PATH}/{segment(live.id)}", permission=ACCESS_APPS)
        )

    def find(self, values: Values) -> Flow[Live | None]:
        """The application of that name on one of these domains: there cannot be two.

        One without a domain is known by all of its destinations.
        """
        found = yield applications()
        wanted = {item for item in values["destinations"] if isinstance(item, str)}
        for live in (self._live(raw) for raw in objects(found)):
            same = wanted & self.live_keys(live) or (
                live.values.get("destinations") == values["destinations"]
            )
            if same and live.name == values["name"]:
                return live
        return None

    def _body(self, values: Values, carried: Mapping[str, Any]) -> dict[str, Any]:
        body = {"type": values["type"], **body_of(self.specs, values, carried, _PLAIN)}
        if values["options_preflight_bypass"]:
            # The two exclude each other, so that the live headers cannot be carried over.
            body.pop("cors_headers", None)
        listed = values["destinations"]
        body["destinations"] = places.to_api(listed)
        public = [item for item in listed if isinstance(item, str)]
        if public:
            body["domain"] = primary(public, (text_of(carried, "domain"), values["name"]))
        body["policies"] = [
            {"id": policy, "precedence": place}
            for place, policy in enumerate(values.get("policies") or (), start=1)
        ]
        return body

    def _live(self, raw: Mapping[str, Any]) -> Live:
        attached = attached_policies(raw)
        said = {
            **raw,
            "destinations": places.from_api(raw),
            "policies": [text_of(policy, "id") for policy in attached],
        }
        tags = [tag for tag in items(raw, "tags") if isinstance(tag, str)]
        marks = [mark for tag in tags if (mark := Mark.read(tag))]
        name = text_of(raw, "name")
        attributes = {
            "aud": text_of(raw, "aud"),
            "inline": tuple(
                text_of(policy, "name") for policy in attached if policy.get("reusable") is False
            ),
        }
        values = canonical_fields(self.specs, {**said, "tags": tags})
        mark = whose(marks)
        return Live(self.name, text_of(raw, "id"), name, name, values, attributes, mark, raw)


def applications() -> Call:
    """The list of all applications; they carry their policies."""
    return listing(PATH, ACCESS_APPS, 1000)
