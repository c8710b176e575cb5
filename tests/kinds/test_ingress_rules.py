"""Promises about ingress rules: what is refused, what is surely a mistake, what is closed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Severity
from ztctl.kinds import origin_request
from ztctl.kinds.ingress import CLOSING, IngressRule, closed, from_api, names, to_api
from ztctl.kinds.origin_request import OriginRequest

from .replay import declare, kind

SSH = "ssh://localhost:22"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["hostname", "path", "service", "originRequest", "access", "audTag"]),
            inner,
        )
    ),
)


@pytest.mark.parametrize(
    "service",
    [
        SSH,
        "ssh://10.0.0.7",
        "ssh://[2001:db8::1]:22",
        "tcp://db:5432",
        "http://localhost:8000",
        "unix:/run/app.sock",
        "unix+tls:/run/app.sock",
        "http_status:404",
        "hello_world",
        "hello-world",
        "bastion",
        "socks-proxy",
    ],
)
def test_every_form_of_a_service_is_taken(service: str) -> None:
    """What cloudflared takes may be written."""
    assert IngressRule.model_validate({"service": service}).service == service


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("localhost:22", "has no scheme"),
        ("", "has no scheme"),
        ("ssh://", "is no address"),
        ("ssh://:22", "is no address"),
        ("ssh://host:0", "is no address"),
        ("ssh://host:99999", "is no address"),
        ("ssh://host:ssh", "is no address"),
        ("ssh://[::1", "is no address"),
        ("http://host/path", "has a path"),
        ("http://host/", "has a path"),
        ("http://host?query", "has a path"),
        ("http_status:99", "is no HTTP status"),
        ("http_status:1000", "is no HTTP status"),
        ("http_status:teapot", "is no HTTP status"),
        (22, "has no scheme"),
    ],
)
def test_a_service_that_cloudflared_refuses_is_refused_here(service: Any, message: str) -> None:
    """The mistake is told before anything is written."""
    with pytest.raises(ValidationError, match=message):
        IngressRule.model_validate({"service": service})


@pytest.mark.parametrize(
    ("hostname", "message"),
    [
        ("ssh.example.com:22", "carries a port"),
        ("ssh.*.example.com", "never matches"),
        ("dev-*.example.com", "never matches"),
        ("*.*.example.com", "never matches"),
        ("*a b.example.com", "is not a host name"),
        ("a b.example.com", "is not a host name"),
        (7, "is not a host name"),
    ],
)
def test_a_name_that_never_matches_is_refused(hostname: Any, message: str) -> None:
    """A star is a whole first label, and a name is a name."""
    with pytest.raises(ValidationError, match=message):
        IngressRule.model_validate({"hostname": hostname, "service": SSH})


@pytest.mark.parametrize("path", ["(", "a{99999999999}", "(" * 5000, "[z-a]", 7])
def test_a_path_that_is_no_expression_is_refused(path: Any) -> None:
    """However wrong it is, it is a problem of the file."""
    with pytest.raises(ValidationError, match="is no regular expression"):
        IngressRule.model_validate({"service": SSH, "path": path})


ODD_STAR = (
    "rule 1 never matches: a star may only stand for the whole first label, "
    "not as in *dev.example.com"
)


def found(*rules: dict[str, Any]) -> list[tuple[str, Severity]]:
    """What is told of a declared tunnel, and how much it matters."""
    tunnel = declare("tunnel", "edge", ingress=list(rules))
    problems = kind("tunnel").check(Declared("prod", wanted=(tunnel,)))
    return [(it.summary.removeprefix("tunnel.edge: "), it.severity) for it in problems]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([{"hostname": "a.example.com", "service": SSH}], []),
        ([{"service": SSH}], []),
        ([{"hostname": "*", "service": SSH}], []),
        (
            [{"hostname": "*", "service": SSH}, {"hostname": "a.example.com", "service": SSH}],
            [("rule 1 takes every name, so that the rules behind it never match", Severity.ERROR)],
        ),
        (
            [
                {"hostname": "a.example.com", "service": SSH},
                {"hostname": "A.example.com.", "service": "ssh://other:22"},
            ],
            [("rule 2 is for the same name as rule 1, which wins", Severity.WARNING)],
        ),
        (
            [
                {"hostname": "a.example.com", "path": "^/x", "service": SSH},
                {"hostname": "a.example.com", "service": SSH},
            ],
            [("rule 1 has a path, but an SSH client asks for `/`", Severity.WARNING)],
        ),
        (
            [{"hostname": "a.example.com", "service": "ssh://A.example.com:22"}],
            [("rule 1 sends a.example.com back to itself", Severity.WARNING)],
        ),
        (
            [{"hostname": "a.example.com", "service": "shh://localhost:22"}],
            [("rule 1: shh:// is no known scheme, and becomes raw TCP", Severity.WARNING)],
        ),
        (
            [{"hostname": "web", "service": SSH}],
            [("rule 1 is for web, which no record leads to", Severity.WARNING)],
        ),
        (
            [{"hostname": "*dev.example.com", "service": SSH}],
            [
                (
                    ODD_STAR,
                    Severity.WARNING,
                )
            ],
        ),
    ],
)
def test_a_sure_mistake_is_told(rules: Any, expected: Any) -> None:
    """What cloudflared lets pass and nobody means is told, with its gravity."""
    assert found(*rules) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], [{"service": CLOSING}]),
        ([{"service": SSH}], [{"service": SSH}]),
        ([{"hostname": "*", "service": SSH}], [{"hostname": "*", "service": SSH}]),
        (
            [{"hostname": "a.example.com", "service": SSH}],
            [{"hostname": "a.example.com", "service": SSH}, {"service": CLOSING}],
        ),
        (
            [{"path": "/x", "service": SSH}],
            [{"path": "/x", "service": SSH}, {"service": CLOSING}],
        ),
    ],
)
def test_rules_are_closed_once(rules: Any, expected: Any) -> None:
    """The last rule takes everything else, and is not put behind one that does."""
    assert closed(rules) == expected
    assert closed(closed(rules)) == expected


def test_names_are_what_leads_to_an_origin() -> None:
    """A status answers by itself; a rule without a name is for all."""
    rules = [
        {"hostname": "a.example.com", "service": SSH},
        {"hostname": "b.example.com", "service": "http_status:403"},
        {"service": "bastion"},
    ]

    assert names(rules) == {"a.example.com", "*"}


@given(st.lists(JSON) | JSON)
def test_no_reply_breaks_the_rules(reply: Any) -> None:
    """Whatever stands in a configuration is read as rules with names that are names."""
    rules = from_api(reply)

    assert all(isinstance(name, str) for name in names(rules))


def test_a_name_that_is_no_text_takes_everything() -> None:
    """What cannot be understood is taken for open."""
    assert names(from_api([{"hostname": ["a.example.com"], "service": SSH}])) == {"*"}


def test_there_and_back_is_the_same_rule() -> None:
    """Every setting of a rule has one spelling in the file and one on the wire."""
    settings = {
        "connectTimeout": 1,
        "tlsTimeout": 2,
        "tcpKeepAlive": 3,
        "keepAliveTimeout": 4,
        "keepAliveConnections": 5,
        "noHappyEyeballs": True,
        "matchSNItoHost": True,
        "noTLSVerify": True,
        "disableChunkedEncoding": True,
        "http2Origin": True,
        "httpHostHeader": "h",
        "originServerName": "s",
        "caPool": "c",
        "proxyType": "socks",
        "bastionMode": True,
        "ipRules": [{"prefix": "10.0.0.0/8", "ports": [22], "allow": True}],
        "access": {"required": True, "teamName": "acme", "audTag": ["aud"]},
    }
    rule = {"hostname": "a.example.com", "path": "/x", "service": SSH, "originRequest": settings}

    assert to_api(from_api([rule])) == [rule]
    assert len(settings) == len(OriginRequest.model_fields)


def test_a_check_written_by_hand_is_required() -> None:
    """Cloudflared checks nothing unless it is told to, so that it is told."""
    settings = {"access": {"aud_tag": [{"id": "aud"}], "team_name": "acme"}}
    tunnel = declare("tunnel", "edge", origin_request=settings)

    sent = origin_request.to_api(tunnel.values["origin_request"])

    assert sent["access"] == {"required": True, "teamName": "acme", "audTag": ["aud"]}


def test_a_check_of_nobody_is_refused() -> None:
    """Requiring Access without naming an audience lets nobody in."""
    with pytest.raises(ValidationError, match="no audience is named"):
        OriginRequest.model_validate({"access": {"aud_tag": []}})
