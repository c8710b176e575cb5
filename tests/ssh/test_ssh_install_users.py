"""Promises about accounts, people who log in as others, and profiles, all by real logins."""

from __future__ import annotations

import pytest

from tests.support.servers import DEBIAN, Host, new_key, public
from ztctl.ssh.sshd_config import Profile

HARDENED = Profile.hardened
# sshd as an older version has it, as far as its settings tell: no such keywords in what it says,
# and none of them taken.
OLD_SSHD = """\
for it in "$@"; do case $it in -T) says=yes ;; esac; done
if grep -qi '^CASignature\\|^PubkeyAcceptedAlgorithms\\|^PerSource' \
    /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* 2>/dev/null
then
    echo 'Bad configuration option' >&2
    exit 255
fi
[ "$says" ] || exec /usr/sbin/sshd "$@"
/usr/sbin/sshd "$@" | sed '/^casignature/d; /^exposeauth/d; /^persource/d
    s/^pubkeyacceptedalgorithms/pubkeyacceptedkeytypes/'
echo 'challengeresponseauthentication yes'
"""
NEW_SSHD = """\
case "$*" in *-T*) /usr/sbin/sshd "$@" && echo persourcepenaltyexemptlist none ;; esac
"""


def test_an_account_is_made_once_and_logs_in(host: Host) -> None:
    """With a home and a shell, without a password; a second run leaves it alone."""
    host.bundle(users="# people\naccount\tasmith\naccount\tj.doe\n")
    host.start()

    done = host.script()
    host.script()

    assert done.code == 0, done.said
    assert host.login("asmith", host.certificate("asmith"), "pwd").out == "/home/asmith\n"
    shadow = host.machine.path("/etc/shadow").read_text()
    assert shadow.count("\nasmith:*:") == shadow.count("\nj.doe:*:") == 1


def test_an_account_without_a_password_is_not_locked(host: Host) -> None:
    """Where sshd does not use PAM, a locked account takes no certificate."""
    host.machine.write("/etc/ssh/sshd_config", DEBIAN.replace("UsePAM yes", "UsePAM no"))
    host.bundle(users="account\tasmith\n")
    host.start()

    host.script()

    assert host.login("asmith", host.certificate("asmith")).out == "asmith\n"


def test_an_alias_is_the_same_user_by_another_name(host: Host) -> None:
    """Uid, gid, home and all groups are those of the other account; the password is not."""
    host.machine.run("sh", "-c", "groupadd ops; usermod -aG ops jdoe; echo jdoe:pw | chpasswd")
    host.bundle(users="alias\tjane\tjdoe\n")
    host.start()
    host.script()

    ids = [host.login(it, host.certificate(it), "id; pwd") for it in ("jane", "jdoe")]

    assert "(ops)" in ids[1].out
    # `id` names the uid by the first account that has it.
    assert ids[0].out == ids[1].out
    assert "\njane:*:" in host.machine.path("/etc/shadow").read_text()


def test_an_alias_of_nobody_is_refused(host: Host) -> None:
    """And so is a name that is another user's already."""
    host.bundle(users="alias\tjane\tnobodyhere\n")

    done = host.script()

    assert "there is no account nobodyhere" in done.err
    host.bundle(users="alias\tjdoe\tdaemon\n")
    assert "jdoe exists, and is no alias of daemon" in host.script().err


def test_an_account_may_be_made_and_shared_at_once(host: Host) -> None:
    """Those who are named log in as it; it is nobody's own name any more."""
    host.bundle(users="principals\tdeploy\tjdoe,asmith\naccount\tdeploy\n")
    host.start()

    done = host.script()

    assert done.code == 0, done.said
    logins = {it: host.login("deploy", host.certificate(it)).out for it in ("asmith", "deploy")}
    assert logins == {"asmith": "deploy\n", "deploy": ""}
    assert host.login("jdoe", host.certificate("jdoe")).out == "jdoe\n"


def test_people_are_mapped_without_a_folder_too(host: Host) -> None:
    """On a host whose sshd reads one file, what is for one account stands at its end."""
    config = DEBIAN.replace("Include", "#") + "Match User bob\n    X11Forwarding no\n"
    host.machine.write("/etc/ssh/sshd_config", config)
    host.bundle(users="principals\tjdoe\tasmith\n")
    host.start()

    done = host.script()

    assert done.code == 0, done.said
    assert host.login("jdoe", host.certificate("asmith")).out == "jdoe\n"


def test_nobody_is_mapped_to_an_account_that_is_not_there(host: Host) -> None:
    """It is told before anything is written."""
    host.bundle(users="principals\tdeploy\tjdoe\n")

    done = host.script()

    assert "there is no such account" in done.err
    assert not host.machine.path("/etc/ssh/ztctl_ca.pub").exists()


@pytest.mark.parametrize("gone", [True, False])
def test_accounts_stay_unless_they_are_to_go(host: Host, gone: bool) -> None:
    """An uninstall names those that an install made; their homes stay in any case."""
    host.bundle(users="account\tasmith\nalias\tjane\tjdoe\n")
    host.script("--no-login-test")

    done = host.script("uninstall", *(["--remove-accounts"] if gone else []))

    assert done.code == 0
    names = [it.split(":")[0] for it in host.machine.path("/etc/passwd").read_text().splitlines()]
    assert ("asmith" in names, "jane" in names, "jdoe" in names) == (not gone, not gone, True)
    assert ("userdel asmith" in done.out) is not gone
    assert host.machine.path("/home/asmith").is_dir()
    assert host.machine.path("/home/jdoe").is_dir()


def test_hardened_takes_nothing_but_certificates(host: Host) -> None:
    """A key in authorized_keys ends, but for the account that is to keep it."""
    own = new_key(host.folder / "own", "-t", "ed25519")
    host.machine.run("useradd", "-m", "-p", "*", "rescue")
    for name in ("jdoe", "rescue"):
        host.machine.write(f"/home/{name}/.ssh/authorized_keys", f"{public(own)}\n")
        host.machine.run("chown", "-R", name, f"/home/{name}")
    host.bundle(profile=HARDENED, break_glass="rescue")
    host.start()
    before = host.login("jdoe", own).out

    done = host.script()

    assert (before, done.code) == ("jdoe\n", 0), done.said
    assert host.login("jdoe", own).code == 255
    assert host.login("rescue", own).out == "rescue\n"
    assert host.login("jdoe", host.certificate("jdoe")).out == "jdoe\n"
    assert host.login("root", host.certificate("root")).code == 255


def test_an_older_sshd_gets_what_it_knows(host: Host) -> None:
    """Without CASignatureAlgorithms, and with the names that its version has."""
    host.stand_in("sshd", OLD_SSHD)
    host.bundle(profile=HARDENED)

    done = host.script("--no-login-test")

    assert done.code == 0, done.said
    text = host.machine.path("/etc/ssh/sshd_config.d/00-ztctl-prod.conf").read_text()
    assert "PubkeyAcceptedKeyTypes ecdsa-sha2-nistp256-cert-v01@openssh.com\n" in text
    assert "KbdInteractiveAuthentication no\nChallengeResponseAuthentication no\n" in text
    assert not {"CASignatureAlgorithms", "ExposeAuthInfo"} & set(text.split())


def test_a_newer_sshd_does_not_punish_all_for_one(host: Host) -> None:
    """From 9.8 on what comes through the connector is exempt; before, sshd would not start."""
    host.bundle()
    now = host.script("--dry-run").out
    host.stand_in("sshd", NEW_SSHD)

    newer = host.script("--dry-run").out

    assert "PerSourcePenalty" not in now
    assert "+PerSourcePenaltyExemptList 127.0.0.1,::1\n" in newer


@pytest.mark.parametrize("installed", [False, True], ids=["first run", "second run"])
def test_an_account_that_does_not_exist_is_told(host: Host, installed: bool) -> None:
    """By each run, before anything is done: nobody could log in as it."""
    host.bundle(users="account\tasmith\n")
    if installed:
        host.script("--no-login-test")
    before = host.files()

    done = host.script("--account", "asmith", "--account", "ghost")

    assert done.code == 1
    assert "there is no account ghost; nothing was changed" in done.err
    assert host.files() == before
