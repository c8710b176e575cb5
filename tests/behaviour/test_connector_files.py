"""A connector's file and an entry of ztctl's files say the same, from each to the other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.connector import answering, refusal
from tests.support.examples import examples
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.model.connector_file import SETTINGS, ConnectorFile, ConnectorSetting, Form
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live
from ztctl.documents.connector_file import read_connector_file
from ztctl.documents.connector_text import config_text, entry_text
from ztctl.kinds.local_files import differences, entry_of, file_of, refused_fields
from ztctl.kinds.local_tunnel import ConnectorFields
from ztctl.kinds.registry import KINDS

CLOUDFLARED = os.environ.get("ZTCTL_TEST_CLOUDFLARED")
ID = "79a60ee2-9a98-4f5f-96c7-76c88b2075be"
LIVE = Live("tunnel", ID, "edge.ztctl-prod", "edge", {"config": "local"})
HEAD = {"tunnel": ID, "credentials-file": f"/etc/cloudflared/{ID}.json"}
END = {"service": "http_status:404"}


def read(folder: Path, config: Any) -> ConnectorFile:
    """Read a file of cloudflared."""
    path = folder / "config.yml"
    text = config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return read_connector_file(path)


def rendered(folder: Path, imported: str) -> ConnectorFile:
    """What the files say of the tunnel `edge` in an imported text, checked as any files are."""
    path = folder / "ztctl.yaml"
    path.write_text(f"version: 1\nstack: prod\n{imported}", encoding="utf-8")
    declared = declared_by(Settings(files=(path,)))
    (wanted,) = declared.of("tunnel")
    return file_of(wanted, LIVE, Ledger(declared, declared.wanted, {}, KINDS), "/etc/cloudflared")


def round_trip(folder: Path, config: Any) -> tuple[ConnectorFile, str]:
    """Import a file; what the import says of the connector's file, and its text."""
    before = read(folder, config)
    entry, left = entry_of(before)
    assert (left, [*refused_fields(entry)]) == ((), [])
    after = rendered(folder, entry_text("edge", entry, ()))
    assert [*differences(after, before, LIVE.name)] == []
    return after, config_text(after)


NAMES = ["ssh.example.com", "*.lab.example.com", "a.example.com", "xn--bcher-kva.example.com"]
ACCESS = {"required": True, "teamName": "acme", "audTag": ["b" * 64, "a" * 64]}
SERVICES = [
    *("ssh://127.0.0.1:22", "ssh://[2001:db8::1]:22", "tcp://db:5432", "rdp://10.0.0.9", "bastion"),
    *("http://localhost:8080", "https://10.0.0.5", "unix:/run/a.sock", "unix+tls:/run/a.sock"),
    *("hello_world", "socks-proxy", "http_status:503", "smb://files"),
]
durations = st.sampled_from(["30s", "1m30s", "90s", "1h", "2m0s"])
origins = st.fixed_dictionaries(
    {},
    optional={
        "connectTimeout": durations,
        "keepAliveTimeout": durations,
        "keepAliveConnections": st.integers(1, 200),
        "noTLSVerify": st.booleans(),
        "http2Origin": st.booleans(),
        "matchSNItoHost": st.booleans(),
        "originServerName": st.sampled_from(["db.internal", "yes", "0o7", "a: b", "1e3"]),
        "httpHostHeader": st.sampled_from(["web", "${HOST}", "*", "null"]),
        "proxyType": st.just("socks"),
        "bastionMode": st.booleans(),
        "ipRules": st.just([{"prefix": "10.0.0.0/8", "ports": [22, 443], "allow": True}]),
    },
)
ruled = st.fixed_dictionaries(
    {"service": st.sampled_from(SERVICES)},
    optional={
        "path": st.sampled_from(["^/api", r"\.css$", "a: b"]),
        "originRequest": st.builds(
            lambda some, access: {**some, **access},
            origins,
            st.sampled_from([{}, {"access": ACCESS}]),
        ),
    },
)
OF_FORM: dict[Form, st.SearchStrategy[Any]] = {
    Form.TEXT: st.sampled_from(["/var/log/x", "true", "a b", "3", "~", "#x"]),
    Form.FLAG: st.booleans(),
    Form.NUMBER: st.integers(1, 9),
    Form.DURATION: durations,
    Form.TEXTS: st.lists(st.sampled_from(["a=b", "site=x y"]), min_size=1, max_size=2),
}
OWN = {"metrics": st.just("127.0.0.1:20241"), "edge-bind-address": st.just("192.0.2.7")}


def _of_setting(known: ConnectorSetting) -> st.SearchStrategy[Any]:
    return st.sampled_from(known.choices) if known.choices else OF_FORM[known.form]


settings = st.fixed_dictionaries(
    {},
    optional={
        key: OWN[key] if key in OWN else _of_setting(known) for key, known in SETTINGS.items()
    },
)
files = st.builds(
    lambda names, rules, general, chosen, end: {
        **HEAD,
        **chosen,
        "originRequest": general,
        "ingress": [*({"hostname": n, **r} for n, r in zip(names, rules, strict=False)), end],
    },
    st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
    st.lists(ruled, min_size=3, max_size=3),
    origins,
    settings,
    st.sampled_from([END, {"service": "http_status:503"}, {"service": "ssh://localhost:22"}]),
)


@examples(60)
@given(files)
def test_what_is_imported_is_rendered_equal(
    tmp_path_factory: pytest.TempPathFactory, config: Any
) -> None:
    """Import, validate, render: the same file, and the same rule answers each request."""
    if any(rule.get("path") and rule["service"].startswith("ssh:") for rule in config["ingress"]):
        config = {**config, "ingress": [{**it, "path": ""} for it in config["ingress"]]}
    folder = tmp_path_factory.getbasetemp()

    after, text = round_trip(folder, config)

    written = read(folder, text)
    assert [*differences(after, written, LIVE.name)] == []
    assert refusal(dict(written.configuration)) is None
    for host in ("ssh.example.com", "x.lab.example.com", "a.b.lab.example.com", "other.org"):
        urls = [f"https://{host}{path}" for path in ("/", "/api", "/x.css")]
        before = [answering(config["ingress"], url) for url in urls]
        assert [answering(written.configuration["ingress"], url) for url in urls] == before


# As the documentation and public repositories have them, in other words and numbers.
PUBLIC = {
    "one address": "tunnel: edge\ncredentials-file: {cred}\nurl: http://localhost:8000\n",
    "a home server": """\
tunnel: {id}
credentials-file: {cred}
ingress:
  - hostname: photos.example.com
    service: http://192.168.1.10:2283
    originRequest:
      noTLSVerify: true
  - hostname: home.example.com
    service: https://192.168.1.1:8006
    originRequest: {{noTLSVerify: true, disableChunkedEncoding: true}}
  - hostname: ssh.example.com
    service: ssh://localhost:22
  - service: http_status:404
""",
    "a bastion": """\
tunnel: {id}
credentials-file: {cred}
protocol: http2
logfile: /var/log/cloudflared.log
loglevel: info
ingress:
  - hostname: bastion.example.com
    service: bastion
  - service: http_status:404
""",
    "a cluster": """\
tunnel: {id}
credentials-file: {cred}
metrics: 0.0.0.0:2000
no-autoupdate: true
originRequest:
  connectTimeout: 30s
  caPool: /etc/ssl/origin.pem
ingress:
  - hostname: "*.apps.example.com"
    path: /static/.*
    service: http://static.web.svc:80
  - hostname: "*.apps.example.com"
    service: https://ingress.kube-system.svc:443
    originRequest: {{originServerName: apps.example.com}}
  - hostname: hello.example.com
    service: hello_world
  - service: http_status:404
""",
}


@pytest.mark.parametrize("case", PUBLIC)
def test_what_people_have_is_imported_whole(tmp_path: Path, case: str) -> None:
    """Nothing of it is left out, and the files say the same."""
    text = PUBLIC[case].format(id=ID, cred=HEAD["credentials-file"])

    round_trip(tmp_path, text.replace("tunnel: edge", f"tunnel: {LIVE.name}"))


def test_what_has_no_field_is_named(tmp_path: Path) -> None:
    """By its path and without its value, which may be a secret."""
    config = {
        **HEAD,
        "token": "CANARY",
        "edge": ["CANARY"],
        "warp-routing": {"maxActiveFlows": 7},
        "ingress": [
            {"hostname": "a:b:c", "service": "ssh://h", "originRequest": {"proxyPort": 1}},
            END,
        ],
    }
    entry, left = entry_of(read(tmp_path, config))
    refused = [*refused_fields(entry)]

    told = entry_text("edge", entry, (*left, *refused))
    assert left == (
        *("token", "edge", "ingress[0].originRequest.proxyPort"),
        "warp-routing.maxActiveFlows",
    )
    assert ["ingress.0.hostname" in it for it in refused] == [True]
    assert "CANARY" not in told


COMPARED: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "nothing": ({}, []),
    "another spelling": ({"originRequest": {"connectTimeout": "1m"}, "tunnel": LIVE.name}, []),
    "what is so anyway": ({"originRequest": {"connectTimeout": "60s", "noTLSVerify": False}}, []),
    "a setting": ({"protocol": "quic"}, [("protocol", "http2", "quic")]),
    "one more": ({"retries": 9}, [("retries", "nothing", "9")]),
    "one less": ({"originRequest": {}}, [("originRequest.connectTimeout", "60", "nothing")]),
    "no field": ({"warp-routing": {"maxActiveFlows": 7}},
                 [("warp-routing.maxActiveFlows", "nothing", "7")]),
    "the order": (
        {"ingress": [{"hostname": "b.example.com", "service": "tcp://h:2"},
                     {"hostname": "a.example.com", "service": "tcp://h:1"}, END]},
        [
            ("ingress[0].hostname", "a.example.com", "b.example.com"),
            ("ingress[0].service", "tcp://h:1", "tcp://h:2"),
            ("ingress[1].hostname", "b.example.com", "a.example.com"),
            ("ingress[1].service", "tcp://h:2", "tcp://h:1"),
        ],
    ),
    "a secret": ({"token": "CANARY"}, [
        ("token", "nothing", "something (ztctl's files have no field for it)"),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPARED)
def test_each_difference_is_named_with_both_sides(tmp_path: Path, case: str) -> None:
    """By meaning: the order of rules counts, how a duration is spelt does not."""
    config = {
        **HEAD,
        "protocol": "http2",
        "originRequest": {"connectTimeout": "60s"},
        "ingress": [
            {"hostname": "a.example.com", "service": "tcp://h:1"},
            {"hostname": "b.example.com", "service": "tcp://h:2"},
            END,
        ],
    }
    changed, expected = COMPARED[case]
    wanted = read(tmp_path, config)
    found = read(tmp_path, {**config, **changed})

    told = [(it.path, it.wanted, it.found) for it in differences(wanted, found, LIVE.name)]
    assert told == expected


def test_the_reader_and_the_fields_agree() -> None:
    """Each setting that is read has a field of its name, with the same values, and none more."""
    fields = ConnectorFields.model_json_schema()["properties"]
    assert fields.keys() == {it.name for it in SETTINGS.values()}
    for known in SETTINGS.values():
        listed = [it.get("enum") for it in fields[known.name]["anyOf"] if it.get("enum")]
        assert listed == ([list(known.choices)] if known.choices else [])


@pytest.mark.skipif(not CLOUDFLARED, reason="ZTCTL_TEST_CLOUDFLARED names no cloudflared")
@pytest.mark.parametrize("service", SERVICES)
def test_a_real_cloudflared_takes_what_is_written(tmp_path: Path, service: str) -> None:
    """Every form of a service, with settings whose texts look like something else."""
    rule = {"hostname": "*.example.com", "path": "a: b", "service": service}
    if service.startswith("ssh:"):
        del rule["path"]
    origin = {"originServerName": "0o7", "httpHostHeader": "${HOST}", "access": ACCESS}
    config = {
        **HEAD, "edge-ip-version": "4", "label": "3", "grace-period": "90s", "tag": ["a=b"],
        "ingress": [{**rule, "originRequest": origin}, END],
    }  # fmt: skip
    _, text = round_trip(tmp_path, config)
    (tmp_path / "written.yml").write_text(text, encoding="utf-8")
    assert CLOUDFLARED
    command = [CLOUDFLARED, "tunnel", "--config", str(tmp_path / "written.yml")]
    done = subprocess.run(
        [*command, "ingress", "validate"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["OK"]), done.stderr
