"""Promises about what must not be seen: the token, and values of the environment."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages import FORMATS
from ztctl.cli.options import AccountOptions, FileOptions, OutputOptions
from ztctl.cli.session import declared_by
from ztctl.cli.settings import settings
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.values import Secret
from ztctl.sandbox.ids import derived

Ztctl = Any
Account = Any
CANARY = "canary-value-of-the-environment"
TOKEN = "canary-token-from-a-file-42"
STACK = """\
version: 1
stack: prod
tunnels:
  t: {ingress: [{hostname: ssh.example.com, service: "ssh://localhost:22"}]}
dns:
  ssh.example.com: {tunnel: t, comment: "see ${env.ZTCTL_X}"}
policies:
  p: {decision: allow, include: [{email: a@example.com}]}
applications:
  ssh.example.com: {policies: [p]}
"""
COMMANDS = (
    ("validate",),
    ("permissions",),
    ("doctor",),
    ("plan", "--calls"),
    ("plan", "--format", "json", "--out", "plan.json"),
    ("plan", "--format", "markdown"),
    ("apply", "--auto-approve"),
    ("apply", "--auto-approve", "--format", "json"),
    ("audit", "-f", "ztctl.yaml", "--all"),
    ("audit", "-f", "ztctl.yaml", "--write-accept", "accept.yaml", "--format", "json"),
    ("destroy", "--auto-approve"),
)


@pytest.fixture
def secretive(ztctl: Ztctl) -> Ztctl:
    """A folder whose file reads the environment."""
    (ztctl.folder / "ztctl.yaml").write_text(STACK, encoding="utf-8")
    return ztctl


def holding(ztctl: Ztctl, text: str) -> list[str]:
    """The files below the folder that hold a text."""
    return [
        name
        for name in sorted(ztctl.files())
        if text.encode() in (ztctl.folder / name).read_bytes()
    ]


def test_a_token_from_a_file_is_never_seen(secretive: Ztctl, account: Account) -> None:
    """A token that a file holds stays there, also when the service refuses it."""
    (secretive.folder / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    ztctl = secretive.at(account)
    env = {"ZTCTL_X": CANARY, "CLOUDFLARE_API_TOKEN": ""}
    named = ("--api-token-file", "token")

    said = "".join(ztctl(*words, *named, env=env).said for words in COMMANDS[2:7:2])
    account.sandbox.define_token("another", ["Zone Read"])
    refused = ztctl("plan", *named, env=env)

    assert "Apply complete" in said
    assert refused.code == 1
    assert TOKEN not in said + refused.said
    assert holding(ztctl, TOKEN) == ["token"]


def test_the_token_reached_the_service(secretive: Ztctl, account: Account) -> None:
    """The canary was really at work: without it the account does not answer."""
    account.sandbox.define_token(TOKEN, ["Zone Read"])
    digest = derived(TOKEN).hex()

    done = secretive.at(account)("plan", env={"ZTCTL_X": CANARY, "CLOUDFLARE_API_TOKEN": TOKEN})

    assert "the API token is valid, but lacks the permission" in done.err
    assert digest not in done.said


@pytest.mark.parametrize("named", [False, True], ids=["variable", "file"])
def test_settings_never_hold_the_token_as_text(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first moment on it is a secret: no field, no representation, no variable has it."""
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", CANARY if named else f" {TOKEN}\n")
    account = AccountOptions(api_token_file=tmp_path / "token" if named else None)

    chosen = settings(OutputOptions(), account=account)

    fields = {field.name: getattr(chosen, field.name) for field in dataclasses.fields(chosen)}
    shown = f"{chosen!r} {chosen} {fields}"
    assert chosen.token == Secret(TOKEN)
    assert (TOKEN in shown, CANARY in shown) == (False, False)
    assert "CLOUDFLARE_API_TOKEN" not in chosen.environment
    assert chosen.environment["PATH"] == os.environ["PATH"]


def test_files_are_not_handed_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a file that were allowed to read the variable would find nothing in it."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    (tmp_path / "x.yaml").write_text(
        STACK.replace("ZTCTL_X", "CLOUDFLARE_API_TOKEN"), encoding="utf-8"
    )
    chosen = settings(OutputOptions(), FileOptions(file=[tmp_path / "x.yaml"]))
    allowing = dataclasses.replace(chosen, allow_env=frozenset({"CLOUDFLARE_API_TOKEN"}))

    with pytest.raises(Problems) as caught:
        declared_by(allowing)

    said = [problem.summary for problem in caught.value.items]
    assert said == ["the environment variable CLOUDFLARE_API_TOKEN is not set"]


def test_no_command_shows_a_secret(secretive: Ztctl, account: Account) -> None:
    """In every command and format the token is not seen, and of a variable only its name."""
    ztctl, token = secretive.at(account), account.env["CLOUDFLARE_API_TOKEN"]

    done = [ztctl(*words, env={"ZTCTL_X": CANARY}) for words in COMMANDS]

    said = "".join(one.said for one in done)
    assert [one.code for one in done] == [0] * len(done)
    assert (token in said, CANARY in said, holding(ztctl, token)) == (False, False, [])
    assert "see (env ZTCTL_X)" in done[3].out
    assert any(CANARY.encode() in one.body for one in account.sandbox.log)


def test_a_saved_plan_is_for_its_owner(secretive: Ztctl, account: Account) -> None:
    """A plan file holds the values that apply needs, and nobody else may read it."""
    ztctl = secretive.at(account)
    (ztctl.folder / "plan.json").write_text("{}", encoding="utf-8")

    ztctl("plan", "--out", "plan.json", env={"ZTCTL_X": CANARY})

    assert holding(ztctl, CANARY) == ["plan.json"]
    assert stat.S_IMODE((ztctl.folder / "plan.json").stat().st_mode) == 0o600


def test_a_saved_plan_masks_when_it_is_applied(secretive: Ztctl, account: Account) -> None:
    """Applying a saved plan hides what came from the environment when it was made."""
    ztctl = secretive.at(account)
    ztctl("plan", "--out", "plan.json", env={"ZTCTL_X": CANARY})

    done = ztctl("apply", "plan.json", "--auto-approve", "--full")

    assert done.code == 0
    assert CANARY not in done.said
    assert "see (env ZTCTL_X)" in done.out


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stack: prod", "stack: prod\naccount: ${env.ZTCTL_X}"),
        ("decision: allow", "decision: '${env.ZTCTL_X}'"),
        ("policies: [p]", "policies: ['${env.ZTCTL_X}']"),
        ("email: a@example.com", "okta: {identity_provider: '${env.ZTCTL_X}', name: x}"),
    ],
    ids=["account", "value", "reference", "provider"],
)
def test_problems_mask_what_came_from_the_environment(
    before: str, after: str, secretive: Ztctl, account: Account
) -> None:
    """A value of the environment is hidden in what is said to be wrong, too."""
    assert before in STACK
    path = secretive.folder / "ztctl.yaml"
    path.write_text(STACK.replace(before, after), encoding="utf-8")

    done = secretive.at(account)("plan", env={"ZTCTL_X": CANARY})

    assert done.code == 1
    assert CANARY not in done.said
    assert "(env ZTCTL_X)" in done.err


def test_failures_of_the_service_mask_too(secretive: Ztctl, account: Account) -> None:
    """A value that the service repeats in its refusal is hidden."""
    errors = [{"code": 1004, "message": f"comment 'see {CANARY}' is not allowed"}]
    body = {"success": False, "errors": errors, "messages": [], "result": None}
    refusal = {"method": "POST", "path": "/dns_records", "status": 400, "times": None}
    account.sandbox.faults.add(body=body, **refusal)

    done = secretive.at(account)("apply", "--auto-approve", env={"ZTCTL_X": CANARY})

    assert done.code == 3
    assert CANARY not in done.said
    assert "comment 'see (env ZTCTL_X)' is not allowed" in done.out


HOSTILE = "\x1b]0;owned\x07[red]x[/red]\u202egpj\x9b31m"


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_live_names_are_shown_escaped(
    format: str, ztctl: Ztctl, open_account: Callable[..., Account]
) -> None:
    """Names in the account that hold escapes, markup or bidi controls are shown, never obeyed."""
    account = open_account()
    (ztctl.folder / "ztctl.yaml").write_text(
        STACK.replace("${env.ZTCTL_X}", "me"), encoding="utf-8"
    )
    app = {"name": HOSTILE, "domain": "ssh.example.com", "type": "self_hosted"}
    account.post("/accounts/{account}/access/apps", app)
    record = {"type": "TXT", "name": "x.example.com", "content": "a", "comment": HOSTILE}
    account.post("/zones/{zone}/dns_records", record)

    done = ztctl.at(account)("plan", "--format", format)

    assert done.code == 0
    assert "owned" in done.out
    for control in "\x1b\x07\u202e\x9b":
        assert control not in done.said


@pytest.mark.parametrize("format", FORMATS)
def test_calls_about_hostile_live_names_are_escaped(
    format: str, ztctl: Ztctl, open_account: Callable[..., Account]
) -> None:
    """A step of an object with such a name is shown, never obeyed, among the calls, too."""
    account = open_account()
    (ztctl.folder / "ztctl.yaml").write_text("version: 1\nstack: prod\n", encoding="utf-8")
    group = {"name": f"{HOSTILE}.ztctl-prod", "include": [{"everyone": {}}]}
    account.post("/accounts/{account}/access/groups", group)

    words = ("plan", "--calls", "--allow-deletions", "--format", format)
    done = ztctl.at(account)(*words)

    assert done.code == 0
    assert "DELETE" in done.out
    for control in "\x1b\x07\u202e\x9b":
        assert control not in done.said


def test_the_sandbox_shows_hostile_names_escaped(ztctl: Ztctl, account: Account) -> None:
    """Looking into the sandbox moves no cursor."""
    (ztctl.folder / "ztctl.yaml").write_text(
        STACK.replace("${env.ZTCTL_X}", "gpj\u202e").replace("see", "sée"), encoding="utf-8"
    )

    applied = ztctl("apply", "--sandbox", "--auto-approve")
    shown = ztctl("sandbox", "show")

    assert (applied.code, shown.code) == (0, 0)
    assert "\u202e" not in applied.said + shown.said


# -- every form that a value of the environment takes on --------------------------------------

FORMS = """\
version: 1
stack: prod
tunnels:
  t: {ingress: [{hostname: "${env.ZTCTL_HOST}", service: "ssh://localhost:22"}]}
dns:
  ${env.ZTCTL_HOST}: {tunnel: t, comment: "see ${env.ZTCTL_COMMENT}"}
groups:
  g: {include: [{email_domain: "${env.ZTCTL_DOMAIN}"}, {ip: "${env.ZTCTL_ADDRESS}"}]}
policies:
  p:
    decision: allow
    include: [{email: "${env.ZTCTL_MAIL}"}, {group: g}]
    session_duration: ${env.ZTCTL_MINUTES}m
    purpose_justification_prompt: "${env.ZTCTL_TEXT}"
    purpose_justification_required: true
applications:
  ${env.ZTCTL_HOST}: {policies: [p], session_duration: "${env.ZTCTL_TIME}"}
"""
VALUES = {
    "ZTCTL_HOST": "B\u00fccherStube.example.com",
    "ZTCTL_COMMENT": "two   blanks \t Canary",
    "ZTCTL_DOMAIN": "Geheim.Corp.Example",
    "ZTCTL_ADDRESS": "192.0.2.77",
    "ZTCTL_MAIL": "Secret.Person@Corp.com",
    "ZTCTL_MINUTES": "135",
    "ZTCTL_TIME": "180540s",
    "ZTCTL_TEXT": 'Top"Secret\\Canary\u00e9',
}
# In lower case, and as far as they go: whatever else stands around them. Each is longer than the
# runs of digits in ids, times and versions, which are made anew in every run.
SEEN = (
    "cherstube", "xn--bcher", "blanks", "geheim", "192.0.2.77", "secret.person", "person@corp",
    "50h9m", "180540", "2h15m", "135m", 'top"', 'top\\"', "secret\\", "canary",
)  # fmt: skip
SHOWN = (
    ("validate",),
    ("plan",),
    ("plan", "--calls"),
    ("plan", "--calls", "--format", "json", "--out", "plan.json"),
    ("plan", "--calls", "--format", "markdown"),
    ("apply", "plan.json", "--auto-approve", "--format", "json"),
    ("plan", "--exit-code"),
    ("who", "-f", "ztctl.yaml", "--format", "text", VALUES["ZTCTL_HOST"]),
    ("who", "-f", "ztctl.yaml", "--format", "json", VALUES["ZTCTL_HOST"]),
    ("who", "-f", "ztctl.yaml", "--format", "markdown", VALUES["ZTCTL_HOST"]),
    ("history",),
)
EDITED = (
    ("plan", "--calls"),
    ("plan", "--calls", "--format", "json"),
    ("apply", "--auto-approve", "--format", "markdown"),
    ("apply", "--auto-approve", "--format", "text"),
    ("destroy", "--auto-approve"),
)


def leaks(said: str) -> list[str]:
    """What is seen of the values, in any case and spelling."""
    return [form for form in SEEN if form in said.lower()]


@pytest.fixture
def manifold(ztctl: Ztctl, account: Account) -> Ztctl:
    """A folder whose values all come from the environment, and are changed by their fields."""
    (ztctl.folder / "ztctl.yaml").write_text(FORMS, encoding="utf-8")
    return ztctl.at(account)


def test_no_form_of_a_value_is_seen(manifold: Ztctl) -> None:
    """Lower case, punycode, escapes, durations, folded blanks, networks: only names are shown.

    So in what the files give, in what the account gives back, and in what the connection sent.
    """
    shown = [(words, manifold(*words, env=VALUES)) for words in SHOWN]

    assert {words: leaks(done.said) for words, done in shown if leaks(done.said)} == {}
    assert [done.code for _, done in shown] == [0] * len(SHOWN)
    assert "(env ZTCTL_MAIL)" in shown[1][1].out


def test_no_form_of_a_value_is_seen_in_an_edit(manifold: Ztctl) -> None:
    """Beside a change of something else, whose plan tells both sides and the whole bodies."""
    assert manifold("apply", "--auto-approve", env=VALUES).code == 0
    (manifold.folder / "ztctl.yaml").write_text(
        FORMS.replace("decision: allow", "decision: allow\n    isolation_required: false")
        .replace("{group: g}", "{group: g}, {email: new@example.com}")
        .replace("{tunnel: t, comment", "{tunnel: t, ttl: 1, comment")
        .replace("see $", "seen $"),
        encoding="utf-8",
    )

    shown = [(words, manifold(*words, env=VALUES)) for words in EDITED]

    assert {words: leaks(done.said) for words, done in shown if leaks(done.said)} == {}
    assert "new@example.com" in shown[0][1].out


@pytest.mark.parametrize("format", FORMATS)
def test_no_form_of_a_value_is_seen_in_an_error(
    manifold: Ztctl, account: Account, format: str
) -> None:
    """Neither where the service refuses a call and says why."""
    body: Any = {
        "success": False,
        "errors": [
            {"code": 12130, "message": 'secret.person@corp.com, 1h30m: Top"Secret\\Canary\u00e9'}
        ],
    }
    account.sandbox.faults.add(
        method="POST", path="/access/(policies|groups)$", status=400, body=body, times=None
    )

    done = manifold("apply", "--auto-approve", "--format", format, env=VALUES)

    assert (done.code, leaks(done.said)) == (3, [])
    assert "12130" in done.said
