"""What a connector does with a request."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.edge.ingress import Arriving, rules_of, served
from ztctl.sandbox.edge.regexes import compiled

CATCH_ALL = {"service": "http_status:404"}


def rule(hostname: str, service: str = "http://origin:80", **more: Any) -> dict[str, Any]:
    """One ingress rule."""
    return {"hostname": hostname, "service": service, **more}


# The host names and the rules were asked of cloudflared 2026.8.2 (`tunnel ingress rule`).
FITS = [
    # hostname, path, requested host, requested path, whether the rule serves it
    ("a.example.com", "", "a.example.com", "/", True),
    ("a.example.com", "", "b.example.com", "/", False),
    ("a.example.com", "", "x.a.example.com", "/", False),
    ("*.example.com", "", "a.example.com", "/", True),
    ("*.example.com", "", "a.b.c.example.com", "/", True),
    ("*.example.com", "", "example.com", "/", False),
    ("*.example.com", "", "notexample.com", "/", False),
    ("*foo.example.com", "", "afoo.example.com", "/", False),
    ("SSH.Example.com", "", "ssh.example.com", "/", True),
    ("*.Up.example.com", "", "a.up.example.com", "/", False),
    ("_SRV.example.com", "", "_srv.example.com", "/", False),
    ("ssh.example.com.", "", "ssh.example.com", "/", False),
    ("straße.example.com", "", "xn--strae-oqa.example.com", "/", True),
    ("straße.example.com", "", "strasse.example.com", "/", False),
    ("café.example.com", "", "xn--caf-dma.example.com", "/", True),
    ("*.bücher.example.com", "", "a.xn--bcher-kva.example.com", "/", False),
    ("☃.example.com", "", "xn--n3h.example.com", "/", True),
    (".Example.com", "", ".example.com", "/", True),
    ("a.א1.example.com", "", "a.xn--1-zhc.example.com", "/", True),
    ("1a.א1.example.com", "", "1a.xn--1-zhc.example.com", "/", False),
    ("*", "^/x", "any.example.com", "/xy", True),
    ("", "^/x", "any.example.com", "/y", False),
    ("a.example.com", "/admin", "a.example.com", "/the/admin/page", True),
    ("a.example.com", "^/admin$", "a.example.com", "/admin", True),
    ("a.example.com", "^/admin$", "a.example.com", "/admin\n", False),
    ("a.example.com", "^/admin$", "a.example.com", "/admin?x=1", True),
    ("a.example.com", "^/a b$", "a.example.com", "/a%20b", True),
    ("a.example.com", "(?i)^/ADMIN", "a.example.com", "/admin", True),
    ("a.example.com", r"\.(jpg|css)$", "a.example.com", "/x.css", True),
    ("a.example.com", "[[:digit:]]{2}", "a.example.com", "/42", True),
    ("a.example.com", r"\d", "a.example.com", "/٣", False),
    ("a.example.com", "(", "a.example.com", "/(", False),
]


@pytest.mark.parametrize(("hostname", "path", "host", "asked", "fits"), FITS)
def test_the_first_rule_that_fits_serves(
    hostname: str, path: str, host: str, asked: str, fits: bool
) -> None:
    """Host names and paths are compared as cloudflared compares them."""
    rules = rules_of({"ingress": [rule(hostname, path=path), CATCH_ALL]})

    found = served(rules, Arriving(host, asked))

    assert found.outcome == ("origin" if fits else "no_service")


def test_an_earlier_rule_goes_before_a_nearer_one() -> None:
    """Order counts, not how well a rule fits."""
    rules = rules_of({"ingress": [rule("*.a.b", "http://x"), rule("c.a.b", "http://y"), CATCH_ALL]})

    assert served(rules, Arriving("c.a.b", "/")).service == "http://x"


SERVICES = [
    # service, as cloudflared spells it, outcome, status
    ("ssh://localhost", "ssh://localhost:22", "origin", 200),
    ("ssh://10.0.0.1:2222", "ssh://10.0.0.1:2222", "origin", 200),
    ("rdp://h", "rdp://h:3389", "origin", 200),
    ("smb://h", "smb://h:445", "origin", 200),
    ("tcp://h", "tcp://h:7864", "origin", 200),
    ("ssh://[::1]", "ssh://[::1]:22", "origin", 200),
    ("foo://h:1", "foo://h:1", "origin", 200),
    ("https://h", "https://h", "origin", 200),
    ("ws://h:1", "ws://h:1", "origin", 200),
    ("unix:/run/x.sock", "unix:/run/x.sock", "origin", 200),
    ("unix+tls:/run/x.sock", "unix+tls:/run/x.sock", "origin", 200),
    ("hello-world", "hello_world", "origin", 200),
    ("hello_world", "hello_world", "origin", 200),
    ("socks-proxy", "socks-proxy", "origin", 200),
    ("http_status:404", "http_status:404", "no_service", 404),
    ("http_status:200", "http_status:200", "no_service", 200),
    ("bastion", "bastion", "bad_gateway", 502),
]


@pytest.mark.parametrize(("service", "spelt", "outcome", "status"), SERVICES)
def test_a_service_is_an_origin_or_an_answer(
    service: str, spelt: str, outcome: str, status: int
) -> None:
    """Every service but a status is an origin, with its default port filled in."""
    rules = rules_of({"ingress": [{"service": service}]})

    found = served(rules, Arriving("a.b", "/"))

    assert (found.service, found.outcome, found.status) == (spelt, outcome, status)


@pytest.mark.parametrize("config", [None, {}, {"ingress": []}])
def test_no_rules_are_answered_503(config: dict[str, Any] | None) -> None:
    """A connector without rules answers every request by itself."""
    found = served(rules_of(config), Arriving("a.b", "/"))

    assert (found.outcome, found.status) == ("no_service", 503)


DESTINATIONS = [
    ("10.0.0.1:22", "10.0.0.1:22"),
    ("ssh://10.0.0.1:22/some/path", "10.0.0.1:22"),
    ("ssh://user@10.0.0.1:22", "10.0.0.1:22"),
    ("db.internal:5432/x", "db.internal:5432"),
    ("[::1]:22", "[::1]:22"),
    ("10.0.0.1", None),
    ("10.0.0.1:", None),
    (":22", None),
    ("::1:22", None),
    ("10.0.0.1:0", None),
    ("10.0.0.1:65536", None),
    ("10.0.0.1:²", None),
    ("[::1", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("asked", "dialled"), DESTINATIONS)
def test_a_bastion_dials_what_has_a_port(asked: str | None, dialled: str | None) -> None:
    """Scheme and path are taken off; without a port there is nothing to dial."""
    found = served(rules_of({"ingress": [{"service": "bastion"}]}), Arriving("a", "/", asked))

    assert found.destination == dialled
    assert found.outcome == ("origin" if dialled else "bad_gateway")


BASTIONS = [
    # defaults, own, service, whether it is a bastion
    ({}, {"bastionMode": True}, "ssh://h", True),
    ({"bastionMode": True}, {}, "ssh://h", True),
    ({"bastionMode": True}, {"bastionMode": False}, "ssh://h", False),
    ({"bastionMode": True}, {}, "http_status:404", False),
    ({"bastionMode": True}, {}, "hello_world", False),
]


@pytest.mark.parametrize(("defaults", "own", "service", "bastion"), BASTIONS)
def test_bastion_mode_makes_a_bastion_of_a_url(
    defaults: dict[str, Any], own: dict[str, Any], service: str, bastion: bool
) -> None:
    """A rule's own bastionMode goes before that of the tunnel; only addresses become bastions."""
    ingress = [{"service": service, "originRequest": own}]
    rules = rules_of({"ingress": ingress, "originRequest": defaults})

    assert (served(rules, Arriving("a", "/")).service == "bastion") is bastion


CHECKS = [
    # access of the rule, audience of the token, outcome, status
    ({"required": True, "teamName": "acme", "audTag": ["a", "b"]}, "b", "origin", 200),
    ({"required": True, "teamName": "acme", "audTag": ["a", "b"]}, "c", "refused", 403),
    ({"required": True, "teamName": "acme", "audTag": ["a", "b"]}, None, "refused", 403),
    ({"required": True, "teamName": "acme", "audTag": []}, "a", "refused", 403),
    ({"required": True, "teamName": "acme"}, "a", "refused", 403),
    ({"required": True, "teamName": "acme"}, None, "refused", 403),
    ({"required": True}, "a", "refused", 502),
    ({"required": True}, None, "refused", 403),
    ({"required": True, "teamName": "other", "audTag": ["a"]}, "a", "refused", 502),
    ({"required": True, "teamName": "other", "audTag": ["a"]}, None, "refused", 403),
    ({"required": False, "teamName": "acme", "audTag": ["a"]}, None, "origin", 200),
    ({"teamName": "acme", "audTag": ["a"]}, None, "origin", 200),
    ({}, None, "origin", 200),
]


@pytest.mark.parametrize(("access", "audience", "outcome", "status"), CHECKS)
def test_the_connector_asks_for_a_token_of_its_own(
    access: dict[str, Any], audience: str | None, outcome: str, status: int
) -> None:
    """`required` wants a token of the team for a listed audience; an empty list takes none."""
    ingress = [{"service": "ssh://h", "originRequest": {"access": access}}]
    arriving = Arriving("a", "/", issuer="acme.cloudflareaccess.com", audience=audience)

    found = served(rules_of({"ingress": ingress}), arriving)

    assert (found.outcome, found.status) == (outcome, status)


def test_a_tunnel_wide_check_is_never_asked_for() -> None:
    """The connector takes the check from the rule alone, not from the tunnel's defaults."""
    access = {"required": True, "teamName": "acme", "audTag": ["a"]}
    config = {"ingress": [{"service": "ssh://h"}], "originRequest": {"access": access}}

    assert served(rules_of(config), Arriving("a", "/")).outcome == "origin"


def test_the_check_stands_before_a_bastion_and_a_status() -> None:
    """Who has no token does not learn what the rule would answer."""
    access = {"access": {"required": True, "teamName": "acme", "audTag": ["a"]}}
    for service in ("bastion", "http_status:404"):
        ingress = [{"service": service, "originRequest": access}]
        assert served(rules_of({"ingress": ingress}), Arriving("a", "/")).outcome == "refused"


EXPRESSIONS = [
    # Go's expression, text, whether it is found
    ("$", "a\n", True),
    ("a$", "a\n", False),
    (r"a\z", "a", True),
    (r"\Qa.b\E+", "xa.bbb", True),
    (r"\Qa.b", "aab", False),
    ("[[:alpha:]]+$", "/abc", True),
    ("^[^[:alpha:]]$", "1", True),
    ("[[]", "[", True),
    ("[]a]", "]", True),
    ("[^]a]", "]", False),
    (r"[\]]", "]", True),
    ("[$]", "$", True),
    (r"\$", "$", True),
    ("(?P<name>x)", "x", True),
    (r"\w", "é", False),
    ("[[a]", "[", True),
    ("[a&&b||c~~d]", "&", True),
    (r"[\\[]", "[", True),
    (r"^\x{e9}$", "é", True),
    ("(?<name>x)", "x", True),
    ("^a{,2}$", "aa", False),
    ("^a{,2}$", "a{,2}", True),
    ("^a{2}$", "aa", True),
    ("^a{1,1000}$", "aa", True),
]


@pytest.mark.parametrize(("pattern", "text", "found"), EXPRESSIONS)
def test_expressions_mean_what_they_mean_to_go(pattern: str, text: str, found: bool) -> None:
    """What Python and RE2 read differently is read as RE2 does."""
    expression = compiled(pattern)

    assert expression is not None
    assert (expression.search(text) is not None) is found


@pytest.mark.parametrize(
    "pattern", ["(", "[", "a**", "\\", "*", "a{1001}", "a{1,1001}", r"\x{110000}"]
)
def test_what_is_no_expression_is_none(pattern: str) -> None:
    """A pattern that cannot be read is no error."""
    assert compiled(pattern) is None
