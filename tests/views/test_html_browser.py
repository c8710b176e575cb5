"""Promises about the HTML file in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.views.chromium import Browser, Tab
from tests.views.sheets import (
    HOSTILE,
    audit_about,
    hostile_plan,
    joined,
    large_plan,
    plan_about,
    rendered,
)
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import Plan
from ztctl.core.reach.audit import AuditReport
from ztctl.views.escape import Clean

HOSTS = 5000
Opened = Callable[..., AbstractContextManager[Tab]]
ROWS = "document.querySelectorAll('tr, li').length"
# Everything that is folded is opened, each row of each table is chosen, one after another; the
# elements that stick out of the window on its right or left.
EACH_CHOSEN = """(async () => {
  const outside = (within) => {
    const width = document.documentElement.clientWidth;
    const wider = document.documentElement.scrollWidth > width ? ["the page"] : [];
    const far = [...document.querySelectorAll(`${within} *`)].filter((it) => {
      const box = it.getBoundingClientRect();
      const hidden = it.closest("caption, script, style, noscript");
      return !hidden && box.width && (box.right > width + 1 || box.left < -1);
    });
    const unboxed = [...document.querySelectorAll("svg g")].filter((it) => {
      const [box, text] = ["rect", "text"].map((name) => it.querySelector(name).getBBox());
      return text.x + text.width > box.x + box.width;
    });
    return [...wider, ...[...far, ...unboxed].map((it) => it.outerHTML.slice(0, 200))];
  };
  document.querySelectorAll("details").forEach((it) => { it.open = true; });
  const found = outside("body");
  for (const table of document.querySelectorAll("div.table")) {
    const count = table.querySelectorAll(".name button").length;
    // The details of the other tables hold the same texts in every row, in other places.
    const step = table.id === "hosts" ? 1 : 4;
    for (let place = 1; place < count; place += step) {
      table.querySelectorAll(".name button")[place].click();
      await new Promise(requestAnimationFrame);
      found.push(...outside(`#${table.id} .detail`));
    }
  }
  return found;
})()"""


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Opened:
    """Opens the file of a plan or of an audit in a tab."""

    @contextmanager
    def open(of: Plan | AuditReport, **options: Any) -> Iterator[Tab]:
        file = tmp_path / "page.html"
        file.write_text(rendered(of), encoding="ascii")
        with chromium.tab(**options) as tab:
            tab.open(file)
            tab.painted()
            yield tab

    return open


def shown(tab: Tab) -> list[str]:
    """The hosts that the first table shows."""
    found: list[str] = tab.js(
        "[...document.querySelectorAll('#hosts .name button')].map(it => it.textContent)"
    )
    return found


def search(tab: Tab, text: str) -> None:
    """Type into the search of the hosts, as somebody would."""
    tab.js("document.getElementById('hosts-search').select()")
    tab.type(text)


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("of", [hostile_plan(), audit_about(*HOSTILE)], ids=["plan", "audit"])
def test_hostile_names_are_text_and_stay_inside(
    of: Plan | AuditReport, width: int, opened: Opened
) -> None:
    """Nothing runs, nothing is asked for, and nothing sticks out, whatever row is chosen."""
    with opened(of, width=width) as tab:
        outside = tab.js(EACH_CHOSEN)

        assert (tab.complaints, tab.asked_for) == ([], [])
        assert tab.js("window.pwned") is None
        assert outside == []
        assert {any_other(Clean(str)(text)) for text in HOSTILE} == {*shown(tab)}


def test_the_policy_stops_what_an_escape_would_miss(opened: Opened) -> None:
    """Were markup put into the page all the same, it would neither run nor load."""
    with opened(large_plan(1)) as tab:
        refused = tab.js("""new Promise((done) => {
          const found = new Set();
          document.addEventListener("securitypolicyviolation", (it) => {
            found.add(it.effectiveDirective);
            if (found.size === 5) done([...found].sort());
          });
          const made = (name, text, more) => {
            const it = Object.assign(document.createElement(name), more);
            it.append(text);
            document.body.append(it);
          };
          made("style", "*{color:red}");
          made("img", "", { src: "https://evil.example/a.png" });
          made("iframe", "", { src: "https://evil.example/" });
          try { document.body.innerHTML = "<b>markup</b>"; } catch { }
          document.body.setAttribute("style", "color: red");
          try { made("script", "window.pwned = 1"); } catch { }
        })""")

        assert refused == [
            "frame-src", "img-src", "require-trusted-types-for", "style-src-attr", "style-src-elem",
        ]  # fmt: skip
        assert tab.js("window.pwned") is None


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1600, False)])
@pytest.mark.parametrize("of", ["plan", "audit"])
def test_axe_finds_nothing(
    of: str, width: int, dark: bool, opened: Opened, whole_plan: Plan
) -> None:
    """The checks of axe-core for accessibility pass, contrast in light and dark among them."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    plan = replace(whole_plan, access=large_plan(12).access)
    with opened(plan if of == "plan" else audit_about("a", "b"), width=width, dark=dark) as tab:
        tab.js(axe)
        broken, passed = tab.js("""axe.run(document).then(({ violations, passes }) => [
          violations.map((it) => [
            it.id, it.nodes.map((node) => [node.html.slice(0, 200), node.failureSummary])]),
          passes.map((it) => it.id)])""")

    assert broken == []
    assert {"color-contrast", "label", "svg-img-alt", "aria-required-children"} <= {*passed}


def test_many_hosts_are_few_rows(opened: Opened) -> None:
    """Five thousand hosts: no more than three hundred rows at a time, and each can be found."""
    with opened(large_plan(HOSTS)) as tab:
        counts = [tab.js(ROWS)]
        first = shown(tab)
        tab.js("document.querySelector('#hosts .pager button:last-child').click()")
        counts.append(tab.js(ROWS))
        second = shown(tab)
        search(tab, "web-4711 10.0.18")
        counts.append(tab.js(ROWS))

        assert max(counts) <= 300
        assert first[0] == f"web-{HOSTS - 2}.example.com"
        assert len({*first, *second}) == 200
        assert shown(tab) == ["web-4711.example.com"]
        assert tab.js("document.querySelector('#hosts .status').textContent") == "1 host"


def test_where_everything_is_long_there_are_few_rows(opened: Opened) -> None:
    """So it is where every list of a plan, and every list of an audit, is long."""
    texts = [f"{place}.example.com" for place in range(400)]
    for of in (joined([plan_about(text, 1) for text in texts]), audit_about(*texts)):
        with opened(of) as tab:
            count = tab.js(ROWS)
            search(tab, "371.example.com")

            assert 200 < count <= 300
            assert shown(tab) == ["371.example.com"]


def test_all_that_was_found_is_printed(opened: Opened) -> None:
    """What the search has left is on paper, whatever page is shown; afterwards all is as before."""
    with opened(large_plan(500)) as tab:
        search(tab, "web-1")
        before = tab.js(ROWS)
        tab.js("window.dispatchEvent(new Event('beforeprint'))")
        printed = shown(tab)
        tab.js("window.dispatchEvent(new Event('afterprint'))")

        assert len(printed) == len([n for n in range(500) if str(n).startswith("1")])
        assert tab.js(ROWS) == before


def test_hosts_are_filtered_and_sorted(opened: Opened) -> None:
    """By what happens to them, and by each column, forwards and backwards, numbers as numbers."""
    with opened(large_plan(40)) as tab:
        select = "document.getElementById('hosts-filter')"
        tab.js(f"{select}.value = '4'; {select}.dispatchEvent(new Event('change'))")
        fewer = shown(tab)
        tab.js(f"{select}.value = ''; {select}.dispatchEvent(new Event('change'))")
        head = "document.querySelectorAll('#hosts thead th')[1]"
        tab.js(f"{head}.querySelector('button').click()")
        tab.js(f"{head}.querySelector('button').click()")

        assert fewer == [f"web-{place}.example.com" for place in (3, 13, 23, 33)]
        assert shown(tab) == [f"web-{place}.example.com" for place in range(39, -1, -1)]
        assert tab.js(f"{head}.getAttribute('aria-sort')") == "descending"


def test_the_drawing_follows_the_keyboard(opened: Opened) -> None:
    """Without a mouse: to a row, down, and chosen; the drawing is of that host, in words, too."""
    with opened(large_plan(20)) as tab:
        tab.js("document.getElementById('hosts-filter').focus()")
        for _ in range(6):
            tab.press("Tab")
        tab.press("ArrowDown")
        tab.press("Enter", "\r")
        tab.painted()
        drawings = tab.js(
            "[...document.querySelectorAll('svg')].map(it => it.getAttribute('aria-label'))"
        )
        focus = tab.js("document.activeElement.textContent")

        way = "group ops (8h) → web-0.example.com → tunnel pool-0 → ssh://10.0.0.0:22"
        assert focus == shown(tab)[1] == "web-0.example.com"
        assert drawings == [
            "Before: nobody enters web-0.example.com.",
            f"After: {way} (gains entry).",
        ]
        assert tab.js("document.activeElement.getAttribute('aria-expanded')") == "true"


@pytest.mark.parametrize(("width", "beside"), [(360, False), (1600, True)])
def test_before_and_after_stand_side_by_side(width: int, beside: bool, opened: Opened) -> None:
    """Where there is room for both; else after stands below before."""
    with opened(large_plan(3), width=width) as tab:
        boxes = tab.js("""[...document.querySelectorAll('#hosts figure')].map((it) => {
          const { left, top } = it.getBoundingClientRect();
          return [left, top];
        })""")

    (left, top), (other_left, other_top) = boxes
    assert (top == other_top, left < other_left) == (beside, beside)


def test_the_top_is_readable_without_script(opened: Opened, whole_plan: Plan) -> None:
    """Where scripts do not run, the verdict and the refusals stand there, and what is missing."""
    with opened(whole_plan) as tab:
        tab.ask("Emulation.setScriptExecutionDisabled", value=True)
        tab.ask("Page.reload")
        tab.browser.wait("Page.loadEventFired", tab.session)
        tab.ask("Emulation.setScriptExecutionDisabled", value=False)
        text = tab.js("document.body.innerText")

    assert "Plan: 1 to adopt, 3 to add" in text
    assert "the plan opens a door that no flag admits" in text
    assert "need JavaScript" in text
