"""Which process a run is, and whether another run's process is certainly dead.

Source: proc(5), pid_namespaces(7) and time_namespaces(7) of Linux; elsewhere nothing is known of a
process.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_PROC = Path("/proc")
_DEAD_STATES = "ZX"


@dataclass(frozen=True, slots=True)
class Process:
    """One process, told apart from every other one on every machine.

    Attributes:
        boot: random id of the boot of the machine.
        namespace: the namespaces in which ``pid`` and ``started`` count.
        started: its start time in clock ticks since boot; tells it from a later one with its pid.
    """

    boot: str
    namespace: str
    pid: int
    started: int

    @classmethod
    def own(cls) -> Self | None:
        """This process; ``None`` where the system does not tell."""
        pid = os.getpid()
        here, started = _here(), _started(pid)
        return None if here is None or started is None else cls(*here, pid, started)

    @classmethod
    def of(cls, record: Any) -> Self | None:
        """The process of a record in a journal, which anybody may have written."""
        match record:
            case {"boot": str(boot), "namespace": str(space), "pid": int(pid), "started": int(at)}:
                return cls(boot, space, pid, at) if 0 < pid < 2**31 else None
        return None

    def is_dead(self) -> bool:
        """Whether it has certainly ended; false whenever that cannot be told from here."""
        if _here() != (self.boot, self.namespace):
            return False
        try:
            # Not the absence from /proc: that may be hidden from this user (hidepid).
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        started = _started(self.pid)
        return started is not None and started != self.started


def _here() -> tuple[str, str] | None:
    """The boot and the namespaces in which this process lives."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        spaces = [str((_PROC / "self/ns/pid").readlink())]
        # Linux before 5.6 has no time namespaces, so that start times are the same everywhere.
        with suppress(FileNotFoundError):
            spaces.append(str((_PROC / "self/ns/time").readlink()))
        # Another namespace's /proc may be mounted here; its numbers are not those of `os.kill`.
        is_own = str((_PROC / "self").readlink()) == str(os.getpid())
    except (OSError, ValueError):
        return None
    return (boot, " ".join(spaces)) if is_own else None


def _started(pid: int) -> int | None:
    """Start time of a process; -1 for one that has ended and was not waited for."""
    try:
        # The name, field 2, may hold anything; the last bracket ends it.
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        state, threads, started = fields[0].decode("ascii"), int(fields[17]), int(fields[19])
    except (OSError, ValueError, IndexError):
        return None
    # A leader that has ended may have threads that have not.
    return -1 if state in _DEAD_STATES and threads <= 1 else started
