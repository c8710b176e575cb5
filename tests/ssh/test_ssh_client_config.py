"""Promises about the ssh_config of a laptop, as the real ssh reads it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.ssh.openssh import PATIENCE, Recorder, Ssh, client, first
from ztctl.core.model.client import ClientHost
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.inner import InnerHost
from ztctl.ssh.client_config import Laptop, client_config, user_name
from ztctl.ssh.client_program import LINUX, MACOS, MACOS_INTEL, WINDOWS, Executable
from ztctl.ssh.client_reading import read_config

EXACT, ALIASED, OWN = "ssh.example.com", "web.example.com", "own.dev.example.com"
PATTERN, BASTION = "*.dev.example.com", "jump.example.com"
INNER = tuple(
    InnerHost.parse(name, address)
    for name, address in (("db1", "10.0.0.12:22"), ("db6", "[fd00::12]:2222"))
)
HOSTS = (
    ClientHost(EXACT),
    ClientHost(ALIASED, aliases=("web", "w1")),
    ClientHost(PATTERN),
    ClientHost(OWN, has_ca=False),
    ClientHost(BASTION, is_bastion=True, inner=INNER),
)
CERTIFICATE = ("identityfile", "certificatefile", "identitiesonly")


@pytest.fixture
def ssh(tmp_path: Path) -> Ssh:
    """The client of this machine."""
    return client(tmp_path)


@pytest.fixture
def program(tmp_path: Path) -> Recorder:
    """What stands in cloudflared's place, in a folder whose name needs quotes."""
    return Recorder.at(tmp_path / "my 100% tools" / "cloudflared")


def config(program: Recorder, hosts: tuple[ClientHost, ...] = HOSTS, **more: object) -> str:
    """The blocks for a laptop on which the program is."""
    laptop = Laptop(Executable.at(str(program.path)), **more)  # type: ignore[arg-type]
    return client_config(hosts, laptop)


def files_of(name: str) -> list[str]:
    """The key and the certificate that cloudflared writes for a name."""
    return [f"~/.cloudflared/{name}-cf_key", f"~/.cloudflared/{name}-cf_key-cert.pub", "yes"]


def test_the_block_is_the_verified_one() -> None:
    """Word for word the split form, which scp, editors and a failed signing were tried with."""
    laptop = Laptop(Executable.at(LINUX))

    text = client_config((ClientHost(EXACT),), laptop)

    assert text == (
        f"# BEGIN ztctl {EXACT}\n"
        f'Match host {EXACT} exec "{LINUX} access ssh-gen --hostname {EXACT}"\n'
        f"  IdentityFile ~/.cloudflared/{EXACT}-cf_key\n"
        f"  CertificateFile ~/.cloudflared/{EXACT}-cf_key-cert.pub\n"
        "  IdentitiesOnly yes\n"
        f"Host {EXACT}\n"
        "  ServerAliveInterval 30\n"
        f"  ProxyCommand {LINUX} access ssh --hostname %h\n"
        f"# END ztctl {EXACT}\n"
    )


@pytest.mark.parametrize(
    ("typed", "named", "files", "host", "port", "key_alias", "rest"),
    [
        (EXACT, EXACT, EXACT, EXACT, "22", None, "--hostname %h"),
        ("web", ALIASED, ALIASED, ALIASED, "22", None, "--hostname %h"),
        ("w1", ALIASED, ALIASED, ALIASED, "22", None, "--hostname %h"),
        (ALIASED, ALIASED, ALIASED, ALIASED, "22", None, "--hostname %h"),
        ("a.dev.example.com", "a.dev.example.com", "%h", "a.dev.example.com", "22", None,
         "--hostname %h"),
        ("db1", BASTION, BASTION, "10.0.0.12", "22", "db1",
         f"--hostname {BASTION} --destination %h:%p"),
        ("db6", BASTION, BASTION, "fd00::12", "2222", "db6",
         f"--hostname {BASTION} --destination '[%h]:%p'"),
    ],
)  # fmt: skip
def test_ssh_reads_each_kind_of_host(
    typed: str,
    named: str,
    files: str,
    host: str,
    port: str,
    key_alias: str | None,
    rest: str,
    ssh: Ssh,
    program: Recorder,
) -> None:
    """It asks cloudflared for one certificate, offers that alone, and goes through the tunnel."""
    found = ssh.reads(config(program, user="jdoe"), typed)

    assert program.calls == [["access", "ssh-gen", "--hostname", named]]
    assert first(found, CERTIFICATE) == files_of(files)
    words = ["user", "hostname", "port", "serveraliveinterval"]
    assert first(found, words) == ["jdoe", host, port, "30"]
    assert found.get("hostkeyalias") == ([key_alias] if key_alias else None)
    path = str(program.path).replace("%", "%%")
    assert found["proxycommand"] == [f"{shlex.quote(path)} access ssh {rest}"]


def test_the_tunnel_is_taken_even_where_no_certificate_came(tmp_path: Path, ssh: Ssh) -> None:
    """Where signing fails the login goes on, so that it ends in a message of the server."""
    program = Recorder.at(tmp_path / "cloudflared", code=1)

    found = ssh.reads(config(program), EXACT)

    assert "certificatefile" not in found
    assert found["proxycommand"] == [f"{program.path} access ssh --hostname %h"]


def test_without_a_ca_nobody_asks_for_a_certificate(ssh: Ssh, program: Recorder) -> None:
    """Where people have keys of their own there is the way through the tunnel, and no more."""
    found = ssh.reads(config(program), OWN)

    assert program.calls == []
    assert "certificatefile" not in found
    assert found["proxycommand"][0].endswith(" access ssh --hostname %h")


@pytest.mark.parametrize("typed", ["a.b.dev.example.com", "dev.example.com", "other.example.com"])
def test_what_no_block_is_for_is_left_alone(typed: str, ssh: Ssh, program: Recorder) -> None:
    """A pattern is as wide as Access has it, one label: other hosts go their own ways."""
    found = ssh.reads(config(program), typed)

    assert program.calls == []
    assert found == ssh.reads("", typed)


def test_a_host_of_its_own_is_not_one_of_a_pattern(ssh: Ssh, program: Recorder) -> None:
    """Nor is a narrower pattern one of a wider: each name asks for one certificate."""
    hosts = (ClientHost("*.example.com"), ClientHost("web-*.example.com"), ClientHost(EXACT))
    text = config(program, hosts)

    for typed in (EXACT, "web-1.example.com", "x.example.com"):
        ssh.reads(text, typed)

    assert [call[-1] for call in program.calls] == [EXACT, "web-1.example.com", "x.example.com"]


def test_the_proxy_gets_the_words_that_are_meant(ssh: Ssh, program: Recorder) -> None:
    """Run for real, quotes and tokens have become the program and its words."""
    text = config(program)
    path = ssh.folder / "config"
    path.write_text(text)

    ssh.run("-F", str(path), "-o", "BatchMode=yes", "db6", "true")

    assert program.calls[-1] == [
        *("access", "ssh", "--hostname", BASTION, "--destination", "[fd00::12]:2222"),
    ]


@pytest.mark.parametrize("typed", [EXACT, "w1", "a.dev.example.com", "a.b.dev.example.com", "db6"])
def test_the_check_reads_the_same_as_ssh(typed: str, ssh: Ssh, program: Recorder) -> None:
    """What `ztctl ssh check` reads of a config, without running it, is what ssh would do."""
    path = ssh.folder / "config"
    path.write_text(config(program))

    found = read_config(path, typed, ssh.folder).value("proxycommand")

    read = ssh.reads(path, typed).get("proxycommand")
    assert read == ([found.value] if found else None)


def test_known_hosts_have_a_file_of_their_own(ssh: Ssh, program: Recorder) -> None:
    """Where the key is known there is no question; of a pattern some names may be new."""
    text = config(program, known_hosts="~/.ssh/ours", known=frozenset({EXACT, "db1", PATTERN}))
    words = ["userknownhostsfile", "stricthostkeychecking"]

    home = Path("~").expanduser()
    for typed in (EXACT, "db1"):
        assert first(ssh.reads(text, typed), words) == [f"{home}/.ssh/ours", "true"]
    some = first(ssh.reads(text, "a.dev.example.com"), words)
    assert some == [f"{home}/.ssh/known_hosts {home}/.ssh/ours", "ask"]
    assert first(ssh.reads(text, "w1"), words) == first(ssh.reads("", "w1"), words)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_any_path_is_run_as_it_is_or_refused(name: str, tmp_path: Path) -> None:
    """Whatever it is called, ssh runs that very file and nothing else; else it is not written."""
    ssh = client(tmp_path)
    assume(name not in (".", "..") and len(name.encode()) < 200)
    path = tmp_path / "p" / name / "cloudflared"
    try:
        laptop = Laptop(Executable.at(str(path)))
    except Failure:
        assume(False)
    program = Recorder.at(path)
    before = len(program.calls)

    ssh.reads(client_config((ClientHost(EXACT),), laptop), EXACT)

    assert program.calls[before:] == [["access", "ssh-gen", "--hostname", EXACT]]


@pytest.mark.parametrize("char", [*" $`;&|<>(){}[]*?~#%^=,@+"])
def test_a_character_of_shells_is_quoted(char: str, tmp_path: Path) -> None:
    """In the shells that are there, whichever is the user's own."""
    program = Recorder.at(tmp_path / f"a{char}b$(touch pwned)" / "cloudflared")
    word = Executable.at(str(program.path)).word.replace("%%", "%")

    for shell in ("/bin/sh", "/bin/bash"):
        words = (shell, "-c", f"exec {word} access")
        subprocess.run(words, check=True, cwd=tmp_path, timeout=PATIENCE)

    assert program.calls == [["access"], ["access"]]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "path",
    [
        *("cloudflared", "~/bin/cloudflared", "./cloudflared", "", "/opt/", "\\\\server\\share"),
        *('/opt/"/cloudflared', "/opt/'/cloudflared", "/opt/\\/cloudflared", "/opt/!/cloudflared"),
        *("/opt/\n/cloudflared", "/opt/\x1b[2J/cloudflared", "/opt/\u202e/cloudflared"),
        *("C:\\My Tools\\cloudflared.exe", "C:\\a&b\\cloudflared.exe", "C:\\%PATH%\\c.exe"),
        *('C:\\"\\cloudflared.exe', "C:\\a\\\\b\\cloudflared.exe", "/" + 2000 * "a"),
    ],
)
def test_a_path_that_no_quotes_make_safe_is_refused(path: str) -> None:
    """It is neither changed nor half quoted: a plain path is easily made."""
    with pytest.raises(Failure):
        Executable.at(path)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (WINDOWS, "C:\\PROGRA~1\\cloudflared\\cloudflared.exe"),
        ("C:\\Program Files (x86)\\cloudflared\\c.exe", "C:\\PROGRA~2\\cloudflared\\c.exe"),
        ("d:/tools/cloudflared.exe", "d:/tools/cloudflared.exe"),
        (MACOS, MACOS),
        (MACOS_INTEL, MACOS_INTEL),
    ],
)
def test_the_places_of_the_packages_need_no_quotes(path: str, word: str) -> None:
    """Those of Windows have short names, for cmd.exe takes no blanks there."""
    assert Executable.at(path).word == word


def test_for_windows_nothing_is_quoted_by_single_quotes() -> None:
    """They would be parts of the words to cmd.exe."""
    text = client_config(HOSTS, Laptop(Executable.at(WINDOWS)))

    assert "'" not in text
    assert "--destination [%h]:%p" in text


@pytest.mark.parametrize(
    "name",
    [
        *("$(reboot).example.com", "a;b.example.com", "a b.example.com", "-oProxyCommand=x"),
        *("a\nHost *", 'a".example.com', "!a.example.com", "a,b.example.com", "?.example.com"),
        *("a..example.com", "a.example.com/x", "%h", "#a", ""),
    ],
)
def test_a_hostile_name_is_refused(name: str) -> None:
    """No letter of a name can be read by a shell or by ssh_config as anything else."""
    laptop = Laptop(Executable.at(LINUX))

    for host in (ClientHost(name), ClientHost(EXACT, aliases=(name,))):
        with pytest.raises(Failure, match="safely"):
            client_config((host,), laptop)


def test_a_name_leads_to_one_host() -> None:
    """Two blocks of one name would hide each other."""
    hosts = (ClientHost(EXACT, aliases=("db1",)), HOSTS[-1])

    with pytest.raises(Failure, match=f"{BASTION} cannot have the name db1, too"):
        client_config(hosts, Laptop(Executable.at(LINUX)))


def test_a_bastion_alone_has_no_block() -> None:
    """Without a machine behind it there is nowhere to go."""
    bastion = ClientHost(BASTION, is_bastion=True)

    assert client_config((bastion,), Laptop(Executable.at(LINUX))) == ""


@pytest.mark.parametrize("name", ["a b", "a\nHost *", "$(x)", "-a", "%r", "", "#a", 70 * "a"])
def test_a_user_that_is_none_is_refused(name: str) -> None:
    """It stands in ssh_config as one plain word."""
    with pytest.raises(Failure, match="no name of an account"):
        user_name(name)
