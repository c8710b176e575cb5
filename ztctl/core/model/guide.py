"""What is left to do until people log in at a host, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Progress(StrEnum):
    """How far a step is."""

    DONE = "done"
    TODO = "todo"
    UNSEEN = "unseen"
    """On machines that cannot be seen from here."""


@dataclass(frozen=True, slots=True)
class Typed:
    """How this command was called, for those that are told as the next ones.

    Attributes:
        files: the options that name the files, each behind a blank.
        account: the same of the account.
    """

    files: str = ""
    account: str = ""

    def command(self, words: str, *, asks: bool = True) -> str:
        """A command of ztctl on the same files; one that ``asks`` on the same account, too."""
        return f"ztctl {words}{self.files}{self.account if asks else ''}"


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands to be pasted, one a line, behind a text that says where.

    Attributes:
        where: empty where the step itself says it.
    """

    lines: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step, and how it is done."""

    progress: Progress
    text: str
    commands: tuple[Commands, ...] = ()


@dataclass(frozen=True, slots=True)
class HostGuide:
    """The steps of one host.

    Attributes:
        host: name or wildcard.
        service: where its tunnel leads; empty where no rule of the files serves it.
        tunnel: live name of its tunnel, else what the files call it; empty where they have none.
        tunnel_id: its id; empty where it is not live.
        runs: a connector of the tunnel is connected; ``None`` where the tunnel is not live.
        ca_fingerprint: of the CA key that its servers have to trust; empty where there is none.
        notes: what else whoever sets it up has to know.
    """

    host: str
    service: str
    tunnel: str
    tunnel_id: str
    runs: bool | None
    ca_fingerprint: str
    steps: tuple[GuideStep, ...]
    notes: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """How many steps are seen to be done."""
        return sum(step.progress is Progress.DONE for step in self.steps)
