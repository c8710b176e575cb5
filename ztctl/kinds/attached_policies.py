"""The policies of an application in a file: references, and bodies of those that are its own.

A body is compared with the own policy of its ``id``, or else of its name, and keeps the id of that.
One that is as it is live counts as its id, so that only what differs is told and written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from ztctl.core.model.canonical import canonical, canonical_fields, fields_of
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.markers import RefersTo
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.values import Lookup
from ztctl.kinds.access_policy import POLICY, PolicyBody, is_own
from ztctl.kinds.common import Uuid, text_of
from ztctl.kinds.own_policies import attached_policies, own_policies, policies_of, precedence_of
from ztctl.kinds.provider_types import wrong_providers
from ztctl.kinds.rules import LISTS, required
from ztctl.kinds.session_length import DEFAULT, GIVES_ONE, SESSION

TO = RefersTo(POLICY.name)
_REFERENCE = frozenset({"live", "id"})


class OwnPolicy(PolicyBody):
    """A policy that an application has of its own; others cannot use it."""

    name: str
    """Its live name; there is no mark in it."""
    id: Uuid | None = None
    """Which one it is, where the application has several of this name."""


class _BodyOr:
    """Accept the body of an own policy beside a reference."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate a mapping that is no reference as a body."""

        def validated(value: Any, body: Callable[[Any], Any]) -> Any:
            is_body = isinstance(value, Mapping) and not value.keys() <= _REFERENCE
            return body(value) if is_body else TO.parse(value)

        schema = handler.generate_schema(OwnPolicy)
        return core_schema.no_info_wrap_validator_function(validated, schema)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow both in the JSON Schema."""
        reference = TO.__get_pydantic_json_schema__(schema, handler)
        return {"anyOf": [*reference["anyOf"], handler(schema)]}


Attached = Annotated[OwnPolicy, TO, _BodyOr()]
OWN = fields_of(OwnPolicy)


def with_helpers(wanted: Wanted, stated: Iterable[Any]) -> tuple[Values, Mapping[str, Any]]:
    """The values of an application with helper groups in place of lists, and these groups."""
    helpers: dict[str, Any] = {}
    made = []
    for values, entry in zip(policies_of(wanted), stated, strict=True):
        item = values
        if isinstance(entry, OwnPolicy) and entry.require:
            owner = f"application.{wanted.address.key}.{entry.name}"
            kept = canonical(OWN["require"], required(owner, entry, helpers))
            item = {**values, "require": kept}
        made.append(item)
    return ({**wanted.values, "policies": made} if helpers else wanted.values), helpers


def completed(wanted: Wanted, live: Live | None, ledger: Ledger) -> list[Any]:
    """The policies of an application as they are compared and written."""
    raws = own_policies(live.raw) if live is not None else ()
    own: dict[str, Values] = {text_of(it, "id"): live_body(it) for it in raws}
    left = dict(own)
    # What is named by an id is nobody else's.
    for body in (it for item in policies_of(wanted) for it in own_ids(item)):
        left.pop(body["id"], None)
    made = []
    for item in policies_of(wanted):
        if isinstance(item, Mapping):
            for problem in wrong_providers(replace(wanted, values=item), LISTS, ledger):
                ledger.add_problem(problem)
            made.append(_completed(item, own, left, wanted, ledger))
        else:
            for problem in _of_others(item, wanted, live, ledger):
                ledger.add_problem(problem)
            made.append(item)
    return made


def _completed(
    body: Values,
    own: Mapping[str, Values],
    left: dict[str, Values],
    wanted: Wanted,
    ledger: Ledger,
) -> Any:
    """The id of a policy that is as it is wanted, else its body, with an id where there is one."""
    named = (it for it, one in left.items() if one.get("name") == body["name"])
    key = body.get("id") or next(named, "")
    left.pop(key, None)
    if key and key not in own and wanted.spare is None:
        text = f"{wanted.address} has no policy of its own with the id {key}"
        hint = "take `id` out to make one, or copy the id whole"
        ledger.add_problem(Problem(text, wanted.where, hint))
    if key in own:
        body = {**own[key], **body}
        if canonical_fields(OWN, {**ledger.resolve(body), "id": None}) == own[key]:
            return key
        body = {**body, "id": key}
    session = str(wanted.values.get(SESSION) or DEFAULT)
    if SESSION not in body and body.get("decision") in GIVES_ONE and session != DEFAULT:
        # The service would make it 24h, and its session goes before the application's.
        body = {**body, SESSION: session}
    return {name: it for name, it in body.items() if name != "id" or key in own}


def _of_others(item: Any, wanted: Wanted, live: Live | None, ledger: Ledger) -> Iterator[Problem]:
    """Report a reference to a policy that another application has of its own."""
    found = ledger.found(item) if isinstance(item, Lookup) else ()
    for policy in found if len(found) == 1 else ():
        if is_own(policy) and (live is None or policy.owner != live.id):
            yield Problem(
                f"{wanted.address} uses the policy {policy.name!r} ({policy.id}), which another "
                "application has of its own",
                item.where or wanted.where,
                f"declare it in `policies` with `id: {policy.id}`, which makes it reusable",
            )


def live_body(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical fields of an own policy in a reply, without its id."""
    found = canonical_fields(OWN, POLICY.from_api(raw))
    return {name: it for name, it in found.items() if name != "id"}


def shown_beside(live: Live, after: Iterable[Any]) -> list[Any]:
    """The live policies as an edit shows them: own ones that change or go by what they say."""
    kept = {item for item in after if isinstance(item, str)}
    own = {text_of(it, "id"): it for it in own_policies(live.raw) if it.get("id") not in kept}
    return [
        {**live_body(own[it]), "id": it} if it in own else it for it in policies_of(live.values)
    ]


def stated_bodies(live: Live) -> list[Any]:
    """The policies of a live application as a file states them, own ones in full."""
    own = {text_of(it, "id"): live_body(it) for it in own_policies(live.raw)}
    called = Counter(it.get("name") for it in own.values())
    return [
        {**own[it], **({"id": it} if called[own[it].get("name")] > 1 else {})} if it in own else it
        for it in policies_of(live.values)
    ]


def own_dropped(live: Live, after: Iterable[Any]) -> Iterator[str]:
    """Names of the own policies of a live application that a list of policies leaves out."""
    kept = {item.get("id") if isinstance(item, Mapping) else item for item in after}
    yield from (text_of(it, "name") for it in own_policies(live.raw) if it.get("id") not in kept)


def own_ids(item: Any) -> list[Any]:
    """The own policy with an id that is written, if it is one."""
    return [item] if isinstance(item, Mapping) and "id" in item else []


def shut(item: Any) -> Any:
    """An own policy that lets nobody in, until it is written as it is to be."""
    if not isinstance(item, Mapping):
        return item
    everyone = [{"everyone": True}]
    if item.get("decision") == "deny":
        return {**item, "include": everyone, "exclude": [], "require": []}
    return {**item, "exclude": everyone}


def bodies(values: Values, live: Live | None) -> list[dict[str, Any]]:
    """The policies of an application for a write, in order; precedences stay where they can."""
    raws = {text_of(it, "id"): it for it in attached_policies(live.raw)} if live else {}
    own = {text_of(it, "id"): it for it in own_policies(live.raw)} if live else {}
    named = {it["id"] for item in policies_of(values) for it in own_ids(item)}
    free = {text_of(it, "name"): key for key, it in reversed(own.items()) if key not in named}
    made: list[dict[str, Any]] = []
    last = 0
    for item in policies_of(values):
        key = str(item)
        if isinstance(item, Mapping):
            # Made by an earlier write of the same values, it has an id by now.
            key = item.get("id") or free.pop(item["name"], "")
        last = max(last + 1, precedence_of(raws.get(key, {})))
        made.append({**_body(item, own.get(key), values), **({"id": key} if key else {})})
        made[-1]["precedence"] = last
    return made


def _body(item: Any, raw: Mapping[str, Any] | None, values: Values) -> Mapping[str, Any]:
    """What is sent of one policy beside its id and precedence; of a reusable one nothing is."""
    live = POLICY.live_from(raw) if raw is not None else None
    if isinstance(item, Mapping):
        return POLICY.body({name: it for name, it in item.items() if name != "id"}, live)
    if raw is None:
        return {}
    session = str(values.get(SESSION) or DEFAULT)
    silent = not raw.get(SESSION) and raw.get("decision") in GIVES_ONE and session != DEFAULT
    return {**POLICY.writable(raw), **({SESSION: session} if silent else {})}
