"""Answers that are broken or lie: nothing is made on the word of a list that is not whole."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, told
from tests.support.files import HOST, whole
from tests.support.pages import FORMATS
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failures
from ztctl.sandbox.faults import Fault
from ztctl.views.factory import Format, make_view

MARKED = {
    "policies": r"/access/policies$",
    "groups": r"/access/groups$",
    "tunnels": r"/cfd_tunnel$",
    "apps": r"/access/apps$",
    "tags": r"/access/tags$",
    "dns_records": r"/dns_records$",
}
SENSELESS: dict[str, Any] = {
    "null": None,
    "an object": {},
    "a text": "x",
    "a null inside": [None],
    "a text inside": ["a"],
    "a number inside": [7],
    "a list inside": [[]],
    "an empty object": [{}],
    "an id that is a number": [{"id": 5}],
    "an empty id": [{"id": "", "name": ""}],
}
WRONG_NAMES: list[Any] = [None, 5, [], {}, True]
NAMELESS: list[dict[str, Any]] = [
    {"id": "x"},
    *({"id": "x", "name": name} for name in WRONG_NAMES),
]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """A fresh account, whose every apply is observed."""
    return Account(tmp_path)


def answering(account: Account, path: str, result: Any, **info: Any) -> Fault:
    """Let each reading of a list answer this."""
    body: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": result}
    if info:
        body["result_info"] = info
    return account.sandbox.faults.add(
        kind="body", method="GET", path=path, times=None, body=json.dumps(body), status=200
    )


def fails_to_plan(account: Account, text: str) -> None:
    """The reading fails, with these words somewhere in it."""
    with pytest.raises((CallFailed, Failures)) as caught:
        account.plan(whole())
    assert text in str(caught.value)


@pytest.mark.parametrize("what", SENSELESS)
@pytest.mark.parametrize("kind", MARKED)
def test_a_list_that_cannot_be_read_is_a_failed_reading(
    account: Account, kind: str, what: str
) -> None:
    """Null, no list, or an element that is no object with an id: no plan, and nothing made twice.

    An object of ours that is not seen would be made again, and from then on two could be it.
    """
    account.apply(whole())
    struck = answering(account, MARKED[kind], SENSELESS[what])

    fails_to_plan(account, "GET ")
    assert struck.hits


@pytest.mark.parametrize("item", NAMELESS, ids=str)
@pytest.mark.parametrize("kind", ["policies", "groups", "tunnels", "dns_records"])
def test_a_name_that_is_no_text_is_a_failed_reading(account: Account, kind: str, item: Any) -> None:
    """The mark stands in the name of these kinds: without it, own and foreign look alike."""
    account.apply(whole())
    answering(account, MARKED[kind], [item])

    fails_to_plan(account, "has no text `name`")


@pytest.mark.parametrize("kind", MARKED)
def test_a_list_short_of_its_total_is_a_failed_reading(account: Account, kind: str) -> None:
    """An empty page does not beat a total of two; it is asked for again before it is given up."""
    account.apply(whole())
    struck = answering(account, MARKED[kind], [], page=1, per_page=1000, count=0, total_count=2)

    fails_to_plan(account, "holds 0 of the 2 objects")
    assert struck.hits > 1


RULE = {"hostname": HOST, "service": "ssh://localhost:22"}
MALFORMED: dict[str, Any] = {
    "config": [],
    "ingress": {"ingress": {}},
    "ingress[]": {"ingress": [None]},
    "ingress[].service": {"ingress": [{"service": 5}]},
    "ingress[].hostname": {"ingress": [{**RULE, "hostname": ["*"]}]},
    "ingress[].originRequest": {"ingress": [{**RULE, "originRequest": "none"}]},
    "ingress[].originRequest.access.required": {
        "ingress": [{**RULE, "originRequest": {"access": {"required": "no"}}}]
    },
    "ingress[].originRequest.access.audTag": {
        "ingress": [{**RULE, "originRequest": {"access": {"audTag": "x"}}}]
    },
    "originRequest.bastionMode": {"originRequest": {"bastionMode": "yes"}},
}


@pytest.mark.parametrize("where", MALFORMED)
def test_a_configuration_that_no_connector_takes_is_a_failed_reading(
    account: Account, where: str
) -> None:
    """A connector keeps its former one: what it serves is not known, and nothing is planned."""
    account.apply(whole())
    answering(account, "/configurations$", {"config": MALFORMED[where], "source": "cloudflare"})

    fails_to_plan(account, f"`{where}` is of another type than cloudflared expects")


@pytest.mark.parametrize(
    "part",
    [{"tags": "ztctl-prod"}, {"tags": [7]}, {"tags": {"a": 1}}, {"policies": [None]},
     {"policies": [{"name": "x"}]}, {"policies": {"id": "x"}}],
    ids=str,
)  # fmt: skip
def test_an_application_whose_owner_cannot_be_read_is_a_failed_reading(
    account: Account, part: dict[str, Any]
) -> None:
    """The mark of an application is one of its tags; who enters, its policies."""
    account.apply(whole())
    (app,) = account.call("GET", "{A}/access/apps")
    answering(account, MARKED["apps"], [{**app, **part}])

    fails_to_plan(account, "cannot be read")


@pytest.mark.parametrize("link", [{"reusable": True}, {"reusable": None}], ids=str)
def test_an_own_application_with_a_policy_that_the_list_lacks(
    account: Account, link: dict[str, Any]
) -> None:
    """The list of policies is short, though it does not say so: it is not believed."""
    account.apply(whole())
    (app,) = account.call("GET", "{A}/access/apps")
    ((policy),) = app["policies"]
    if link["reusable"] is None:
        answering(account, MARKED["apps"], [{**app, "policies": [{"id": policy["id"]}]}])
    answering(account, MARKED["policies"], [])

    fails_to_plan(account, "which the list of policies lacks")


def test_what_others_link_is_not_asked_about(account: Account) -> None:
    """A foreign application may use what the token does not show; ours is planned all the same."""
    account.apply(whole())
    apps = account.call("GET", "{A}/access/apps")
    foreign = {**apps[0], "id": "f" * 32, "tags": [], "name": "Other", "aud": "other"}
    foreign |= {
        "domain": "a.example.org",
        "destinations": [{"type": "public", "uri": "a.example.org"}],
    }
    foreign["policies"] = [{"id": "gone", "reusable": True, "precedence": 1, "decision": "allow"}]
    answering(account, MARKED["apps"], [*apps, foreign])

    assert account.plan(whole()).is_empty


def test_an_inline_policy_is_in_no_list(account: Account) -> None:
    """Policies made inside the application are not reusable ones, and no reason to fail."""
    account.apply(whole())
    (app,) = account.call("GET", "{A}/access/apps")
    inline = {"id": "inline", "reusable": False, "precedence": 2, "decision": "allow", "name": "x"}
    answering(account, MARKED["apps"], [{**app, "policies": [*app["policies"], inline]}])

    assert told(account.plan(whole())) == [f"update access_application.{HOST}"]


# -- a write is answered, but nothing can be read --------------------------------------------

NULL = b'{"success": true, "errors": [], "messages": [], "result": null}'
UNREADABLE = {"nothing": b"", "blanks": b" \r\n", "a page": b"<html>ok</html>", "cut": b'{"succ'}
UNREADABLE["null"] = NULL
WRITES = {
    "POST": [
        "/access/tags$",
        "/groups$",
        "/policies$",
        "/apps$",
        "/cfd_tunnel$",
        "/batch$",
        "/ca$",
    ],
    "PUT": ["/groups/", "/policies/", "/apps/", "/configurations$"],
    "DELETE": ["/groups/", "/policies/", "/apps/", "/cfd_tunnel/", "/tags/", "/ca$"],
}


def edited() -> dict[str, Any]:
    """The whole file, an edit in each object that is replaced by a PUT."""
    file = whole()
    file["groups"]["people"]["include"] = [{"email": "bob@example.com"}]
    file["policies"]["team"]["session_duration"] = "1h"
    file["applications"][HOST]["session_duration"] = "1h"
    file["tunnels"]["pool"]["ingress"][0]["service"] = "ssh://localhost:2222"
    return file


def unreadable(account: Account, method: str, path: str, body: str, times: int | None) -> Fault:
    """Let a write be done, and its 2xx say nothing that can be read."""
    return account.sandbox.faults.add(
        kind="body", method=method, path=path, body=UNREADABLE[body], times=times
    )


@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("path", WRITES["POST"])
def test_a_creation_that_answers_nothing_readable_is_looked_up(
    account: Account, path: str, body: str
) -> None:
    """It was done: the apply finds it and goes on, and nothing is made twice."""
    struck = unreadable(account, "POST", path, body, 1)

    outcome = account.apply(whole())

    assert (struck.hits, outcome.is_complete) == (1, True), outcome.failed
    assert account.plan(whole()).is_empty


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("path", WRITES["PUT"])
def test_a_change_that_answers_nothing_readable_is_looked_up(
    account: Account, path: str, body: str, times: int | None
) -> None:
    """It was done: the object is as wanted, and the apply goes on, whoever swallows the answers."""
    account.apply(whole())
    struck = unreadable(account, "PUT", path, body, times)

    outcome = account.apply(edited(), interruption=["all"])

    assert outcome.is_complete, outcome.failed
    assert struck.hits
    assert account.plan(edited()).is_empty


@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize("path", WRITES["DELETE"])
def test_a_deletion_that_answers_nothing_readable_is_looked_up(
    account: Account, path: str, body: str
) -> None:
    """What is gone is gone."""
    account.apply(whole())
    struck = unreadable(account, "DELETE", path, body, 1)

    outcome = account.destroy(whole())

    assert (struck.hits, outcome.is_complete) == (1, True), outcome.failed
    assert account.plan({}).is_empty


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_write_that_was_not_done_is_not_taken_for_done(account: Account, method: str) -> None:
    """A 2xx of somebody in between, who passed nothing on: the look says so, and the step fails."""
    account.apply(whole())
    account.sandbox.faults.add(
        kind="status", method=method, path="/policies/", status=200, body=b"<html>", times=None
    )

    if method == "PUT":
        outcome = account.apply(edited(), interruption=["all"])
    else:
        outcome = account.destroy(whole())

    (failed, *_) = outcome.failed
    assert (str(failed.step.address), failed.lost) == ("access_policy.team", True)


# -- names without end -----------------------------------------------------------------------

LONG = "n" * 200_000


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_of_any_length_is_cut_for_people_and_whole_for_machines(
    account: Account, format: Format
) -> None:
    """A list answers names of 200 kB: the plan is still read in one screen, and JSON keeps all."""
    account.apply(whole())
    (app,) = account.call("GET", "{A}/access/apps")
    named = {**app, "name": LONG, "custom_deny_message": f"{LONG} {LONG}"}
    answering(account, MARKED["apps"], [named])
    stdout = StringIO()
    view = make_view(
        format, stdout=stdout, stderr=StringIO(), color=False, quiet=False, terminal=False,
        redact=str, version="0", detail="full",
    )  # fmt: skip

    view.plan(account.plan(whole()))

    shown = stdout.getvalue()
    if format == "json":
        assert f"{LONG} {LONG}" in shown
    else:
        assert "more characters, digest " in shown
        assert len(shown) < 20_000
