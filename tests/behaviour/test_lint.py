"""Every warning has a documented code, by which it can be taken back with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, refused
from tests.support.files import HOST, host, short, whole
from ztctl.cli.saved_plans import read_plan, save_plan
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problem, Problems, Severity
from ztctl.core.model.lint import BY_ACCOUNT, NEVER_SILENT, SILENCEABLE, Code
from ztctl.core.planning.planner import Options
from ztctl.engine.plan import emptied
from ztctl.kinds.registry import KINDS
from ztctl.ssh.public_keys import stale_keys

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"
ANN = "{decision: allow, include: [{email: ann@example.com}]}"
HEAD = f"""version: 1
stack: prod
policies:
  p0: {ANN}
"""
NOT_PROXIED = "tunnels: {t0: {}}\ndns:\n  a.example.com: {tunnel: t0, proxied: false}"


def read(folder: Path, text: str) -> Declared:
    """What a file declares; the text goes on where the head ends, in the policies."""
    path = folder / "ztctl.yaml"
    path.write_text(HEAD + text.replace("¦", ""), encoding="utf-8")
    return declared_by(Settings(files=(path,)))


def place(text: str) -> tuple[int, int]:
    """Line and column of the sign ¦."""
    lines = (HEAD + text).splitlines()
    return next((n, line.index("¦") + 1) for n, line in enumerate(lines, 1) if "¦" in line)


def codes(problems: Iterable[Problem]) -> list[str]:
    """The codes of warnings."""
    return [item.code for item in problems]


# -- every code -----------------------------------------------------------------------------

# By code, files of which validate warns; ¦ stands before the place that is told.
BY_FILE = {
    Code.PRINCIPAL_COLLISION: (
        "  p1: {decision: allow, include: [{email: [ann@a.example, ann@b.example]}]}\n"
        "tunnels: {t0: {}}\n"
        "hosts: {¦a.example.com: {tunnel: t0, service: 'ssh://h:22', policies: [p1]}}"
    ),
    Code.SYSTEM_PRINCIPAL: (
        "  p1: {decision: allow, include: [{email: root@example.com}]}\n"
        "tunnels: {t0: {}}\n"
        "hosts: {¦a.example.com: {tunnel: t0, service: 'ssh://h:22', policies: [p1]}}"
    ),
    Code.NO_ONE_ENTERS: (
        "groups: {¦g0: {include: [{email: a@example.com}], exclude: [{everyone: true}]}}"
    ),
    Code.OTP_EVERYONE: "  ¦p1: {decision: allow, include: [{everyone: true}]}",
    Code.UNTESTED_RULE: (
        "  ¦p1: {decision: allow, include: [{email: a@example.com}, {service_token: ci}]}"
    ),
    Code.SHADOWED_RULE: (
        "groups: {¦g0: {include: [{email: [a@example.com, b@example.com]}],"
        " exclude: [{email: a@example.com}]}}"
    ),
    Code.SESSION_SHADOWED: (
        "  p1: {decision: allow, include: [{email: a@example.com}], session_duration: 12h}\n"
        "applications: {¦a.example.com: {policies: [p1], session_duration: 2h}}"
    ),
    Code.SESSIONS_DIFFER: (
        f"  ¦p1: {ANN}\napplications: {{a.example.com: {{policies: [p1], session_duration: 2h}},"
        " b.example.com: {policies: [p1], session_duration: 3h}}"
    ),
    Code.NOT_PROXIED: "tunnels: {t0: {}}\ndns: {¦a.example.com: {tunnel: t0, proxied: false}}",
    Code.TUNNEL_WIDE_ACCESS: (
        "applications: {a.example.com: {policies: [p0]}}\n"
        "tunnels: {¦t0: {origin_request: {access: {aud_tag: [a.example.com]}}}}"
    ),
    Code.ODD_RULE: (
        "tunnels: {t0: {ingress: [{hostname: '*.example.com', service: https://a},"
        " {hostname: ¦a.example.com, service: https://b}]}}"
    ),
    Code.RAW_TCP: (
        "tunnels: {t0: {ingress: [{hostname: ¦a.example.com, service: 'gopher://localhost:70'}]}}"
    ),
    Code.SSH_PATH: (
        "tunnels: {t0: {ingress:"
        " [{hostname: ¦a.example.com, path: ^/x, service: 'ssh://localhost:22'}]}}"
    ),
    Code.BROWSER_TERMINAL: "applications: {¦a.example.com/x: {type: ssh, policies: [p0]}}",
    Code.UNLOGGED_SSH: "gateway_rules: {¦r0: {traffic: net.dst.port == 2222}}",
    Code.DOTTED_TAG: "applications: {¦a.example.com: {policies: [p0], tags: [v1.2]}}",
    Code.SILENCE_WITHOUT_REASON: "lint: {ignore: {¦deep-name: ' '}}",
    Code.SILENCE_UNKNOWN: "lint: {ignore: {¦deep-names: it is a demo}}",
    Code.SILENCE_UNUSED: "lint: {ignore: {¦not-proxied: it is a demo}}",
}


@pytest.mark.parametrize("code", BY_FILE)
def test_validate_warns_with_a_code_at_the_place(tmp_path: Path, code: Code) -> None:
    """One warning, at the entry of which it is true."""
    text = BY_FILE[code]

    (found,) = read(tmp_path, text).warnings

    assert (found.code, found.severity) == (code, Severity.WARNING)
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


def short_host(name: str, service: str) -> str:
    """A host in the short form with a terminal."""
    fields = f"tunnel: t0, service: '{service}', policies: [p0], terminal: true"
    return f"tunnels: {{t0: {{}}}}\nhosts: {{'{name}': {{{fields}}}}}"


HIDDEN = "{type: ssh, policies: [p0], app_launcher_visible: false}"
ROBOT = "  p1: {decision: non_identity, include: [{service_token: ci}]}\n"
# A file, and what is wrong with the terminal of its host.
TERMINALS = {
    "on a name of its own": (short_host("a.example.com", "ssh://h:22"), ""),
    "of another type": ("applications: {a.example.com/x: {policies: [p0]}}", ""),
    "before a bastion": (
        short_host("a.example.com", "bastion"),
        "sends no destination, and a.example.com leads to a bastion",
    ),
    "on a wildcard": (
        short_host("*.example.com", "ssh://h:22"),
        "stands on one host name, not on *.example.com",
    ),
    "hidden": (
        f"applications: {{a.example.com: {HIDDEN}}}",
        "is found in the App Launcher, which does not show it",
    ),
    "for a robot": (
        f"{ROBOT}applications: {{a.example.com: {{type: ssh, policies: [p0, p1]}}}}",
        "takes Allow and Block, and the policy 'p1' is Service Auth",
    ),
}


@pytest.mark.parametrize("case", TERMINALS)
def test_what_a_browser_terminal_cannot_do_is_told(tmp_path: Path, case: str) -> None:
    """The service takes it all; in the form `hosts` as in applications."""
    text, expected = TERMINALS[case]

    found = [it for it in read(tmp_path, text).warnings if it.code == Code.BROWSER_TERMINAL]

    said = [it.summary.partition(": its browser terminal ")[2] for it in found]
    assert said == ([expected] if expected else [])


def deep(account: Account) -> Iterable[Problem]:
    """A new name two levels below its zone."""
    return account.plan(host("ssh.dev.example.com")).warnings


def ca_left(account: Account) -> Iterable[Problem]:
    """A live CA that the file does not want any more."""
    account.apply(host())
    return account.plan({**host(), "hosts": {HOST: short(ca_key=False)}}).warnings


def renamed(account: Account) -> Iterable[Problem]:
    """A host of another name in place of a live one."""
    account.apply(host())
    return account.plan(host("bastion.example.com")).warnings


def of_one_name(account: Account) -> Iterable[Problem]:
    """Two live policies of the name of one in the file."""
    body = {"name": "team", "decision": "allow", "include": [{"email": {"email": "a@b.example"}}]}
    for _ in range(2):
        account.call("POST", "{A}/access/policies", body)
    return account.plan(whole()).warnings


def in_use(account: Account) -> Iterable[Problem]:
    """A tag of ours on the bookmark of somebody else."""
    account.call("POST", "{A}/access/tags", {"name": "ztctl-prod"})
    tile = {"type": "bookmark", "name": "wiki", "domain": "wiki.example.net"}
    account.call("POST", "{A}/access/apps", {**tile, "tags": ["ztctl-prod"]})
    return account.plan({"groups": {"people": {"include": [{"email": "a@example.com"}]}}}).warnings


def unmarked(account: Account) -> Iterable[Problem]:
    """An entry of ``removed`` that names a tunnel of somebody else."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "office", "config_src": "cloudflare"})
    return account.plan({"removed": [{"address": "tunnel.office"}]}).warnings


def looked_for(account: Account) -> Iterable[Problem]:
    """A tunnel that a file on its server configures, before the mark goes into its name."""
    account.call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "local"})
    return account.plan({"tunnels": {"pool": {"config": "local"}}}, adopt=True).warnings


def beyond_limit(account: Account) -> Iterable[Problem]:
    """A record for which a zone on the free plan has no room."""
    zone = account.one("zones", name="example.org")["id"]
    for number in range(200):
        body = {"type": "A", "name": f"t{number}", "content": "192.0.2.1"}
        account.call("POST", f"/zones/{zone}/dns_records", body)
    return account.plan(host("ssh.example.org")).warnings


def unread(account: Account) -> Iterable[Problem]:
    """A zone of which the token may not read the applications."""
    path = "/zones/.*/access/"
    account.sandbox.faults.add(kind="status", status=403, path=path, times=None)
    return account.plan(host()).warnings


def with_key(account: Account) -> Declared:
    """A host that is live, and whose key is to be in a file."""
    file = {**host(), "hosts": {HOST: short(public_key_file="ca.pub")}}
    account.apply(file)
    return account.declared(file)


def stale(account: Account) -> Iterable[Problem]:
    """A key that no file holds."""
    declared = with_key(account)
    return stale_keys(declared, account.plan_of(declared).live)


def unwritable(account: Account) -> Iterable[Problem]:
    """A file of another sort where the key belongs, since the files were read."""
    declared = with_key(account)
    (account.folder / "ca.pub").write_text("mine", encoding="utf-8")
    return stale_keys(declared, account.plan_of(declared).live)


def without_audit_key(account: Account) -> Iterable[Problem]:
    """A live rule that logs commands, of an account without a key for them."""
    rule = {"traffic": "net.dst.ip == 10.0.0.5", "command_logging": True}
    account.apply({"gateway_rules": {"ssh": rule}})
    return account.plan({"gateway_rules": {"ssh": rule}}).warnings


def new_rule(account: Account) -> Iterable[Problem]:
    """A rule that logs SSH, and is not live."""
    return account.plan({"gateway_rules": {"ssh": {"traffic": "net.dst.ip == 10.0.0.5"}}}).warnings


def elsewhere(account: Account) -> Iterable[Problem]:
    """A live application that also stands before a name outside of the account's zones."""
    account.apply(host())
    app = account.one("apps")
    with account.sandbox.session() as state:
        places = [*app["destinations"], {"type": "public", "uri": "x.pages.dev"}]
        names = [it["uri"] for it in places]
        stored = {**(state.store.get("app", app["id"]) or {}), "destinations": places}
        state.store.put("app", app["id"], {**stored, "self_hosted_domains": names})
    file = host()
    file["hosts"] = {HOST: short(application="web", policies=None)}
    file["applications"] = {"web": {"policies": ["team"], "name": HOST}}
    file["applications"]["web"]["destinations"] = names
    return account.plan(file).warnings


BY_LIVE: Mapping[Code, Callable[[Account], Iterable[Problem]]] = {
    Code.NO_AUDIT_KEY: without_audit_key,
    Code.AUDIT_SSH_ENDED: new_rule,
    Code.DEEP_NAME: deep,
    Code.CA_LEFT_LIVE: ca_left,
    Code.RENAME_LOSES_CA: renamed,
    Code.SAME_NAME_LIVE: of_one_name,
    Code.KEPT_IN_USE: in_use,
    Code.REMOVED_STAYS: unmarked,
    Code.RENAMED_TUNNEL: looked_for,
    Code.LIVE_ALREADY: elsewhere,
    Code.OVER_LIMIT: beyond_limit,
    Code.UNREAD_ZONE: unread,
    Code.KEY_FILE_STALE: stale,
    Code.KEY_FILE_UNWRITABLE: unwritable,
}


@pytest.mark.parametrize("code", BY_LIVE)
def test_a_plan_warns_with_a_code(account: Account, code: Code) -> None:
    """What the account alone tells has its code, too; it stops nothing."""
    assert {*codes(BY_LIVE[code](account))} == {code}


def test_every_code_is_shown() -> None:
    """No code stands in the table that nothing gives."""
    assert BY_FILE.keys() | BY_LIVE.keys() == {*Code}


def test_the_table_and_the_codes_are_the_same() -> None:
    """Each code has its row, with why and what to do, and no row tells of another one."""
    text = PAGE.read_text(encoding="utf-8").partition("\n## Warnings\n")[2]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)

    assert sorted(code for code, *_ in rows) == sorted(Code)
    assert all(it.strip() for row in rows for it in row)


def test_the_table_says_which_need_an_account_and_which_stay() -> None:
    """A code that only a plan gives is marked, and one that is never silenced."""
    text = PAGE.read_text(encoding="utf-8").partition("\n## Warnings\n")[2]
    rows = {row[0]: row[1] for row in re.findall(r"^\| `([a-z-]+)` \| (.+)$", text, re.MULTILINE)}

    assert {code for code in rows if "*plan*" in rows[code]} == {*BY_LIVE}
    assert {code for code in rows if "*stays*" in rows[code]} == {*NEVER_SILENT}
    assert {*BY_LIVE} - {Code.UNREAD_ZONE} <= BY_ACCOUNT


# -- silences -------------------------------------------------------------------------------

SILENCED = {
    "behind the entry": f"{NOT_PROXIED} # ztctl: ignore[not-proxied] a demo",
    "spelt close": f"{NOT_PROXIED} #ztctl:ignore[ not-proxied ]a demo",
    "on the line above": NOT_PROXIED.replace(
        "  a.exa", "  # ztctl: ignore[not-proxied] a demo\n  a.exa"
    ),
    "above a further comment": NOT_PROXIED.replace(
        "  a.exa", "  # ztctl: ignore[not-proxied] a demo\n  # the next one\n  a.exa"
    ),
    "after CRLF": NOT_PROXIED.replace("\n", "\r\n") + " # ztctl: ignore[not-proxied] a demo\r\n",
    "for all of the files": f"{NOT_PROXIED}\nlint: {{ignore: {{not-proxied: a demo}}}}",
    "behind a text that holds a hash": (
        "tunnels: {t0: {}}\ndns: {a.example.com: {tunnel: t0, proxied: false, comment: 'a # b'}}"
        " # ztctl: ignore[not-proxied] a demo"
    ),
}


@pytest.mark.parametrize("text", SILENCED.values(), ids=SILENCED)
def test_a_warning_is_taken_back_with_a_reason(tmp_path: Path, text: str) -> None:
    """At the entry, or for all of the files; nothing else is said of it."""
    assert codes(read(tmp_path, text).warnings) == []


HEARD = {
    "at another entry": (
        f"{NOT_PROXIED}\n  b.example.com: {{tunnel: t0}} # ztctl: ignore[not-proxied] a demo",
        ["not-proxied", "silence-unused"],
    ),
    "above a blank line": (
        NOT_PROXIED.replace("  a.exa", "  # ztctl: ignore[not-proxied] a demo\n\n  a.exa"),
        ["silence-unused", "not-proxied"],
    ),
    "of another code": (
        f"{NOT_PROXIED} # ztctl: ignore[raw-tcp] a demo",
        ["not-proxied", "silence-unused"],
    ),
    "of no code": (
        f"{NOT_PROXIED} # ztctl: ignore a demo",
        ["not-proxied", "silence-unknown"],
    ),
    "of a code that is none": (
        f"{NOT_PROXIED} # ztctl: ignore[not-proxy] a demo",
        ["not-proxied", "silence-unknown"],
    ),
    "without a reason": (
        f"{NOT_PROXIED} # ztctl: ignore[not-proxied]",
        ["not-proxied", "silence-without-reason"],
    ),
    "of itself": (
        f"{NOT_PROXIED} # ztctl: ignore[raw-tcp, silence-unused] a demo",
        ["not-proxied", "silence-unused", "silence-unknown"],
    ),
    "in quotes": (
        (
            "tunnels: {t0: {}}\ndns: {a.example.com: {tunnel: t0, proxied: false,"
            " comment: 'a # ztctl: ignore[not-proxied] b'}}"
        ),
        ["not-proxied"],
    ),
    "in a block of text": (
        f"{NOT_PROXIED}\nx-text: |\n  # ztctl: ignore[not-proxied] b\n",
        ["not-proxied"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HEARD.values(), ids=HEARD)
def test_a_silence_that_silences_nothing_is_told(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    """And so is one without a reason, and of no warning; the warning itself is heard then."""
    assert codes(read(tmp_path, text).warnings) == expected


def test_a_code_that_is_none_is_told_with_the_one_that_is_meant(tmp_path: Path) -> None:
    """At the place of the comment."""
    text = f"{NOT_PROXIED} ¦# ztctl: ignore[not-proxy] a demo"

    _, found = read(tmp_path, text).warnings

    assert found.hint == "did you mean not-proxied?"
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


def test_several_warnings_of_a_line_are_taken_back_together(tmp_path: Path) -> None:
    """Codes stand in a list, and share the reason."""
    text = "  p1: {decision: allow, include: [{everyone: true}, {email: a@example.com}]}"
    silence = "# ztctl: ignore[otp-everyone, shadowed-rule] a demo"

    assert codes(read(tmp_path, text).warnings) == ["shadowed-rule", "otp-everyone"]
    assert codes(read(tmp_path, f"{text} {silence}").warnings) == []


def test_each_code_but_those_that_stay_can_be_taken_back(tmp_path: Path) -> None:
    """What was not read, and may open a host, is told whatever the file says."""
    listed = ", ".join(f"{code}: a demo" for code in Code)

    found = read(tmp_path, f"lint: {{ignore: {{{listed}}}}}").warnings

    assert {it.summary.split()[0] for it in found if it.code == "silence-unknown"} == NEVER_SILENT
    assert {it.summary.split()[0] for it in found if it.code == "silence-unused"} == (
        SILENCEABLE - BY_ACCOUNT
    )


def test_no_error_is_silenced(tmp_path: Path) -> None:
    """An error has no code; and where there is one, no silence is called unused."""
    everything = ", ".join(sorted(SILENCEABLE))
    text = f"tunnels:\n  t0: {{ingress: 5}} # ztctl: ignore[{everything}] a demo"

    with pytest.raises(Problems) as found:
        read(tmp_path, text)

    assert [(it.severity, it.code) for it in found.value.items] == [(Severity.ERROR, "")]


def test_what_decides_who_enters_is_not_silenced(account: Account) -> None:
    """The plan refuses what it refuses, and tells what it tells."""
    file = host()
    file["policies"]["team"]["include"] = [{"everyone": True}]
    silent = {**file, "lint": {"ignore": dict.fromkeys(SILENCEABLE - {"not-proxied"}, "a demo")}}

    heard, silenced = account.plan(file), account.plan(silent)

    assert account.declared(file).warnings
    assert "otp-everyone" not in codes(account.declared(silent).warnings)
    assert refused(heard)
    assert (silenced.refusals, silenced.access, silenced.exposed) == (
        heard.refusals,
        heard.access,
        heard.exposed,
    )


def test_what_the_account_tells_is_taken_back_at_the_entry(account: Account) -> None:
    """A comment holds for the plan as it does for the files."""
    text = (
        "version: 1\nstack: prod\ntunnels: {pool: {}}\n"
        f"policies: {{team: {ANN}}}\nhosts:\n"
        "  ssh.dev.example.com: {tunnel: pool, service: 'ssh://a', policies: [team]}"
    )
    path = account.folder / "deep.yaml"
    path.write_text(f"{text} # ztctl: ignore[deep-name] ordered", encoding="utf-8")
    declared = declared_by(Settings(files=(path,)))

    assert codes(declared.warnings) == []
    assert codes(account.plan_of(declared).warnings) == []


def test_silences_travel_in_a_saved_plan(account: Account) -> None:
    """Comments are no part of what YAML says, and what they take back stays so."""
    path, saved = account.folder / "deep.yaml", account.folder / "plan"
    text = HEAD.replace("\npolicies", "\ntunnels: {t0: {}}\npolicies")
    entry = "ssh.dev.example.com: {tunnel: t0, service: 'ssh://a', policies: [p0]}"
    silence = "# ztctl: ignore[deep-name] ordered"
    path.write_text(f"{text}hosts:\n  {entry} {silence}\n", encoding="utf-8")
    declared = declared_by(Settings(files=(path,)))
    save_plan(saved, account.plan_of(declared), declared, Options())

    _, again = read_plan(saved)

    assert again.silences == declared.silences != ()
    assert codes(account.plan_of(again).warnings) == []


# -- sessions and people ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "given", "told"),
    [
        ("2h", ["12h"], True),
        ("12h", ["2h"], True),
        ("2h", ["12h", "1h"], True),
        ("2h", ["12h", "2h"], False),
        ("2h", ["12h", None], False),
        ("120m", ["2h"], False),
        (None, ["2h"], False),
    ],
)
def test_a_session_that_nobody_gets_is_told(
    account: Account, asked: str | None, given: list[str | None], told: bool
) -> None:
    """An application asks for one, and none of its policies gives it."""
    ann = {"decision": "allow", "include": [{"email": "ann@example.com"}]}
    policies = {
        f"p{n}": ann if session is None else {**ann, "session_duration": session}
        for n, session in enumerate(given)
    }
    application: dict[str, Any] = {"policies": [*policies]}
    if asked is not None:
        application["session_duration"] = asked

    found = account.declared({"policies": policies, "applications": {HOST: application}}).warnings

    assert codes(found) == (["session-shadowed"] if told else [])
    for warning in found:
        assert warning.summary.startswith(f"{HOST}: asked for {asked}, and policy p0 gives ")


OPEN = {
    "everyone": ({"include": [{"everyone": True}]}, True),
    "the one-time PIN": ({"include": [{"login_method": "onetimepin"}]}, True),
    "a method": ({"include": [{"auth_method": "otp"}]}, True),
    "a group of everyone": ({"include": [{"group": "all"}]}, True),
    "and one more": ({"include": [{"everyone": True}], "require": [{"everyone": True}]}, True),
    "a domain asked for": (
        {"include": [{"everyone": True}], "require": [{"email_domain": "example.com"}]},
        False,
    ),
    "a list asked for": (
        {"include": [{"everyone": True}], "require": [{"email_domain": ["a.com", "b.com"]}]},
        False,
    ),
    "any of some logins asked for": (
        {"include": [{"everyone": True}], "require": [{"login_method": ["onetimepin", "Okta"]}]},
        True,
    ),
    "a provider of a company": ({"include": [{"login_method": "Okta"}]}, False),
    "a live group": ({"include": [{"group": {"live": "staff"}}]}, False),
    "a bypass": ({"include": [{"everyone": True}], "decision": "bypass"}, False),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "told"), OPEN.values(), ids=OPEN)
def test_who_lets_in_any_login_is_told(
    account: Account, policy: dict[str, Any], told: bool
) -> None:
    """As the plan counts it, so far as files tell."""
    file = {
        "groups": {"all": {"include": [{"everyone": True}]}},
        "policies": {"p0": {"decision": "allow", **policy}},
    }

    found = codes(account.declared(file).warnings)

    assert found == (["otp-everyone"] if told else [])


def test_who_says_that_it_is_public_is_not_told(account: Account) -> None:
    """The file has said so with a reason already."""
    everyone = {"decision": "allow", "include": [{"everyone": True}]}
    application = {"policies": ["p0"], "public": {"reason": "a demo"}}

    file = {"policies": {"p0": everyone}, "applications": {HOST: application}}

    assert codes(account.declared(file).warnings) == []


# -- where nobody enters ---------------------------------------------------------------------


def shut(account: Account, policy: str) -> None:
    """Somebody edits a live policy, so that it admits nobody."""
    made = account.one("policies", name=policy)
    id_ = made.pop("id")
    account.call("PUT", f"{{A}}/access/policies/{id_}", {**made, "exclude": [{"everyone": {}}]})


def test_a_live_policy_that_admits_nobody_is_reported(account: Account) -> None:
    """One of others by which a host of the stack is entered: nothing is refused for it."""
    body = {"name": "theirs", "decision": "allow", "include": [{"email": {"email": "a@b.example"}}]}
    account.call("POST", "{A}/access/policies", body)
    file = whole()
    file["applications"][HOST]["policies"] = [{"live": "theirs"}]
    account.apply(file)
    assert codes(account.plan(file).warnings) == []
    shut(account, "theirs")

    plan = account.plan(file)

    assert [(it.code, it.summary) for it in plan.warnings] == [
        ("no-one-enters", "the policy 'theirs' is live, and admits nobody: it excludes everyone")
    ]
    assert refused(plan) == []


@pytest.mark.parametrize(
    ("policies", "why"), [("", "it has no policy"), ("p1, p2", "all of its policies deny")]
)
def test_an_application_that_lets_nobody_in_is_warned_of(
    policies: str, why: str, tmp_path: Path
) -> None:
    """No policy, or denial alone, is valid, closes the host for good, and is seldom meant."""
    deny = "{decision: deny, include: [{everyone: true}]}"
    text = (
        f"  p1: {deny}\n  p2: {deny}\napplications: {{¦a.example.com: {{policies: [{policies}]}}}}"
    )

    (found,) = read(tmp_path, text).warnings
    assert found.where is not None

    assert (found.code, found.summary, (found.where.line, found.where.column)) == (
        "no-one-enters",
        f"access_application.a.example.com lets nobody in: {why}",
        place(text),
    )


@pytest.mark.parametrize("policy", ["p0", "{live: theirs}"])
def test_an_application_with_one_policy_that_may_admit_somebody_is_not_warned_of(
    policy: str, tmp_path: Path
) -> None:
    """A policy of the account counts as one: what it says is not known from the files."""
    deny = "{decision: deny, include: [{everyone: true}]}"
    text = f"  p1: {deny}\napplications: {{a.example.com: {{policies: [p1, {policy}]}}}}"

    assert codes(read(tmp_path, text).warnings) == []


def test_a_policy_of_others_that_admits_nobody_is_their_matter(account: Account) -> None:
    """Where nothing of the stack uses it."""
    body = {"name": "theirs", "decision": "allow", "include": [{"email": {"email": "a@b.example"}}]}
    account.call("POST", "{A}/access/policies", body)
    shut(account, "theirs")

    assert codes(account.plan(whole()).warnings) == []


def test_what_the_file_tells_is_not_told_again(account: Account) -> None:
    """The policy is live as the file has it: validate has its place, and the plan says no more."""
    account.apply(whole())
    shut(account, "team.ztctl-prod")
    file = whole()
    file["policies"]["team"]["exclude"] = [{"everyone": True}]

    assert codes(account.declared(file).warnings) == ["no-one-enters"]
    assert account.plan(file).is_empty
    assert codes(account.plan(file).warnings) == []


def test_a_destroy_is_not_told_what_the_files_are_warned_of(account: Account) -> None:
    """Nothing of them is wanted any more."""
    declared = read(account.folder, NOT_PROXIED)

    assert codes(declared.warnings) == ["not-proxied"]
    assert codes(emptied(declared, KINDS).warnings) == []
