"""Models of what belongs to no kind: the top level of the file, and `hosts`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ztctl.core.model.address import Address
from ztctl.core.model.identity import HOSTS, Fields, Identity
from ztctl.core.model.ignored import NotIgnorable, ignorable
from ztctl.core.model.inner import HINT as INNER_HINT
from ztctl.core.model.inner import InnerHost
from ztctl.core.model.lint import SILENCEABLE
from ztctl.core.model.markers import RefersTo
from ztctl.core.model.public import Public
from ztctl.documents.suggest import did_you_mean

_INNER_NAME_HINT: Final = "letters, digits, hyphens, dots and underscores, such as db1"
_STACK: Final = re.compile(r"(?!.*--)[a-z0-9-]{1,20}")
HOW_STACKS_ARE_NAMED: Final = (
    "a stack is named by lower-case letters, digits and single hyphens, at most 20 of them"
)


class DescribedFields(Fields):
    """Fields with explicit descriptions, because reading docstrings from the source is slow."""

    model_config = ConfigDict(use_attribute_docstrings=False)


def _inner_name(value: str) -> str:
    _inner(value, "h:22")
    return value


def _inner_address(value: str) -> str:
    _inner("h", value)
    return value


def _inner(name: str, address: str) -> None:
    try:
        InnerHost.parse(name, address)
    except ValueError as error:
        context = {"text": str(error), "hint": INNER_HINT if name == "h" else _INNER_NAME_HINT}
        raise PydanticCustomError("inner", "{text}", context) from None


class _OrBody:
    """Accept the body of an own policy beside a reference: its application validates it."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Leave a mapping that is no reference as it is."""
        refers = handler(source)

        def validated(value: Any, reference: Callable[[Any], Any]) -> Any:
            is_body = isinstance(value, Mapping) and not value.keys() <= {"live", "id"}
            return value if is_body else reference(value)

        return core_schema.no_info_wrap_validator_function(validated, refers)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow any object; what it holds is said by the section of applications."""
        reference = RefersTo("access_policy").__get_pydantic_json_schema__(schema, handler)
        body = {"type": "object", "required": ["name", "decision", "include"]}
        return {"anyOf": [*reference["anyOf"], body]}


class Host(DescribedFields):
    """One SSH host: a rule of its tunnel, its DNS record, its application and its CA key."""

    tunnel: str = Field(description="The tunnel that leads to the host; declared in `tunnels`.")
    service: str = Field(description="What the tunnel connects to, such as `ssh://localhost:22`.")
    policies: list[Annotated[Any, RefersTo("access_policy"), _OrBody()]] | None = Field(
        None, description="Who may enter, in order of precedence: policies, or own ones in full."
    )
    application: str | None = Field(
        None, description="A declared application that covers the host, instead of one of its own."
    )
    terminal: StrictBool = Field(
        False, description="Show a terminal in the browser (application type `ssh`)."
    )
    session_duration: str | None = Field(None, description="How long a login lasts, such as `8h`.")
    name: str | None = Field(
        None, description="The name that its application displays, when it is not the host's."
    )
    app_launcher_visible: StrictBool | None = Field(
        None, description="Whether the App Launcher shows it; a terminal only when left out."
    )
    allowed_idps: list[Annotated[Any, RefersTo("identity_provider", live_only=True)]] | None = (
        Field(None, description="Identity providers that may be used; all when left out.")
    )
    auto_redirect_to_identity: StrictBool | None = Field(
        None, description="Go to the one identity provider at once."
    )
    tags: list[str] | None = Field(None, description="Tags that its application carries.")
    logo_url: str | None = Field(None, description="The picture on its tile.")
    custom_pages: list[str] | None = Field(
        None, description="Ids of the pages that are shown in place of Access's own."
    )
    enable_binding_cookie: StrictBool | None = Field(
        None, description="Bind a session to its browser by a second cookie."
    )
    http_only_cookie_attribute: StrictBool | None = Field(
        None, description="Keep the cookie from scripts; true when left out."
    )
    same_site_cookie_attribute: str | None = Field(
        None, description="`lax`, `strict` or `none`; the browser's default when left out."
    )
    access: StrictBool | None = Field(
        None, description="Whether the connector itself refuses requests without an Access token."
    )
    ca_key: StrictBool = Field(
        True, description="Whether a CA for short-lived certificates is generated."
    )
    public_key_file: str | None = Field(
        None, description="Where the CA's public key is written, relative to this file."
    )
    public: Public | None = Field(
        None, description="The host, or paths of it, are open to everybody on purpose."
    )

    inner: (
        dict[
            Annotated[str, AfterValidator(_inner_name)],
            Annotated[str, AfterValidator(_inner_address)],
        ]
        | None
    ) = Field(
        None,
        description="Machines behind a bastion, each with its `address:port`; for `ztctl ssh "
        "client` alone.",
    )

    @property
    def is_public(self) -> bool:
        """Whether all of the host is open, so that nothing stands in front of it."""
        return self.public is not None and self.public.paths is None


def _version(value: Any) -> Any:
    # In Python `True == 1`, so that `version: true` would be accepted.
    if isinstance(value, bool):
        return str(value).lower()
    return 1 if value == "1" else value


def is_stack(text: str) -> bool:
    """Whether a text is the name of a stack."""
    return _STACK.fullmatch(text) is not None


def _stack(value: str) -> str:
    if is_stack(value):
        return value
    hint = {"hint": "for example `ssh-prod`"}
    raise PydanticCustomError("stack", HOW_STACKS_ARE_NAMED, hint)


def _known_kind(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    try:
        address = Address.parse(value)
    except ValueError as error:
        raise PydanticCustomError("address", "{text}", {"text": str(error)}) from None
    kinds = _kinds(info)
    if address.kind == HOSTS:
        return value
    if address.kind not in kinds:
        by_section = {kind.section: kind.name for kind in kinds.values() if kind.section}
        suggestion = by_section.get(address.kind)
        hint = f"did you mean `{suggestion}.{address.key}`?" if suggestion else ""
        raise PydanticCustomError(
            "kind",
            "there is no kind `{kind}`",
            {"kind": address.kind, "hint": hint or did_you_mean(address.kind, (*kinds, HOSTS))},
        )
    if kinds[address.kind].is_read_only:
        raise PydanticCustomError(
            "kind",
            "objects of the kind `{kind}` are only read: they are neither removed nor moved",
            {"kind": address.kind, "hint": "drop this entry"},
        )
    return value


def _kinds(info: ValidationInfo) -> Mapping[str, Identity]:
    found: Mapping[str, Identity] = (info.context or {}).get("kinds", {})
    return found


AddressText = Annotated[str, BeforeValidator(_known_kind)]


def _live_id(value: str, info: ValidationInfo) -> str:
    address = info.data.get("address")
    if address is None:
        # Wrong itself, so that the kind is not known.
        return value
    if Address.parse(address).kind == HOSTS:
        # A host is several objects.
        raise PydanticCustomError(
            "id",
            "{address} is several objects",
            {"address": address, "hint": "name each by its own address, such as `dns_record.…`"},
        )
    kind = _kinds(info)[Address.parse(address).kind]
    if kind.id_form is not None and kind.id_form.matches(value):
        return value.lower()
    if kind.id_form is None:
        text, hint = "an object of the kind `{kind}` has no id", "write `name`"
    else:
        text = "{value} is not the id of a live object of the kind `{kind}`"
        hint = f"copy it whole, such as {kind.id_form.example}"
    context = {"value": repr(value), "kind": kind.name, "hint": hint}
    raise PydanticCustomError("id", text, context)


class Removal(DescribedFields):
    """An object to delete, or to let go of."""

    address: AddressText = Field(
        description="`kind.key`, such as `tunnel.edge`; `hosts.NAME` is all that the host has."
    )
    name: str | None = Field(None, description="The live name, where it differs from the key.")
    id: Annotated[str, AfterValidator(_live_id)] | None = Field(
        None,
        json_schema_extra={"pattern": "^[0-9a-fA-F-]{32,48}$"},
        description="The id of the live object, instead of its name.",
    )
    forget: StrictBool = Field(False, description="Only take the mark off; delete nothing.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Removal:
        if self.name is not None and Address.parse(self.address).kind == HOSTS:
            raise PydanticCustomError(
                "removal",
                "{address} is several objects",
                {"address": self.address, "hint": "drop `name`"},
            )
        if self.name is not None and self.id is not None:
            raise PydanticCustomError(
                "removal",
                "write `name` or `id`, not both",
                {"hint": "the id is exact; drop `name`"},
            )
        return self


class Move(DescribedFields):
    """A new address for an object that is live under the old one."""

    source: AddressText = Field(
        alias="from", description="The address until now; `hosts.NAME` is a host with its CA."
    )
    target: AddressText = Field(alias="to", description="The address from now on.")


def _may_differ(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    try:
        ignorable(value, _kinds(info))
    except NotIgnorable as error:
        context = {"text": error.summary, "hint": error.hint}
        raise PydanticCustomError("ignore", "{text}", context) from None
    return value


def _reason(value: str) -> str:
    if value.strip():
        return value
    hint = "say why it may differ; whoever reads the file wants to know"
    raise PydanticCustomError("reason", "a reason is missing", {"hint": hint})


class IgnoredField(DescribedFields):
    """A field whose live value stays, whatever the file says."""

    field: Annotated[str, BeforeValidator(_may_differ)] = Field(
        description="`kind.key.field`; never one that decides who reaches what."
    )
    reason: Annotated[str, AfterValidator(_reason)] = Field(description="Why it may differ.")


class Lint(DescribedFields):
    """What becomes of warnings."""

    ignore: dict[str, str] | None = Field(
        None,
        json_schema_extra={"propertyNames": {"enum": [*sorted(map(str, SILENCEABLE))]}},
        description="Warnings that are not told, by their code, each with a reason.",
    )


class Top(DescribedFields):
    """The top of the file, without the sections of objects."""

    version: Annotated[Literal[1], BeforeValidator(_version)] = Field(
        description="The version of this format: 1."
    )
    stack: Annotated[str, AfterValidator(_stack)] = Field(
        json_schema_extra={"pattern": "^(?!.*--)[a-z0-9-]{1,20}$"},
        description="The owner's name: lower-case letters, digits, single hyphens, at most 20.",
    )
    account: str | None = Field(
        None, description="Account id or name; may be left out when the token sees one account."
    )
    team: str | None = Field(
        None, description="The Zero Trust team name; otherwise read from the organisation."
    )
    lint: Lint | None = Field(None, description="Which warnings are not told of these files.")
    removed: list[Removal] | None = Field(None, description="Objects to delete or to forget.")
    moved: list[Move] | None = Field(None, description="Objects that got a new address.")
    ignore: list[IgnoredField] | None = Field(
        None, description="Fields that others may change: neither reported nor put back."
    )
