"""Promises about the checks of a host: each thing made false is found, by the id of its check."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.sshd import keygen, missing, program
from ztctl.core.model.address import Address
from ztctl.core.model.checkup import Verdict
from ztctl.core.model.copies import Trusted
from ztctl.core.model.facts import EdgeCertificates
from ztctl.core.model.guide import Typed
from ztctl.core.model.objects import Live
from ztctl.core.model.ssh_check import TITLES, HostCheck
from ztctl.core.reach.acceptance import Seen
from ztctl.core.reach.audit import AuditedName, Finding
from ztctl.core.reach.audit_rules import AuditCode
from ztctl.core.reach.who import Guard, Reach, Ruling, Service
from ztctl.kinds.access_application import ApplicationAttributes
from ztctl.kinds.ca_key import CaKeyAttributes
from ztctl.kinds.organization import OrganizationAttributes
from ztctl.kinds.tunnel import TunnelAttributes
from ztctl.ssh.client_checks import ClientSight, client_checks
from ztctl.ssh.cloud_checks import CloudSight, cloud_checks
from ztctl.ssh.network_checks import NetworkSight, network_checks
from ztctl.ssh.server_report import server_checks, unseen_server
from ztctl.ssh.stack import SshHost

HOST = "ssh.example.com"
UUID = "6ff42ae2-765d-4adf-8112-31c55c1551ef"
AUD = "a" * 64
TRUSTED = Trusted("t", UUID, "t.yml")
LOCAL = Service("t", UUID, HOST, "", "ssh://localhost:22", checks=True)


def reach(service: Service | None = LOCAL, decision: str = "allow") -> Reach:
    """Who reaches the host."""
    guard = Guard("", HOST, "app", policies=(Ruling(1, "p", "p", decision, "ann"),))
    return Reach(HOST, services=(service,) if service else (), guards=(guard,))


def named(found: Reach, *codes: AuditCode) -> AuditedName:
    """What an audit says of the host."""
    findings = tuple(Finding(code, "host", HOST, ("so",)) for code in codes)
    return AuditedName(HOST, "example.com", (), found, findings, Seen())


def record(**raw: Any) -> Live:
    """A record on the name."""
    content = f"{UUID}.cfargotunnel.com"
    whole = {"name": HOST, "type": "CNAME", "content": content, "proxied": True, **raw}
    return Live("dns_record", "r", HOST, HOST, {}, raw=whole)


def application(**values: Any) -> Live:
    """The application of the host."""
    values = {"type": "self_hosted", **values}
    return Live("access_application", "app", HOST, HOST, values, ApplicationAttributes(AUD))


def tunnel(status: str = "healthy") -> Live:
    """The tunnel of the host."""
    return Live("tunnel", UUID, "t", "t", {}, TunnelAttributes(True, status))


def organization(team: str = "acme") -> Live:
    """The account's organisation."""
    return Live("organization", "o", "o", "o", {}, OrganizationAttributes(team))


CLOUD = CloudSight(
    SshHost(HOST, service="ssh://localhost:22", ca_key=Address("ca_key", HOST)),
    named(reach()),
    zone="example.com",
    settings={"websockets": "on", "ssl": "full"},
    guard=application(),
    ca=Live("ca_key", "c", "c", "c", {}, CaKeyAttributes("ecdsa-sha2-nistp256 AAAA x", AUD)),
    records=(record(),),
    tunnel=tunnel(),
    connectors={"one": "2026.8.2"},
    routes=(),
    organization=organization(),
    month=(2026, 11),
)
FAIL, WARN, SKIP = Verdict.FAIL, Verdict.WARN, Verdict.SKIP
TERMINAL: dict[str, Any] = {"guard": application(type="ssh", app_launcher_visible=True)}
# By id what is made false, and what comes of it.
CLOUD_FAULTS: list[tuple[str, dict[str, Any], Verdict]] = [
    ("D1", {"zone": ""}, FAIL),
    ("D1", {"zone": "", "waiting": ("pending", "set its name servers")}, FAIL),
    ("D2", {"settings": {"websockets": "off", "ssl": "full"}}, FAIL),
    ("D2", {"settings": {}}, SKIP),
    ("D3", {"settings": {"websockets": "on", "ssl": "off"}}, FAIL),
    ("D4", {"named": named(reach(), AuditCode.NO_COVER)}, FAIL),
    ("D4", {"named": named(reach(), AuditCode.UNREAD_TUNNEL)}, SKIP),
    ("D4", {"guard": None}, FAIL),
    ("D4", {"guard": application(type="bookmark")}, FAIL),
    ("D5", {"named": named(reach(), AuditCode.BYPASS_EVERYONE)}, FAIL),
    ("D5", {"named": named(reach(), AuditCode.ANY_LOGIN)}, WARN),
    ("D5", {"named": named(reach(decision="deny"))}, FAIL),
    ("D6", {"ca": None}, FAIL),
    ("D6", {"ca": None, "host": SshHost(HOST)}, SKIP),
    ("D7", {"guard": application(enable_binding_cookie=True)}, FAIL),
    ("D8", {"host": SshHost("ssh.eu.example.com")}, WARN),
    ("D9", {"records": ()}, FAIL),
    ("D9", {"records": (record(), record(type="A", content="192.0.2.1"))}, FAIL),
    ("D9", {"records": (record(content="example.net"),)}, FAIL),
    ("D9", {"records": (record(proxied=False),)}, FAIL),
    ("D9", {"tunnel": None}, FAIL),
    ("D10", {"tunnel": tunnel("down")}, FAIL),
    ("D10", {"tunnel": tunnel("inactive")}, FAIL),
    ("D10", {"tunnel": tunnel("degraded")}, WARN),
    ("D10", {"connectors": {"one": "2025.10.1"}}, WARN),
    ("D11", {"named": named(reach(None))}, FAIL),
    ("D11", {"named": named(reach(replace(LOCAL, service="http://localhost:80")))}, FAIL),
    ("D11", {"named": named(reach(replace(LOCAL, path="^/x")))}, FAIL),
    ("D11", {"named": named(reach(replace(LOCAL, service="ssh://10.0.0.1:22")))}, WARN),
    ("D11", {"named": named(reach(None)), "tunnel": replace(tunnel(), is_whole=False)}, SKIP),
    ("D11", {"named": named(replace(reach(None), copies=(TRUSTED,)))}, FAIL),
    ("D12", {"routes": ("*.example.com/*",)}, WARN),
    ("D12", {"routes": None}, SKIP),
    ("D13", {"organization": None}, SKIP),
    ("D14", {"organization": organization("")}, FAIL),
    ("D15", {"connectors": {"one": "", "two": ""}}, FAIL),
    ("D16", {**TERMINAL, "host": SshHost(HOST, service="bastion")}, FAIL),
    ("D16", {**TERMINAL, "named": named(reach(decision="bypass"))}, FAIL),
    ("D16", {"guard": application(type="ssh", app_launcher_visible=False)}, WARN),
    ("D15", {"connectors": {}}, SKIP),
]
WAY = NetworkSight(
    HOST,
    addresses=("192.0.2.1",),
    tls="TLSv1.3",
    state="closed",
    status=302,
    location=f"https://acme.cloudflareaccess.com/cdn-cgi/access/login/{HOST}?kid={AUD}",
    metadata="x.y.z",
    skew=1.0,
    aud=AUD,
)
WAY_FAULTS: list[tuple[str, dict[str, Any], Verdict]] = [
    ("N1", {"dns_error": "no such name"}, FAIL),
    ("N1", {"addresses": ("fd10:aec2:5dae::1",)}, FAIL),
    ("N1", {"addresses": None}, SKIP),
    ("N2", {"tls_error": "handshake failure"}, FAIL),
    ("N3", {"state": "open", "status": 200}, FAIL),
    ("N3", {"state": "open", "status": 101}, FAIL),
    ("N3", {"state": "unseen", "status": None}, SKIP),
    ("N3", {"metadata": ""}, WARN),
    ("N4", {"aud": "b" * 64}, FAIL),
    ("N4", {"location": ""}, SKIP),
    ("N5", {"skew": 90.0}, FAIL),
    ("N5", {"skew": -90.0}, FAIL),
    ("N6", {"status": 530, "state": "unseen"}, FAIL),
    ("N6", {"status": 200, "state": "open"}, Verdict.PASS),
]
PROXY = f"  ProxyCommand /bin/sh access ssh --hostname {HOST}\n"
BLOCK = f"Host {HOST}\n{PROXY}"
# By id the text of ~/.ssh/config, and what comes of it.
CONFIGS: list[tuple[str, str, Verdict]] = [
    ("C2", "", FAIL),
    ("C2", "Host [your hostname]\n  User x\n", FAIL),
    ("C2", f"Host cfpipe-{HOST}\n{PROXY}", FAIL),
    ("C2", f"Host *\n  ProxyJump jump\n{BLOCK}", FAIL),
    ("C2", f"Host *\n  ProxyCommand nc %h %p\n{BLOCK}", FAIL),
    ("C2", f"Host other.example.com\n{PROXY}", FAIL),
    ("C2", f"Host {HOST}\n  ProxyCommand /no/cloudflared access ssh --hostname %h\n", FAIL),
    ("C2", f"Host {HOST}\n  ProxyCommand /Program Files/cloudflared access ssh\n", FAIL),
    ("C2", BLOCK, Verdict.PASS),
    ("C2", f'Match host {HOST} exec "touch ran"\n{PROXY}', Verdict.PASS),
    ("C2", f"Host *\n  ServerAliveInterval 30\n{BLOCK}", Verdict.PASS),
    ("C2", f"Host !{HOST} *\n  ProxyJump jump\n{BLOCK}", Verdict.PASS),
]


def by_id(checks: Any) -> dict[str, HostCheck]:
    """Checks by their ids."""
    return {it.id: it for it in checks}


def test_a_rule_that_only_a_copy_tells_is_said_to_be_so() -> None:
    """And an apply is no remedy where it is wrong."""
    seen = replace(reach(replace(LOCAL, service="ssh://10.0.0.1:22")), copies=(TRUSTED,))

    (found,) = (it for it in cloud_checks(replace(CLOUD, named=named(seen))) if it.id == "D11")

    assert "by t.yml, a copy" in found.found
    assert "ztctl tunnel files" in found.remedy


def test_a_remedy_is_a_command_as_it_was_called() -> None:
    """With the options that were given, and a pattern quoted for the shell."""
    host, typed = SshHost("*.example.com"), Typed(" -f x.yaml", " --sandbox")
    sight = replace(CLOUD, host=host, tunnel=tunnel("down"), typed=typed)

    (found,) = (it for it in cloud_checks(sight) if it.id == "D10")

    assert found.remedy.endswith("ztctl ssh guide '*.example.com' -f x.yaml --sandbox")


def test_an_account_in_order_passes() -> None:
    """Every check of it, so that each fault below is the only one."""
    assert {it.verdict for it in cloud_checks(CLOUD)} == {Verdict.PASS}
    way = by_id(network_checks(replace(WAY, metadata=None)))
    # Behind a login nothing is seen of the tunnel.
    assert way.pop("N6").verdict is SKIP
    assert {it.verdict for it in way.values()} == {Verdict.PASS}


@pytest.mark.parametrize(("id_", "change", "verdict"), CLOUD_FAULTS)
def test_a_fault_of_the_account_is_found(id_: str, change: Any, verdict: Verdict) -> None:
    """By its check, with what to do."""
    found = by_id(cloud_checks(replace(CLOUD, **change)))[id_]

    assert found.verdict is verdict
    assert found.remedy or verdict is SKIP


def test_a_deep_name_with_a_certificate_passes() -> None:
    """Of its own zone, and an active one."""
    known = EdgeCertificates("example.com", frozenset({"*.eu.example.com"}))
    sight = replace(CLOUD, host=SshHost("ssh.eu.example.com"), certificates=(known,))

    assert by_id(cloud_checks(sight))["D8"].verdict is Verdict.PASS


@pytest.mark.parametrize(("id_", "change", "verdict"), WAY_FAULTS)
def test_a_fault_of_the_way_is_found(id_: str, change: Any, verdict: Verdict) -> None:
    """By its check, with what to do."""
    found = by_id(network_checks(replace(WAY, **change)))[id_]

    assert found.verdict is verdict
    assert found.remedy or verdict in (SKIP, Verdict.PASS)


def test_every_check_is_made_false_somewhere() -> None:
    """No check is there that finds nothing."""
    told = {id_ for id_, *_ in (*CLOUD_FAULTS, *WAY_FAULTS, *CONFIGS)}
    elsewhere = {"C1", "C3", "C4", "C5", "C6"}

    assert told | elsewhere == {id_ for id_ in TITLES if not id_.startswith("H")}


def test_an_answer_without_a_login_is_an_open_door() -> None:
    """Unless the files say that it is meant."""
    open_now = replace(WAY, state="open", status=200)

    assert by_id(network_checks(open_now))["N3"].opens
    assert not by_id(network_checks(replace(open_now, is_public=True)))["N3"].opens


def test_what_cannot_be_told_may_be_open() -> None:
    """A tunnel whose rules were not read may serve anything."""
    found = by_id(cloud_checks(replace(CLOUD, named=named(reach(), AuditCode.LOCAL_TUNNEL))))

    assert (found["D4"].verdict, found["D4"].opens) == (SKIP, True)


def test_the_application_of_the_metadata_is_compared() -> None:
    """What cloudflared would be told counts, too."""
    claims = base64.urlsafe_b64encode(json.dumps({"aud": "b" * 64}).encode()).decode().rstrip("=")

    found = by_id(network_checks(replace(WAY, metadata=f"h.{claims}.s")))

    assert found["N4"].verdict is FAIL


@pytest.mark.parametrize("token", ["", "a.b", "a.!!.c", "a." + "W1tb" * 1000 + ".c", "é.é.é"])
def test_a_token_that_is_none_tells_nothing(token: str) -> None:
    """It comes from whoever answers."""
    found = by_id(network_checks(replace(WAY, metadata=token, location="http://[")))

    assert found["N4"].verdict is SKIP


# -- the laptop -----------------------------------------------------------------------------

Home = Callable[[str], ClientSight]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A laptop with this ~/.ssh/config."""

    def make(config: str, **facts: Any) -> ClientSight:
        (tmp_path / ".ssh").mkdir(exist_ok=True)
        (tmp_path / ".ssh" / "config").write_text(config)
        version = "cloudflared version 2026.8.2 (built 2026-08-20)"
        return ClientSight(HOST, tmp_path, "jdoe", "/bin", version, **facts)

    return make


@pytest.mark.parametrize(("id_", "config", "verdict"), CONFIGS)
def test_a_fault_of_the_configuration_is_found(
    home: Home, id_: str, config: str, verdict: Verdict
) -> None:
    """As ssh would read it."""
    assert by_id(client_checks(home(config)))[id_].verdict is verdict


def test_nothing_of_a_configuration_is_run(home: Home, tmp_path: Path) -> None:
    """Neither the command of a Match nor that of a proxy."""
    config = f'Match host {HOST} exec "touch {tmp_path}/ran"\n  ProxyCommand touch {tmp_path}/ran\n'

    found = by_id(client_checks(home(config)))

    assert found["C6"].verdict is Verdict.PASS
    assert not (tmp_path / "ran").exists()


def test_included_files_are_read(home: Home, tmp_path: Path) -> None:
    """Relative to ~/.ssh, in the block in which they stand, and in circles only so far."""
    sight = home("Include conf.d/*\nInclude config\n")
    (tmp_path / ".ssh" / "conf.d").mkdir()
    (tmp_path / ".ssh" / "conf.d" / "zt").write_text(BLOCK)

    found = by_id(client_checks(sight))["C2"]

    assert (found.verdict, "conf.d/zt:2" in found.found) == (Verdict.PASS, True)


def test_an_include_in_a_block_belongs_to_it(home: Home, tmp_path: Path) -> None:
    """Of another host it is nothing to this one."""
    sight = home("Host other\n  Include zt\n")
    (tmp_path / ".ssh" / "zt").write_text(BLOCK)

    assert by_id(client_checks(sight))["C2"].verdict is FAIL


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("", FAIL),
        ("cloudflared version 2026.6.0 (built x)", WARN),
        ("cloudflared version 2025.4.0 (built x)", WARN),
        ("something", SKIP),
        ("cloudflared version 2026.8.2 (built x)", Verdict.PASS),
    ],
)
def test_the_version_of_cloudflared_is_looked_at(
    home: Home, version: str, verdict: Verdict
) -> None:
    """Absent, of a known fault, or older than what it asks by."""
    assert by_id(client_checks(replace(home(BLOCK), version=version)))["C1"].verdict is verdict


@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        ("/bin/sh access ssh --hostname %h", FAIL),
        ("/bin/sh access ssh --hostname %h --destination db1", FAIL),
        ("/bin/sh access ssh --hostname %h --destination db1:22", Verdict.PASS),
        ("/bin/sh access ssh --hostname %h --destination %h:%p", Verdict.PASS),
    ],
)
def test_a_bastion_wants_a_destination(home: Home, command: str, verdict: Verdict) -> None:
    """With a port."""
    sight = replace(home(f"Host {HOST}\n  ProxyCommand {command}\n"), is_bastion=True)

    assert by_id(client_checks(sight))["C5"].verdict is verdict


def test_a_bastion_has_the_blocks_of_its_machines(home: Home) -> None:
    """Nobody logs in to the bastion itself, and so it needs no block."""
    inner = f"Host db1\n  ProxyCommand /bin/sh access ssh --hostname {HOST} --destination %h:%p\n"

    found = by_id(client_checks(replace(home(inner), is_bastion=True)))

    assert (found["C2"].verdict, found["C5"].verdict) == (Verdict.PASS, Verdict.PASS)


@pytest.fixture
def login(home: Home, tmp_path: Path) -> ClientSight:
    """A laptop that has logged in: key, public key, and a certificate for jdoe."""
    reason = missing()
    if reason:
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    folder = tmp_path / ".cloudflared"
    folder.mkdir(mode=0o700)
    key = folder / f"{HOST}-cf_key"
    keygen("-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", key)
    keygen("-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", tmp_path / "ca")
    keygen("-q", "-s", tmp_path / "ca", "-I", "jdoe@example.com", "-n", "jdoe", f"{key}.pub")
    said = keygen("-l", "-f", tmp_path / "ca.pub").split()[1]
    return replace(home(BLOCK), ca=said, now=2_000_000_000.0)


def test_a_laptop_that_has_logged_in_passes(login: ClientSight) -> None:
    """Key, certificate and CA belong together."""
    found = by_id(client_checks(login))

    assert (found["C3"].verdict, found["C4"].verdict) == (Verdict.PASS, Verdict.PASS)


def _key(seen: ClientSight) -> Path:
    return seen.home / ".cloudflared" / f"{HOST}-cf_key"


def _another_key(seen: ClientSight) -> None:
    keygen("-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", seen.home / "other")
    Path(f"{_key(seen)}.pub").write_text((seen.home / "other.pub").read_text())


KEY_FAULTS: list[tuple[str, Callable[[ClientSight], object], Verdict]] = [
    ("C3", lambda it: _key(it).unlink(), FAIL),
    ("C3", lambda it: _key(it).chmod(0o644), FAIL),
    ("C3", lambda it: _key(it).parent.chmod(0o755), WARN),
    ("C3", _another_key, FAIL),
    ("C4", lambda it: Path(f"{_key(it)}-cert.pub").write_text(""), FAIL),
    ("C4", lambda it: Path(f"{_key(it)}-cert.pub").unlink(), SKIP),
]


@pytest.mark.parametrize(("id_", "deed", "verdict"), KEY_FAULTS)
def test_a_fault_of_the_keys_is_found(
    login: ClientSight, id_: str, deed: Callable[[ClientSight], object], verdict: Verdict
) -> None:
    """By its check."""
    deed(login)

    assert by_id(client_checks(login))[id_].verdict is verdict


def test_a_certificate_is_compared_with_the_host(login: ClientSight) -> None:
    """With its CA, and with the account that ssh logs in to."""
    other = replace(login, ca="SHA256:other")
    somebody = replace(login, user="ann")

    assert by_id(client_checks(other))["C4"].verdict is FAIL
    assert by_id(client_checks(somebody))["C4"].verdict is WARN


def test_ssh_reads_a_configuration_alike(home: Home, tmp_path: Path) -> None:
    """The real ssh gives the same first values, of files without a command."""
    reason = missing()
    if reason:
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    others = f"Host !{HOST} *\n  ProxyCommand no\nHost *.example.com\n  User x\n"
    home(f"{others}Host ssh.?xample.com\n{PROXY}")
    from ztctl.ssh.client_reading import read_config

    config = tmp_path / ".ssh" / "config"
    done = subprocess.run(
        [program("ssh") or "", "-G", "-F", str(config), HOST], capture_output=True, check=True
    )

    said = dict(line.split(" ", 1) for line in done.stdout.decode().splitlines() if " " in line)
    found = read_config(config, HOST, tmp_path)
    assert {it: found.first[it].value for it in ("user", "proxycommand")} == {
        it: said[it] for it in ("user", "proxycommand")
    }


# -- the server -----------------------------------------------------------------------------

REPORT = """\
ok    H2   sshd takes certificates
FAIL  H3   /etc/ssh/ca.pub is missing
           run install.sh
warn  H10  failed logins of one user keep out all
note  H12  the clock says so
something else
FAIL  H99  no such check
           nor its remedy
"""


def test_what_the_script_says_is_read() -> None:
    """Its verdicts and remedies, and nothing of other lines."""
    found = [(it.id, it.verdict, it.remedy) for it in server_checks(REPORT)]

    assert found == [
        ("H2", Verdict.PASS, ""),
        ("H3", FAIL, "run install.sh"),
        ("H10", WARN, ""),
        ("H12", SKIP, ""),
    ]


def test_a_server_that_was_not_seen_is_said_to_be_so() -> None:
    """Check by check."""
    found = list(unseen_server())

    assert {it.id for it in found} == {id_ for id_ in TITLES if id_.startswith("H")}
    assert {it.verdict for it in found} == {SKIP}
