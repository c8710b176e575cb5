"""What every test may use: the repository's folder, and the command line in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.observer.watch import Watch
from tests.support.process import Ended
from ztctl.cli.app import run

ROOT = Path(__file__).parent.parent


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture
def ztctl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs ``ztctl`` in an empty folder, with nothing of Cloudflare's in the environment.

    Each command is observed; one that leaves a door open on its way fails the test.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    watch = Watch(monkeypatch)

    def command(*arguments: str) -> Ended:
        capsys.readouterr()
        watch.begin(arguments)
        code = run(arguments)
        broken = watch.end(complete=code == 0)
        assert not broken, broken
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command
