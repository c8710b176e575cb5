"""Infrastructure applications: access to targets, selected by host name.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026: no domain, session,
cookie or launcher fields; `target_criteria` in one of two styles, flat `target_attributes` or
`include` with `require` and `exclude`. Product documentation: `hostname` is the only attribute, SSH
the only protocol (so that no port can have two). Unrecorded: that a criterion names at least one
value.
Not emulated: whether a target of that name exists is not checked.

The descriptions disagree on `include`, `require` and `exclude`: the SDK has an object, other notes
have an array of such objects. Both are accepted and returned as they were sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ztctl.sandbox.api.mfa import SSH_MFA
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.fields import (
    Field,
    FieldError,
    Shape,
    anything,
    choice,
    integer,
    listing,
    text,
)
from ztctl.sandbox.messages import Object

TYPE = "infrastructure"
RULES = ("include", "require", "exclude")
_VALUES = listing(text(255, empty=False))


def _attributes(value: Any) -> Object:
    named = _named(value)
    if strange := sorted(set(named) - {"hostname"}):
        raise FieldError(f"only takes hostname, not {strange[0][:40]}")
    return named


def _named(value: Any) -> Object:
    if not isinstance(value, dict) or not value:
        raise FieldError("must be an object with at least one member")
    named = {name: _VALUES(values) for name, values in value.items()}
    if not all(named.values()):
        raise FieldError("must have at least one value each")
    return named


SHAPE = Shape(
    invalid,
    (
        Field("type", text(), required=True),
        Field("name", text(350, empty=False), required=True),
        Field("target_criteria", listing(anything), required=True),
        Field("policies", anything),
        Field("mfa_config", SSH_MFA),
    ),
)
CRITERION = Shape(
    invalid,
    (
        Field("port", integer(1, 65535), required=True),
        Field("protocol", choice(("SSH",)), required=True),
        Field("target_attributes", _attributes),
        *(Field(name, anything) for name in RULES),
    ),
)
SELECTOR = Shape(invalid, (Field("target_attributes", _attributes), Field("tags", _named)))


def written_infrastructure(call: Call, body: Object, old: Object) -> Object:
    """Validate the fields of a body except its policies; raises ApiError 400/12130."""
    app = call.read(SHAPE, body, known=old)
    criteria = app["target_criteria"]
    if not criteria:
        raise invalid("target_criteria must have at least one element")
    app["target_criteria"] = [_criterion(call, one, place) for place, one in enumerate(criteria)]
    return app


def is_infrastructure(app: Object) -> bool:
    """Whether an application is of this type."""
    return bool(app["type"] == TYPE)


def attributes(app: Object) -> set[str]:
    """The target attributes in the criteria of an application, as `hostname=web1`."""
    named = (part for one in app.get("target_criteria", ()) for part in _parts(one))
    return {
        f"{key}={value}".lower()
        for part in named
        for key, values in part.get("target_attributes", {}).items()
        for value in values
    }


def _criterion(call: Call, given: Any, place: int) -> Object:
    where = f"target_criteria[{place}]"
    criterion = call.read(CRITERION, _object(given, where), where + ".")
    ruled = [name for name in RULES if name in criterion]
    if ruled and "target_attributes" in criterion:
        raise invalid(f"{where} mixes target_attributes with include, require and exclude")
    if "target_attributes" not in criterion and "include" not in criterion:
        raise invalid(f"{where} needs target_attributes or include")
    for name in ruled:
        criterion[name] = _rule(call, criterion[name], f"{where}.{name}")
    return criterion


def _rule(call: Call, given: Any, where: str) -> Object | list[Object]:
    if not isinstance(given, list):
        return _selector(call, given, where)
    if not given and where.endswith("include"):
        raise invalid(f"{where} must have at least one element")
    return [_selector(call, one, f"{where}[{place}]") for place, one in enumerate(given)]


def _selector(call: Call, given: Any, where: str) -> Object:
    selector = call.read(SELECTOR, _object(given, where), where + ".")
    if not selector:
        raise invalid(f"{where} needs target_attributes or tags")
    return selector


def _parts(criterion: Object) -> Iterator[Object]:
    yield criterion
    for name in RULES:
        rule = criterion.get(name, ())
        yield from [rule] if isinstance(rule, dict) else rule


def _object(value: Any, name: str) -> Object:
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    return value
