"""Read the account and build the plan, for all commands that compare files with the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Report
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.flows import Unseen
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import EMPTY, Live
from ztctl.core.model.plan import Plan
from ztctl.core.planning import check
from ztctl.core.planning.planner import Draft, Options
from ztctl.engine.drive import Api
from ztctl.engine.read import Reader, ask_for, named_hosts

LiveByKind = Mapping[str, tuple[Live, ...]]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and the reading that it was built from.

    Attributes:
        live: the live objects by kind.
        draft: what the plan was made of.
    """

    plan: Plan
    live: LiveByKind = field(repr=False)
    draft: Draft = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlanSource:
    """Builds the plan of one stack from a fresh reading of the account.

    Attributes:
        account: id of the account that ``api`` calls.
        report: called with the progress of reading.
        ahead: the plan is to be carried out: what a change is likely to need is asked for at once,
            where a plan that is only shown asks when it knows.
        watching: nothing is to be carried out, and what decides about the hosts of the stack is
            read though nothing about them changes: the applications that only a zone lists.
    """

    declared: Declared
    options: Options
    kinds: Kinds
    account: str
    api: Api
    report: Report
    ahead: bool = False
    watching: bool = False

    async def plan(self) -> Planned:
        """Read what the plan needs, and build it.

        Raises:
            CallFailed, Failures: the account cannot be read.
            Problems: the files have problems that only show against the account.
        """
        wanted = check.expanded(self.declared, self.kinds)
        ask = ask_for(self.declared, wanted, self.kinds)
        if self.options.migration is not None:
            # The old tunnel may be gone, and a copy of its file be named all the same.
            copies = tuple(replace(it, required=False) for it in ask.copies)
            ask = replace(ask, everywhere=True, copies=copies)
        reader = Reader(self.kinds, ask, self.api)
        live = (await reader.account(self.report, ahead=self.ahead or self.watching)).live
        draft = Draft.of(
            self.declared, live, self.kinds, account=self.account, options=self.options
        )

        def unseen(now: Mapping[Slot, Fact]) -> Unseen:
            known = draft.knowing(now)
            return known.unseen | known.unguarded if self.watching else known.unseen

        facts = await reader.with_beyond(draft.run.now, unseen)
        draft = draft.knowing(facts)
        return Planned(draft.plan(), live, draft)


def emptied(declared: Declared, kinds: Kinds) -> Declared:
    """Declare nothing, for `destroy`.

    The names of the files are kept, so that their zones are read and DNS records there are found.
    What the files are warned of is no matter any more.
    """
    used = frozenset(item.address.kind for item in declared.wanted)
    names = named_hosts(declared.wanted, kinds)
    # A tunnel that is gone already has no file to be trusted.
    copies = tuple(replace(it, required=it.where is None) for it in declared.copies)
    # Of what another stack declares only the own part goes, which has to be looked for there.
    shared = (it for it in declared.wanted if it.shares is not None)
    parts = tuple(replace(it, values=EMPTY, local=EMPTY) for it in shared)
    return replace(
        declared, wanted=parts, moved=(), names=names, used=used, warnings=(), copies=copies
    )
