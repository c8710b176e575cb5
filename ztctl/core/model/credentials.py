"""Members of API objects that hold secrets: by their name, or by what stands in place of the value.

A service that keeps a secret does not give it back, so that it cannot be written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = "(sensitive)"
# A policy rule's `service_token` is no secret: it names a service token.
SECRET_NAME = re.compile(
    r"(?:secret|password|passphrase|private_?key|api_?key|(?<!service_)token)\Z", re.IGNORECASE
)
# Objects that hold the credentials for something else (`scim_config.authentication`).
_SECRET_OBJECT = re.compile(r"(?:authentication|credentials)\Z", re.IGNORECASE)
_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]*@")
# What is shown instead of a secret: asterisks (issues of the Terraform provider); the others are
# what services do elsewhere.
_REDACTED = re.compile(r"\*{3,}|•+|[\[(<]?redacted[\])>]?", re.IGNORECASE)


def credentials_in(value: Any, path: str = "") -> Iterator[str]:
    """The paths of members, at any depth, that the service does not give back as they were set."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            place = f"{path}.{name}" if path else str(name)
            if _is_withheld(str(name), item):
                yield place
            else:
                yield from credentials_in(item, place)
    elif isinstance(value, list):
        for item in value:
            yield from credentials_in(item, f"{path}[]")
    elif isinstance(value, str) and _REDACTED.fullmatch(value):
        yield path


def without_credentials(value: Any) -> Any:
    """A copy to be shown: with what may be a credential hidden, at any depth."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if item and _is_withheld(str(name), item) else without_credentials(item)
            for name, item in value.items()
        }
    return [without_credentials(item) for item in value] if isinstance(value, list) else value


def sealed(value: Any, *, secret: bool = False) -> Any:
    """A copy to be kept in place of the value: each credential hidden, the shape as it was.

    To `credentials_in` both are alike. A password within a URL is hidden, too.
    """
    if isinstance(value, Mapping):
        return {
            name: sealed(item, secret=secret or _is_withheld(str(name), item))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [sealed(item, secret=secret) for item in value]
    if secret:
        return HIDDEN if value and not isinstance(value, bool) else value
    return _PASSWORD.sub(f"://{HIDDEN}@", value) if isinstance(value, str) else value


def _is_withheld(name: str, value: Any) -> bool:
    if isinstance(value, Mapping | list):
        return bool(value and _SECRET_OBJECT.search(name))
    return not isinstance(value, bool) and bool(SECRET_NAME.search(name))
