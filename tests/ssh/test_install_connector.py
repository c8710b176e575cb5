"""Promises about `install.sh --connector`, on machines whose init system is a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ssh.connector_machine import METRICS, OTHER, TUNNEL, ConnectorMachine, token
from tests.support.servers import Host, public
from tests.support.unshared import machine as made_machine
from tests.support.unshared import missing
from ztctl.ssh.bundle import Server, TrustedKey, bundle_of, install_script, write_folder
from ztctl.ssh.connector import ConnectorService, openrc_script, systemd_unit

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
UNITS = {
    "systemd": "/etc/systemd/system/cloudflared.service",
    "openrc": "/etc/init.d/cloudflared",
    "sysv": "/etc/init.d/cloudflared",
}
# Each init system, and either shell.
EACH = [("systemd", "dash"), ("openrc", "ash"), ("sysv", "dash"), ("sysv", "ash")]
PROGRAM = "/usr/local/bin/cloudflared"
MakeMachine = Callable[..., ConnectorMachine]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[MakeMachine]:
    """Make a machine; it is gone with the test."""
    if reason := missing():
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    with ExitStack() as stack:

        def make(
            init: str = "systemd", shell: str = "dash", services: tuple[str, ...] = ()
        ) -> ConnectorMachine:
            (tmp_path / "over").mkdir()
            up = stack.enter_context(made_machine(tmp_path / "over", network=True))
            return ConnectorMachine(up, tmp_path, init, shell, services)

        yield make


@pytest.mark.parametrize(("init", "shell"), EACH)
def test_a_connector_is_installed_and_connected(
    init: str, shell: str, machine: MakeMachine
) -> None:
    """On every init system, by either shell: enabled, started once, with a token file for root."""
    host = machine(init, shell)

    done = host.with_program(given=f"{token()}\n")

    assert (done.code, done.err) == (0, "")
    assert f"the connector of {TUNNEL} is connected" in done.out
    assert host.seen("token") == [f"600 {token()}"]
    assert host.sh("stat -c '%a %u' /etc/cloudflared /etc/cloudflared/token") == "755 0\n600 0\n"
    words = f"--no-autoupdate tunnel --metrics {METRICS} run --token-file /etc/cloudflared/token"
    assert host.seen("argv") == [f"{PROGRAM} {words}"]
    assert [line for line in host.seen("calls") if "enable" in line or "default" in line] == {
        "systemd": ["enable cloudflared.service"],
        "openrc": ["rc-update add cloudflared default"],
        "sysv": ["update-rc.d cloudflared defaults"],
    }[init]


@pytest.mark.parametrize("init", UNITS)
def test_a_second_run_changes_nothing(init: str, machine: MakeMachine) -> None:
    """It writes nothing and restarts nothing, with the token given again or without."""
    host = machine(init)
    host.with_program(given=token())
    before = host.tree()

    done = [host.with_program(given=token()), host.install()]

    assert [one.code for one in done] == [0, 0]
    assert "wrote" not in done[0].out + done[1].out
    assert len(host.seen("starts")) == 1
    assert host.tree() == before


@pytest.mark.parametrize(("init", "shell"), EACH)
def test_uninstall_leaves_nothing(init: str, shell: str, machine: MakeMachine) -> None:
    """Everything is as it was, byte for byte; no backup, no folder, no process stays."""
    host = machine(init, shell)
    before = host.tree()
    assert host.with_program(given=token()).code == 0

    done = host.install("uninstall")

    assert (done.code, done.err) == (0, "")
    assert host.tree() == before
    assert not host.sh("pgrep -f '[-]-token-file'")


def test_nothing_to_uninstall_is_said(machine: MakeMachine) -> None:
    """And it is no success."""
    done = machine().install("uninstall")

    assert done.code == 1
    assert "no connector is installed here" in done.err


def test_the_texts_are_those_of_ztctl(machine: MakeMachine) -> None:
    """What the script writes is what `ztctl tunnel service` prints."""
    host = machine("systemd")
    host.tunnels(f"{TUNNEL}\tssh-pool\n")
    host.with_program(given=token())

    written = host.sh(f"cat {UNITS['systemd']}")

    assert written == systemd_unit(ConnectorService("ssh-pool", PROGRAM))


def test_the_text_of_openrc_is_that_of_ztctl(machine: MakeMachine) -> None:
    """There, too."""
    host = machine("openrc")
    host.with_program(given=token())

    written = host.sh(f"cat {UNITS['openrc']}")

    assert written == openrc_script(ConnectorService(TUNNEL, PROGRAM))


def test_the_script_of_sysv_is_clean(machine: MakeMachine, tmp_path: Path) -> None:
    """Shellcheck finds nothing in what is written."""
    host = machine("sysv")
    host.with_program(given=token())
    (tmp_path / "written").write_text(host.sh(f"cat {UNITS['sysv']}"))

    done = subprocess.run(
        [SHELLCHECK, tmp_path / "written"], capture_output=True, text=True, check=False
    )

    assert done.stdout == ""


@pytest.mark.parametrize("mode", ["late 3", "second"])
def test_a_connector_that_is_late_is_waited_for(mode: str, machine: MakeMachine) -> None:
    """One that takes its time, and one that ends and is started again."""
    host = machine()
    host.connects(mode)

    done = host.with_program(given=token())

    assert (done.code, done.err) == (0, "")
    assert "is connected" in done.out
    assert len(host.seen("starts")) == (2 if mode == "second" else 1)


def test_a_connector_that_never_connects_is_told_and_stays(machine: MakeMachine) -> None:
    """What was seen is said, and what is to be looked at; the service goes on trying."""
    host = machine()
    host.connects("never")

    done = host.with_program("--wait", "1", given=token())

    assert done.code == 1
    assert "no connection to Cloudflare after 1 s" in done.err
    assert "/ready endpoint returned status code 503" in done.err
    assert "7844" in done.err
    assert host.sh("systemctl is-active && echo yes") == "yes\n"
    assert host.sh(f"ls {UNITS['systemd']} /etc/cloudflared/token").count("\n") == 2


@pytest.mark.parametrize("init", ["systemd", "sysv"])
def test_a_service_of_another_tunnel_is_not_replaced(init: str, machine: MakeMachine) -> None:
    """It is refused before anything is written, with the way to do it all the same."""
    host = machine(init)
    host.with_program(given=token(OTHER))
    before, starts = host.tree(), host.seen("starts")

    done = host.with_program(given=token())

    assert done.code == 1
    assert f"it runs tunnel {OTHER}" in done.err
    assert "--replace-connector" in done.err
    assert (host.tree(), host.seen("starts")) == (before, starts)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (f"ExecStart=/usr/bin/cloudflared tunnel run --token {token(OTHER)}", f"tunnel {OTHER}"),
        ("ExecStart=/usr/bin/cloudflared --config /etc/c.yml tunnel run", "something else"),
    ],
    ids=["inline", "local"],
)
def test_a_service_of_somebody_is_known(unit: str, said: str, machine: MakeMachine) -> None:
    """By a token in its unit, or because it has none; its token is not repeated."""
    host = machine()
    host.sh(f"echo '{unit}' >{UNITS['systemd']}")

    done = host.with_program(given=token())

    assert done.code == 1
    assert said in done.err
    assert token(OTHER) not in done.said


def test_a_replaced_service_comes_back(machine: MakeMachine) -> None:
    """With the flag another tunnel's service goes; uninstall brings it back, and it runs."""
    host = machine()
    run = f"{host.folder}/cloudflared tunnel --metrics {METRICS} run"
    unit = f"ExecStart={run} --token-file /etc/other"
    host.sh(f"echo {token(OTHER)} >/etc/other; echo '{unit}' >{UNITS['systemd']}")
    before = host.tree()

    replaced = host.with_program("--replace-connector", given=token())
    back = host.install("uninstall")

    assert (replaced.code, back.code) == (0, 0)
    assert host.tree() == before
    assert host.seen("token")[0] == f"600 {token()}"
    assert host.seen("calls")[-1] == "restart cloudflared.service"
    assert "disable cloudflared.service" not in host.seen("calls")


def test_a_new_token_of_the_tunnel_restarts_it(machine: MakeMachine) -> None:
    """After a rotation the same tunnel has another token; whoever comes through is warned."""
    host = machine()
    host.with_program(given=token())

    done = host.with_program(given=token(secret="another secret of the same tunnel"))

    assert done.code == 0
    assert "sessions through it end" in done.out
    assert [line[-6:] for line in host.seen("token")] == [
        it[-6:] for it in (token(), token(secret="another secret of the same tunnel"))
    ]


def test_the_token_is_in_no_argument_variable_or_output(machine: MakeMachine) -> None:
    """Nor in what `sh -x` shows: it goes from file to file."""
    host = machine()
    (host.folder / "token-file").write_text(token())
    words = ["--cloudflared", str(host.folder / "cloudflared")]
    words += ["--token-file", str(host.folder / "token-file")]

    done = host.run("dash", "-x", host.script, *words)

    assert done.code == 0
    seen = "".join([done.said, *host.seen("argv"), *host.seen("environ"), *host.seen("calls")])
    assert not any(part in seen for part in (token(), "canary"))
    assert host.sh(f"grep -rl {token()} /etc /run /var/log {host.folder}/tmp") == (
        "/etc/cloudflared/token\n"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "there is no token"),
        ("eyJhIjoi", "what was given as the token is none"),
        ("canary\nrm -rf /\n", "what was given as the token is none"),
    ],
)
def test_what_is_no_token_is_refused(given: str, said: str, machine: MakeMachine) -> None:
    """Before anything is written; what was given is not repeated."""
    host = machine()
    before = host.tree()

    done = host.with_program(given=given)

    assert done.code == 1
    assert said in done.err
    assert "canary" not in done.said
    assert host.tree() == before


def test_a_token_of_another_tunnel_than_the_bundle_is_refused(machine: MakeMachine) -> None:
    """The bundle knows its tunnels, by id and by name."""
    host = machine()
    host.tunnels(f"{TUNNEL}\tssh-pool\n")

    done = host.with_program(given=token(OTHER))

    assert done.code == 1
    assert f"the token is one of tunnel {OTHER}" in done.err
    assert "this bundle is for: ssh-pool" in done.err


def test_an_old_cloudflared_is_refused(machine: MakeMachine) -> None:
    """A token file wants 2025.4.0."""
    host = machine()
    host.program("2025.2.1")
    before = host.tree()

    done = host.with_program(given=token())

    assert done.code == 1
    assert "is of version 2025.2" in done.err
    assert host.tree() == before


def test_another_cloudflared_is_not_taken_for_this_one(machine: MakeMachine) -> None:
    """Where somebody answers on the address of the metrics already, nothing is installed."""
    host = machine()
    run = f"{host.folder}/cloudflared tunnel --metrics {METRICS} run --token-file"
    host.sh(f"touch /etc/t; setsid {run} /etc/t >/dev/null 2>&1 &")
    before = host.tree()
    asked = f"until {host.folder}/cloudflared tunnel --metrics {METRICS} ready; do :; done"
    host.sh(asked)

    done = host.with_program(given=token())

    assert done.code == 1
    assert "another cloudflared answers on" in done.err
    assert host.tree() == before


def test_a_dry_run_shows_and_does_nothing(machine: MakeMachine) -> None:
    """The service as a diff, the token as a file alone."""
    host = machine()
    before = host.tree()

    done = host.with_program("--dry-run", given=token())

    assert done.code == 0
    assert f"+++ {UNITS['systemd']}" in done.out
    assert f"the token of tunnel {TUNNEL} would be in /etc/cloudflared/token" in done.out
    assert token() not in done.said
    assert (host.tree(), host.seen("calls")) == (before, [])


def test_below_a_root_files_are_written_and_nothing_runs(machine: MakeMachine) -> None:
    """An image gets the service, and nobody is asked to start it."""
    host = machine()
    root = host.folder / "root"
    (root / "etc/systemd/system").mkdir(parents=True)

    done = host.with_program("--root", root, given=token())
    written = sorted(str(it.relative_to(root)) for it in root.rglob("*") if it.is_file())
    gone = host.install("--root", root, "uninstall")

    assert (done.code, gone.code, host.seen("calls")) == (0, 0, [])
    assert {"etc/cloudflared/token", f"{UNITS['systemd'][1:]}"} < {*written}
    assert [it for it in root.rglob("*") if it.is_file()] == []
    assert not (root / "etc/cloudflared").exists()


TOOL = """\
echo "$0 $*" >>FOLDER/calls
case "$*" in
    *" install "*) cp FOLDER/cloudflared /usr/local/bin/cloudflared ;;
    *purge* | *remove*) rm -f /usr/local/bin/cloudflared ;;
esac
"""
CURL = 'echo "$*" >>FOLDER/calls; while [ "$1" != -o ]; do shift; done; echo key >"$2"'


@pytest.mark.parametrize("tool", ["apt-get", "dnf"])
def test_cloudflared_comes_from_its_makers(tool: str, machine: MakeMachine) -> None:
    """From Cloudflare's own source, for apt and yum; uninstall takes package and source away."""
    host = machine()
    hidden = "apt-get" if tool == "dnf" else "dnf"
    script = host.script.read_text()
    host.script.write_text(script.replace(f"has {hidden}", "false"))
    host.tool(tool, TOOL.replace("FOLDER", str(host.folder)))
    host.tool("curl", CURL.replace("FOLDER", str(host.folder)))
    before = host.tree()

    done = host.install(given=token())
    file = {"apt-get": "/etc/apt/sources.list.d/cloudflared.list", "dnf": "/etc/yum.repos.d/*"}
    source = host.sh(f"cat {file[tool]}")
    gone = host.install("uninstall")

    assert (done.code, gone.code, done.err) == (0, 0, "")
    assert any("https://pkg.cloudflare.com/" in line for line in host.seen("calls"))
    assert ("pkg.cloudflare.com/cloudflared any main" in source) is (tool == "apt-get")
    assert host.tree() == before


def test_a_package_that_cannot_be_had_leaves_nothing(machine: MakeMachine) -> None:
    """What the tool said last is told, and every file is as it was."""
    host = machine()
    host.tool("apt-get", "echo E: no such package; exit 100")
    host.tool("curl", CURL.replace("FOLDER", str(host.folder)))
    before = host.tree()

    done = host.install(given=token())

    assert done.code == 1
    assert "E: no such package" in done.err
    assert "--cloudflared FILE" in done.err
    assert host.tree() == before


def test_one_run_makes_a_server_and_its_connector(host: Host) -> None:
    """With the real sshd: people log in, the connector is connected, and both are undone."""
    both = ConnectorMachine(host.machine, host.folder, "sysv", "dash")
    keys = (TrustedKey("ssh.example.com", public(host.ca)),)
    tunnels = ((TUNNEL, "ssh-pool"),)
    leads = ("ssh://localhost:22", "ssh://127.0.0.1:2222")
    server = Server("prod", ("ssh.example.com",), keys, tunnels=tunnels, services=leads)
    write_folder(bundle_of(server), host.folder / "bundle")
    before = both.tree(), host.files()
    host.start()

    done = both.with_program("--connector", given=token())
    logged_in = host.login("jdoe", host.certificate("jdoe"))
    checked = both.install("check")
    gone = both.install("uninstall", "--connector")

    assert (done.code, gone.code) == (0, 0), done.said + gone.said
    assert logged_in.out == "jdoe\n"
    assert "the connector of ssh-pool is connected" in done.out
    assert "ok    H13  the connector of ssh-pool is connected" in checked.out
    assert "ok    H14  sshd answers at localhost:22\n" in checked.out
    assert "FAIL  H14  no sshd answers at 127.0.0.1:2222, where the tunnel leads\n" in checked.out
    assert (both.tree(), host.files()) == before


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "there is no token"),
        (["--token-file", "/none"], "cannot read the token in /none"),
        (["--token-file", "/etc/hostname"], "what was given as the token is none"),
        (["--cloudflared", "/none", "--token-file", "{token}"], "there is no /none"),
        (["--root", "{root}", "--token-file", "{token}"], "there is no cloudflared below"),
    ],
    ids=["no token", "no file", "no token in it", "no program", "no program below a root"],
)
def test_a_connector_that_cannot_be_is_told_before_sshd_is_changed(
    host: Host, words: list[str], said: str, dry: list[str]
) -> None:
    """By a dry run as by the run: its token and its program are looked at first."""
    keys = (TrustedKey("ssh.example.com", public(host.ca)),)
    write_folder(bundle_of(Server("prod", ("ssh.example.com",), keys)), host.folder / "bundle")
    (host.folder / "token").write_text(token())
    (host.folder / "root").mkdir()
    places = {"root": host.folder / "root", "token": host.folder / "token"}
    before = host.files()

    done = host.script("--connector", *(it.format(**places) for it in words), *dry)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"install.sh: {said}")
    assert host.files() == before


def test_check_says_how_the_connector_is(machine: MakeMachine) -> None:
    """Not there, connected, without connection, stopped, and with a token that others may read."""
    host = machine()

    none = host.install("check").out
    host.with_program(given=token())
    connected = host.install("check").out
    host.sh("chmod 644 /etc/cloudflared/token; systemctl stop")
    stopped = host.install("check").out

    assert "FAIL  H13  no connector runs here as a service\n" in none
    assert f"ok    H13  the connector of {TUNNEL} is connected" in connected
    assert "FAIL  H13  /etc/cloudflared/token is not root's alone" in stopped
    assert "FAIL  H13  the service cloudflared does not run" in stopped


def test_a_service_of_another_user_has_its_own_token(machine: MakeMachine) -> None:
    """The file that the unit names, which its user alone may read, and no other."""
    host = machine()
    host.with_program(given=token())
    unit = UNITS["systemd"]
    host.sh(f"sed -i 's,cloudflared/token,cloudflared/own,; s,^Type,User=nobody\\nType,' {unit}")

    none = host.install("check").out
    host.sh("cp /etc/cloudflared/token /etc/cloudflared/own")
    of_root = host.install("check").out
    host.sh("chown nobody /etc/cloudflared/own; chmod 400 /etc/cloudflared/own")
    right = host.install("check").out

    assert "FAIL  H13  there is no token in /etc/cloudflared/own, which the service reads" in none
    assert "FAIL  H13  /etc/cloudflared/own is not nobody's alone" in of_root
    assert "ok    H13  the connector's token is a file that nobody alone reads" in right


def test_without_ssh_keyscan_the_way_is_not_seen(machine: MakeMachine) -> None:
    """And it is said so, for every place where the tunnel leads."""
    host = machine(services=("ssh://[::1]", "ssh://localhost:2222", "https://localhost"))
    host.with_program(given=token())
    host.sh("rm -f /usr/bin/ssh-keyscan")

    done = host.install("check")

    seen = [line for line in done.out.splitlines() if " H14 " in line]
    assert seen == [
        f"note  H14  whether sshd answers at {it} was not looked at: there is no ssh-keyscan"
        for it in ("[::1]:22", "localhost:2222")
    ]


def test_the_script_is_clean(tmp_path: Path) -> None:
    """Shellcheck finds nothing in the script of a connector alone, but what other parts define."""
    script = tmp_path / "install.sh"
    script.write_text(install_script(Server("prod", (), tunnel="ssh-pool")))

    done = subprocess.run(
        [SHELLCHECK, "--severity=warning", "--exclude=SC2034", script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == ""
