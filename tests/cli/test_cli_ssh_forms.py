"""Promises about the bundle of a server in the forms of cloud-init and Ansible."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Ztctl

RENDER = ("ssh", "server", "render", "--sandbox")


@pytest.fixture
def applied(project: Ztctl) -> Ztctl:
    """A folder with the quickstart, applied on the sandbox."""
    done = project("apply", "--sandbox", "--auto-approve", "--settle", 0)
    assert done.code == 0, done.said
    return project


def bundle(ztctl: Ztctl) -> dict[str, str]:
    """The texts of the bundle by their names."""
    assert ztctl(*RENDER, "-o", "bundle.tar").code == 0
    with tarfile.open(ztctl.folder / "bundle.tar") as archive:
        files = {it.name: archive.extractfile(it) for it in archive.getmembers()}
        return {name: file.read().decode() for name, file in files.items() if file}


def test_cloud_init_and_a_role_carry_the_bundle(applied: Ztctl) -> None:
    """Both have the files of the bundle to the letter, and the bundle knows its tunnel."""
    snippet = applied(*RENDER, "--cloud-init")
    role = applied(*RENDER, "--ansible", "role")

    files = bundle(applied)
    found = yaml.safe_load(snippet.out)["write_files"]
    folder = applied.folder / "role" / "files"
    assert (snippet.code, role.code, role.out) == (0, 0, "")
    assert {Path(it["path"]).name: it["content"] for it in found} == files
    assert {path.name: path.read_text() for path in folder.iterdir()} == files
    assert files["tunnels"].endswith("\tssh-pool.ztctl-quickstart\n")


def test_a_role_for_a_connector_alone_runs_it(applied: Ztctl) -> None:
    """By default, because there is nothing else to do."""
    applied(*RENDER, "--ansible", "role", "--connector", "ssh-pool")

    defaults = (applied.folder / "role" / "defaults" / "main.yml").read_text()
    assert yaml.safe_load(defaults)["ztctl_connector"] is True
    assert yaml.safe_load(defaults)["ztctl_tunnel_token"] == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ansible", "role", "--cloud-init"), "--ansible says where it writes"),
        (("--ansible", "role", "-o", "x"), "--ansible says where it writes"),
        (("--cloud-init", "-o", "x.tar"), "--cloud-init is one text"),
    ],
)
def test_forms_that_exclude_each_other(words: tuple[str, ...], said: str, project: Ztctl) -> None:
    """It is told before anything is read."""
    done = project(*RENDER, *words)

    assert (done.code, done.out) == (64, "")
    assert said in done.err
