"""What is known beforehand is told beforehand: at its place in a file, or in the plan."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, refused, told
from tests.support.exporting import old_tunnel, tunnel
from tests.support.files import HOST, host
from tests.support.marked_texts import place, problems
from ztctl.core.model.diagnostics import Problems, Severity
from ztctl.core.model.lint import Code
from ztctl.views.factory import make_view


def service(text: str) -> str:
    """A file whose one rule leads there."""
    rule = f"hostname: ssh.example.com, service: ¦{text}"
    return f"tunnels: {{t0: {{ingress: [{{{rule}}}]}}}}"


def rule(text: str) -> str:
    """A file of which a policy includes this."""
    return f"groups:\n  g0:\n    include:\n    - {text}"


SERVICES = [
    ('"http://localhost:8080/"', "has a path", "write http://localhost:8080"),
    ('"ssh://localhost/"', "has a path", "write ssh://localhost"),
    ('"ssh:// localhost:22"', "holds a blank", "write ssh://localhost:22"),
    ('" ssh://h"', "holds a blank", "write ssh://h"),
    ('"ssh://h "', "holds a blank", "write ssh://h"),
    ('"ssh://ho st:22"', "holds a blank", "write ssh://host:22"),
    ('"ssh://h\\u00a0:22"', "holds a blank", "write ssh://h:22"),
    ('"http://h:80\\t"', "holds a control character (U+0009)", "take it out"),
    ('"ssh://h\\u200b:22"', "holds a control character (U+200B)", "take it out"),
    (r"'ssh://h\x:22'", "is no address", "write scheme://host:port"),
    ("'ssh://h|x:22'", "is no address", "write scheme://host:port"),
    ("'ssh://%41:22'", "is no address", "write scheme://host:port"),
    ("'ssh://h%zz:22'", "is no address", "write scheme://host:port"),
    ("'ssh://[fe80::1%eth0]:22'", "is no address", "write scheme://host:port"),
    ("'ssh://[fe80::1%25eth0]:22'", "is no address", "write scheme://host:port"),
    ("'http_status:٤٠٤'", "is no HTTP status", "write http_status:404"),
    ("'http_status:²00'", "is no HTTP status", "write http_status:404"),
]
RULES = [
    ("email: ¦'*@example.com'", "nobody's e-mail address", "`email_domain: example.com`"),
    ("email: ¦alice@", "not an e-mail address", "write ann@example.com"),
    ("email: ¦'a b@example.com'", "not an e-mail address", "write ann@example.com"),
    ("email: ¦alice@localhost", "not an e-mail address", "write ann@example.com"),
    ("email: [a@example.com, ¦'b@*.org']", "not an e-mail address", "write ann@example.com"),
    ("email_domain: ¦'*.example.com'", "no mail domain", "write example.com"),
    ("email_domain: ¦'@example.com'", "not a mail domain", "write example.com"),
    ("email_domain: ¦example..com", "not a mail domain", "write example.com"),
    ("country: ¦UK", "not a country code", "did you mean GB?"),
    ("country: ¦el", "not a country code", "did you mean GR?"),
    ("country: [PT, ¦EU]", "not a country code", "ISO 3166-1"),
    ("country: ¦XX", "not a country code", "ISO 3166-1"),
    ("country: ¦Portugal", "not a country code", "ISO 3166-1"),
    ("okta: {identity_provider: Okta, name: ¦''}", "is empty", "write it as it is there"),
    ("azure_ad: {identity_provider: Entra, id: [¦' ']}", "is empty", "write it as it is there"),
    ("auth_method: ¦''", "is empty", "write it as it is there"),
    ("github_organization: {identity_provider: G, name: ¦''}", "is empty", "write it as it is"),
]
NAMES = [
    ("'ssh.example.com/?x=1'", "carries a query or an anchor", "write ssh.example.com"),
    ("'ssh.example.com/a#b'", "carries a query or an anchor", "write ssh.example.com/a"),
    ("'ssh.example.com:22'", "carries a port", "write ssh.example.com"),
    ("'ssh.example.com:22/a'", "carries a port", "write ssh.example.com/a"),
    ("a..example.com", "is not a host name", "write ssh.example.com"),
    ("-a.example.com", "is not a host name", "write ssh.example.com"),
    ("a-.example.com", "is not a host name", "write ssh.example.com"),
    ("'a b.example.com'", "is not a host name", "write ssh.example.com"),
    ("https://ssh.example.com", "carries a scheme", "write ssh.example.com"),
]
FILES = [
    *((service(text), what, hint) for text, what, hint in SERVICES),
    *((rule(text), what, hint) for text, what, hint in RULES),
    *((f"applications: {{¦{key}: {{policies: [p0]}}}}", what, hint) for key, what, hint in NAMES),
    *(
        (f"applications: {{web: {{policies: [p0], domain: ¦{key}}}}}", what, hint)
        for key, what, hint in NAMES
    ),
    *(
        (f"applications: {{web: {{policies: [p0], destinations: [¦{key}]}}}}", what, hint)
        for key, what, hint in NAMES
    ),
    (
        "tunnels: {t0: {ingress: [{path: ¦'^/(?!admin)', service: http://a}]}}",
        "is no regular expression of Go: a look-ahead (`(?!`) does not exist there",
        "https://pkg.go.dev/regexp/syntax",
    ),
    ("groups: {g0: {include: ¦[]}}", "at least 1 item in it, not an empty list", ""),
    (
        "groups: {g0: {include: ¦{everyone: true}}}",
        "a list, not a mapping",
        "with `- ` before each",
    ),
    ("applications: {a.example.com: {policies: ¦p0}}", "must be a list", "write a list: [p0]"),
    (
        "tunnels: {t0: {}}\ndns: {¦a.example.com: {tunnel: t0, settings: {flatten_cname: true}}}",
        "a proxied record cannot be flattened",
        "take `flatten_cname` out",
    ),
    (
        f"tunnels: {{t0: {{}}}}\ndns: {{¦a.example.com: {{tunnel: t0, comment: {'x' * 495}}}}}",
        "the comment has 506 characters, and 500 is the most",
        "write a shorter one",
    ),
]
ODD_RULES = [
    (
        (
            "tunnels: {t0: {ingress: [{hostname: '*.example.com', service: https://a},"
            "{hostname: ¦ssh.example.com, service: ssh://b}]}}"
        ),
        "rule 2 is never reached: rule 1 takes *.example.com first",
        "put the narrower rule first",
    ),
    *(
        (
            (
                f"tunnels: {{t0: {{ingress: [{{hostname: '{name}', service: https://a}}]}}}}\n"
                "hosts: {¦ssh.example.com: {tunnel: t0, service: ssh://b, policies: [p0]}}"
            ),
            what,
            hint,
        )
        for name, what, hint in (
            ("*.example.com", "rule 1 takes *.example.com first", "has to be a host, too"),
            ("ssh.example.com.", "is for the same name as rule 1", "drop one of them"),
        )
    ),
    (
        (
            "tunnels: {t0: {ingress: [{path: ^/x, service: https://a},"
            "{hostname: ¦a.example.com, path: ^/x, service: https://b}]}}"
        ),
        "rule 2 is never reached: rule 1 takes every name first",
        "put the narrower rule first",
    ),
    (
        (
            "tunnels: {t0: {ingress: [{hostname: a.example.com, service: https://a},"
            "{hostname: ¦a.example.com, path: ^/x, service: https://b}]}}"
        ),
        "rule 2 is never reached: rule 1 takes a.example.com first",
        "put the narrower rule first",
    ),
]


@pytest.mark.parametrize(("text", "what", "hint"), FILES)
def test_a_mistake_of_the_file_is_an_error_at_its_place(
    tmp_path: Path, text: str, what: str, hint: str
) -> None:
    """One message says what is wrong, where, and what to write; no plan is needed for it."""
    (found,) = problems(tmp_path, text)

    assert what in found.summary
    assert hint in found.hint
    assert found.severity is Severity.ERROR
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


@pytest.mark.parametrize(("text", "what", "hint"), ODD_RULES)
def test_an_odd_rule_is_a_warning_at_its_place(
    tmp_path: Path, text: str, what: str, hint: str
) -> None:
    """It may be live as it is, which the account tells: a plan makes none (see below)."""
    (found,) = problems(tmp_path, text)

    assert (found.code, found.severity) == (Code.ODD_RULE, Severity.WARNING)
    assert what in found.summary
    assert hint in found.hint
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


ODD_LISTS: dict[str, list[dict[str, str]]] = {
    "a host without a dot": [{"hostname": "web", "service": "http://a"}],
    "a star inside a label": [{"hostname": "*dev.example.com", "service": "http://a"}],
    "a duplicate": [{"hostname": "x.example.com", "service": f"http://{it}"} for it in "ab"],
    "split DNS": [{"hostname": "x.example.com", "service": "http://x.example.com:80"}],
    "behind a wider one": [
        {"hostname": "*.example.com", "service": "http://a"},
        {"hostname": "x.example.com", "service": "http://b"},
    ],
}


@pytest.mark.parametrize("rules", ODD_LISTS.values(), ids=[*ODD_LISTS])
def test_a_plan_makes_no_odd_rule_and_keeps_a_live_one(
    account: Account, rules: list[dict[str, str]]
) -> None:
    """Refused in a new tunnel; live as it is, it is a warning, also beside an edit of another."""
    file = {"tunnels": {"pool": {"ingress": rules}}}
    assert [str(it.address) for it in account.plan(file).refusals] == ["tunnel.pool"]
    made = old_tunnel(account, rules)

    assert account.carry_out(account.plan(file, adopt=True)).is_complete
    first = {"hostname": "y.example.com", "service": "http_status:410"}
    later = account.plan({"tunnels": {"pool": {"ingress": [first, *rules]}}})

    assert [it.code for it in account.declared(file).warnings] == [Code.ODD_RULE]
    assert (later.refusals, told(later)) == ((), ["update tunnel.pool"])
    assert account.plan(file).is_empty
    assert account.one("tunnels")["id"] == made


def test_a_live_rule_is_not_edited_into_an_odd_one(account: Account) -> None:
    """A second rule for a name is refused, and so is one of two that become odd the other way."""
    first, second = ODD_LISTS["a duplicate"]
    tunnel(account, [first])
    files = ({"tunnels": {"pool": {"ingress": it}}} for it in ([first, second], [second, first]))

    found = [account.plan(file, adopt=True).refusals for file in files]

    assert ["which wins: drop one of them" in it.reason for (it,) in found] == [True, True]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "tunnels: {t0: {}}\ndns: {¦a.example.com: {tunnel: t0, proxied: false}}",
            "a name that is not proxied leads nobody to its tunnel",
        ),
        (
            (
                "applications: {a.example.com: {policies: [p0]}}\n"
                "tunnels: {¦t0: {origin_request: {access: {aud_tag: [a.example.com]}}}}"
            ),
            "does not look at `origin_request.access` of the whole tunnel",
        ),
    ],
)
def test_what_is_valid_and_dead_is_a_warning_at_its_place(
    tmp_path: Path, text: str, what: str
) -> None:
    """What the service takes and nobody means is said, and is in nobody's way."""
    (found,) = problems(tmp_path, text)

    assert what in found.summary
    assert found.severity is Severity.WARNING
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


@pytest.mark.parametrize(
    "text",
    [
        service("'ssh://bücher.internal:22'"),
        service("'ssh://admin@host_1:22'"),
        service("'ssh://[2001:db8::1]:22'"),
        service("'unix:/run/my app.sock'"),
        service("http_status:0404"),
        rule("country: [xk, T1, GB]"),
        rule("email: Bob@BÜCHER.example"),
        (
            "tunnels: {t0: {ingress: [{hostname: '*.example.com', path: ^/a, service: https://a},"
            "{hostname: ssh.example.com, service: ssh://b}]}}"
        ),
        "applications: {'*-dev.example.com/a/*': {policies: [p0]}}",
        "applications: {'bücher.example.com': {policies: [p0]}}",
    ],
)
def test_what_is_right_is_taken(tmp_path: Path, text: str) -> None:
    """Nothing is refused that the service takes and somebody may mean."""
    assert [str(it) for it in problems(tmp_path, text)] == []


# -- what the account tells -----------------------------------------------------------------


def summaries(account: Account, file: Any) -> list[str]:
    """The problems for which there is no plan."""
    with pytest.raises(Problems) as found:
        account.plan(file)
    return [item.summary for item in found.value.items]


def change(account: Account, kind: str, of: str, **changes: Any) -> None:
    """Change a stored object by hand, members that nobody can write included."""
    with account.sandbox.session() as state:
        for stored in state.store.all(kind):
            if of in (stored.get("name"), stored["id"]):
                state.store.put(kind, stored["id"], {**stored, **changes})


def second_zone(account: Account, name: str, **changes: Any) -> None:
    """One more zone of the name of another."""
    with account.sandbox.session() as state:
        (zone,) = (it for it in state.store.all("zone") if it["name"] == name)
        state.store.put("zone", "ee" * 16, {**zone, "id": "ee" * 16, **changes})


def in_free_zone(**fields: Any) -> dict[str, Any]:
    """A record in the zone that is on the free plan."""
    return {"tunnels": {"pool": {}}, "dns": {"a.example.org": {"tunnel": "pool", **fields}}}


def test_a_comment_is_measured_by_the_plan_of_its_zone(account: Account) -> None:
    """The mark counts; what fits in a paid zone does not fit in a free one."""
    words = "x" * 90
    paid = {"tunnels": {"pool": {}}, "dns": {"a.example.com": {"tunnel": "pool", "comment": words}}}

    (found,) = summaries(account, in_free_zone(comment=words))

    assert "with the mark 'ztctl-prod' behind it the comment has 101 characters" in found
    assert account.apply(paid).is_complete
    assert account.apply(in_free_zone(comment=words[1:]), deletions=True).is_complete


def test_a_comment_that_stays_is_measured_too(account: Account) -> None:
    """Words of somebody else, kept by an adoption, leave no room for the mark."""
    zone = account.one("zones", name="example.org")["id"]
    body = {"type": "A", "name": "a", "content": "192.0.2.1", "comment": "y" * 95}
    account.call("POST", f"/zones/{zone}/dns_records", body)

    (found,) = summaries(account, in_free_zone())

    assert "the comment has 106 characters, and 100 is the most" in found


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"tags": ["env:prod"]}, "has no tags for records"),
        ({"proxied": False, "settings": {"flatten_cname": True}}, "flattens no single record"),
    ],
)
def test_some_settings_are_for_paid_plans(
    account: Account, fields: dict[str, Any], what: str
) -> None:
    """The free plan has none, and that is said before the tunnel is made."""
    (found,) = summaries(account, in_free_zone(**fields))

    assert found == f"dns_record.a.example.org: the plan of the zone example.org {what}"


@pytest.mark.parametrize(
    ("meta", "manager"),
    [
        ({"read_only": True, "email_routing": True}, "Email Routing"),
        ({"read_only": True, "origin_worker_id": "x"}, "Workers"),
        ({"read_only": True}, "another product of Cloudflare"),
    ],
)
def test_a_record_of_another_product_is_not_taken_over(
    account: Account, meta: dict[str, Any], manager: str
) -> None:
    """The service would refuse it in the middle: the plan names the product instead."""
    zone = account.one("zones", name="example.com")["id"]
    body = {"type": "AAAA", "name": "ssh", "content": "100::", "proxied": True}
    made = account.call("POST", f"/zones/{zone}/dns_records", body)
    change(account, "dns_record", made["id"], meta=meta)

    plan = account.plan(host(), adopt=True)

    assert (f"dns_record.{HOST}", "") in refused(plan)
    text = f"the AAAA record of {HOST} to 100:: is managed by {manager}: remove it there first"
    assert text in [refusal.reason for refusal in plan.refusals]


def test_an_internal_zone_is_no_zone_of_ours(account: Account) -> None:
    """It answers inside of a company; the public zone of the name is written to, as ever."""
    account.apply(host())
    second_zone(account, "example.com", type="internal", plan=None)

    assert account.plan(host()).is_empty


def test_two_zones_of_one_name_are_a_problem(account: Account) -> None:
    """Nobody can tell which of them is meant; both ids are named."""
    second_zone(account, "example.com")

    (found,) = summaries(account, host())

    assert found.startswith("2 active zones are called example.com: ")
    assert "ee" * 16 in found


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ssh.exmaple.com", "did you mean ssh.example.com? the token sees these active zones: "),
        ("a.b.exampel.org", "did you mean a.b.example.org? the token sees these active zones: "),
        ("ssh.elsewhere.net", "the token sees these active zones: example.com, example.org"),
        ("*.exmaple.com", "did you mean *.example.com? "),
    ],
)
def test_a_name_in_no_zone_is_told_once(account: Account, name: str, hint: str) -> None:
    """However many objects have it; a zone that is nearly spelt so is the one that is meant."""
    with pytest.raises(Problems) as told:
        account.plan(host(name))

    (found,) = told.value.items
    assert found.summary == f"{name} lies in no active zone of the account"
    assert found.hint.startswith(hint)


def test_a_name_in_no_zone_that_stands_in_two_places_is_told_at_the_first(account: Account) -> None:
    """The mistake is one, and the zone that is meant is the same."""
    name, file = "ssh.exmaple.com", host()
    file = {"policies": file["policies"], "applications": {name: {"policies": ["team"]}}}

    found = summaries(account, {**file, "tunnels": {"pool": {}}, "dns": {name: {"tunnel": "pool"}}})

    assert found == [f"{name} lies in no active zone of the account"]


@pytest.mark.parametrize("status", ["pending", "initializing", "moved"])
def test_a_name_in_a_zone_that_waits_is_told_with_its_name_servers(
    account: Account, status: str
) -> None:
    """Nothing is made in it, and the registrar is told of by the servers that it has to name."""
    change(account, "zone", "example.com", status=status)

    with pytest.raises(Problems) as told:
        account.plan(host())

    (found,) = told.value.items
    text = f"{HOST} lies in the zone example.com, which is {status}: names in it lead nowhere yet"
    assert found.summary == text
    servers = "ada.ns.cloudflare.com, bob.ns.cloudflare.com"
    assert found.hint == f"set its name servers at the registrar: {servers}"


def test_a_token_that_may_not_edit_a_zone_plans_and_does_not_apply(account: Account) -> None:
    """The zone tells; the plan is shown all the same, as for a pull request."""
    change(account, "zone", "example.com", permissions=["#dns_records:read", "#zone:read"])

    plan = account.plan(host())

    (refusal,) = plan.refusals
    assert refusal.apply_only
    assert refusal.reason.startswith("the token may not edit the records of the zone example.com")
    assert f"create dns_record.{HOST}" in told(plan)


def test_what_apply_alone_refuses_is_told_by_the_plan(account: Account) -> None:
    """There is no flag that would admit it, and no plan is refused for it."""
    change(account, "zone", "example.com", permissions=["#dns_records:read", "#zone:read"])
    shown = StringIO()
    view = make_view(
        "text", stdout=shown, stderr=StringIO(), color=False, quiet=False, terminal=False,
        redact=str, version="0",
    )  # fmt: skip

    view.plan(account.plan(host()))

    assert "Apply will refuse:\n  ! the token may not edit the records" in shown.getvalue()


@pytest.mark.parametrize(
    "permissions", [None, [], ["#zone:read"], ["#dns_records:edit", "#dns_records:read"]]
)
def test_a_zone_that_tells_nothing_against_it_is_written_to(
    account: Account, permissions: Any
) -> None:
    """What is not told is tried."""
    change(account, "zone", "example.com", permissions=permissions)

    assert account.apply(host()).is_complete


def okta_rule(selector: str, provider: str, **fields: Any) -> dict[str, Any]:
    """A group with one rule about an identity provider."""
    rule = {selector: {"identity_provider": provider, **fields}}
    return {"groups": {"people": {"include": [rule]}}}


@pytest.mark.parametrize(
    ("selector", "provider", "fields", "kind"),
    [
        ("okta", "Google Workspace", {"name": "infra"}, "google-apps"),
        ("azure_ad", "Okta", {"id": "0f1e"}, "okta"),
        ("saml", "onetimepin", {"attribute_name": "a", "attribute_value": "b"}, "onetimepin"),
        ("oidc", "onetimepin", {"claim_name": "a", "claim_value": "b"}, "onetimepin"),
    ],
)
def test_a_rule_is_about_a_provider_of_its_type(
    account: Account, selector: str, provider: str, fields: dict[str, Any], kind: str
) -> None:
    """A rule about another one is true of nobody, and the type is named."""
    (found,) = summaries(account, okta_rule(selector, provider, **fields))

    assert f"`{selector}` cannot test who logged in at '{provider}'" in found
    assert f"an identity provider of the type {kind}" in found


def test_claims_of_other_providers_are_taken(account: Account) -> None:
    """Okta and its like have claims of their own."""
    claims = okta_rule("oidc", "Okta", claim_name="department", claim_value="it")

    assert account.apply(claims).is_complete


def test_a_name_two_levels_below_its_zone_is_warned_of_once(account: Account) -> None:
    """Before the record is made, and never again; a zone of its own makes it one level."""
    deep, fine = host("ssh.dev.example.com"), host("ssh.example.com")

    (warning,) = account.plan(deep).warnings
    account.apply(deep)

    assert warning.summary.startswith(
        "ssh.dev.example.com: two levels or more below the zone example.com"
    )
    assert warning.severity is Severity.WARNING
    assert account.plan(deep).warnings == ()
    renamed = account.plan(fine, deletions=True, ca_deletion=["all"])
    assert [it.code for it in renamed.warnings] == ["rename-loses-ca"]


def order_certificate(account: Account, *hosts: str) -> None:
    """Have a certificate of these names at the edge of the zone."""
    zone = account.one("zones", name="example.com")["id"]
    order = {
        "type": "advanced",
        "hosts": ["example.com", *hosts],
        "certificate_authority": "google",
        "validation_method": "txt",
        "validity_days": 90,
    }
    account.call("POST", f"/zones/{zone}/ssl/certificate_packs/order", order)


@pytest.mark.parametrize(
    ("name", "ordered", "covered"),
    [
        ("ssh.dev.example.com", "*.dev.example.com", True),
        ("ssh.dev.example.com", "ssh.dev.example.com", True),
        ("*.dev.example.com", "*.dev.example.com", True),
        ("*.dev.example.com", "ssh.dev.example.com", False),
        ("a.ssh.dev.example.com", "*.dev.example.com", False),
        ("ssh.dev.example.com", "*.test.example.com", False),
    ],
)
def test_a_deep_name_that_a_certificate_covers_is_not_warned_of(
    account: Account, name: str, ordered: str, covered: bool
) -> None:
    """A star of a certificate stands for one level, as that of the universal one does."""
    order_certificate(account, ordered)

    warnings = [it.summary for it in account.plan(host(name)).warnings if it.code == "deep-name"]

    why = "two levels or more below the zone example.com, and none of its active certificates "
    expected = [f"{name}: {why}covers the name: the TLS handshake fails"]
    assert warnings == ([] if covered else expected)


def test_certificates_that_the_token_may_not_read_are_said_not_to_be_seen(
    account: Account,
) -> None:
    """They may cover the name: the plan neither fails nor is silent."""
    order_certificate(account, "*.dev.example.com")
    path = "/zones/.*/ssl/"
    account.sandbox.faults.add(kind="status", status=403, path=path, times=None)

    (warning,) = account.plan(host("ssh.dev.example.com")).warnings

    assert "others were not seen (" in warning.summary


def test_certificates_are_asked_for_where_a_name_is_deep(account: Account) -> None:
    """A plan of names one level below their zone makes no call for them."""
    account.plan(host("ssh.example.com"))
    shallow = [it.path for it in account.sandbox.log if "certificate" in it.path]
    account.plan(host("ssh.dev.example.com"))
    deep = [it.path for it in account.sandbox.log if "certificate" in it.path]

    assert (len(shallow), len(deep)) == (0, 1)


def test_a_team_is_filled_in_wherever_a_check_is_written(account: Account) -> None:
    """Audiences without a team are refused by the service, for the whole tunnel too."""
    file = host()
    file["tunnels"]["pool"] = {"origin_request": {"access": {"aud_tag": [HOST]}}}

    assert account.apply(file).is_complete
    assert account.plan(file).is_empty


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ({"exclude": [{"everyone": True}]}, "it excludes everyone"),
        (
            {"exclude": [{"email_domain": "example.com"}]},
            "everything that it includes it also excludes",
        ),
        ({"require": [{"country": "PT"}, {"country": "US"}]}, "it requires PT and US at once"),
        ({"require": [{"group": "nobody"}]}, "it excludes everyone"),
    ],
)
def test_a_policy_that_nobody_could_pass_is_not_made(
    account: Account, lists: dict[str, Any], why: str
) -> None:
    """The service would take it, and the host would be shut for good."""
    ann = [{"email": "ann@example.com"}]
    policy = {"decision": "allow", "include": ann, **lists}
    nobody = {"include": ann, "exclude": [{"everyone": True}]}

    plan = account.plan({"groups": {"nobody": nobody}, "policies": {"team": policy}})

    reasons = [refusal.reason for refusal in plan.refusals if refusal.address]
    assert [text for text in reasons if why in text and "'team' would admit nobody" in text]
