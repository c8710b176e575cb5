"""Reusable Access policies.

``PUT`` replaces; there is no ``PATCH``. An update takes effect at once on every application that
uses the policy. A policy in use cannot be deleted (409), also for a while after it was detached
(Terraform provider v5 issue and fix, July 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ztctl.core.model.calls import Call, Flow, LiveObjects, Passing, ReadFlow
from ztctl.core.model.canonical import Spec, fields_of
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.durations import nanoseconds
from ztctl.core.model.facts import Fact
from ztctl.core.model.flows import Ask, delete_if_present
from ztctl.core.model.gap import Gap
from ztctl.core.model.identity import Fields
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import DecidesReach, Default, Normalised, Unordered
from ztctl.core.model.objects import Attributes, Live, Values, Wanted
from ztctl.core.model.plan import Action, Change, Step
from ztctl.core.model.values import Ref
from ztctl.kinds.common import (
    ACCESS_APPS,
    APPLICATION,
    APPLICATIONS,
    JUST_MADE,
    STAMPS,
    Duration,
    Id,
    Inside,
    Off,
    Protect,
    Uuid,
    duration_text,
    invalid,
    segment,
    text_of,
    unreadable,
    written,
)
from ztctl.kinds.destinations import public
from ztctl.kinds.open_policies import open_policies
from ztctl.kinds.own_policies import (
    linked_policies,
    own_policies,
    policies_of,
    with_own_policies,
)
from ztctl.kinds.plain import Rest
from ztctl.kinds.rules import LISTS, Included, Ruled, Rules
from ztctl.kinds.session_length import SESSION, session_of, session_warnings
from ztctl.kinds.untested_rules import untested_rules

REUSABLE = "reusable"
PROMOTE = "promote"
_MINUTE = 60 * 10**9
_LONGEST_MFA = 720 * 60 * _MINUTE


def _check_minutes(value: Any) -> Any:
    length = nanoseconds(value) if isinstance(value, str) else None
    if length is None or length % _MINUTE or length > _LONGEST_MFA:
        text = "{value} is not a time in minutes or hours of at most 720h"
        raise invalid(value, text, "write 30m, 8h or 0m")
    return value


def _minutes(value: Any) -> Any:
    text = duration_text(value)
    return "0m" if text == "0s" else text


class MfaConfig(Fields):
    """A second factor that Access itself asks for."""

    allowed_authenticators: Annotated[
        list[Literal["totp", "biometrics", "security_key"]] | None, Unordered()
    ] = None
    mfa_disabled: Inside = None
    """Ask for none, also where the application or the organisation does."""
    session_duration: (
        Annotated[str, BeforeValidator(_check_minutes), Normalised(_minutes)] | None
    ) = None
    """In minutes or hours, at most 720h."""


class ApprovalGroup(Fields):
    """People of whom some must agree before anybody enters."""

    approvals_needed: Annotated[int, Field(ge=0)]
    email_addresses: Annotated[list[str] | None, Default(()), Unordered()] = None
    email_list_uuid: Uuid | None = None


class PolicyBody(Fields):
    """What every policy says."""

    decision: Annotated[Literal["allow", "deny", "non_identity", "bypass"], DecidesReach()]
    """`allow` and `deny` people, `non_identity` lets machines in, `bypass` asks nobody."""
    include: Included
    """Whom it is about: any of these."""
    exclude: Rules = None
    """Whom it is not about, whatever else is true."""
    require: Rules = None
    """What everybody must satisfy in addition: all of these."""
    session_duration: Duration | None = None
    """How long a login lasts; when left out, its applications' (24h where they differ)."""
    approval_required: Annotated[Off, DecidesReach()] = None
    """Somebody of `approval_groups` must agree each time."""
    approval_groups: Annotated[
        list[ApprovalGroup] | None, Default(()), Unordered(), DecidesReach()
    ] = None
    purpose_justification_required: Annotated[Off, DecidesReach()] = None
    purpose_justification_prompt: str | None = None
    isolation_required: Annotated[Off, DecidesReach()] = None
    mfa_config: Annotated[MfaConfig | None, DecidesReach()] = None
    """The application's when left out."""


class AccessPolicyFields(PolicyBody):
    """Who may enter, or may not: attached to applications in order of precedence."""

    name: str | None = None
    """The live name before the stack's mark, when it is not the key."""
    id: Id | None = None
    """Takes this live object as it is: it keeps its name, gets no mark, goes only by `removed`."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


REST = Rest(
    "/accounts/{account}/access/policies",
    ACCESS_APPS,
    # A policy that was just detached counts as in use for a while.
    patience={"POST": (JUST_MADE,), "PUT": (JUST_MADE,), "DELETE": (Passing(409),)},
    read_only=STAMPS | {REUSABLE, "app_count", "precedence"},
    required=LISTS,
)


@cache
def _specs() -> Mapping[str, Spec]:
    """The fields of the file, and whether a policy is reusable, which all of the file's are."""
    return {**fields_of(AccessPolicyFields), REUSABLE: Spec(default=True)}


class AccessPolicy(Ruled):
    """A reusable Access policy.

    Live ones are also the policies that applications have of their own: ``Live.owner`` is the
    application then. One that an entry claims or adopts becomes reusable by the service's own call,
    which keeps its id, and its place in the application (OpenAPI description, July 2026).
    """

    name = "access_policy"
    section = "policies"
    title = "Access policy"
    model = AccessPolicyFields
    limit = 500
    rest = REST

    @property
    def specs(self) -> Mapping[str, Spec]:
        """The specification of each field, and of what makes a policy reusable."""
        return _specs()

    def body(self, values: Values, live: Live | None = None) -> dict[str, Any]:
        """The body of a write; a duration cannot be empty, but null."""
        body = super().body(values, live)
        body.pop(REUSABLE, None)
        return {name: None if name == SESSION and not it else it for name, it in body.items()}

    def check(self, declared: Declared) -> Iterator[Problem]:
        """Warn of what nobody or anybody can satisfy, of rules never true, and of sessions."""
        every = with_own_policies(declared)
        yield from super().check(every)
        yield from untested_rules(every)
        yield from open_policies(every)
        yield from session_warnings(declared)

    # -- identity ---------------------------------------------------------------------------

    def natural_keys(self, wanted: Wanted, ledger: Ledger) -> frozenset[str]:
        """Its name, and its name at each place of the applications of the file that use it."""
        name = wanted.name or wanted.address.key
        users = (
            it
            for it in ledger.wanted_of(APPLICATION)
            if any(isinstance(ref, Ref) and ref.to == wanted.address for ref in policies_of(it))
        )
        places = (place for it in users for place in public(it.values["destinations"]))
        return frozenset((name, *(_at(name, place) for place in places)))

    def live_keys(self, live: Live) -> frozenset[str]:
        """Its name; of one that an application has of its own, the name at its places."""
        if not isinstance(live.attributes, OwnPolicyAttributes):
            return super().live_keys(live)
        return frozenset(_at(live.name, place) for place in live.attributes.places)

    def gap(self, live: Live) -> Gap | None:
        """An own one is stated by its application."""
        return Gap() if is_own(live) else super().gap(live)

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark, and the session of the applications where the file states none."""
        values = super().complete(wanted, live, ledger)
        session = session_of(wanted, live, ledger)
        return {**values, SESSION: session} if session else values

    def fact(self, values: Values, live: Live | None) -> Fact:
        """The decision, and the people and devices that it applies to."""
        from ztctl.kinds import facts

        return facts.policy(values)

    # -- steps and flows --------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """Make one that an application has of its own reusable first; all else is one write."""
        steps = super().steps(change)
        if not is_own(change.live) or change.action not in _WRITES:
            return steps
        promote = self.step(change, PROMOTE, {REUSABLE: True}, keeps_fact=True)
        return (promote, *(steps if any(it.path != REUSABLE for it in change.edits) else ()))

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read all policies, those of applications included.

        Raises:
            CallFailed: an application of the stack uses a policy that the list of policies lacks,
                which then misses an object; made again, it would be there twice.
        """
        found = yield from super().read(ask)
        applications = yield LiveObjects(APPLICATION)
        known = {live.id for live in found}
        # Read again before a write, or to look at the policies alone: nothing is made.
        for user in applications if ask.wanted else ():
            lacking = [it for it in linked_policies(user.raw) if it not in known]
            if lacking and user.belongs_to(ask.stack):
                text = f"the application {user.name!r} uses the policy {lacking[0]}, which "
                raise unreadable(REST.all(), f"{text}the list of policies lacks")
        own = (live for it in applications if it.is_matchable for live in self.own_of(it))
        return (*found, *(live for live in own if live.id not in known))

    def reread(self, ask: Ask, changes: Sequence[Change]) -> ReadFlow[tuple[Live, ...]]:
        """Read all policies again, those of applications only where one is to be written."""
        if any(is_own(change.live) for change in changes):
            return (yield from self.read(ask))
        return (yield from super().reread(ask, changes))

    def own_of(self, application: Live) -> tuple[Live, ...]:
        """The policies that a live application has of its own, in order of precedence."""
        places = tuple(public(application.values.get("destinations")))
        return tuple(
            replace(
                self.live_from({**raw, REUSABLE: False}),
                key=text_of(raw, "name"),
                # Whose it is says the application.
                mark=None,
                owner=application.id,
                attributes=OwnPolicyAttributes(places),
            )
            for raw in own_policies(application.raw)
        )

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Write the policy, or make one of an application reusable."""
        if verb != PROMOTE:
            return (yield from super().update(live, values, verb))
        path = f"{_path_in(live)}/make_reusable"
        made = yield from written(Call("PUT", path, permission=ACCESS_APPS))
        return self.live_from({**made, REUSABLE: True})

    def delete(self, live: Live) -> Flow[None]:
        """Delete the policy, where it is."""
        call = self.rest.one("DELETE", live.id)
        yield from delete_if_present(replace(call, path=_path_in(live)) if is_own(live) else call)


@dataclass(frozen=True, slots=True)
class OwnPolicyAttributes(Attributes):
    """Of a policy that an application has of its own: the public places of that."""

    places: tuple[str, ...] = ()


def is_own(live: Live | None) -> bool:
    """Whether a live policy is one that an application has of its own."""
    return live is not None and isinstance(live.attributes, OwnPolicyAttributes)


_WRITES = (Action.UPDATE, Action.ADOPT)


def _at(name: str, place: str) -> str:
    """The key of a policy that the application at a place has of its own."""
    return f"{name}\n{place}"


def _path_in(live: Live) -> str:
    """The path of a policy inside the application that has it."""
    return f"{APPLICATIONS}/{segment(live.owner)}/policies/{segment(live.id)}"


POLICY = AccessPolicy()
