"""Promises about ``ztctl drift``: what it says, to whom, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import QUICKSTART
from tests.support.account import Account as Lived
from tests.support.process import TOKEN
from tests.support.webhook import PATH, Posted, webhook
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings

Ztctl = Any
Account = Any
HOST = "ssh.example.com"
HAND = "canary-token-of-mallory"
SCHEMA = Path(__file__).parents[2] / "schemas" / "drift.schema.json"
READ = (
    "Access: Apps and Policies Read",
    "Access: Organizations, Identity Providers, and Groups Read",
    "Access: Service Tokens Read",
    "Cloudflare Tunnel Read",
    "Zone Read",
    "DNS Read",
    "Account Settings Read",
)


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An account to which the quickstart has been applied, as a document."""
    lived = Lived(tmp_path_factory.mktemp("lived"))
    lived.carry_out(lived.plan_of(declared_by(Settings(files=(QUICKSTART,)))))
    return lived.sandbox.export()


@pytest.fixture
def joined(project: Ztctl, account: Account) -> Ztctl:
    """The quickstart beside a served account in which mallory sits in the dashboard."""
    account.sandbox.define_token(TOKEN, None, name="ci")
    account.sandbox.define_token(HAND, None, email="mallory@example.com", dashboard=True)
    return project.at(account)


@pytest.fixture
def applied(joined: Ztctl, account: Account, quickstart: Any) -> Ztctl:
    """The same, in step."""
    account.sandbox.import_(quickstart)
    return joined.at(account)


@pytest.fixture
def posted() -> Iterator[Posted]:
    """A webhook on a loopback port."""
    with webhook() as found:
        yield found


def by_hand(account: Account, method: str, path: str, body: Any = None) -> Any:
    """A request of mallory."""
    place = path.replace("{A}", f"/accounts/{account.sandbox.account_id}")
    headers = {"authorization": f"Bearer {HAND}"}
    answer = httpx.request(method, f"{account.url}{place}", json=body, headers=headers)
    return answer.raise_for_status().json()["result"]


def longer_session(account: Account) -> None:
    """Mallory makes the policy's sessions longer."""
    (policy,) = by_hand(account, "GET", "{A}/access/policies")
    body = {name: policy[name] for name in ("name", "decision", "include", "exclude", "require")}
    path = f"{{A}}/access/policies/{policy['id']}"
    by_hand(account, "PUT", path, {**body, "session_duration": "24h"})


def other_name(account: Account) -> None:
    """Mallory gives the application another message."""
    application = account.sandbox.export()["apps"][0]
    keep = ("name", "type", "domain", "policies", "tags", "app_launcher_visible")
    body = {name: application[name] for name in keep if name in application}
    path = f"{{A}}/access/apps/{application['id']}"
    by_hand(account, "PUT", path, {**body, "app_launcher_visible": True})


def open_door(account: Account) -> None:
    """Mallory takes the guard away, and the connector's check."""
    exported = account.sandbox.export()
    stored = exported["tunnel_configurations"][0]
    for rule in stored["config"]["ingress"]:
        rule.pop("originRequest", None)
    path = f"{{A}}/cfd_tunnel/{stored['tunnel_id']}/configurations"
    by_hand(account, "PUT", path, {"config": stored["config"]})
    by_hand(account, "DELETE", f"{{A}}/access/apps/{exported['apps'][0]['id']}")


def nothing(account: Account) -> None:
    """Nobody does anything."""


def flat(text: str) -> str:
    """The text in one line."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("deed", "words", "code", "said"),
    [
        (nothing, (), 0, "No drift of stack quickstart: 7 objects in step."),
        (longer_session, (), 2, "WIDER ssh.example.com: ~ group infra-team: session 8h → 24h"),
        (open_door, ("--only", "other"), 5, "2 differences not shown, as was asked, ONE OF AN"),
        (longer_session, ("--only", "lost"), 0, "1 difference not shown, as was asked."),
    ],
    ids=["in step", "wider", "exposed and not shown", "not asked for"],
)
def test_the_code_says_what_was_found(
    applied: Ztctl,
    account: Account,
    deed: Callable[[Account], None],
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    """5 where a host is open, else 2 where something differs that is told, else 0."""
    deed(account)

    done = applied("drift", *words)

    assert done.code == code
    assert said in flat(done.out)


def test_what_could_not_be_read_ends_with_one(applied: Ztctl, account: Account) -> None:
    """A list that the token may not read is an error, and says which permission is missing."""
    account.sandbox.define_token(TOKEN, [it for it in READ if "Tunnel" not in it])

    done = applied("drift")

    assert (done.code, done.out) == (1, "")
    assert "Cloudflare Tunnel" in done.err


def test_a_gap_that_decides_nothing_ends_with_one(applied: Ztctl, account: Account) -> None:
    """It comes before differences: what was read may not be all."""
    path = "/zones/[^/]+/access/apps"
    account.sandbox.faults.add(kind="status", status=403, method="GET", path=path, times=None)
    application = account.sandbox.export()["apps"][0]["id"]
    by_hand(account, "DELETE", f"{{A}}/access/apps/{application}")

    done = applied("drift")

    assert done.code == 1
    assert "Not everything could be read: ! the zone example.com" in flat(done.out)
    assert "LOST ssh.example.com" in flat(done.out)


def test_a_list_of_a_zone_that_is_forbidden_is_told(applied: Ztctl, account: Account) -> None:
    """Though nothing differs: an application there may open a host."""
    path = "/zones/[^/]+/access/apps"
    account.sandbox.faults.add(kind="status", status=403, method="GET", path=path, times=None)

    done = applied("drift", "--quiet")

    assert done.code == 1
    assert "the zone example.com may list applications of its own" in flat(done.out)


def test_a_door_that_only_a_zone_lists_ends_with_five(applied: Ztctl, account: Account) -> None:
    """Nothing of the stack differs, and a path of its host is open."""
    zone = account.sandbox.export()["zones"][0]["id"]
    everyone = {"name": "p", "decision": "bypass", "include": [{"everyone": {}}]}
    file = applied.folder / "ztctl.yaml"
    text = file.read_text(encoding="utf-8")
    rule = "      - hostname: ssh.example.com\n"
    assert rule in text
    file.write_text(text.replace(rule, f"{rule}        access: false\n"), encoding="utf-8")
    assert applied("apply", "--auto-approve").code == 0
    theirs = {"type": "self_hosted", "name": "theirs", "domain": f"{HOST}/open"}
    by_hand(account, "POST", f"/zones/{zone}/access/apps", {**theirs, "policies": [everyone]})

    done = applied("drift")

    assert done.code == 5
    assert "application theirs, not of this stack, stands on" in flat(done.out)


def test_a_read_only_token_is_enough(applied: Ztctl, account: Account) -> None:
    """Nothing is written, and everything is told: what, by whom, by which means, and when."""
    longer_session(account)
    account.sandbox.define_token(TOKEN, READ)
    account.sandbox.log.clear()

    done = applied("drift")

    assert (done.code, account.written) == (2, [])
    assert "session_duration is 24h, not 8h; mallory@example.com in the dashboard, just now" in (
        flat(done.out)
    )


def test_without_the_log_it_works_and_says_so(applied: Ztctl, account: Account) -> None:
    """The differences are the same, and nobody is named."""
    longer_session(account)
    account.sandbox.define_token(TOKEN, [it for it in READ if "Settings" not in it])

    done = applied("drift")

    assert done.code == 2
    assert 'Who changed it is not told: the token lacks the permission "Account Settings"' in (
        flat(done.out)
    )


def test_the_command_that_mends_names_the_files(applied: Ztctl, account: Account) -> None:
    """As they were given, to be pasted; not the token, which may be one that only reads."""
    longer_session(account)
    (applied.folder / "my files").mkdir()
    (applied.folder / "ztctl.yaml").rename(applied.folder / "my files" / "team.yaml")

    done = applied("drift", "-f", "my files", "--var", "a=b")

    assert "`ztctl apply -f 'my files' --var a=b` puts it back." in flat(done.out)


def test_quiet_says_nothing_where_there_is_nothing(applied: Ztctl) -> None:
    """Not a byte, so that cron sends no mail."""
    done = applied("drift", "--quiet")

    assert (done.code, done.said) == (0, "")


def test_quiet_says_nothing_of_what_is_not_asked_for(applied: Ztctl, account: Account) -> None:
    """What other severities hold is left out without a word."""
    longer_session(account)

    done = applied("drift", "--quiet", "--only", "exposed")

    assert (done.code, done.said) == (0, "")


def test_json_fits_its_schema(applied: Ztctl, account: Account) -> None:
    """One document, with everything that people are told."""
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    in_step = json.loads(applied("drift", "--format", "json", "--quiet").out)
    open_door(account)

    done = applied("drift", "--format", "json")

    found = json.loads(done.out)
    assert done.code == 5

    validator.validate(in_step)
    validator.validate(found)
    assert (in_step["items"], found["exposed_hosts"]) == ([], [HOST])
    assert found["items"][0]["author"]["name"] == "mallory@example.com"
    # The CA went with the application.
    assert found["summary"]["exposed"] == 2


def test_it_takes_a_call_a_zone_more_than_a_plan(applied: Ztctl, account: Account) -> None:
    """But for the zone's own list; with figures a list and a verification, a page of the log."""

    def calls(*words: str) -> int:
        account.sandbox.log.clear()
        applied(*words)
        return len(account.sandbox.log)

    plan, drift, figures = calls("plan"), calls("drift"), calls("drift", "--metrics", "m.prom")
    longer_session(account)

    assert (drift, figures) == (plan + 1, plan + 3)
    assert calls("drift", "--metrics", "m.prom") == figures + 1


# -- what is left out -----------------------------------------------------------------------


def test_an_ignored_field_is_not_told(applied: Ztctl, account: Account) -> None:
    """For one run by an option."""
    longer_session(account)

    done = applied("drift", "--ignore", "access_policy.ssh-team.session_duration")

    assert (done.code, done.out) == (0, "No drift of stack quickstart: 7 objects in step.\n")


def test_what_decides_reach_is_never_ignored(project: Ztctl) -> None:
    """It is wrong usage, and said so before anything is read."""
    done = project("drift", "--sandbox", "--ignore", "tunnel.ssh-pool.ingress")

    assert (done.code, done.out) == (64, "")
    assert "'ingress' decides who reaches what" in flat(done.err)


def test_since_the_last_apply(joined: Ztctl, account: Account) -> None:
    """What somebody did after it is told, and what the files say since is not."""
    applied = joined
    assert applied("apply", "--auto-approve").code == 0
    file = applied.folder / "ztctl.yaml"
    text = file.read_text(encoding="utf-8")
    edited = text.replace("    session_duration: 8h\n", "    session_duration: 6h\n")
    assert edited != text
    file.write_text(edited, encoding="utf-8")
    before = applied("drift", "--since-apply")
    other_name(account)

    after = applied("drift", "--since-apply")

    assert (before.code, after.code) == (0, 2)
    assert "app_launcher_visible" in after.out
    assert "session_duration" not in after.out
    assert "1 difference not shown" in after.out


def test_without_a_recorded_apply_everything_is_told(applied: Ztctl, account: Account) -> None:
    """And it is said why."""
    longer_session(account)

    done = applied("drift", "--since-apply", env={"XDG_STATE_HOME": "/nowhere"})

    assert done.code == 2
    assert "everything is told" in done.err


# -- whom else to tell ----------------------------------------------------------------------


def test_a_webhook_is_told_what_differs(applied: Ztctl, account: Account, posted: Posted) -> None:
    """One compact document, which fits the schema; nothing where nothing differs."""
    applied("drift", "--webhook", posted.url)
    longer_session(account)

    done = applied("drift", "--webhook", posted.url)

    (body,) = posted.bodies
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator.validate(posted.documents[0])
    assert b", " not in body.replace(b"6h, ", b"")[:200]
    assert posted.documents[0]["items"][0]["address"] == "access_policy.ssh-team"
    assert done.code == 2


def test_slack_is_told_in_its_own_form(applied: Ztctl, account: Account, posted: Posted) -> None:
    """A heading and a line an item."""
    open_door(account)

    applied("drift", "--webhook", posted.url, "--webhook-format", "slack")

    (message,) = posted.documents
    assert message["text"] == "Drift of stack quickstart: 2 differences, 1 host EXPOSED"
    text = message["blocks"][0]["text"]["text"]
    assert "*EXPOSED* ssh.example.com is open to everybody" in text


def test_a_webhook_that_fails_is_told_and_changes_nothing(
    applied: Ztctl, account: Account, posted: Posted
) -> None:
    """The report is the same, and so is the code."""
    longer_session(account)
    plain = applied("drift")
    posted.answers = [404]

    done = applied("drift", "--webhook", posted.url)

    assert (done.code, done.out) == (plain.code, plain.out)
    assert "the webhook was not told: HTTP 404" in done.err


@pytest.mark.parametrize(
    ("how", "format"), [("argument", "text"), ("file", "json"), ("variable", "markdown")]
)
def test_the_url_and_the_token_are_never_seen(
    applied: Ztctl, account: Account, posted: Posted, how: str, format: str
) -> None:
    """Not even where the account or a file holds the URL, and the webhook fails."""
    application = account.sandbox.export()["apps"][0]
    keep = ("name", "type", "domain", "policies", "tags", "app_launcher_visible")
    body = {name: application[name] for name in keep if name in application}
    by_hand(
        account,
        "PUT",
        f"{{A}}/access/apps/{application['id']}",
        {**body, "app_launcher_visible": True, "name": f"see {posted.url}"},
    )
    posted.answers = [400]
    (applied.folder / "url").write_text(f"{posted.url}\n", encoding="ascii")
    words = {"argument": ("--webhook", posted.url), "file": ("--webhook-file", "url")}
    env = {"ZTCTL_WEBHOOK": posted.url} if how == "variable" else {}

    done = applied("drift", *words.get(how, ()), "--format", format, "--metrics", "m.prom", env=env)

    figures = (applied.folder / "m.prom").read_text(encoding="utf-8")
    everything = done.said + figures + posted.bodies[0].decode()
    assert len(posted.bodies) == 1
    assert [it for it in (PATH, TOKEN, HAND, "T0CANARY") if it in everything] == []
    assert "(env ZTCTL_WEBHOOK)" in flat(done.out)


def test_no_file_can_read_the_variable(project: Ztctl) -> None:
    """Though its name begins as those do that files may read."""
    file = project.folder / "ztctl.yaml"
    file.write_text(
        file.read_text(encoding="utf-8") + "\nx-note: ${env.ZTCTL_WEBHOOK}\n", encoding="utf-8"
    )
    text = file.read_text(encoding="utf-8").replace(
        "session_duration: 8h", "name: ${env.ZTCTL_WEBHOOK}"
    )
    file.write_text(text, encoding="utf-8")

    done = project("validate", env={"ZTCTL_WEBHOOK": "https://hooks.example.com/canary"})

    assert done.code == 1
    assert "canary" not in done.said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--webhook", "canary-no-url"), 1),
        (("--webhook", "https://x.example/a", "--webhook-file", "f"), 64),
        (("--webhook-file", "/dev/null"), 1),
        (("--metrics", "figures.txt"), 64),
        (("--only", "bad"), 64),
    ],
)
def test_wrong_words_are_told_before_anything_is_read(
    project: Ztctl, words: tuple[str, ...], code: int
) -> None:
    """With nothing on stdout, and no URL in the message."""
    done = project("drift", "--sandbox", *words)

    assert (done.code, done.out) == (code, "")
    assert "canary" not in done.err


def in_a_folder(project: Ztctl, *more: str) -> None:
    """Two files of one stack in a folder; the second refers to what the first declares."""
    folder = project.folder / "hosts"
    folder.mkdir()
    head = "version: 1\nstack: team\n"
    team = "{decision: allow, include: [{email: ann@example.com}]}"
    fields = "{tunnel: pool, service: ssh://localhost:22, policies: [team]}"
    base = f"policies:\n  team: {team}\ntunnels: {{pool: {{}}}}\n"
    listed = "".join(f"  {name}.example.com: {fields}\n" for name in "abcdef")
    (folder / "base.yaml").write_text(head + base, encoding="utf-8")
    (folder / "hosts.yaml").write_text(f"{head}hosts:\n{listed}{''.join(more)}", encoding="utf-8")


def test_one_file_of_a_folder_is_one_error(project: Ztctl) -> None:
    """Not one for each reference to what the other files declare."""
    in_a_folder(project)

    done = project("drift", "--sandbox", "-f", "hosts/hosts.yaml")

    assert (done.code, done.out, done.err.count("error:")) == (1, "", 1)
    assert "12 errors, none of them with the other files of the folder" in flat(done.err)
    assert "hint: give the folder: -f hosts" in flat(done.err)


def test_what_is_wrong_with_the_whole_folder_is_told_as_it_is(project: Ztctl) -> None:
    """The other files are no remedy for it."""
    in_a_folder(project, "  g.example.com: {tunnel: nowhere}\n")

    done = project("drift", "--sandbox", "-f", "hosts/hosts.yaml")

    assert done.err.count("error:") > 2
    assert "give the folder" in flat(done.err)
    assert "there is no tunnel `nowhere`" in flat(done.err)


def figures_in(path: Path) -> dict[tuple[str, str], float]:
    """The samples of a file, as Prometheus's own parser reads them, by name and a label."""
    text = path.read_text(encoding="utf-8")
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        assert (family.type, family.documentation != "") == ("gauge", True)
        for sample in family.samples:
            assert sample.timestamp is None
            key = sample.name, sample.labels.get("severity") or sample.labels.get("name", "")
            assert key not in found
            found[key] = sample.value
    return found


def test_figures_are_written(applied: Ztctl, account: Account) -> None:
    """Every promised one, read by the library of those who will read it; of all that differs."""
    account.sandbox.define_token(TOKEN, None, name="ci", expires_on="2099-01-01T00:00:00Z")
    by_hand(account, "POST", "{A}/access/service_tokens", {"name": 'ro"bot\\'})
    for_ever = {"name": "for ever", "duration": "forever"}
    by_hand(account, "POST", "{A}/access/service_tokens", for_ever)
    open_door(account)
    account.sandbox.log.clear()

    done = applied("drift", "--metrics", "m.prom", "--only", "lost")

    found = figures_in(applied.folder / "m.prom")
    assert done.code == 5
    assert found["ztctl_drift_last_run_success", ""] == 1
    assert found["ztctl_drift_last_run_timestamp_seconds", ""] > 1.7e9
    assert 0 < found["ztctl_drift_duration_seconds", ""] < 60
    assert found["ztctl_drift_api_calls", ""] == len(account.sandbox.log)
    assert found["ztctl_drift_differences", "exposed"] == 2
    assert found["ztctl_drift_differences", "other"] == 0
    assert found["ztctl_drift_exposed_hosts", ""] == 1
    assert found["ztctl_drift_service_token_expiry_seconds", 'ro"bot\\'] > 86400
    assert found["ztctl_drift_service_token_expiry_seconds", "for ever"] > 1e8
    assert found["ztctl_drift_api_token_expiry_seconds", ""] > 1e9
    assert sorted(path.name for path in applied.folder.glob("*m.prom*")) == ["m.prom"]


def test_a_token_that_cannot_be_read_is_seen(project: Ztctl) -> None:
    """The run fails before it has begun, and its figures say so."""
    done = project("drift", "--api-token-file", "nowhere", "--metrics", "m.prom")

    found = figures_in(project.folder / "m.prom")
    assert (done.code, found["ztctl_drift_last_run_success", ""]) == (1, 0)


@pytest.mark.parametrize("broken", ["file", "service"])
def test_a_run_that_failed_is_seen(
    applied: Ztctl, account: Account, posted: Posted, broken: str
) -> None:
    """The figures say so, under the stack of the runs before; so does the webhook."""
    applied("drift", "--metrics", "m.prom")
    if broken == "file":
        (applied.folder / "ztctl.yaml").write_text("version: 7\n", encoding="utf-8")
    else:
        account.sandbox.define_token("another", ["Zone Read"])
        account.sandbox.define_token(TOKEN, [])

    done = applied("drift", "--metrics", "m.prom", "--webhook", posted.url, "--quiet")

    found = figures_in(applied.folder / "m.prom")
    assert (done.code, found["ztctl_drift_last_run_success", ""]) == (1, 0)
    assert ("ztctl_drift_exposed_hosts", "") not in found
    assert 'stack="quickstart"' in (applied.folder / "m.prom").read_text(encoding="utf-8")
    assert posted.documents[0]["type"] == "drift_failed"
    assert posted.documents[0]["failures"]


def test_figures_that_cannot_be_written_are_an_error(applied: Ztctl) -> None:
    """The report is there, and the job is not silently dead."""
    done = applied("drift", "--metrics", "nowhere/m.prom")

    assert done.code == 1
    assert "No drift" in done.out
    assert "cannot write nowhere/m.prom" in done.err
