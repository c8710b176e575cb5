"""Promises about redacted snapshots: nobody is known by them, and everything is where it was."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import schema
from tests.support.examples import examples
from ztctl.cloudflare.redaction import Redactor, redacted
from ztctl.cloudflare.snapshot import Refused, Snapshot, parse, text_of

Json = Any
ID = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
AUD = "7" * 30 + "abcdef" + "7" * 28
EMPTY = Snapshot(
    "0123456789abcdef0123456789abcdef", "Acme", "2026-11-30T06:31:21Z", False, True, {}
)
KEY = b"k" * 32


def of(*texts: Json) -> list[Json]:
    """These texts as they stand in a redacted snapshot."""
    held = replace(EMPTY, replies={("/zones", ()): list(texts)})
    found: list[Json] = Redactor(held, KEY).snapshot().replies["/zones", ()]
    return found


# -- what goes ------------------------------------------------------------------------------

CANARIES = (
    "wintergreen",
    "Wintergreen",
    "WINTERGREEN",
    "WinterGreen",
    "ann@wintergreen.com",
    "ssh.wintergreen.example",
    "*.dev.wintergreen.co.uk",
    "bücher.wintergreen.com",
    "xn--bcher-kva.wintergreen.com",
    "https://login.wintergreen.com/path/wintergreen?team=wintergreen",
    "ssh://wintergreen:22",
    "the comment of Wintergreen, by Wintergreen-2",
    "team-wintergreen.ztctl-wintergreen-prod",
    "wintergreen_7",
    "[wintergreen]",
    "(?wintergreen)",
    "1234567890",
    ID,
    ID.upper(),
    AUD,
    "203.0.113.77",
    "203.0.113.77/32",
    "198.51.100.128/25",
    "2001:db8:77::1",
    "::ffff:203.0.113.77",
    "http://[2001:db8:77::1]:8080",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)
FOUND = re.compile(
    r"wintergreen|bücher|bcher|1234567890|0f5a1c2e|1b2c3d4e5f60|777777|203\.0\.113|198\.51\.100\.128|"
    r"2001:db8:77|9f86d081",
    re.IGNORECASE,
)


@pytest.mark.parametrize("text", CANARIES)
def test_no_name_address_or_id_stays(text: str) -> None:
    """In whatever it stands: values, keys, paths and queries, the account itself."""
    held = replace(
        EMPTY,
        account_name=text,
        replies={
            (f"/zones/{text}/dns_records", (("name", text),)): [{"name": text, f"{text} ": [text]}],
            ("/refused", ()): Refused(403, ((10000, f"no {text}"),)),
        },
    )

    found = text_of(redacted(held))

    assert not FOUND.search(found)
    assert EMPTY.account not in found


def test_nothing_is_replaced_by_a_word_that_was_there() -> None:
    """Or a reader would take one for the other."""
    names = [f"na{number}" for number in range(40)] + [f"nb{number}" for number in range(40)]
    found = of(*names)

    assert set(found).isdisjoint(names)
    assert len(set(found)) == len(names)


def test_two_redactions_have_nothing_in_common() -> None:
    """Who has one knows nothing of the other."""
    held = replace(EMPTY, replies={("/zones", ()): [ID, AUD, "2001:db8:77::1"]})

    first, second = (redacted(held).replies["/zones", ()] for _ in range(2))

    assert set(first).isdisjoint(second)


# -- what stays -----------------------------------------------------------------------------


def test_the_same_is_the_same() -> None:
    """As a word, in another one, and in what the service takes for the same."""
    one, other, host, mail, upper = of(
        "wintergreen", "wintergreens", "ssh.wintergreen.com", "ann@WINTERGREEN.com", "WINTERGREEN"
    )

    assert host == f"ssh.{one}.com"
    assert mail.partition("@")[2].lower() == f"{one}.com"
    assert upper == one.upper()
    assert other != one


def test_a_name_stays_in_its_zone_and_a_mark_a_mark() -> None:
    """Stars, levels, spellings and the ends of names are kept."""
    zone, name, star, marked, tag, plain = of(
        "bücher.co.uk", "a-b.xn--bcher-kva.co.uk", "*.bücher.co.uk", "team.ztctl-prod-eu",
        "ztctl-prod-eu--protect", "team",
    )  # fmt: skip

    assert name.endswith(f".{zone}")
    assert star == f"*.{zone}"
    assert zone.endswith(".uk")
    assert marked.startswith(f"{plain}.ztctl-")
    assert tag == f"{marked.partition('.')[2]}--protect"


SAID = (
    "self_hosted", "allow", "24h", "1h30m", "ssh://localhost:22", "http_status:404", "CNAME", "PT",
    "2026-11-30T06:31:21.123456Z", "azureAD", "#dns_records:edit", "127.0.0.1", "::1",
    "0.0.0.0/0", "::/0", "10.0.0.0/8", "fd00::/8", "everyone", "(?i)", r"[a-z0-9_-]+\d", "*", "",
)  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_what_the_service_says_stays(text: str) -> None:
    """Of words, figures and ranges that everybody has nobody is known."""
    assert of(text) == [text]


LOGGED = {"debug", "info", "warn", "error", "fatal"}


def test_the_words_of_the_models_are_the_service_s() -> None:
    """Whatever a field of a file can be, of those that are written out."""
    # Codes of warnings have a hyphen; how much a connector logs is no matter of the account.
    words = sorted(it for it in set(_stated(schema("ztctl"))) - LOGGED if "-" not in it)

    assert "unscored" in words
    assert of(*words) == words


def _stated(node: Json) -> Iterator[str]:
    if isinstance(node, dict):
        found = [*node.get("enum", ()), node.get("const"), node.get("default")]
        yield from (it for it in found if isinstance(it, str))
    for inner in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from _stated(inner)


def test_ids_keep_their_form_and_the_key_is_one() -> None:
    """So that they are taken for ids, in whatever case; a CA's public key can be read."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    numbers = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = numbers.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    line = f"{key} open-ssh-ca@cloudflareaccess.org"
    lower, upper, aud, made = of(ID, ID.upper(), AUD, line)

    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lower)
    assert upper == lower.upper()
    assert re.fullmatch(r"[0-9a-f]{64}", aud)
    assert made.split()[::2] == line.split()[::2]
    assert made != line
    assert len(b64decode(made.split()[1], validate=True)) == len(b64decode(line.split()[1]))


addresses = st.ip_addresses()


@examples(60)
@given(address=addresses, data=st.data())
def test_an_address_stays_in_its_networks(address: Any, data: st.DataObject) -> None:
    """And out of those in which it was not; a network keeps its size, what is private stays so."""
    length = data.draw(st.integers(0, address.max_prefixlen))
    network = ip_network(f"{address}/{length}", strict=False)
    other = data.draw(st.ip_addresses(v=address.version))

    moved, wide, beside = of(str(address), str(network), str(other))

    assert ip_network(wide).prefixlen == length
    assert ip_address(moved) in ip_network(wide)
    assert (ip_address(beside) in ip_network(wide)) == (other in network)
    assert ip_address(moved).is_loopback == address.is_loopback
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd00::/8")
    for known in map(ip_network, private):
        assert (ip_address(moved) in known) == (address in known)


def test_what_is_redacted_can_be_read() -> None:
    """It says of itself that it is redacted, and what could not be read stays unread."""
    held = replace(EMPTY, replies={("/zones", ()): Refused(403, ((10000, "no, Acme"),))})

    found = parse(text_of(redacted(held)).encode(), "live.json")

    assert found.redacted
    assert found.refused == ("/zones",)
    assert json.loads(text_of(found))["replies"][0]["errors"] == [{"code": 10000, "message": ""}]
