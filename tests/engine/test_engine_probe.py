"""Promises about the probe of each host that a run has opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.at_edge import FILE, HOST, Scene
from ztctl.core.model.events import Outcome, Waiting
from ztctl.engine.probe import LoginState, ProbeReply, login_state

ELSEWHERE = {**FILE, "dns": {HOST: {"tunnel": "other"}}, "tunnels": {
    "edge": FILE["tunnels"]["edge"], "other": FILE["tunnels"]["edge"],
}}  # fmt: skip
LOGIN = "https://acme.cloudflareaccess.com/cdn-cgi/access/login/ssh.example.com?kid=1"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An account whose edge knows everything at once, and a run that asks and does not wait."""
    return Scene(tmp_path, probe=True)


def late_application(scene: Scene) -> None:
    """Let applications reach the edge an hour late, and all else at once."""
    scene.sandbox.edge.lag("app", 3600.0)


def reasons(outcome: Outcome) -> list[str]:
    """Each failure as ``step: reason``."""
    return [f"{item.step}: {item.reason}" for item in outcome.failed]


def test_a_login_that_answers_is_enough(scene: Scene) -> None:
    """A host behind its login is asked once, and the run goes on."""
    outcome = scene.apply(FILE)

    asked = [event.why for event in scene.events if isinstance(event, Waiting) and event.why]
    assert outcome.is_complete
    assert asked == [f"asking {HOST} without a credential"]
    assert scene.slept == []


def test_an_open_door_is_shut_again(scene: Scene) -> None:
    """Where an origin answers the record is taken out at once, and the step fails with why."""
    late_application(scene)

    outcome = scene.apply(FILE)

    assert reasons(outcome) == [
        f"dns_record.{HOST}#create: {HOST} answered without a login (status 200); it was taken back"
    ]
    assert scene.opened[-1][0] == 0.0
    assert scene.records() == []


def test_with_a_pause_the_same_edge_is_never_open(scene: Scene) -> None:
    """A pause longer than the lag leaves nothing to be found: the probe passes."""
    scene.settle = 10.0
    scene.sandbox.edge.lag("app", 9.0)

    outcome = scene.apply(FILE)

    assert outcome.is_complete
    assert scene.opened == []


def test_a_name_that_is_not_known_yet_is_asked_again(scene: Scene) -> None:
    """A record that comes late to the edge is waited for, a second between two tries."""
    scene.sandbox.edge.lag("dns_record", 4.0)

    outcome = scene.apply(FILE)

    assert outcome.is_complete
    assert scene.slept == [1.0] * 4


def test_a_name_that_never_answers_is_taken_back(scene: Scene) -> None:
    """After ten tries without a login the record goes, too: nobody knows what it leads to."""
    scene.sandbox.edge.lag("dns_record", 3600.0)

    outcome = scene.apply(FILE)

    (reason,) = reasons(outcome)
    assert "showed no login in 10 tries" in reason
    assert scene.records() == []


def test_a_moved_name_goes_back_where_it_was(scene: Scene) -> None:
    """The step back from another tunnel is the record as it was, its comment included."""
    scene.apply(FILE)
    before = scene.sandbox.export()["dns_records"]
    scene.team = "somebody-else"

    outcome = scene.apply(ELSEWHERE)

    after = scene.sandbox.export()["dns_records"]
    assert [str(item.step) for item in outcome.failed] == [f"dns_record.{HOST}#update"]
    assert [(it["id"], it["content"], it["comment"]) for it in after] == [
        (it["id"], it["content"], it["comment"]) for it in before
    ]


def test_a_new_rule_under_a_record_that_leads_there_is_asked_for(scene: Scene) -> None:
    """A rule added below a wildcard record opens a name; without a login the rule goes again."""
    wild: dict[str, Any] = {
        **FILE,
        "applications": {"*.example.com": {"policies": ["team"]}},
        "dns": {"*.example.com": {"tunnel": "edge"}},
    }
    scene.apply(wild)
    rules = scene.living("tunnel_configurations")[0]["config"]["ingress"]
    scene.team = "somebody-else"
    added = {"hostname": "new.example.com", "service": "ssh://b:22", "access": False}

    outcome = scene.apply(
        {**wild, "tunnels": {"edge": {"ingress": [*FILE["tunnels"]["edge"]["ingress"], added]}}}
    )

    (reason,) = reasons(outcome)
    assert reason.startswith("tunnel.edge#configure: new.example.com answered without a login")
    assert scene.living("tunnel_configurations")[0]["config"]["ingress"] == rules


def test_a_connector_that_stops_asking_is_asked_about(scene: Scene) -> None:
    """A wildcard is split: Access alone stands before its names until the connector asks again."""
    names = ["a.example.com", "b.example.com"]

    def file(*applications: str) -> dict[str, Any]:
        rules = [{"hostname": name, "service": "ssh://a:22"} for name in names]
        return {
            "policies": FILE["policies"],
            "applications": {name: {"policies": ["team"]} for name in applications},
            "tunnels": {"edge": {"ingress": rules}},
            "dns": {name: {"tunnel": "edge"} for name in names},
        }

    scene.apply(file("*.example.com"))
    scene.events.clear()

    outcome = scene.apply(file(*names), deletions=True)

    asked = {str(it.step): it.why for it in scene.events if isinstance(it, Waiting) and it.why}
    assert outcome.is_complete
    assert asked["tunnel.edge#relax"] == "asking a.example.com and 1 more without a credential"


def test_what_cannot_be_taken_back_is_said_so(scene: Scene) -> None:
    """When the way back fails the outcome says what to do by hand, and that it is not known."""
    late_application(scene)
    scene.sandbox.faults.add(method="DELETE", path="/dns_records/", status=403, times=None)

    outcome = scene.apply(FILE)

    (failed,) = outcome.failed
    assert "it could not be taken back" in failed.reason
    assert failed.lost
    assert "by hand at once" in failed.hint


def test_a_host_that_is_stated_to_be_open_is_not_asked(scene: Scene) -> None:
    """Where the file states an open door nobody knocks."""
    scene.public = (HOST,)
    late_application(scene)

    assert scene.apply(FILE).is_complete


@pytest.mark.parametrize(
    ("reply", "team", "door"),
    [
        (ProbeReply(302, LOGIN), None, LoginState.CLOSED),
        (ProbeReply(302, LOGIN), "acme", LoginState.CLOSED),
        (ProbeReply(401), None, LoginState.CLOSED),
        (ProbeReply(403), None, LoginState.CLOSED),
        (ProbeReply(302, LOGIN), "other", LoginState.OPEN),
        (ProbeReply(302, "https://evil.example/cdn-cgi/access/login"), None, LoginState.OPEN),
        (ProbeReply(302, "https://acme.cloudflareaccess.com.evil.example/cdn-cgi/access/login"),
         None, LoginState.OPEN),
        (ProbeReply(302, "http://acme.cloudflareaccess.com/cdn-cgi/access/login"),
         None, LoginState.OPEN),
        (ProbeReply(302, "https://acme.cloudflareaccess.com/cdn-cgi/access/loginx"),
         None, LoginState.OPEN),
        (ProbeReply(302, "https://[evil/cdn-cgi/access/login"), None, LoginState.OPEN),
        (ProbeReply(302), None, LoginState.OPEN),
        (ProbeReply(200), None, LoginState.OPEN),
        (ProbeReply(404), None, LoginState.OPEN),
        (ProbeReply(502), None, LoginState.OPEN),
        (ProbeReply(101), None, LoginState.OPEN),
        (ProbeReply(530), None, LoginState.UNSEEN),
        (ProbeReply(None, error="no such name"), None, LoginState.UNSEEN),
    ],
)  # fmt: skip
def test_only_the_login_of_the_team_is_a_closed_door(
    reply: ProbeReply, team: str | None, door: LoginState
) -> None:
    """A redirect to the login over TLS, 401 and 403 are closed doors; whatever else answers not."""
    assert login_state(reply, team) is door
