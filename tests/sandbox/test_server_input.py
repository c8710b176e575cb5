"""Bad input over the port: an answer in the service's own shape, and the port goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

Send = Callable[..., httpx.Response]
JSON = {"content-type": "application/json"}


@pytest.fixture
def send(sandbox: Sandbox) -> Iterator[Send]:
    """Sends one request to the tags, and looks afterwards whether the port still answers."""
    headers = {"authorization": "Bearer token"}
    path = f"/accounts/{sandbox.account_id}/access/tags"
    with served(sandbox) as url, httpx.Client(base_url=url, headers=headers, timeout=10) as client:

        def request(method: str, below: str = "", **more: Any) -> httpx.Response:
            response = client.request(method, path + below, **more)
            assert client.get("/zones").status_code == 200
            return response

        yield request


def refusal(response: httpx.Response) -> int:
    """The status of a refusal in the service's own shape."""
    body = response.json()
    assert response.headers["content-type"] == "application/json"
    assert (body["success"], body.get("result"), bool(body["errors"])) == (False, None, True)
    assert "Traceback" not in response.text
    return response.status_code


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"name": NaN}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"[" * 1_000_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)
def test_malformed_json(send: Send, content: bytes) -> None:
    """A body that is no reasonable JSON object answers 400, however deep it is."""
    assert refusal(send("POST", content=content, headers=JSON)) == 400


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "nonsense", ""])
def test_wrong_content_types(send: Send, kind: str) -> None:
    """A body of another type than JSON answers 400."""
    assert refusal(send("POST", content=b'{"name": "a"}', headers={"content-type": kind})) == 400


@pytest.mark.parametrize("query", ["x=1", "x", "=", "&&", "x=%ff", "x=%00", "%zz=1", "x=" * 2000])
def test_unknown_query_parameters(send: Send, query: str) -> None:
    """A query that the service does not know changes nothing."""
    assert send("GET", f"?{query}").json()["result"] == []


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=1e3", "page=", "page=" + "9" * 400])
def test_pages_out_of_range(send: Send, query: str) -> None:
    """A page that is no number from one on answers 400."""
    assert refusal(send("GET", f"?{query}")) == 400


@pytest.mark.parametrize("query", ["per_page=0", "per_page=1000000", "per_page=x", "per_page=٣"])
def test_page_sizes_out_of_range(send: Send, query: str) -> None:
    """A page size out of its bounds answers 400."""
    assert refusal(send("GET", f"?{query}")) == 400


def test_pages_beyond_the_end(send: Send) -> None:
    """A page beyond the last is empty, and says so."""
    body = send("GET", "?page=1000").json()

    assert (body["result"], body["result_info"]["count"]) == ([], 0)


@pytest.mark.parametrize("below", ["/%00", "/%ff", "/a%2F..%2Fb", "/" + "a" * 5000, "//", "/%zz"])
def test_bad_names(send: Send, below: str) -> None:
    """A name that cannot be in a path is not found."""
    assert refusal(send("GET", below)) == 404


@pytest.mark.parametrize("key", ["x", "%00", "A" * 32, "../../zones", "0" * 33, "' or 1=1"])
def test_bad_ids(send: Send, key: str) -> None:
    """A malformed id in a path is no route."""
    assert refusal(send("GET", f"/../../cfd_tunnel/{key}")) == 404


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 400),
        ("Bearer", 400),
        ("Bearer a b", 400),
        ("Basic dTpw", 400),
        ("Bearer \xe9", 400),
        ("Bearer " + "a" * 8000, 200),
    ],
)
def test_bad_authorization(send: Send, header: str, status: int) -> None:
    """An Authorization header that is no bearer token answers 400/6003."""
    response = send("GET", headers={"authorization": header.encode("latin-1")})

    assert response.status_code == status
    if status == 400:
        assert response.json()["errors"][0]["code"] == 6003


def test_no_authorization(sandbox: Sandbox) -> None:
    """A request without a token answers 401."""
    with served(sandbox) as url:
        assert refusal(httpx.get(f"{url}/zones", timeout=10)) == 401


def heard(raw: socket.socket) -> bytes:
    """Everything that comes until the port hangs up, politely or not."""
    answer = b""
    with suppress(ConnectionResetError):
        while part := raw.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /client/v4/zones HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n",
        b"GET /client/v4/zones HTTP/1.1\r\nhost: a\r\nx: \x00\r\n\r\n",
        b"GET /client/v4/zones HTTP/1.1\r\n" + b"x: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /client/v4/zones HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /client/v4/zones HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http(sandbox: Sandbox, sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """What is no HTTP gets the service's own 400, or silence; the terminal stays clean."""
    with served(sandbox) as url:
        at = httpx.URL(url)
        with socket.create_connection((at.host, at.port or 0), timeout=10) as raw:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            answer = heard(raw)
        alive = httpx.get(f"{url}/zones", timeout=10).status_code

    assert alive == 401
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not answer or (head[:12], json.loads(body)["success"]) == (b"HTTP/1.1 400", False)
    assert capfd.readouterr().err == ""
