"""Promises about files that are wrong: each is one clear problem, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest

Ztctl = Any
TOP = "version: 1\nstack: prod\n"
POLICY = "policies:\n  p: {decision: allow, include: [{email: a@example.com}]}\n"
APPLICATION = f"{POLICY}applications:\n  ssh.example.com: {{policies: [p]}}\n"
KEY = f"{APPLICATION}ca_keys:\n  ssh.example.com: {{public_key_file: %s}}\n"
TUNNEL = "tunnels:\n  t:\n    ingress:\n"
RULE = "{hostname: ssh.example.com, service: 'ssh://localhost:22'}"
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)

# What the files alone can tell: the text, and what is said about it.
OFFLINE: dict[str, tuple[str | bytes, str]] = {
    "a key twice": (f"{TOP}stack: other\n", "ztctl.yaml:3:1: error: the key `stack` is here twice"),
    "a tab": (f"{TOP}policies:\n\tp: x\n", "ztctl.yaml:4:1: error: a tab cannot indent YAML"),
    "a wrong type": (
        f"{TOP}policies:\n  p: {{decision: allow, include: 5}}\n",
        "ztctl.yaml:4:33: error: policies.p: `include` must be a list, not '5'",
    ),
    "an unknown field": (
        f"{TOP}policies:\n  p: {{decison: allow}}\n",
        "error: policies.p has no field `decison`\n  hint: did you mean `decision`?",
    ),
    "an unknown section": (f"{TOP}polices: {{}}\n", "did you mean `policies`?"),
    "a policy that is not there": (
        f"{TOP}applications:\n  ssh.example.com: {{policies: [nope]}}\n",
        "refers to the access policy 'nope', which no file declares",
    ),
    "two applications on one domain": (
        (
            f"{TOP}{POLICY}applications:\n"
            "  a: {domain: ssh.example.com, policies: [p]}\n"
            "  b: {domain: ssh.example.com, policies: [p]}\n"
        ),
        "has the domain ssh.example.com, which access_application.a has too",
    ),
    "8 hours": (
        (
            f"{TOP}policies:\n  p: {{decision: allow, include: [everyone: true], "
            "session_duration: 8 hours}\n"
        ),
        "`session_duration`: '8 hours' is not a duration\n  hint: write 8h",
    ),
    "a rule after a catch-all": (
        f"{TOP}{TUNNEL}      - service: http_status:404\n      - {RULE}\n",
        "rule 1 takes every name, so that the rules behind it never match",
    ),
    "a service without a scheme": (
        f"{TOP}{TUNNEL}      - {{hostname: ssh.example.com, service: 'localhost:22'}}\n",
        "the service 'localhost:22' has no scheme\n  hint: write ssh://localhost:22",
    ),
    "an alias bomb": (TOP + BOMB, "error: aliases repeat more than 10,000 values"),
    "30,000 brackets": (f"{TOP}x: {'[' * 30_000}\n", "error: nested deeper than 64 levels"),
    "not UTF-8": (TOP.encode() + b"# \xff\n", "error: not UTF-8: byte 0xff"),
    "nothing": ("", "ztctl.yaml:1:1: error: the file is empty"),
    "a list": ("- a\n", "error: the file must be a mapping"),
    "a path upwards": (
        TOP + KEY % "../../x",
        "`public_key_file`: '../../x' does not stay below the folder of this file",
    ),
    "an absolute path": (TOP + KEY % "/etc/x", "does not stay below the folder of this file"),
    "a secret of the machine": (
        (
            f"{TOP}tunnels:\n  t: {{}}\ndns:\n  ssh.example.com:\n    tunnel: t\n"
            "    comment: ${env.CLOUDFLARE_API_TOKEN}\n"
        ),
        (
            "error: the file may not read CLOUDFLARE_API_TOKEN from the environment\n"
            "  hint: allow it with --allow-env CLOUDFLARE_API_TOKEN if the value is no secret"
        ),
    ),
    "another version": ("version: 2\nstack: prod\n", "ztctl.yaml:1:10: error: "),
}

# What only the account can tell.
ONLINE = {
    "an identity provider that is not there": (
        (
            f"{TOP}policies:\n  p:\n    decision: allow\n    include:\n"
            "      - okta: {identity_provider: Nokta, name: x}\n"
        ),
        (
            "error: there is no live identity provider called 'Nokta'\n"
            "  hint: the account has Google Workspace, Okta, onetimepin"
        ),
    ),
    "a name in no zone": (
        f"{TOP}{POLICY}applications:\n  ssh.example.org: {{policies: [p]}}\n",
        (
            "ssh.example.org lies in no active zone of the account\n"
            "  hint: the token sees these active zones: example.com"
        ),
    ),
}


def write(ztctl: Ztctl, text: str | bytes) -> None:
    """Put a file where the command looks for one."""
    content = text.encode() if isinstance(text, str) else text
    (ztctl.folder / "ztctl.yaml").write_bytes(content)


@pytest.mark.parametrize("name", OFFLINE)
def test_a_wrong_file_is_a_clear_problem(name: str, ztctl: Ztctl) -> None:
    """What is wrong is said in words, with its place, as an error, before anything is written."""
    text, said = OFFLINE[name]
    write(ztctl, text)

    done = ztctl("apply", "--sandbox", "--auto-approve", env={"CLOUDFLARE_API_TOKEN": "canary"})

    assert said in done.err
    assert (done.code, done.out) == (1, "")
    assert ztctl.files() == {"ztctl.yaml"}


@pytest.mark.parametrize("name", ONLINE)
def test_what_the_account_lacks_is_a_clear_problem(name: str, ztctl: Ztctl, account: Any) -> None:
    """What only the account can tell has its place in the file, and stops apply before a write."""
    text, said = ONLINE[name]
    write(ztctl, text)

    done = ztctl.at(account)("apply", "--auto-approve")

    assert said in done.err
    assert done.err.startswith("ztctl.yaml:")
    assert (done.code, done.out, account.written) == (1, "", [])


def test_all_problems_come_at_once(ztctl: Ztctl) -> None:
    """One run tells everything that is wrong, in the order of the lines."""
    write(
        ztctl, f"{TOP}polices: {{}}\ntunnels:\n  t: {{ingres: []}}\ndns:\n  x.example.com: {{}}\n"
    )

    done = ztctl("validate")

    lines = [line for line in done.err.splitlines() if line.startswith("ztctl.yaml:")]
    assert [line.split(":")[1] for line in lines] == ["3", "5", "7"]


def test_a_huge_file_is_not_read(ztctl: Ztctl) -> None:
    """A file of 50 MB is refused for its size."""
    write(ztctl, b"a: b\n" * 10_000_000)

    done = ztctl("validate")

    assert done.code == 1
    assert done.err.startswith("error: ztctl.yaml is larger than 10 MB\n")


def test_norway_is_a_country(ztctl: Ztctl) -> None:
    """The country NO is no truth value."""
    write(ztctl, f"{TOP}groups:\n  g: {{include: [{{country: NO}}]}}\n")

    done = ztctl("plan", "--sandbox", "--full")

    assert '{country = "NO"}' in done.out
    assert done.code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "error: there is no ztctl.yaml in this folder\n  hint: name a file or a folder by -f"),
        (("-f", "."), "error: the folder . holds no YAML file\n"),
        (("-f", "nope.yaml"), "error: cannot read nope.yaml: no such file or directory"),
        (("-f", "/dev/null"), "error: cannot read /dev/null: it is a device, not a file\n"),
        (("--var-file", "nope.yaml", "-f", "."), "nope.yaml"),
    ],
    ids=["default", "folder", "file", "device", "variables"],
)
def test_a_missing_file_is_told(words: tuple[str, ...], said: str, ztctl: Ztctl) -> None:
    """Where there is nothing to read the message says what was looked for."""
    done = ztctl("plan", "--sandbox", *words)

    assert said in done.err
    assert (done.code, done.out) == (1, "")
    assert ztctl.files() == set()


@pytest.mark.parametrize("kind", ["folder", "circle", "file"])
def test_a_link_out_of_the_folder_is_refused_before_anything_is_done(
    kind: str, ztctl: Ztctl, account: Any
) -> None:
    """A link on the way of a key file would lead a write elsewhere; no account is asked first."""
    (ztctl.folder / "here").mkdir()
    (ztctl.folder / "elsewhere").mkdir()
    link = ztctl.folder / "here" / "ca"
    path = {"folder": "ca/x.pub", "circle": "ca/x.pub", "file": "ca"}[kind]
    link.symlink_to({"folder": "../elsewhere", "circle": "ca", "file": "../elsewhere/x"}[kind])
    (ztctl.folder / "here" / "ztctl.yaml").write_text(TOP + KEY % path, encoding="utf-8")

    done = ztctl.at(account)("apply", "--auto-approve", "-f", "here")

    assert done.code == 1
    assert "`public_key_file`: " in done.err
    assert " by a link\n" in done.err
    assert list((ztctl.folder / "elsewhere").iterdir()) == []
    assert not account.sandbox.log


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "plan.json is not a plan"),
        ("[]", "plan.json is not a plan"),
        ('{"ztctl_plan": 1, "ztctl_version": "0.0.0"}', "was written by ztctl 0.0.0"),
        ("[" * 100_000, "plan.json is not a plan"),
    ],
    ids=["broken", "other", "old", "deep"],
)
def test_a_file_that_is_no_plan_is_told(text: str, said: str, ztctl: Ztctl) -> None:
    """Apply takes plans and says of anything else that it is none."""
    (ztctl.folder / "plan.json").write_text(text, encoding="utf-8")

    done = ztctl("apply", "plan.json")

    assert said in done.err
    assert done.code == 1
