"""From a host name to an application token, and who does not get one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.front_client import Client, said
from ztctl.sandbox.front.account import KEY
from ztctl.sandbox.service import Sandbox

from .conftest import HOST, JDOE, TEAM, Estate, Serve

URL = f"https://{HOST}"
ASKS = {"cf-access-metadata-request": "true"}


def near(stamp: float, moment: datetime) -> bool:
    """Whether a time is a moment, give or take the length of a test."""
    return abs(stamp - moment.timestamp()) < 60


def test_metadata_names_the_application(served: Client, estate: Estate) -> None:
    """A HEAD that asks for metadata is told audience, team and time in a signed token."""
    got = served.ask("HEAD", URL, ASKS)

    told = said(got.headers["cf-access-metadata"] or "")
    assert near(told.pop("iat"), datetime.now(UTC))
    assert told == {
        "type": "match",
        "hostname": HOST,
        "auth_domain": TEAM,
        "aud": estate.apps[HOST]["aud"],
        "app_hostname": HOST,
    }
    assert got.status == 302


def test_metadata_of_a_wildcard_names_the_wildcard(
    estate: Estate, serve: Serve, echoing: str
) -> None:
    """A host that a wildcard covers is told the host as the application defines it."""
    estate.protect("*.example.com")
    estate.publish(echoing)

    told = said(serve().ask("HEAD", URL, ASKS).headers["cf-access-metadata"] or "")

    assert (told["hostname"], told["app_hostname"]) == (HOST, "*.example.com")


def test_a_host_without_application_has_no_metadata(
    estate: Estate, serve: Serve, echoing: str
) -> None:
    """A published host that nothing protects answers from its origin, without metadata."""
    estate.publish(echoing)

    got = serve().ask("GET", URL, ASKS)

    assert (got.status, got.headers["cf-access-metadata"]) == (200, None)
    assert echoing.encode() in got.body


def test_a_stranger_is_sent_to_the_login(served: Client, estate: Estate) -> None:
    """A request without token is redirected to the team's login, for that audience and path."""
    got = served.ask("HEAD", f"{URL}/a/b?c=d")

    where = urlsplit(got.location)
    assert (got.status, where.netloc) == (302, TEAM)
    assert where.path == f"/cdn-cgi/access/login/{HOST}"
    assert parse_qs(where.query) == {
        "kid": [estate.apps[HOST]["aud"]],
        "redirect_url": ["/a/b"],
    }
    assert (got.headers["cf-access-domain"], got.headers["cf-access-aud"]) == (
        HOST,
        estate.apps[HOST]["aud"],
    )


def test_every_answer_is_dated(served: Client) -> None:
    """The header Date tells the sandbox's time, so that a client can compare its own."""
    got = served.ask("HEAD", URL)

    date = parsedate_to_datetime(got.headers["date"] or "")
    assert near(date.timestamp(), datetime.now(UTC))


def test_an_organisation_token_becomes_an_application_token(served: Client, estate: Estate) -> None:
    """The login turns the organisation's token into one for the application and its session."""
    got = served.application_token(URL)

    cookie = got.cookies()["CF_Authorization"]
    ends = parsedate_to_datetime(cookie["expires"])
    assert near(ends.timestamp(), datetime.now(UTC) + timedelta(hours=24))
    told = said(cookie.value)
    assert (
        told.items()
        >= {
            "aud": [estate.apps[HOST]["aud"]],
            "email": JDOE.email,
            "iss": f"https://{TEAM}",
            "type": "app",
            "country": "PT",
            "exp": told["iat"] + 24 * 3600,
        }.items()
    )


def test_the_session_is_as_long_as_the_application_says(
    estate: Estate, serve: Serve, echoing: str
) -> None:
    """An application of 1h30m gives tokens of ninety minutes."""
    estate.protect(session_duration="1h30m")
    estate.publish(echoing)

    told = said(serve().application_token(URL).cookie("CF_Authorization"))

    assert told["exp"] - told["iat"] == 90 * 60


@pytest.mark.parametrize("changed", ["kid", "host"])
def test_an_unknown_application_is_said(served: Client, changed: str) -> None:
    """The login for an audience or host that is none says so."""
    place = served.ask("HEAD", URL).location
    place = place.replace("kid=", "kid=0") if changed == "kid" else place.replace("ssh.", "x.")

    got = served.ask("GET", place)

    assert (got.status, b"Unable to find your Access application!" in got.body) == (404, True)


@pytest.mark.parametrize("redirect", ["//evil.test", "https://evil.test", "/\\evil.test", ""])
def test_the_login_leads_nowhere_else(served: Client, redirect: str) -> None:
    """Whatever the login is told to lead to afterwards, it is a path of the same host."""
    place = urlsplit(served.ask("HEAD", URL).location)
    kid = parse_qs(place.query)["kid"][0]
    url = f"https://{TEAM}{place.path}?kid={kid}&redirect_url={redirect}"
    organisation = {"cookie": f"CF_Authorization={served.organisation_token()}"}
    second = served.ask("HEAD", url, organisation)

    third = served.ask("HEAD", second.location, {"cookie": "CF_AppSession=x"})

    assert third.location == "/"


def test_authorized_wants_its_session(served: Client) -> None:
    """The last step needs the cookie of the first, a true code, and the host it was made for."""
    first = served.ask("HEAD", URL)
    organisation = {"cookie": f"CF_Authorization={served.organisation_token()}"}
    place = served.ask("HEAD", first.location, organisation).location
    session = {"cookie": "CF_AppSession=x"}

    without = served.ask("HEAD", place)
    forged = served.ask("HEAD", place.replace("code=", "code=x"), session)

    assert (without.status, forged.status) == (400, 400)
    assert served.ask("HEAD", place, session).status == 302


def test_the_login_service_says_that_it_is_not_there(served: Client) -> None:
    """Whoever waits for a login in a browser is told at once, with an error."""
    got = served.ask("GET", "https://login.cloudflareaccess.org/transfer/abc=")

    assert (got.status, b"--as EMAIL" in got.body) == (501, True)


def test_the_key_outlives_a_reset(served: Client, sandbox: Sandbox) -> None:
    """A reset of the state changes neither key set nor what the organisation's token is worth."""
    certs = f"https://{TEAM}/cdn-cgi/access/certs"
    before = served.ask("GET", certs).json

    sandbox.reset()

    assert served.ask("GET", certs).json == before
    with sandbox.session() as state:
        assert state.store.count(KEY) == 1


def test_the_key_is_not_exported(served: Client, sandbox: Sandbox) -> None:
    """The account's export holds no private key."""
    served.ask("GET", f"https://{TEAM}/cdn-cgi/access/certs")

    assert "PRIVATE KEY" not in json.dumps(sandbox.export())


@pytest.mark.parametrize("path", ["/", "/cdn-cgi/access/other", "/cdn-cgi/access/cert_sign"])
def test_the_team_has_no_other_pages(served: Client, path: str) -> None:
    """What the team's domain does not have is 404."""
    assert served.ask("GET", f"https://{TEAM}{path}").status == 404
