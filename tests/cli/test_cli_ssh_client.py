"""Promises about `ztctl ssh client`: what a laptop gets, and what is installed on this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ztctl
from tests.cli.laptops import CF, FILE, HOST

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"


@pytest.fixture
def shop(ztctl: Ztctl) -> Ztctl:
    """A folder with a file of every sort of host, and a path without cloudflared."""
    ztctl.folder.joinpath("ztctl.yaml").write_text(FILE)
    ztctl.env["PATH"] = str(ztctl.folder)
    return ztctl


def rendered(shop: Ztctl, *words: str) -> dict[str, Any]:
    """The document of a rendering."""
    done = shop("ssh", "client", "render", "--format", "json", *words)
    assert done.code == 0, done.said
    document: dict[str, Any] = json.loads(done.out)
    return document


def installed(shop: Ztctl, *words: str) -> Any:
    """Install below a home of its own."""
    (shop.folder / "home").mkdir(exist_ok=True)
    return shop("ssh", "client", "install", "--home", "home", HOST, *words)


def test_it_asks_no_account(shop: Ztctl, account: Any) -> None:
    """Neither a token nor the network is needed; what that leaves open is said."""
    done = shop.at(account)("ssh", "client", "render", HOST, env={"PATH": shop.env["PATH"]})

    assert done.code == 0
    assert [*account.sandbox.log] == []
    assert "`ztctl ssh guide` says what of them is live" in done.err


def test_standard_output_is_the_block_alone(shop: Ztctl) -> None:
    """From the first column, to be redirected into a file; no line is broken, however long."""
    done = shop("ssh", "client", "render", HOST, env={"COLUMNS": "60"})

    assert done.out == (
        f"# BEGIN ztctl {HOST}\n"
        f'Match host {HOST} exec "{CF} access ssh-gen --hostname {HOST}"\n'
        f"  IdentityFile ~/.cloudflared/{HOST}-cf_key\n"
        f"  CertificateFile ~/.cloudflared/{HOST}-cf_key-cert.pub\n"
        "  IdentitiesOnly yes\n"
        f"Host {HOST}\n"
        "  ServerAliveInterval 30\n"
        f"  ProxyCommand {CF} access ssh --hostname %h\n"
        f"# END ztctl {HOST}\n"
    )
    assert f"cloudflared is not on the PATH here: {CF} is where its package puts it" in done.err


def test_cloudflared_is_named_by_its_whole_path(shop: Ztctl) -> None:
    """That which is found here, unless another is stated: an editor has another PATH."""
    program = shop.folder / "cloudflared"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    assert rendered(shop, HOST)["cloudflared"] == str(program)
    stated = rendered(shop, HOST, "--cloudflared", "/opt/my tools/cloudflared")
    assert "ProxyCommand '/opt/my tools/cloudflared' access" in stated["config"]


def test_every_host_with_a_shell_has_a_block(shop: Ztctl) -> None:
    """A website has none; of a bastion without machines it is said that one is missing."""
    done = shop("ssh", "client", "render")

    blocks = [it.split()[-1] for it in done.out.splitlines() if it.startswith("# BEGIN")]
    assert blocks == ["*.dev.example.com", "bastion.example.com", "own.example.com", HOST]
    assert "*.jump.example.com is a bastion and has no block" in done.err


def test_machines_stand_behind_the_bastion_that_is_named(shop: Ztctl) -> None:
    """As words after it, beside those that the file has."""
    found = rendered(shop, "--via", "bastion.example.com", "db2=10.0.0.13:22")

    (bastion,) = [it for it in found["hosts"] if it["is_bastion"]]
    assert [it["name"] for it in bastion["inner"]] == ["db1", "db2"]


def test_host_keys_are_a_file_beside_the_block(shop: Ztctl) -> None:
    """Which the block names; both are made of the file that the server's check printed."""
    shop.folder.joinpath("keys").write_text(f"{HOST} {KEY}\n10.0.0.12 {KEY}\n")

    done = shop("ssh", "client", "render", "--host-keys", "keys", "-o", "out.conf")

    assert done.code == 0
    text = shop.folder.joinpath("out.conf").read_text()
    assert "#   Include ztctl_shop.conf\n" in text
    assert "  UserKnownHostsFile ~/.ssh/ztctl_shop_known_hosts\n" in text
    known = shop.folder / "ztctl_shop_known_hosts"
    assert known.read_text() == f"{HOST} {KEY}\ndb1 {KEY}\n"


def test_problems_of_host_keys_are_told_at_their_lines(shop: Ztctl) -> None:
    """All of them, and nothing is written."""
    shop.folder.joinpath("keys").write_text(f"x.example.com {KEY}\n{HOST} rot13 x\n")

    done = shop("ssh", "client", "render", "--host-keys", "keys", "-o", "out.conf")

    assert done.code == 1
    assert "keys:1:1: error: no host of these files is called 'x.example.com'" in done.err
    assert "keys:2:1: error: 'rot13' is no type of a host key" in done.err
    assert not (shop.folder / "out.conf").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody.example.com",), 64, "the files have no SSH host 'nobody.example.com'"),
        (("--user", "a b"), 1, "'a b' is no name of an account"),
        (("--host-keys", "ztctl.yaml"), 64, "the host keys are a file of their own"),
        (("--format", "json", "-o", "x"), 64, "-o writes a block or a page"),
    ],
)
def test_wrong_usage_writes_nothing(
    words: tuple[str, ...], code: int, said: str, shop: Ztctl
) -> None:
    """It ends with a code that tells it from a fault of what was found."""
    before = shop.files()

    done = shop("ssh", "client", "render", *words)

    assert (done.code, done.out) == (code, "")
    assert said in " ".join(done.err.split())
    assert shop.files() == before


def test_a_home_that_is_not_there_is_not_made(shop: Ztctl) -> None:
    """A mistyped one gets nothing installed."""
    before = shop.files()

    done = shop("ssh", "client", "install", "--home", "nohome", HOST)

    assert (done.code, "nohome: there is no such folder" in done.err) == (64, True)
    assert shop.files() == before


@pytest.mark.parametrize("out", ["ssh.html", "out.conf"])
def test_only_an_earlier_output_is_overwritten(out: str, shop: Ztctl) -> None:
    """A mistyped name costs nobody their file, least of all the one that was read."""
    before = shop.folder.joinpath("ztctl.yaml").read_text()
    shop.folder.joinpath(f"own-{out}").write_text("mine")

    refused = [shop("ssh", "client", "render", "-o", it) for it in ("ztctl.yaml", f"own-{out}")]
    twice = [shop("ssh", "client", "render", "-o", out) for _ in range(2)]

    assert [it.code for it in refused] == [1, 1]
    assert all("is there, and is no earlier output" in it.err for it in refused)
    assert shop.folder.joinpath("ztctl.yaml").read_text() == before
    assert shop.folder.joinpath(f"own-{out}").read_text() == "mine"
    assert [it.code for it in twice] == [0, 0], twice[1].said


@pytest.mark.parametrize("format", ["text", "json"])
def test_values_of_the_environment_are_written_and_not_shown(format: str, shop: Ztctl) -> None:
    """Masked, the block would be wrong without anybody's notice; in a file it is whole."""
    shop.env["ZTCTL_DB"] = "db.internal.example"
    text = FILE.replace("10.0.0.12:22", '"${env.ZTCTL_DB}:22"')
    shop.folder.joinpath("ztctl.yaml").write_text(text)

    done = shop("ssh", "client", "render", "--format", format)
    written = shop("ssh", "client", "render", "-o", "out.conf")

    assert (done.code, done.out, written.code) == (1, "", 0)
    assert "holds values of the environment" in done.err
    assert "db.internal.example" not in done.said + written.said
    assert "HostName db.internal.example\n" in (shop.folder / "out.conf").read_text()


@pytest.mark.parametrize("words", [("-o", "ssh.html"), ("--format", "html")])
def test_a_page_is_one_file(words: tuple[str, ...], shop: Ztctl) -> None:
    """Written where it is asked for, and the same on standard output."""
    done = shop("ssh", "client", "render", HOST, *words)

    page = shop.folder / "ssh.html"
    text = page.read_text(encoding="ascii") if page.exists() else done.out
    assert done.code == 0
    assert text.startswith("<!DOCTYPE html>")
    assert "default-src &#39;none&#39;" in text
    assert "not on the PATH" not in done.err


# -- install --------------------------------------------------------------------------------


def test_what_is_installed_can_be_taken_away(shop: Ztctl) -> None:
    """Each file is named; a second time nothing changes; in the end all is as before."""
    config = shop.folder / "home" / ".ssh" / "config"
    config.parent.mkdir(parents=True)
    config.write_text("Host *\n  Compression yes\n")
    before = shop.files()

    done = installed(shop)
    again = installed(shop)
    text = config.read_text()
    gone = installed(shop, "--uninstall")

    assert (done.code, again.code, gone.code) == (0, 0, 0)
    assert f"Changed {config}" in done.out
    assert again.out == "No changes.\n"
    assert text == "Include ztctl_shop.conf\nHost *\n  Compression yes\n"
    assert config.read_text() == "Host *\n  Compression yes\n"
    assert shop.files() == before


def test_a_dry_run_is_a_diff(shop: Ztctl) -> None:
    """Of every file, and nothing is written."""
    before = shop.files()

    done = installed(shop, "--dry-run")

    assert done.code == 0
    assert f"+++ {shop.folder}/home/.ssh/ztctl_shop.conf" in done.out
    assert "+Include ztctl_shop.conf\n" in done.out
    assert shop.files() == before


def test_old_blocks_are_taken_out_or_told(shop: Ztctl) -> None:
    """As JSON: which hosts were migrated, and what was left alone at which line."""
    config = shop.folder / "home" / ".ssh" / "config"
    config.parent.mkdir(parents=True)
    block = f"Host {HOST}\n  ProxyCommand cloudflared access ssh --hostname %h\n"
    config.write_text(f"{block}Host x\n  ProxyCommand \x1b[2Jcloudflared access ssh --x\n")

    done = installed(shop, "--format", "json")

    found = json.loads(done.out)
    assert (found["done"], found["migrated"]) == (True, [HOST])
    assert [it["line"] for it in found["left_alone"]] == [3]
    assert {it["action"] for it in found["files"]} == {"create", "update"}
    told = installed(shop, "--dry-run").err
    assert f"{config}:2: a block for cloudflared that somebody has changed" in told


def test_a_diff_moves_no_cursor(shop: Ztctl) -> None:
    """What is in somebody's config is shown with its control characters escaped."""
    config = shop.folder / "home" / ".ssh" / "config"
    config.parent.mkdir(parents=True)
    config.write_text("# \x1b[2J\nHost a\n")

    assert "\x1b" not in installed(shop, "--dry-run").out


def test_a_home_that_ssh_does_not_read_is_refused(shop: Ztctl) -> None:
    """OpenSSH looks where the account's home is, whatever HOME says."""
    done = shop("ssh", "client", "install", HOST)

    assert done.code == 64
    assert f"HOME is {shop.env['HOME']}, and OpenSSH reads " in done.err
    assert not Path(shop.env["HOME"], ".ssh").exists()
