"""A webhook of somebody: a real HTTP server that keeps what is posted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What nobody but the server may see.
PATH = "/services/T0CANARY/B0CANARY/canarycanarycanary"


@dataclass
class Posted:
    """The server's address, what was posted, and how it answers.

    Attributes:
        answers: statuses of the next answers; 200 once there are none.
        headers: of every answer.
    """

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> list[Any]:
        """What was posted, as JSON."""
        return [json.loads(body) for body in self.bodies]


@contextmanager
def webhook() -> Iterator[Posted]:
    """Serve a webhook on a loopback port."""
    posted = Posted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            posted.bodies.append(body)
            posted.requests.append({name.lower(): text for name, text in self.headers.items()})
            status = posted.answers.pop(0) if posted.answers else 200
            self.send_response(status if self.path == PATH else 404)
            for name, text in posted.headers.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(f"echo {self.path}".encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    posted.url = f"http://127.0.0.1:{server.server_port}{PATH}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield posted
    finally:
        server.shutdown()
        server.server_close()
