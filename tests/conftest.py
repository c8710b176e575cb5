"""What every test may use, and which tests run: the quick ones, or the rest with --thorough."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.support.observer.watch import Watch
from tests.support.process import Ended
from ztctl.cli.app import run

ROOT = Path(__file__).parent.parent


# Of each property, where it says nothing else; `--thorough` tries others, and more.
QUICK = 100

Command = Callable[..., Ended]

# Property tests are about promises, not about how busy the machine is.
calm = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("quick", calm, derandomize=True, max_examples=QUICK)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What ``scripts/test`` takes besides the options of pytest."""
    group = parser.getgroup("ztctl")
    group.addoption(
        "--thorough",
        action="store_true",
        help="run what the quick run leaves out: tests marked thorough, and every property again "
        "with random examples",
    )
    group.addoption(
        "--examples",
        type=int,
        default=200,
        metavar="N",
        help="examples of each property in a thorough run (default: %(default)s)",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two processors: a third of the time tests wait for other processes."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_configure(config: pytest.Config) -> None:
    """The quick run tries the same examples each time, the thorough one others each time."""
    examples = config.getoption("examples")
    # Where CI is set, Hypothesis itself would be derandomised.
    settings.register_profile(
        "thorough", calm, max_examples=examples, derandomize=False, print_blob=True
    )
    settings.load_profile("thorough" if config.getoption("thorough") else "quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each test belongs to the quick run or to the thorough one; properties belong to both."""
    belongs = _is_deep if config.getoption("thorough") else _is_quick
    config.hook.pytest_deselected(items=[item for item in items if not belongs(item)])
    items[:] = filter(belongs, items)


def _is_quick(item: pytest.Item) -> bool:
    return item.get_closest_marker("thorough") is None


def _is_deep(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("thorough", "exhaustive")) or (
        isinstance(item, pytest.Function) and is_hypothesis_test(item.function)
    )


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
