"""Import of an exported account into a sandbox.

Secrets that an export omits are generated: those of tunnels (so their tokens change) and of
service tokens. A certificate authority keeps its public key, as servers trust it; its private key
is unknown (null), and a request to sign with it is answered by an error. API tokens stay defined.

Files are untrusted, so an import is validated before the state is changed: the fields of every
object, its references, and finally a trial in a separate state in which every list is read.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ztctl.sandbox.dispatch import PREFIX, Notes, dispatched
from ztctl.sandbox.envelope import answered
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.export import KINDS
from ztctl.sandbox.ids import Entropy
from ztctl.sandbox.messages import Object, Request
from ztctl.sandbox.reading import WRONG, Unreadable, list_of, read, wrong
from ztctl.sandbox.routing import Route, Router
from ztctl.sandbox.state import State
from ztctl.sandbox.store import Store
from ztctl.sandbox.stored import KEYS, MEMBERS, ONLY_ONE, references
from ztctl.sandbox.whims import awkward

Entry = tuple[str, str, Object]

NOTES = ("missed", "ignored")
FOREIGN = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
REMADE: dict[str, Callable[[Entropy], Object]] = {
    "tunnel": lambda entropy: {"secret": base64.b64encode(entropy(32)).decode()},
    "service_token": lambda entropy: {"secret": entropy(32).hex()},
    "app_ca": lambda _: {"private_key": None},
    "gateway_ca": lambda _: {"private_key": None},
}


def accepted(account: Any, entropy: Entropy) -> list[Entry]:
    """Validate an exported account and generate the omitted secrets: (kind, key, object).

    Raises Unreadable with all problems.
    """
    by_kind: dict[str, tuple[Object, ...]] = read(account, _account)
    problems: list[str] = []
    entries = [one for kind, objects in by_kind.items() for one in _keyed(kind, objects, by_kind)]
    _check_unique(entries, problems)
    _check_references(entries, problems)
    if problems:
        raise Unreadable(problems)
    return [(kind, key, {**one, **_remade(kind, entropy)}) for kind, key, one in entries]


def replace_all(store: Store, entries: list[Entry]) -> None:
    """Replace all objects of the account, and clear the diagnostics; needs a session."""
    for kind in (*KINDS.values(), *NOTES):
        for key in store.keys(kind):
            store.remove(kind, key)
    for kind, key, one in entries:
        store.put(kind, key, one)


def tried(entries: list[Entry], state: State, routes: tuple[Route, ...]) -> None:
    """Store the objects in an empty state and read every list; raises Unreadable if that fails.

    The state is discarded afterwards, so this runs without a session.
    """
    problems: list[str] = []
    for kind, key, one in entries:
        try:
            state.store.put(kind, key, one)
        except FOREIGN as error:
            wrong(f"{_name(kind)} {key[:64]!r}", f"cannot be kept ({_described(error)})", problems)
    if not problems:
        router = Router(routes)
        for path in _lists(state, routes):
            _try(path, state, router, problems)
    if problems:
        raise Unreadable(problems)


def _account(value: Any, where: str, problems: list[str]) -> Any:
    if not isinstance(value, dict):
        return wrong(where, "must be an object", problems)
    for name in value:
        if name not in KINDS:
            wrong(name[:64] or "''", f"unknown; known are {', '.join(KINDS)}", problems)
    made = {
        kind: list_of(MEMBERS[kind])(value.get(name, []), name, problems)
        for name, kind in KINDS.items()
    }
    for kind in ONLY_ONE:
        if made[kind] is not WRONG and len(made[kind]) > 1:
            wrong(_name(kind), "there can be only one", problems)
    if made["account"] == ():
        wrong("accounts", "there must be one", problems)
    return made


def _keyed(
    kind: str, objects: tuple[Object, ...], by_kind: dict[str, tuple[Object, ...]]
) -> Iterator[Entry]:
    apps = {app["aud"]: app["id"] for app in by_kind["app"]} if kind == "app_ca" else {}
    for one in objects:
        if kind in ONLY_ONE:
            yield kind, by_kind["account"][0]["id"], one
        elif kind == "app_ca":
            yield kind, apps.get(one["aud"], ""), one
        else:
            yield kind, KEYS.get(kind, _id)(one), one


def _id(one: Object) -> str:
    return str(one["id"])


def _check_unique(entries: list[Entry], problems: list[str]) -> None:
    for (kind, key), times in Counter((kind, key) for kind, key, _ in entries).items():
        if times > 1:
            wrong(_name(kind), f"{key[:64]!r} is there {times} times", problems)


def _check_references(entries: list[Entry], problems: list[str]) -> None:
    known = {(kind, key) for kind, key, _ in entries}
    for kind, key, one in entries:
        if kind == "app_ca" and key == "":
            wrong(f"app_cas {one['id']}", "belongs to no application", problems)
        for member, other, wanted in references(kind, one):
            if (other, wanted) not in known:
                place = f"{_name(kind)} {key[:64]!r}.{member}"
                wrong(place, f"there is no {other.replace('_', ' ')} {wanted[:64]!r}", problems)


def _remade(kind: str, entropy: Entropy) -> Object:
    return REMADE[kind](entropy) if kind in REMADE else {}


def _lists(state: State, routes: tuple[Route, ...]) -> Iterator[str]:
    """The paths of all lists, of the account and of each zone."""
    account = state.account["id"]
    for route in routes:
        if route.method != "GET":
            continue
        if set(_parameters(route)) <= {"account_id"}:
            yield route.path.format(account_id=account)
        elif set(_parameters(route)) == {"zone_id"}:
            yield from (route.path.format(zone_id=zone["id"]) for zone in state.store.all("zone"))


def _parameters(route: Route) -> list[str]:
    return [word[1:-1] for word in route.path.split("/") if word.startswith("{")]


def _try(path: str, state: State, router: Router, problems: list[str]) -> None:
    """Read every page of a list, in normal and awkward mode; add exceptions to `problems`."""
    # The trial state has no tokens, so any token is accepted.
    headers = (("authorization", "Bearer import"),)
    try:
        for page in range(1, 1_000_000):
            request = Request("GET", PREFIX + path, (("page", str(page)),), headers)
            reply = dispatched(state, router, request, Notes())
            # The envelope serialises, which fails for values that are no JSON.
            answered(reply, "")
            answered(awkward(reply), "")
            if reply.info is None or not reply.result:
                return
    except ApiError:  # e.g. a required parameter is missing, or Zero Trust is not enabled
        return
    except FOREIGN as error:
        wrong(path, f"cannot be shown ({_described(error)})", problems)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _name(kind: str) -> str:
    return next(name for name, one in KINDS.items() if one == kind)
