"""What a resource of Terraform's provider stands for, in the shapes of both versions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.terraform import A5, SECRET, T5
from ztctl.kinds.registry import KINDS
from ztctl.kinds.terraform_names import NAMES, NoId, held_by

ID, APP = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60", "1a5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f61"
HEX = "0f5a1c2e8d3b4e6f9a701b2c3d4e5f60"


@pytest.mark.parametrize(
    ("type_", "values", "places"),
    [
        ("cloudflare_access_application", {"id": ID}, [("access_application", ID)]),
        (f"{A5}_application", {"id": ID.upper()}, [("access_application", ID)]),
        ("cloudflare_access_group", {"id": ID, "account_id": HEX}, [("access_group", ID)]),
        (
            "cloudflare_access_policy",
            {"id": ID, "application_id": APP, "precedence": 1},
            [("access_policy", ID), ("access_application", APP)],
        ),
        (f"{A5}_policy", {"id": ID, "application_id": None}, [("access_policy", ID)]),
        (
            "cloudflare_access_ca_certificate",
            {"id": "f" * 48, "application_id": APP},
            [("access_application", APP)],
        ),
        (
            f"{A5}_short_lived_certificate",
            {"id": "f" * 48, "application_id": APP},
            [("access_application", APP)],
        ),
        (f"{A5}_short_lived_certificate", {"app_id": APP}, [("access_application", APP)]),
        ("cloudflare_tunnel", {"id": ID, "secret": SECRET}, [("tunnel", ID)]),
        (T5, {"id": ID, "tunnel_secret": SECRET}, [("tunnel", ID)]),
        ("cloudflare_tunnel_config", {"id": ID, "tunnel_id": ID}, [("tunnel", ID)]),
        (f"{T5}_config", {"tunnel_id": ID}, [("tunnel", ID)]),
        ("cloudflare_record", {"id": HEX, "zone_id": HEX, "value": "x"}, [("dns_record", HEX)]),
        ("cloudflare_dns_record", {"id": HEX, "zone_id": HEX}, [("dns_record", HEX)]),
        (f"{T5}_virtual_network", {"id": ID}, [("virtual_network", ID)]),
        (T5, {"id": None}, []),
        (T5, {}, []),
    ],
)
def test_ids_are_found_in_both_shapes(type_: str, values: Any, places: Any) -> None:
    """The names of version 5 are known to version 4, too: attributes count."""
    held = held_by(type_, values)

    assert held is not None
    assert [*held.places] == places


@pytest.mark.parametrize("wrong", [SECRET, 7, [SECRET], {"a": SECRET}, f"{ID}\n", f"{ID}0", True])
@pytest.mark.parametrize("name", ["id", "application_id", "account_id"])
def test_what_is_no_id_is_refused_and_not_repeated(name: str, wrong: object) -> None:
    """The attribute is named, and what it holds is not."""
    with pytest.raises(NoId, match=f"`values.{name}` is no id such as") as error:
        held_by(f"{A5}_policy", {"id": ID, name: wrong})

    assert SECRET not in str(error.value)


@pytest.mark.parametrize("type_", [f"{A5}_tag", f"{A5}_service_token", "cloudflare_zone"])
def test_what_no_file_states_stands_for_nothing(type_: str) -> None:
    """Nothing of it is looked at."""
    assert held_by(type_, {"id": SECRET}) is None


def test_a_type_is_one_kind() -> None:
    """Of those that can be declared."""
    types = [type_ for it in NAMES for type_ in (it.v5, *it.v4)]

    assert len(types) == len({*types})
    assert all(KINDS[it.kind].section for it in NAMES)
