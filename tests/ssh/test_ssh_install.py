"""Promises about what `install.sh` makes of a server. Everything is real: sshd, ssh, accounts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.servers import DEBIAN, Host, new_key, public
from tests.support.unshared import PATH
from ztctl.ssh.fingerprint import fingerprint

DROP_IN = "/etc/ssh/sshd_config.d/00-ztctl-prod.conf"
CA_FILE = "/etc/ssh/ztctl_ca.pub"
# Of RHEL 8 and Debian 10: no Include, and something for a few at the end, which has no line end.
OLD = DEBIAN.replace("Include", "#Include") + "Match User nobody\n    X11Forwarding no"

# As busybox has it: `adduser -D -s SHELL NAME` makes an account that is locked.
ADDUSER = """\
[ "$1 $2" = "-D -s" ] || exit 1
echo "$4:x:1002:1002::/home/$4:$3" >>/etc/passwd
echo "$4:!:20000::::::" >>/etc/shadow
mkdir "/home/$4" """


@pytest.mark.parametrize("shell", [("sh",), ("bash", "--posix")], ids=" ".join)
def test_a_login_works_after_an_install_and_not_before(host: Host, shell: tuple[str]) -> None:
    """The running sshd takes a certificate once the script has run, without a restart."""
    host.bundle()
    host.start()
    key = host.certificate("jdoe")
    before = host.login("jdoe", key)

    done = host.script(shell=shell)

    assert (before.code, done.code) == (255, 0), done.said
    assert "trying a login as jdoe" in done.out
    assert host.login("jdoe", key).out == "jdoe\n"
    assert host.login("root", host.certificate("jdoe")).code == 255


def test_it_runs_where_there_is_nothing_but_busybox(host: Host) -> None:
    """All of install, check and uninstall, with busybox's shell and tools alone."""
    host.bundle(users="account\tasmith\n")
    before = host.files()
    tools = host.folder / "tools"
    tools.mkdir()
    host.machine.run("busybox", "--install", "-s", tools)
    for name in ("ssh", "ssh-keygen", "ssh-keyscan"):
        tools.joinpath(name).symlink_to(str(shutil.which(name)))
    for name in ("useradd", "userdel"):  # Alpine has these two in their place
        host.machine.run("mount", "--bind", "/dev/null", f"/usr/sbin/{name}")
    host.stand_in("adduser", ADDUSER)
    host.stand_in("deluser", 'for it in passwd shadow; do sed -i "/^$1:/d" "/etc/$it"; done')
    shell, path = (str(shutil.which("busybox", path=PATH)), "ash"), f"{tools}:/usr/sbin"

    done = [host.script(*words, shell=shell, path=path) for words in ([], ["check"])]
    shadow = host.machine.path("/etc/shadow").read_text()
    done.append(host.script("uninstall", "--remove-accounts", shell=shell, path=path))

    assert [it.code for it in done] == [0, 0, 0], [it.said for it in done]
    assert "trying a login as asmith" in done[0].out
    assert "ok    H8   asmith can log in" in done[1].out
    assert "asmith:*:" in shadow
    assert "\nasmith:" not in host.machine.path("/etc/passwd").read_text()
    assert _of_ssh(host.files()) == _of_ssh(before)


@pytest.mark.parametrize(
    ("config", "users"),
    [
        (DEBIAN, ""),
        (DEBIAN, "principals\tjdoe\tasmith,bob\n"),
        (OLD, ""),
        (f"{OLD}\n\n", "principals\tjdoe\tasmith,bob\n"),
    ],
    ids=["folder", "folder, mapped", "main file, no line end", "main file, mapped"],
)
def test_an_uninstall_leaves_everything_as_it_was(host: Host, config: str, users: str) -> None:
    """Byte for byte, with and without a folder that sshd reads, and no backup is left."""
    host.machine.write("/etc/ssh/sshd_config", config)
    host.bundle(users=users)
    before = host.files()
    installed = host.script("--no-login-test")

    done = host.script("uninstall")

    assert (installed.code, done.code) == (0, 0), installed.said + done.said
    assert f"removed {CA_FILE}\n" in done.out
    assert host.files() == before
    assert not host.machine.path("/etc/ssh/ztctl_backup").exists()
    assert not host.machine.path("/etc/ssh/ztctl_principals").exists()


def test_what_others_changed_meanwhile_stays(host: Host) -> None:
    """An uninstall takes away its own lines, not those that somebody added since."""
    host.machine.write("/etc/ssh/sshd_config", OLD)
    host.bundle()
    host.script("--no-login-test")
    with host.machine.path("/etc/ssh/sshd_config").open("a") as file:
        file.write("\nMatch User bob\n    X11Forwarding no\n")

    host.script("uninstall")

    left = host.machine.path("/etc/ssh/sshd_config").read_text()
    assert left == OLD + "\n\nMatch User bob\n    X11Forwarding no\n"


@pytest.mark.parametrize("config", [DEBIAN, OLD], ids=["folder", "main file"])
def test_a_second_run_changes_nothing(host: Host, config: str) -> None:
    """It says so, and has nothing reloaded."""
    host.machine.write("/etc/ssh/sshd_config", config)
    host.bundle(users="account\tasmith\nprincipals\tjdoe\tbob\n")
    host.script("--no-login-test")
    before = host.files()
    host.stand_in("ssh", "echo called >>/run/called; exit 1")

    done = host.script()

    assert done.code == 0
    assert "nothing to change" in done.out
    assert host.files() == before
    assert not host.machine.path("/run/called").exists()


def test_a_dry_run_shows_a_diff_and_changes_nothing(host: Host) -> None:
    """Each file as `diff` shows it, and each account."""
    host.bundle(users="account\tasmith\n")
    before = host.files()

    done = host.script("--dry-run")

    assert done.code == 0
    assert f"+++ {DROP_IN}\n" in done.out
    assert f"+{public(host.ca)}\n" in done.out
    assert "account asmith\n" in done.out
    assert host.files() == before


def test_a_dry_run_of_an_uninstall_changes_nothing(host: Host) -> None:
    """It shows what goes, accounts among it."""
    host.bundle(users="account\tasmith\n")
    host.script("--no-login-test")
    before = host.files()

    done = host.script("uninstall", "--dry-run", "--remove-accounts")

    assert f"-{public(host.ca)}\n" in done.out
    assert "the account asmith would go; its home stays\n" in done.out
    assert host.files() == before


@pytest.mark.parametrize("end", ["\n", ""], ids=["ended", "not ended"])
def test_a_foreign_ca_stays_trusted(host: Host, end: str) -> None:
    """Where sshd trusts a file already, that file gets the key; its own keys and line ends stay."""
    foreign = new_key(host.folder / "foreign")
    kept = f"# ours\r\n{public(foreign)}{end}"
    host.machine.write("/etc/ssh/our_ca", kept)
    host.machine.write("/etc/ssh/sshd_config", DEBIAN + "TrustedUserCAKeys /etc/ssh/our_ca\n")
    host.bundle()
    before = host.files()
    host.start()

    done = host.script()

    assert done.code == 0, done.said
    both = [host.login("jdoe", host.certificate("jdoe", ca=ca)) for ca in (host.ca, foreign)]
    assert [it.out for it in both] == ["jdoe\n", "jdoe\n"]
    assert not host.machine.path(CA_FILE).exists()
    host.script("uninstall")
    assert host.files() == before


def test_a_broken_line_of_others_does_not_hide_the_key(host: Host) -> None:
    """Of a file sshd reads no further than to a line that is no key, so ours stand above it."""
    foreign = public(new_key(host.folder / "foreign"))
    host.machine.write("/etc/ssh/our_ca", f"{foreign}\nnot a key\n")
    host.machine.write("/etc/ssh/sshd_config", DEBIAN + "TrustedUserCAKeys /etc/ssh/our_ca\n")
    host.bundle()

    done = host.script("--no-login-test")

    assert done.code == 0, done.said
    assert "warn  H3   /etc/ssh/our_ca:6 is no key, and sshd reads no further" in done.out


def test_several_cas_are_trusted(host: Host) -> None:
    """While a CA is renewed a server trusts both."""
    other = new_key(host.folder / "other")
    host.bundle(other)
    host.start()

    host.script("--no-login-test")

    both = [host.login("jdoe", host.certificate("jdoe", ca=ca)) for ca in (host.ca, other)]
    assert [it.out for it in both] == ["jdoe\n", "jdoe\n"]


def test_another_bundle_takes_the_place_of_the_first(host: Host) -> None:
    """A CA that is in the first bundle alone is trusted no more."""
    host.bundle(new_key(host.folder / "other"))
    host.script("--no-login-test")
    host.bundle()

    host.script("--no-login-test")

    text = host.machine.path(CA_FILE).read_text()
    assert text.count("ecdsa-sha2-nistp256 ") == 1
    assert public(host.ca) in text


@pytest.mark.parametrize(
    ("config", "drop_in"),
    [
        (OLD, ""),
        ("PubkeyAuthentication no\n" + DEBIAN, ""),
        (DEBIAN, "PubkeyAuthentication no\n"),
        ("Match User nobody\n    X11Forwarding no\n" + DEBIAN.replace("UsePAM yes\n", ""), ""),
        (DEBIAN.replace("/etc/ssh/sshd_config.d", "/etc/ssh/other.d"), ""),
    ],
    ids=["no Include", "shadowed before Include", "shadowed by name", "in a Match", "other folder"],
)
def test_where_a_drop_in_would_not_win_the_main_file_has_it(
    host: Host, config: str, drop_in: str
) -> None:
    """The first value counts: what comes before the folder is met at the top of the main file."""
    config = "\n".join(it for it in config.splitlines() if "Subsystem" not in it) + "\n"
    if config.startswith("Match"):  # these are for everybody, and not allowed there
        config = "\n".join(it for it in config.splitlines() if "HostKey" not in it) + "\n"
    host.machine.write("/etc/ssh/sshd_config", config)
    if drop_in:
        host.machine.write("/etc/ssh/sshd_config.d/00-aaa.conf", drop_in)
    host.bundle(users="principals\tjdoe\tbob\n")

    done = host.script("--no-login-test")

    assert done.code == 0, done.said
    assert not host.machine.path(DROP_IN).exists()
    assert host.machine.path("/etc/ssh/sshd_config").read_text().startswith("# >>> ztctl prod\n")


def test_a_file_that_is_a_link_stays_one(host: Host) -> None:
    """Who keeps the configuration elsewhere finds it there."""
    host.machine.write("/etc/kept", OLD)
    main = host.machine.path("/etc/ssh/sshd_config")
    main.unlink()
    main.symlink_to("/etc/kept")
    host.bundle()

    host.script("--no-login-test")

    assert main.is_symlink()
    assert "ztctl" in host.machine.path("/etc/kept").read_text()


def test_below_another_root_only_files_change(host: Host) -> None:
    """An image gets its files, judged by sshd; this machine stays as it is."""
    host.bundle()
    before = host.files()
    image = host.folder / "image"
    shutil.copytree(host.machine.path("/etc/ssh"), image / "etc" / "ssh")
    shutil.copy(host.machine.path("/etc/passwd"), image / "etc" / "passwd")

    done = host.script("--root", str(image))

    assert done.code == 0, done.said
    assert "sshd takes certificates" in done.out
    assert "no login was tried" in done.out
    assert public(host.ca) in (image / CA_FILE[1:]).read_text()
    assert host.files() == before


def test_without_ssh_keygen_no_login_is_tried_and_that_is_said(host: Host) -> None:
    """The rest is done all the same."""
    host.bundle()
    host.machine.run("mount", "--bind", "/dev/null", str(shutil.which("ssh-keygen", path=PATH)))

    done = host.script()

    assert done.code == 0
    assert "no login was tried: it takes ssh and ssh-keygen" in done.out


def test_the_login_test_leaves_the_running_sshd_alone(host: Host) -> None:
    """The CA of the test is in no file of sshd's at the moment of the login."""
    host.bundle()
    host.stand_in("ssh", 'grep -r . /etc/ssh >/run/seen; exec /usr/bin/ssh "$@"')

    done = host.script()

    assert done.code == 0, done.said
    seen = host.machine.path("/run/seen").read_text()
    assert public(host.ca) in seen
    assert " proof" not in seen


def test_a_ca_key_that_goes_is_told_by_its_name(host: Host) -> None:
    """The bundle of another host turns away who came before, and the one who runs it hears so."""
    other = new_key(host.folder / "web.example.com")
    host.bundle(other)
    host.script("--no-login-test")
    host.bundle()

    done = [host.script("--no-login-test") for _ in range(2)]

    there = f"replaces the CA key of web.example.com: {fingerprint(public(other))}\n"
    assert done[0].out.startswith(there), done[0].said
    assert "replaces" not in done[0].out.removeprefix(there) + done[1].out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--what"], "there is no word --what"),
        (["instal"], "there is no word instal"),
        (["--root"], "--root wants a word behind it"),
        (["--root", "/none"], "--root: there is no folder /none"),
        (["--account"], "--account wants a word behind it"),
        (["check", "install"], "check and install: one of them"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_told(host: Host, words: list[str], said: str) -> None:
    """By what is wrong, before how it is meant; and nothing is done."""
    host.bundle()
    before = host.files()

    done = host.script(*words)

    assert done.code == 64
    assert done.err.startswith(f"install.sh: {said}\n\nUsage: sh install.sh ")
    assert host.files() == before


def test_a_bundle_without_a_connector_says_so(host: Host) -> None:
    """And does nothing of the rest."""
    host.bundle()
    before = host.files()

    done = host.script("--connector")

    assert done.code == 1
    assert "this bundle has no connector" in done.err
    assert host.files() == before


def _of_ssh(files: dict[str, tuple[int, int, bytes]]) -> dict[str, tuple[int, int, bytes]]:
    return {name: it for name, it in files.items() if name.startswith("ssh/")}


@pytest.mark.parametrize("link", ["etc/ssh/sshd_config", "etc/ssh", "etc/ssh/ztctl_backup"])
def test_a_link_leads_out_of_no_other_root(host: Host, link: str) -> None:
    """What is written below another root stays there: a link in it may name files of this one."""
    host.bundle()
    image = host.folder / "an image"
    shutil.copytree(host.machine.path("/etc/ssh"), image / "etc" / "ssh")
    shutil.copy(host.machine.path("/etc/passwd"), image / "etc" / "passwd")
    (image / "etc" / "ssh" / "sshd_config").write_text(OLD)
    victim = host.folder / "victim"
    place = image / link
    if place.exists():
        place.rename(victim)
    else:
        victim.mkdir()
    place.symlink_to(victim)
    before = _tree(victim)

    done = host.script("--root", str(image))

    assert (done.code, "leads out of" in done.err) == (1, True), done.said
    assert _tree(victim) == before


def test_another_root_may_be_called_anything(host: Host) -> None:
    """No shell reads its name, and what it includes is found there."""
    host.bundle()
    image = host.folder / "it's; touch hacked;"
    shutil.copytree(host.machine.path("/etc/ssh"), image / "etc" / "ssh")
    shutil.copy(host.machine.path("/etc/passwd"), image / "etc" / "passwd")

    done = host.script("--root", str(image))

    assert done.code == 0, done.said
    assert (image / DROP_IN[1:]).exists()
    assert not host.machine.path("/hacked").exists()


def test_what_a_killed_run_left_is_taken_away(host: Host) -> None:
    """Byte for byte, also where it ended between two steps of writing one file."""
    host.machine.write("/etc/ssh/sshd_config", OLD)
    host.bundle()
    before = host.files()
    host.stand_in("mv", 'case "$*" in *ztctl-new*) kill -9 $PPID; exit ;; esac\nexec /bin/mv "$@"')
    killed = host.script("--no-login-test")
    host.machine.path("/run/stand-ins/mv").unlink()

    done = host.script("uninstall")

    assert (killed.code, done.code) == (-9, 0), killed.said + done.said
    assert host.files() == before


def test_a_match_of_a_local_port_is_no_error(host: Host) -> None:
    """Such a configuration is fine, and sshd wants to be told of a port to judge it."""
    host.machine.write(
        "/etc/ssh/sshd_config", f"{DEBIAN}Match LocalPort 2222\n    X11Forwarding no\n"
    )
    host.bundle()

    done = host.script()

    assert done.code == 0, done.said


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_of_two_stacks_nothing_stays(host: Host, order: str) -> None:
    """Whichever goes first takes its own lines, and the last one the files."""
    before = host.files()
    for stack in "ab":
        host.bundle(stack=stack)
        assert host.script("--no-login-test").code == 0

    for stack in order:
        host.bundle(stack=stack)
        done = host.script("uninstall")
        assert done.code == 0, done.said

    assert host.files() == before


def _tree(folder: Path) -> dict[str, bytes]:
    if folder.is_file():
        return {"": folder.read_bytes()}
    return {str(it): it.read_bytes() for it in folder.rglob("*") if it.is_file()}
