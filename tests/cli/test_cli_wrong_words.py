"""Words on the command line that are nearly right get the right ones."""

from __future__ import annotations

from typing import Any

import pytest

Ztctl = Any


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("plan", "--format", "yaml"),
            "'--format': 'yaml' is not one of 'text', ",
        ),
        (("plan", "--adopt"), "; --adopt is an option of apply\n"),
        (
            ("plan", "--target", "hosts.ssh.example.com"),
            "the parts of a host: access_application.ssh.example.com, dns_record.",
        ),
    ],
)
def test_a_wrong_word_gets_a_hint(project: Ztctl, words: tuple[str, ...], told: str) -> None:
    """What is meant is said, without the words of a library."""
    done = project(*words)

    assert done.code == 64
    assert told in done.err


def test_a_dash_is_standard_input(project: Ztctl) -> None:
    """There nothing is, and that is said of it: no file of the name ``-`` is looked for."""
    done = project("validate", "-f", "-")

    assert done.code == 1
    assert "/dev/stdin" in done.err
