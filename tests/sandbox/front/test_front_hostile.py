"""Requests of any kind, without sockets: an answer each time, and nobody inside."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.sandbox.front.front import Front
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.pages import HttpsRequest, Page
from ztctl.sandbox.service import Sandbox

from ..api import Api
from .conftest import HOST, TEAM, Estate

# What h11 lets through: visible ASCII in a target, latin-1 in the value of a header.
TARGETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
VALUES = st.text(st.characters(max_codepoint=0xFF), max_size=40)
ANYTHING = st.text(max_size=40)
PATHS = st.one_of(
    TARGETS.map(lambda text: f"/{text}"),
    st.builds(
        "/cdn-cgi/access/{}{}".format,
        st.sampled_from(["login/", "authorized", "certs", "cert_sign", "cli"]),
        TARGETS,
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "cookie",
            "cf-access-token",
            "cf-access-client-id",
            "cf-access-client-secret",
            "cf-access-metadata-request",
            "cf-access-jump-destination",
            "upgrade",
            "connection",
        ]
    ),
    VALUES,
)
QUERIES = st.dictionaries(st.sampled_from(["kid", "redirect_url", "code"]), ANYTHING)


@cache
def front() -> Front:
    """One front for all: nothing that is request changes it."""
    sandbox = Sandbox.create()
    estate = Estate(Api(sandbox))
    estate.protect()
    estate.publish("ssh://127.0.0.1:22")
    return Front(sandbox)


@given(
    st.sampled_from([HOST, TEAM, "login.cloudflareaccess.org"]),
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "X"]),
    PATHS,
    QUERIES,
    HEADERS,
    st.binary(max_size=60),
)
def test_nothing_that_is_asked_raises_or_lets_in(
    host: str,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> None:
    """Whatever is request without a token gets a page, whose headers a browser can read."""
    request = HttpsRequest(host, method, path, tuple(query.items()), tuple(headers.items()), body)

    answer = front().answer(request)

    assert isinstance(answer, Page)
    assert b"the request reaches" not in answer.body
    for _, value in answer.headers:
        assert value.isascii()
        assert value.isprintable()


@given(ANYTHING)
def test_any_host_has_an_answer(host: str) -> None:
    """No host name whatever raises; none but the account's is covered."""
    covering = front().covering(host)

    assert covering is None or host == HOST


@pytest.mark.parametrize(
    "email",
    [
        "",
        "jdoe",
        "@example.com",
        "jdoe@",
        "a@b@c",
        "a b@c.d",
        "jösé@example.com",
        "a\n@b.c",
        "\udcff@b.c",
    ],
)
def test_a_login_is_an_address(email: str) -> None:
    """What is no e-mail address is nobody's login."""
    with pytest.raises(ValueError, match="no e-mail address"):
        Login(email)
