"""Promises about what is written below ``~/.ssh``, and that it can be taken back."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ssh.openssh import Recorder, Ssh, client
from ztctl.core.model.client import ClientHost
from ztctl.core.model.diagnostics import Failure
from ztctl.ssh import client_install
from ztctl.ssh.client_config import Laptop, client_config
from ztctl.ssh.client_install import ClientFiles, plan_install, plan_uninstall
from ztctl.ssh.client_program import Executable

HOST = "ssh.example.com"
HOSTS = (ClientHost(HOST), ClientHost("*.dev.example.com"))
OWN = """\
# mine
ServerAliveCountMax 7
Host old.example.net
  User me
  Port 2222

Host *
  Compression yes
"""
TWO_BLOCKS = """\
Host {host}
  ProxyCommand bash -c '{cf} access ssh-gen --hostname %h; ssh -tt %r@cfpipe-{host} >&2 <&1'

Host cfpipe-{host}
  HostName {host}
  ProxyCommand {cf} access ssh --hostname %h
  IdentityFile ~/.cloudflared/{host}-cf_key
  CertificateFile ~/.cloudflared/{host}-cf_key-cert.pub
"""
ONE_BLOCK = """\
Match host {host} exec "{cf} access ssh-gen --hostname %h"
  ProxyCommand {cf} access ssh --hostname %h
  IdentityFile ~/.cloudflared/%h-cf_key
  CertificateFile ~/.cloudflared/%h-cf_key-cert.pub
"""
BARE_BLOCK = """\
Host {host}
  ProxyCommand {cf} access ssh --hostname %h
"""
FORMS = [TWO_BLOCKS, ONE_BLOCK, BARE_BLOCK]
Install = Callable[..., None]


def old(form: str, host: str = HOST, cf: str = "/usr/local/bin/cloudflared") -> str:
    """A block as somebody was told to paste it."""
    return form.format(host=host, cf=cf)


@pytest.fixture
def program(tmp_path: Path) -> Recorder:
    """What stands in cloudflared's place."""
    return Recorder.at(tmp_path / "bin" / "cloudflared")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ``~/.ssh`` with a config of somebody's own."""
    made = tmp_path / "home" / ".ssh"
    made.mkdir(parents=True, mode=0o700)
    made.joinpath("config").write_text(OWN)
    return made


@pytest.fixture
def files(program: Recorder) -> ClientFiles:
    """What is installed."""
    text = client_config(HOSTS, Laptop(Executable.at(str(program.path))))
    return ClientFiles("prod", text, f"{HOST} ssh-ed25519 AAAA\n")


@pytest.fixture
def ssh(tmp_path: Path) -> Ssh:
    """The client of this machine."""
    return client(tmp_path)


def reads(ssh: Ssh, folder: Path, host: str) -> dict[str, list[str]]:
    """How ssh reads a config; the Include is relative to the home of this machine's account."""
    text = folder.joinpath("config").read_text()
    return ssh.reads(text.replace("Include ztctl_", f"Include {folder}/ztctl_"), host)


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file, with its content and mode."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_is_a_file_of_its_own_with_one_include_at_the_top(
    folder: Path, files: ClientFiles
) -> None:
    """The config keeps all that was in it, and the files are readable by their owner only."""
    plan_install(folder, files).write()

    assert folder.joinpath("config").read_text() == f"Include ztctl_prod.conf\n{OWN}"
    assert folder.joinpath("ztctl_prod.conf").read_text() == files.config
    assert folder.joinpath("ztctl_prod_known_hosts").read_text() == files.known_hosts
    assert folder.joinpath("config.before-ztctl_prod").read_text() == OWN
    modes = {name: mode for name, (_, mode) in tree(folder).items() if name.startswith("ztctl_")}
    assert {*modes.values()} == {0o600}


def test_ssh_reads_what_was_installed(
    folder: Path, files: ClientFiles, ssh: Ssh, program: Recorder
) -> None:
    """And of every other host, and of global settings, all that it read before."""
    others = ("old.example.net", "x.y.dev.example.com", "other")
    before = [reads(ssh, folder, name) for name in others]
    plan_install(folder, files).write()

    found = reads(ssh, folder, HOST)

    assert found["proxycommand"] == [f"{program.path} access ssh --hostname %h"]
    assert found["certificatefile"] == [f"~/.cloudflared/{HOST}-cf_key-cert.pub"]
    assert (found["serveralivecountmax"], found["compression"]) == (["7"], ["yes"])
    assert [reads(ssh, folder, name) for name in others] == before
    assert len(program.calls) == 1


def test_a_second_time_nothing_is_changed(folder: Path, files: ClientFiles) -> None:
    """Also where somebody has put remarks above the Include."""
    plan_install(folder, files).write()
    text = folder.joinpath("config").read_text()
    folder.joinpath("config").write_text(f"# first\n\nInclude other.conf\n{text}")

    assert plan_install(folder, files).changes == ()


@pytest.mark.parametrize("block", ["", *map(old, FORMS)])
@pytest.mark.parametrize("line", ["Include ztctl_prod.conf", '  include="~/.ssh/ztctl_prod.conf"'])
def test_an_include_that_has_moved_goes_to_the_top(
    block: str, line: str, folder: Path, files: ClientFiles
) -> None:
    """Below a host it would be for that host alone; taken away, it is nowhere."""
    folder.joinpath("config").write_text(f"{OWN}{block}{line}\n")

    plan_install(folder, files).write()
    text = folder.joinpath("config").read_text()
    assert text.split() == f"Include ztctl_prod.conf\n{OWN}".split()
    plan_uninstall(folder, "prod").write()

    assert folder.joinpath("config").read_text() == f"{OWN}{block}"


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from([OWN, *map(old, FORMS), "\r\n", "\n"]),
            st.binary(max_size=30).map(lambda it: it.decode("utf-8", "surrogateescape")),
        ),
        max_size=6,
    ),
    mode=st.sampled_from([0o600, 0o644, 0o400]),
)
def test_taking_it_away_leaves_every_byte(
    parts: list[str], mode: int, folder: Path, files: ClientFiles
) -> None:
    """Whatever was in the config, old blocks and bytes that are no text among it, and its mode."""
    for path in folder.iterdir():
        path.unlink()
    written = "".join(parts).encode("utf-8", "surrogateescape")
    config = folder / "config"
    config.write_bytes(written)
    config.chmod(mode)

    plan_install(folder, files).write()
    assert plan_install(folder, files).changes == ()
    plan_uninstall(folder, "prod").write()

    assert tree(folder) == {"config": (written, mode)}


@pytest.mark.parametrize("text", [None, ""])
def test_a_config_that_was_not_there_is_not_there_again(
    text: str | None, folder: Path, files: ClientFiles
) -> None:
    """An empty one is; and what was never installed is not taken away."""
    folder.joinpath("config").unlink()
    if text is not None:
        folder.joinpath("config").write_text(text)
    before = tree(folder)
    assert plan_uninstall(folder, "prod").changes == ()

    plan_install(folder, files).write()
    plan_uninstall(folder, "prod").write()

    assert tree(folder) == before


def test_without_a_folder_one_is_made(folder: Path, files: ClientFiles) -> None:
    """As ssh wants it: for its owner alone."""
    folder.joinpath("config").unlink()
    folder.rmdir()

    plan_install(folder, files).write()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.joinpath("config").read_text() == "Include ztctl_prod.conf\n"


def test_what_was_edited_since_stays(folder: Path, files: ClientFiles) -> None:
    """The Include alone goes; without old blocks there is nothing else to give back."""
    plan_install(folder, files).write()
    with folder.joinpath("config").open("a") as file:
        file.write("Host new\n")

    planned = plan_uninstall(folder, "prod")
    planned.write()

    assert folder.joinpath("config").read_text() == f"{OWN}Host new\n"
    assert "config has been edited since" in planned.remarks[0].text
    assert folder.joinpath("config.before-ztctl_prod").read_text() == OWN


def test_two_stacks_live_beside_each_other(folder: Path, files: ClientFiles) -> None:
    """Each has its own file, and takes away its own."""
    other = ClientFiles("test", files.config)
    plan_install(folder, files).write()
    plan_install(folder, other).write()

    plan_uninstall(folder, "prod").write()
    assert folder.joinpath("config").read_text() == f"Include ztctl_test.conf\n{OWN}"
    plan_uninstall(folder, "test").write()

    assert folder.joinpath("config").read_text() == OWN


def test_keys_that_are_not_given_any_more_go(folder: Path, files: ClientFiles) -> None:
    """The file of host keys is what the last run was given."""
    plan_install(folder, files).write()

    plan_install(folder, ClientFiles("prod", files.config)).write()

    assert not folder.joinpath("ztctl_prod_known_hosts").exists()


# -- old blocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cf", ["/usr/local/bin/cloudflared", "cloudflared"])
def test_an_old_block_gives_way(
    form: str, cf: str, folder: Path, files: ClientFiles, ssh: Ssh, program: Recorder
) -> None:
    """It is taken out, the rest stays, and ssh reads the new one in its place."""
    text = OWN.replace("Host *", f"{old(form, cf=cf)}\nHost *")
    folder.joinpath("config").write_text(text)

    planned = plan_install(folder, files)
    planned.write()

    assert (planned.migrated, planned.remarks) == ((HOST,), ())
    left = folder.joinpath("config").read_text()
    assert "cloudflared" not in left
    assert [it for it in left.splitlines() if it] == [
        it for it in f"Include ztctl_prod.conf\n{OWN}".splitlines() if it
    ]
    found = reads(ssh, folder, HOST)
    assert found["proxycommand"] == [f"{program.path} access ssh --hostname %h"]
    assert found["certificatefile"] == [f"~/.cloudflared/{HOST}-cf_key-cert.pub"]
    assert len(program.calls) == 1


def test_an_old_block_of_a_pattern_gives_way(folder: Path, files: ClientFiles) -> None:
    """By its pattern, or by one of its names."""
    blocks = [old(ONE_BLOCK, "*.dev.example.com"), old(TWO_BLOCKS, "a.dev.example.com")]
    folder.joinpath("config").write_text("".join(blocks))

    planned = plan_install(folder, files)

    assert planned.migrated == ("*.dev.example.com", "a.dev.example.com")


def test_what_was_pasted_gives_way(folder: Path, files: ClientFiles) -> None:
    """The same blocks, copied from a page by hand, are not there twice."""
    folder.joinpath("config").write_text(f"{files.config}{OWN}")

    plan_install(folder, files).write()

    assert folder.joinpath("config").read_text() == f"Include ztctl_prod.conf\n{OWN}"


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (f"{old(ONE_BLOCK)}  User me\n", "that somebody has changed: left alone"),
        (f"{old(TWO_BLOCKS)}  Port 22\n", "that somebody has changed: left alone"),
        (old(BARE_BLOCK, f"{HOST} other"), "that somebody has changed: left alone"),
        (old(ONE_BLOCK, "[your hostname]"), "that somebody has changed: left alone"),
        (old(BARE_BLOCK, "else.example.net"), "for else.example.net, which these files do not"),
    ],
)
def test_what_is_not_known_is_told_and_left_alone(
    block: str, said: str, folder: Path, files: ClientFiles
) -> None:
    """With its line; nobody's own setting is lost."""
    folder.joinpath("config").write_text(f"{OWN}{block}")

    planned = plan_install(folder, files)
    planned.write()

    told = planned.remarks[-1]
    assert said in str(told)
    lines = f"{OWN}{block}".splitlines()
    assert re.match("Host|Match", lines[told.line - 1])
    assert str(told).startswith(f"{folder}/config:{told.line}: ")
    last = block.splitlines()[-1]
    assert last in folder.joinpath("config").read_text()


# -- links and files ------------------------------------------------------------------------


def test_a_link_inside_is_followed(folder: Path, files: ClientFiles) -> None:
    """The file that it leads to is written, and the link stays one."""
    folder.joinpath("parts").mkdir()
    folder.joinpath("config").rename(folder / "parts" / "main")
    folder.joinpath("config").symlink_to("parts/main")

    plan_install(folder, files).write()

    assert folder.joinpath("config").is_symlink()
    assert folder.joinpath("parts/main").read_text() == f"Include ztctl_prod.conf\n{OWN}"


@pytest.mark.parametrize(
    "name", ["config", "ztctl_prod.conf", "ztctl_prod_known_hosts", "config.before-ztctl_prod"]
)
def test_a_link_that_leads_out_is_refused(
    name: str, folder: Path, files: ClientFiles, tmp_path: Path
) -> None:
    """Nothing is written there, nor anything else."""
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    folder.joinpath(name).unlink(missing_ok=True)
    folder.joinpath(name).symlink_to(outside)
    before = tree(tmp_path)

    with pytest.raises(Failure, match="leads out of"):
        plan_install(folder, files)
    with pytest.raises(Failure, match="leads out of"):
        plan_uninstall(folder, "prod")

    assert tree(tmp_path) == before


def test_a_link_that_comes_later_is_not_followed(
    folder: Path, files: ClientFiles, tmp_path: Path
) -> None:
    """Between the plan and the writing somebody may put one there."""
    planned = plan_install(folder, files)
    outside = tmp_path / "outside"
    outside.write_text("precious\n")
    folder.joinpath("ztctl_prod.conf").symlink_to(outside)

    with pytest.raises(Failure, match="leads out of"):
        planned.write()

    assert outside.read_text() == "precious\n"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_what_is_no_file_is_refused(
    make: Callable[[Path], None], folder: Path, files: ClientFiles
) -> None:
    """A pipe is not waited for."""
    folder.joinpath("config").unlink()
    make(folder / "config")

    with pytest.raises(Failure, match="is no regular file"):
        plan_install(folder, files)


def test_a_file_without_end_is_refused(
    folder: Path, files: ClientFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No config is that long."""
    monkeypatch.setattr(client_install, "MOST_BYTES", 10)

    with pytest.raises(Failure, match="that is no ssh_config"):
        plan_install(folder, files)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_what_root_writes_belongs_to_whose_folder_it_is(folder: Path, files: ClientFiles) -> None:
    """OpenSSH refuses a config of another owner; mode and owner of what is there stay."""
    for path in (folder, folder / "config"):
        os.chown(path, 1234, 1234)
    folder.joinpath("config").chmod(0o640)

    plan_install(folder, files).write()

    assert {path.stat().st_uid for path in folder.iterdir()} == {1234}
    assert stat.S_IMODE(folder.joinpath("config").stat().st_mode) == 0o640
