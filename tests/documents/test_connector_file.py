"""A connector's own file: what cloudflared refuses, with positions; what it takes by mistake.

The oracle of rules is `tests/support/connector.py`, written from cloudflared alone, and a real
cloudflared where ZTCTL_TEST_CLOUDFLARED names one.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.connector import refusal
from tests.support.examples import examples
from ztctl.core.model.connector_file import ConnectorFile
from ztctl.core.model.diagnostics import Problems
from ztctl.documents.connector_file import read_connector_file
from ztctl.documents.connector_text import config_text

CLOUDFLARED = os.environ.get("ZTCTL_TEST_CLOUDFLARED")
CATCH_ALL = "  - service: http_status:404\n"
GOOD = """\
tunnel: 79a60ee2-9a98-4f5f-96c7-76c88b2075be
credentials-file: /etc/cloudflared/79a60ee2-9a98-4f5f-96c7-76c88b2075be.json
protocol: auto
loglevel: info
log-directory: /var/log/cloudflared
metrics: 127.0.0.1:20241
no-autoupdate: true
edge-ip-version: "4"
grace-period: 30s
retries: 5
tag: [site=lisbon]
originRequest:
  connectTimeout: 1m30s
warp-routing:
  connectTimeout: 5s
ingress:
  - hostname: ssh.example.com
    service: ssh://127.0.0.1:22
    originRequest:
      access: {required: true, teamName: acme, audTag: [aaaa]}
  - hostname: "*.lab.example.com"
    path: ^/api
    service: https://10.0.0.5
    originRequest: {noTLSVerify: yes, keepAliveConnections: 0x10, proxyPort: 1}
  - hostname: socks.example.com
    service: socks-proxy
    originRequest:
      ipRules: [{prefix: 10.0.0.0/8, ports: [22, 443], allow: true}]
  - service: http_status:404
"""


def read(folder: Path, text: str) -> ConnectorFile:
    """Read a text as a file called config.yml."""
    path = folder / "config.yml"
    path.write_text(text, encoding="utf-8")
    return read_connector_file(path)


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a text: `LINE:COLUMN SUMMARY`; nothing where it can be read."""
    try:
        read(folder, text)
    except Problems as found:
        return [
            f"{it.where.line}:{it.where.column} {it.summary}" if it.where else it.summary
            for it in found.items
        ]
    return []


def warnings(folder: Path, text: str) -> list[str]:
    """What a text is warned of: `LINE:COLUMN SUMMARY -> HINT`."""
    found = read(folder, text).warnings
    return [
        f"{it.where.line}:{it.where.column} {it.summary} -> {it.hint}" for it in found if it.where
    ]


def is_taken_by_cloudflared(folder: Path, text: str) -> bool:
    """Whether a real cloudflared takes the file."""
    assert CLOUDFLARED
    (folder / "real.yml").write_text(text, encoding="utf-8")
    command = [CLOUDFLARED, "tunnel", "--config", str(folder / "real.yml"), "ingress", "validate"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    """Settings in ztctl's spelling, the configuration in the API's, durations in seconds."""
    found = read(tmp_path, GOOD)
    assert found.tunnel == "79a60ee2-9a98-4f5f-96c7-76c88b2075be"
    assert found.credentials_file.endswith("75be.json")
    assert found.settings == {
        "protocol": "auto",
        "loglevel": "info",
        "log_directory": "/var/log/cloudflared",
        "metrics": "127.0.0.1:20241",
        "no_autoupdate": True,
        "edge_ip_version": "4",
        "grace_period": "30s",
        "retries": 5,
        "tags": ["site=lisbon"],
    }
    assert found.configuration == {
        "originRequest": {"connectTimeout": 90},
        "warp-routing": {"connectTimeout": 5},
        "ingress": [
            {
                "hostname": "ssh.example.com",
                "service": "ssh://127.0.0.1:22",
                "originRequest": {
                    "access": {"required": True, "teamName": "acme", "audTag": ["aaaa"]}
                },
            },
            {
                "hostname": "*.lab.example.com",
                "path": "^/api",
                "service": "https://10.0.0.5",
                "originRequest": {"noTLSVerify": True, "keepAliveConnections": 16, "proxyPort": 1},
            },
            {
                "hostname": "socks.example.com",
                "service": "socks-proxy",
                "originRequest": {
                    "ipRules": [{"prefix": "10.0.0.0/8", "ports": [22, 443], "allow": True}]
                },
            },
            {"service": "http_status:404"},
        ],
    }
    assert (found.leftover, found.warnings) == ((), ())


# A file, and what is said of it: by a line that it must contain.
REFUSED = {
    "tunnel: a\n": "there are no ingress rules",
    "ingress: []\n": "there are no ingress rules",
    "": "the file is empty",
    "- a\n": "must be a mapping",
    "ingress:\n  - hostname: a.example.com\n    service: ssh://a\n": "2:5 rule 1 is the last one",
    f"ingress:\n  - service: ssh://a:22\n{CATCH_ALL}": "2:5 rule 1 takes every request",
    f"ingress:\n  - hostname: '*'\n    service: ssh://a:22\n{CATCH_ALL}": "takes every request",
    f"ingress:\n  - hostname: a.example.com:22\n    service: ssh://a\n{CATCH_ALL}": "2:15 rule 1",
    f"ingress:\n  - hostname: a.*.example.com\n    service: ssh://a\n{CATCH_ALL}": "a star inside",
    "ingress:\n  - service: localhost:22\n": "'localhost:22' has no scheme",
    "ingress:\n  - service: 10.0.0.5\n": "'10.0.0.5' has no scheme",
    "ingress:\n  - service: 10.0.0.5:22\n": "'10.0.0.5:22' has no scheme",
    "ingress:\n  - path: ''\n": "rule 1: it has no service",
    "ingress:\n  -\n": "rule 1: it has no service",
    "ingress:\n  - service: ssh://localhost:22/foo\n": "has a path",
    "ingress:\n  - service: http_status:99\n": "no HTTP status",
    "ingress:\n  - service: http_status:abc\n": "no HTTP status",
    f"ingress:\n  - path: '('\n    service: ssh://a\n{CATCH_ALL}": "2:11 rule 1: the path is no",
    f"ingress:\n{CATCH_ALL}    originRequest: {{access: {{required: true, audTag: [a]}}}}\n": (
        "3:20 rule 1: `access` lists audiences (`audTag`) and names no team"
    ),
    "ingress:\n  - service: ssh://a\n    originRequest:\n      connectTimeout: 30\n": (
        "4:23 `ingress[0].originRequest.connectTimeout` must be a duration such as 30s, not the"
    ),
    f"url: ssh://a:22\ningress:\n{CATCH_ALL}": "1:1 one service for all names",
    f"edge-ip-version: 4\ningress:\n{CATCH_ALL}": "1:18 `edge-ip-version` must be a text, not",
    f"retries: '3'\ningress:\n{CATCH_ALL}": "`retries` must be a whole number, not the text '3'",
    f"loglevel:\ningress:\n{CATCH_ALL}": "`loglevel` must be a text, not empty",
    f"no-autoupdate: yes\ningress:\n{CATCH_ALL}": "must be true or false, not the text 'yes'",
    f"grace-period: 30\ningress:\n{CATCH_ALL}": "`grace-period` must be a duration",
    f"tag: a=b\ningress:\n{CATCH_ALL}": "`tag` must be a list of texts, not the text 'a=b'",
    f"tunnel: [a]\ningress:\n{CATCH_ALL}": "`tunnel` must be a text, not a list",
    f"tunnel: a\ntunnel: b\ningress:\n{CATCH_ALL}": "the key `tunnel` is here twice",
    "ingress: {}\n": "`ingress` must be a list",
    "ingress: [a]\n": "`ingress[0]` must be a mapping",
    "ingress:\n  - hostname: [a]\n    service: http_status:404\n": "must be a text, not a list",
}
# Refused only where the connector is run.
REFUSED_AT_START = {
    f"protocol: foo\ningress:\n{CATCH_ALL}": "`protocol` must be one of auto, quic, http2",
    f"edge-ip-version: '5'\ningress:\n{CATCH_ALL}": "`edge-ip-version` must be one of auto, 4, 6",
}


@pytest.mark.parametrize(("text", "said"), [*REFUSED.items(), *REFUSED_AT_START.items()])
def test_what_cloudflared_refuses_is_told_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    """Each refusal has a line and column, and one problem is not told as several."""
    (found,) = problems(tmp_path, text)
    assert said in found


# As the reader of cloudflared's file converts them (gopkg.in/yaml.v3, `resolve.go`, `decode.go`).
CONVERTED = {
    "noTLSVerify: Yes": {"noTLSVerify": True},
    "noTLSVerify: 'OFF'": {"noTLSVerify": False},
    "bastionMode: On": {"bastionMode": True},
    "connectTimeout: +90s": {"connectTimeout": 90},
    "connectTimeout: 3000000μs": {"connectTimeout": 3},
    "keepAliveConnections: 1e2": {"keepAliveConnections": 100},
    "keepAliveConnections: 09": {"keepAliveConnections": 9},
    "keepAliveConnections: 1.5": {"keepAliveConnections": 1},
    "access: {audTag: [~, a]}": {"access": {"audTag": ["a"]}},
}
NOT_CONVERTED = [
    "proxyPort: -1",
    "keepAliveConnections: 9223372036854775808",
    "keepAliveConnections: _1",
    "keepAliveConnections: .nan",
    "keepAliveConnections: 1e999",
    "noTLSVerify: yES",
    "connectTimeout: +-1s",
]


@pytest.mark.parametrize(("setting", "value"), CONVERTED.items())
def test_a_setting_is_what_the_connector_makes_of_it(
    tmp_path: Path, setting: str, value: Any
) -> None:
    """A file by which a server runs is never refused for how it is written."""
    found = read(tmp_path, f"originRequest: {{{setting}}}\ningress:\n{CATCH_ALL}")

    assert found.configuration["originRequest"] == value


@pytest.mark.parametrize("setting", NOT_CONVERTED)
def test_a_setting_that_the_connector_cannot_convert_is_refused(
    tmp_path: Path, setting: str
) -> None:
    """The connector does not start with it, so that nothing is served by what it says."""
    assert len(problems(tmp_path, f"originRequest: {{{setting}}}\ningress:\n{CATCH_ALL}")) == 1


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """A file with mistakes of all sorts is not mended one run at a time."""
    text = (
        "retries: x\nmetrics: 3\ningress:\n  - hostname: a:1\n    service: b\n    path: (\n"
        "  - hostname: '*a*'\n    service: foo\n    originRequest: {noTLSVerify: 3}\n"
    )
    assert [it.partition(" ")[0] for it in problems(tmp_path, text)] == [
        *("1:10", "2:10", "4:15", "5:14", "6:11", "9:34")
    ]


@pytest.mark.parametrize("path", ["(?i)^/x", "^/a?$", "a?b"])
def test_a_question_mark_in_brackets_is_quoted(tmp_path: Path, path: str) -> None:
    """The reader of cloudflared's file ends a text in brackets there, and refuses the file."""
    rule = "  - {{hostname: a.example.com, path: {}, service: 'tcp://b:1'}}\n"
    found = read(tmp_path, f"ingress:\n{rule.format(repr(path))}{CATCH_ALL}")

    text = config_text(found)

    assert f'path: "{path}"' in text
    assert read(tmp_path, text).configuration == found.configuration
    assert not CLOUDFLARED or is_taken_by_cloudflared(tmp_path, text)


RULE = "ingress:\n  - hostname: {}\n    service: {}\n" + CATCH_ALL
TWICE = f"ingress:\n{'  - {hostname: a.example.com, service: tcp://b:1}' + chr(10)}"
DOUBTFUL = {
    f"logDirectory: /var\ningress:\n{CATCH_ALL}": (
        "1:1 cloudflared ignores the key `logDirectory` -> did you mean `log-directory`?"
    ),
    f"http2: true\ningress:\n{CATCH_ALL}": "`http2` -> write `protocol: http2`",
    f"logLevel: info\ningress:\n{CATCH_ALL}": "did you mean `loglevel`?",
    f"credentials_file: a\ningress:\n{CATCH_ALL}": "did you mean `credentials-file`?",
    f"cred-file: a\ningress:\n{CATCH_ALL}": "`cred-file` -> write `credentials-file`",
    f"output: json\ningress:\n{CATCH_ALL}": "give it to `cloudflared tunnel run`",
    f"hostname: a.example.com\ningress:\n{CATCH_ALL}": "classic tunnels",
    "url: ssh://localhost:22\n": "`url` serves every name that leads here",
    f"token: eyJh\ningress:\n{CATCH_ALL}": "`token` is a secret",
    f"loglevel: loud\ningress:\n{CATCH_ALL}": "1:11 cloudflared takes `loglevel: loud` for info",
    f"warp-routing: {{enabled: true}}\ningress:\n{CATCH_ALL}": "the key `warp-routing.enabled`",
    "ingress:\n  - servce: a\n    service: http_status:404\n": (
        "`ingress[0].servce` -> did you mean `service`?"
    ),
    RULE.format("'*ssh.example.com'", "ssh://a"): "2:15 rule 1: '*ssh.example.com' never matches",
    RULE.format("a.example.com", "foo://b:1"): "foo:// is no known scheme, and becomes raw TCP",
    RULE.format("a.example.com", "ssh://a.example.com:22"): "back to itself",
    RULE.format("a.example.com", "bastion"): "is a bastion and does not check the Access token",
    RULE.format("a.example.com", "ssh://b\n    path: ^/x"): "an SSH client asks for `/`",
    f"{TWICE}{TWICE.partition(chr(10))[2]}{CATCH_ALL}": "rule 2 is never reached: rule 1 takes",
    "ingress:\n  - {hostname: '*.example.com', service: tcp://b:1}\n"
    f"  - {{hostname: a.b.example.com, service: tcp://b:1}}\n{CATCH_ALL}": "2 is never reached",
}


@pytest.mark.parametrize(("text", "said"), DOUBTFUL.items())
def test_what_cloudflared_takes_by_mistake_is_warned_of(
    tmp_path: Path, text: str, said: str
) -> None:
    """The file can be read, and there is one warning, with its place and what to do."""
    (found,) = warnings(tmp_path, text)
    assert said in found


def test_what_has_no_counterpart_is_named_without_its_value(tmp_path: Path) -> None:
    """A token is neither kept nor shown by anything that is made of the file."""
    text = f"token: CANARY\nedge: [CANARY]\nfoo: CANARY\ningress:\n{CATCH_ALL}"
    found = read(tmp_path, text)
    assert {it.key for it in found.leftover} == {"token", "edge", "foo"}
    assert "CANARY" not in repr(found)


def test_a_time_finer_than_a_second_is_named_as_left_over(tmp_path: Path) -> None:
    """Nothing is rounded in silence: a remote configuration cannot hold it."""
    text = f"originRequest: {{connectTimeout: 1500ms, tlsTimeout: 2000ms}}\ningress:\n{CATCH_ALL}"
    found = read(tmp_path, text)
    assert found.configuration["originRequest"] == {"tlsTimeout": 2}
    assert [it.key for it in found.leftover] == ["originRequest.connectTimeout"]


@pytest.mark.parametrize(
    ("setting", "service"),
    [
        ("url: ssh://localhost:22", "ssh://localhost:22"),
        ("bastion: true", "bastion"),
        ("hello-world: true\nurl: http://a", "hello_world"),
        ("unix-socket: /run/a", "unix:/run/a"),
    ],
)
def test_one_service_for_all_names_is_a_rule_for_every_name(
    tmp_path: Path, setting: str, service: str
) -> None:
    """The form without `ingress` opens every name that leads to the tunnel, and is read so."""
    found = read(tmp_path, f"tunnel: a\n{setting}\n")
    assert found.configuration == {"ingress": [{"service": service}]}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 70,
        "a: &a [1,2,3]\nb: [" + "*a," * 5000 + "]\n",
        "ingress: !!python/object:os.system []\n",
        "ingress:\n  - <<: {service: a}\n",
        "tunnel: \x07\n",
    ],
)
def test_a_hostile_file_is_a_problem(tmp_path: Path, text: str) -> None:
    """Depth, aliases, tags and control characters end in a problem, not in a traceback."""
    assert problems(tmp_path, text)


words = st.sampled_from(
    ["a.example.com", "*.example.com", "*", "", "*a.b", "a.*.b", "a:1", "a:b:c"]
)
services = st.sampled_from(
    [
        *(
            "ssh://a:22",
            "ssh://[::1]:22",
            "foo://b",
            "bastion",
            "unix:/a",
            "http_status:404",
            "a:22",
        ),
        *("http_status:9", "hello_world", "http://a/x", "", "ssh://", "ssh://a:b", "tcp://a?b#c"),
    ]
)
rules: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"service": services},
    optional={
        "hostname": words,
        "path": st.sampled_from(["", "^/a", "(", "(?=a)"]),
        "originRequest": st.fixed_dictionaries(
            {},
            optional={
                "bastionMode": st.booleans(),
                "access": st.fixed_dictionaries(
                    {"required": st.booleans()},
                    optional={"teamName": st.sampled_from(["", "t"]), "audTag": st.just(["a"])},
                ),
            },
        ),
    },
)
closing = st.sampled_from([[{"service": "http_status:404"}], [{"service": "bastion"}], []])
configurations = st.fixed_dictionaries(
    {"ingress": st.builds(lambda some, end: [*some, *end], st.lists(rules, max_size=2), closing)},
    optional={"originRequest": st.fixed_dictionaries({"bastionMode": st.booleans()})},
)


@examples(150)
@given(configurations)
def test_what_is_read_is_what_the_connector_takes(
    tmp_path_factory: pytest.TempPathFactory, configuration: dict[str, Any]
) -> None:
    """A file is refused exactly where the oracle refuses it; else its rules are read unchanged."""
    folder = tmp_path_factory.getbasetemp()
    text = yaml.safe_dump(configuration, sort_keys=False)
    found = problems(folder, text)
    assert bool(found) == (refusal(configuration) is not None), found
    if not found:
        assert _plain(read(folder, text).configuration) == _plain(configuration)


def _plain(item: Any) -> Any:
    """Without empty mappings, which say nothing."""
    if isinstance(item, dict):
        return {key: it for key, value in item.items() if (it := _plain(value)) != {}}
    return [_plain(it) for it in item] if isinstance(item, list) else item


@pytest.mark.skipif(not CLOUDFLARED, reason="ZTCTL_TEST_CLOUDFLARED names no cloudflared")
def test_a_real_cloudflared_agrees(tmp_path: Path) -> None:
    """It takes what is read here, with and without warnings, and refuses what is refused."""
    # It counts an address without rules as missing rules, but runs by it.
    settings = "originRequest: {{{}}}\ningress:\n{}"
    taken = [GOOD, *(text for text in DOUBTFUL if "ingress" in text)]
    taken += [settings.format(it, CATCH_ALL) for it in CONVERTED]
    refused = [*REFUSED, *(settings.format(it, CATCH_ALL) for it in NOT_CONVERTED)]
    assert [text for text in taken if not is_taken_by_cloudflared(tmp_path, text)] == []
    assert [text for text in refused if is_taken_by_cloudflared(tmp_path, text)] == []
