"""Promises about ``ztctl audit``: the whole account, by a token that may only read, and no file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.audited import TEAM, ByHand
from ztctl.cli.exits import Exit, watched

Ztctl = Any
Served = Any
READING = (
    "Zone Read",
    "DNS Read",
    "Access: Apps and Policies Read",
    "Access: Organizations, Identity Providers, and Groups Read",
    "Access: Service Tokens Read",
    "Cloudflare Tunnel Read",
)
TOKEN = "canary-token-0123456789abcdef"
OPEN, LOCAL, SAFE = "grafana.example.com", "legacy.example.com", "safe.example.org"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An account with an open door, a name that cannot be told of, and one that is closed."""
    hand = ByHand(Account(tmp_path_factory.mktemp("made")))
    hand.host(OPEN, service="http://10.0.0.4:3000")
    hand.tunnel("office", source="local")
    hand.record(LOCAL, "office")
    hand.tunnel("pool.ztctl-prod", [{"hostname": SAFE, "service": "ssh://one"}])
    hand.record(SAFE, "pool.ztctl-prod", comment="ztctl-prod")
    hand.app(SAFE, TEAM)
    hand.host("*.star.example.com", TEAM)
    return json.dumps(hand.account.sandbox.export())


@pytest.fixture
def lived_in(ztctl: Ztctl, exported: str) -> Ztctl:
    """The command line in a folder with that account as its sandbox, and without a file."""
    (ztctl.folder / "account.json").write_text(exported, encoding="utf-8")
    assert ztctl("sandbox", "import", "account.json").code == 0
    return ztctl


def flat(text: str) -> str:
    """The text in one line, wherever it was broken."""
    return " ".join(text.split())


def test_an_audit_needs_no_file_and_tells_what_is_open(lived_in: Ztctl) -> None:
    """Open first, in full; exit 5."""
    done = lived_in("audit", "--sandbox")

    assert done.code == 5
    assert "OPEN (2) *.*.star.example.com → ssh://localhost:22 (tunnel star.star" in flat(done.out)
    assert f"{OPEN} → http://10.0.0.4:3000 (tunnel {OPEN}) no application covers" in flat(done.out)
    assert f"UNSEEN (1) {LOCAL} → tunnel office" in flat(done.out)
    assert done.out.endswith("weak. What to do: ztctl audit --explain HOST\n")


def test_json_is_one_document(lived_in: Ztctl) -> None:
    """As the schema says, which is asked of all that a command writes; so is one name."""
    done = lived_in("audit", "--sandbox", "--format", "json")
    one = lived_in("audit", "--sandbox", "--format", "json", "--explain", SAFE)

    document = json.loads(done.out)
    safe = next(it for it in document["names"] if it["host"] == SAFE)
    assert (safe["stacks"], safe["reach"]["enter"][0]["session"]) == (["prod"], "8h")
    known = {"format_version": "1.0", "type": "audit_name"}
    about = {"account": document["account"], "unread": []}
    assert json.loads(one.out) == {**known, **safe, **about}


def test_a_token_that_may_only_read_is_enough(
    ztctl: Ztctl, open_account: Callable[..., Served]
) -> None:
    """Nothing is missing, and nothing is written."""
    account = open_account()
    tunnel = account.post(
        "/accounts/{account}/cfd_tunnel", {"name": "t", "config_src": "cloudflare"}
    )["id"]
    record = {"type": "CNAME", "name": OPEN, "content": f"{tunnel}.cfargotunnel.com"}
    account.post("/zones/{zone}/dns_records", {**record, "proxied": True})
    account.sandbox.define_token(TOKEN, READING)

    done = ztctl.at(account)("audit")

    assert (done.code, account.written) == (0, [])
    assert "1 name that leads to 1 tunnel" in done.out
    assert "Not everything could be read" not in done.out


def test_what_decides_nothing_about_reach_is_told_by_1(
    ztctl: Ztctl, open_account: Callable[..., Served]
) -> None:
    """Without the service tokens the answer has a gap, which is named with its permission."""
    account = open_account()
    account.sandbox.define_token(TOKEN, [it for it in READING if "Service Tokens" not in it])

    done = ztctl.at(account)("audit")

    assert done.code == 1
    assert "Account · Access: Service Tokens" in flat(done.out)


def test_a_gap_is_told_with_one_name_too(ztctl: Ztctl, open_account: Callable[..., Served]) -> None:
    """In every format, so that no exit code is without a word."""
    account = open_account()
    account.sandbox.define_token(TOKEN, [it for it in READING if "Service Tokens" not in it])

    for form in ("text", "json", "markdown", "html", "github", "sarif"):
        done = ztctl.at(account)("audit", "--explain", "x.example.com", "--format", form)

        assert (form, done.code) == (form, 1)
        assert (form, "access/service_tokens" in flat(done.out)) == (form, True)


def test_a_zone_that_was_not_read_is_told_whatever_stack_is_asked_for(
    ztctl: Ztctl, open_account: Callable[..., Served]
) -> None:
    """A name in it may lead to a tunnel of the stack, so that the report is not whole."""
    account = open_account()
    tunnel = {"name": "pool.ztctl-prod", "config_src": "cloudflare"}
    account.post("/accounts/{account}/cfd_tunnel", tunnel)
    account.sandbox.define_token(TOKEN, [it for it in READING if it != "DNS Read"])

    done = ztctl.at(account)("audit", "--stack", "prod", "--quiet")

    assert (done.code, "UNSEEN (1) zone example.com" in flat(done.out)) == (5, True)


@pytest.mark.parametrize("missing", ["Zone Read", "Access: Apps and Policies Read"])
def test_without_zones_or_applications_nothing_can_be_said(
    ztctl: Ztctl, open_account: Callable[..., Served], missing: str
) -> None:
    """An error that names the permission."""
    account = open_account()
    account.sandbox.define_token(TOKEN, [it for it in READING if it != missing])

    done = ztctl.at(account)("audit")

    assert (done.code, done.out) == (1, "")
    assert missing.removesuffix(" Read") in done.err


def test_accepted_names_are_no_open_doors(lived_in: Ztctl) -> None:
    """Written, edited, taken; and open again when the day is past."""
    written = lived_in("audit", "--sandbox", "--write-accept", "accept.yaml")
    file = lived_in.folder / "accept.yaml"
    raw = lived_in("audit", "--sandbox", "--accept", "accept.yaml")
    file.write_text(file.read_text().replace("reason:", "reason: for everybody"))

    done = lived_in("audit", "--sandbox", "--accept", "accept.yaml", "--all")
    file.write_text(re.sub(r"until: \S+", "until: 2026-01-01", file.read_text()))
    late = lived_in("audit", "--sandbox", "--accept", "accept.yaml", "--quiet")

    assert "accept.yaml holds 3 names; 3 to be given a reason" in written.err
    assert (raw.code, raw.out) == (1, "")
    assert "accept.yaml:6:5: error: `reason` is empty" in raw.err
    assert done.code == 0
    assert "ACCEPTED (3)" in done.out
    assert "for everybody" in done.out
    assert (late.code, late.out.count("was accepted until 2026-01-01: for everybody")) == (5, 3)


def test_what_is_accepted_is_carried_over_into_a_new_file(lived_in: Ztctl) -> None:
    """Reasons and dates of what still holds stay; only what is new wants one."""
    lived_in("audit", "--sandbox", "--write-accept", "old.yaml", "--zone", "example.com")
    old = (lived_in.folder / "old.yaml").read_text().replace("reason:", "reason: ours")
    (lived_in.folder / "old.yaml").write_text(old[: old.index(f'  - host: "{LOCAL}"')])

    done = lived_in(
        "audit", "--sandbox", "--accept", "old.yaml", "--write-accept", "new.yaml",
    )  # fmt: skip

    new = (lived_in.folder / "new.yaml").read_text()
    assert "new.yaml holds 3 names; 1 to be given a reason" in done.err
    assert (new.count('reason: "ours"'), new.count("reason:\n")) == (2, 1)


def test_a_file_that_is_there_is_not_overwritten(lived_in: Ztctl) -> None:
    """Somebody's reasons are in it."""
    (lived_in.folder / "accept.yaml").write_text("mine")

    done = lived_in("audit", "--sandbox", "--write-accept", "accept.yaml")

    assert (done.code, (lived_in.folder / "accept.yaml").read_text()) == (1, "mine")


def test_an_open_door_is_told_by_5_though_the_file_cannot_be_written(lived_in: Ztctl) -> None:
    """Open goes before any other error, which is told as well."""
    done = lived_in("audit", "--sandbox", "--write-accept", "nowhere/accept.yaml")

    assert (done.code, "error: cannot write nowhere/accept.yaml" in done.err) == (5, True)


@pytest.mark.parametrize(
    ("host", "code", "said"),
    [
        (OPEN, 5, f"{OPEN} is OPEN. OPEN: no Access application covers the name [no-cover]"),
        ("a.b.star.example.com", 5, "application *.star.example.com covers one label only"),
        ("*.*.star.example.com", 5, "*.*.star.example.com is OPEN."),
        ("one.star.example.com", 0, "one.star.example.com is WEAK."),
        (LOCAL, 5, "To do put an application in front of the name"),
        ("nothing.example.org", 0, "nothing.example.org leads nowhere, nobody gets there."),
        ("tunnel.office", 0, "tunnel office is WEAK. WEAK: no connector of the tunnel"),
        ("tunnel.office", 0, "To do start a connector"),
        (f"access_application.{SAFE}", 0, f"Nothing is found about the application {SAFE}."),
    ],
)
def test_one_name_is_explained(lived_in: Ztctl, host: str, code: int, said: str) -> None:
    """What is wrong with it, and what to do; the exit code is that of the name."""
    done = lived_in("audit", "--sandbox", "--explain", host)

    assert done.code == code
    assert said in flat(done.out)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--explain", "nodots"), 64),
        (("--explain", "a/b.example.com"), 64),
        (("--explain", OPEN, "--all"), 64),
        (("--explain", "a.elsewhere.net"), 1),
        (("--explain", "tunnel.nowhere"), 1),
        (("--zone", "elsewhere.net"), 1),
        (("--stack", "nobodys"), 1),
        (("--accept", "nowhere.yaml"), 1),
    ],
)
def test_what_cannot_be_answered_is_refused(
    ztctl: Ztctl, words: tuple[str, ...], code: int
) -> None:
    """A misspelt name is no narrow report in which all is well."""
    done = ztctl("audit", "--sandbox", *words)

    assert (done.code, done.out) == (code, "")


def test_a_hint_names_what_was_given(ztctl: Ztctl) -> None:
    """What `--explain` excludes is named where it was given, and not otherwise."""
    done = ztctl("audit", "--sandbox", "--explain", OPEN, "--zone", "example.org", "--all")

    assert "drop --zone and --all" in done.err


@pytest.mark.parametrize(
    ("words", "code", "hosts"),
    [
        (("--stack", "prod"), 0, {SAFE}),
        (("--zone", "example.org"), 0, {SAFE}),
        (("--zone", "EXAMPLE.com"), 5, {OPEN, LOCAL, "*.star.example.com", "*.*.star.example.com"}),
    ],
)
def test_a_report_is_narrowed(
    lived_in: Ztctl, words: tuple[str, ...], code: int, hosts: set[str]
) -> None:
    """To what a stack owns, or a zone; the exit code is that of what is told."""
    done = lived_in("audit", "--sandbox", "--format", "json", *words)

    assert (done.code, {it["host"] for it in json.loads(done.out)["names"]}) == (code, hosts)


def test_a_narrow_report_reads_as_much(lived_in: Ztctl) -> None:
    """What covers a name may be anybody's: the answers of a narrow report are the same."""
    whole, narrow = (
        json.loads(lived_in("audit", "--sandbox", "--format", "json", *words).out)
        for words in ((), ("--zone", "example.com"))
    )

    told = [it for it in whole["names"] if it["zone"] == "example.com"]
    assert narrow["names"] == told


def test_open_and_doubtful_names_are_asked_from_outside(lived_in: Ztctl) -> None:
    """What answers without a login is open, whatever could be read of it; others are not asked."""
    done = lived_in("audit", "--sandbox", "--probe", "--format", "json")

    names = {it["host"]: it for it in json.loads(done.out)["names"]}
    asked = {host for host, it in names.items() if it["probed"]}
    assert asked == {OPEN, LOCAL, "*.*.star.example.com"}
    assert next(it["code"] for it in names[LOCAL]["findings"]) == "answers-unasked"
    assert names[LOCAL]["risk"] == "open"


def test_who_and_audit_end_alike(lived_in: Ztctl) -> None:
    """One answer about a name, and one meaning of the exit code."""
    for host in (OPEN, LOCAL, SAFE):
        told = [
            lived_in(*words, host, "--sandbox").code for words in (("who",), ("audit", "--explain"))
        ]
        assert told[0] == told[1]


def test_a_stated_name_is_no_finding(lived_in: Ztctl) -> None:
    """A file that says `public:` is taken at its word, with -f alone."""
    (lived_in.folder / "ztctl.yaml").write_text(
        "version: 1\nstack: site\ntunnels: {t: {}}\nhosts:\n"
        f"  {OPEN}: {{tunnel: t, service: 'http://one', public: {{reason: a site}}}}\n"
    )

    done = lived_in("audit", "--sandbox", "-f", "ztctl.yaml", "--format", "json")

    names = {it["host"]: it["risk"] for it in json.loads(done.out)["names"]}
    assert (names[OPEN], names["*.*.star.example.com"]) == ("closed", "open")


def test_the_exit_code_is_the_first_that_fits() -> None:
    """Open or untold before unread, unread before different, different before nothing."""
    flags = [(e, u, d) for e in (True, False) for u in (True, False) for d in (True, False)]

    codes = [watched(exposed=e, unread=u, different=d) for e, u, d in flags]

    assert codes == [
        *[Exit.EXPOSED] * 4,
        *[Exit.ERROR] * 2,
        Exit.DIFFERENT,
        Exit.DONE,
    ]
