"""Attacks by what a policy asks for: approvals of nobody, open logins, factors switched off.

A term counts by its content, never by its name; whoever need not do it any more gains.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene, gained, lost
from tests.support.account import refused
from tests.support.files import HOST, whole
from ztctl.core.model.facts import Openness
from ztctl.sandbox.edge.values import Visit, Visitor

File = dict[str, Any]
EVERYONE: list[File] = [{"everyone": True}]
SERVICE = "ssh://localhost:22"
STRANGER = Visitor("8.8.4.4", "ZZ", "eve@nowhere.invalid")


def entered_by(policy: File, **application: Any) -> File:
    """The whole file with one policy, the connector checking nothing."""
    file = whole()
    file["policies"] = {"chosen": policy}
    file["applications"][HOST] = {"policies": ["chosen"], **application}
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    return file


def allow(*include: File, **fields: Any) -> File:
    """An Allow policy, for Ann where nothing else is said."""
    who = list(include) or [{"email": "ann@example.com"}]
    return {"decision": "allow", "include": who, **fields}


def edited(scene: Scene, before: File, after: File) -> tuple[list[str], list[str]]:
    """Who gains and who loses by an edit, in words."""
    scene.account.apply(before)
    plan = scene.account.plan(after)
    assert refused(plan) == []
    return [who for who, _ in gained(plan, HOST)], [who for who, _ in lost(plan, HOST)]


# -- approvals ------------------------------------------------------------------------------

BOSS: File = {"approvals_needed": 1, "email_addresses": ["boss@example.com"]}
INTERN: File = {"approvals_needed": 1, "email_addresses": ["intern@example.com"]}


def approved(*groups: File, include: list[File] | None = None) -> File:
    """A policy that wants approvals."""
    who = include or [{"email": "ann@example.com"}]
    return allow(*who, approval_required=True, approval_groups=list(groups))


@pytest.mark.parametrize(
    "groups",
    [
        [],
        [{"approvals_needed": 0}],
        [{"approvals_needed": 0, "email_addresses": ["boss@example.com"]}],
        [{"approvals_needed": 2}],
        [{"approvals_needed": 1, "email_addresses": []}],
    ],
)
def test_e6_an_approval_that_nobody_has_to_give(scene: Scene, groups: list[File]) -> None:
    """Refused: no approval is needed, or there is nobody to ask for one: whoever logs in is in."""
    file = entered_by(approved(*groups, include=EVERYONE))

    scene.refused_as_open(file, HOST)

    scene.account.apply(file, exposure=[HOST])
    assert scene.visit(HOST, visitor=STRANGER).outcome == "origin"


@pytest.mark.parametrize(
    "group",
    [BOSS, {"approvals_needed": 1, "email_list_uuid": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"}],
)
def test_e6_an_approval_that_somebody_has_to_give(scene: Scene, group: File) -> None:
    """Not refused: a stranger waits for somebody who may say so."""
    assert refused(scene.account.plan(entered_by(approved(group, include=EVERYONE)))) == []


TWO: File = {"approvals_needed": 2, "email_addresses": ["boss@example.com", "chief@example.com"]}
BY_TWO = "by boss@example.com or chief@example.com"
OTHER = ["ann@example.com: asked: approval by boss@example.com → approval by intern@example.com"]
APPROVALS = [
    (
        "other people",
        approved(BOSS),
        approved(INTERN),
        OTHER,
        OTHER,
    ),
    (
        "taken off",
        approved(BOSS),
        allow(),
        ["ann@example.com: no longer asked: approval by boss@example.com"],
        [],
    ),
    (
        "none needed",
        approved(BOSS),
        approved({**BOSS, "approvals_needed": 0}),
        ["ann@example.com: no longer asked: approval by boss@example.com"],
        [],
    ),
    (
        "put on",
        allow(),
        approved(BOSS),
        [],
        ["ann@example.com: now asked: approval by boss@example.com"],
    ),
    (
        "fewer",
        approved(TWO),
        approved({**TWO, "approvals_needed": 1}),
        [f"ann@example.com: asked: 2 approvals {BY_TWO} → approval {BY_TWO}"],
        [],
    ),
    (
        "one who may give it more",
        approved(BOSS),
        approved({**TWO, "approvals_needed": 1}),
        [f"ann@example.com: asked: approval by boss@example.com → approval {BY_TWO}"],
        [],
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "gain", "loss"),
    [case[1:] for case in APPROVALS],
    ids=[case[0] for case in APPROVALS],
)
def test_e6_a_change_of_approvals_is_told(
    scene: Scene, before: File, after: File, gain: list[str], loss: list[str]
) -> None:
    """Who need not ask the same people any more gains, who must ask others loses."""
    assert edited(scene, entered_by(before), entered_by(after)) == (gain, loss)


# -- second factors and application settings ------------------------------------------------

OFF: File = {"mfa_disabled": True}
TOTP: File = {"allowed_authenticators": ["totp"], "session_duration": "8h"}
ORGANISATIONS = "the second factor that the organisation may ask for"
WITHOUT_ORGANISATION = f"ann@example.com: without {ORGANISATIONS}"
WITH_ORGANISATION = f"ann@example.com: now asked: {ORGANISATIONS}"
WITHOUT_TOTP = "ann@example.com: no longer asked: a second factor (totp, for 8h)"
WITH_TOTP = "ann@example.com: now asked: a second factor (totp, for 8h)"


@pytest.mark.parametrize("place", ["policy", "application"])
@pytest.mark.parametrize(
    ("before", "after", "gain", "loss"),
    [
        (None, OFF, [WITHOUT_ORGANISATION], []),
        (OFF, None, [], [WITH_ORGANISATION]),
        (None, TOTP, [], [WITH_TOTP]),
        (TOTP, None, [WITHOUT_TOTP], []),
        (TOTP, OFF, [WITHOUT_TOTP, WITHOUT_ORGANISATION], []),
        (OFF, TOTP, [], [WITH_TOTP, WITH_ORGANISATION]),
    ],
)
def test_1c_a_second_factor(
    scene: Scene,
    place: str,
    before: File | None,
    after: File | None,
    gain: list[str],
    loss: list[str],
) -> None:
    """Switched off, the factor is a demand less; asked for, it is one more, wherever it is said."""

    def asking(factor: File | None) -> File:
        said = {"mfa_config": factor}
        policy, application = (said, {}) if place == "policy" else ({}, said)
        return entered_by(allow(**policy), **application)

    found = edited(scene, asking(before), asking(after))

    assert tuple(map(sorted, found)) == (sorted(gain), sorted(loss))


def test_1c_a_policys_own_factor_goes_before_the_applications(scene: Scene) -> None:
    """Nothing is told of an application's factor where its policy says otherwise."""
    before = entered_by(allow(mfa_config=OFF))
    after = entered_by(allow(mfa_config=OFF), mfa_config=TOTP)

    assert edited(scene, before, after) == ([], [])


def test_1c_a_factor_instead_of_the_organisations(scene: Scene) -> None:
    """Both are told where the organisation asks for a factor itself: the other may be weaker."""
    scene.organise(mfa_required_for_all_apps=True)

    found = edited(scene, entered_by(allow()), entered_by(allow(mfa_config=TOTP)))

    assert found == ([WITHOUT_ORGANISATION], [WITH_TOTP])


@pytest.mark.parametrize("on", [True, False])
def test_1c_a_login_by_the_devices_session(scene: Scene, on: bool) -> None:
    """Where the WARP client's session counts as a login, whoever sits at the device gains."""
    text = "ann@example.com: an enrolled device's WARP session"
    scene.organise(warp_auth_session_duration="24h")
    files = [entered_by(allow(), allow_authenticate_via_warp=said) for said in (not on, on)]

    found = edited(scene, *files)

    assert found == (
        ([f"{text} counts as the login"], []) if on else ([], [f"{text} is no login any longer"])
    )


def test_1c_preflight_requests_pass_unasked(scene: Scene) -> None:
    """Told as a gain of everyone, for OPTIONS: that gets to the origin, and nothing else."""
    file = entered_by(allow(), options_preflight_bypass=True)

    gain, loss = edited(scene, entered_by(allow()), file)

    assert (gain, loss) == (["EVERYONE, by requests of the method OPTIONS alone"], [])
    scene.account.apply(file)
    assert scene.visit(HOST).outcome == "login"
    assert scene.account.sandbox.edge.visit(Visit(HOST, method="OPTIONS")).outcome == "origin"


def test_1c_preflight_requests_before_a_connector_that_checks(scene: Scene) -> None:
    """Nothing is told: such a request has no token, which the connector asks for."""
    files = [entered_by(allow(), options_preflight_bypass=said) for said in (False, True)]
    for file in files:
        file["tunnels"]["pool"]["ingress"][0]["access"] = True

    assert edited(scene, *files) == ([], [])


# -- logins that are open to anybody ----------------------------------------------------------


def provider(scene: Scene, type: str) -> str:
    """An identity provider of this type; its name."""
    known = [it for it in scene.account.everything()["identity_providers"] if it["type"] == type]
    if not known:
        body = {"name": f"By {type}", "type": type, "config": {}}
        scene.account.call("POST", "{A}/access/identity_providers", body)
    return type


PROVIDERS = {
    "onetimepin": True,
    "google": True,
    "github": True,
    "facebook": True,
    "linkedin": True,
    "yandex": True,
    "google-apps": False,
    "okta": False,
    "azureAD": False,
    "saml": False,
    "oidc": False,
    "onelogin": False,
    "pingone": False,
    "centrify": False,
}


@pytest.mark.parametrize("place", ["include", "group", "require"])
@pytest.mark.parametrize("type", PROVIDERS)
def test_e7_a_login_method(scene: Scene, type: str, place: str) -> None:
    """Refused where a mailbox or a free account is enough: that is everyone, however it is said."""
    rule = {"login_method": provider(scene, type)}
    file = entered_by(allow(rule))
    if place == "group":
        file["groups"]["people"] = {"include": [rule]}
        file["policies"]["chosen"]["include"] = [{"group": "people"}]
    if place == "require":
        file["policies"]["chosen"] |= {"include": EVERYONE, "require": [rule]}

    if not PROVIDERS[type]:
        assert refused(scene.account.plan(file)) == []
        return
    scene.refused_as_open(file, HOST)
    scene.account.apply(file, exposure=[HOST])
    (key,) = (
        it["id"] for it in scene.account.everything()["identity_providers"] if it["type"] == type
    )
    stranger = Visitor("8.8.4.4", "ZZ", "eve@nowhere.invalid", key)
    assert scene.visit(HOST, visitor=stranger).outcome == "origin"


def test_e7_the_reason_is_told(scene: Scene) -> None:
    """The refusal says why somebody who logs in there is anybody."""
    (refusal,) = scene.account.plan(entered_by(allow({"login_method": "onetimepin"}))).refusals

    assert "at that identity provider a mailbox or a free account is enough" in refusal.reason


@pytest.mark.parametrize(
    "rule",
    [
        {"auth_method": "otp"},
        {"auth_method": "mfa"},
        {"user_risk_score": ["low", "medium", "high", "unscored"]},
    ],
)
def test_e7_what_strangers_meet_by_logging_in(scene: Scene, rule: File) -> None:
    """Refused, alone and as the only demand: it says how somebody logged in, and not who."""
    for policy in (allow(rule), allow(*EVERYONE, require=[rule])):
        scene.refused_as_open(entered_by(policy), HOST)


def test_e7_somebody_named_by_an_open_login(scene: Scene) -> None:
    """Not refused: it is the address that names somebody."""
    policy = allow(require=[{"login_method": "onetimepin"}, {"auth_method": "otp"}])

    assert refused(scene.account.plan(entered_by(policy))) == []


def test_e7_a_provider_that_nobody_read(scene: Scene) -> None:
    """Refused: of what others' policies ask for, the type is read; one that is gone is unknown."""
    okta = next(
        it["id"] for it in scene.account.everything()["identity_providers"] if it["type"] == "okta"
    )
    rule = {"login_method": {"id": okta}}
    policy = {"name": "Theirs", "decision": "allow", "include": [rule]}
    scene.account.call("POST", "{A}/access/policies", policy)
    file = entered_by(allow())
    file["applications"][HOST]["policies"] = [{"live": "Theirs"}]
    assert refused(scene.account.plan(file)) == []

    with scene.account.sandbox.session() as state:
        state.store.remove("identity_provider", okta)

    scene.refused_as_open(file, HOST)


# -- two degrees ----------------------------------------------------------------------------


def test_open_to_any_login_is_told_as_such(scene: Scene) -> None:
    """An Allow for everyone is the lesser degree, a Bypass the greater, in every line of a plan."""
    for decision, degree in (("allow", Openness.ANY_LOGIN), ("bypass", Openness.OPEN)):
        file = entered_by({"decision": decision, "include": EVERYONE})

        (change,) = scene.account.plan(file, exposure=[HOST]).access

        assert [way.openness for way in change.gained] == [degree]


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        (["allow"], "would be open to anybody who logs in after "),
        (["bypass"], "would be open after "),
        (["non_identity"], "would be open after "),
        (["allow", "bypass"], "would be open after "),
        (["bypass", "allow"], "would be open after "),
    ],
)
def test_a_refusal_says_which_degree(scene: Scene, decisions: list[str], words: str) -> None:
    """To anybody who logs in, before any reason; of several degrees the one that matters more."""
    file = entered_by(allow())
    file["policies"] = {it: {"decision": it, "include": EVERYONE} for it in decisions}
    file["applications"][HOST]["policies"] = decisions

    (refusal,) = scene.account.plan(file).refusals

    assert refusal.reason.startswith(f"{HOST} {words}")


def test_from_open_to_any_login_is_no_new_door(scene: Scene) -> None:
    """Not refused: what was open to everybody asks for a login at least. Back again is refused."""
    opened = entered_by({"decision": "bypass", "include": EVERYONE})
    by_login = entered_by(allow(*EVERYONE))
    scene.account.apply(opened, exposure=[HOST])

    plan = scene.account.plan(by_login)

    assert refused(plan) == []
    assert [(it.openness, it.becomes) for it in plan.exposed] == [
        (Openness.OPEN, Openness.ANY_LOGIN)
    ]
    scene.account.apply(by_login, exposure=[HOST])
    scene.refused_as_open(opened, HOST)


# -- networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["bypass", "non_identity", "allow"])
@pytest.mark.parametrize(
    "include",
    [
        [{"ip_list": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"}],
        [{"ip": "::ffff:0:0/96"}],
        [{"ip": "::ffff:192.0.2.0/120"}],
        [{"ip": ["2001::/16", "2400::/12", "2600::/12", "2a00::/12"]}],
    ],
)
def test_e9_networks_that_may_be_all_of_them(
    scene: Scene, decision: str, include: list[File]
) -> None:
    """Refused: a list nobody read, IPv4 in other clothes, nearly all of routed IPv6."""
    scene.refused_as_open(entered_by({"decision": decision, "include": include}), HOST)


def test_e9_an_office_with_its_own_addresses(scene: Scene) -> None:
    """Not refused: two /32 are what a company has."""
    include = [{"ip": ["2a01:e0a::/32", "2001:db8::/32", "192.0.2.0/24"]}]

    assert refused(scene.account.plan(entered_by({"decision": "bypass", "include": include}))) == []
