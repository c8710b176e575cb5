"""Cloudflare Tunnels, together with their configuration; see ``local_tunnel`` for local ones.

Names are unique among tunnels that are not deleted; lists contain deleted ones unless
``is_deleted=false``. The configuration is one document, replaced by a ``PUT``. Whether a ``PUT``
without a difference raises its version is told both ways, so none is sent. Sources: Cloudflare
OpenAPI description, Terraform provider v5, cloudflared 2026.8.2 (API client).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from ztctl.core.model.calls import Call, CallFailed, Flow, Passing, only
from ztctl.core.model.canonical import Spec, canonical, canonical_fields, fields_of
from ztctl.core.model.copies import Copy
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.facts import UNKNOWN_TUNNEL, Fact, Slot, TunnelRules
from ztctl.core.model.flows import Ask, Unseen, WritesTogether, delete_if_present
from ztctl.core.model.gap import Gap
from ztctl.core.model.identity import Fields, HostPart
from ztctl.core.model.kind import (
    Alternative,
    Elsewhere,
    Kind,
    Lagging,
    Proposal,
    Resolve,
    Rotating,
)
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.markers import DecidesReach, Default, Immutable, Local, RefersTo
from ztctl.core.model.marks import InName
from ztctl.core.model.objects import Attributes, Live, Mark, Spare, Values, Wanted
from ztctl.core.model.plan import Action, Change, Phase, Refusal, Step
from ztctl.kinds import ingress, local_tunnel, origin_request, shared_tunnel, tunnel_twin
from ztctl.kinds.carry import Lists, patched, unmodelled
from ztctl.kinds.common import (
    TUNNEL,
    Id,
    Protect,
    listing,
    objects,
    path_below,
    segment,
    text_of,
    written,
)
from ztctl.kinds.ingress import IngressRule
from ztctl.kinds.local_tunnel import NOT_REPLACED, ConnectorFields, is_local
from ztctl.kinds.origin_request import OriginRequest
from ztctl.kinds.tunnel_configuration import (
    UNREAD,
    completed,
    configuration_of,
    document,
    fields_in,
    unreadable,
    with_own_settings,
    without_nothing,
)
from ztctl.kinds.tunnel_copies import copies_by_id, source_of

PATH = "/accounts/{account}/cfd_tunnel"
_MALFORMED = "connectors go on with the one before: mend it in the dashboard, or try again later"
# "Configuration not found": the tunnel never had one.
NOT_CONFIGURED = 1055
_READ = ("id", "name", "config_src", "remote_config", "status")
_PUBLIC, _KEPT = only(*_READ), only(*_READ, "created_at", "deleted_at")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class TunnelFields(Fields):
    """A way from Cloudflare to hosts inside."""

    ingress: Annotated[list[IngressRule] | None, Default(()), DecidesReach()] = None
    """Which names go where, in order; a closing `http_status:404` is added."""
    origin_request: Annotated[OriginRequest | None, DecidesReach()] = None
    """Settings for all rules; a rule's own win."""
    config: Annotated[
        Literal["cloudflare", "local"] | None,
        Default("cloudflare"),
        Immutable(instead=local_tunnel.INSTEAD),
        DecidesReach(),
    ] = None
    """Where its rules are: in the account, or in a file on its server (`ztctl tunnel files`)."""
    connector: Annotated[ConnectorFields | None, Local()] = None
    """Of `config: local`: what else stands in that file."""
    config_file: Annotated[
        str | None, BeforeValidator(path_below("connectors/pool.yml")), Local()
    ] = None
    """Of `config: local`: a copy of that file, as its server runs it, relative to this file and
    below its folder. It is trusted for what the tunnel serves."""
    shared: Annotated[Any, RefersTo("tunnel", live_only=True), Local()] = None
    """The live name of a tunnel that another stack declares; the rules here are our part of it."""
    name: str | None = None
    """The live name before the stack's mark, when it is not the key."""
    id: Id | None = None
    """Takes this live object as it is: it keeps its name, gets no mark, goes only by `removed`."""
    protect: Protect = False
    """Refuse to delete it, also when it is taken out of the file."""


@dataclass(frozen=True, slots=True)
class TunnelAttributes(Attributes):
    """State of a tunnel.

    Attributes:
        running: at least one connector is connected.
        status: status in the API, such as ``healthy``.
        version: version of the configuration, if this run read or wrote it.
        copy: what tells its configuration, where nobody can read it.
    """

    running: bool = False
    status: str = ""
    version: int | None = None
    copy: Copy | None = None


class Tunnel(Kind, Elsewhere, Lagging, Rotating, WritesTogether):
    """A Cloudflare Tunnel with its ingress rules."""

    name = "tunnel"
    section = "tunnels"
    title = "tunnel"
    model = TunnelFields
    phase = Phase.TUNNEL
    limit = 1000
    marking = InName()
    host_part = HostPart.TUNNEL
    unique = ("name",)

    @property
    def collection(self) -> str:
        """``cfd_tunnel``."""
        return "cfd_tunnel"

    # -- the wanted side --------------------------------------------------------------------

    def normalise_stated(self, key: str, stated: Values) -> Values:
        """Append the closing rule, and manage ``origin_request`` even if it is not stated."""
        rules = ingress.closed(stated.get("ingress") or [])
        return {**stated, "ingress": rules, "origin_request": stated.get("origin_request")}

    def declare(self, key: str, fields: Fields, **place: Any) -> Wanted:
        """Convert an entry; ``local`` holds ``access:`` and the position of each rule."""
        wanted = super().declare(key, fields, **place)
        wanted = replace(wanted, values=with_own_settings(wanted.values))
        rules: Sequence[IngressRule] = getattr(fields, "ingress", None) or ()
        by_rule = {
            "stated": tuple(fields.model_fields_set),
            "access": [rule.access for rule in rules],
            "places": [rule.where for rule in rules],
        }
        local = {**wanted.local, **by_rule}
        return replace(wanted, local=local, shares=wanted.local.get("shared"))

    def check(self, declared: Declared) -> Iterable[Problem]:
        """Report rules that never match, or lead back to their own host name."""
        for wanted in declared.of(self.name):
            yield from local_tunnel.misplaced(wanted)
            yield from shared_tunnel.misplaced(wanted, declared)
            # Of a file on a server no plan sees what is there already.
            yield from ingress.problems(wanted, bears_odd=not is_local(wanted.values))
            if (wanted.values.get("origin_request") or {}).get("access"):
                yield warning(
                    Code.TUNNEL_WIDE_ACCESS,
                    f"{wanted.address}: the connector does not look at `origin_request.access` of "
                    "the whole tunnel, only at that of each rule",
                    wanted.where,
                    "write `access: true` on the rules; where an application of the files decides "
                    "for the name, that is the default",
                )

    def hosts(self, key: str, values: Values) -> frozenset[str]:
        """Host names and patterns that lead to an origin."""
        return ingress.names(values.get("ingress"))

    def complete(self, wanted: Wanted, live: Live | None, ledger: Ledger) -> Values:
        """Add the mark, and ``origin_request.access`` to the rules; local ones are not written."""
        if wanted.shares is not None and live is not None:
            return shared_tunnel.with_part(wanted, live, ledger)
        values = super().complete(wanted, live, ledger)
        # What takes another one's place is run by its token.
        if live is not None and not wanted.pinned:
            running = TunnelAttributes.of(live).running
            for it in local_tunnel.renamed(wanted, live, str(values["name"]), running=running):
                ledger.add_problem(it)
        if is_local(values) or "ingress" not in values:
            return {name: it for name, it in values.items() if name not in _CONFIGURED}
        own = completed(wanted, ledger)
        return {**values, **(shared_tunnel.with_others(own, live, ledger) if live else own)}

    def spare(self, wanted: Wanted, spare: Spare, live: Live | None) -> Wanted:
        """The remotely managed tunnel with the same rules, to take the place of one by a file."""
        return tunnel_twin.twin(wanted, spare)

    def dropped_by(self, change: Change) -> tuple[str, ...]:
        """The host names that the tunnel serves now, and whether it goes on to."""
        kept = ingress.names(change.after.get("ingress"))
        return tuple(
            f"serves {name} now" if name in kept else f"serves {name} now, and no longer then"
            for name in sorted(ingress.names(change.before.get("ingress")))
        )

    def refusals(self, change: Change, proposal: Proposal) -> Iterator[Refusal]:
        """Refuse a name that is taken, odd rules, to cut connectors off, and to replace."""
        yield from _name_taken(change, proposal)
        yield from shared_tunnel.contested(change, proposal)
        odd = ingress.new_oddities(change)
        yield from (Refusal(change.address, text) for text in odd)
        running = change.live is not None and TunnelAttributes.of(change.live).running
        is_deleted = change.action in (Action.DELETE, Action.REPLACE)
        if is_deleted and running:
            text = "it has running connectors: everybody who works through it is cut off"
            yield from proposal.unless_allowed("--allow-disconnect", change, text)
        if change.action is Action.REPLACE:
            reason = NOT_REPLACED[change.written["config"]]
            yield Refusal(change.address, reason.format(key=quote(change.address.key)))

    # -- steps ------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[Step, ...]:
        """Add new rules first; remove old ones after the records that point to them are gone."""
        match change.action:
            case Action.CREATE if not is_local(change.written):
                made = self.step(change, "create", keeps_fact=True)
                return (made, self.step(change, "configure"))
            case Action.UPDATE | Action.ADOPT:
                return tuple(self._update_steps(change))
            case Action.REPLACE:
                # Always refused; of its steps no order would be found, since names are unique.
                return ()
            case _:
                return super().steps(change)

    def _update_steps(self, change: Change, *, late: bool = False) -> Iterator[Step]:
        """The steps; ``late``: rules of ours in a shared tunnel go after the records."""
        touched = {edit.path.partition("[")[0].partition(".")[0] for edit in change.edits}
        if "name" in touched:
            yield self.step(change, "rename", keeps_fact=True)
        if not touched & {"ingress", "origin_request"}:
            return
        assert change.live is not None
        old_rules = change.live.values.get("ingress") or []
        new_rules = change.written["ingress"]
        removed = ingress.names(old_rules) - ingress.names(new_rules)
        # `after` has references resolved, as live rules have: an unchanged audience must be equal.
        opens = any(
            rule not in old_rules and ingress.is_origin(rule) for rule in change.after["ingress"]
        )
        together = shared_tunnel.is_together(change)
        first = change.wanted is not None and change.wanted.shares is not None and not late
        if not (removed and opens):
            ends = bool(removed) and first
            yield self.step(change, "configure", together=together, closes_first=ends)
            return
        kept = [rule for rule in old_rules if ingress.pattern_of(rule) in removed]
        settings = (it.get("origin_request") or {} for it in (change.live.values, change.written))
        kept = ingress.restated(kept, *settings)
        # A rule that matches everything has to be the last one, and there is room for one.
        closing = () if any(ingress.matches_everything(it) for it in kept) else new_rules[-1:]
        both = {**change.written, "ingress": [*new_rules[:-1], *kept, *closing]}
        yield self.step(change, "extend", values=both, together=together)
        yield self.step(change, "reduce", tail=True, together=together, closes_first=first)

    def alternatives(self, change: Change, resolve: Resolve) -> Iterator[Alternative]:
        """First disable the token check of rules whose audience gets another application.

        The audience of a new application is known only after it was created, and from then on
        users bring its tokens, which the connector would deny. Access protects the name meanwhile.
        """
        updates = change.live is not None and change.action in (Action.UPDATE, Action.ADOPT)
        if not updates or change.live is None or is_local(change.written):
            return
        old = change.live.values.get("ingress") or []
        relaxed = ingress.without_renewed_checks(old, resolve(change.written["ingress"]))
        if relaxed != old:
            live = {"origin_request": change.live.values.get("origin_request"), "ingress": relaxed}
            together = shared_tunnel.is_together(change)
            relax = self.step(change, "relax", values={**change.written, **live}, together=together)
            yield Alternative((relax, *change.steps))
        if any(step.closes_first for step in change.steps):
            # A wider rule would serve the names in between.
            yield Alternative(tuple(self._update_steps(change, late=True)))

    def fact(self, values: Values, live: Live | None) -> Fact:
        """The rules that it serves, read or told by a copy; else unknown."""
        from ztctl.kinds import facts

        if live is not None and (copy := live.attribute("copy")) is not None:
            # Whatever a run writes, the file on the server stays as it is.
            return replace(facts.tunnel(live.values), copy=copy.path)
        read = live is None or live.values is not values or live.is_whole
        return facts.tunnel(values) if read and not is_local(values) else UNKNOWN_TUNNEL

    def elsewhere(self, wanted: Wanted, live: Live, ledger: Ledger) -> Values:
        """The rules of a locally managed tunnel, where a copy tells what its server runs."""
        states_rules = len(wanted.values.get("ingress") or ()) > 1
        if live.attribute("copy") is None or not (is_local(wanted.values) and states_rules):
            return {}
        return completed(wanted, ledger)

    def either(self, live: Live, values: Values | None) -> Fact:
        """The rules that the copy tells, and those that somebody may put on the server."""
        from ztctl.kinds import facts

        now = self.fact(live.values, live)
        stated = facts.tunnel(values).rules if values is not None else None
        assert isinstance(now, TunnelRules)
        return now if stated is None or stated == now.rules else replace(now, others=(stated,))

    # -- export -----------------------------------------------------------------------------

    def gap(self, live: Live) -> Gap | None:
        """A configuration that could not be read, or is not there yet; local ones have none."""
        if is_local(live.values):
            return None
        if not live.is_whole:
            return Gap("its configuration could not be read")
        return None if live.values.get("ingress") else Gap("it has no configuration yet")

    def entry(self, live: Live) -> Values:
        """Without the closing rule, which each tunnel has."""
        values = super().entry(live)
        rules = [ingress.to_file(rule) for rule in values.get("ingress") or ()]
        own = rules[:-1] if rules and ingress.is_closing(rules[-1]) else rules
        general = origin_request.to_file(values.get("origin_request"))
        return {**values, "ingress": own, "origin_request": general}

    # -- flows ------------------------------------------------------------------------------

    def read(self, ask: Ask) -> Flow[tuple[Live, ...]]:
        """Read all tunnels in one list, and the configurations that the plan may need."""
        found = objects((yield tunnels()))
        return (yield from self._with_rules(found, _concerned(ask), copies_by_id(ask, found)))

    def reread(self, ask: Ask, changes: Sequence[Change]) -> Flow[tuple[Live, ...]]:
        """Read the list, and those configurations of changed tunnels that were read before."""
        found = objects((yield tunnels()))
        changed = [change.live for change in changes if change.live is not None]
        known = {live.id: live.attribute("copy") for live in changed if live.is_whole}
        copies = {key: copy for key, copy in known.items() if copy is not None}
        seen = known.keys() - copies.keys()
        return (yield from self._with_rules(found, lambda raw: text_of(raw, "id") in seen, copies))

    def beyond(self, unseen: Unseen) -> Flow[Mapping[Slot, Fact]]:
        """The rules of these tunnels; unknown for those that cannot be read.

        Those of which a copy tells are known as soon as the tunnels are listed.
        """
        found: dict[Slot, Fact] = {(TunnelRules, key): UNKNOWN_TUNNEL for key in unseen.tunnels}
        try:
            listed = {text_of(raw, "id"): raw for raw in objects((yield tunnels()))}
            asked = [raw for key in sorted(unseen.tunnels) if (raw := listed.get(key)) is not None]
            remote = [raw for raw in asked if source_of(raw) == "cloudflare"]
            replies = yield tuple(configuration(raw) for raw in remote)
            for raw, reply in zip(remote, replies, strict=True):
                live = self._live(raw, UNREAD if unreadable(reply) else reply)
                found[TunnelRules, live.id] = self.fact(live.values, live)
            missing = sorted(key for key in unseen.tunnels - listed.keys() if _ID.fullmatch(key))
            calls = tuple(
                Call("GET", f"{PATH}/{key}", permission=TUNNEL, optional=True, keep=_KEPT)
                for key in missing
            )
            for key, raw in zip(missing, (yield calls), strict=True):
                # A deleted tunnel stays for a while; nobody gets to it (error 1016 or 1033).
                if isinstance(raw, Mapping) and raw.get("deleted_at"):
                    found[TunnelRules, key] = TunnelRules()
        except CallFailed as failure:
            if not failure.leaves_gap:
                raise
        return found

    def _with_rules(
        self,
        found: Sequence[Mapping[str, Any]],
        chosen: Callable[[Mapping[str, Any]], bool],
        copies: Mapping[str, Copy],
    ) -> Flow[tuple[Live, ...]]:
        """Convert tunnels of a list; read the configurations of the chosen ones concurrently.

        ``copies``, by id, stand in for configurations that nobody can read.
        """
        asked = tuple(raw for raw in found if chosen(raw))
        replies = yield tuple(configuration(raw) for raw in asked)
        for raw, reply in zip(asked, replies, strict=True):
            if why := unreadable(reply):
                text = f"the configuration of the tunnel {text_of(raw, 'name')!r} cannot be read"
                raise CallFailed(configuration(raw), f"{text}: {why}", hint=_MALFORMED)
        left = iter(replies)
        return tuple(
            self._live(raw, next(left) if chosen(raw) else UNREAD, copies.get(text_of(raw, "id")))
            for raw in found
        )

    def carried_over(self, live: Live) -> Values:
        """What no field models, at any depth, of the configuration."""
        known = document(live.values)
        return unmodelled(configuration_of(live), known, self._lists(live.values))

    def _lists(self, values: Values) -> Lists:
        rules = ingress.elements(_RULE, values.get("origin_request") or {})
        return {**origin_request.LISTS, "ingress": rules}

    def _configured(self, live: Live, values: Values) -> dict[str, Any]:
        """The configuration as it came, with what these values change in it."""
        # What a rule has for itself depends on the settings of the tunnel: none is taken for
        # unchanged before it was looked at.
        known = {**document(live.values), "ingress": None}
        was = configuration_of(live)
        made: dict[str, Any] = patched(was, known, document(values), self._lists(values))
        rules = [without_nothing(rule) for rule in made["ingress"]]
        return without_nothing({**made, "ingress": rules})

    def create(self, values: Values) -> Flow[Live]:
        """Create the tunnel; the secret in the reply is dropped."""
        source = local_tunnel.LOCAL if is_local(values) else "cloudflare"
        body = {"name": values["name"], "config_src": source}
        made = yield from written(Call("POST", PATH, body, permission=TUNNEL))
        return self._live(made, None)

    def find(self, values: Values) -> Flow[Live | None]:
        """Look up the tunnel by name, which is unique."""
        found = objects((yield tunnels(name=values["name"])))
        named = [raw for raw in found if text_of(raw, "name") == values["name"]]
        return self._live(named[0], None) if named else None

    def update(self, live: Live, values: Values, verb: str) -> Flow[Live]:
        """Rename the tunnel, or replace its configuration."""
        path = f"{PATH}/{segment(live.id)}"
        if verb in ("rename", "forget"):
            renaming = Call("PATCH", path, {"name": values["name"]}, permission=TUNNEL)
            raw = yield from written(renaming)
            # A rename does not change the configuration, which the reply does not contain.
            known = {"config": live.raw["config"]} if "config" in live.raw else None
            return self._live({**live.raw, **_public(raw)}, known)
        return (yield from self._configure(live, self._configured(live, values)))

    def update_together(self, live: Live, values: Values) -> Flow[Live]:
        """Replace the configuration; what others write to it meanwhile stays."""
        rules = canonical(self.specs["ingress"], values["ingress"])
        return (
            yield from shared_tunnel.configured(
                live,
                with_own_settings({**values, "ingress": rules}),
                configuration(live.raw),
                lambda reply: self._live(live.raw, reply),
                lambda now, made: self._configure(now, self._configured(now, made)),
            )
        )

    def _configure(self, live: Live, config: Mapping[str, Any]) -> Flow[Live]:
        path = f"{PATH}/{segment(live.id)}/configurations"
        call = Call("PUT", path, {"config": config}, permission=TUNNEL)
        # Recorded replies of a PUT tell the tunnel and the version.
        version = (yield from written(call, "tunnel_id")).get("version")
        return self._live(live.raw, {"config": config, "version": version})

    def lagging(self, live: Live) -> Flow[tuple[str, ...]]:
        """Ids of connectors that run an older configuration than the one just written.

        Connectors fetch the configuration themselves, and report which one as ``config_version``.
        Those that report none count as up to date: there is nothing to wait for.
        """
        version = TunnelAttributes.of(live).version
        if version is None:
            return ()
        path = f"{PATH}/{segment(live.id)}/connections"
        found = objects((yield Call("GET", path, permission=TUNNEL)))
        return tuple(text_of(raw, "id") for raw in found if _runs_older(raw, version))

    def undo(self, step: Step, before: Live | None, made: Live) -> Flow[None]:
        """Restore the configuration as it came."""
        assert before is not None, "a step that serves names works on a tunnel that is there"
        was = configuration_of(before)
        rules = was.get("ingress") or ingress.to_api(ingress.closed([]))
        yield from self._configure(made, {**was, "ingress": rules})

    def delete(self, live: Live) -> Flow[None]:
        """Delete the tunnel; drop its connections first if the plan saw running connectors."""
        path = f"{PATH}/{segment(live.id)}"
        retried = Call("DELETE", path, permission=TUNNEL, patience=(Passing(400, "1022"),))
        try:
            yield from delete_if_present(Call("DELETE", path, permission=TUNNEL))
            return
        except CallFailed as failure:
            # 1022: the tunnel has active connections.
            if not failure.has_code(1022) or not TunnelAttributes.of(live).running:
                raise
        yield Call("DELETE", f"{path}/connections", permission=TUNNEL)
        yield from delete_if_present(retried)

    def _live(self, raw: Mapping[str, Any], reply: Any, copy: Copy | None = None) -> Live:
        name = text_of(raw, "name")
        key, mark = Mark.of_name(name)
        answer = reply if isinstance(reply, Mapping) else {}
        came, version = answer.get("config"), answer.get("version")
        came = came if isinstance(came, Mapping) else {}
        # What came is written back with what changes; a copy never is.
        config = came if copy is None else copy.configuration
        fields = {
            "name": name,
            "config": source_of(raw),
            **fields_in(config),
        }
        status = text_of(raw, "status")
        running, is_number = status in ("healthy", "degraded"), isinstance(version, int)
        attributes = TunnelAttributes(running, status, version if is_number else None, copy)
        # The configuration of a locally managed tunnel is a file on its host.
        is_read = reply is not UNREAD and source_of(raw) == "cloudflare"
        id_ = text_of(raw, "id")
        values = with_own_settings(canonical_fields(self.specs, fields))
        kept = {**_public(raw), **({"config": came} if came else {})}
        is_whole = is_read or copy is not None
        return Live(self.name, id_, name, key, values, attributes, mark, kept, is_whole=is_whole)


def _name_taken(change: Change, proposal: Proposal) -> Iterator[Refusal]:
    """Refuse the name of a tunnel that this plan does not change: the API would, too (1013)."""
    names = {step.values.get("name") for step in change.steps if step.id.verb != "delete"}
    for other in proposal.untouched.get(change.address.kind, ()):
        if other.name in names:
            text = f"the tunnel {other.id} is called {other.name!r} already, and names are unique"
            yield Refusal(change.address, text)


def tunnels(**query: str) -> Call:
    """Make the call that lists tunnels that are not deleted."""
    call = listing(PATH, TUNNEL, 1000, ("name",), is_deleted="false", **query)
    return replace(call, keep=_KEPT)


def configuration(raw: Mapping[str, Any]) -> Call:
    """Make the call that reads a configuration; a new tunnel may have none (error 1055)."""
    path = f"{PATH}/{segment(text_of(raw, 'id'))}/configurations"
    return Call("GET", path, permission=TUNNEL, optional=True, absent=NOT_CONFIGURED)


def served_hosts(live: Live, ask: Ask) -> frozenset[str]:
    """Host names in the rules of a tunnel that is declared or carries the stack's mark."""
    if not _ours(ask)(live.raw):
        return frozenset()
    names = (rule.get("hostname") for rule in live.values.get("ingress") or ())
    return frozenset(name for name in names if name)


def _concerned(ask: Ask) -> Callable[[Mapping[str, Any]], bool]:
    """Make the test of which tunnels need their configuration read."""
    ours = _ours(ask)
    return lambda raw: ours(raw) and source_of(raw) == "cloudflare"


def _ours(ask: Ask) -> Callable[[Mapping[str, Any]], bool]:
    """Make the test of which tunnels the files name, or the stack's mark is on."""
    wanted = ask.wanted.get("tunnel", ())
    named = {_named(it) for it in wanted}
    named |= {name for kind, name in ask.removed if kind == "tunnel"}

    def ours(raw: Mapping[str, Any]) -> bool:
        name = text_of(raw, "name")
        _, mark = Mark.of_name(name)
        marked = mark is not None and mark.stack == ask.stack
        return marked or name in named or text_of(raw, "id") in named

    return ours


def _named(wanted: Wanted) -> str:
    """The id, or the live name without the mark, of a wanted tunnel."""
    if wanted.shares is not None:
        return wanted.shares.name
    return wanted.claim.id if wanted.claim else wanted.name or wanted.address.key


_RULE = fields_of(TunnelFields)["ingress"].element or Spec()
# What of a locally managed tunnel is in its file, and not in the account.
_CONFIGURED = ("ingress", "origin_request")


def _public(raw: Any) -> dict[str, Any]:
    """Copy a tunnel without the secrets that the reply to a create contains."""
    return dict(_PUBLIC(raw)) if isinstance(raw, Mapping) else {}


def _runs_older(connector: Mapping[str, Any], version: int) -> bool:
    runs = connector.get("config_version")
    return isinstance(runs, int) and runs < version
