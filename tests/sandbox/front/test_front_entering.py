"""Who may enter, and with what."""

from __future__ import annotations

from tests.support.front_client import Client, said
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.service import Sandbox

from .conftest import HOST, Estate, Serve

URL = f"https://{HOST}"


def test_an_application_token_opens_the_door(served: Client) -> None:
    """A request with the application's token reaches the origin, by cookie and by header."""
    token = served.application_token(URL).cookie("CF_Authorization")

    by_cookie = served.ask("GET", URL, {"cookie": f"CF_Authorization={token}"})
    by_header = served.ask("GET", URL, {"cf-access-token": token})

    assert (by_cookie.status, by_header.status) == (200, 200)


def test_an_application_token_opens_no_other_door(
    served: Client, estate: Estate, echoing: str
) -> None:
    """A token for one application is sent to the login by another."""
    estate.protect("web.example.com")
    estate.publish(echoing, "web.example.com")
    token = served.application_token(URL).cookie("CF_Authorization")

    got = served.ask("GET", "https://web.example.com", {"cf-access-token": token})

    assert got.status == 302


def test_an_organisation_token_is_no_application_token(served: Client) -> None:
    """The organisation's token itself opens no application."""
    got = served.ask("GET", URL, {"cf-access-token": served.organisation_token()})

    assert got.status == 302


def test_somebody_else_is_blocked(estate: Estate, serve: Serve, echoing: str) -> None:
    """Whom the policies do not let in gets the 403 of Access from the login, and no token."""
    estate.protect()
    estate.publish(echoing)

    got = serve(Login("eve@example.com")).application_token(URL)

    assert (got.status, got.headers["set-cookie"]) == (403, None)
    assert got.headers["cf-access-aud"] == estate.apps[HOST]["aud"]


def test_nobody_finds_a_page_to_log_in(estate: Estate, serve: Serve, echoing: str) -> None:
    """Without an organisation token the login is a page of 200 that sets no cookie."""
    estate.protect()
    estate.publish(echoing)
    client = serve(None)

    got = client.ask("GET", client.ask("HEAD", URL).location)

    assert (got.status, got.headers["set-cookie"]) == (200, None)
    assert b"--as EMAIL" in got.body


def test_groups_of_the_identity_provider_count(
    estate: Estate, serve: Serve, echoing: str, sandbox: Sandbox
) -> None:
    """Whoever logs in with a group passes a policy that asks for it; others do not."""
    providers = estate.api.get("{A}/access/identity_providers").result
    okta = next(one["id"] for one in providers if one["type"] == "okta")
    element = {"okta": {"name": "infra", "identity_provider_id": okta}}
    policy = estate.api.policy("infra", include=[element])
    estate.protect(policies=[policy["id"]])
    estate.publish(echoing)

    inside = serve(Login("a@example.com", ("ops", "infra"))).application_token(URL)
    outside = serve(Login("b@example.com", ("ops",)), "other").application_token(URL)

    assert (inside.status, outside.status) == (302, 403)


def test_the_country_of_the_login_counts(estate: Estate, serve: Serve, echoing: str) -> None:
    """A policy that requires a country lets in who comes from there, and nobody else."""
    require = [{"geo": {"country_code": "DE"}}]
    policy = estate.api.policy("germans", require=require)
    estate.protect(policies=[policy["id"]])
    estate.publish(echoing)

    inside = serve(Login("a@example.com", country="DE")).application_token(URL)
    outside = serve(Login("a@example.com"), "other").application_token(URL)

    assert (inside.status, outside.status) == (302, 403)


def test_a_policy_change_reaches_who_is_inside(served: Client, estate: Estate) -> None:
    """Somebody with a living token is blocked as soon as the policy is another one."""
    token = served.application_token(URL).cookie("CF_Authorization")
    policy = estate.apps[HOST]["policies"][0]["id"]
    include = [{"email": {"email": "eve@example.com"}}]
    body = {"name": "eve", "decision": "allow", "include": include}
    assert estate.api.put(f"{{A}}/access/policies/{policy}", body).status == 200

    assert served.ask("GET", URL, {"cf-access-token": token}).status == 403


def test_a_service_token_enters_by_its_headers(estate: Estate, serve: Serve, echoing: str) -> None:
    """Client id and secret pass a Service Auth policy and get a token without e-mail."""
    service = estate.api.post("{A}/access/service_tokens", {"name": "ci"}).result
    include = [{"service_token": {"token_id": service["id"]}}]
    policy = estate.api.policy("ci", decision="non_identity", include=include)
    estate.protect(policies=[policy["id"]])
    estate.publish(echoing)
    headers = {
        "cf-access-client-id": service["client_id"],
        "cf-access-client-secret": service["client_secret"],
    }
    client = serve(None)

    right = client.ask("GET", URL, headers)
    wrong = client.ask("GET", URL, {**headers, "cf-access-client-secret": "0" * 64})

    told = said(right.cookie("CF_Authorization"))
    assert (right.status, told["common_name"], "email" in told) == (
        200,
        service["client_id"],
        False,
    )
    assert wrong.status == 403
