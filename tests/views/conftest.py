"""Plans built by hand, views over memory, and the comparison with golden files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.views.chromium import Browser, program
from ztctl.core.model.address import Address
from ztctl.core.model.diagnostics import Problem, Severity, Where
from ztctl.core.model.objects import Live, Mark, Wanted
from ztctl.core.model.plan import (
    Action,
    Change,
    Edit,
    Phase,
    Plan,
    Reason,
    Refusal,
    Step,
    StepId,
)
from ztctl.core.model.values import Secret, Unknown
from ztctl.views.factory import Format, make_view
from ztctl.views.people_view import Detail
from ztctl.views.view import View

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "\x1b]0;evil\x07[red]x[/red]\u202egpj.exe\u200b\n```\x9b31m</details>@all"


@dataclass
class Shown:
    """A view and the two streams that it writes to."""

    view: View
    stdout: StringIO = field(default_factory=StringIO)
    stderr: StringIO = field(default_factory=StringIO)

    @property
    def out(self) -> str:
        """What is on stdout."""
        return self.stdout.getvalue()

    @property
    def err(self) -> str:
        """What is on stderr."""
        return self.stderr.getvalue()


MakeShown = Callable[..., Shown]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> MakeShown:
    """Make a view over memory, as on a terminal of a known sort where there is one."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(
        format: Format = "text",
        *,
        color: bool = False,
        quiet: bool = False,
        terminal: bool = False,
        redact: Callable[[str], str] = str,
        detail: Detail = "compact",
        verbose: bool = False,
        width: int = 80,
        location: str = "",
    ) -> Shown:
        stdout, stderr = StringIO(), StringIO()
        view = make_view(
            format,
            stdout=stdout,
            stderr=stderr,
            color=color,
            quiet=quiet,
            terminal=terminal,
            redact=redact,
            version="1.2.3",
            detail=detail,
            verbose=verbose,
            width=width,
            location=location,
        )
        return Shown(view, stdout, stderr)

    return make


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a golden file, or write it where ZTCTL_UPDATE_GOLDEN is set."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("ZTCTL_UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare


def _change(what: tuple[Address, Action, Reason, Phase], *verbs: str, **facts: Any) -> Change:
    address, action, reason, phase = what
    steps = tuple(Step(StepId(address, verb), phase) for verb in verbs)
    return Change(address, action, reason, phase, steps=steps, **facts)


def _live(address: Address, id: str) -> Live:
    return Live(address.kind, id, f"{address.key}.ztctl-prod", address.key, {}, mark=Mark("prod"))


TAG = Address("access_tag", "ztctl-prod")
GROUP = Address("access_group", "infra-team")
POLICY = Address("access_policy", "ssh-team")
APPLICATION = Address("access_application", "ssh.example.com")
TUNNEL = Address("tunnel", "edge")
RECORD = Address("dns_record", "ssh.example.com")
OLD_RECORD = Address("dns_record", "old.example.com")
OLD_TUNNEL = Address("tunnel", "old")
CA_KEY = Address("ca_key", "ssh.example.com")


def _policies() -> tuple[Change, ...]:
    return (
        _change(
            (TAG, Action.CREATE, Reason.NOT_LIVE, Phase.POLICY),
            "create",
            after={"name": "ztctl-prod"},
            housekeeping=True,
        ),
        _change(
            (GROUP, Action.UPDATE, Reason.DIFFERS, Phase.POLICY),
            "update",
            live=_live(GROUP, "group-1"),
            edits=(
                Edit("include[]", {"everyone": True}, None),
                Edit("include[]", None, {"email": "ann@example.com"}),
                Edit("is_default", True, None),
                Edit("require", None, [{"country": "PT"}]),
            ),
            after={
                "name": "infra-team",
                "include": [{"email": "ann@example.com"}],
                "require": [{"country": "PT"}],
                "exclude": [],
            },
        ),
        _change(
            (POLICY, Action.CREATE, Reason.NOT_LIVE, Phase.POLICY),
            "create",
            wanted=Wanted(POLICY, {}, origin="hosts.ssh.example.com"),
            after={
                "decision": "allow",
                "include": [
                    {"group": Unknown(GROUP)},
                    {"okta": {"identity_provider": "Okta", "name": "infra"}},
                ],
                "approval_groups": [
                    {
                        "email_addresses": [f"approver-{n}@example.com" for n in range(4)],
                        "approvals_needed": 2,
                    }
                ],
                "session_duration": "8h",
                "purpose": None,
            },
        ),
        _change(
            (APPLICATION, Action.REPLACE, Reason.CANNOT_UPDATE, Phase.POLICY),
            "delete",
            "create",
            live=_live(APPLICATION, "app-1"),
            edits=(Edit("type", "self_hosted", "ssh", replaces=True),),
            before={"type": "self_hosted", "session_duration": "24h"},
            after={"type": "ssh", "session_duration": "24h", "aud": Unknown(APPLICATION, "aud")},
            notes=("people are locked out while it is replaced",),
        ),
    )


def _openings() -> tuple[Change, ...]:
    return (
        _change(
            (TUNNEL, Action.UPDATE, Reason.DEPENDENCY_RENEWED, Phase.TUNNEL),
            "configure",
            live=_live(TUNNEL, "tunnel-1"),
            edits=(
                Edit("ingress[0].service", "ssh://a:22", "ssh://b:22"),
                Edit("ingress[0].origin_request.b", 2, 3),
                Edit("ingress[0].access.aud[]", None, Unknown(APPLICATION, "aud")),
                Edit("secret", Secret("one"), Secret("two")),
            ),
            after={"ingress": [], "secret": Secret("two")},
            detail="access_application.ssh.example.com",
        ),
        _change(
            (RECORD, Action.ADOPT, Reason.NOT_MARKED, Phase.DNS),
            "update",
            live=_live(RECORD, "record-1"),
            edits=(
                Edit("content", "192.0.2.1", "1f.cfargotunnel.com"),
                Edit("ttl", 300, 1),
                Edit("comment", "by hand", None),
            ),
            before={"content": "192.0.2.1", "ttl": 300, "comment": "by hand"},
            after={"content": "1f.cfargotunnel.com", "ttl": 1, "proxied": True},
            notes=("it takes the place of 1 other record of this name",),
        ),
        _change(
            (CA_KEY, Action.CREATE, Reason.NOT_LIVE, Phase.CERTIFICATE),
            "create",
            after={"public_key": Unknown(CA_KEY, "public_key")},
        ),
    )


def _removals() -> tuple[Change, ...]:
    return (
        _change(
            (OLD_RECORD, Action.DELETE, Reason.NOT_DECLARED, Phase.DNS),
            "delete",
            live=_live(OLD_RECORD, "record-9"),
            before={"type": "CNAME", "content": "old.cfargotunnel.com", "comment": None},
        ),
        _change(
            (OLD_TUNNEL, Action.FORGET, Reason.REMOVED, Phase.TUNNEL),
            "forget",
            live=_live(OLD_TUNNEL, "tunnel-9"),
            before={"name": "old.ztctl-prod"},
        ),
    )


@pytest.fixture
def whole_plan() -> Plan:
    """A plan with every action, refusals of both sorts, notes and a warning."""
    return Plan(
        "acc-1",
        "prod",
        changes=(*_policies(), *_openings(), *_removals()),
        unchanged=3,
        refusals=(
            Refusal(
                APPLICATION,
                "nobody can enter while it is replaced",
                f"--allow-interruption {APPLICATION}",
            ),
            Refusal(None, "the plan opens a door that no flag admits"),
            Refusal(RECORD, "it is live and carries no mark", "--adopt", apply_only=True),
        ),
        warnings=(
            Problem(
                "the public key file is missing",
                Where("ztctl.yaml", 12, 5),
                "run apply to write it",
                Severity.WARNING,
            ),
        ),
    )


@pytest.fixture
def hostile_plan() -> Plan:
    """A plan in which every text that comes from elsewhere does its worst."""
    address = Address("tunnel", HOSTILE)
    return Plan(
        "acc-1",
        "prod",
        changes=(
            _change(
                (address, Action.ADOPT, Reason.DEPENDENCY_RENEWED, Phase.TUNNEL),
                HOSTILE,
                live=_live(address, HOSTILE),
                wanted=Wanted(address, {}, origin=HOSTILE),
                edits=(
                    Edit(HOSTILE, HOSTILE, {HOSTILE: [HOSTILE]}, replaces=True),
                    Edit("fake", "(sensitive)", Unknown(address)),
                ),
                before={HOSTILE: HOSTILE},
                after={HOSTILE: HOSTILE},
                notes=(HOSTILE,),
                detail=HOSTILE,
            ),
        ),
        refusals=(Refusal(address, HOSTILE, HOSTILE), Refusal(None, HOSTILE, HOSTILE, True)),
        warnings=(Problem(HOSTILE, Where(HOSTILE, 1, 1), HOSTILE, Severity.WARNING),),
    )


@pytest.fixture
def small_plan(whole_plan: Plan) -> Plan:
    """Three changes of one step each, and a replacement of two: nothing is refused."""
    kept = {GROUP, POLICY, APPLICATION, CA_KEY}
    return Plan("acc-1", "prod", tuple(c for c in whole_plan.changes if c.address in kept))


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; where everything is tested there must be one."""
    found = program()
    if found is None and os.environ.get("CI"):
        pytest.fail("chromium is not installed")
    if found is None:
        pytest.skip("chromium is not installed")
    with Browser(found, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser
