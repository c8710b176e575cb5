"""Promises about `install.sh` when something goes wrong, and about how sshd is told to reload."""

from __future__ import annotations

import re

import pytest

from tests.support.servers import DEBIAN, Host

# Programs that log how they were called, as each system of services has them.
SYSTEMCTL = """\
echo "systemctl $*" >>/run/called
case "$*" in
    "is-active --quiet {running}") exit 0 ;;
    "is-active "*) exit 3 ;;
    "reload {running}") exit 0 ;;
esac
exit 1"""
LOGS = 'echo "{name} $*" >>/run/called'


def called(host: Host) -> list[str]:
    """What the programs of the service were asked to do, but for questions."""
    log = host.machine.path("/run/called")
    lines = log.read_text().splitlines() if log.exists() else []
    return [it for it in lines if "is-active" not in it and "status" not in it]


def systemd(host: Host, running: str) -> None:
    """A machine of systemd where this unit is active."""
    host.machine.path("/run/systemd/system").mkdir(parents=True)
    host.stand_in("systemctl", SYSTEMCTL.format(running=running))


def openrc(host: Host) -> None:
    """A machine of OpenRC, such as Alpine."""
    host.machine.path("/run/openrc").mkdir()
    host.stand_in("rc-service", LOGS.format(name="rc-service"))


def sysv(host: Host, unit: str) -> None:
    """A machine of init scripts."""
    for name in ("ssh", "sshd"):
        host.machine.path(f"/etc/init.d/{name}").unlink(missing_ok=True)
    host.machine.write(f"/etc/init.d/{unit}", f"#!/bin/sh\n{LOGS.format(name=unit)}\n", 0o755)
    host.stand_in("service", LOGS.format(name="service"))


@pytest.mark.parametrize(
    ("system", "unit", "expected"),
    [
        (systemd, "ssh.service", ["systemctl reload ssh.service"]),
        (systemd, "sshd.service", ["systemctl reload sshd.service"]),
        (systemd, "ssh.socket", []),
        (systemd, "none", []),
        (openrc, None, ["rc-service sshd reload"]),
        (sysv, "ssh", ["service ssh reload"]),
        (sysv, "sshd", ["service sshd reload"]),
    ],
)
def test_the_right_service_sees_one_reload(
    host: Host, system: object, unit: str | None, expected: list[str]
) -> None:
    """One reload, no restart; and none where a socket waits in sshd's place."""
    host.bundle()
    assert callable(system)
    system(host, unit) if unit else system(host)

    done = host.script("--no-login-test")

    assert done.code == 0, done.said
    assert called(host) == expected
    if unit in {"ssh.socket", "none"}:
        told = "ssh.socket waits" if unit == "ssh.socket" else "does not run here as a service"
        assert told in done.out


def test_a_socket_needs_the_folder_that_the_service_would_make(host: Host) -> None:
    """Where sshd is started by logins, the folder that it demands is not there before."""
    host.machine.path("/run/sshd").rmdir()
    host.bundle()

    done = host.script("--no-login-test")

    assert done.code == 0, done.said


TRAP = DEBIAN + "Match User jdoe\n    TrustedUserCAKeys none\n"
# What is to fail: how, the words, what is said.
FAILING = {
    "a file cannot be written": (
        "mount -t tmpfs -o ro tmpfs /etc/ssh/sshd_config.d",
        [],
        "cannot write /etc/ssh/sshd_config.d/00-ztctl-prod.conf",
    ),
    "an account cannot be made": (
        "stand-in:useradd:exit 1",
        ["--users", "{folder}/users"],
        "cannot make the account asmith",
    ),
    "sshd refuses the new files": (
        "echo 'TrustedUserCAKeys /a /b' >>/bundle/sshd.conf",
        [],
        "sshd refuses the new configuration",
    ),
    "a Match takes it back": (
        f"printf '{TRAP}' >/etc/ssh/sshd_config".replace("\n", "\\n"),
        ["--account", "jdoe"],
        "TrustedUserCAKeys is not set for jdoe",
    ),
    "no login succeeds": (
        "echo 'AllowUsers bob' >>/etc/ssh/sshd_config",
        [],
        "not allowed because not listed in AllowUsers",
    ),
    "an account of those named is refused": (
        "chage -E 1 jdoe",
        ["--users", "{folder}/users"],
        "jdoe by PAM account configuration",
    ),
    "sshd is not reloaded": (
        'stand-in:rc-service:echo "rc-service $*" >>/run/called; [ "$2" = status ]',
        ["--no-login-test"],
        "sshd could not be reloaded",
    ),
    "somebody interrupts": (
        "stand-in:ssh:kill -TERM $(cat /run/script.pid); sleep 5",
        [],
        "putting everything back",
    ),
}


@pytest.mark.parametrize("case", FAILING)
def test_whatever_fails_everything_is_put_back(host: Host, case: str) -> None:
    """Byte for byte, accounts included; and the running sshd has the old files."""
    how, words, said = FAILING[case]
    host.bundle()
    (host.folder / "users").write_text("account\tasmith\naccount\tjdoe\n")
    if how.startswith("stand-in:"):
        _, name, text = how.split(":", 2)
        host.stand_in(name, text)
        host.machine.path("/run/openrc").mkdir()
    else:
        host.machine.run("sh", "-c", how.replace("/bundle", str(host.folder / "bundle")))
    before = host.files()
    shell = ("sh", "-c", 'echo $$ >/run/script.pid; exec sh "$@"', "sh")

    done = host.script(*(it.format(folder=host.folder) for it in words), shell=shell)

    assert done.code not in {0, 64}
    assert said in done.said
    assert host.files() == before
    assert not host.machine.path("/home/asmith").exists()
    host.wait(lambda: host.machine.run("pgrep", "-x", "sshd").out == "")
    if case == "sshd is not reloaded":
        assert called(host) == ["rc-service sshd reload"] * 2


def test_a_home_that_was_there_stays(host: Host) -> None:
    """An account that is unmade leaves what others put where its home is."""
    host.bundle(users="account\tasmith\n")
    kept = host.machine.write("/home/asmith/notes", "mine")
    # An account that was there once had the uid that the new one gets.
    spoilt = "chown -R 1002 /home/asmith; echo 'AllowUsers bob' >>/etc/ssh/sshd_config"
    host.machine.run("sh", "-c", spoilt)

    done = host.script()

    assert done.code == 1
    assert "made the account asmith" in done.out
    assert "asmith" not in host.machine.path("/etc/passwd").read_text()
    assert kept.read_text() == "mine"


def test_what_is_broken_already_is_left_alone(host: Host) -> None:
    """A configuration that sshd refuses is somebody else's to repair."""
    host.machine.write("/etc/ssh/sshd_config", DEBIAN + "Nonsense yes\n")
    host.bundle()
    before = host.files()

    done = host.script()

    assert done.code == 1
    assert "sshd refuses its configuration as it is" in done.err
    assert "Nonsense" in done.err
    assert host.files() == before


@pytest.mark.parametrize("path", ["/etc/ssh/ztctl_ca.pub", "/etc/ssh/sshd_config"])
def test_lines_whose_end_somebody_deleted_are_not_guessed(host: Host, path: str) -> None:
    """What follows a beginning without an end may be anybody's: nothing is written."""
    with host.machine.path(path).open("a") as file:
        file.write("# >>> ztctl prod\n# mine\n")
    host.bundle()
    before = host.files()

    done = host.script()

    assert done.code == 1
    assert f"in {path} one of the lines" in done.err
    assert host.files() == before


WRONG = """\
# people
account\tj doe
account jdoe
alias\tjdoe
principals\tjdoe\t*
account\t-r
sudo\troot
principals\tjdoe\tbob,1st
"""


def test_every_wrong_line_of_the_users_file_is_told_by_its_number(host: Host) -> None:
    """All of them, before anything is done; and a star is nobody's name."""
    host.bundle(users=WRONG)
    before = host.files()

    done = host.script()

    assert done.code == 1
    assert re.findall(r"users:(.*)", done.err) == [
        "2: no name of an account: j doe",
        "3: not account, alias or principals, or not followed by a tab",
        "4: alias with 1 words",
        "5: no name: *",
        "6: no name of an account: -r",
        "7: not account, alias or principals, or not followed by a tab",
        "8: no name: 1st",
    ]
    assert host.files() == before


def test_nothing_to_uninstall_is_said(host: Host) -> None:
    """Where no install was, nothing is touched."""
    host.bundle()
    before = host.files()

    done = host.script("uninstall")

    assert done.code == 1
    assert "nothing of stack prod is installed here" in done.err
    assert host.files() == before


CUT = "ca.pub has a line that is no whole key"
# How a bundle is damaged on its way, and what is said of it.
DAMAGED = {
    ": > ca.pub": "ca.pub is missing or empty",
    "rm ca.pub": "ca.pub is missing or empty",
    "rm sshd.conf": "sshd.conf is missing or empty",
    "echo '# only a remark' > ca.pub": "there is no CA key in",
    "cut -c1-80 ca.pub > it; mv it ca.pub": CUT,
    "ssh-keygen -q -N '' -t rsa -f k; cut -c1-80 k.pub > ca.pub": CUT,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_bundle_is_refused_before_anything_is_written(host: Host, damage: str) -> None:
    """By `install` and by `check`: with a CA key that is cut nobody would get in."""
    host.bundle()
    host.machine.run("sh", "-c", f"cd {host.folder}/bundle && {damage}")
    before = host.files()

    done = [host.script(*words) for words in ([], ["check"])]

    assert [it.code for it in done] == [1, 1]
    assert all(DAMAGED[damage] in it.err and "cat:" not in it.err for it in done), done[0].said
    assert host.files() == before


@pytest.mark.parametrize(
    "words", [["--no-login-test"], ["uninstall"]], ids=["install", "uninstall"]
)
@pytest.mark.parametrize(
    "program",
    [
        'awk:[ "$1" != 1 ] || { head -c 60; exit 2; }',
        'cp:case $2 in */new.*) head -c 60 "$1" >"$2"; exit 1 ;; esac',
    ],
    ids=["awk", "cp"],
)
def test_a_draft_that_is_cut_off_shortens_no_file(
    host: Host, words: list[str], program: str
) -> None:
    """Such as on a full disk: it ends the run, and does not take the place of a file."""
    host.machine.write("/etc/ssh/sshd_config", DEBIAN.replace("Include", "#Include"))
    host.bundle()
    if words == ["uninstall"]:
        assert host.script("--no-login-test").code == 0
    before = host.files()
    name, text = program.split(":", 1)
    host.stand_in(name, f'{text}\nexec "/usr/bin/{name}" "$@"')

    done = host.script(*words)

    assert "no draft can be written" in done.err, done.said
    assert (done.code, host.files()) == (1, before)
