"""Promises about snapshots: what goes in, what comes out, and what a foreign file can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import schema, validators
from tests.support.examples import examples
from ztctl.cloudflare.envelope import Response, read
from ztctl.cloudflare.errors import BadReply, NotAuthorised, NotRecorded, Rejected
from ztctl.cloudflare.snapshot import Recorder, Refused, Snapshot, parse, text_of
from ztctl.core.model.calls import Call, CallFailed, only
from ztctl.core.model.credentials import credentials_in, sealed
from ztctl.core.model.diagnostics import Failure

Json = Any
ACCOUNT = "0123456789abcdef0123456789abcdef"
APPS = Call("GET", "/accounts/{account}/access/apps", per_page=1000, permission="Account · Apps")
ORG = Call("GET", "/accounts/{account}/access/organizations")
REFUSAL = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}


class Answers:
    """An account that answers what it is told to."""

    account = ACCOUNT

    def __init__(self, answers: Mapping[str, Json]) -> None:
        self._answers = answers

    async def send(self, call: Call) -> Json:
        """A result, or a response that the client would refuse."""
        answer = self._answers[call.path]
        return read(call, answer).result if isinstance(answer, Response) else answer


def snapshot(replies: Mapping[Any, Json]) -> Snapshot:
    """A snapshot of these replies."""
    return Snapshot(ACCOUNT, "Acme", "2026-11-30T06:31:21Z", False, True, replies)


def recorded(answers: Mapping[str, Json], *calls: Call) -> Snapshot:
    """What is read from the file of a recording of these calls."""
    recorder = Recorder(Answers(answers))

    async def talk() -> None:
        for call in calls:
            try:
                await recorder.send(call)
            except CallFailed:
                continue

    asyncio.run(talk())
    return parse(text_of(snapshot(recorder.replies)).encode(), "live.json")


def sent(found: Snapshot, call: Call) -> Json:
    """The answer of a snapshot."""
    return asyncio.run(found.send(call))


def failed(found: Snapshot, call: Call) -> CallFailed:
    """The failure of a call to a snapshot."""
    with pytest.raises(CallFailed) as failure:
        sent(found, call)
    return failure.value


# -- replies --------------------------------------------------------------------------------


def test_a_reply_comes_back() -> None:
    """A list whole, an object, and null, which is not that there is none."""
    answers = {APPS.path: [{"id": "a", "name": "x"}], ORG.path: None}
    found = recorded(answers, APPS, ORG)

    assert sent(found, APPS) == answers[APPS.path]
    assert sent(found, ORG) is None


def test_what_was_not_asked_is_not_read() -> None:
    """It counts as a gap and never as absent, with what to do; the token is not to blame."""
    failure = failed(snapshot({}), APPS)

    assert isinstance(failure, NotRecorded)
    assert (failure.leaves_gap, failure.is_forbidden, failure.status) == (True, False, None)
    assert "ztctl snapshot FILE" in failure.hint


def test_another_query_is_another_question() -> None:
    """A list that was narrowed answers no wider one."""
    narrowed = Call("GET", APPS.path, query=(("name", "x"),), per_page=1000)
    found = recorded({APPS.path: []}, narrowed)

    assert sent(found, narrowed) == []
    assert isinstance(failed(found, APPS), NotRecorded)


@pytest.mark.parametrize(("status", "kind"), [(403, NotAuthorised), (400, Rejected)])
def test_a_refusal_is_the_same_again(status: int, kind: type[CallFailed]) -> None:
    """Same class, same words, same remedy."""
    answer = Response(status, {}, json.dumps(REFUSAL).encode())
    with pytest.raises(kind) as online:
        read(APPS, answer)

    failure = failed(recorded({APPS.path: answer}, APPS), APPS)

    assert type(failure) is type(online.value)
    assert (failure.summary, failure.hint) == (online.value.summary, online.value.hint)
    assert failure.has_code(10000)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_hour_is_not_kept(status: int) -> None:
    """Later nobody can tell what the answer would have been."""
    answer = Response(status, {}, json.dumps(REFUSAL).encode())

    assert isinstance(failed(recorded({APPS.path: answer}, APPS), APPS), NotRecorded)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_written_to_a_snapshot(method: str) -> None:
    """Whatever it holds."""
    found = recorded({APPS.path: []}, APPS)

    assert failed(found, Call(method, APPS.path)).lost is False


# -- secrets --------------------------------------------------------------------------------

CANARY = "canary-0f9e8d7c"
SECRETS: dict[str, Json] = {
    "a member by its name": {"client_secret": CANARY},
    "a token": {"token": CANARY},
    "an API key": {"apiKey": CANARY},
    "OAuth of SCIM": {"scim_config": {"authentication": {"scheme": "oauth", "more": [CANARY]}}},
    "a list of credentials": {"credentials": [{"user": CANARY}]},
    "in a list": {"destinations": [{"password": CANARY}]},
    "in a URL": {"remote_uri": f"https://user:{CANARY}@scim.example.com/v2"},
    "a tunnel's": {"credentials_file": {"TunnelSecret": CANARY, "AccountTag": "x"}},
}


@pytest.mark.parametrize("raw", SECRETS.values(), ids=SECRETS)
def test_no_credential_is_kept(raw: Mapping[str, Json]) -> None:
    """What may be one is hidden, and the rest stays, whatever the object is."""
    found = recorded({APPS.path: [{"id": "a", "name": "x", **raw}]}, APPS)

    assert CANARY not in text_of(found)
    assert sent(found, APPS)[0]["name"] == "x"


def test_what_nobody_reads_is_not_kept() -> None:
    """Of some objects only what ztctl reads."""
    call = Call("GET", APPS.path, per_page=1000, keep=only("id", "name"))
    found = recorded({APPS.path: [{"id": "a", "name": "x", "config": CANARY}]}, call)

    assert sent(found, call) == [{"id": "a", "name": "x"}]
    assert CANARY not in text_of(found)


names = st.sampled_from(["id", "secret", "token", "authentication", "credentials", "service_token"])
trees: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "x", "***", "(redacted)"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@examples(50)
@given(tree=trees)
def test_a_hidden_credential_is_still_one(tree: Json) -> None:
    """What cannot be carried over is found at the same places as before; hiding twice is once."""
    assert list(credentials_in(sealed(tree))) == list(credentials_in(tree))
    assert sealed(sealed(tree)) == sealed(tree)


# -- files ----------------------------------------------------------------------------------

KNOWN = {("/zones", (("account.id", "{account}"),)): [], ("/x", ()): Refused(403, ((1, "no"),))}


def test_the_file_is_as_its_schema_says() -> None:
    """With results and with refusals."""
    (validator,) = validators()["snapshot"]

    assert schema("snapshot")["title"] == "ztctl snapshot"
    assert list(validator.iter_errors(json.loads(text_of(snapshot(KNOWN))))) == []


def test_the_same_replies_make_the_same_file() -> None:
    """In whatever order they came, so that two can be compared."""
    other = dict(reversed(KNOWN.items()))

    assert text_of(snapshot(KNOWN)) == text_of(snapshot(other))


def changed(**members: Json) -> bytes:
    """The file of a snapshot with other members."""
    return json.dumps({**json.loads(text_of(snapshot(KNOWN))), **members}).encode()


def reply(**members: Json) -> bytes:
    """The file of a snapshot with one reply."""
    return changed(replies=[{"path": "/x", "query": {}, "result": [], **members}])


FOREIGN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "it is not JSON"),
    "no JSON": (b"{", "it is not JSON"),
    "no text": (b"\xff\xfe\x00", "it is not JSON"),
    "not a number": (b'{"type": NaN}', "it is not JSON"),
    "deep": (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    "a list": (b"[]", "live.json is not a snapshot"),
    "a plan": (b'{"ztctl_plan": 4}', "live.json is not a snapshot"),
    "the future": (changed(format_version="2.0"), "of another format than 1.0"),
    "no version": (changed(format_version=None), "of another format than 1.0"),
    "no account": (changed(account=None), "`account` is no object"),
    "an account without an id": (changed(account={"name": ""}), "`account.id` is no text"),
    "a path as an id": (changed(account={"id": "../x", "name": ""}), "is no id of an account"),
    "a time that is none": (changed(taken="today\x1b[2J"), "`taken` is no time"),
    "a flag that is none": (changed(redacted="no"), "`redacted` is neither true nor false"),
    "no replies": (changed(replies={}), "`replies` is no list"),
    "a reply that is none": (changed(replies=[1]), "`replies[0]` is no object"),
    "no path": (reply(path=None), "`replies[0].path` is no text"),
    "a query of numbers": (reply(query={"page": 1}), "`replies[0].query` is no object of texts"),
    "twice": (changed(replies=[{"path": "/x", "query": {}, "result": 1}] * 2), "a second time"),
    "neither": (changed(replies=[{"path": "/x", "query": {}}]), "no result, and no status"),
    "a success that failed": (
        changed(replies=[{"path": "/x", "query": {}, "status": 200, "errors": []}]),
        "no status from 400 to 499",
    ),
    "an error without a code": (
        changed(replies=[{"path": "/x", "query": {}, "status": 403, "errors": [{}]}]),
        "has no code",
    ),
}


@pytest.mark.parametrize(("content", "words"), FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_no_snapshot_is_refused(content: bytes, words: str) -> None:
    """With what is wrong, and what to do."""
    with pytest.raises(Failure) as failure:
        parse(content, "live.json")

    assert words in failure.value.summary
    assert "ztctl snapshot FILE" in failure.value.hint


ITEMS: dict[str, Json] = {
    "no list": {"id": "a"},
    "null": None,
    "no object": ["a"],
    "no id": [{"name": "x"}],
    "a number as an id": [{"id": 1}],
}


@pytest.mark.parametrize("result", ITEMS.values(), ids=ITEMS)
def test_a_list_of_a_file_is_checked_as_one_of_the_service(result: Json) -> None:
    """What it lacks would be made again."""
    found = parse(reply(path=APPS.path, result=result), "live.json")

    assert isinstance(failed(found, APPS), BadReply)


def test_further_members_are_of_later_versions() -> None:
    """They do not keep an older version from reading what it knows."""
    found = parse(changed(format_version="1.7", weather="fine"), "live.json")

    assert found.replies == KNOWN


def test_what_a_file_says_of_a_failure_is_cleaned() -> None:
    """As what a server says."""
    errors = [{"code": 1, "message": "\x1b[31mno"}]
    refused = {"path": APPS.path, "query": {}, "status": 403, "errors": errors}

    failure = failed(parse(changed(replies=[refused]), "live.json"), APPS)

    assert "no" in failure.summary
    assert failure.summary.isprintable()
