"""From settings to the objects of a command: declared objects, API client, view."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, TypeVar

from ztctl import __version__
from ztctl.cli.places import DEFAULT_FILE
from ztctl.cli.settings import STATE, Settings
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Failures, Problem, Problems, Severity
from ztctl.core.model.kind import Kinds
from ztctl.core.model.values import Secret
from ztctl.core.planning import check
from ztctl.documents import load
from ztctl.documents.files import display_path
from ztctl.documents.mask import Mask
from ztctl.kinds.registry import KINDS
from ztctl.ssh.admitted import risky_names
from ztctl.ssh.public_keys import misplaced
from ztctl.views.factory import make_view
from ztctl.views.view import View

if TYPE_CHECKING:
    from ztctl.cloudflare.client import Client
    from ztctl.engine.drive import AccountApi
    from ztctl.sandbox.service import Sandbox

T = TypeVar("T")

_ACCOUNT = re.compile(r"[0-9a-f]{32}")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; its result.

    The result is not the task's: when a task ends, ``asyncio.run`` looks up which handler SIGINT
    has, and CPython 3.11 formats it for that, its task and the task's result included. The text
    of a plan of thousands of objects takes as long as the plan.
    """
    import asyncio

    found: list[T] = []

    async def kept() -> None:
        found.append(await work)

    asyncio.run(kept())
    return found[0]


def view_of(chosen: Settings, declared: Declared | None = None) -> View:
    """The view for these settings; it masks values that the files read from the environment."""
    mask = Mask(declared.environment if declared else {})
    return make_view(
        chosen.format.value,
        stdout=sys.stdout,
        stderr=sys.stderr,
        color=chosen.color,
        quiet=chosen.quiet,
        terminal=chosen.terminal,
        redact=mask.hide,
        version=__version__,
        detail=chosen.detail,
        verbose=chosen.verbose,
        width=get_terminal_size().columns,
        location=chosen.sarif_location,
        made=datetime.now().astimezone().strftime("%-d %b %Y %H:%M %Z"),
    )


def declared_by(chosen: Settings, kinds: Kinds = KINDS) -> Declared:
    """Load the files and check them offline.

    Raises:
        Problems: all problems of the files.
        Failure: no file was named, and there is no default one.
    """
    from ztctl.cli.copies import with_copies

    files = files_of(chosen)
    try:
        declared = _loaded(files, chosen, kinds)
    except Problems as found:
        raise Problems(_with_the_folder(found.items, files, chosen, kinds)) from found
    return with_copies(declared, chosen.copies)


def _loaded(files: Sequence[Path], chosen: Settings, kinds: Kinds) -> Declared:
    return load(
        files,
        kinds,
        variables=chosen.variables,
        variable_files=chosen.variable_files,
        environment=_environment(chosen),
        allow_env=chosen.allow_env,
        check=lambda found: problems_of(found, kinds),
    )


def _with_the_folder(
    problems: Sequence[Problem], files: Sequence[Path], chosen: Settings, kinds: Kinds
) -> Sequence[Problem]:
    """The problems, but as one those that are none beside the other files of the same folder.

    All as they are where that folder has problems of its own: its files may have nothing to do with
    each other.
    """
    folder = files[0].parent
    if any(file.parent != folder or not file.is_file() for file in files):
        return problems
    try:
        _loaded([folder], chosen, kinds)
        left = set[str]()
    except Problems as found:
        left = {*map(str, found.items)}
    gone = [it for it in problems if it.severity is Severity.ERROR and str(it) not in left]
    if len(gone) < 2 or not left <= {*map(str, problems)}:
        return problems
    text = f"{len(gone)} errors, none of them with the other files of the folder"
    one = Problem(text, gone[0].where, f"give the folder: -f {display_path(folder)}")
    return [one, *(it for it in problems if it not in gone)]


def files_of(chosen: Settings) -> tuple[Path, ...]:
    """The files and folders that a command works on.

    Raises:
        Failure: no file was named, and there is no default one.
    """
    if chosen.files == (DEFAULT_FILE,) and not DEFAULT_FILE.exists():
        raise Failure(
            f"there is no {DEFAULT_FILE} in this folder",
            "name a file or a folder by -f, for example -f examples/quickstart",
        )
    return chosen.files


def problems_of(declared: Declared, kinds: Kinds = KINDS) -> Iterator[Problem]:
    """What is wrong with the declared objects, as far as it can be told offline."""
    yield from check.problems(declared, kinds)
    yield from misplaced(declared)
    yield from risky_names(declared, kinds)


def _environment(chosen: Settings) -> Mapping[str, str]:
    # A file that reads its account id from this variable must load without the variable, too: the
    # sandbox ignores the account of the files.
    # A snapshot knows its own.
    defaults = {"CLOUDFLARE_ACCOUNT_ID": "sandbox"} if chosen.sandbox else {}
    if chosen.live is not None:
        defaults = {"CLOUDFLARE_ACCOUNT_ID": chosen.live.account}
    return {**defaults, **chosen.environment}


def sandbox_of(folder: Path = Path()) -> Sandbox:
    """Open or create the sandbox whose state is kept below a folder.

    Raises:
        Failure: the state is not a sandbox's, or cannot be read or written.
    """
    from ztctl.sandbox import open_sandbox

    path = folder / STATE
    try:
        path.parent.mkdir(exist_ok=True)
        ignore = path.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        return open_sandbox(path)
    except (OSError, ValueError) as error:
        # No other state could be written there either.
        is_closed = getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS)
        raise Failure(
            f"cannot use the sandbox's state {path}: {error}",
            "work in a folder that you may write to"
            if is_closed
            else "ztctl sandbox reset makes a new one",
        ) from error


@asynccontextmanager
async def account_of(
    chosen: Settings, declared: Declared | None, view: View
) -> AsyncIterator[AccountApi]:
    """The account that a command reads: over the network, or the snapshot that stands in for it.

    Raises:
        Failure: the snapshot is of another account; and as `connected`.
        CallFailed, Failures: as `connected`.
    """
    if chosen.live is None:
        async with connected(chosen, declared, view) as client:
            yield client
        return
    from ztctl.cli.snapshots import describe, require_account

    require_account(chosen.live, declared.account if declared else None)
    view.note(describe(chosen.live))
    yield chosen.live


@asynccontextmanager
async def connected(
    chosen: Settings, declared: Declared | None, view: View
) -> AsyncIterator[Client]:
    """Open a client for the account; add the reason to failures caused by the token.

    Args:
        chosen: the settings.
        declared: names the account; without one, that of the environment, else the only one.
        view: shows why the client waits, for example for its rate limit.

    Raises:
        Failure: there is no token, or the account is not unique.
        CallFailed, Failures: the accounts cannot be listed, or the block raised them.
    """
    client, account = client_of(chosen, declared, view)
    async with client:
        try:
            client.account = await account_id_of(client, account)
            yield client
        except (CallFailed, Failures) as error:
            raise await _with_reason(client, error) from error


def client_of(chosen: Settings, declared: Declared | None, view: View) -> tuple[Client, str | None]:
    """Make a client that is not open yet; and the account that is stated, by id or name.

    Raises:
        Failure: there is no token, or the URL cannot be used.
    """
    from ztctl.cloudflare.client import BASE_URL, Client

    def waiting(seconds: float, reason: str) -> None:
        view.note(f"waiting {seconds:.0f} s: {reason}")

    if chosen.sandbox:
        from ztctl.sandbox.transport import SandboxTransport

        sandbox = sandbox_of()
        token = Secret("sandbox")
        client = Client(token, transport=SandboxTransport(sandbox), quota=None, on_wait=waiting)
        return client, sandbox.account_id
    if chosen.token is None:
        raise Failure(
            "there is no API token",
            "set CLOUDFLARE_API_TOKEN, or name a file by --api-token-file; --sandbox needs none",
        )
    client = Client(chosen.token, base_url=chosen.api_url or BASE_URL, on_wait=waiting)
    account = declared.account if declared else None
    return client, account or chosen.environment.get("CLOUDFLARE_ACCOUNT_ID") or None


def is_account_id(text: str) -> bool:
    """Whether a text is the id of an account, not a name."""
    return _ACCOUNT.fullmatch(text) is not None


async def account_id_of(client: Client, account: str | None) -> str:
    """The id of the stated account; without one, of the only account that the token sees.

    Raises:
        Failure: it is not unique, or not seen.
        CallFailed: the accounts cannot be listed.
    """
    if account is not None and is_account_id(account):
        return account
    found = await client.send(Call("GET", "/accounts", per_page=50))
    named = [item for item in found if account is None or item.get("name") == account]
    if len(named) == 1:
        return str(named[0].get("id"))
    seen = ", ".join(f"{item.get('name')} ({item.get('id')})" for item in named or found)
    if account is None:
        what = f"the token sees {len(found)} accounts" if found else "the token sees no account"
    else:
        what = f"{len(named) or 'no'} account is called {account!r}"
    raise Failure(what, f"write `account:` with an id in the file; visible: {seen or 'none'}")


async def _with_reason(client: Client, error: CallFailed | Failures) -> CallFailed | Failures:
    """Add to a failure the reason why the token was refused, if it can be determined.

    An invalid token is reported once, however many calls failed because of it.
    """
    from ztctl.cloudflare.errors import NotAuthorised
    from ztctl.cloudflare.verify import RENEW, explain

    if isinstance(error, CallFailed):
        return await explain(client, error)
    refused = [item for item in error.items if isinstance(item, NotAuthorised)]
    if not refused:
        return error
    first = await explain(client, refused[0])
    others = refused[1:] if first.hint != RENEW else []
    return Failures([first, *others, *(item for item in error.items if item not in refused)])
