"""Terraform's language, written: what is read again is what was meant, whatever a text holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hcl_reader import Reference, read
from ztctl.documents.hcl import Block, Expression, identifier, quoted, written

TEXTS = st.text(
    st.sampled_from('ab ${}%"\\\n\r\t\x00\x1b\u202e\u2028\U0001f600é#=[],'), max_size=20
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${x}", '"$${x}"'),
        ("%{ if x }", '"%%{ if x }"'),
        ("$", '"$"'),
        ('say "no"\\', r'"say \"no\"\\"'),
        ("a\nb\tc", r'"a\nb\tc"'),
        ("\x1b[31m\u202e", r'"\u001b[31m\u202e"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\ud800", r'"\ufffd"'),
    ],
)
def test_no_text_is_a_template_or_hides_anything(text: str, found: str) -> None:
    """As Terraform 1.11 reads it back."""
    assert quoted(text) == found


@given(TEXTS, TEXTS)
def test_what_is_written_is_read_again(one: str, two: str) -> None:
    """In attributes, in lists, as a key, and whatever stands in a remark."""
    body = {"a": one, "list": [one, two], "deep": {"b": [{"c": two}], two: 1}, "none": {}}

    text = written([Block("resource", ("t", "n"), body, (one, two))])

    assert read(text) == [("resource", ("t", "n"), body)]


def test_a_reference_is_written_as_it_is() -> None:
    """It is no text."""
    text = written([Block("import", (), {"to": Expression("a.b"), "in": [Expression("a.b.id")]})])

    assert read(text) == [("import", (), {"to": Reference("a.b"), "in": [Reference("a.b.id")]})]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ssh.example.com", "ssh_example_com"),
        ("1e3", "_1e3"),
        ("-x", "_-x"),
        ("${x}", "x"),
        ("🙂", "unnamed"),
        ("a-b_c", "a-b_c"),
    ],
)
def test_a_name_is_one_that_terraform_takes(text: str, name: str) -> None:
    """Letters, digits, hyphens and underscores, and no digit first."""
    assert identifier(text) == name
