"""Every exit code of the command line, by a process that goes through the real entry point."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from ztctl.cli.exits import Exit
from ztctl.core.runs.locks import Holder, LockFlag

Ztctl = Any
Account = Any
Start = Callable[..., Any]
CREATE_TUNNEL = ("POST", "/cfd_tunnel$")
SITE = {"type": "A", "name": "site.example.com", "content": "192.0.2.10", "proxied": True}


def refuses_tunnels(account: Account) -> None:
    """A service that takes everything but tunnels."""
    account.sandbox.faults.add(kind="status", status=400, method="POST", path="/cfd_tunnel$")


def refuses_writes(account: Account) -> None:
    """A service that takes nothing."""
    path = "/access/(tags|groups|policies)"
    account.sandbox.faults.add(kind="status", status=400, method="POST", path=path, times=None)


def locked(account: Account) -> None:
    """An account in which somebody else is at work."""
    holder = Holder.named("other", "bob", lambda below: 0)
    tag = {"name": LockFlag.new(holder, time.time()).name}
    account.post("/accounts/{account}/access/tags", tag)


def opened(account: Account) -> None:
    """An account with a host that nothing guards."""
    account.post("/zones/{zone}/dns_records", SITE)


def without_zero_trust(account: Account) -> None:
    """An account in which nobody has chosen a team name."""
    answer = {
        "success": False,
        "errors": [{"code": 9999, "message": "access.api.error.not_enabled"}],
    }
    account.sandbox.faults.add(kind="status", status=404, path="/access/", body=answer, times=None)


def uncovered(account: Account) -> None:
    """An account with a tunnel's name that nothing guards."""
    body = {"name": "by hand", "config_src": "local"}
    tunnel = account.post("/accounts/{account}/cfd_tunnel", body)["id"]
    record = {"type": "CNAME", "content": f"{tunnel}.cfargotunnel.com", "proxied": True}
    account.post("/zones/{zone}/dns_records", {**record, "name": "site.example.com"})


def without_tokens(account: Account) -> None:
    """A service that does not show its service tokens."""
    path = "/access/service_tokens"
    account.sandbox.faults.add(kind="status", status=403, path=path, times=None)


def as_it_is(account: Account) -> None:
    """An account as it is."""


APPLY = ("apply", "--auto-approve")
ENDS: list[tuple[Exit, Callable[[Account], None], tuple[str, ...], str]] = [
    (Exit.DONE, as_it_is, ("plan",), "Plan: 7 to add"),
    (Exit.DONE, as_it_is, APPLY, "Apply complete: 7 added"),
    (Exit.DONE, as_it_is, ("permissions",), "Zone example.com"),
    (Exit.DONE, as_it_is, ("doctor",), "zone example.com"),
    (Exit.ERROR, without_zero_trust, ("doctor",), "Zero Trust is not set up"),
    (Exit.USAGE, as_it_is, ("doctor", "--split", "zone"), "--split"),
    (Exit.ERROR, as_it_is, ("permissions", "-f", "nowhere.yaml"), "error: "),
    (Exit.ERROR, as_it_is, ("plan", "-f", "nowhere.yaml"), "error: "),
    (Exit.ERROR, refuses_writes, APPLY, "error: "),
    (Exit.DIFFERENT, as_it_is, ("plan", "--exit-code"), "Plan: 7 to add"),
    (Exit.IN_PART, refuses_tunnels, APPLY, "tunnel.ssh-pool (create): "),
    (Exit.REFUSED, locked, (*APPLY, "--lock-wait", "0"), "the account is locked"),
    (Exit.EXPOSED, opened, ("who", "site.example.com"), "OPEN TO EVERYBODY"),
    (Exit.DONE, as_it_is, ("audit",), "0 open, 0 unseen"),
    (Exit.ERROR, without_tokens, ("audit",), "Not everything could be read"),
    (Exit.EXPOSED, uncovered, ("audit",), "0 open, 1 unseen"),
    (Exit.USAGE, as_it_is, ("who", "nodots"), "is not a host name"),
    (Exit.USAGE, as_it_is, ("plan", "--nonsense"), "--nonsense"),
    (Exit.USAGE, as_it_is, ("apply",), "nobody to ask"),
]


@pytest.mark.parametrize(
    ("code", "state", "words", "said"), ENDS, ids=[f"{end[0]}-{' '.join(end[2])}" for end in ENDS]
)
def test_a_command_ends_with_its_code(
    code: Exit, state: Callable[[Account], None], words: tuple[str, ...], said: str,
    project: Ztctl, account: Account, start: Start,
) -> None:  # fmt: skip
    """What scripts and schedulers rely on, with a word about why."""
    state(account)

    done = start(project.at(account), *words).ended()

    assert done.code == code, done.said
    assert said in done.said


def test_who_is_interrupted_ends_with_its_code(
    project: Ztctl, account: Account, start: Start
) -> None:
    """The code of Ctrl-C, as shells have it."""
    gate = account.sandbox.gate(*CREATE_TUNNEL)
    applying = start(project.at(account), *APPLY)
    gate.wait()
    applying.interrupt()
    applying.wait_for("warning: interrupted")
    gate.opened.set()

    assert applying.ended().code == Exit.INTERRUPTED


def test_every_code_is_tried() -> None:
    """None is left out above."""
    assert {end[0] for end in ENDS} | {Exit.INTERRUPTED} == {*Exit}
