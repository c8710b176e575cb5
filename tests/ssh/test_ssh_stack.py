"""Promises about which names people log in by, and what leads there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.objects import Live
from ztctl.kinds.registry import KINDS
from ztctl.kinds.tunnel import TunnelAttributes
from ztctl.ssh.fingerprint import fingerprint
from ztctl.ssh.stack import SshHost, seen_hosts, ssh_hosts

Read = Callable[[str], Declared]


def by_name(declared: Declared) -> dict[str, SshHost]:
    """The SSH hosts of these files."""
    return {host.name: host for host in ssh_hosts(declared, KINDS)}


def test_a_short_entry_is_one_host_with_all_its_parts(declared: Read) -> None:
    """An entry of `hosts` says tunnel, service, who may enter and the CA."""
    entry = "a.example.com: {tunnel: edge, service: 'ssh://x:22', policies: [p]}"
    read = declared(f"hosts:\n  {entry}\n")

    (host,) = ssh_hosts(read, KINDS)

    assert host.service == "ssh://x:22"
    assert {*host.parts} == {
        Address("access_application", "a.example.com"),
        Address("access_policy", "p"),
        Address("tunnel", "edge"),
        Address("dns_record", "a.example.com"),
        Address("ca_key", "a.example.com"),
    }


WEB = """\
  web.example.com: {tunnel: edge, service: 'http://x:80', policies: [p], ca_key: false}
"""
BASTION = "  b.example.com: {tunnel: edge, service: bastion, policies: [p]}\n"


@pytest.mark.parametrize(
    ("text", "bastions"),
    [("hosts:\n" + WEB, {}), ("hosts:\n" + BASTION, {"b.example.com": True})],
)
def test_only_what_leads_to_ssh_is_a_host(
    text: str, bastions: dict[str, bool], declared: Read
) -> None:
    """A web site without a CA is none; a bastion is one, and known as such."""
    found = by_name(declared(text))

    assert {name: host.is_bastion for name, host in found.items()} == bastions


def test_the_closing_rule_of_another_tunnel_says_nothing(declared: Read) -> None:
    """Where a name is served is said by the tunnel to which its record leads."""
    read = declared("  other: {}\nhosts:\n" + BASTION.replace("edge", "other"))

    (found,) = ssh_hosts(read, KINDS)

    assert (found.service, found.tunnel) == ("bastion", Address("tunnel", "other"))


WILDCARD = """\
  pool:
    ingress:
      - {hostname: a.example.com, service: 'ssh://x:22'}
      - {hostname: '*.other.example.com', service: 'http://x'}
applications:
  star: {domain: '*.example.com', policies: [p]}
ca_keys:
  star: {}
dns:
  a.example.com: {tunnel: pool}
"""


def test_a_name_below_a_pattern_has_the_patterns_application(declared: Read) -> None:
    """One application of a pattern decides for the names that are served, and its CA is theirs."""
    found = by_name(declared(WILDCARD))

    assert {name: host.ca_key for name, host in found.items()} == {
        "a.example.com": Address("ca_key", "star")
    }


def test_what_is_live_is_joined_by_address(declared: Read) -> None:
    """Tunnel by its live name, connector, and what an apply would still do."""
    read = declared("hosts:\n" + BASTION)
    tunnel, record = Address("tunnel", "edge"), Address("dns_record", "b.example.com")
    live = Live("tunnel", "id-1", "edge.ztctl-prod", "edge", {}, TunnelAttributes(running=True))

    (seen,) = seen_hosts(ssh_hosts(read, KINDS), {tunnel: live}, {record})

    assert (seen.tunnel_name, seen.tunnel_id, seen.tunnel_runs, seen.pending) == (
        "edge.ztctl-prod",
        "id-1",
        True,
        (record,),
    )


def test_a_fingerprint_is_that_of_openssh(tmp_path: Path) -> None:
    """The same as `ssh-keygen -lf` prints."""
    key = tmp_path / "key"
    made = ("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(key))
    subprocess.run(made, check=True)
    told = subprocess.run(
        ("ssh-keygen", "-lf", str(key)), check=True, capture_output=True, text=True
    )

    found = fingerprint(key.with_suffix(".pub").read_text())

    assert found == told.stdout.split()[1]


@pytest.mark.parametrize("line", ["", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256 ???"])
def test_what_is_no_key_has_no_fingerprint(line: str) -> None:
    """Nothing is made of half a key."""
    assert fingerprint(line) == ""
