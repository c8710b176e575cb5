"""Access applications of the types ``self_hosted`` and ``ssh`` (the browser terminal).

``PUT`` replaces the whole application except ``policies``, which are kept if omitted, and so are
always sent. Tags are returned sorted, policies as whole objects in order of precedence, and false
booleans may be missing (Cloudflare OpenAPI description and Terraform provider v5, July 2026). Two
applications cannot have the same domain (API error 11010).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Flow, LiveObjects, Passing, ReadFlow
from ztctl.core.model.canonical import canonical_fields, live_references
from ztctl.core.model.declared import Declared, PublicPlace
from ztctl.core.model.diagnostics import Problem, Where
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.flows import Ask, Unseen
from ztctl.core.model.gap import Gap
from ztctl.core.model.identity import Fields, HostPart
from ztctl.core.model.kind import (
    Alternative,
    AsksAhead,
    Exposing,
    Proposal,
    Resolve,
    Rotating,
    Showing,
    Stating,
)
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import DecidesReach, Default, Immutable, Local, RefersTo, Unordered
from ztctl.core.model.marks import Marking
from ztctl.core.model.objects import Attributes, Live, Mark, Spare, Values, Wanted
from ztctl.core.model.plan import Action, Change, Edit, Refusal, Step
from ztctl.core.model.public import Public
from ztctl.core.model.values import Ref
from ztctl.kinds import destinations as places
from ztctl.kinds.access_policy import POLICY, MfaConfig
from ztctl.kinds.application_checks import (
    MOST_DOMAINS,
    attached_twice,
    destination_conflicts,
    guards,
    mistakes,
    own_policy_refusals,
    shut_applications,
)
from ztctl.kinds.attached_policies import (
    OWN,
    Attached,
    bodies,
    completed,
    own_dropped,
    own_ids,
    shown_beside,
    shut,
    stated_bodies,
    with_helpers,
)
from ztctl.kinds.browser_terminal import terminal_mistakes
from ztctl.kinds.ca_key import left_live
from ztctl.kinds.carry import Lists
from ztctl.kinds.common import (
    ACCESS_APPS,
    APPLICATIONS,
    JUST_MADE,
    STAMPS,
    Duration,
    Id,
    Inside,
    Off,
    On,
    Protect,
    Uuid,
    ids_of,
    items,
    objects,
    text_of,
    unreadable,
)
from ztctl.kinds.destinations import Place, Uri, named_hosts, public, public_hosts
from ztctl.kinds.own_policies import attached_policies, own_policies
from ztctl.kinds.plain import PlainKind, Rest
from ztctl.kinds.rules import LISTS, helper_groups, rules_from_api
from ztctl.kinds.selectors import IDENTITY_PROVIDER
from ztctl.kinds.zone import require_zones, zones_of
from ztctl.kinds.zone_applications import own_list, without_saas, zone_applications

PATH = APPLICATIONS
_CORS = "cors_headers"
_TYPES = ("self_hosted", "ssh")
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

    type: Annotated[
        Literal["self_hosted", "ssh"] | None, Default("self_hosted"), Immutable(), DecidesReach()
    ] = None
    """`ssh` is the terminal in the browser."""
    domain: Annotated[Uri | None, Local()] = None
    """`host/path` without a scheme; the key when left out."""
    destinations: Annotated[list[Place] | None, Default(()), Unordered(), DecidesReach()] = None
    """All places it stands in front of; at most five public ones."""
    policies: Annotated[list[Attached] | None, Default(()), DecidesReach()] = None
    """In order of precedence: policies of the file, `{live: NAME}`, or own ones in full."""
    session_duration: Annotated[Duration | None, Default("24h")] = None
    """How long a login lasts."""
    allowed_idps: Annotated[
        list[Annotated[Any, IDENTITY_PROVIDER]] | None, Default(()), Unordered(), DecidesReach()
    ] = None
    """Identity providers that may be used; all of the account's when left out."""
    auto_redirect_to_identity: Off = None
    app_launcher_visible: On = None
    logo_url: str | None = None
    custom_deny_message: str | None = None
    custom_deny_url: str | None = None
    custom_non_identity_deny_url: str | None = None
    custom_pages: Annotated[list[Uuid] | None, Unordered()] = None
    enable_binding_cookie: Off = None
    http_only_cookie_attribute: On = None
    same_site_cookie_attribute: Literal["lax", "strict", "none"] | None = None
    path_cookie_attribute: Off = None
    eager_redirect_cookie_setting: On = None
    options_preflight_bypass: Annotated[Off, DecidesReach()] = None
    """Let requests of the method OPTIONS through to the origin, without asking anybody."""
    cors_headers: CorsHeaders | None = None
    service_auth_401_redirect: Off = None
    skip_interstitial: Off = None
    allow_iframe: Off = None
    allow_authenticate_via_warp: Annotated[Off, DecidesReach()] = None
    """Let the session of an enrolled device's WARP client count as the login."""
    read_service_tokens_from_header: str | None = None
    use_clientless_isolation_app_launcher_url: Off = None
    mfa_config: Annotated[MfaConfig | None, DecidesReach()] = None
    """The second factor of policies that state none; the organisation's when left out."""
    tags: Annotated[list[Annotated[Any, TAG]] | None, Unordered()] = None
    """Further tags; made when they do not exist."""
    name: str | None = None
    """The name that is displayed, when it is not the key."""
    id: Id | None = None
    """Takes this live object as it is: it keeps its name, gets no mark, goes only by `removed`."""
    public: Annotated[Public | None, Local()] = None
    """Its places, or paths of their hosts, are open to everybody on purpose."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


RULES = {name: OWN[name] for name in LISTS}


class _InTags(Marking):
    """The mark is one of the tags, which are objects of their own (``access_tag``)."""

    where = "a tag"

    def read(self, name: str, raw: Mapping[str, Any]) -> tuple[str, Mark | None]:
        """Use the name as the key; marks of several stacks make one that no stack owns."""
        marks = [mark for tag in _tags(raw) if (mark := Mark.of_tag(tag))]
        stacks = " and ".join(sorted({mark.stack for mark in marks}))
        if not marks:
            return name, None
        spare = next((mark.spare for mark in marks if mark.spare), None)
        return name, Mark(stacks, any(mark.protect for mark in marks), spare)

    def put(self, wanted: Wanted, live: Live | None, stack: str) -> Values:
        """The wanted values with the mark added to the tags of the file, or else the live ones."""
        kept = _user_tags(live) if live is not None else []
        given = wanted.values["tags"] or [] if "tags" in wanted.values else kept
        marks = [Ref(Address("access_tag", name), "name") for name in _mark_tags(wanted, stack)]
        name = self.live_name(wanted, live, stack)
        named = {**wanted.values, "name": name}
        # Without a mark there may be no tags at all, which the API returns as no list.
        was_empty = live is not None and not live.values.get("tags")
        return (
            named if was_empty and not given and not marks else {**named, "tags": [*given, *marks]}
        )

    def off(self, live: Live) -> Values:
        """The live values without marks among the tags."""
        return {**live.values, "tags": _user_tags(live)}

    def texts(self, wanted: Wanted) -> Iterator[str]:
        """The tags of the file."""
        tags = wanted.values.get("tags") or ()
        yield from (tag.to.key if isinstance(tag, Ref) else str(tag) for tag in tags)


@dataclass(frozen=True, slots=True)
class ApplicationAttributes(Attributes):
    """The audience tag of its tokens."""

    aud: str = ""


class AccessApplication(PlainKind, AsksAhead, Exposing, Rotating, Showing, Stating):
    """A self-hosted Access application."""

    name = "access_application"
    section = "applications"
    title = "Access application"
    model = AccessApplicationFields
    host_part = HostPart.APPLICATION
    marking = _InTags()
    rest = Rest(
        PATH,
        ACCESS_APPS,
        # A domain of a new zone is not known at once; a policy may be in use by another write. The
        # list fails as well, for as long as an application of anybody holds a policy just made.
        patience={
            "GET": (JUST_MADE,),
            "POST": (Passing(400, "does not belong to zone"), JUST_MADE),
            "PUT": (Passing(409, "12132"), JUST_MADE),
        },
        members=(),
        # The first of the destinations and the list of the public ones mirror `destinations`.
        read_only=STAMPS | {"aud", "domain", "domain_type", "self_hosted_domains", "policies"},
        required=("type", "destinations"),
        keep=without_saas,
    )
    limit = 500
    said_by_key = ("name", "destinations")

    # -- the wanted side --------------------------------------------------------------------

    def declare(
        self, key: str, fields: Fields, *, where: Where | None = None, origin: str = ""
    ) -> Wanted:
        """Convert an entry; lists that its own policies require become helper groups."""
        wanted = super().declare(key, fields, where=where, origin=origin)
        values, helpers = with_helpers(wanted, getattr(fields, "policies", None) or ())
        local = {**wanted.local, "helpers": helpers} if helpers else wanted.local
        return replace(wanted, values=values, local=local)

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Combine ``domain`` and ``destinations``; without either, the key is the domain."""
        listed = list(stated.get("destinations") or ())
        domain = stated.get("domain")
        if domain is not None and places.normal(domain) not in public(map(places.normal, listed)):
            listed.insert(0, domain)
        rest = {name: value for name, value in stated.items() if name != "domain"}
        return {**rest, "destinations": listed or [key]}

    def companions(self, wanted: Wanted, stack: str) -> tuple[Wanted, ...]:
        """The tags of the mark and of the file, groups of lists required, and the application."""
        given = [tag.to.key for tag in wanted.values.get("tags") or () if isinstance(tag, Ref)]
        names = (*_mark_tags(wanted, stack), *given)
        tags = (Wanted(Address("access_tag", name), {"name": name}) for name in names)
        return (*tags, *helper_groups(wanted), wanted)

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Report what is wrong with domains and settings, and who lets nobody in."""
        holders: dict[str, list[Wanted]] = defaultdict(list)
        for wanted in declared.of(self.name):
            yield from mistakes(wanted)
            for place in dict.fromkeys(public(wanted.values["destinations"])):
                holders[place].append(wanted)
        for place, (first, *others) in holders.items():
            for other in others:
                yield Problem(
                    f"{other.address} has the domain {place}, which {first.address} has too",
                    other.where,
                    f"one application a domain; the other one is at {first.where}",
                )
        yield from shut_applications(declared)
        yield from terminal_mistakes(declared)

    def hosts(self, key: str, values: Values) -> frozenset[str]:
        """Host names and patterns of the public destinations, where it guards them."""
        return public_hosts(values.get("destinations")) if guards(values) else frozenset()

    def public_places(self, wanted: Wanted) -> Iterator[PublicPlace]:
        """All places in front of which it stands, or the paths given, on each of their hosts."""
        stated = wanted.local.get("public") or {}
        for place in public(wanted.values["destinations"]) if stated else ():
            host, _, below = place.partition("/")
            for path in stated.get("paths") or [below]:
                yield PublicPlace(host, path.strip("/"), stated["reason"], any_depth=False)

    def spare(self, wanted: Wanted, spare: Spare, live: Live | None) -> Wanted:
        """The same on a name of its own, to which no record leads; nobody sees it."""
        from ztctl.kinds.rotation import spare_application

        like = self.marking.off(live) if live is not None else {}
        return spare_application(wanted, spare, like)

    # -- identity ---------------------------------------------------------------------------

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """Its public destinations, which are unique to an application, or else all private ones."""
        return places.keys(wanted.values["destinations"])

    def live_keys(self, live: Live) -> frozenset[str]:
        """The public destinations of a live application, or else all private ones together."""
        return places.keys(live.values.get("destinations"))

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark and live overrides; report domains outside of zones, and a policy twice."""
        listed = wanted.values["destinations"]
        there = live.values.get("destinations") if live is not None else ()
        require_zones(wanted, public_hosts(listed), ledger, there=public_hosts(there))
        for problem in attached_twice(wanted, lambda item: next(iter(ids_of(item, ledger)), None)):
            ledger.add_problem(problem)
        for problem in left_live(wanted, live, ledger) if live is not None else ():
            ledger.add_problem(problem)
        known = live.values.get("destinations") if live is not None else None
        carried = places.with_live_overrides(listed, known or ())
        made = {**super().complete(wanted, live, ledger), "destinations": carried}
        made["policies"] = completed(wanted, live, ledger)
        # The API refuses both, so that live headers of which the file says nothing go.
        goes = wanted.values["options_preflight_bypass"] and live and live.values.get(_CORS)
        return {**made, _CORS: None} if goes and _CORS not in made else made

    def stated(self, wanted: Wanted, values: Values) -> tuple[Values, tuple[Edit, ...]]:
        """Without the overrides of destinations of which the file states none."""
        bare = places.public(it for it in wanted.values["destinations"] if isinstance(it, str))
        listed, unsaid = places.without_overrides(values.get("destinations"), bare)
        edits = (Edit(f"destinations[{it}].overrides[]", what, None) for it, what in unsaid)
        return {**values, "destinations": listed}, tuple(edits)

    def dropped_by(self, change: Change) -> tuple[str, ...]:
        """Places that it no longer guards, and policies of its own that the file leaves out."""
        assert change.live is not None
        kept = change.after.get("destinations") or []
        given_up = places.added_to(kept, change.before.get("destinations") or ())[len(kept) :]
        return (
            *(f"no longer stands in front of {places.label(place)}" for place in given_up),
            *(
                f"drops the application's own policy {name!r}"
                for name in own_dropped(change.live, change.after.get("policies") or ())
            ),
        )

    def refusals(self, change: Change, proposal: Proposal) -> Iterator[Refusal]:
        """Refuse to remove all policies, to replace, and to use another application's domain."""
        had = change.live is not None and change.live.values.get("policies")
        writes = change.action in (Action.UPDATE, Action.ADOPT)
        if writes and had and not change.written.get("policies"):
            text = "it would be left without a policy: nobody could enter"
            yield from proposal.unless_allowed("--allow-no-policy", change, text)
        if change.action is Action.REPLACE:
            text = (
                "its domain can be taken again only once it has let go: nobody can enter meanwhile"
            )
            yield from proposal.unless_allowed("--allow-interruption", change, text)
        yield from destination_conflicts(change, proposal)
        yield from own_policy_refusals(change, proposal)

    def shown(self, name: str, live: Live, after: Any) -> Any:
        """The live value of a field as an edit shows it; own policies by what they say."""
        return shown_beside(live, after or ()) if name == "policies" else live.values.get(name)

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """One write; two if domains are removed, which has to wait until their records are gone."""
        if change.action not in (Action.UPDATE, Action.ADOPT):
            return super().steps(change)
        assert change.live is not None
        if change.wanted is not None and change.wanted.spare is not None:
            # It gives its names away as it is: cut off, it either has them or has not.
            return (self.step(change, "update"),)
        had = list(change.live.values.get("destinations") or ())
        wanted = list(change.written["destinations"])
        both = places.added_to(wanted, had)
        # Where old and new domains together exceed the limit, a single write has to do.
        if public_hosts(had) <= public_hosts(wanted) or len(public(both)) > MOST_DOMAINS:
            return (self.step(change, "update"),)
        narrow = self.step(change, "narrow", tail=True)
        # Destinations are removed and nothing else changes: there is nothing to write before.
        if len(both) == len(had) and len(change.edits) == len(had) - len(wanted):
            return (narrow,)
        return (self.step(change, "widen", {**change.written, "destinations": both}), narrow)

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """First keep only the policies that stay, on the old domains; then write the rest."""
        if change.live is None or change.steps[0].id.verb not in ("update", "widen"):
            return
        live = change.live.values
        had = live.get("policies") or ()
        written = change.written.get("policies") or ()
        # What is left out is gone: an own one that is edited stays, and lets nobody in.
        kept = [shut(it) for it in written if resolve(it) in had or resolve(it) in own_ids(it)]
        place = {"destinations": live.get("destinations") or [], "policies": kept}
        restrict = self.step(change, "restrict", {**change.written, **place})
        yield Alternative((restrict, *change.steps), interrupts=True)

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """Its destinations and policies."""
        from ztctl.kinds import facts

        return facts.application(values, live.raw if live else {})

    # -- export -----------------------------------------------------------------------------

    def gap(self, live: Live) -> Gap | None:
        """Other types, a rotation under way, and nothing to stand before."""
        type_ = live.values.get("type")
        if type_ not in _TYPES:
            return Gap(f"it is of the type {type_}")
        if live.mark is not None and live.mark.spare is not None:
            return Gap("the CA of its name is being rotated: finish that first")
        if not live.values.get("destinations"):
            return Gap("it stands in front of nothing that a file can name")
        return None

    def entry(self, live: Live) -> Values:
        """Own policies whole, and no overrides that are not understood, which stay unstated."""
        values = {**super().entry(live), "policies": stated_bodies(live)}
        listed = values.get("destinations")
        unknown = {it for it in public(listed) if places.has_unknown_overrides(it, listed)}
        return {**values, "destinations": places.without_overrides(listed, unknown)[0]}

    # -- flows ------------------------------------------------------------------------------

    def unsaid(self, live: Live) -> Values:
        """What is carried over, also of its own policies, which stand in its entry."""
        own = [POLICY.unsaid(POLICY.live_from(it)) for it in own_policies(live.raw)]
        return {**self.carried_over(live), "policies": own}

    def everything(self) -> Flow[tuple[Live, ...]]:
        """Read all applications.

        Raises:
            CallFailed: the tags or policies of one cannot be read: whose it is stands in its tags.
        """
        call = self.rest.all()
        found = objects((yield call))
        for raw in found:
            if not _is_readable(raw):
                raise unreadable(call, f"the application {raw.get('id')!r} cannot be read")
        return tuple(map(self.live_from, found))

    def ahead(self, ask: Ask) -> ReadFlow[None]:
        """The own lists of the zones whose records are read: most changes open or close a way."""
        zones, apps = yield (LiveObjects("zone"), LiveObjects(self.name))
        yield tuple(map(own_list, zones_of(named_hosts(ask, apps), zones)))

    def beyond(self, unseen: Unseen) -> ReadFlow[Mapping[Slot, Fact]]:
        """The applications that only the zones themselves list, of these zones."""
        if not unseen.guarded:
            return {}
        zones, known = yield (LiveObjects("zone"), LiveObjects(self.name))
        chosen = [zone for zone in zones if zone.name in unseen.guarded]
        return (yield from zone_applications(chosen, known, self._fact_of))

    def _fact_of(self, raw: Mapping[str, Any]) -> Fact | None:
        if not _is_readable(raw):
            what = f"the application {raw.get('id')!r} that a zone lists cannot be read"
            raise unreadable(self.rest.all(), what)
        from ztctl.kinds import facts

        live = self.live_from(raw)
        own = {it.id: facts.policy(it.values) for it in POLICY.own_of(live)}
        return facts.application(live.values, live.raw, own)

    def find(self, values: Values) -> Flow[Live | None]:
        """Look up the application by name and a domain, of which there can be only one.

        One without a public domain is found by its whole list of destinations.
        """
        wanted = set(public(values["destinations"]))
        for live in (yield from self.everything()):
            same = wanted & self.live_keys(live) or (
                live.values.get("destinations") == values["destinations"]
            )
            if same and live.name == values["name"]:
                return live
        return None

    @property
    def lists(self) -> Lists:
        """Destinations are told apart by what they are in front of."""
        return {**super().lists, **places.LISTS}

    def writable(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """A live application as a write takes it; an empty list of destinations says nothing."""
        found = super().writable(raw)
        return {name: it for name, it in found.items() if name != "destinations" or it}

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Write the application, its own policies as they are at that moment.

        They are sent whole, and may be another's work by now, or reusable by this run's.
        """
        if own_policies(live.raw):
            call = self.rest.one("GET", live.id)
            # A preview has nothing else to go by.
            now = (yield call) or live.raw
            if text_of(now, "id") != live.id or not _is_readable(now):
                raise unreadable(call, f"the application {live.name!r} cannot be read")
            live = self.live_from(now)
        return (yield from super().update(live, values, verb))

    def to_api(self, values: Values) -> dict[str, Any]:
        """All fields but the policies, of which replies hold more than a write takes."""
        made = super().to_api(values)
        made.pop("policies", None)
        return {**made, "destinations": places.to_api(values.get("destinations"))}

    def body(self, values: Values, live: Live | None = None) -> dict[str, Any]:
        """The body of a write; policies are always sent, because omitted ones are kept."""
        made = super().body(values, live)
        read = [(places.understood(item), item) for item in made["destinations"]]
        # As they are sent: the domain has to be one of them, letter by letter.
        sent = {place["uri"]: item["uri"] for place, item in read if place and "uri" in place}
        if sent:
            first = text_of(live.raw, "domain") if live is not None else ""
            preferred = (places.uri(first), values["name"], *sent)
            made["domain"] = next(sent[item] for item in preferred if item in sent)
        made["policies"] = bodies(values, live)
        return made

    def from_api(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Convert an application; policies become ids."""
        policies = [text_of(policy, "id") for policy in attached_policies(raw)]
        listed = places.from_api(raw)
        return {**raw, "destinations": listed, "policies": policies, "tags": _tags(raw)}

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Convert an application with its audience tag and inline policies."""
        made = super().live_from(raw)
        aud = text_of(raw, "aud")
        return replace(
            made,
            # A mark on what guards nothing is nobody's.
            mark=made.mark if guards(made.values) else None,
            is_matchable=guards(made.values),
            attributes=ApplicationAttributes(aud),
            aliases=(aud,) if aud else (),
            uses=tuple(use for policy in own_policies(raw) for use in _used_by(policy)),
        )


def _mark_tags(wanted: Wanted, stack: str) -> tuple[str, ...]:
    """The tag that is the mark; none on what is claimed by its id."""
    return () if wanted.claim is not None else (Mark(stack, wanted.protect, wanted.spare).tag,)


def _is_readable(raw: Mapping[str, Any]) -> bool:
    # Empty lists come back as null, too (Terraform provider's normalisers).
    tags, policies = raw.get("tags") or [], raw.get("policies") or []
    return (
        isinstance(tags, list)
        and all(isinstance(tag, str) for tag in tags)
        and isinstance(policies, list)
        and all(text_of(policy, "id") for policy in policies)
    )


def _tags(raw: Mapping[str, Any]) -> list[str]:
    return [tag for tag in items(raw, "tags") if isinstance(tag, str)]


def _user_tags(live: Live) -> list[str]:
    """Tags of a live application without marks."""
    return [tag for tag in live.values.get("tags") or () if Mark.of_tag(tag) is None]


def _used_by(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and id of objects that an inline policy refers to."""
    return live_references(RULES, canonical_fields(RULES, rules_from_api(policy)))
