"""What the files say of live objects, and no run writes: somebody has to put it on a server.

Whoever does so needs no run for it. Therefore what is there now and what the files say may both be
in force, in every state of a run; and drift compares the two, though no apply puts one back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.kind import Elsewhere, Kinds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Values, Wanted
from ztctl.core.model.plan import Edit
from ztctl.core.planning.compare import describe, differing, recanonised
from ztctl.core.reach.versions import with_new_ids


@dataclass(frozen=True, slots=True)
class Placed:
    """One such object.

    Attributes:
        now: what it means as it is.
        then: what it means as the files say.
        either: what it means as long as nobody knows which of them is in force.
        edits: how it differs; ``before`` is live, ``after`` is what the files say.
    """

    wanted: Wanted
    live: Live
    now: Fact
    then: Fact | None
    either: Fact
    edits: tuple[Edit, ...] = ()

    @property
    def slot(self) -> Slot:
        """Where its fact stands."""
        return type(self.now), self.live.id


def elsewhere(ledger: Ledger, kinds: Kinds) -> Iterator[Placed]:
    """Every such object of which it is known what is there now."""
    for kind in kinds.values():
        if not isinstance(kind, Elsewhere):
            continue
        for wanted in ledger.wanted_of(kind.name):
            live = ledger.matched(wanted.address)
            values = kind.elsewhere(wanted, live, ledger) if live is not None else {}
            if live is None or not values:
                continue
            after: Values = recanonised(kind.specs, with_new_ids(ledger.resolve(values)))
            edits = tuple(
                edit
                for name in differing(kind.specs, after, live.values)
                for edit in describe(name, kind.specs[name], live.values.get(name), after[name])
            )
            now, either = kind.either(live, None), kind.either(live, after)
            yield Placed(wanted, live, now, kind.fact(after, None), either, edits)
