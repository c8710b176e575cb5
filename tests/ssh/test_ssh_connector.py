"""Promises about the services that run a connector: their own tools take them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema

from ztctl.ssh.connector import (
    ConnectorService,
    compose_file,
    kubernetes_deployment,
    kubernetes_name,
    leads_to_itself,
    openrc_script,
    systemd_unit,
)

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
SERVICE = ConnectorService("ssh-pool")
HOSTILE = ConnectorService("%n\\\n[Service]\nExecStart=/bin/sh # '\"$(id)`id`")
EVERY = pytest.mark.parametrize(
    "write", [systemd_unit, openrc_script, compose_file, kubernetes_deployment]
)
Write = Callable[[ConnectorService], str]


@EVERY
def test_a_service_names_the_file_of_the_token(write: Write) -> None:
    """Every service reads the token from a file, and none has a place for the token itself."""
    text = write(SERVICE)

    assert "--token-file" in text
    assert "TUNNEL_TOKEN" not in text
    assert "--token " not in text


@EVERY
def test_a_name_cannot_write_into_a_service(write: Write) -> None:
    """What an account calls a tunnel stays one word of one line."""
    text = write(HOSTILE)

    plain = write(ConnectorService("x"))
    assert len(text.splitlines()) == len(plain.splitlines())
    assert "ExecStart=/bin/sh" not in text
    assert not {"%n", "$(id)", "`id`"} & {*text.split()}


@pytest.mark.parametrize("service", [SERVICE, HOSTILE], ids=["plain", "hostile"])
def test_systemd_takes_the_unit(service: ConnectorService, tmp_path: Path) -> None:
    """As its own check says; the program is one that is there."""
    program = shutil.which("systemd-analyze")
    if program is None:
        assert not os.environ.get("CI"), "CI installs systemd"
        pytest.skip("no systemd")
    unit = tmp_path / "cloudflared.service"
    unit.write_text(systemd_unit(service).replace("/usr/bin/cloudflared", "/bin/true"))

    done = subprocess.run(
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )

    assert [line for line in done.stderr.splitlines() if "cloudflared" in line] == []


@pytest.mark.parametrize("local", [False, True])
def test_compose_takes_its_file(local: bool, tmp_path: Path) -> None:
    """By the schema of the Compose specification."""
    path = tmp_path / "compose.yaml"
    path.write_text(compose_file(ConnectorService("ssh-pool", local=local)))

    done = check_jsonschema(
        ["--builtin-schema", "vendor.compose-spec", "--regex-variant", "python", str(path)],
        standalone_mode=False,
    )

    assert not done


def test_kubernetes_takes_the_deployment() -> None:
    """Strictly, by its schema; two replicas, a Secret by its name, a probe that asks ``/ready``."""
    found = yaml.safe_load(kubernetes_deployment(SERVICE))

    kubernetes_validate.validate(found, "1.30", strict=True)

    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    probe = container["readinessProbe"]["httpGet"]
    assert found["spec"]["replicas"] == 2
    assert pod["volumes"][0]["secret"]["secretName"] == "cloudflared-ssh-pool"
    assert pod["volumes"][0]["secret"]["defaultMode"] == 0o440
    assert (probe["path"], container["ports"][0]["name"]) == ("/ready", probe["port"])
    assert pod["securityContext"]["runAsNonRoot"]
    assert "env" not in container


@pytest.mark.parametrize("name", ["Ssh_Pool.ztctl-x", "é", "a" * 300, "--", ""])
def test_any_tunnel_has_a_name_in_kubernetes(name: str) -> None:
    """Whatever it is called, its Deployment is one that Kubernetes takes."""
    found = yaml.safe_load(kubernetes_deployment(ConnectorService(name)))

    kubernetes_validate.validate(found, "1.30", strict=True)

    assert len(found["metadata"]["name"]) <= 40
    assert found["metadata"]["name"] == kubernetes_name(name)


@pytest.mark.parametrize("service", [SERVICE, HOSTILE], ids=["plain", "hostile"])
def test_shells_can_read_the_script_of_openrc(service: ConnectorService, tmp_path: Path) -> None:
    """And shellcheck finds nothing."""
    path = tmp_path / "cloudflared"
    path.write_text(openrc_script(service))

    parsed = subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False)
    # What OpenRC defines and reads itself, shellcheck cannot know.
    rules = ["--shell=sh", "--exclude=SC2034"]
    linted = subprocess.run([SHELLCHECK, *rules, path], capture_output=True, text=True, check=False)

    assert (parsed.returncode, parsed.stderr, linted.stdout) == (0, "", "")


@pytest.mark.parametrize(
    ("service", "itself"),
    [
        ("ssh://localhost:22", True),
        ("ssh://127.0.0.1", True),
        ("tcp://[::1]:22", True),
        ("http://127.8.9.1:80/", True),
        ("ssh://localhost.example.com:22", False),
        ("ssh://10.0.0.5:22", False),
        ("http_status:404", False),
        ("bastion", False),
    ],
)
def test_a_service_that_leads_to_the_connector_is_known(service: str, itself: bool) -> None:
    """The names and addresses of the machine itself, and no other."""
    assert leads_to_itself(service) is itself
