"""Promises about what is left to do for a host, and after an apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.guide import HostGuide, Progress, Typed
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Action, Change, Phase, Plan, Reason
from ztctl.kinds.registry import KINDS
from ztctl.kinds.tunnel import TunnelAttributes
from ztctl.ssh.guide import after_apply, guide_of
from ztctl.ssh.stack import seen_hosts, ssh_hosts

Read = Callable[[str], Declared]
MakeCa = Callable[[str], Live]
HOST = "hosts:\n  %s: {tunnel: edge, service: '%s', policies: [p]%s}\n"
EDGE = Address("tunnel", "edge")
TYPED = Typed(" -f team.yaml", " --sandbox")
KEY = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="


def tunnel(*, running: bool) -> Live:
    """A live tunnel."""
    return Live("tunnel", "id-1", "edge.ztctl-prod", "edge", {}, TunnelAttributes(running=running))


def guided(read: Declared, live: dict[Address, Live]) -> HostGuide:
    """The guide of the only host, of which these are live and nothing is pending."""
    (seen,) = seen_hosts(ssh_hosts(read, KINDS), live, frozenset())
    return guide_of(seen, TYPED)


def pasted(guide: HostGuide) -> list[str]:
    """All that is to be pasted."""
    return [line for step in guide.steps for it in step.commands for line in it.lines]


def created(*addresses: Address) -> Plan:
    """A plan that creates these."""
    changes = (Change(it, Action.CREATE, Reason.NOT_LIVE, Phase.POLICY) for it in addresses)
    return Plan("acc-1", "prod", tuple(changes))


@pytest.mark.parametrize("service", ["ssh://localhost:22", "ssh://127.0.0.1", "ssh://[::1]:22"])
def test_connector_and_server_on_one_machine_are_one_bundle(
    service: str, declared: Read, ca: MakeCa
) -> None:
    """Where the connector leads to its own machine: bundle and token are in one folder there."""
    read = declared(HOST % ("a.example.com", service, ""))
    live = {EDGE: tunnel(running=False), Address("ca_key", "a.example.com"): ca(KEY)}

    lines = pasted(guided(read, live))

    folder = "ztctl-a.example.com"
    assert lines[0].endswith(f" | ssh SERVER 'mkdir -p {folder} && tar xf - -C {folder}'")
    assert lines[1].endswith(f" | ssh SERVER 'umask 077; cat > {folder}/token'")
    assert lines[2] == f"cd ~/{folder} && sudo sh install.sh --connector --token-file token"
    assert sum("tar xf" in line for line in lines) == 1


def test_a_token_is_piped(declared: Read, ca: MakeCa) -> None:
    """A token stands in no argument list, and its file is its owner's from the first byte."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))
    live = {EDGE: tunnel(running=False), Address("ca_key", "a.example.com"): ca(KEY)}

    lines = pasted(guided(read, live))

    assert (
        "ztctl tunnel token edge -f team.yaml --sandbox | "
        "ssh SERVER 'umask 077; cat > ztctl-a.example.com/token'" in lines
    )


BY_FILE = Live(
    "tunnel",
    "id-1",
    "edge.ztctl-prod",
    "edge",
    {"config": "local"},
    TunnelAttributes(running=False),
)


def test_a_tunnel_that_a_file_runs_gets_its_files(declared: Read, ca: MakeCa) -> None:
    """By a token it would serve nothing; the server's bundle is then one without a connector."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))
    live = {EDGE: BY_FILE, Address("ca_key", "a.example.com"): ca(KEY)}

    lines = pasted(guided(read, live))

    files = "ztctl tunnel files edge -o ztctl-edge -f team.yaml --sandbox"
    assert lines[0] == f"mkdir -p -m 700 ztctl-edge && {files}"
    assert lines[1] == "scp -rp ztctl-edge CONNECTOR: && rm -rf ztctl-edge"
    service = "sudo cloudflared --config /etc/cloudflared/config.yml service install"
    assert lines[4] == service
    assert "token" not in " ".join(lines)
    assert "cd ~/ztctl-a.example.com && sudo sh install.sh" in lines


def test_the_file_of_a_connector_that_runs_is_to_have_the_rule(declared: Read, ca: MakeCa) -> None:
    """An apply writes none: whether the server's file has the rule is compared, not taken."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))
    runs = replace(BY_FILE, attributes=TunnelAttributes(running=True))
    live = {EDGE: runs, Address("ca_key", "a.example.com"): ca(KEY)}

    guide = guided(read, live)

    assert guide.steps[1].text == "tunnel and DNS record"
    assert guide.steps[2].progress is Progress.UNSEEN
    seen, check, new = pasted(guide)[:3]
    assert seen == "ssh CONNECTOR cat /etc/cloudflared/config.yml > edge-seen.yml"
    assert check == "ztctl tunnel files edge --check edge-seen.yml -f team.yaml --sandbox"
    assert new.startswith("ztctl tunnel files edge -f team.yaml --sandbox > edge.yml && ssh")


def test_the_twin_of_a_tunnel_that_a_file_runs_is_run_by_a_token(
    declared: Read, ca: MakeCa
) -> None:
    """While it is migrated, what is to be started is the twin's connector."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))
    twin = Live("tunnel", "id-2", "edge.ztctl-prod--next", "edge--next", {})
    live = {EDGE: BY_FILE, Address("tunnel", "edge--next"): twin}
    live[Address("ca_key", "a.example.com")] = ca(KEY)

    lines = pasted(guided(read, live))

    assert lines[2].endswith("sudo sh install.sh --connector --token-file token")


def test_a_connector_that_runs_is_left_alone(declared: Read, ca: MakeCa) -> None:
    """Then the server's bundle is installed without one."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))
    live = {EDGE: tunnel(running=True), Address("ca_key", "a.example.com"): ca(KEY)}

    guide = guided(read, live)

    assert guide.steps[2].progress is Progress.DONE
    assert "cd ~/ztctl-a.example.com && sudo sh install.sh" in pasted(guide)


def test_machines_behind_a_bastion_are_named_as_the_files_do(declared: Read, ca: MakeCa) -> None:
    """Without a placeholder where the files have them; there are several to install on."""
    read = declared(HOST % ("a.example.com", "bastion", ""))
    live = {EDGE: tunnel(running=True), Address("ca_key", "a.example.com"): ca(KEY)}
    (seen,) = seen_hosts(ssh_hosts(read, KINDS), live, set())

    guide = guide_of(seen, TYPED, ["db1", "db2"])

    assert "each machine behind the bastion (db1, db2)" in guide.steps[3].text
    assert guide.steps[3].commands[1].where == "and on each of them:"
    assert "--via" not in pasted(guide)[-1]


def test_a_laptop_needs_no_account(declared: Read, ca: MakeCa) -> None:
    """Its page is made of the files alone."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))

    lines = pasted(guided(read, {}))

    assert lines[-1] == "ztctl ssh client render a.example.com -o a.example.com.html -f team.yaml"


@pytest.mark.parametrize("service", ["ssh://a", "bastion"])
def test_without_a_ca_there_is_a_way_to_log_in_too(service: str, declared: Read) -> None:
    """Whoever has a key of their own needs the way through cloudflared all the same."""
    read = declared(HOST % ("a.example.com", service, ", ca_key: false"))

    guide = guided(read, {EDGE: tunnel(running=True)})

    assert "keys of one's own" in " ".join(guide.notes)
    assert [line.split()[:4] for line in pasted(guide)] == [["ztctl", "ssh", "client", "render"]]


def test_a_terminal_is_told(declared: Read) -> None:
    """There is a way in without a laptop's configuration."""
    read = declared(HOST % ("a.example.com", "ssh://a", ", terminal: true"))

    assert "https://a.example.com" in " ".join(guided(read, {}).notes)


def test_an_apply_that_makes_nothing_needs_nothing(declared: Read) -> None:
    """Without something new there is nothing left to do."""
    read = declared(HOST % ("a.example.com", "ssh://a", ""))

    assert after_apply(read, created(), Outcome(), KINDS, TYPED) == ""


def test_what_is_no_ssh_host_needs_nothing(declared: Read) -> None:
    """A website needs neither sshd nor a laptop's configuration."""
    read = declared(HOST % ("a.example.com", "https://a", ", ca_key: false"))
    plan = created(Address("access_application", "a.example.com"), EDGE)

    assert after_apply(read, plan, Outcome(), KINDS, TYPED) == ""


def test_an_apply_ends_with_what_cannot_be_seen(declared: Read) -> None:
    """A connector that runs is not missed; servers count by their CA keys."""
    text = HOST % ("a.example.com", "ssh://a", "")
    read = declared(text + "  b.example.com: {tunnel: edge, service: 'ssh://b', policies: [p]}\n")
    plan = created(Address("ca_key", "a.example.com"), Address("ca_key", "b.example.com"))

    told = after_apply(read, plan, Outcome(live={EDGE: tunnel(running=True)}), KINDS, TYPED)

    assert told == (
        "Whether the 2 servers trust their CA cannot be seen from here.\n"
        "Next: ztctl ssh guide -f team.yaml --sandbox"
    )


@pytest.mark.parametrize("logs", [False, True])
def test_a_login_by_name_is_said_not_to_be_logged(declared: Read, *, logs: bool) -> None:
    """Where the files have rules that log SSH, nobody is left to think that they log this."""
    read = declared(HOST % ("a.example.com", "ssh://localhost:22", ""))
    (seen,) = seen_hosts(ssh_hosts(read, KINDS), {}, frozenset())

    guide = guide_of(seen, TYPED, logs=logs)

    assert any("are not logged" in note for note in guide.notes) is logs
