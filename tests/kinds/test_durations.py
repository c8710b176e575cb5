"""Promises about durations, networks and the other small field types."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ztctl.core.model.durations import nanoseconds
from ztctl.kinds.common import (
    Cidr,
    Duration,
    Flag,
    HostName,
    Seconds,
    cidr,
    duration_text,
    seconds,
    segment,
)

UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
PART = st.tuples(st.integers(0, 999), st.sampled_from(list(UNITS)))
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text()))


@given(st.lists(PART, min_size=1, max_size=4))
def test_the_length_is_the_sum_of_the_parts(parts: list[tuple[int, str]]) -> None:
    """A duration means what its parts add up to, in whatever order they stand."""
    text = "".join(f"{count}{unit}" for count, unit in parts)

    assert nanoseconds(text) == sum(count * UNITS[unit] for count, unit in parts)


@given(st.integers(0, 2**63 - 1))
def test_a_spelling_loses_nothing(length: int) -> None:
    """Every length that Go can hold survives being spelt, to the nanosecond."""
    text = duration_text(f"{length}ns")

    assert nanoseconds(text) == length
    assert duration_text(text) == text


@given(ANYTHING)
def test_normalising_is_final_and_never_fails(value: Any) -> None:
    """What a reply holds instead of a duration or network passes unharmed."""
    assert duration_text(duration_text(value)) == duration_text(value)
    assert seconds(seconds(value)) == seconds(value)
    assert cidr(cidr(value)) == cidr(value)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("24h", "24h"),
        ("24h0m0s", "24h"),
        ("1440m", "24h"),
        ("90m", "1h30m"),
        ("1.5h", "1h30m"),
        (".5s", "500ms"),
        ("1.s", "1s"),
        ("0", "0s"),
        ("0s", "0s"),
        ("7µs", "7us"),
        ("forever", "forever"),
        (24, 24),
    ],
)
def test_one_length_has_one_spelling(written: Any, expected: Any) -> None:
    """All ways to write a duration are one; what is none stays."""
    assert duration_text(written) == expected


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("8", "write 8s, 8m or 8h: a number alone has no unit"),
        (30, "write 30s, 30m or 30h: a number alone has no unit"),
        ("2d", "write 48h: days have no unit here"),
        ("8 hours", "write 8h, or 1h30m"),
        ("soon", "write 8h, 30m or 1h30m"),
        (8, "write 8s, 8m or 8h: a number alone has no unit"),
        ("", "write 8h, 30m or 1h30m"),
        ("-1h", "write 8h, 30m or 1h30m"),
        ("9223372036854775808ns", "write 8h, 30m or 1h30m"),
        ("9" * 5000 + "h", "write 8h, 30m or 1h30m"),
        ("٣h", "write 8h, 30m or 1h30m"),
    ],
)
def test_what_is_no_duration_gets_a_hint(wrong: Any, hint: str) -> None:
    """A mistake is told with what to write instead, however large it is."""
    with pytest.raises(ValidationError) as told:
        TypeAdapter(Duration).validate_python(wrong)

    assert told.value.errors()[0]["ctx"]["hint"] == hint


@pytest.mark.parametrize(("given_", "sent"), [("30s", 30), ("1m30s", 90), (30, 30), (None, None)])
def test_a_tunnel_counts_in_seconds(given_: Any, sent: Any) -> None:
    """The API takes whole seconds where the file writes a duration."""
    assert seconds(given_) == sent


def test_a_tunnel_takes_no_fraction_of_a_second() -> None:
    """What would be cut off is refused."""
    with pytest.raises(ValidationError, match="finer than a second"):
        TypeAdapter(Seconds).validate_python("1500ms")


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_network_has_one_spelling(address: Any, bits: int) -> None:
    """Host bits mean nothing, and a bare address is a network of one."""
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)

    assert cidr(f"{address}/{bits}") == str(network)
    assert cidr(str(address)) == f"{address}/{address.max_prefixlen}"


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        (Cidr, "192.0.2.0/33"),
        (Cidr, "office"),
        (Cidr, True),
        (Flag, "yes"),
        (Flag, 1),
        (Flag, None),
        (HostName, "localhost"),
        (HostName, "a b.example.com"),
        (HostName, "ssh.*.example.com"),
        (HostName, "-a.example.com"),
        (HostName, "a" * 64 + ".example.com"),
        (HostName, ".".join(["a" * 50] * 6)),
        (HostName, 7),
    ],
)
def test_wrong_values_are_refused(type_: Any, wrong: Any) -> None:
    """What the service would refuse is refused before it is asked."""
    with pytest.raises(ValidationError):
        TypeAdapter(type_).validate_python(wrong)


@given(st.text(min_size=1))
def test_an_id_stays_in_its_place_of_a_path(text: str) -> None:
    """Nothing in a foreign id can reach another path or query."""
    try:
        quoted = segment(text)
    except UnicodeEncodeError:
        return

    assert not set(quoted) & set("/?#\\ \n")
