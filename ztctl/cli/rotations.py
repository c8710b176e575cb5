"""Steps of a CA rotation as plans: what is asked, refused and told beside those of an apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from shlex import quote
from textwrap import fill
from typing import TYPE_CHECKING

from ztctl.cli.settings import Usage
from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.guide import Typed
from ztctl.core.model.identity import HostPart
from ztctl.core.model.names import named_or_covering, to_ascii
from ztctl.core.model.objects import Spare, Wanted
from ztctl.core.model.plan import Plan, Refusal
from ztctl.core.model.values import Ref
from ztctl.core.planning.planner import Draft, Options
from ztctl.core.planning.rotation import Rotate, RotationState, RotationStep, under_way
from ztctl.documents.suggest import nearest
from ztctl.engine.plan import Planned
from ztctl.kinds.registry import KINDS

if TYPE_CHECKING:
    from ztctl.views.view import View

# What has been done, and the step that comes next.
STATES: Mapping[RotationState, tuple[str, RotationStep]] = {
    RotationState.NONE: ("no rotation is under way", RotationStep.START),
    RotationState.STARTED: ("a second application has the new CA", RotationStep.MOVE),
    RotationState.MOVING: ("the name is on its way to the new CA", RotationStep.MOVE),
    RotationState.MOVED: ("the new CA signs, the old one is still there", RotationStep.FINISH),
}


def tell_rotations(planned: Planned, declared: Declared, view: View, typed: Typed) -> None:
    """What there is to say and to paste for each rotation that is under way."""
    for it in under_way(declared, planned.live, KINDS):
        name = it.wanted.address.key
        done, following = STATES[it.state]
        view.note(f"A CA rotation of {name} is under way: {done}. Next:")
        view.note(step_command(name, following, typed))


def step_command(name: str, step: RotationStep, typed: Typed) -> str:
    """The command of a step, to be pasted."""
    return typed.command(f"ssh ca rotate {quote(name)} {step}")


def application_of(host: str, declared: Declared) -> Wanted:
    """The declared application of a host, if its CA can be rotated.

    Raises:
        Usage: no file declares one.
        Failure: its CA cannot be rotated.
    """
    kind = KINDS.of_host(HostPart.APPLICATION)
    name = to_ascii(host)
    known: dict[str, Wanted] = {}
    for it in declared.of(kind.name):
        for one in (it.address.key, *kind.hosts(it.address.key, it.values)):
            known.setdefault(one, it)
    it_is = named_or_covering(name, known)
    if it_is is None:
        near = nearest(name, tuple(known))
        hint = f"did you mean {near}?" if near else "name a host of the files"
        raise Usage(f"no file declares an application for {host}", hint)
    found = known[it_is]
    if why := _obstacle(found, declared):
        raise Failure(f"the CA of {found.address.key} cannot be rotated: {why[0]}", why[1])
    return found


def _obstacle(found: Wanted, declared: Declared) -> tuple[str, str] | None:
    """Why the CA of an application cannot be rotated, and what to do."""
    cas = (it.values["application"] for it in declared.of(KINDS.of_host(HostPart.CA_KEY).name))
    if not any(isinstance(it, Ref) and it.to == found.address for it in cas):
        return "the files want none for it", "declare it under ca_keys:"
    if found.claim is not None:
        return (
            "`id:` names the application, and a rotation makes another one",
            "take `id:` out and adopt it, or rotate by hand",
        )
    taken = {f"{found.address.key}{it.ending}" for it in Spare}
    if taken & {it.address.key for it in declared.of(found.address.kind)}:
        return "the files call another application like its spare one", "give that another key"
    if not all(isinstance(it, str) for it in found.values["destinations"]):
        return (
            "it stands in front of more than host names",
            "give the host an application of its own",
        )
    return None


@dataclass(frozen=True, slots=True)
class RotationPlans:
    """Makes the plan of one step out of what was planned, and refuses what is no part of it."""

    declared: Declared
    rotate: Rotate

    def asked(self, planned: Planned, *, interruption: bool) -> Plan:
        """The plan of a step that somebody asks for, ``interruption``: and lets nobody log in.

        Raises:
            Failure: there is no rotation to be ended; as `completed`.
        """
        plan, name = self.completed(planned), self.rotate.application.key
        ends = self.rotate.step in (RotationStep.FINISH, RotationStep.ABORT)
        if ends and plan.is_empty and self._state(planned) is RotationState.NONE:
            raise Failure(f"no CA rotation of {name} is under way", "there is nothing to end")
        if self.rotate.step is not RotationStep.MOVE or plan.is_empty or interruption:
            return plan
        refusal = Refusal(
            self.rotate.application,
            f"nobody can log in to {name} while its name changes the application, which takes two "
            "writes: choose the moment",
            "--allow-interruption",
        )
        return replace(plan, refusals=(*plan.refusals, refusal))

    def completed(self, planned: Planned) -> Plan:
        """The plan with the refusals of a rotation.

        Raises:
            Failure: the account is not as the files say, apart from the rotation.
        """
        own = self._own(planned)
        require_in_step(self.declared, planned, Options(), own, "rotation")
        plan = planned.plan
        refusals = (*map(_without_flag, plan.refusals), *self._refusals(planned))
        return replace(plan, refusals=refusals)

    def _own(self, planned: Planned) -> Iterator[Address]:
        """What this step changes itself, and may have left half done.

        A move begins only where the step before it is done to its end.
        """
        key, state = self.rotate.application.key, self._state(planned)
        moves = self.rotate.step is RotationStep.MOVE
        if state is RotationState.NONE or (moves and state is RotationState.STARTED):
            return
        spares = [f"{key}{it.ending}" for it in Spare]
        for part in (HostPart.APPLICATION, HostPart.CA_KEY):
            name = KINDS.of_host(part).name
            yield from (Address(name, it) for it in ([key, *spares] if moves else spares))
        tunnel = KINDS.of_host(HostPart.TUNNEL).name
        yield from (it.address for it in self.declared.of(tunnel))

    def _state(self, planned: Planned) -> RotationState:
        found = under_way(self.declared, planned.live, KINDS)
        mine = (it.state for it in found if it.wanted.address == self.rotate.application)
        return next(mine, RotationState.NONE)

    def _refusals(self, planned: Planned) -> Iterator[Refusal]:
        """Refuse where it changes who enters: but a move that was cut off gives entry back."""
        if self._state(planned) is not RotationState.MOVING:
            for change in planned.plan.access:
                yield Refusal(
                    self.rotate.application,
                    f"{change.host} would be reached by others than before: is an audience of its "
                    "rule, or a setting of its application, written out by hand?",
                )


def _without_flag(refusal: Refusal) -> Refusal:
    """The refusal without a flag that a rotation has not."""
    if refusal.flag.startswith("--allow-exposure"):
        reason = (
            f"{refusal.reason}; while the name is in no application, only the connector's check "
            "keeps it closed: turn `access` on for its rule"
        )
        return replace(refusal, reason=reason, flag="")
    return replace(refusal, flag="")


def options_for(asked: Rotate) -> Options:
    """The options of a step's plan, with the approvals that the step itself is."""
    keys = [asked.application.key, *(f"{asked.application.key}{it.ending}" for it in Spare)]
    application, ca_key = (KINDS.of_host(it).name for it in (HostPart.APPLICATION, HostPart.CA_KEY))
    moves = asked.step is RotationStep.MOVE
    ends = asked.step in (RotationStep.FINISH, RotationStep.ABORT)
    return Options(
        Allowances(
            # Nobody uses a spare name, which a pattern of the stack may lead to an origin.
            interruption=frozenset(f"{application}.{it}" for it in keys if moves or it != keys[0]),
            ca_deletion=frozenset(f"{ca_key}.{it}" for it in keys[1:] if ends),
        ),
        rotation=asked,
    )


def question(asked: Rotate) -> tuple[str, str] | None:
    """What somebody has to confirm before a step, and the flag that does."""
    name = asked.application.key
    match asked.step:
        case RotationStep.MOVE:
            text = (
                f"From now on the new CA signs for {name}. A server that does not trust it refuses "
                "every login. Do all of them trust both CAs?"
            )
        case RotationStep.FINISH:
            text = (
                f"The old CA of {name} is deleted, and cannot be had again. Do all servers trust "
                "the new one, and none of them the old one any more?"
            )
        case _:
            return None
    return text, "--servers-updated"


def following(asked: Rotate, typed: Typed) -> str:
    """What to do once a step is done."""
    name = asked.application.key
    host, command = quote(name), typed.command
    render = command(f"ssh server render {host} -o bundle.tar")
    show = command(f"ssh ca show --host {host} --save ztctl_ca.pub")
    match asked.step:
        case RotationStep.START:
            return paragraphs(
                f"Let every server of {name} trust both CAs: install its bundle again, which is to "
                "be rendered anew, or give it this file of CAs, which sshd reads at every login:",
                f"!{render}\n{show}",
                "A server is checked by a copy of the file that its TrustedUserCAKeys names:",
                f"!{command(f'ssh ca check ztctl_ca.pub --host {host}')}",
                "Once all of them trust both, the new CA can sign:",
                f"!{command(f'ssh ca rotate {host} move --allow-interruption')}",
            )
        case RotationStep.MOVE:
            return paragraphs(
                "The new CA signs. Whoever was logged in to Access logs in once more. In some "
                "minutes the certificates of the old one have expired: then let servers trust the "
                "new one alone, by a bundle that is rendered anew, or by this file of CAs:",
                f"!{render}\n{show} --without-old",
                "Then the old CA can go:",
                f"!{command(f'ssh ca rotate {host} finish')}",
            )
        case RotationStep.FINISH:
            return paragraphs(f"The rotation is done: {name} has one CA, the new one.")
        case _:
            return paragraphs("The rotation is given up: no server needs to trust the new CA.")


def require_in_step(
    declared: Declared, planned: Planned, options: Options, own: Iterable[Address], what: str
) -> None:
    """Require that a plan of the files, apart from what a step itself changes, is empty.

    Args:
        declared: the files.
        planned: the plan of the step, and the reading that it was built from.
        options: those of a plan without the step.
        own: what the step changes itself, and may have left half done.
        what: the step is one of this.

    Raises:
        Failure: the account is not as the files say.
    """
    account = planned.draft.account
    base = Draft.of(declared, planned.live, KINDS, account=account, options=options)
    expected = set(own)
    changed = (it.address for it in base.changes if not it.housekeeping)
    if other := [it for it in changed if it not in expected]:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        raise Failure(
            f"the account is not as the files say: {other[0]}{more}",
            f"ztctl apply first, so that a step of the {what} changes nothing else",
        )


def paragraphs(*texts: str) -> str:
    """Paragraphs of 78 columns; what begins with an exclamation mark is to be pasted as it is."""
    return "\n\n".join(it[1:] if it[0] == "!" else fill(it, 78) for it in texts)
