"""Check where requests go: the token is sent over TLS only, and no id can change a path."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ztctl.core.model.diagnostics import Failure

Query = tuple[tuple[str, str], ...]

PATH: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+")
ACCOUNT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
HINT: Final = "write it as https://host/path, for example https://api.cloudflare.com/client/v4"


def check_base_url(text: str) -> str:
    """Return the API's base URL without a trailing slash.

    Raises:
        Failure: when it is not an absolute https URL, holds a user name, a query or a fragment, or
            is plain http to anything but this machine.
    """
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise Failure("the API URL holds a user name or password", "leave it out: the token is all")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise Failure("the API URL has a query or a fragment", HINT)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise Failure(
            f"the API URL is plain http to {parts.hostname}: others could read the token",
            "use https; plain http is for localhost only",
        )
    return text.rstrip("/")


def _split(text: str) -> SplitResult:
    # Some URL parsers take a backslash for a slash, and would connect to another host.
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise Failure("the API URL holds characters that no URL may hold", HINT)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or (parts.path.rstrip("/") and not _is_plain(parts.path.rstrip("/"))):
        raise Failure("the API URL is not an absolute http or https URL", HINT)
    return parts


def is_plain_http(base_url: str) -> bool:
    """Whether requests are not encrypted, which is allowed to this machine only."""
    return base_url.lower().startswith("http:")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine: localhost, 127.0.0.0/8 or ::1."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_account(text: str) -> str:
    """Return the account's id.

    Raises:
        Failure: when it cannot be one.
    """
    if not ACCOUNT.fullmatch(text):
        raise Failure("that is not an account id: it is 32 hexadecimal digits")
    return text


def resolve(path: str, account: str | None) -> str:
    """Substitute ``{account}`` in a path.

    Raises:
        ValueError: when the path is not made of plain, percent-encoded segments, or needs an
            account and there is none.
    """
    if "{account}" in path and account is None:
        raise ValueError("the account is not known")
    resolved = path.replace("{account}", account or "")
    if not _is_plain(resolved):
        raise ValueError("the path is not made of plain segments")
    return resolved


def resolve_query(query: Query, account: str | None) -> Query:
    """Substitute ``{account}`` in the values of a query."""
    return tuple((key, account or "" if text == "{account}" else text) for key, text in query)


def _is_plain(path: str) -> bool:
    # Some servers decode %2F and %2E before they route, so that the decoded form is checked.
    segments = re.split(r"[/\\]", unquote(path))
    return (
        PATH.fullmatch(path) is not None
        and not {".", ".."}.intersection(segments)
        and unquote(path).isprintable()
    )
