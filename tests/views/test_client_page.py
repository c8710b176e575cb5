"""Promises about the page for people who log in, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.views.chromium import Browser, Tab
from tests.views.sheets import HOSTILE
from ztctl.core.model.client import ClientHost, RenderedClient, SystemConfig
from ztctl.core.model.inner import InnerHost
from ztctl.views.client_sheet import SYSTEMS, client_sheet
from ztctl.views.client_view import client_document
from ztctl.views.escape import visible
from ztctl.views.sheet_html import render_client

Opened = Callable[..., AbstractContextManager[Tab]]
CONFIG = """\
Match host ssh.example.com exec "CF access ssh-gen --hostname ssh.example.com"
  IdentityFile ~/.cloudflared/ssh.example.com-cf_key
Host ssh.example.com
  ProxyCommand CF access ssh --hostname %h
"""
KEYS = "ssh.example.com ssh-ed25519 AAAA\n"
OUTSIDE = """(() => {
  document.querySelectorAll("details").forEach((it) => { it.open = true; });
  const width = document.documentElement.clientWidth;
  const far = [...document.querySelectorAll("body *")].filter((it) => {
    const box = it.getBoundingClientRect();
    const hidden = it.closest("script, style, noscript, .said");
    return !hidden && box.width && (box.right > width + 1 || box.left < -1);
  });
  return far.map((it) => it.outerHTML.slice(0, 200));
})()"""


def client(*names: str, user: str = "", config: str = CONFIG, keys: str = "") -> RenderedClient:
    """What was rendered for hosts of these names, and for a machine behind the first."""
    inner = (InnerHost("db1", "10.0.0.12", 22),)
    hosts = (
        *(ClientHost(name, aliases=(f"{name}-alias",)) for name in names),
        ClientHost("jump.example.com", has_ca=False, is_bastion=True, inner=inner),
    )
    systems = [SystemConfig(it, "/opt/cloudflared", config) for it in SYSTEMS]
    return RenderedClient("shop", hosts, user, systems[2], systems, keys, "ztctl_shop_known_hosts")


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Opened:
    """Opens the page of a rendering in a tab."""

    @contextmanager
    def open(of: RenderedClient, **options: Any) -> Iterator[Tab]:
        file = tmp_path / "ssh.html"
        file.write_text(render_client(client_sheet(client_document(of), "1.0")), encoding="ascii")
        with chromium.tab(**options) as tab:
            tab.open(file)
            tab.painted()
            yield tab

    return open


@pytest.mark.parametrize(("width", "dark"), [(360, True), (900, False), (1600, False)])
def test_axe_finds_nothing(width: int, dark: bool, opened: Opened) -> None:
    """The checks of axe-core for accessibility pass, contrast in light and dark among them."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    with opened(client("ssh.example.com", keys=KEYS), width=width, dark=dark) as tab:
        tab.js("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
        tab.js(axe)
        broken, passed = tab.js("""axe.run(document).then(({ violations, passes }) => [
          violations.map((it) => [
            it.id, it.nodes.map((node) => [node.html.slice(0, 200), node.failureSummary])]),
          passes.map((it) => it.id)])""")

    assert broken == []
    assert {"color-contrast", "label", "button-name", "heading-order"} <= {*passed}


@pytest.mark.parametrize("width", [360, 1600])
def test_hostile_names_are_text_and_stay_inside(width: int, opened: Opened) -> None:
    """Were a name to come through that no check let in, nothing runs, loads or sticks out."""
    text = "\n".join(HOSTILE)
    of = client(*HOSTILE, config=text, keys=text)
    with opened(of, width=width) as tab:
        outside = tab.js(OUTSIDE)

        assert (tab.complaints, tab.asked_for) == ([], [])
        assert tab.js("window.pwned") is None
        assert outside == []
        shown = tab.js("document.querySelector('pre.config').textContent")
        assert shown == "\n".join(map(visible, HOSTILE))


def test_the_own_system_is_shown_first(opened: Opened) -> None:
    """The others are folded, and can be opened."""
    with opened(client("ssh.example.com")) as tab:
        shown = tab.js(
            "[...document.querySelectorAll('details[open]')].map(it => it.dataset.system)"
        )

        assert shown == ["linux"]
        assert tab.js("document.querySelectorAll('details').length") == len(SYSTEMS)


def test_the_block_is_copied_with_the_name(opened: Opened) -> None:
    """By keyboard alone: type the name, go to the button, press it; what was copied is said."""
    with opened(client("ssh.example.com")) as tab:
        tab.js("document.getElementById('user').focus()")
        tab.type("jdoe")
        tab.js("""window.copied = [];
          navigator.clipboard.writeText = async (text) => { copied.push(text); };
          document.querySelector("[data-system=linux] [aria-label^='Copy the block']").focus()""")
        tab.press("Enter", "\r")
        tab.painted()

        (copied,) = tab.js("window.copied")
        assert tab.js("document.getElementById('said').textContent") == "Copied."
        assert copied == CONFIG.replace(
            "Host ssh.example.com\n", "Host ssh.example.com\n  User jdoe\n"
        )


@pytest.mark.parametrize("name", ["a b", "x\\nHost *", "$(reboot)", "-a", "<b>"])
def test_a_name_that_is_none_changes_no_block(name: str, opened: Opened) -> None:
    """It is told, and the blocks stay as they are."""
    with opened(client("ssh.example.com")) as tab:
        tab.js("document.getElementById('user').focus()")
        tab.type(name)
        tab.painted()

        assert tab.js("document.querySelector('pre.config').textContent") == CONFIG
        assert "the part before the @" in tab.js(
            "document.getElementById('user-wrong').textContent"
        )
        assert tab.js("document.getElementById('user').getAttribute('aria-invalid')") == "true"


def test_who_has_a_name_is_not_asked_for_it(opened: Opened) -> None:
    """It stands in the blocks already."""
    with opened(client("ssh.example.com", user="jdoe")) as tab:
        assert tab.js("document.getElementById('user')") is None
        assert tab.complaints == []


def test_all_can_be_read_without_script(opened: Opened) -> None:
    """Blocks of every system and what to do: only copying and choosing are missing."""
    with opened(client("ssh.example.com", keys=KEYS)) as tab:
        tab.ask("Emulation.setScriptExecutionDisabled", value=True)
        tab.ask("Page.reload")
        tab.browser.wait("Page.loadEventFired", tab.session)
        tab.ask("Emulation.setScriptExecutionDisabled", value=False)
        text = tab.js("document.body.textContent")
        shown = tab.js("document.body.innerText")

    assert text.count("ProxyCommand CF access ssh --hostname %h") == len(SYSTEMS)
    assert "add a line User NAME below each Host line" in shown
    assert "brew install cloudflared" in shown
    assert "Copy" not in shown


def test_the_page_knows_whether_keys_are_known(opened: Opened) -> None:
    """Who has every key is never asked; who has some, or none, is told to compare."""
    told = {}
    for keys in ("", KEYS, f"{KEYS}db1 ssh-ed25519 AAAA\n"):
        with opened(client("ssh.example.com", keys=keys)) as tab:
            told[keys] = tab.js("document.querySelector('main').innerText")

    none, some, every = told.values()
    assert "asks whether to trust the server," in none
    assert "asks whether to trust a server whose key is not above" in some
    assert "does not ask whether the server is the right one" in every
