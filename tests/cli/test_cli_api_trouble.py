"""Promises about an account that cannot be read: which remedy, once, and nothing written."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ztctl.core.runs.locks import Holder, LockFlag

Ztctl = Any
Account = Any
ENOUGH = ("Zone Read", "DNS Edit", "Access: Apps and Policies Edit", "Cloudflare Tunnel Edit")
ORGANISATIONS = "Access: Organizations, Identity Providers, and Groups"


@pytest.fixture
def foreign() -> Iterator[Callable[[str, str], str]]:
    """A server that gives every request the same answer; makes its URL from a type and a text."""
    servers: list[ThreadingHTTPServer] = []

    def make(kind: str, text: str) -> str:
        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer."""
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answering))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/client/v4"

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_wrong_token_is_one_failure(project: Ztctl, account: Account) -> None:
    """However many calls a wrong token is refused for, it is told once, with what to do."""
    account.sandbox.define_token("another", ENOUGH)

    done = project.at(account)("plan")

    assert "error: GET /zones: the API token is not valid (HTTP 401" in done.err
    assert "hint: make a new token in the Cloudflare dashboard" in done.err
    assert done.err.count("error: ") == 1
    assert (done.code, done.out) == (1, "")


def test_a_wrong_token_is_explained_when_the_account_is_looked_up(
    project: Ztctl, account: Account
) -> None:
    """Without an account's id the very first call already tells what is wrong."""
    account.sandbox.define_token("another", ENOUGH)

    done = project.at(account)("plan", env={"CLOUDFLARE_ACCOUNT_ID": ""})

    assert "not a valid token of a user, and no account is stated whose it could be" in done.err
    assert done.code == 1


def test_a_missing_permission_is_named_as_the_dashboard_names_it(
    project: Ztctl, account: Account
) -> None:
    """A token that may not read something is told which permission it lacks."""
    account.sandbox.define_token(account.env["CLOUDFLARE_API_TOKEN"], ENOUGH)

    done = project.at(account)("plan")

    lack = f'the API token is valid, but lacks the permission "Account · {ORGANISATIONS} · Read"'
    assert lack in done.err
    assert done.err.count("error: ") == 1
    assert done.code == 1


def test_a_permission_that_a_write_lacks_is_told_by_every_command(
    project: Ztctl, account: Account
) -> None:
    """Why the token was refused is looked up also when a command fails after its reading."""
    flag = LockFlag.new(Holder.named("quickstart", "bob", lambda below: 0), time.time())
    account.post("/accounts/{account}/access/tags", {"name": flag.name})
    held = ["Zone Read", "DNS Read", "Access: Apps and Policies Read"]
    account.sandbox.define_token(account.env["CLOUDFLARE_API_TOKEN"], held)

    done = project.at(account)("unlock", "--auto-approve")

    assert "the API token is valid, but lacks the permission" in done.err
    assert done.err.count("error: ") == 1
    assert done.code == 1


def test_every_missing_permission_is_told(project: Ztctl, account: Account) -> None:
    """Two permissions are asked for at once and not one after the other."""
    account.sandbox.define_token(account.env["CLOUDFLARE_API_TOKEN"], ENOUGH[:3])

    done = project.at(account)("plan")

    hints = [line for line in done.err.splitlines() if line.startswith("  hint: ")]
    assert [ORGANISATIONS in hints[0], "Cloudflare Tunnel · Read" in hints[1]] == [True, True]
    assert len(hints) == 2


def test_a_permission_to_write_is_named_when_it_is_missing(
    project: Ztctl, account: Account
) -> None:
    """A token that may read all and write some fails at that step, naming the permission."""
    held = [*ENOUGH[:3], f"{ORGANISATIONS} Edit", "Cloudflare Tunnel Read"]
    account.sandbox.define_token(account.env["CLOUDFLARE_API_TOKEN"], held)

    done = project.at(account)("apply", "--auto-approve")

    assert 'the API token needs the permission "Account · Cloudflare Tunnel · Edit"' in done.out
    assert done.code == 3


def test_zero_trust_must_be_set_up(project: Ztctl, open_account: Callable[..., Account]) -> None:
    """An account without Zero Trust is told as such, once."""
    done = project.at(open_account(zero_trust=False))("plan")

    assert "error: GET /accounts/{account}/access/" in done.err
    assert ": Zero Trust is not set up on this account: " in done.err
    assert "hint: open Zero Trust once in the Cloudflare dashboard" in done.err
    assert done.err.count("error: ") == 1
    assert done.code == 1


def test_nobody_at_the_address_is_told(project: Ztctl, account: Account) -> None:
    """A host that does not answer is one failure, whatever was asked."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    done = project.at(account)("plan", "--api-url", f"http://127.0.0.1:{port}/client/v4")

    assert "error: GET /zones: no connection: " in done.err
    assert "hint: check the network, the proxy settings and --api-url" in done.err
    assert done.err.count("error: ") == 1
    assert done.code == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://192.0.2.1/client/v4", "plain http to 192.0.2.1: others could read the token"),
        ("http://localhost.example.com/", "plain http to localhost.example.com: others could"),
        ("ftp://127.0.0.1/", "the API URL is not an absolute http or https URL"),
        ("https://user:canary-in-a-url@127.0.0.1/", "the API URL holds a user name or password"),
    ],
)
def test_a_url_that_gives_the_token_away_is_refused(
    url: str, said: str, project: Ztctl, account: Account
) -> None:
    """The token leaves this machine over TLS only."""
    done = project.at(account)("plan", "--api-url", url)

    assert said in done.err
    assert "canary-in-a-url" not in done.said
    assert (done.code, done.out) == (1, "")


def test_a_login_page_is_no_api(
    project: Ztctl, account: Account, foreign: Callable[[str, str], str]
) -> None:
    """An answer in HTML is told as what it is, and none of it is shown."""
    url = foreign("text/html", "<html><title>Log in \x1b[31m here</title></html>")

    done = project.at(account)("plan", "--api-url", url)

    assert "the answer is not JSON (text/html, " in done.err
    assert (
        "hint: check --api-url, and whether a proxy or a login page stands in between" in done.err
    )
    assert done.err.count("error: ") == 1
    assert done.code == 1


@pytest.mark.parametrize("text", ["[]", "null", "5", "{}", '{"result": ' + "[" * 5000])
def test_json_that_is_no_envelope_is_no_api(
    text: str, project: Ztctl, account: Account, foreign: Callable[[str, str], str]
) -> None:
    """JSON of another shape ends the command in words."""
    done = project.at(account)("plan", "--api-url", foreign("application/json", text))

    assert "error: GET " in done.err
    assert (done.code, done.out) == (1, "")


def test_of_two_accounts_one_must_be_named(
    project: Ztctl, account: Account, foreign: Callable[[str, str], str]
) -> None:
    """A token that sees several accounts is no answer to which one is meant; all are listed."""
    accounts = [{"id": f"{n}" * 32, "name": f"Firm {n}\x1b[31m"} for n in (1, 2)]
    info = {"page": 1, "per_page": 50, "count": 2, "total_count": 2, "total_pages": 1}
    envelope = {"success": True, "errors": [], "messages": [], "result": accounts}
    url = foreign("application/json", json.dumps({**envelope, "result_info": info}))

    done = project.at(account)("plan", "--api-url", url, env={"CLOUDFLARE_ACCOUNT_ID": ""})

    assert done.err == (
        "error: the token sees 2 accounts\n"
        "  hint: write `account:` with an id in the file; visible: "
        f"Firm 1\\x1b[31m ({'1' * 32}), Firm 2\\x1b[31m ({'2' * 32})\n"
    )
    assert done.code == 1


def test_the_only_account_need_not_be_named(project: Ztctl, account: Account) -> None:
    """A token that sees one account means that one."""
    done = project.at(account)("plan", "--quiet", env={"CLOUDFLARE_ACCOUNT_ID": ""})

    assert (done.code, done.out) == (0, "Plan: 7 to add, 0 to change, 0 to destroy.\n")


def test_an_account_is_found_by_its_name(project: Ztctl, account: Account) -> None:
    """The file may name the account as people do."""
    path = project.folder / "ztctl.yaml"
    path.write_text(f"account: Acme\n{path.read_text(encoding='utf-8')}", encoding="utf-8")

    done = project.at(account)("plan", "--quiet", env={"CLOUDFLARE_ACCOUNT_ID": ""})

    assert done.code == 0


def test_without_a_token_the_ways_to_give_one_are_told(project: Ztctl) -> None:
    """A newcomer without an account learns of the sandbox."""
    done = project("plan")

    assert done.err == (
        "error: there is no API token\n  hint: set CLOUDFLARE_API_TOKEN, or name a file by "
        "--api-token-file; --sandbox needs none\n"
    )
    assert done.code == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "cannot read the token file token: is a directory"),
        (lambda path: path.write_bytes(b""), "there is no API token"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "cannot read the token file token: it is not"),
        (lambda path: path.write_bytes(b"two words"), "holds spaces, line breaks or foreign"),
        (lambda path: None, "cannot read the token file token: no such file or directory"),
    ],
    ids=["folder", "empty", "binary", "words", "missing"],
)
def test_a_token_file_that_holds_none_is_told(
    make: Callable[[Any], object], said: str, project: Ztctl
) -> None:
    """A file that cannot be a token is named with the reason, its content never."""
    make(project.folder / "token")

    done = project("plan", "--api-token-file", "token")

    assert said in done.err
    assert "two words" not in done.err
    assert (done.code, done.out) == (1, "")
