"""``release`` and ``stack``: objects whose mark changes, from what is typed to a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ztctl.cli.exits import Exit
from ztctl.cli.options import PlanOptions, RunOptions
from ztctl.cli.planning import address_of, options_of, parts_of
from ztctl.cli.settings import Settings, Usage
from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.planning.handover import Handover
from ztctl.documents.models import HOW_STACKS_ARE_NAMED, is_stack


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for.

    Attributes:
        addresses: as they were typed; none: all of the stack.
        to: the stack that gets the objects; ``None``: they are released.
        whole: the stack as a whole gets another name.
        stack: whose objects they are, where that is not the stack of the files.
    """

    addresses: Sequence[str] = ()
    to: str | None = None
    whole: bool = False
    stack: str | None = None

    def handover(self, declared: Declared) -> Handover:
        """The same for the planner.

        Raises:
            Usage: a text is no address, names a host that no file declares, or names no stack.
        """
        self._require_names(declared.stack)
        return Handover(self.to, frozenset(self._chosen(declared)), self.whole)

    def _require_names(self, of_files: str) -> None:
        stack = self.stack or of_files
        for name in filter(None, (self.stack, self.to)):
            if not is_stack(name):
                raise Usage(f"{name!r} is no name of a stack", HOW_STACKS_ARE_NAMED)
        if self.to == stack:
            raise Usage(f"the objects are of the stack {stack!r} already")
        if of_files not in (stack, self.to):
            raise Usage(
                f"the files are of the stack {of_files!r}", f"name those of {stack!r} by -f"
            )

    def _chosen(self, declared: Declared) -> Iterable[Address]:
        for text in self.addresses:
            yield from parts_of(address_of(text), declared)


def handed(chosen: Settings, asked: Asked, run: RunOptions, plan: PlanOptions, done: str) -> Exit:
    """Show what changes, ask, and carry it out.

    Args:
        chosen: the settings.
        asked: what is asked for.
        run: options of the run.
        plan: approvals.
        done: what is to be said when all of it is written.
    """
    from ztctl.cli.apply_flow import Request, plan_and_apply
    from ztctl.cli.error_output import errors_shown
    from ztctl.cli.session import declared_by, view_of

    view = view_of(chosen)
    with errors_shown(view):
        handover = asked.handover(declared_by(chosen))
    options = options_of(**asdict(plan), handover=handover)
    return plan_and_apply(Request(chosen, options, run, stack=asked.stack, done=done))
