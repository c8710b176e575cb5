"""Export a live account: state it, read that back, plan it, and give no file without that proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ztctl.cli.planning import options_of
from ztctl.cli.session import problems_of
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Failure, Problem, Problems, Severity
from ztctl.core.model.events import Report
from ztctl.core.model.identity import HostPart
from ztctl.core.model.lint import Code
from ztctl.core.model.plan import Plan
from ztctl.core.planning.proof import Unproven, put_into_words, unproven
from ztctl.core.planning.selection import Chosen, LiveByKind, Place, selected
from ztctl.documents.export import WRITTEN_OUT, Document, Scope, document_of
from ztctl.documents.hosts import SECTION as HOSTS
from ztctl.documents.loader import load_texts
from ztctl.engine.drive import AccountApi
from ztctl.engine.export import read_exportable
from ztctl.engine.plan import Planned, PlanSource
from ztctl.kinds.registry import KINDS

# Each round leaves an object out, or says one in more words.
_ROUNDS: Final = 40


@dataclass(frozen=True, slots=True)
class Target:
    """What the files are called.

    Attributes:
        file: the name of the file, or of the folder.
        by_section: a file for each section.
    """

    file: str
    by_section: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """Files that are proved, and what people should know of them.

    Attributes:
        notes: what becomes different with the mark, each a sentence.
        unread: what could not be read.
        writes: about how many calls of the API an apply that adopts it all sends.
        account: the id of the account.
        live: what was read of it, by kind.
    """

    document: Document
    objects: int
    notes: tuple[str, ...]
    unread: tuple[str, ...]
    writes: int
    account: str
    live: LiveByKind = field(repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether all that was asked for is in the files, or is another stack's."""
        return not (self.unread or [it for it in self.document.left if not it.stack])


async def export(
    live: AccountApi,
    stack: str,
    chosen: Chosen,
    target: Target,
    report: Report,
    names: Mapping[Place, str] | None = None,
    *,
    keeps_names: bool = False,
) -> Exported:
    """Read an account and state it in files that are proved.

    ``names`` are keys that are preferred for objects without a mark; with ``keeps_names`` they are
    claimed by their ids where a mark would change their live names.

    Raises:
        CallFailed, Failures: the account cannot be read.
        Failure: something chosen is not live.
        Problems: what is live cannot be stated without a difference.
    """
    found = await read_exportable(KINDS, live, report)
    account = live.account or ""
    places = selected(chosen, found.live, KINDS, stack)
    teams = (it.attribute("team") for it in found.live.get("organization", ()))
    team = str(next(teams, "") or "")
    scope = Scope(
        stack, account, found.live, KINDS, places, team, names or {}, keeps_names=keeps_names
    )
    for _ in range(_ROUNDS):
        document = document_of(scope, target.file, by_section=target.by_section)
        try:
            declared = load_texts(document.texts, KINDS, check=problems_of)
            source = PlanSource(
                declared, options_of(adopt=True), KINDS, account, found.replies, _silent
            )
            planned = await source.plan()
        except Problems as problems:
            scope = _without(scope, document, problems.items)
            continue
        warnings = (*declared.warnings, *planned.plan.warnings)
        unclear = {*_given_a_session(document, warnings, scope)}
        if unclear:
            scope = replace(scope, claimed=scope.claimed | unclear)
            continue
        left = [*unproven(planned.draft, planned.plan.refusals)]
        if not left:
            notes = tuple(_notes(planned))
            count = len(document.places)
            writes = _writes(planned.plan)
            return Exported(document, count, notes, found.unread, writes, account, found.live)
        scope = _in_more_words(scope, document, left)
    raise Failure("the export is not proved: each try shows another difference")


def _writes(plan: Plan) -> int:
    """About how many calls the steps of a plan take; what is batched is one call a container."""
    containers = {it.container.id for it in plan.steps if it.container is not None}
    return len(containers) + sum(it.container is None for it in plan.steps)


def _silent(_: object) -> None:
    """The replies are there already: nobody waits."""


# -- what to do about a difference ----------------------------------------------------------


def _without(scope: Scope, document: Document, problems: Sequence[Problem]) -> Scope:
    """The scope without what the loader or the planner does not take, or with it in full.

    Raises:
        Problems: what is wrong with none of its objects.
    """
    errors = [it for it in problems if it.severity is Severity.ERROR]
    long, refused = set(scope.long), dict(scope.refused)
    for problem in errors:
        section, key = document.entry_at(problem.where) or ("", "")
        if section == HOSTS:
            long.add(key)
        elif place := document.places.get(Address(_kind_of(section), key)):
            said = problem.summary
            for address in (f"{section}.{key}: ", f"{_kind_of(section)}.{key}: "):
                said = said.removeprefix(address)
            refused.setdefault(place, said)
    changed = replace(scope, long=frozenset(long), refused=refused)
    if changed == scope:
        raise Problems(errors)
    return changed


def _kind_of(section: str) -> str:
    return next((it.name for it in KINDS.values() if it.section == section), "")


def _given_a_session(
    document: Document, warnings: Iterable[Problem], scope: Scope
) -> Iterator[Place]:
    """Policies without a session, to which the service would give one of its own at any write."""
    for it in warnings:
        if it.code == Code.SESSIONS_DIFFER:
            section, key = document.entry_at(it.where) or ("", "")
            place = document.places.get(Address(_kind_of(section), key))
            if place is not None and place not in scope.claimed:
                yield place


def _in_more_words(scope: Scope, document: Document, found: Sequence[Unproven]) -> Scope:
    """The scope with what differs written out in full, or left out.

    Raises:
        Problems: something differs that can be neither.
    """
    tunnel = KINDS.of_host(HostPart.TUNNEL).name
    long, checks, refused = set(scope.long), dict(scope.checks), dict(scope.refused)
    for it in found:
        place = document.places.get(it.address) if it.address is not None else None
        if it.address is not None and it.address.key in document.short and place is not None:
            long.add(it.address.key)
        elif place is not None and place[0] == tunnel and checks.get(place[1], 0) < WRITTEN_OUT:
            checks[place[1]] = checks.get(place[1], 0) + 1
        elif place is not None and not _is_own(place, scope):
            refused.setdefault(place, it.reason)
    changed = replace(scope, long=frozenset(long), checks=checks, refused=refused)
    if changed == scope:
        hint = "nothing was written: the file would not say what is live"
        reasons = {it.id: it.reason for it in document.left}
        raise Problems(Problem(_why(it, scope, reasons), None, hint) for it in found)
    return changed


def _is_own(place: Place, scope: Scope) -> bool:
    kind, id_ = place
    return any(it.id == id_ and it.belongs_to(scope.stack) for it in scope.live[kind])


def _why(item: Unproven, scope: Scope, reasons: dict[str, str]) -> str:
    """What differs, and of an object of the stack that no file can state why not."""
    if item.address is not None:
        for it in scope.live.get(item.address.kind, ()):
            if it.key == item.address.key and it.id in reasons:
                return f"{item.address} is the stack's own and cannot be stated: {reasons[it.id]}"
    return f"the export is not proved: {item}"


def _notes(planned: Planned) -> Iterator[str]:
    """What an apply writes down that holds already, beside the marks."""
    for change in planned.draft.changes:
        if change.live is not None:
            kind = KINDS[change.address.kind]
            for name in put_into_words(change, kind):
                yield f"{change.address}: its adoption writes down {name}: {change.after[name]}"
