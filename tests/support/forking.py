"""Commands without their start-up: forks of one process that has run some of them already.

Importing, and building models and commands, is most of what a command of the tests costs, and the
same for each. A fork is a process like any other: its folder, environment, streams and exit code
are its own.
"""

from __future__ import annotations

import contextlib
import functools
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
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import ztctl
from tests.support.process import PATIENCE, Ended
from ztctl.cli.app import run

_LONGEST = 1 << 20
# Typer asks the parent processes for the shell unless this is set.
SHELL = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"
EXAMPLE = """\
version: 1
stack: prod
policies:
  p: {decision: allow, include: [{email_domain: example.com}]}
tunnels:
  t: {}
hosts:
  a.example.com: {tunnel: t, service: "ssh://localhost:22", policies: [p]}
"""


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


def _warm() -> None:
    """Build what each command builds anew: the tree of commands, and the models of the file."""
    main = importlib.import_module("typer.main")
    build = vars(main)["get_command"]
    kept = functools.cache(build)

    def command_of(app: Any) -> Any:
        # What completion takes depends on the environment.
        return build(app) if SHELL in os.environ else kept(app)

    vars(main)["get_command"] = command_of
    folder, environment = Path.cwd(), {**os.environ}
    with TemporaryDirectory() as place, TemporaryFile("w+") as said:
        os.chdir(place)
        os.environ["HOME"] = place
        Path("ztctl.yaml").write_text(EXAMPLE, encoding="utf-8")
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            for words in (
                ["validate"],
                ["plan", "--sandbox"],
                ["who", "a.example.com", "--sandbox"],
            ):
                run(words)
        os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)


def _ended() -> int:
    """Run the command, and return its exit code.

    The interpreter is not taken down, which takes longer than most commands: what is left open is
    warned of by collecting what nothing refers to any more.
    """
    code = 1
    try:
        runpy.run_module("ztctl", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


def _main() -> None:
    for module in pkgutil.walk_packages(ztctl.__path__, "ztctl."):
        if module.name != "ztctl.__main__":
            importlib.import_module(module.name)
    _warm()
    gc.collect()
    gc.freeze()
    job = _serve(socket.socket(fileno=int(sys.argv[1])))
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv[1:] = job["arguments"]
    os._exit(_ended())


if __name__ == "__main__":
    _main()
