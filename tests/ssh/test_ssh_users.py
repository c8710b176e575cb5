"""Promises about the accounts of people: what is missing, must not be, and is written."""

from __future__ import annotations

import pytest

from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.ssh_users import HostAccounts, Presence, UserFault, UsersReport
from ztctl.ssh.accounts import accounts_of, addresses_of
from ztctl.ssh.users import UserChoices, users_report

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
jdoe:x:1000:1000:J Doe,,,:/home/jdoe:/bin/bash
deploy:x:1001:1001::/srv:/bin/bash
svc:x:1500:1500::/:/usr/sbin/nologin
2fast:x:1600:1600::/:/bin/sh
toor:x:0:0::/root:/bin/sh
Ann:x:1700:1700::/home/Ann:/bin/sh
"""
GROUP = "jdoe:x:1000:\nsudo:x:27:jdoe\ndevs:x:1200:jdoe,deploy\n"


def known() -> HostAccounts:
    """The accounts of a server."""
    return accounts_of(PASSWD, "passwd", GROUP, "group")


def report(*addresses: str, seen: bool = True, **choices: object) -> UsersReport:
    """What is said of these people."""
    chosen = UserChoices(**choices)  # type: ignore[arg-type]
    return users_report("h", addresses, (), known() if seen else None, chosen)


def faults(found: UsersReport) -> dict[str, list[UserFault]]:
    """What stands against each name."""
    return {user.name: [it.fault for it in user.faults] for user in found.users if user.faults}


def test_somebody_with_an_account_is_in_order() -> None:
    """The part before the @ is an account that lets people in."""
    found = report("jdoe@example.com")

    assert (found.differs, found.lines) == (False, ("account\tjdoe",))


def test_a_missing_account_is_a_difference_and_is_written() -> None:
    """The users file makes it."""
    found = report("new@example.com")

    assert found.users[0].presence is Presence.MISSING
    assert (found.differs, found.lines) == (True, ("account\tnew",))


def test_accounts_that_were_not_seen_are_not_called_missing() -> None:
    """Nor present: what was not looked at is no difference, and the file makes them all."""
    found = report("new@example.com", seen=False)

    assert (found.users[0].presence, found.differs) == (Presence.UNSEEN, False)
    assert found.lines == ("account\tnew",)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("root@example.com", UserFault.SYSTEM),
        ("backup@example.com", UserFault.SYSTEM),
        ("postgres@example.com", UserFault.SYSTEM),
        ("toor@example.com", UserFault.SYSTEM),
        ("svc@example.com", UserFault.NO_SHELL),
        ("devs@example.com", UserFault.GROUP_TAKEN),
        ("12345@example.com", UserFault.BAD_NAME),
        ("3com@example.com", UserFault.BAD_NAME),
        ("-rf@example.com", UserFault.BAD_NAME),
        ("jdoe.@example.com", UserFault.BAD_NAME),
        ("josé@example.com", UserFault.BAD_NAME),
        ("a/../b@example.com", UserFault.BAD_NAME),
        ("$(reboot)@example.com", UserFault.BAD_NAME),
        (f"{'a' * 33}@example.com", UserFault.BAD_NAME),
    ],
)
def test_what_stands_against_a_name_keeps_it_out_of_the_file(
    address: str, fault: UserFault
) -> None:
    """It is told with what to do, counts as a difference, and makes no account."""
    found = report(address)

    assert faults(found) == {address.partition("@")[0]: [fault]}
    assert all(it.remedy for it in found.users[0].faults)
    assert (found.differs, found.lines) == (True, ())


@pytest.mark.parametrize("address", ["j.doe@example.com", "jdoe+ssh@example.com"])
def test_odd_names_that_work_are_taken(address: str) -> None:
    """A dot and a plus are."""
    name = address.partition("@")[0]

    assert (faults(report(address)), report(address).lines) == ({}, (f"account\t{name}",))


def test_an_account_that_exists_may_have_any_name() -> None:
    """It need not be made, and what the users file cannot hold is no line of it."""
    found = report("2fast@example.com")

    assert (found.differs, found.lines) == (False, ())


def test_two_addresses_of_one_name_are_a_collision() -> None:
    """Certificates hold no domain; both are told, neither is written."""
    found = report("jdoe@example.com", "JDoe@example.net")

    assert UserFault.COLLISION in faults(found)["jdoe"]
    assert found.users[0].emails == ("jdoe@example.com", "jdoe@example.net")
    assert (found.differs, found.lines) == (True, ())


def test_one_address_twice_is_no_collision() -> None:
    """In whatever letters it is written."""
    assert not report("jdoe@example.com", "jdoe@Example.com").differs


@pytest.mark.parametrize("allowed", ["jdoe", "all"])
def test_a_collision_that_is_meant_is_written(allowed: str) -> None:
    """It is still told, and is no difference."""
    found = report("jdoe@example.com", "jdoe@example.net", collisions={allowed})

    assert faults(found) == {"jdoe": [UserFault.COLLISION]}
    assert (found.differs, found.lines) == (False, ("account\tjdoe",))


def test_a_system_name_that_is_meant_is_written() -> None:
    """By its name, and by no other."""
    assert report("root@example.com", systems={"root"}).lines == ("account\troot",)
    assert report("root@example.com", systems={"backup"}).lines == ()


def test_capitals_let_either_spelling_in() -> None:
    """Which one the certificate holds is not documented."""
    found = report("JSmith@example.com")

    assert faults(found) == {"jsmith": [UserFault.CASE]}
    assert found.lines == ("account\tjsmith", "principals\tjsmith\tjsmith,JSmith")


def test_an_account_in_capitals_is_taken_as_it_is() -> None:
    """The host has it so."""
    (user,) = report("Ann@example.com").users

    assert (user.name, user.presence) == ("Ann", Presence.PRESENT)


def test_an_alias_is_another_name_of_an_account() -> None:
    """It stands for an account that exists."""
    found = report("new@example.com", aliases={"new": "deploy"})

    assert found.lines == ("alias\tnew\tdeploy",)


@pytest.mark.parametrize(
    ("alias", "fault"),
    [
        ({"new": "nobody-there"}, UserFault.NO_TARGET),
        ({"new": "toor"}, UserFault.SYSTEM),
        ({"jdoe": "deploy"}, UserFault.OTHER_UID),
    ],
)
def test_an_alias_that_cannot_be(alias: dict[str, str], fault: UserFault) -> None:
    """Of nobody, of the system, or in place of another account: told and left out."""
    (name,) = alias
    found = report(f"{name}@example.com", aliases=alias)

    assert (faults(found), found.lines) == ({name: [fault]}, ())


def test_people_are_mapped_to_an_account() -> None:
    """They need none of their own, also where theirs could not be made."""
    found = report("j.@example.com", "new@x.com", maps={"deploy": ["j.@example.com", "new@x.com"]})

    assert (found.differs, found.lines) == (False, ("principals\tdeploy\tj.,new",))


@pytest.mark.parametrize("address", ["12345@x.com", "josé@x.com", "a*@x.com"])
def test_a_name_that_no_file_can_hold_is_not_mapped(address: str) -> None:
    """A pattern would let in everybody; the others would make the whole file be refused."""
    found = report(address, "new@x.com", maps={"deploy": [address, "new@x.com"]})

    assert faults(found) == {address.partition("@")[0]: [UserFault.BAD_NAME]}
    assert (found.differs, found.lines) == (True, ("principals\tdeploy\tnew",))


def test_whoever_has_the_name_of_a_mapped_account_keeps_it() -> None:
    """The principals file replaces that an account lets its own name in."""
    found = report("deploy@x.com", "new@x.com", maps={"deploy": ["new@x.com"]})

    assert found.lines == ("account\tdeploy", "principals\tdeploy\tdeploy,new")


def test_a_mapping_does_not_hide_a_collision() -> None:
    """Both people would be let in: the mapping is by the name alone."""
    found = report("lead@a.com", "lead@b.com", maps={"deploy": ["lead@a.com"]})

    assert (found.differs, found.lines) == (True, ())


def test_a_mapping_to_an_account_of_the_system() -> None:
    """It is as dangerous as the name itself."""
    found = report("new@x.com", maps={"backup": ["new@x.com"]})

    assert (faults(found), found.lines) == ({"backup": [UserFault.SYSTEM]}, ())


def test_a_list_is_read_with_its_comments() -> None:
    """Blank lines and what stands behind # are nobody."""
    text = "# team\njdoe@example.com  # lead\r\n\nann@example.com\n"

    assert addresses_of(text, "f") == ("jdoe@example.com", "ann@example.com")


def test_every_bad_line_of_a_list_is_told() -> None:
    """By file, line and column, without the line itself."""
    with pytest.raises(Problems) as raised:
        addresses_of("jdoe@example.com\n  hunter2\na@x.com, b@x.com\n\x1b[31m@x.com\n", "list")

    assert [str(it.where) for it in raised.value.items] == ["list:2:3", "list:3:1", "list:4:1"]
    assert "hunter2" not in str(raised.value)


def test_a_shadow_file_is_refused_unseen() -> None:
    """Its hashes stand in no message."""
    with pytest.raises(Problems, match="shadow") as raised:
        accounts_of("root:$6$salt$hash:19000:0:99999:7:::\n", "f")

    assert "$6$" not in str(raised.value)
