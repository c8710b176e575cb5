"""What kinds are called in Terraform's Cloudflare provider, and where their ids stand there.

Names and attributes: the provider's documentation, 4.52.0 and 5.22.0. Version 4 knows the names of
version 5, too, but that of records, so that attributes tell the versions apart and names do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ztctl.core.model.identity import HEX_32, UUID, IdForm
from ztctl.core.planning.selection import Place
from ztctl.kinds.common import APPLICATION, text_of

_TUNNEL: Final = "tunnel"
_RECORD: Final = "dns_record"


@dataclass(frozen=True, slots=True)
class TerraformNames:
    """What one kind is called in the provider.

    Attributes:
        kind: of the object in the account.
        v4: its types in version 4 alone.
        imported: the form of the id by which version 5 imports it.
        holds: the attributes in which the id stands, of each version; the first that is there.
        of: the kind whose id that is, where it is part of another object or belongs to one.
        form: the form of that id.
    """

    kind: str
    v5: str
    v4: tuple[str, ...] = ()
    imported: str = "{account}/{id}"
    holds: tuple[str, ...] = ("id",)
    of: str = ""
    form: IdForm = UUID

    @property
    def is_of_another(self) -> bool:
        """Whether the id is that of the object to which it belongs."""
        return self.of not in ("", self.kind)

    def import_id(self, account: str, id_: str, zone: str = "") -> str:
        """The id by which version 5 imports it."""
        return self.imported.format(account=account, id=id_, zone=zone)


_ACCESS: Final = "cloudflare_zero_trust_access"
_CLOUDFLARED: Final = "cloudflare_zero_trust_tunnel_cloudflared"
# The rules of a tunnel are a resource of their own there.
CONFIGURATION: Final = TerraformNames(
    _TUNNEL,
    f"{_CLOUDFLARED}_config",
    ("cloudflare_tunnel_config",),
    holds=("tunnel_id",),
    of=_TUNNEL,
)
_IN_ACCOUNT: Final = "accounts/{account}/{id}"
NAMES: Final = (
    TerraformNames(
        APPLICATION, f"{_ACCESS}_application", ("cloudflare_access_application",), _IN_ACCOUNT
    ),
    TerraformNames("access_policy", f"{_ACCESS}_policy", ("cloudflare_access_policy",)),
    TerraformNames("access_group", f"{_ACCESS}_group", ("cloudflare_access_group",), _IN_ACCOUNT),
    # The id of version 4 is the CA's own; of both the application is what an import asks for.
    TerraformNames(
        "ca_key",
        f"{_ACCESS}_short_lived_certificate",
        ("cloudflare_access_ca_certificate",),
        _IN_ACCOUNT,
        ("app_id", "application_id"),
        of=APPLICATION,
    ),
    TerraformNames(_TUNNEL, _CLOUDFLARED, ("cloudflare_tunnel",)),
    CONFIGURATION,
    TerraformNames(
        _RECORD, "cloudflare_dns_record", ("cloudflare_record",), "{zone}/{id}", form=HEX_32
    ),
    TerraformNames(
        "virtual_network",
        f"{_CLOUDFLARED}_virtual_network",
        ("cloudflare_tunnel_virtual_network", "cloudflare_zero_trust_tunnel_virtual_network"),
    ),
    # The id of a route is another thing in version 4.
    TerraformNames("private_route", f"{_CLOUDFLARED}_route"),
)
# The resource of each kind, which holds the object itself or what belongs to another one.
BY_KIND: Final[Mapping[str, TerraformNames]] = {
    it.kind: it for it in NAMES if it is not CONFIGURATION
}
_BY_TYPE: Final = {type_: it for it in NAMES for type_ in (it.v5, *it.v4)}


class NoId(ValueError):
    """An attribute holds nothing that an id looks like; says so without repeating it."""


@dataclass(frozen=True, slots=True)
class Held:
    """The live object that a resource of Terraform stands for.

    Attributes:
        kind: of the object.
        id: its id, or that of the object that it is part of; empty where Terraform knows none.
        of: the kind that the id is of, where that is another one or it is only a part.
        also: the application that a policy belongs to, in version 4.
        account: the account that it says to be in, and ``zone`` the zone; empty if it says none.
            What is no record has a zone in version 4 alone.
        leads_nowhere: a record of a type that leads to no tunnel.
    """

    kind: str
    id: str
    of: str = ""
    also: str = ""
    account: str = ""
    zone: str = ""
    leads_nowhere: bool = False

    @property
    def is_record(self) -> bool:
        """Whether it is a record, which is always in a zone."""
        return self.kind == _RECORD

    @property
    def is_part(self) -> bool:
        """Whether it is a part of the object that has the id."""
        return self.kind == self.of

    @property
    def places(self) -> Iterator[Place]:
        """What of the account has to be looked at for it."""
        if self.id:
            yield (self.of or self.kind, self.id)
        if self.also:
            yield (APPLICATION, self.also)


def held_by(type_: str, values: Mapping[str, Any]) -> Held | None:
    """What a resource stands for; ``None`` for a type that no file of ztctl states.

    Raises:
        NoId: an attribute holds something else than an id.
    """
    names = _BY_TYPE.get(type_)
    if names is None:
        return None
    ids = (_id(values, name, names.form) for name in names.holds)
    is_policy, is_record = names.kind == "access_policy", names.kind == _RECORD
    return Held(
        names.kind,
        next(filter(None, ids), ""),
        names.of,
        _id(values, "application_id", UUID) if is_policy else "",
        _id(values, "account_id", HEX_32),
        _id(values, "zone_id", HEX_32),
        is_record and text_of(values, "type") not in ("CNAME", ""),
    )


def _id(values: Mapping[str, Any], name: str, form: IdForm) -> str:
    value = values.get(name)
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not form.matches(value):
        raise NoId(f"`values.{name}` is no id such as {form.example}")
    return value.lower()
