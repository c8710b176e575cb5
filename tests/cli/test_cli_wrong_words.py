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
        (("plan", "--format", "mardown"), "did you mean `markdown`? ztctl plan --help shows how"),
        (("drift", "--only", "exposd"), "did you mean `exposed`? ztctl drift --help shows how"),
        (("drift", "--only", "zzz"), "'other'.\n  ztctl drift --help shows how"),
        (("stack", "transfer", "tunnel.a", "--to"), "\n  ztctl stack transfer --help shows how"),
        (("drift", "--adopt"), "; --adopt is an option of plan and apply\n"),
        (
            ("plan", "--sandbox", "--target", "hosts.shh.example.com"),
            "no file declares hosts.shh.example.com\n  did you mean hosts.ssh.example.com?\n",
        ),
        (
            ("plan", "--allow-ca-deletion", "hosts.a.example.com"),
            "\n  write ca_key.a.example.com\n",
        ),
        (
            ("plan", "--allow-no-policy", "hosts.a.example.com"),
            "\n  write access_application.a.example.com\n",
        ),
        (
            ("plan", "--allow-disconnect", "hosts.a.example.com"),
            "\n  write the tunnel that leads there, such as tunnel.edge\n",
        ),
        (("plan", "--adopt", "tunels.edge"), "\n  did you mean tunnel.edge?\n"),
        (("plan", "--target", "tunnels.edge"), "\n  did you mean tunnel.edge?\n"),
        (("plan", "--target", "tunel.edge"), "\n  did you mean tunnel.edge?\n"),
        (("plan", "--target", "dns.a.example.com"), "\n  did you mean dns_record.a.example.com?\n"),
        (("plan", "--target", "whatever.a"), "\n  kinds are access_group, access_policy, "),
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
