"""From a declared local tunnel to what stands in its connector's file, and back, and both compared.

The file's configuration has the form of a remote one (``core/model/connector_file.py``), so that
rules are written, read and compared as those of the account are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from ztctl.core.model.canonical import canonical_fields, fields_of, plain_values
from ztctl.core.model.connector_file import SETTINGS, ConnectorFile, Form
from ztctl.core.model.diagnostics import Failure, Problems, Severity
from ztctl.core.model.durations import nanoseconds
from ztctl.core.model.ledger import Ledger
from ztctl.core.model.objects import Live, Wanted
from ztctl.core.model.values import Unknown
from ztctl.kinds import ingress, origin_request
from ztctl.kinds.tunnel import TunnelFields
from ztctl.kinds.tunnel_configuration import (
    completed,
    document,
    fields_in,
    with_own_settings,
    without_nothing,
)

_SPECS = fields_of(TunnelFields)
_ABSENT = "nothing"
# A text, or a flag, that says what it would be without.
_NOTHING = ("", "false")


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One key of a connector's file that is another one than the files of ztctl say.

    Attributes:
        path: of the key in the connector's file.
        wanted: what the files say; ``nothing`` where they leave it out.
        found: what the connector's file says.
    """

    path: str
    wanted: str
    found: str


def file_of(wanted: Wanted, live: Live, ledger: Ledger, folder: str) -> ConnectorFile:
    """What the files say of a local tunnel, as its connector's file.

    Args:
        wanted: the declared tunnel.
        live: the same one in the account, which gives its id.
        ledger: applications by which the connector checks tokens, and the team.
        folder: on the server, where the credentials file is; an absolute path.

    Raises:
        Problems: the team, an application or another object cannot be told.
        Failure: an application is not live yet.
    """
    known = len(ledger.problems)
    values = ledger.resolve(completed(wanted, ledger))
    errors = [it for it in ledger.problems[known:] if it.severity is Severity.ERROR]
    if errors:
        raise Problems(errors)
    for unknown in plain_values(values):
        if isinstance(unknown, Unknown):
            text = f"{unknown.of} is not live, and the connector is to check its tokens"
            raise Failure(text, "apply the files first")
    name = f"{folder.rstrip('/')}/{live.id}.json"
    settings = dict(wanted.local.get("connector") or {})
    return ConnectorFile("", live.id, name, settings, _configuration(values))


def _configuration(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a tunnel as a configuration without what says nothing; audiences in order."""
    found = document(values)
    rules = [without_nothing(rule) for rule in found["ingress"]]
    for rule in rules:
        access = rule.get("originRequest", {}).get("access") or {}
        if "audTag" in access:
            access["audTag"] = sorted(map(str, access["audTag"]))
    return without_nothing({"originRequest": found["originRequest"], "ingress": rules})


def _canonical(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a configuration states; a check that is not required is none."""
    fields = fields_in(configuration)
    for holder in (fields, *fields["ingress"]):
        settings = holder["origin_request"]
        access = settings.get("access") or {}
        if not access.get("required"):
            settings.pop("access", None)
    return dict(with_own_settings(canonical_fields(_SPECS, fields)))


def differences(
    wanted: ConnectorFile, found: ConnectorFile, live_name: str
) -> Iterator[FileDifference]:
    """Compare by meaning: the order of rules counts, how a duration is spelt does not.

    Args:
        wanted: what the files say.
        found: what a server's file says; of what it holds beside, only the key is told.
        live_name: by which the server's file may name the tunnel in place of its id.
    """
    named = wanted.tunnel if found.tunnel == live_name else found.tunnel
    ours, theirs = _flat(wanted), _flat(replace(found, tunnel=named))
    for path in sorted(ours.keys() | theirs.keys(), key=_in_order):
        if ours.get(path) != theirs.get(path):
            yield FileDifference(path, ours.get(path, _ABSENT), theirs.get(path, _ABSENT))
    for rest in found.leftover:
        yield FileDifference(rest.key, _ABSENT, f"something ({rest.why})")


def _in_order(path: str) -> list[Any]:
    """A key by which rule 10 comes behind rule 9."""
    return [(int(it) if it.isdigit() else -1, it) for it in path.replace("]", "[").split("[")]


def _flat(file: ConnectorFile) -> dict[str, str]:
    """Each scalar of a file by its path, in one spelling."""
    found = {"tunnel": file.tunnel, "credentials-file": file.credentials_file}
    for key, known in SETTINGS.items():
        if known.name in file.settings:
            found |= _scalars(key, _spelt(file.settings[known.name], known.form))
    found |= _scalars("", _configuration(_canonical(file.configuration)))
    found |= _unmodelled(file)
    return {path: text for path, text in found.items() if text not in _NOTHING}


def _unmodelled(file: ConnectorFile) -> dict[str, str]:
    """What the configuration states and no field takes, such as `warp-routing`, by its path."""
    modelled = _scalars("", _configuration(fields_in(file.configuration)))
    raw = _scalars("", file.configuration)
    return {path: it for path, it in raw.items() if path not in modelled and it not in _NOTHING}


def _spelt(value: Any, form: Form) -> Any:
    if form is Form.DURATION:
        length = nanoseconds(str(value))
        return value if length is None else f"{length / 10**9:g}s"
    return value


def _scalars(path: str, value: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(value, Mapping):
        for key, item in value.items():
            found |= _scalars(f"{path}.{key}".lstrip("."), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= _scalars(f"{path}[{index}]", item)
    elif value is not None:
        found[path] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def entry_of(file: ConnectorFile) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A connector's file as an entry of ``tunnels``, and the paths that no field takes."""
    values = _canonical(file.configuration)
    rules = [ingress.to_file(_with_ids(rule)) for rule in values.get("ingress") or ()]
    if rules and ingress.is_closing(rules[-1]):
        rules = rules[:-1]
    general = _with_ids({"origin_request": values.get("origin_request")})["origin_request"]
    entry = {
        "config": "local",
        "connector": dict(file.settings),
        "origin_request": origin_request.to_file(general),
        "ingress": rules,
    }
    stated = {name: it for name, it in entry.items() if it}
    left = (*(it.key for it in file.leftover), *_unmodelled(file))
    return stated, tuple(dict.fromkeys(left))


def _with_ids(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule whose audiences are ids, as a file refers to what it does not declare."""
    settings = rule.get("origin_request") or {}
    access = settings.get("access")
    if not access:
        return dict(rule)
    tags = [{"id": tag} for tag in access.get("aud_tag") or ()]
    return {**rule, "origin_request": {**settings, "access": {**access, "aud_tag": tags}}}


def refused_fields(entry: Mapping[str, Any]) -> Iterator[str]:
    """What cloudflared takes in an entry, and ztctl's files do not: its path, and why."""
    try:
        TunnelFields.model_validate(entry)
    except ValidationError as error:
        for it in error.errors(include_url=False, include_input=False):
            path = ".".join(map(str, it["loc"]))
            yield f"{path}, which validate refuses: {it['msg']}"
