"""An answer becomes a result or a failure with a remedy, whatever the bytes are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.cloudflare import errors, jsontext
from ztctl.cloudflare.envelope import PageInfo, Response, read, retry_after
from ztctl.core.model.calls import ApiMessage, Call, CallFailed

GET = Call("GET", "/accounts/{account}/access/apps", permission="Account · Access: Apps")
POST = Call("POST", "/accounts/{account}/access/apps", permission="Account · Access: Apps")


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    """Make an answer; bytes are sent as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(
        status, {name.replace("_", "-"): text for name, text in headers.items()}, content
    )


def failure(body: Any, status: int = 200, call: Call = GET, **headers: str) -> errors.ApiFailure:
    """Read an answer that must not succeed."""
    with pytest.raises(errors.ApiFailure) as caught:
        read(call, answer(body, status, **headers))
    return caught.value


def refused(*items: Any) -> dict[str, Any]:
    """Make an envelope that says no."""
    return {"success": False, "errors": list(items), "messages": [], "result": None}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_success(status: int) -> None:
    """Creating answers 200 or 201 and deleting 200 or 202: all of them succeed."""
    reply = read(GET, answer({"success": True, "result": {"id": "x"}}, status))

    assert reply.result == {"id": "x"}


DELETE = Call("DELETE", "/accounts/{account}/access/apps/a")


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_of_a_deletion_is_a_success(body: bytes) -> None:
    """Deleting a target answers 200 with nothing at all, which is no fault."""
    assert read(DELETE, answer(body)).result is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("body", [b"", b" \r\n", b"<html>"])
def test_a_write_that_answers_nothing_readable_may_have_been_done(method: str, body: bytes) -> None:
    """Neither done nor failed: whoever sent it has to look."""
    failed = failure(body, call=Call(method, "/accounts/{account}/access/apps/a"))

    assert isinstance(failed, errors.BadReply)
    assert failed.lost


def test_a_result_without_success_is_accepted() -> None:
    """The description of deleting a DNS record has a result and no ``success``."""
    assert read(GET, answer({"result": {"id": "x"}})).result == {"id": "x"}


def test_success_false_in_a_200_is_a_failure() -> None:
    """A 2xx succeeds only if the envelope does not deny it."""
    failed = failure(refused({"code": 12130, "message": "access.api.error.invalid_request: x"}))

    assert isinstance(failed, errors.Rejected)
    assert failed.has_code(12130)


def test_every_error_of_the_list_is_kept_and_chains_are_folded_in() -> None:
    """No message of the envelope is lost, those inside ``error_chain`` included, in order."""
    chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
    failed = failure(
        refused(
            {"code": 6003, "message": "Invalid request headers", "error_chain": chain},
            {"code": 1001, "message": "other", "source": {"pointer": "/name"}},
            "plain words",
        ),
        400,
    )

    assert failed.errors == (
        ApiMessage(6003, "Invalid request headers"),
        ApiMessage(6111, "Invalid format for Authorization header"),
        ApiMessage(1001, "other", "/name"),
        ApiMessage(0, "plain words"),
    )


def test_a_message_names_method_path_status_code_and_ray() -> None:
    """A person can tell from the text alone what was asked and what was answered."""
    failed = failure(refused({"code": 1001, "message": "bad name"}), 400, POST, cf_ray="8f2c-LIS")

    assert failed.summary == (
        "POST /accounts/{account}/access/apps: HTTP 400: 1001 bad name (ray 8f2c-LIS)"
    )


def test_a_long_list_of_errors_is_shortened_in_the_text_only() -> None:
    """A thousand errors make one readable line, and all of them can be looked at."""
    failed = failure(refused(*({"code": 1000 + n, "message": "x"} for n in range(1000))), 400)

    assert len(failed.errors) == 1000
    assert failed.summary.endswith("1009 x; and 990 more")


def test_errors_are_read_as_objects_and_as_plain_strings() -> None:
    """Older services send strings; both forms give their words."""
    failed = failure(refused("old", {"code": 10000, "message": "new"}), 400)

    assert [error.message for error in failed.errors] == ["old", "new"]


@pytest.mark.parametrize(
    ("per_page", "total", "page"),
    [(50, 7, PageInfo(50, 7)), ("50", 7, PageInfo(None, 7)), (50, -3, PageInfo(50, None))],
)
def test_result_info_is_read_and_nonsense_in_it_is_dropped(
    per_page: object, total: int, page: PageInfo
) -> None:
    """A count that is not a count is as good as missing."""
    info = {"page": 1, "per_page": per_page, "total_count": total, "count": True}

    reply = read(GET, answer({"success": True, "result": [], "result_info": info}))

    assert reply.page == page


@pytest.mark.parametrize("info", [None, {}, [], "x", 7])
def test_no_result_info_means_one_page(info: Any) -> None:
    """What is missing or of another type says nothing about further pages."""
    body = {"success": True, "result": [], "result_info": info}

    assert read(GET, answer(body)).page is None


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, 1000, errors.NotAuthorised),
        (403, 10000, errors.NotAuthorised),
        (405, 10000, errors.Rejected),
        (400, 6003, errors.NotAuthorised),
        (200, 9109, errors.NotAuthorised),
        (404, 9999, errors.ZeroTrustMissing),
        (403, 9999, errors.ZeroTrustMissing),
        (404, 7003, errors.NotFound),
        (409, 12132, errors.Conflict),
        (400, 81053, errors.Conflict),
        (400, 81058, errors.Conflict),
        (400, 1022, errors.Rejected),
        (422, 1, errors.Rejected),
        (429, 971, errors.RateLimited),
        (500, 10000, errors.Unavailable),
        (503, 9999, errors.Unavailable),
    ],
)
def test_status_and_code_choose_the_remedy(
    status: int, code: int, expected: type[errors.ApiFailure]
) -> None:
    """Each answer becomes the one class whose remedy fits it."""
    failed = failure(refused({"code": code, "message": "m"}), status)

    assert type(failed) is expected
    assert failed.status == status


@pytest.mark.parametrize(
    ("call", "level"),
    [(GET, "Read"), (POST, "Edit"), (Call("GET", "/t", permission="Account · X · Edit"), "Edit")],
)
def test_a_missing_permission_is_named_with_its_level(call: Call, level: str) -> None:
    """The dashboard's name of the permission ends in Read for a GET and in Edit for a write."""
    failed = failure(refused({"code": 10000, "message": "Authentication error"}), 403, call)

    base = call.permission.removesuffix(" · Edit")
    assert failed.hint == (
        f'the API token needs the permission "{base} · {level}" for this account or zone'
    )


def test_missing_zero_trust_is_said_in_words() -> None:
    """Code 9999 tells what is not set up, and where to do it."""
    failed = failure(refused({"code": 9999, "message": "access.api.error.not_enabled"}), 404)

    assert "Zero Trust is not set up on this account" in failed.summary
    assert "dashboard" in failed.hint


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404])
@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b'{"message": "no"}', b'"x"'])
def test_what_is_not_an_envelope_is_not_the_api(status: int, body: bytes) -> None:
    """A login page's 404 must not pass for "the object is gone": it has no status to go by."""
    failed = failure(body, status)

    assert type(failed) is errors.BadReply
    assert failed.status is None
    assert f"HTTP {status}" in failed.summary


def test_a_bad_reply_does_not_repeat_the_body() -> None:
    """A body that cannot be read may hold a secret, so only its type and size are told."""
    failed = failure(b"tunnel-token-secret", 200, content_type="text/plain")

    assert failed.summary.endswith("the answer is not JSON (text/plain, 19 bytes)")


@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, errors.RateLimited), (502, errors.Unavailable), (524, errors.Unavailable)],
)
@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_the_edge_may_answer_without_json(
    status: int, expected: type[errors.ApiFailure], body: bytes
) -> None:
    """An empty 429 and an HTML 5xx are what they say they are."""
    failed = failure(body, status)

    assert type(failed) is expected
    assert failed.status == status


@pytest.mark.parametrize(
    ("call", "status", "body", "lost"),
    [
        (POST, 500, b"", True),
        (POST, 200, b"<html>", True),
        (POST, 400, b"<html>", False),
        (POST, 429, b"", False),
        (POST, 409, b'{"success": false, "errors": []}', False),
        (GET, 500, b"", False),
        (GET, 200, b"<html>", False),
    ],
)
def test_a_write_is_lost_when_nobody_knows_whether_it_was_done(
    call: Call, status: int, body: bytes, lost: bool
) -> None:
    """After a 5xx, or a 2xx that cannot be read, a write may have been done; a GET never."""
    assert failure(body, status, call).lost is lost


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"success": true, "result": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"success": true, "result": ' + b'{"a":' * 80 + b"1" + b"}" * 80 + b"}",
    ],
)
def test_deep_nesting_is_refused(body: bytes) -> None:
    """Nesting that would exhaust whoever walks the reply never gets that far."""
    assert "nested too deeply" in failure(body).summary


def test_a_reply_of_ordinary_depth_is_not_refused() -> None:
    """The bound on nesting is far above what the API sends."""
    body = b'{"success": true, "result": ' + b"[" * 60 + b"]" * 60 + b"}"

    assert read(GET, answer(body)).result[0][0] is not None


def test_a_huge_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body above the bound is refused before it is parsed."""
    monkeypatch.setattr(jsontext, "LARGEST", 10)

    assert "larger than" in failure({"success": True, "result": "x" * 20}).summary


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1" * 5000])
def test_numbers_that_json_does_not_know_are_refused(number: str) -> None:
    """Python's own extensions of JSON, and integers it cannot convert, are no JSON here."""
    failed = failure(b'{"success": true, "result": ' + number.encode() + b"}")

    assert "not JSON" in failed.summary


def test_half_a_surrogate_pair_is_replaced() -> None:
    """Text that no terminal or file could carry does not come in; whole pairs stay."""
    reply = read(GET, answer(b'{"success": true, "result": ["\\ud800x", "\\ud83d\\ude00"]}'))

    assert reply.result == ["?x", "\N{GRINNING FACE}"]


def test_terminal_escapes_in_messages_are_made_visible() -> None:
    """What the account says cannot move the cursor or start a new line."""
    failed = failure(refused({"code": 1, "message": "\x1b[2Jgone\nnext"}), 400, cf_ray="a\x1bb")

    assert str(failed).isprintable()
    assert failed.errors[0].message == "\\x1b[2Jgone\\nnext"


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("7", "", 7.0),
        ("0", "", 0.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:30 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "", None),
        ("soon", "", None),
        ("-5", "", None),
        ("9" * 400, "", None),
        ("", "", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, date: str, seconds: float | None) -> None:
    """Both forms of the header are read, a date against the answer's own clock."""
    assert retry_after({"retry-after": text, "date": date}) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
MEMBERS = ("success", "errors", "messages", "result", "result_info")
CLOSE = st.dictionaries(st.sampled_from(MEMBERS), JSON)
ERRORS = st.lists(
    st.dictionaries(st.sampled_from(("code", "message", "source", "error_chain")), JSON)
).map(lambda items: {"success": False, "errors": items})
BODIES = st.binary() | (JSON | CLOSE | ERRORS).map(lambda value: json.dumps(value).encode())
HEADERS = st.dictionaries(
    st.sampled_from(("retry-after", "date", "cf-ray", "content-type")), st.text()
)


@given(
    body=BODIES, status=st.integers(100, 599), headers=HEADERS, call=st.sampled_from((GET, POST))
)
def test_nothing_but_a_failure_of_the_call_is_raised(
    body: bytes, status: int, headers: dict[str, str], call: Call
) -> None:
    """No bytes, status or headers make the reader do anything but give a reply or fail the call."""
    said: tuple[str, ...] = ()
    try:
        read(call, Response(status, headers, body))
    except CallFailed as failed:
        said = (str(failed), failed.hint)

    assert all(text.isprintable() for text in said)
