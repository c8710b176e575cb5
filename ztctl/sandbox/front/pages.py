"""Requests and responses of the front as values, independent of sockets."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from typing import Any

from ztctl.sandbox.messages import Pairs


@dataclass(frozen=True, slots=True)
class HttpsRequest:
    """One HTTPS request.

    `path` is as sent, without the query; `query` is decoded; header names are lower case.
    """

    host: str
    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key == name), None)

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)

    def cookie(self, name: str) -> str | None:
        """The first value of a cookie, or None."""
        crumbs = (value.split(";") for key, value in self.headers if key == "cookie")
        pairs = (crumb.strip().partition("=") for line in crumbs for crumb in line)
        return next((value for key, _, value in pairs if key == name), None)

    @property
    def wants_websocket(self) -> bool:
        """Whether this is the opening handshake of a WebSocket (RFC 6455, 4.2.1)."""
        options = (self.header("connection") or "").lower().split(",")
        upgrade = (self.header("upgrade") or "").lower()
        return (
            self.method == "GET"
            and upgrade == "websocket"
            and "upgrade" in [one.strip() for one in options]
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One HTTP response."""

    status: int
    headers: Pairs = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)

    def plus(self, *headers: tuple[str, str]) -> Page:
        """A copy with additional headers."""
        return Page(self.status, (*self.headers, *headers), self.body)


@dataclass(frozen=True, slots=True)
class BridgeToOrigin:
    """Instead of a response: the WebSocket is to be bridged to an origin.

    `service` is that of the ingress rule, `destination` the `host:port` for a bastion, `headers`
    are for the handshake's response.
    """

    service: str
    destination: str | None
    headers: Pairs = field(default=(), repr=False)


def json_page(status: int, value: Any) -> Page:
    """A JSON response."""
    return Page(status, (("content-type", "application/json"),), json.dumps(value).encode())


def html_page(status: int, title: str, text: str) -> Page:
    """An HTML response with a title and one paragraph."""
    page = f"<!DOCTYPE html><title>{html.escape(title)}</title><p>{html.escape(text)}\n"
    body = page.encode("utf-8", "replace")
    return Page(status, (("content-type", "text/html; charset=utf-8"),), body)


def plain_page(status: int, text: str) -> Page:
    """A plain text response."""
    body = f"{text}\n".encode("utf-8", "replace")
    return Page(status, (("content-type", "text/plain; charset=utf-8"),), body)


def redirect(location: str, *headers: tuple[str, str]) -> Page:
    """A 302 response."""
    return Page(302, (("location", location), *headers))
