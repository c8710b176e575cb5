"""A real Chromium without a window, driven through its debugging pipe.

The protocol is Chrome DevTools' own: JSON, each message ended by a zero byte
(``--remote-debugging-pipe``), so that neither a port nor a package is needed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

PATIENCE: Final = 60
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
)
# The browser reads commands from descriptor 3 and answers on 4.
_PIPED: Final = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'


def program() -> str | None:
    """The browser's path; ``None`` where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Broken(AssertionError):
    """The browser refused a command, or a script in the page failed."""


class Browser:
    """One process with one tab."""

    def __init__(self, program: str, folder: Path) -> None:
        # Chromium refuses to run as root with its sandbox.
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        words = (program, *_OPTIONS, *root, f"--user-data-dir={folder}", "about:blank")
        self._process = subprocess.Popen(
            ("sh", "-c", _PIPED, "sh", *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        self._rest = b""
        self._count = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with contextlib.suppress(Broken, OSError):
            self.ask("Browser.close")
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command, and wait for its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        while (answer := self._message()).get("id") != message["id"]:
            if "method" in answer:
                self.events.append(answer)
        if "error" in answer:
            raise Broken(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, method: str, session: str) -> dict[str, Any]:
        """Wait for an event of a tab, and take it out of those that came."""
        while True:
            for event in self.events:
                if (event["method"], event.get("sessionId")) == (method, session):
                    self.events.remove(event)
                    return event
            message = self._message()
            if "method" in message:
                self.events.append(message)

    def _message(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise Broken("the browser does not answer")
            came = os.read(self._process.stdout.fileno(), 1 << 20)
            if not came:
                raise Broken("the browser has ended")
            self._rest += came
        head, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(head)
        return message

    @contextlib.contextmanager
    def tab(self, *, width: int = 1600, dark: bool = False) -> Iterator[Tab]:
        """The one tab, empty at the end: a file keeps nothing, and a new process takes time."""
        tab = self._tab
        tab.resize(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        tab.ask("Emulation.setEmulatedMedia", features=[scheme])
        try:
            yield tab
        finally:
            tab.ask("Emulation.setScriptExecutionDisabled", value=False)
            tab.go("about:blank")
            self.events.clear()

    @cached_property
    def _tab(self) -> Tab:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.ask(f"{domain}.enable")
        return tab


@dataclass
class Tab:
    """One page in the browser."""

    browser: Browser
    session: str
    address: str = field(default="")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command about this tab."""
        return self.browser.ask(method, self.session, **parameters)

    def resize(self, width: int, height: int = 900) -> None:
        """Set the size of the window in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)

    def open(self, file: Path) -> None:
        """Load a file, to its end."""
        self.go(file.as_uri())

    def go(self, address: str) -> None:
        """Load what is at an address, to its end."""
        self.address = address
        self.ask("Page.navigate", url=address)
        self.browser.wait("Page.loadEventFired", self.session)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        found = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise Broken(json.dumps(found["exceptionDetails"])[:2000])
        return found["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press and release a key, such as ``Tab``; ``text`` is what it types."""
        code = {"Enter": 13, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, " ": 32}.get(key, 0)
        common = {"key": key, "windowsVirtualKeyCode": code}
        typed = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **typed, **common)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)

    def painted(self) -> None:
        """Wait until what was changed is laid out and observers have run."""
        self.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    @property
    def asked_for(self) -> list[str]:
        """The addresses that the page asked for, besides its own."""
        asked = [
            event["params"]["request"]["url"]
            for event in self.browser.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return [address for address in asked if address != self.address]

    @property
    def complaints(self) -> list[str]:
        """What the console holds: errors, violations of the policy, dialogs that opened."""
        wanted = {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"}
        wanted |= {"Page.javascriptDialogOpening", "Page.frameRequestedNavigation"}
        return [
            json.dumps(event["params"])[:500]
            for event in self.browser.events
            if event["method"] in wanted
        ]

    def screenshot(self, file: Path) -> None:
        """Save what the whole page looks like."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=False)["data"])
