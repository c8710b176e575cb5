"""Programs on a path that the tests answer for: what they are asked comes back to this process."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jq

from tests.support.process import PATIENCE, Ended

_CLIENT = f"""#!{sys.executable} -IS
import json, os, socket, sys
name = os.path.basename(sys.argv[0])
given = sys.stdin.read() if name == "jq" else ""
asked = socket.socket(socket.AF_UNIX)
asked.connect(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), ".socket"))
job = [name, sys.argv[1:], os.getcwd(), dict(os.environ), given]
asked.sendall(json.dumps(job).encode() + b"\\n")
code, out, err = json.loads(asked.makefile("rb").readline())
sys.stderr.write(err)
sys.stdout.write(out)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Called:
    """How a program was called."""

    arguments: Sequence[str]
    folder: Path
    env: Mapping[str, str]
    given: str = ""


Program = Callable[[Called], Ended]


class StandIns:
    """A folder of programs, to be the first of a path.

    Attributes:
        programs: who answers, by the name of the program.
    """

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self.programs = dict(programs)
        # Not below the folder of a test: the path of a socket is short.
        self.folder = Path(tempfile.mkdtemp(prefix="ci-"))
        for name in programs:
            (self.folder / name).write_text(_CLIENT, encoding="utf-8")
            (self.folder / name).chmod(0o755)
        self._server = _Server(str(self.folder / ".socket"), _Handler)
        self._server.answer = lambda name, called: self.programs[name](called)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def path(self) -> str:
        """A path on which they come first."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def end(self) -> None:
        """Take the programs away."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        shutil.rmtree(self.folder)


class _Server(socketserver.UnixStreamServer):
    answer: Callable[[str, Called], Ended]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        name, arguments, folder, env, given = json.loads(self.rfile.readline())
        try:
            called = Called(arguments, Path(folder), env, given)
            done = cast(_Server, self.server).answer(name, called)
        except Exception as error:
            done = Ended(99, "", f"the stand-in for {name} failed: {error!r}\n")
        self.wfile.write(json.dumps([done.code, done.out, done.err]).encode() + b"\n")


def shelled(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> Ended:
    """Run a shell to its end; all that it says is one text, as it is in a log.

    Into a file: a pipe that something it started keeps open would be waited for without end.
    """
    with tempfile.TemporaryFile() as log:
        done = subprocess.run(
            words,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        log.seek(0)
        return Ended(done.returncode, log.read().decode(errors="replace"), "")


def queried(program: str, documents: Sequence[Any], **arguments: Any) -> str:
    """What jq writes with ``-r``: strings bare, the rest as JSON, a line each."""
    compiled = jq.compile(program, args=arguments)
    found = [item for it in documents for item in compiled.input_value(it).all()]
    texts = (item if isinstance(item, str) else json.dumps(item) for item in found)
    return "".join(f"{text}\n" for text in texts)
