"""The command line as a process of its own, terminals for it, and accounts for it to work on."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from tests.support.documents import faults
from tests.support.forking import Forks
from tests.support.process import COMMAND, PATIENCE, TOKEN, Ended, environment, started
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "ztctl.yaml"
# The command where Ctrl-C is ignored, as in a script's background.
DEAF = ("sh", "-c", 'trap "" INT; exec "$0" "$@"', *COMMAND)
LOCKING = re.compile(r"\block-ztctl-")


def hurried(arguments: Sequence[object]) -> list[str]:
    """The same words; an apply of a served account does not wait for an edge that nobody visits.

    That it waits of its own accord, and how long, is shown where a clock can be moved.
    """
    words = [str(word) for word in arguments]
    waits = words[:1] in (["apply"], ["destroy"]) and not {"--settle", "--sandbox"} & set(words)
    return [*words, "--settle", "0"] if waits else words


class Ztctl:
    """Runs ``python -m ztctl`` in one folder, without the time that its imports take."""

    def __init__(self, folder: Path, forks: Forks, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.env = environment(folder, env)
        self._forks = forks

    def __call__(self, *arguments: object, env: Mapping[str, str] | None = None) -> Ended:
        """Run a command to its end, without a terminal; it never ends in a traceback."""
        env = {**self.env, **(env or {})}
        return checked(self._forks.run(hurried(arguments), folder=self.folder, env=env))

    def at(self, account: Account) -> Ztctl:
        """The same, working on a served account."""
        return Ztctl(self.folder, self._forks, account.env)

    def within(self, folder: Path) -> Ztctl:
        """The same in another folder, with no account."""
        return Ztctl(folder, self._forks)

    def files(self) -> set[str]:
        """Every file below the folder."""
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if not path.is_dir() or path.is_symlink()
        }


def checked(done: Ended) -> Ended:
    """The same; nothing may end in a traceback, and every JSON record is as its schema says."""
    assert "Traceback" not in done.said, done.said
    assert "Exception ignored" not in done.said, done.said
    assert faults(done.out) + faults(done.err) == []
    return done


class Running:
    """A command under way, its streams read line by line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._seen = {"out": "", "err": ""}
        self._more = threading.Condition()
        streams: dict[str, Any] = {"out": process.stdout, "err": process.stderr}
        self._readers = [
            threading.Thread(target=self._read, args=item, daemon=True) for item in streams.items()
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[bytes]) -> None:
        with suppress(ValueError, OSError):
            for line in stream:
                with self._more:
                    self._seen[name] += line.decode()
                    self._more.notify_all()

    def wait_for(self, text: str, name: str = "err") -> str:
        """Everything on a stream, once it holds the text."""
        with self._more:
            found = self._more.wait_for(lambda: text in self._seen[name], PATIENCE)
            assert found, f"{text!r} never came: {self._seen}"
            return self._seen[name]

    def interrupt(self, sent: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C, or what a service sends that cancels a job."""
        self.process.send_signal(sent)

    def ended(self) -> Ended:
        """How it ended."""
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return checked(Ended(self.process.returncode, self._seen["out"], self._seen["err"]))


class Terminal:
    """A command whose three streams are one terminal, with a person before it."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.screen = ""
        self._master = master

    def wait_for(self, text: str) -> None:
        """Read on until the text is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert time.monotonic() < deadline, f"{text!r} never came: {self.screen!r}"
            assert self._read(deadline), f"it ended without {text!r}: {self.screen!r}"

    def type(self, text: str) -> None:
        """Press keys, control characters such as Ctrl-C among them."""
        os.write(self._master, text.encode())

    def ended(self) -> Ended:
        """How it ended; everything that was on the screen is its output."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        self.process.wait(PATIENCE)
        return checked(Ended(self.process.returncode, self.screen, ""))

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing more came: {self.screen!r}"
        with suppress(OSError):  # Linux: the other end is closed
            text = os.read(self._master, 65536)
            self.screen += text.decode(errors="replace")
            return bool(text)
        return False


class Gated(Sandbox):
    """A sandbox that can be told to stand still when a certain request comes in."""

    def gate(self, method: str, path: str) -> Gate:
        """Hold the first request of this sort; the way is cleared by ``opened.set()``."""
        self.__dict__["_gate"] = gate = Gate(method, re.compile(path))
        return gate

    def handle(self, request: Request) -> Response:
        """Answer one request, after the gate is open."""
        gate: Gate | None = self.__dict__.get("_gate")
        if gate is not None and request.method == gate.method and gate.path.search(request.path):
            self.__dict__["_gate"] = None
            gate.reached.set()
            gate.opened.wait(PATIENCE)
        return super().handle(request)


@dataclass
class Gate:
    """Where a request is held."""

    method: str
    path: re.Pattern[str]
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until the request has come in."""
        assert self.reached.wait(PATIENCE), "the request never came"


@dataclass(frozen=True)
class Account:
    """An account on a loopback port."""

    sandbox: Gated
    url: str

    @property
    def env(self) -> dict[str, str]:
        """The three variables that lead to it."""
        return {
            "CLOUDFLARE_BASE_URL": self.url,
            "CLOUDFLARE_ACCOUNT_ID": self.sandbox.account_id,
            "CLOUDFLARE_API_TOKEN": TOKEN,
        }

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Make something by hand, as somebody else would; gives what came of it."""
        zone = self.sandbox.export()["zones"][0]["id"]
        place = path.format(account=self.sandbox.account_id, zone=zone)
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = httpx.post(f"{self.url}{place}", json=body, headers=headers)
        self.sandbox.log.clear()
        return answer.raise_for_status().json()["result"]

    @property
    def written(self) -> list[str]:
        """Every request that was not a plain reading one; those about locks are left out."""
        return [
            f"{one.method} {one.path}"
            for one in self.sandbox.log
            if one.method != "GET" and not LOCKING.search(f"{one.path} {one.body!r}")
        ]


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What commands are forked from."""
    forks = Forks(environment(tmp_path_factory.mktemp("home")))
    yield forks
    forks.end()


@pytest.fixture
def ztctl(tmp_path: Path, forks: Forks) -> Ztctl:
    """The command line in an empty folder."""
    return Ztctl(tmp_path, forks)


@pytest.fixture
def project(ztctl: Ztctl) -> Ztctl:
    """The command line in a folder that holds the quickstart as its ztctl.yaml."""
    shutil.copy(QUICKSTART, ztctl.folder / "ztctl.yaml")
    return ztctl


@pytest.fixture
def open_account() -> Iterator[Callable[..., Account]]:
    """Serve an account of its own; settings go to the sandbox."""
    with ExitStack() as stack:

        def make(**facts: Any) -> Account:
            sandbox = Gated.create(**facts)
            assert isinstance(sandbox, Gated)
            return Account(sandbox, stack.enter_context(served(sandbox)))

        yield make


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    """One account on a loopback port."""
    return open_account()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a command and leave it running; it is ended with the test."""
    with ExitStack() as stack:

        def make(ztctl: Ztctl, *arguments: str, deaf: bool = False) -> Running:
            process = started(
                [*(DEAF if deaf else COMMAND), *hurried(arguments)],
                cwd=ztctl.folder,
                env=ztctl.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return Running(process)

        yield make


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Start a command on a terminal; it is ended with the test."""
    with ExitStack() as stack:

        def make(ztctl: Ztctl, *arguments: str) -> Terminal:
            master, slave = pty.openpty()
            stack.callback(os.close, master)
            # A session of its own, so that the terminal's Ctrl-C reaches it and nobody else.
            code = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
            run = "import sys; from ztctl.cli.main import main; sys.argv[0] = 'ztctl'; main()"
            process = started(
                [sys.executable, "-c", code + run, *hurried(arguments)],
                cwd=ztctl.folder,
                env=ztctl.env,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
            )
            os.close(slave)
            stack.enter_context(process)
            stack.callback(process.kill)
            return Terminal(process, master)

        yield make
