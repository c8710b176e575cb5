"""One entry of `hosts` stands for objects of four sections."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.declared import PublicPlace
from ztctl.core.model.inner import InnerHost
from ztctl.core.model.objects import Wanted

from .workshop import Workshop

HEAD = "version: 1\nstack: prod\n"
POOL = HEAD + "policies: {team: }\ntunnels:\n  pool:\n"


def written_out(workshop: Workshop, text: str) -> dict[str, dict[str, Any]]:
    """Every wanted object but policies by its address, with what is stated."""
    declared = workshop.load(text)
    return {
        str(wanted.address): stated(wanted)
        for wanted in declared.wanted
        if wanted.address.kind != "access_policy"
    }


def stated(wanted: Wanted) -> dict[str, Any]:
    """The values of an object, references as their keys."""
    return {name: simple(value) for name, value in wanted.values.items() if value is not None}


def simple(value: Any) -> Any:
    """A value with references as texts."""
    if isinstance(value, list):
        return [simple(item) for item in value]
    return str(value.to) if hasattr(value, "to") else value


def same(workshop: Workshop, short: str, long: str) -> None:
    """Assert that the short form stands for exactly the long one."""
    assert written_out(workshop, short) == written_out(workshop, long)


def test_a_host_is_four_objects(workshop: Workshop) -> None:
    """The shortest form says exactly what the long one says."""
    found = written_out(
        workshop,
        POOL + "hosts:\n  h.example.com: {tunnel: pool, service: 'ssh://a:22', policies: [team]}\n",
    )

    assert found == {
        "access_application.h.example.com": {
            "policies": ["access_policy.team"],
            "app_launcher_visible": False,
        },
        "tunnel.pool": {"ingress": [{"hostname": "h.example.com", "service": "ssh://a:22"}]},
        "dns_record.h.example.com": {"tunnel": "tunnel.pool"},
        "ca_key.h.example.com": {},
    }


def test_every_option_has_its_place(workshop: Workshop) -> None:
    """Each option of a host goes to the object that it is about."""
    found = written_out(
        workshop,
        POOL
        + "hosts:\n  h.example.com: {tunnel: pool, service: s, policies: [team], terminal: true,\n"
        + "    session_duration: 2h, access: false, public_key_file: ca/h.pub}\n",
    )

    assert found == {
        "access_application.h.example.com": {
            "type": "ssh",
            "policies": ["access_policy.team"],
            "session_duration": "2h",
        },
        "tunnel.pool": {
            "ingress": [{"hostname": "h.example.com", "service": "s", "access": False}]
        },
        "dns_record.h.example.com": {"tunnel": "tunnel.pool"},
        "ca_key.h.example.com": {"public_key_file": "ca/h.pub"},
    }


def test_a_host_may_do_without_a_ca_key(workshop: Workshop) -> None:
    """`ca_key: false` leaves the key out and nothing else."""
    found = written_out(
        workshop,
        POOL + "hosts: {h.example.com: {tunnel: pool, service: s, policies: [], ca_key: false}}\n",
    )

    kinds = [address.partition(".")[0] for address in found]
    assert kinds == ["access_application", "tunnel", "dns_record"]


def test_generated_objects_say_where_they_come_from(workshop: Workshop) -> None:
    """Every added object has the origin and the place of its host; the tunnel keeps its own."""
    declared = workshop.load(
        POOL + "hosts:\n  h.example.com: {tunnel: pool, service: s, policies: [team]}\n"
    )

    origins = {
        (wanted.address.kind, wanted.origin, str(wanted.where)) for wanted in declared.wanted
    }
    host = ("hosts.h.example.com", "ztctl.yaml:7:3")
    assert origins == {
        ("access_policy", "", "ztctl.yaml:3:12"),
        ("tunnel", "", "ztctl.yaml:5:3"),
        ("access_application", *host),
        ("dns_record", *host),
        ("ca_key", *host),
    }


def test_rules_by_hand_come_first_and_wildcards_last(workshop: Workshop) -> None:
    """Rules go as written, then exact names, then deeper wildcards, each by name."""
    hosts = ("'*.example.com'", "b.example.com", "'*.z.example.com'", "a.example.com")
    entries = "".join(f"  {host}: {{tunnel: pool, service: s, policies: []}}\n" for host in hosts)
    found = written_out(
        workshop,
        POOL + "    ingress: [{hostname: z.example.com, service: z}]\nhosts:\n" + entries,
    )

    names = [rule["hostname"] for rule in found["tunnel.pool"]["ingress"]]
    assert names == [
        "z.example.com",
        "a.example.com",
        "b.example.com",
        "*.z.example.com",
        "*.example.com",
    ]


def test_a_public_host_has_nothing_in_front_of_it(workshop: Workshop) -> None:
    """`public` makes a rule that asks for no Access token, and a record."""
    found = written_out(
        workshop,
        POOL + "hosts: {h.example.com: {tunnel: pool, service: s, public: {reason: status}}}\n",
    )

    rule = {"hostname": "h.example.com", "service": "s", "access": False}
    assert found == {
        "tunnel.pool": {"ingress": [rule]},
        "dns_record.h.example.com": {"tunnel": "tunnel.pool"},
    }


def test_public_hosts_are_reported_with_their_reason(workshop: Workshop) -> None:
    """The exposure check hears from the file which hosts are meant to be open."""
    declared = workshop.load(
        POOL + "hosts: {h.example.com: {tunnel: pool, service: s, public: {reason: status}}}\n"
    )

    assert declared.public == (PublicPlace("h.example.com", reason="status"),)


SHARED = "hosts:\n" + "".join(
    f"  {name}.example.com: {{tunnel: pool, service: s, application: all}}\n" for name in "ab"
)


@pytest.mark.parametrize(
    ("application", "destinations"),
    [
        ("", ["a.example.com", "b.example.com"]),
        ("{destinations: [z.example.com]}", ["z.example.com", "a.example.com", "b.example.com"]),
        ("{destinations: [{uri: A.example.com}, b.example.com/]}", None),
        ("{destinations: ['*.example.com']}", None),
        ("{domain: '*.example.com'}", None),
        ("{destinations: ['*a.example.com']}", ["*a.example.com", "b.example.com"]),
        ("{destinations: ['a*.example.com', 'b.*.com']}", None),
        ("{domain: b.example.com}", ["a.example.com"]),
        ("{destinations: ['*.com']}", ["*.com", "a.example.com", "b.example.com"]),
        ("{domain: a.example.com/admin}", ["a.example.com", "b.example.com"]),
    ],
)
def test_a_shared_application_covers_its_hosts(
    workshop: Workshop, application: str, destinations: list[str] | None
) -> None:
    """Each host becomes a destination unless the application covers the whole name already."""
    text = f"{POOL}applications:\n  all: {application}\n"
    before = written_out(workshop, text)["access_application.all"]

    found = written_out(workshop, text + SHARED)["access_application.all"]

    assert found.get("destinations") == (destinations or before.get("destinations"))


@pytest.mark.parametrize(
    ("key", "destinations"),
    [
        ("'*.example.com'", None),
        ("a.example.com", ["a.example.com", "b.example.com"]),
        ("z.example.com", ["z.example.com", "a.example.com", "b.example.com"]),
        ("example.com", ["example.com", "a.example.com", "b.example.com"]),
        ("'b*.example.com'", ["b*.example.com", "a.example.com"]),
        ("z.example.com/admin", ["z.example.com/admin", "a.example.com", "b.example.com"]),
        ("a.example.com/admin", ["a.example.com/admin", "a.example.com", "b.example.com"]),
        ("web", ["a.example.com", "b.example.com"]),
        ("the web, v1.20", ["a.example.com", "b.example.com"]),
        ("v1.2", ["a.example.com", "b.example.com"]),
    ],
)
@pytest.mark.parametrize("fields", ["", "{destinations: []}", "{domain: , destinations: }"])
def test_a_shared_application_keeps_its_own_domain(
    workshop: Workshop, key: str, destinations: list[str] | None, fields: str
) -> None:
    """A key that is the domain stays one, whoever shares the application."""
    quoted = f"'{key.strip(chr(39))}'"
    hosts = SHARED.replace("application: all", f"application: {quoted}")

    found = written_out(workshop, f"{POOL}applications: {{{quoted}: {fields}}}\n{hosts}")

    application = found[f"access_application.{key.strip(chr(39))}"]
    assert (application.get("destinations") or None) == destinations


def test_a_wildcard_host_covers_others_that_share_the_application(workshop: Workshop) -> None:
    """A host that is a wildcard takes one of the few places, and those below it none."""
    hosts = "hosts:\n" + "".join(
        f"  '{name}.example.com': {{tunnel: pool, service: s, application: all}}\n"
        for name in ("a.dev", "*.dev", "db", "b.dev")
    )

    found = written_out(workshop, f"{POOL}applications: {{all: }}\n{hosts}")

    assert found["access_application.all"]["destinations"] == [
        "*.dev.example.com",
        "db.example.com",
    ]


def test_hosts_of_one_application_share_one_ca_key(workshop: Workshop) -> None:
    """The key belongs to the application, with the file that any of the hosts names."""
    found = written_out(
        workshop,
        POOL
        + "applications: {all: }\nhosts:\n"
        + "  a.example.com: {tunnel: pool, service: s, application: all}\n"
        + "  b.example.com: {tunnel: pool, service: s, application: all, public_key_file: b.pub}\n",
    )

    assert {name: found[name] for name in found if name.startswith("ca_key")} == {
        "ca_key.all": {"public_key_file": "b.pub"}
    }


def test_a_shared_ca_key_stands_where_its_file_is_stated(workshop: Workshop) -> None:
    """The path is relative to the YAML file that states it, whichever host was first."""
    declared = workshop.load_files(
        {
            "a.yaml": POOL
            + "applications: {all: }\nhosts: {a: {tunnel: pool, service: s, application: all}}\n",
            "b.yaml": "hosts:\n  b: {tunnel: pool, service: s, application: all,"
            " public_key_file: x}\n",
        }
    )

    (key,) = [wanted for wanted in declared.wanted if wanted.address.kind == "ca_key"]
    assert (str(key.where), key.origin) == ("b.yaml:2:3", "hosts.b")


def test_hosts_of_one_application_name_one_file(workshop: Workshop) -> None:
    """Two files for one key are a contradiction with both places."""
    problems = workshop.problems(
        POOL
        + "applications: {all: }\nhosts:\n"
        + "  a.example.com: {tunnel: pool, service: s, application: all, public_key_file: a.pub}\n"
        + "  b.example.com: {tunnel: pool, service: s, application: all, public_key_file: b.pub}\n"
    )

    summary = "ztctl.yaml:9:63: hosts.b.example.com: ca_keys.all has another `public_key_file`"
    hint = "it is stated at ztctl.yaml:8:63, and there is one key for all"
    assert problems == [f"{summary} -> {hint}"]


@pytest.mark.parametrize(
    ("by_hand", "key"),
    [
        ("applications:\n  h.example.com: {policies: []}\n", "applications.h.example.com"),
        ("dns:\n  h.example.com: {tunnel: pool}\n", "dns.h.example.com"),
        ("ca_keys:\n  h.example.com:\n", "ca_keys.h.example.com"),
    ],
)
def test_an_object_by_hand_collides_with_a_generated_one(
    workshop: Workshop, by_hand: str, key: str
) -> None:
    """Nothing is merged silently: both places are named."""
    problems = workshop.problems(
        POOL + by_hand + "hosts:\n  h.example.com: {tunnel: pool, service: s, policies: []}\n"
    )

    summary = f"ztctl.yaml:9:3: hosts.h.example.com adds {key}, which is declared already"
    hint = "it is declared at ztctl.yaml:7:3: remove it there, or write the host in full"
    assert problems == [f"{summary} -> {hint}"]


def test_a_rule_for_a_path_hides_nothing(workshop: Workshop) -> None:
    """A path of a host may lead elsewhere."""
    found = written_out(
        workshop,
        POOL
        + "    ingress: [{hostname: h.example.com, path: /x, service: z}]\n"
        + "hosts:\n  h.example.com: {tunnel: pool, service: s, policies: []}\n",
    )

    assert [rule["service"] for rule in found["tunnel.pool"]["ingress"]] == ["z", "s"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("service: s, policies: []", "8:3: hosts.h lacks `tunnel`"),
        ("tunnel: pool, policies: []", "8:3: hosts.h lacks `service`"),
        (
            "tunnel: pol, service: s, policies: []",
            "8:15: hosts.h: there is no tunnel `pol` in `tunnels` -> did you mean `pool`?",
        ),
        (
            "tunnel: pool, service: s, application: al",
            (
                "8:46: hosts.h: there is no application `al` in `applications`"
                " -> did you mean `all`?"
            ),
        ),
        (
            "tunnel: pool, service: s",
            (
                "8:3: hosts.h needs `policies`, `application` or `public`"
                " -> say who may enter: `policies: [NAME]`"
            ),
        ),
        (
            "tunnel: pool, service: s, application: all, policies: []",
            (
                "8:51: hosts.h: `policies` cannot stand beside `application`"
                " -> it belongs to applications.all"
            ),
        ),
        (
            "tunnel: pool, service: s, application: all, terminal: true",
            (
                "8:51: hosts.h: `terminal` cannot stand beside `application`"
                " -> it belongs to applications.all"
            ),
        ),
        (
            "tunnel: pool, service: s, public: {reason: r}, policies: []",
            "8:54: hosts.h: `policies` cannot stand beside `public` -> remove one of the two",
        ),
        (
            "tunnel: pool, service: s, public: {reason: r}, application: all",
            "8:54: hosts.h: `application` cannot stand beside `public` -> remove one of the two",
        ),
        (
            "tunnel: pool, service: s, public: {reason: r}, terminal: true",
            "8:54: hosts.h: `terminal` cannot stand beside `public` -> remove one of the two",
        ),
        (
            "tunnel: pool, service: s, public: {reason: r}, access: true",
            "8:54: hosts.h: `access` cannot stand beside `public` -> remove one of the two",
        ),
        (
            "tunnel: pool, service: s, public: {reason: r}, ca_key: true",
            "8:54: hosts.h: `ca_key` cannot stand beside `public` -> remove one of the two",
        ),
        (
            "tunnel: pool, service: s, public: {reason: ''}",
            "8:50: hosts.h: `public.reason` must be at least 1 character long, not ''",
        ),
        (
            "tunnel: pool, service: s, policies: [], ca_key: false, public_key_file: f",
            (
                "8:62: hosts.h: `public_key_file` cannot stand beside `ca_key: false`"
                " -> remove one of the two"
            ),
        ),
        (
            "tunnel: pool, service: s, policies: [], sessionDuration: 8h",
            "8:47: hosts.h has no field `sessionDuration` -> did you mean `session_duration`?",
        ),
        (
            "tunnel: pool, service: s, policies: [], session_duration: 8",
            "8:65: hosts.h: `session_duration`: '8' is not a duration -> write 8h",
        ),
        (
            "tunnel: pool, service: s, policies: [], terminal: yes",
            (
                "8:57: hosts.h: `terminal` must be true or false, not 'yes'"
                " -> write true or false, without quotes"
            ),
        ),
    ],
)
def test_what_a_host_must_not_say(workshop: Workshop, fields: str, problem: str) -> None:
    """Contradictions and gaps are told at the field, in the words of the short form."""
    (found,) = workshop.problems(f"{POOL}applications: {{all: }}\nhosts:\n  h: {{{fields}}}\n")

    assert found.startswith(f"ztctl.yaml:{problem}")


def test_what_changes_nothing_may_be_said(workshop: Workshop) -> None:
    """A public host may say out loud that it has no key, no terminal and no check."""
    declared = workshop.load(
        POOL
        + "hosts: {h: {tunnel: pool, service: s, public: {reason: r}, ca_key: false,"
        + " terminal: false, access: false}}\n"
    )

    assert declared.public == (PublicPlace("h", reason="r"),)


@pytest.mark.parametrize("key", ["https://ssh.example.com", "ssh.example.com/admin"])
def test_a_url_is_no_key_of_a_host(workshop: Workshop, key: str) -> None:
    """One mistake is told once, and not by each of the objects that the host stands for."""
    host = "tunnel: pool, service: s, policies: [team]"

    problems = workshop.problems(POOL + f"hosts:\n  {key}: {{{host}}}\n")

    hint = "write ssh.example.com: a host is named without scheme and path"
    assert problems == [f"ztctl.yaml:7:3: hosts.{key} is no host name -> {hint}"]


def test_host_names_stay_as_they_are_written(workshop: Workshop) -> None:
    """What becomes of a name is for the kinds to say."""
    found = written_out(
        workshop, POOL + "hosts: {Bücher.Example.com: {tunnel: pool, service: s, policies: []}}\n"
    )

    assert "dns_record.Bücher.Example.com" in found


def test_a_wrong_section_is_left_to_its_model(workshop: Workshop) -> None:
    """A tunnel or application of the wrong shape is told once, in its own words."""
    problems = workshop.problems(
        HEAD
        + "tunnels: {t: {ingress: x}, u: [x]}\napplications: {a: {destinations: x}, b: [x]}\n"
        + "hosts:\n"
        + "  h: {tunnel: t, service: s, application: a}\n"
        + "  i: {tunnel: u, service: s, application: b}\n"
    )

    assert [problem.split(" -> ")[0] for problem in problems] == [
        "ztctl.yaml:3:24: tunnels.t: `ingress` must be a list, not 'x'",
        "ztctl.yaml:3:31: tunnels.u must be a mapping (`key: value`), not a list",
        "ztctl.yaml:4:34: applications.a: `destinations` must be a list, not 'x'",
        "ztctl.yaml:4:41: applications.b must be a mapping (`key: value`), not a list",
    ]


HOST_BEHIND = "  jump.example.com: {tunnel: pool, service: bastion, policies: [team], %s}\n"
BEHIND = f"{POOL}hosts:\n{HOST_BEHIND}"


def test_machines_behind_a_bastion_are_no_objects(workshop: Workshop) -> None:
    """They are known to laptops alone: nothing of them reaches the account."""
    inner = "inner: {db1: 10.0.0.12:22, DB-2: '[fd00::12]:2222', www: intern.example.net:2022}"

    declared = workshop.load(BEHIND % inner)

    assert declared.inner == {
        "jump.example.com": (
            InnerHost("db1", "10.0.0.12", 22),
            InnerHost("db-2", "fd00::12", 2222),
            InnerHost("www", "intern.example.net", 2022),
        )
    }
    assert declared.wanted == workshop.load(BEHIND % "").wanted


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("'a b': 10.0.0.1:22", "`inner.a b`: 'a b' is no name for a machine behind a bastion"),
        ("$(x): 10.0.0.1:22", "`inner.$(x)`: '$(x)' is no name for a machine behind a bastion"),
        ("-a: 10.0.0.1:22", "`inner.-a`: '-a' is no name for a machine behind a bastion"),
        ("a: 10.0.0.1", "`inner.a`: '10.0.0.1' has no port"),
        ("a: 22", "`inner.a`: '22' has no port"),
        ("a: 'fd00::1'", "`inner.a`: 'fd00::1' has no port"),
        ("a: 10.0.0.1:0", "`inner.a`: '0' is no port"),
        ("a: 10.0.0.1:65536", "`inner.a`: '65536' is no port"),
        ("a: 'x y:22'", "`inner.a`: 'x y' is no address"),
        ("a: '[fe80::1%eth0]:22'", "`inner.a`: '[fe80::1%eth0]' is no address"),
        ("a: '-oProxyCommand=x:22'", "`inner.a`: '-oProxyCommand=x' is no address"),
        ("a: [10.0.0.1:22]", "`inner.a` must be a text, not a list"),
        ("a: x:22, A: y:22", "`inner.A` is the name of another machine, too"),
    ],
)
def test_what_cannot_stand_behind_a_bastion_is_told(
    inner: str, said: str, workshop: Workshop
) -> None:
    """With its place, and with what would be right."""
    (problem,) = workshop.problems(BEHIND % f"inner: {{{inner}}}")

    assert problem.startswith("ztctl.yaml:7:")
    assert said in problem
    assert " -> " in problem or "must be a text" in problem


@pytest.mark.parametrize(
    ("host", "service", "said"),
    [
        ("ssh.example.com", "ssh://a:22", "`inner` needs `service: bastion`"),
        ("'*.example.com'", "bastion", "`inner` needs a name without a star"),
    ],
)
def test_machines_stand_behind_one_bastion(
    host: str, service: str, said: str, workshop: Workshop
) -> None:
    """Elsewhere they would lead nowhere."""
    text = f"hosts:\n  {host}: {{tunnel: pool, service: '{service}', policies: [team], "

    (problem,) = workshop.problems(f"{POOL}{text}inner: {{a: x:22}}}}\n")

    assert said in problem
