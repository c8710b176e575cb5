"""Promises about addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address

KIND = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1)


@given(KIND, st.text(min_size=1))
def test_an_address_reads_back_as_it_is_written(kind: str, key: str) -> None:
    """What is printed can be given to --target, whatever the key holds."""
    address = Address(kind, key)

    assert Address.parse(str(address)) == address


def test_an_address_is_split_at_the_first_dot() -> None:
    """A key may be a host name."""
    assert Address.parse("dns_record.ssh.example.com") == Address("dns_record", "ssh.example.com")


@pytest.mark.parametrize("text", ["", "tunnel", "tunnel.", ".edge", "."])
def test_half_an_address_is_refused_with_an_example(text: str) -> None:
    """Without a kind or a key the message shows how an address looks."""
    with pytest.raises(ValueError, match=r"write kind\.key, for example tunnel\.edge"):
        Address.parse(text)
