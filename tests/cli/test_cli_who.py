"""Promises about ``ztctl who``: the answer of the live account, with or without files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ztctl.sandbox.seeds import ZoneSeed

Ztctl = Any
HOST = "ssh.example.com"


def flat(text: str) -> str:
    """The text in one line, wherever it was broken."""
    return " ".join(text.split())


@pytest.fixture
def applied(project: Ztctl) -> Ztctl:
    """The quickstart, applied to the sandbox."""
    assert project("apply", "--sandbox", "--auto-approve").code == 0
    return project


def test_a_host_is_told_without_a_file(applied: Ztctl) -> None:
    """The account alone answers: origin, application, policy, people."""
    (applied.folder / "ztctl.yaml").unlink()

    done = applied("who", HOST, "--sandbox")

    assert done.code == 0
    assert done.out.startswith(f"{HOST} is closed: only those below may enter.\n")
    for words in ("ssh://localhost:22", "of stack quickstart", "(policy ssh-team, 8h)"):
        assert words in flat(done.out)


def test_json_is_one_document(applied: Ztctl) -> None:
    """The same for machines."""
    done = applied("who", HOST, "--sandbox", "--format", "json")

    found = json.loads(done.out)
    assert (found["type"], found["host"], found["is_open"]) == ("reach", HOST, False)
    assert found["enter"] == [
        {
            "who": "group infra-team (Okta group infra, who is in PT or US)",
            "origin": "ssh://localhost:22",
            "openness": "nobody",
            "session": "8h",
            "policy": "ssh-team",
            "tunnel": "ssh-pool",
        }
    ]
    assert found["guards"][0]["policies"][0]["name"] == "ssh-team"


def test_markdown_is_a_comment(applied: Ztctl) -> None:
    """The same to be posted, the verdict first."""
    done = applied("who", HOST, "--sandbox", "--format", "markdown")

    assert done.out.startswith(f"### Who reaches `{HOST}`\n\n```diff\n{HOST} is closed")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ((), "Whether ana@example.com enters ssh.example.com depends on what cannot be seen"),
        (("--group", "infra", "--country", "pt"), "ana@example.com enters ssh.example.com."),
        (("--group", "other"), "ana@example.com does not enter ssh.example.com."),
        (("--country", "US", "--group", "a", "--group", "infra"), "ana@example.com enters "),
    ],
)
def test_one_person_is_answered_for(applied: Ztctl, words: tuple[str, ...], first: str) -> None:
    """Yes, no, or what it depends on, by the groups and the country that were said; exit 0."""
    done = applied("who", HOST, "--sandbox", "--as", "Ana@example.com", *words)

    assert done.code == 0
    assert done.out.startswith(first)
    assert "policy ssh-team (allow, 8h): group infra-team" in flat(done.out)
    assert ("Depends on  Okta group infra (the identity" in done.out) == (not words)


def test_one_person_is_answered_for_in_json(applied: Ztctl) -> None:
    """The answer stands beside those about everybody, with who knows what it depends on."""
    done = applied(
        "who", HOST, "--sandbox", "--as", "ana@example.com", "--country", "PT",
        "--format", "json",
    )  # fmt: skip

    found = json.loads(done.out)
    person = found["person"]
    assert (person["enters"], person["groups"], person["country"]) == ("depends", None, "PT")
    assert person["answers"][0]["depends_on"] == [{"knows": "login", "what": "Okta group infra"}]
    assert found["is_open"] is False


@pytest.mark.parametrize(
    "words",
    [
        (HOST, "--group", "infra"),
        (HOST, "--country", "PT"),
        (HOST, "--as", "ana"),
        (HOST, "--as", "a b@example.com"),
        (HOST, "--as", "ana@example.com", "--country", "Portugal"),
        ("10.1.2.3", "--as", "ana@example.com"),
    ],
)
def test_half_a_person_is_wrong_usage(ztctl: Ztctl, words: tuple[str, ...]) -> None:
    """Groups and countries are of somebody, who has an address; devices have none."""
    done = ztctl("who", *words, "--sandbox")

    assert (done.code, done.out) == (64, "")


@pytest.mark.parametrize("columns", ["60", "80"])
def test_no_line_is_wider_than_the_terminal(applied: Ztctl, columns: str) -> None:
    """Words are wrapped below their own column."""
    done = applied("who", HOST, "--sandbox", env={"COLUMNS": columns})

    assert max(map(len, done.out.splitlines())) <= int(columns)
    assert f"\n{'':14}" in done.out


def test_quiet_leaves_the_verdict(applied: Ztctl) -> None:
    """One line for a closed host."""
    done = applied("who", HOST, "--sandbox", "--quiet")

    assert done.out == f"{HOST} is closed: only those below may enter.\n"


@pytest.fixture
def opened(applied: Ztctl) -> Ztctl:
    """The same, after somebody took the application and the connector's check away by hand."""
    made = applied.folder / "by-hand.yaml"
    text = (applied.folder / "ztctl.yaml").read_text()
    made.write_text(
        text.replace("service: ssh://localhost:22", "access: false\n        service: ssh://h:22")
        .replace("decision: allow", "decision: bypass")
        .replace("- group: infra-team", "- everyone: true")
    )
    done = applied(
        "apply", "--sandbox", "--auto-approve", "--allow-exposure", HOST, "-f", "by-hand.yaml",
        "--allow-deletions",
    )  # fmt: skip
    assert done.code == 0, done.said
    return applied


def test_an_open_host_is_told_first_and_by_the_exit_code(opened: Ztctl) -> None:
    """An open door comes before everything else, and ends with 5."""
    done = opened("who", HOST, "--sandbox")

    assert done.code == 5
    assert done.out.splitlines()[0] == f"{HOST} is OPEN TO EVERYBODY:"
    assert "Bypass" in done.out.splitlines()[1]


def test_an_open_host_is_told_to_who_asks_for_one_person(opened: Ztctl) -> None:
    """The person enters as everybody does: the verdict on the host and its code stay."""
    done = opened("who", HOST, "--sandbox", "--as", "ana@example.com")

    assert done.code == 5
    assert done.out.startswith(f"ana@example.com enters {HOST}.\n")
    assert f"\n{HOST} is OPEN TO EVERYBODY:\n" in done.out


def test_a_plan_tells_what_is_open_before_its_changes(opened: Ztctl) -> None:
    """A plan of the right file says first that the host is open now and that it closes it."""
    done = opened("plan", "--sandbox")

    assert done.code == 0
    assert done.out.startswith("OPEN TO EVERYBODY NOW:\n")
    assert "this plan closes it" in done.out


def test_a_host_outside_the_account_is_an_error(ztctl: Ztctl) -> None:
    """What lies in no zone of the account cannot be answered."""
    done = ztctl("who", "ssh.elsewhere.net", "--sandbox")

    assert done.code == 1
    assert "lies in no active zone" in done.err
    assert done.out == ""


def test_a_host_of_a_pending_zone_names_its_name_servers(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """Nobody gets there until the registrar names the servers that Cloudflare gave the zone."""
    account = open_account(zones=(ZoneSeed("example.com", status="pending"),))

    done = ztctl.at(account)("who", "ssh.example.com")

    assert done.code == 1
    assert "ssh.example.com lies in the zone example.com, which is pending" in done.err
    assert "ada.ns.cloudflare.com, bob.ns.cloudflare.com" in done.err


@pytest.mark.parametrize("host", ["*.example.com", "nodots", "a b.example.com", "x/../y", ""])
def test_what_is_no_host_is_wrong_usage(ztctl: Ztctl, host: str) -> None:
    """A pattern, a path or nothing is no host name."""
    done = ztctl("who", host, "--sandbox")

    assert done.code == 64
    assert done.out == ""


def test_what_the_token_may_not_see_is_named(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """Without the permission for groups and tunnels there is an answer, what it lacks, and 1."""
    account = open_account()
    groups = ("Zone Read", "DNS Read", "Access: Apps and Policies Read")
    account.sandbox.define_token("canary-token-0123456789abcdef", groups)

    done = ztctl.at(account)("who", HOST)

    assert done.code == 1
    assert "Not everything could be read" in done.out
    assert "Cloudflare Tunnel" in done.out


def test_a_host_behind_a_tunnel_that_was_not_read_counts_as_open(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """No application stands before the record, and without the tunnel's rules nobody can tell."""
    account = open_account()
    tunnel = account.post("/accounts/{account}/cfd_tunnel", {"name": "by hand"})["id"]
    record = {"type": "CNAME", "name": HOST, "content": f"{tunnel}.cfargotunnel.com"}
    account.post("/zones/{zone}/dns_records", {**record, "proxied": True})
    groups = ("Zone Read", "DNS Read", "Access: Apps and Policies Read")
    account.sandbox.define_token("canary-token-0123456789abcdef", groups)

    done = ztctl.at(account)("who", HOST)

    assert done.code == 5
    assert "CANNOT BE TOLD" in done.out


SITE = {"type": "A", "name": "site.example.com", "content": "192.0.2.10"}
OPEN = "site.example.com is OPEN TO EVERYBODY:"
LEADS = "no application covers it, and it leads to"


@pytest.mark.parametrize(
    ("proxied", "where"),
    [(True, "whatever stands behind it"), (False, "the address in its record, which is not")],
)
def test_a_name_that_leads_to_no_tunnel_is_open(
    ztctl: Ztctl, open_account: Callable[..., Any], proxied: bool, where: str
) -> None:
    """A record without an application is served to everybody; nobody is told that nobody enters."""
    account = open_account()
    account.post("/zones/{zone}/dns_records", {**SITE, "proxied": proxied})

    done = ztctl.at(account)("who", "site.example.com")

    assert (done.code, done.out.splitlines()[0]) == (5, OPEN)
    assert f"{LEADS} {where}" in flat(done.out)


def test_an_application_before_what_is_no_tunnel_closes_it(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """Its people enter what stands behind it, and nobody else."""
    account = open_account()
    account.post("/zones/{zone}/dns_records", {**SITE, "proxied": True})
    rule: dict[str, Any] = {"email": {"email": "ann@example.com"}}
    policy = {"name": "ann", "decision": "allow", "include": [rule]}
    app = {
        "type": "self_hosted", "name": "site", "domain": SITE["name"], "policies": [policy],
    }  # fmt: skip
    account.post("/accounts/{account}/access/apps", app)

    done = ztctl.at(account)("who", "site.example.com")

    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "site.example.com is closed: only those below may enter.",
    )


@pytest.mark.parametrize("rule", [{"everyone": {}}, {"auth_method": {"auth_method": "otp"}}])
def test_a_host_that_is_open_to_any_login_is_named_for_what_it_is(
    ztctl: Ztctl, open_account: Callable[..., Any], rule: dict[str, Any]
) -> None:
    """Whoever logs in gets in: told with the reason, and exit 0, since nobody gets in unasked."""
    account = open_account()
    account.post("/zones/{zone}/dns_records", {**SITE, "proxied": True})
    policy = {"name": "all", "decision": "allow", "include": [rule]}
    app = {"type": "self_hosted", "name": "site", "domain": SITE["name"], "policies": [policy]}
    account.post("/accounts/{account}/access/apps", app)

    done = ztctl.at(account)("who", SITE["name"])
    found = json.loads(ztctl.at(account)("who", SITE["name"], "--format", "json").out)

    first = "site.example.com is open to anybody who logs in:"
    assert (done.code, done.out.splitlines()[0]) == (0, first)
    assert "whoever does not log in" in done.out
    assert (found["is_open"], found["enter"][0]["openness"]) == (False, "any_login")
    assert found["any_login"][0].startswith("an Allow policy lets in ")


def test_a_policy_that_admits_nobody_is_told_as_such(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """A service token in an Allow policy is not told as entering."""
    account = open_account()
    account.post("/zones/{zone}/dns_records", {**SITE, "proxied": True})
    rule: dict[str, Any] = {"any_valid_service_token": {}}
    policy = {"name": "ci", "decision": "allow", "include": [rule]}
    app = {"type": "self_hosted", "name": "site", "domain": SITE["name"], "policies": [policy]}
    account.post("/accounts/{account}/access/apps", app)

    done = ztctl.at(account)("who", SITE["name"])

    assert "1. allow ci: any service token, which admits nobody" in done.out
    assert "  May enter   nobody\n" in done.out


def test_a_name_without_a_record_leads_nowhere(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """Nobody gets to a name for which nothing answers, which is no danger."""
    done = ztctl.at(open_account())("who", "nope.example.com")

    assert done.code == 0
    assert done.out.startswith("nope.example.com leads nowhere, nobody gets there.\n")


def test_a_zone_that_may_not_be_read_leaves_the_question_open(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """An alias into a zone whose records the token may not see: it cannot be told, exit 5."""
    account = open_account(zones=[ZoneSeed("example.com"), ZoneSeed("example.org")])
    record = {**SITE, "type": "CNAME", "content": "hop.example.org", "proxied": True}
    account.post("/zones/{zone}/dns_records", record)
    far = next(it["id"] for it in account.sandbox.export()["zones"] if it["name"] == "example.org")
    account.sandbox.faults.add(kind="status", status=403, path=f"/zones/{far}/", times=None)

    done = ztctl.at(account)("who", "site.example.com")

    assert done.code == 5
    assert done.out.startswith("Whether site.example.com is open to everybody CANNOT BE TOLD")
    assert "the zone example.org" in done.out


def zoned(account: Any, *policies: dict[str, Any]) -> None:
    """Lead a name to no tunnel, and put an application there that its zone alone lists."""
    account.post("/zones/{zone}/dns_records", {**SITE, "proxied": True})
    body = {"type": "self_hosted", "name": "theirs", "domain": SITE["name"]}
    account.post("/zones/{zone}/access/apps", {**body, "policies": list(policies)})


TEAM = {"name": "team", "decision": "allow", "include": [{"email": {"email": "a@example.com"}}]}
ANYBODY = {"name": "any", "decision": "bypass", "include": [{"everyone": {}}]}


@pytest.mark.parametrize("policy", [TEAM, ANYBODY], ids=["guard", "bypass"])
def test_an_application_that_only_a_zone_lists_leaves_the_question_open(
    ztctl: Ztctl, open_account: Callable[..., Any], policy: dict[str, Any]
) -> None:
    """Whether it decides is not known: it cannot be told, exit 5, and it is named as perhaps."""
    account = open_account()
    zoned(account, policy)

    done = ztctl.at(account)("who", "site.example.com")

    assert done.code == 5
    assert done.out.startswith("Whether site.example.com is open to everybody CANNOT BE TOLD")
    assert "perhaps the application 'theirs' (" in flat(done.out.partition("  Guard ")[2])
    assert "whether an application that only a zone lists decides is not known" in flat(done.out)


def test_a_guard_of_the_account_stands_before_one_that_only_a_zone_lists(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """Which of the two decides is not known: who may enter by either is told as perhaps."""
    account = open_account()
    zoned(account, TEAM)
    body = {"type": "self_hosted", "name": "ours", "domain": SITE["name"]}
    people = {"name": "b", "decision": "allow", "include": [{"email": {"email": "b@example.com"}}]}
    account.post("/accounts/{account}/access/apps", {**body, "policies": [people]})

    done = ztctl.at(account)("who", "site.example.com")

    assert done.code == 0
    assert "perhaps b@example.com, unless the application 'theirs' (" in flat(done.out)
    assert "perhaps a@example.com, if the application 'theirs' (" in flat(done.out)


def test_a_list_of_a_zone_that_may_not_be_read_is_named(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """There is an answer, and what it lacks: an application of the zone may open the host."""
    account = open_account()
    path = "/zones/.*/access/"
    account.sandbox.faults.add(kind="status", status=403, path=path, times=None)

    done = ztctl.at(account)("who", HOST)

    assert done.code == 1
    assert "applications that only the zone example.com lists: " in done.out


def test_a_group_that_was_not_read_may_hold_everybody(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """A Bypass for a group that the token may not see is no closed door."""
    account = open_account()
    account.post("/zones/{zone}/dns_records", {**SITE, "proxied": True})
    rules = {"include": [{"email": {"email": "ann@example.com"}}]}
    group = account.post("/accounts/{account}/access/groups", {"name": "g", **rules})["id"]
    policy = {"name": "p", "decision": "bypass", "include": [{"group": {"id": group}}]}
    app = {"type": "self_hosted", "name": "site", "domain": "site.example.com"}
    account.post("/accounts/{account}/access/apps", {**app, "policies": [policy]})
    groups = ("Zone Read", "DNS Read", "Access: Apps and Policies Read")
    account.sandbox.define_token("canary-token-0123456789abcdef", groups)

    done = ztctl.at(account)("who", "site.example.com")

    assert done.code == 5
    assert "Not everything could be read" in done.out


def test_without_the_applications_there_is_no_answer(
    ztctl: Ztctl, open_account: Callable[..., Any]
) -> None:
    """Who cannot see applications cannot say who enters: an error that names the permission."""
    account = open_account()
    account.sandbox.define_token("canary-token-0123456789abcdef", ("Zone Read", "DNS Read"))

    done = ztctl.at(account)("who", HOST)

    assert done.code == 1
    assert "Access: Apps and Policies" in done.err
    assert done.out == ""


@pytest.fixture
def routed(project: Ztctl) -> Ztctl:
    """A tunnel with a private route, applied to the sandbox."""
    (project.folder / "ztctl.yaml").write_text(
        "version: 1\nstack: net\ntunnels: {pool: {}}\n"
        "private_routes: {10.0.0.0/8: {tunnel: pool}}\n"
    )
    assert project("apply", "--sandbox", "--auto-approve").code == 0
    return project


def test_a_private_address_is_told_by_its_routes(routed: Ztctl) -> None:
    """An address is no host: the routes that lead there answer, and it is no open door."""
    done = routed("who", "10.1.2.3", "--sandbox")

    assert done.code == 0
    assert done.out.startswith("10.1.2.3 is open to every enrolled device (WARP).\n\n  Way   ")
    assert "10.0.0.0/8 in default → tunnel pool, of stack net\n" in done.out


def test_a_private_address_is_one_document(routed: Ztctl) -> None:
    """The same for machines."""
    done = routed("who", "10.1.2.3", "--sandbox", "--format", "json")

    found = json.loads(done.out)
    assert (found["type"], found["address"]) == ("private_reach", "10.1.2.3")
    assert found["enter"] == ["every enrolled device (WARP)"]
    assert [path["network"] for path in found["routes"]] == ["10.0.0.0/8"]


def test_a_private_address_without_a_route_is_told_as_such(routed: Ztctl) -> None:
    """Where no route leads, nobody comes; as Markdown too."""
    done = routed("who", "192.0.2.1", "--sandbox", "--format", "markdown")

    assert done.code == 0
    assert "No private route leads to 192.0.2.1." in done.out


def test_the_loss_of_a_route_says_nothing_of_logins(routed: Ztctl) -> None:
    """Devices have no login at a route, so that a plan does not tell when one would end."""
    (routed.folder / "ztctl.yaml").write_text("version: 1\nstack: net\ntunnels: {pool: {}}\n")

    done = routed("plan", "--sandbox")

    assert "- every enrolled device (WARP):\n" in done.out
    assert "10.0.0.0/8 in default: → tunnel pool\n" in done.out
    assert "new logins" not in done.out


PATHS = f"""
version: 1
stack: quickstart
policies: {{team: {{decision: allow, include: [{{email: ann@example.com}}]}}}}
applications:
  {HOST}:
    policies: [team]
    destinations:
      - uri: {HOST}
        overrides: [{{path_pattern: /healthz}}, {{path_pattern: /metrics}}]
    public: {{reason: probes, paths: [/healthz, /metrics]}}
tunnels: {{pool: {{ingress: [{{hostname: {HOST}, service: "http://web", access: false}}]}}}}
dns: {{{HOST}: {{tunnel: pool}}}}
"""


def test_open_paths_are_as_the_file_states(project: Ztctl) -> None:
    """With the file that states them they are no finding; without it, or for one more, they are."""
    file = project.folder / "ztctl.yaml"
    file.write_text(PATHS)
    assert project("apply", "--sandbox", "--auto-approve").code == 0

    stated = project("who", HOST, "--sandbox", "-f", "ztctl.yaml")
    unstated = project("who", HOST, "--sandbox")
    file.write_text(PATHS.replace(", /metrics]}", "]}"))
    partly = project("who", HOST, "--sandbox", "-f", "ztctl.yaml")

    assert (stated.code, unstated.code, partly.code) == (0, 5, 5)
    assert stated.out.startswith(f"{HOST} is OPEN TO EVERYBODY, as stated: probes\n")
    assert "below /healthz its application makes the path public" in flat(stated.out)
    assert partly.out.startswith(f"{HOST} is OPEN TO EVERYBODY:\n")
    assert "makes the path public, to http://web, as stated: probes" in flat(partly.out)
    assert flat(partly.out).count("as stated") == 1
