"""The SSH hosts of the files, and what the account has of them: one reading for a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ztctl.cli.session import run_to_end
from ztctl.cli.settings import Settings, Usage
from ztctl.cli.ssh_ca_reading import planned_of
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.names import access_covers, to_ascii
from ztctl.documents.suggest import nearest
from ztctl.engine.plan import Planned
from ztctl.kinds.registry import KINDS
from ztctl.ssh.stack import SeenHost, SshHost, seen_hosts, ssh_hosts
from ztctl.views.view import View


@dataclass(frozen=True, slots=True)
class SeenStack:
    """The hosts of a stack as the account has them, and the plan that says what is missing."""

    hosts: tuple[SeenHost, ...]
    planned: Planned = field(repr=False)


def hosts_of(declared: Declared, host: str | None = None) -> tuple[SshHost, ...]:
    """The SSH hosts that the files declare; of a stated one, it alone. Asks no account.

    Raises:
        Failure: the files declare none.
        Usage: none of them is called so.
    """
    known = ssh_hosts(declared, KINDS)
    if not known:
        raise Failure(
            "the files declare no SSH host",
            "a host is in `hosts`, or a rule of a tunnel whose service is ssh://… or bastion",
        )
    return known if host is None else (_called(host, known),)


def seen_by(chosen: Settings, declared: Declared, view: View, host: str | None = None) -> SeenStack:
    """Read the account once, as `plan` does, and join it with the hosts of the files.

    Raises:
        CallFailed, Failures, Failure: the account cannot be read; as `hosts_of`.
        Problems: the files have problems that only show against the account.
        Usage: no host is called so.
    """
    hosts = hosts_of(declared, host)

    planned = run_to_end(planned_of(chosen, declared, view))
    pending = {change.address for change in planned.plan.changes}
    return SeenStack(seen_hosts(hosts, planned.draft.ledger.pairs, pending), planned)


def _called(host: str, known: Sequence[SshHost]) -> SshHost:
    """The host of that name, else the pattern that it is one of."""
    name = to_ascii(host)
    for it in known:
        if it.name == name:
            return it
    for it in known:
        if access_covers(it.name, name):
            return it
    near = nearest(name, tuple(it.name for it in known))
    names = ", ".join(it.name for it in known[:6])
    more = f" and {len(known) - 6} more" if len(known) > 6 else ""
    raise Usage(
        f"the files have no SSH host {host!r}",
        f"did you mean {near}?" if near else f"they have {names}{more}",
    )
