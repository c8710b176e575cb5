"""Steps of a tunnel's migration as plans: what is asked, refused and told beside an apply's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from shlex import quote
from typing import TYPE_CHECKING

from ztctl.cli.rotations import paragraphs, require_in_step
from ztctl.cli.settings import Usage
from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.canonical import references
from ztctl.core.model.connectors import Connector
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.facts import TunnelRules
from ztctl.core.model.guide import Typed
from ztctl.core.model.identity import HostPart
from ztctl.core.model.objects import Live, Spare, Values, Wanted
from ztctl.core.model.plan import Action, Change, Plan, Refusal
from ztctl.core.model.values import Ref
from ztctl.core.planning.compare import describe, differing
from ztctl.core.planning.migration import (
    Migrate,
    Migration,
    MigrationState,
    MigrationStep,
    leading_to,
    migration_of,
    migrations,
)
from ztctl.core.planning.planner import Options
from ztctl.core.reach.entries import rules_for
from ztctl.documents.suggest import nearest
from ztctl.engine.plan import Planned
from ztctl.kinds.registry import KINDS
from ztctl.kinds.running_connector import ConnectorAttributes
from ztctl.kinds.tunnel import TunnelAttributes
from ztctl.ssh.connector import kubernetes_name

if TYPE_CHECKING:
    from ztctl.views.view import View

_TUNNEL = KINDS.of_host(HostPart.TUNNEL)
_RULES = ("ingress", "origin_request")
# Of more differences, or objects, only so many are named.
_MOST_NAMED = 5

# What has been done, and the step that comes next.
STATES: Mapping[MigrationState, tuple[str, MigrationStep]] = {
    MigrationState.NONE: ("no migration is under way", MigrationStep.START),
    MigrationState.STARTED: ("its remotely managed twin is there", MigrationStep.FINISH),
    MigrationState.MOVING: (
        "names lead to its twin, and the old tunnel is still there",
        MigrationStep.FINISH,
    ),
}


def tell_migrations(planned: Planned, declared: Declared, view: View, typed: Typed) -> None:
    """What there is to say and to paste for each migration that is under way."""
    for it in migrations(declared, planned.live, KINDS):
        name = it.wanted.address.key
        done, following = STATES[it.state]
        view.note(f"A migration of the tunnel {name} is under way: {done}. Next:")
        view.note(step_command(name, following, typed))


def step_command(name: str, step: MigrationStep, typed: Typed, *words: str) -> str:
    """The command of a step, to be pasted."""
    return typed.command(" ".join((f"tunnel migrate {quote(name)} {step}", *words)))


def tunnel_to_migrate(name: str, declared: Declared) -> Wanted:
    """The declared tunnel of this name, if it can be migrated.

    Raises:
        Usage: no file declares it.
        Failure: it cannot be migrated.
    """
    known = {it.address.key: it for it in declared.of(_TUNNEL.name)}
    found = known.get(name)
    if found is None:
        near = nearest(name, tuple(known))
        hint = f"did you mean {near}?" if near else f"they have {', '.join(known) or 'none'}"
        raise Usage(f"the files have no tunnel {name!r}", hint)
    if found.claim is not None:
        raise Failure(
            f"the tunnel {name} cannot be migrated: `id:` names the old one, and its twin is "
            "another one",
            "take `id:` out and adopt it (ztctl apply --adopt): its name gets the stack's mark",
        )
    if f"{name}{Spare.NEXT.ending}" in known:
        raise Failure(
            f"the tunnel {name} cannot be migrated: the files call another one like its twin",
            "give that another key",
        )
    return found


@dataclass(frozen=True, slots=True)
class Consents:
    """What somebody said yes to, beside what the plan is asked to do.

    Attributes:
        unseen: nobody compares the rules with the server's file.
        ready: the twin's connector runs its rules, where it does not say so itself.
    """

    unseen: bool = False
    ready: bool = False


def options_for(asked: Migrate) -> Options:
    """The options of a step's plan, with the approvals that the step itself is.

    Nothing but one tunnel goes by it: the old one, or a twin, to which nothing leads.
    """
    gone, everything = asked.step is MigrationStep.ABORT or asked.retires, frozenset({"all"})
    disconnect = everything if gone else frozenset[str]()
    return Options(Allowances(disconnect=disconnect, protected=everything), migration=asked)


@dataclass(slots=True)
class MigrationPlans:
    """Makes the plan of one step out of what was planned, and refuses what is no part of it.

    Attributes:
        found: the migration as it was last read.
        retired: whether the last plan deletes the old tunnel, or there is none any more.
    """

    declared: Declared
    migrate: Migrate
    consents: Consents = field(default_factory=Consents)
    found: Migration | None = None
    retired: bool = False

    def asked(self, planned: Planned) -> Plan:
        """The plan of the step, with its refusals.

        Raises:
            Failure: there is nothing to end; the tunnel is managed remotely already; the account
                is not as the files say, apart from the migration.
        """
        self.found = found = self._found(planned)
        name, step = self.migrate.tunnel.key, self.migrate.step
        remote = found.old is not None and found.old.values.get("config") == "cloudflare"
        if (
            found.state is MigrationState.NONE
            and step is not MigrationStep.START
            and not (remote and step is MigrationStep.FINISH)
        ):
            raise Failure(
                f"no migration of the tunnel {name} is under way", "there is nothing to end"
            )
        if found.state is MigrationState.NONE and step is MigrationStep.START and remote:
            raise Failure(
                f"the tunnel {name} is managed remotely already", "there is nothing to do"
            )
        options = Options(migration=Migrate(self.migrate.tunnel, None))
        require_in_step(self.declared, planned, options, self._own(found), "migration")
        plan = planned.plan
        going = {it.live.id: it.address for it in plan.changes if it.live and _goes(it)}
        gone = going.get(found.old.id) if found.old is not None else None
        self.retired = found.old is None or remote or gone is not None
        own = tuple(self._refusals(planned, found))
        # What still leads to the old tunnel is told by these already.
        others = (it for it in plan.refusals if not own or it.address != gone)
        return replace(plan, refusals=(*own, *others))

    def _found(self, planned: Planned) -> Migration:
        wanted = next(it for it in self.declared.wanted if it.address == self.migrate.tunnel)
        return migration_of(wanted, self.declared, planned.live, KINDS)

    def _own(self, found: Migration) -> Iterator[Address]:
        """What this step changes itself, and may have left half done.

        The names move only where the twin is as the files say.
        """
        tunnel = self.migrate.tunnel
        if self.migrate.step is not MigrationStep.FINISH:
            yield Address(tunnel.kind, f"{tunnel.key}{Spare.NEXT.ending}")
        elif found.state is MigrationState.MOVING:
            yield tunnel
            for it in self.declared.wanted:
                led = (ref.to for ref in references(it.values) if isinstance(ref, Ref))
                if tunnel in led:
                    yield it.address

    # -- what is in the way -----------------------------------------------------------------

    def _refusals(self, planned: Planned, found: Migration) -> Iterator[Refusal]:
        match self.migrate.step:
            case MigrationStep.START if found.old is not None:
                yield from self._rules_differ(planned, found.old)
            case MigrationStep.FINISH if found.next is not None and found.old is not None:
                yield from self._not_ready(planned, found.next)
                yield from self._left_behind(planned, found.old)
            case _:
                return

    def _rules_differ(self, planned: Planned, old: Live) -> Iterator[Refusal]:
        """Refuse where the server's file says something else than the files, or nobody looked."""
        key = self.migrate.tunnel.key
        if not old.is_whole:
            if not self.consents.unseen:
                yield Refusal(
                    self.migrate.tunnel,
                    "whether its server's file says the same as these files nobody can see from "
                    f"here: hand over a copy of it, by `config_file:` or --local {quote(key)}=FILE",
                    "--allow-unseen-rules",
                )
            yield from self._unserved(planned, old)
            return
        twin = _rules_of(planned, Address(_TUNNEL.name, f"{key}{Spare.NEXT.ending}"))
        specs = _TUNNEL.specs
        differences = [
            f"{edit.path} is {_shown(edit.before)} there and {_shown(edit.after)} here"
            for name in differing({it: specs[it] for it in _RULES}, twin, old.values)
            for edit in describe(name, specs[name], old.values.get(name), twin.get(name))
        ]
        if differences:
            yield Refusal(
                self.migrate.tunnel,
                f"its server's file and these files differ: {_listed(differences, '; ')}. Make "
                "them alike first",
            )

    def _unserved(self, planned: Planned, old: Live) -> Iterator[Refusal]:
        """Refuse where the files have no rule for a name that leads to the old tunnel."""
        twin = Address(_TUNNEL.name, f"{self.migrate.tunnel.key}{Spare.NEXT.ending}")
        fact = _TUNNEL.fact(_rules_of(planned, twin), None)
        rules = fact.rules if isinstance(fact, TunnelRules) else None
        record = KINDS.of_host(HostPart.RECORD).name
        led = (it.key for it in leading_to(old, planned.live, KINDS) if it.kind == record)
        names = [it for it in led if not any(one.is_origin for one in rules_for(it, rules or ()))]
        if names:
            yield Refusal(
                self.migrate.tunnel,
                f"no rule of these files serves {_listed(names, ', ')}: nobody would get through "
                "the twin. Take the rules of its server's file over first",
            )

    def _not_ready(self, planned: Planned, twin: Live) -> Iterator[Refusal]:
        """Refuse while no connector of the twin serves its rules."""
        runs = [
            attributes.runs
            for it in planned.live.get("running_connector", ())
            if isinstance(attributes := it.attributes, ConnectorAttributes)
            and attributes.tunnel == twin.id
            and attributes.runs.edges
        ]
        version = TunnelAttributes.of(twin).version
        if version is None or not runs or not TunnelAttributes.of(twin).running:
            reason = f"no healthy connector runs for {twin.name}: nobody would get through"
            yield Refusal(self.migrate.tunnel, f"{reason}. Start one beside the old one")
        elif any(_runs_at_least(it, version) for it in runs):
            return
        elif all(it.config_version is not None for it in runs):
            reason = f"no connector of {twin.name} runs version {version} of its rules yet"
            yield Refusal(self.migrate.tunnel, f"{reason}: try again in a moment")
        elif not self.consents.ready:
            yield Refusal(
                self.migrate.tunnel,
                f"the connector of {twin.name} does not say which rules it runs: look into its "
                f"log, which tells of version {version}",
                "--connector-ready",
            )

    def _left_behind(self, planned: Planned, old: Live) -> Iterator[Refusal]:
        """Refuse while something leads to the old tunnel that this plan does not change."""
        changed = {
            (live.kind, live.id)
            for change in planned.plan.changes
            for live in (change.live, *change.others)
            if live is not None
        }
        left = [
            it for it in leading_to(old, planned.live, KINDS) if (it.kind, it.id) not in changed
        ]
        for (kind, why, flag), found in _grouped(left, planned.plan.stack).items():
            names = _listed([it.name for it in found], ", ")
            many = "lead" if len(found) > 1 else "leads"
            title = f"{kind}{'s' if len(found) > 1 else ''}"
            yield Refusal(self.migrate.tunnel, f"the {title} {names} {many} to it{why}", flag)


def _goes(change: Change) -> bool:
    return change.action is Action.DELETE


def _grouped(left: list[Live], stack: str) -> Mapping[tuple[str, str, str], list[Live]]:
    found: dict[tuple[str, str, str], list[Live]] = {}
    for it in left:
        kind = KINDS[it.kind]
        if kind.is_read_only:
            why, flag = ": lead it to the twin in the dashboard, or take it away", ""
        elif it.mark is not None and it.mark.stack != stack:
            why, flag = f", and belongs to the stack {it.mark.stack}: lead it elsewhere there", ""
        elif it.mark is not None:
            why, flag = " by its name or id: let the files lead it there by the tunnel's key", ""
        else:
            why, flag = ", and is nobody's", "--move-foreign"
        found.setdefault((kind.title, why, flag), []).append(it)
    return found


def _rules_of(planned: Planned, address: Address) -> Values:
    """The rules that a tunnel has after the plan, references resolved."""
    changes = (it.after for it in planned.draft.changes if it.address == address)
    live = planned.draft.ledger.matched(address)
    values = next(changes, live.values if live is not None else {})
    return {name: values.get(name) for name in _RULES}


def _runs_at_least(connector: Connector, version: int) -> bool:
    return connector.config_version is not None and connector.config_version >= version


def _shown(value: object) -> str:
    return "absent" if value is None else repr(value) if isinstance(value, str) else str(value)


def _listed(texts: list[str], between: str) -> str:
    more = f"{between}and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return f"{between.join(texts[:_MOST_NAMED])}{more}"


# -- what to do next ------------------------------------------------------------------------


def following(plans: MigrationPlans, typed: Typed) -> str:
    """What to do once a step is done."""
    key = plans.migrate.tunnel.key
    match plans.migrate.step:
        case MigrationStep.START:
            return paragraphs(*_after_start(key, typed))
        case MigrationStep.FINISH if plans.retired:
            return paragraphs(
                f"The tunnel {key} is managed remotely. Take `config: local` and `config_file:` "
                "out of its entry, if they are still there: the next plan is empty then. On its "
                "server the old service has nothing to do any more:",
                "!sudo systemctl disable --now cloudflared",
            )
        case MigrationStep.FINISH:
            return paragraphs(
                f"Whoever comes now is served by the new connector of {key}. The old tunnel is "
                "still there, and so are the sessions through it. Once they have ended, stop its "
                "connector on its server, and end the migration:",
                "!sudo systemctl disable --now cloudflared",
                f"!{step_command(key, MigrationStep.FINISH, typed)}",
                "Or cut them off now:",
                f"!{step_command(key, MigrationStep.FINISH, typed, '--allow-disconnect')}",
            )
        case _:
            return paragraphs(
                f"The migration of {key} is given up: stop the service of the twin's connector."
            )


def _after_start(key: str, typed: Typed) -> Iterator[str]:
    twin, service = quote(f"{key}{Spare.NEXT.ending}"), kubernetes_name(key)
    file = f"/etc/cloudflared/{service}.token"
    token = typed.command(f"tunnel token {twin}")
    unit = typed.command(
        f"tunnel service {twin} --token-file {file} --metrics 127.0.0.1:20242", asks=False
    )
    put = f"/etc/systemd/system/{service}.service"
    yield (
        f"{key} has a twin with the same rules, to which nothing leads yet. Run its connector "
        "beside the old one, which stays as it is: on the same server, by a service of another "
        "name, with its token in a file of its own:"
    )
    yield (
        f"!{token} | ssh root@SERVER 'umask 077; cat > {file}'\n"
        f"{unit} | ssh root@SERVER 'cat > {put}'\n"
        f"ssh root@SERVER 'systemctl daemon-reload; systemctl enable --now {service}'"
    )
    yield "Or on another machine, by the bundle of a connector, with the same token:"
    yield f"!{typed.command(f'ssh server render --connector {quote(key)} -o bundle.tar')}"
    yield "Once it is connected, everything can be led to it:"
    yield f"!{typed.command(f'tunnel status {twin}')}"
    yield f"!{step_command(key, MigrationStep.FINISH, typed)}"
