"""Promises about what is left to do after an apply."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change, Phase, Plan, Reason
from ztctl.kinds.registry import KINDS
from ztctl.ssh.guidance import next_steps

Read = Callable[[str], Declared]
MakeCa = Callable[[str], Live]
HOST = "  %s: {tunnel: edge, service: '%s', policies: [p]}\n"


def made(*addresses: Address) -> Plan:
    """A plan that creates these."""
    return Plan(
        "acc-1",
        "prod",
        tuple(
            Change(address, Action.CREATE, Reason.NOT_LIVE, Phase.POLICY) for address in addresses
        ),
    )


def keys(*hosts: str) -> list[Address]:
    """The CAs of hosts."""
    return [Address("ca_key", host) for host in hosts]


def test_nothing_new_needs_nothing(declared: Read) -> None:
    """Without a new tunnel and a new CA there is nothing left to do."""
    read = declared("hosts:\n" + HOST % ("a.example.com", "ssh://localhost:22"))

    text = next_steps(read, made(), Outcome(), KINDS)

    assert text == ""


@pytest.mark.parametrize(
    ("names", "said"),
    [(["b"], "a connector for the tunnel b:\n"), (["b", "a"], "for the tunnels a, b:\n")],
)
def test_new_tunnels_need_connectors(names: list[str], said: str, declared: Read) -> None:
    """Each new tunnel is named once, in the order of names."""
    plan = made(*(Address("tunnel", name) for name in names))

    text = next_steps(declared(""), plan, Outcome(), KINDS)

    assert said in text


def test_several_hosts_have_one_block(declared: Read, ca: MakeCa) -> None:
    """The block is told for the first host, and the others are named."""
    hosts = ["a.example.com", "b.example.com", "c.example.com"]
    text = "hosts:\n" + "".join(HOST % (host, "ssh://localhost:22") for host in hosts)
    live = {address: ca("key-1") for address in keys(*hosts)}

    told = next_steps(declared(text), made(*keys(*hosts)), Outcome(live=live), KINDS)

    assert told.count("ProxyCommand") == 1
    assert told.endswith("\n  (and likewise for b.example.com, c.example.com)")


def test_a_key_without_a_file_is_told_itself(declared: Read, ca: MakeCa) -> None:
    """Who names no file gets the key to copy."""
    text = "hosts:\n" + HOST % ("a.example.com", "ssh://localhost:22")
    (address,) = keys("a.example.com")

    told = next_steps(
        declared(text), made(address), Outcome(live={address: ca("ecdsa AAAA")}), KINDS
    )

    assert "CA keys:\n  a.example.com: ecdsa AAAA\n" in told


def test_a_key_that_was_not_made_is_not_told(declared: Read) -> None:
    """A CA whose step failed has no key, and nobody is told to copy it."""
    text = "hosts:\n" + HOST % ("a.example.com", "ssh://localhost:22")

    told = next_steps(declared(text), made(*keys("a.example.com")), Outcome(), KINDS)

    assert told == ""


def test_a_name_is_told_as_programs_know_it(declared: Read, ca: MakeCa) -> None:
    """Letters beyond ASCII are told in the form that ssh and cloudflared look up."""
    text = "hosts:\n" + HOST % ("bücher.example.com", "ssh://localhost:22")
    read = declared(text)
    (address,) = (item.address for item in read.wanted if item.address.kind == "ca_key")

    told = next_steps(read, made(address), Outcome(live={address: ca("ecdsa AAAA")}), KINDS)

    assert "  Host xn--bcher-kva.example.com\n" in told


def test_a_path_is_no_part_of_a_host(declared: Read, ca: MakeCa) -> None:
    """An application below a path is one host for OpenSSH, however many paths it has."""
    places = "destinations: [ssh.example.com/a, ssh.example.com/b], policies: [team]"
    text = f"applications: {{shell: {{{places}}}}}\nca_keys: {{shell: {{}}}}\n"
    (address,) = keys("shell")

    told = next_steps(declared(text), made(address), Outcome(live={address: ca("key-1")}), KINDS)

    assert told.count("\n  Host ssh.example.com\n") == 1
    assert "ssh.example.com/" not in told


def test_a_pattern_has_a_block_of_its_own(declared: Read, ca: MakeCa) -> None:
    """OpenSSH puts the name in: one block serves every name of the pattern."""
    hosts = ["'*.dev.example.com'", "a.example.com"]
    text = "hosts:\n" + "".join(HOST % (host, "ssh://localhost:22") for host in hosts)
    live = {address: ca("key-1") for address in keys("*.dev.example.com", "a.example.com")}

    told = next_steps(declared(text), made(*live), Outcome(live=live), KINDS)

    assert "\n  Host a.example.com\n" in told
    assert (
        '  Match host *.dev.example.com exec "cloudflared access ssh-gen --hostname %h"\n'
        "    IdentityFile ~/.cloudflared/%h-cf_key\n"
    ) in told


def test_a_bastion_of_any_name_is_told_by_one(declared: Read, ca: MakeCa) -> None:
    """The machine's block names one of the pattern: a star is nobody's host name."""
    text = "hosts:\n" + HOST % ("'*.jump.example.com'", "bastion")
    live = {address: ca("key-1") for address in keys("*.jump.example.com")}

    told = next_steps(declared(text), made(*live), Outcome(live=live), KINDS)

    assert "--hostname db1.jump.example.com --destination %h:%p" in told


@pytest.mark.parametrize(
    ("host", "service", "block"),
    [
        (
            "a.example.com",
            "ssh://a",
            "  Host a.example.com\n    ProxyCommand cloudflared access ssh ",
        ),
        ("'*.a.example.com'", "ssh://a", "  Host *.a.example.com\n    ProxyCommand cloudflared "),
        ("'*.a.example.com'", "bastion", "cloudflared access ssh --hostname db1.a.example.com "),
    ],
)
def test_without_a_ca_there_is_a_way_to_log_in_too(
    declared: Read, host: str, service: str, block: str
) -> None:
    """Whoever has a key of their own needs the way through cloudflared all the same."""
    entry = f"{{tunnel: edge, service: '{service}', policies: [p], ca_key: false}}"
    read = declared(f"hosts:\n  {host}: {entry}\n")
    plan = made(Address("access_application", host.strip("'")))

    told = next_steps(read, plan, Outcome(), KINDS)

    assert block in told
    assert "cf_key" not in told


def test_what_is_no_ssh_host_gets_no_block(declared: Read) -> None:
    """A website needs no configuration of OpenSSH."""
    entry = "{tunnel: edge, service: 'https://a', policies: [p], ca_key: false}"
    read = declared(f"hosts:\n  a.example.com: {entry}\n")

    assert (
        next_steps(read, made(Address("access_application", "a.example.com")), Outcome(), KINDS)
        == ""
    )
