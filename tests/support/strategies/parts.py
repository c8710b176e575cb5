"""Strategies for the smallest parts of a file: values, selectors, rule lists, settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

Made = st.SearchStrategy[Any]
Side = dict[str, Any]

PROVIDERS = ("Okta", "Google Workspace", "onetimepin")
# The providers whose type a selector tests.
OKTA = ("Okta", {"live": "Okta"})
GOOGLE, ENTRA, GITHUB, SAML = ("Google Workspace",), ("Entra",), ("GitHub",), ("Corporate SAML",)
UUIDS = (
    "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1",
    "11111111-2222-4333-8444-555555555555",
    "9a0b1c2d-3e4f-4a5b-8c6d-7e8f9a0b1c2d",
)

# The virtual network that every new account of the sandbox has.
DEFAULT_NETWORK = "a9cf89fe-b73f-49c5-a3dd-2a59a91abd92"

uuids = st.sampled_from(UUIDS)
words = st.sampled_from(["infra", "Back Office", "größe", 'a\'b "c"'])
urls = st.sampled_from(["https://example.com/x", "https://cdn.example.com/logo.png?v=2"])
flags = st.booleans()
minutes = st.sampled_from(["8h", "30m", "1h30m", "0m", "720h"])
durations = st.sampled_from(["8h", "30m", "1h30m", "24h", "90s", "720h"])
seconds = st.sampled_from(["30s", "1m30s", "2m", "90s"])


def optional(**fields: Made) -> Made:
    """A mapping that holds any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def one_or_many(item: Made) -> Made:
    """A value, or a list of values, which is any of them."""
    return item | st.lists(item, min_size=1, max_size=3)


def some(items: Made, most: int = 3) -> Made:
    """A list without repetition, empty ones too."""
    return st.lists(items, max_size=most, unique_by=str)


providers = st.sampled_from([*PROVIDERS, {"live": "Okta"}])


def selectors(pool: str, groups: tuple[Any, ...]) -> dict[str, Made]:
    """Every selector that any rule list takes; values of different pools are never the same."""
    text = st.sampled_from([f"{pool}-{word}" for word in ("one", "two", "three")])
    mail = st.sampled_from([f"{pool}.{who}@Example.com" for who in ("ann", "Bob", "chi")])
    number = {"in": 1, "out": 2, "must": 3}[pool]
    nets = st.sampled_from(
        [f"192.0.{number}.7", f"198.51.{number}.0/24", f"2001:db8:{number}::/48"]
    )
    countries = {"in": ["PT", "US", "NO"], "out": ["FR", "de"], "must": ["ES", "it", "T1"]}
    found = {
        "email": one_or_many(mail),
        "email_domain": one_or_many(st.sampled_from([f"{pool}.Example.com", f"{pool}.org"])),
        "email_list": one_or_many(st.just(UUIDS[number - 1])),
        "ip": one_or_many(nets),
        "ip_list": one_or_many(st.just(UUIDS[number - 1])),
        "country": one_or_many(st.sampled_from(countries[pool])),
        "okta": st.fixed_dictionaries(
            {"identity_provider": st.sampled_from(OKTA), "name": one_or_many(text)}
        ),
        "google_workspace": st.fixed_dictionaries(
            {"identity_provider": st.sampled_from(GOOGLE), "email": one_or_many(mail)}
        ),
        "azure_ad": st.fixed_dictionaries(
            {"identity_provider": st.sampled_from(ENTRA), "id": one_or_many(text)}
        ),
        "github_organization": st.fixed_dictionaries(
            {"identity_provider": st.sampled_from(GITHUB), "name": text},
            optional={"team": one_or_many(text)},
        ),
        "saml": st.fixed_dictionaries(
            {
                "identity_provider": st.sampled_from(SAML),
                "attribute_name": text,
                "attribute_value": one_or_many(text),
            }
        ),
        "oidc": st.fixed_dictionaries(
            {
                "identity_provider": st.sampled_from((*OKTA, *GOOGLE)),
                "claim_name": text,
                "claim_value": one_or_many(text),
            }
        ),
        "auth_context": st.fixed_dictionaries(
            {"identity_provider": st.sampled_from(ENTRA), "id": text, "ac_id": text}
        ),
        "external_evaluation": st.fixed_dictionaries(
            {
                "evaluate_url": st.just(f"https://{pool}.example.com/e"),
                "keys_url": st.just(f"https://{pool}.example.com/k"),
            }
        ),
        "auth_method": one_or_many(text),
        "common_name": one_or_many(text),
        "device_posture": one_or_many(st.just(UUIDS[number - 1])),
    }
    if pool == "in":
        found |= _only_included(groups)
    return found


def _only_included(groups: tuple[Any, ...]) -> dict[str, Made]:
    """Selectors whose values do not come in pools."""
    return {
        "everyone": st.just(True),
        "any_valid_service_token": st.just(True),
        "certificate": st.just(True),
        "cloudflare_account_member": st.just(True),
        "login_method": one_or_many(providers),
        "service_token": one_or_many(st.sampled_from(["ci", {"live": "ci"}])),
        "user_risk_score": st.sampled_from(["low", ["high", "medium"], ["unscored"]]),
        "group": one_or_many(st.sampled_from([*groups, {"live": "Everyone at Acme"}])),
    }


# Building a strategy takes longer than drawing from it.
@cache
def rules(pool: str, groups: tuple[Any, ...] = ()) -> Made:
    """One to three elements of a rule list, one selector each."""
    each = [st.fixed_dictionaries({name: made}) for name, made in selectors(pool, groups).items()]
    # One element a selector: two under `require` could contradict each other.
    return st.lists(st.one_of(each), min_size=1, max_size=3, unique_by=_selector)


def _selector(rule: Mapping[str, Any]) -> str:
    return next(iter(rule))


@cache
def ruled(groups: tuple[Any, ...]) -> Made:
    """The three rule lists of a group or policy."""
    return st.fixed_dictionaries(
        {"include": rules("in", groups)},
        optional={
            "exclude": rules("out") | st.just([]),
            "require": rules("must") | st.just([]),
        },
    )


mfa = optional(
    allowed_authenticators=some(st.sampled_from(["totp", "biometrics", "security_key"])),
    mfa_disabled=flags,
    session_duration=minutes,
)

cors = optional(
    allow_all_headers=flags,
    allow_all_methods=flags,
    allow_all_origins=flags,
    allow_credentials=flags,
    allowed_headers=some(st.sampled_from(["X-One", "x-two"])),
    allowed_methods=some(st.sampled_from(["GET", "POST", "PUT"])),
    allowed_origins=some(st.sampled_from(["https://a.example.com", "https://b.example.com"])),
    max_age=st.sampled_from([-1, 0, 600]),
)

approvals = st.lists(
    st.fixed_dictionaries(
        {"approvals_needed": st.integers(0, 3)},
        optional={
            "email_addresses": some(st.sampled_from(["a@example.com", "b@example.com"])),
            "email_list_uuid": uuids,
        },
    ),
    max_size=2,
)


def access_settings(applications: tuple[str, ...]) -> Mapping[str, Made]:
    """The connector's Access check spelt out, where there is an application to name."""
    if not applications:
        return {}
    audience = st.lists(st.sampled_from(applications), min_size=1, max_size=2, unique=True)
    return {
        "access": st.fixed_dictionaries(
            {"aud_tag": audience}, optional={"required": flags, "team_name": st.just("acme")}
        )
    }


@cache
def origin_request(applications: tuple[str, ...] = ()) -> Made:
    """How a connector reaches an origin; all that the API takes."""
    return optional(
        connect_timeout=seconds,
        tls_timeout=seconds,
        tcp_keep_alive=seconds,
        keep_alive_timeout=seconds,
        keep_alive_connections=st.sampled_from([0, 1, 100]),
        no_happy_eyeballs=flags,
        match_sni_to_host=flags,
        no_tls_verify=flags,
        disable_chunked_encoding=flags,
        http2_origin=flags,
        http_host_header=st.sampled_from(["inner.example.net", ""]),
        origin_server_name=st.just("inner.example.net"),
        ca_pool=st.just("/etc/ssl/inner.pem"),
        proxy_type=st.sampled_from(["", "socks"]),
        **access_settings(applications),
    )
