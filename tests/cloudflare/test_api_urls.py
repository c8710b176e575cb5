"""The token goes where it may, and no id changes where that is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.cloudflare.urls import check_account, check_base_url, resolve
from ztctl.core.model.diagnostics import Failure


@pytest.mark.parametrize(
    "url",
    [
        "https://api.cloudflare.com/client/v4",
        "https://api.fed.cloudflare.com/client/v4",
        "https://[2001:db8::1]:8443/v4",
        "http://localhost:8787/client/v4",
        "http://127.8.9.1:1",
        "http://[::1]:80/x",
    ],
)
def test_https_and_loopback_are_taken(url: str) -> None:
    """TLS to anywhere and plain http to this machine are fine; a closing slash is dropped."""
    assert check_base_url(url + "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cloudflare.com/client/v4",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:8787",
        "http://10.0.0.1",
        "http://[::ffff:8.8.8.8]",
    ],
)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    """Nobody on the way may read the token."""
    with pytest.raises(Failure, match="plain http"):
        check_base_url(url)


@pytest.mark.parametrize(
    "url", ["https://me:hunter22@api.example.com", "https://hunter22@x.com", "https://@x.com"]
)
def test_credentials_in_the_url_are_refused_and_not_repeated(url: str) -> None:
    """A password in the URL is not used, and the message does not hold it."""
    with pytest.raises(Failure, match="user name or password") as caught:
        check_base_url(url)

    assert "hunter22" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.cloudflare.com",
        "ftp://x.com",
        "file:///etc/passwd",
        "https://",
        "https://x.com:99999",
        "https://x.com:0",
        "https://[::1",
        "https://x.com/a b",
        "https://x.com\\@evil.com",
        "https://x.com/\n",
        "https://\u2179.com",
        "https://x.com/a/../b",
        "https://x.com//a",
        "https://x.com/?a=b",
        "https://x.com/?",
        "https://x.com/#a",
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    """Whatever two readers could understand differently is not sent anywhere."""
    with pytest.raises(Failure):
        check_base_url(url)


@given(st.text())
def test_any_text_is_either_a_url_or_a_failure(text: str) -> None:
    """No text makes the check do anything else."""
    try:
        said = check_base_url(text)
    except Failure as failed:
        said = str(failed)

    assert said.isprintable()


def test_the_account_is_put_into_the_path() -> None:
    """``{account}`` stands for the id, and encoded segments stay as they are."""
    path = resolve("/accounts/{account}/access/tags/a%2Fb%20c", "0123abcd")

    assert path == "/accounts/0123abcd/access/tags/a%2Fb%20c"


def test_a_path_that_needs_an_account_says_so() -> None:
    """Without an account nothing is made up."""
    with pytest.raises(ValueError, match="account is not known"):
        resolve("/accounts/{account}/access/apps", None)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "zones",
        "/zones/",
        "//evil.example.com/x",
        "/zones//dns_records",
        "/zones/..",
        "/zones/../user/tokens",
        "/zones/./x",
        "/zones/%2e%2e/user",
        "/zones/%2E./user",
        "/zones/a%2F..%2Fuser",
        "/zones/a%5c..%5cuser",
        "/zones/a?per_page=1",
        "/zones/a#b",
        "/zones/a\\b",
        "/zones/a b",
        "/zones/a\r\nHost: evil",
        "/zones/a%0d%0ab",
        "/zones/a%00",
        "/zones/%zz",
        "/zones/ü",
        "/zones/{zone}",
    ],
)
def test_an_id_cannot_break_out_of_its_segment(path: str) -> None:
    """Dots, slashes, queries, control characters and their encoded forms are refused."""
    with pytest.raises(ValueError, match="plain segments"):
        resolve(path, "0123abcd")


@pytest.mark.parametrize("account", ["", "a/b", "..", "a b", "a\n", "x" * 65, "{account}"])
def test_an_account_id_is_letters_and_digits(account: str) -> None:
    """A name, or a path in place of the id, is refused."""
    with pytest.raises(Failure, match="account id"):
        check_account(account)
