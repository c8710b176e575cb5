"""Commands without their start-up: forks of one process that has imported the command line.

Importing is half of what a command of the tests costs, and the same for each. A fork is a process
like any other: its folder, environment, streams and exit code are its own.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import ztctl
from tests.support.process import PATIENCE, Ended

_LONGEST = 1 << 20


class Forks:
    """Forks a process for each command, one at a time."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._socket, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(PATIENCE)
        with inner:
            # Where the interpreter starts decides what a warning is and how text is encoded.
            self._server = subprocess.Popen(
                [sys.executable, "-m", __name__, str(inner.fileno())],
                cwd=Path(__file__).parents[2],
                env={**env},
                pass_fds=[inner.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def run(self, arguments: Sequence[str], *, folder: Path, env: Mapping[str, str]) -> Ended:
        """Run a command to its end, without a terminal."""
        job = json.dumps({"arguments": list(arguments), "folder": str(folder), "env": {**env}})
        with TemporaryFile() as out, TemporaryFile() as err:
            socket.send_fds(self._socket, [job.encode()], [out.fileno(), err.fileno()])
            try:
                code = int(self._socket.recv(_LONGEST))
            except TimeoutError:
                self.end()
                raise
            said = [os.pread(one.fileno(), _LONGEST, 0).decode() for one in (out, err)]
        return Ended(code, *said)

    def end(self) -> None:
        """End the process, and a command that did not come to its end."""
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()


def _serve(asked: socket.socket) -> dict[str, Any]:
    """What the process of this fork is to run; the process that forks does not come back."""
    while True:
        text, streams, _, _ = socket.recv_fds(asked, _LONGEST, 2)
        if not text:
            asked.close()
            sys.exit()
        child = os.fork()
        if not child:
            asked.close()
            for place, stream in enumerate(streams, start=1):
                os.dup2(stream, place)
                os.close(stream)
            job: dict[str, Any] = json.loads(text)
            return job
        for stream in streams:
            os.close(stream)
        asked.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _main() -> None:
    for module in pkgutil.walk_packages(ztctl.__path__, "ztctl."):
        if module.name != "ztctl.__main__":
            importlib.import_module(module.name)
    gc.freeze()
    job = _serve(socket.socket(fileno=int(sys.argv[1])))
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv[1:] = job["arguments"]
    runpy.run_module("ztctl", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
