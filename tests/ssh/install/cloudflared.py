#!@PYTHON@ -IS
"""Stands in for cloudflared: it serves /ready as the file `mode` says, and is asked for it.

Modes: `ready`; `late N`, which becomes ready with the Nth question; `never`; `second`, which ends
when it is started for the first time.
"""

import os
import socket
import sys
from pathlib import Path

FOLDER = Path("@FOLDER@")
words = sys.argv[1:]


def place() -> tuple[str, int]:
    """The address behind --metrics."""
    host, _, port = words[words.index("--metrics") + 1].rpartition(":")
    return host, int(port)


def note(name: str, text: str) -> int:
    """Add a line to a file; how many it has then."""
    with (FOLDER / name).open("a") as file:
        file.write(f"{text}\n")
    return len((FOLDER / name).read_text().splitlines())


def ask() -> int:
    """0 where the running one is connected."""
    try:
        with socket.create_connection(place(), 5) as there:
            there.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
            answer = there.makefile("rb").read().decode()
    except OSError as error:
        sys.stdout.write(f"Error: {error}\n")
        return 1
    status = answer.split()[1]
    if status != "200":
        sys.stdout.write(f"Error: /ready endpoint returned status code {status}\n")
    return int(status != "200")


def run() -> None:
    """Serve till the end."""
    note("argv", " ".join(sys.argv))
    note("environ", repr(dict(os.environ)))
    file = Path(words[words.index("--token-file") + 1])
    note("token", f"{file.stat().st_mode & 0o777:o} {file.read_text().strip()}")
    mode, _, count = (FOLDER / "mode").read_text().strip().partition(" ")
    if note("starts", mode) == 1 and mode == "second":
        sys.exit("it ends")
    with socket.create_server(place()) as listening:
        questions = 0
        while True:
            there, _ = listening.accept()
            with there:
                there.recv(4096)
                questions += 1
                ok = mode in ("ready", "second") or (mode == "late" and questions >= int(count))
                there.sendall(b"HTTP/1.0 %d x\r\n\r\n{}" % (200 if ok else 503))


if words == ["--version"]:
    sys.stdout.write("cloudflared version @VERSION@ (built 2026-08-20)\n")
elif words[-1] == "ready":
    sys.exit(ask())
else:
    run()
