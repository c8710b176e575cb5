"""Read the account and build the plan: once, for every command that compares files with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Report
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Plan
from ztctl.core.planning import check
from ztctl.core.planning.planner import Draft, Options
from ztctl.engine.drive import Api
from ztctl.engine.read import Reader, ask_for, named_hosts

LiveByKind = Mapping[str, tuple[Live, ...]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made from.

    Attributes:
        live: the account as it was read, by kind.
        thorough: what belongs to others was read, too, because protection is taken away.
    """

    plan: Plan
    live: LiveByKind = field(repr=False)
    thorough: bool = False


@dataclass(frozen=True, slots=True)
class PlanSource:
    """Makes the plan of one stack from the account as it is at that moment.

    Attributes:
        account: the account's id, to which the calls of ``api`` go.
        report: told of the progress of reading.
    """

    declared: Declared
    options: Options
    kinds: Kinds
    account: str
    api: Api
    report: Report

    async def plan(self) -> Planned:
        """Read what the plan needs, and build it once.

        Raises:
            CallFailed, Failures: when the account cannot be read.
            Problems: what only the account could tell is wrong with the files.
        """
        reader = self._reader()
        live = (await reader.account(self.report)).live
        return await self._built(reader, live, thorough=False)

    async def plan_again(self, before: Planned) -> Planned:
        """The plan as of now; ``before`` itself where the account reads as it did then.

        Raises:
            CallFailed, Failures: when the account cannot be read.
            Problems: what only the account could tell is wrong with the files.
        """
        reader = self._reader()
        live = (await reader.account(self.report)).live
        if before.thorough:
            live = await self._with_details_of_others(reader, live)
        if _by_id(live) == _by_id(before.live):
            return before
        return await self._built(reader, live, thorough=before.thorough)

    def _reader(self) -> Reader:
        wanted = check.expanded(self.declared, self.kinds)
        return Reader(self.kinds, ask_for(self.declared, wanted, self.kinds), self.api)

    async def _built(self, reader: Reader, live: LiveByKind, *, thorough: bool) -> Planned:
        draft = Draft.of(
            self.declared, live, self.kinds, account=self.account, options=self.options
        )
        if draft.uncovers and not thorough:
            # Before protection is taken away, everything that it may be needed for is looked at.
            live = await self._with_details_of_others(reader, live)
            draft = draft.knowing(live)
        return Planned(draft.plan(), live, thorough or draft.uncovers)

    async def _with_details_of_others(self, reader: Reader, live: LiveByKind) -> LiveByKind:
        """The account with the details of every object, whoever made it."""
        partial = {
            name
            for name, kind in self.kinds.items()
            if kind.reads_details and not all(item.is_whole for item in live.get(name, ()))
        }
        if not partial:
            return live
        found = await reader.more(partial, thorough=True).account(self.report)
        return {**live, **found.live}


def _by_id(live: LiveByKind) -> dict[str, dict[str, Live]]:
    """The objects of a reading, whatever the order in which the service lists them."""
    return {kind: {item.id: item for item in items} for kind, items in live.items()}


def emptied(declared: Declared, kinds: Kinds) -> Declared:
    """The wanted side of a destroy: nothing at all.

    The zones of the files' names are read all the same, because records may be left there.
    """
    used = frozenset(item.address.kind for item in declared.wanted)
    names = named_hosts(declared.wanted, kinds)
    return replace(declared, wanted=(), moved=(), names=names, used=used)
