"""report.html as a reader meets it: small and large screens, print, no script, assistive techniques."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from physiohub.report.document import render_report
from physiohub.report.figures import draw_all

pytestmark = pytest.mark.browser
WIDTHS = (320, 768, 1280)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, make_results, make_outcome) -> Path:
    second = {**make_outcome(3, effects="common", mid=False, measure="OR"), "id": "odi", "label": "Disability"}
    third = {**make_outcome(13, long=True), "id": "large", "label": "Large network"}
    results = make_results(make_outcome(4), second, third)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(results, {"seed": 1}, draw_all(results)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def short_report(tmp_path_factory: pytest.TempPathFactory, make_results, make_outcome) -> Path:
    """Every part of a report once: axe looks at each of its elements and takes its time."""
    results = make_results(make_outcome(3))
    path = tmp_path_factory.mktemp("short") / "report.html"
    path.write_text(render_report(results, {"seed": 1}, draw_all(results)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways(browser, report, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, short_report, scheme):
    page = browser.new_page(viewport={"width": 768, "height": 900}, color_scheme=scheme)
    page.goto(short_report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", tags)
    told = [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]]
    assert len(found["passes"]) > 20
    assert not told, json.dumps(told, indent=1)
    page.close()


def test_everything_is_there_without_javascript_and_no_request_is_made(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(report.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert complaints == []
    assert page.locator("svg[role=img]").count() >= 12
    assert page.locator("h1").is_visible()
    assert page.locator("#o1 .findings li").first.is_visible()
    assert page.locator("#o1-league").is_visible()
    summary = page.locator("#o1 summary", has_text="Studies, with sources")
    summary.focus()
    page.keyboard.press("Enter")  # details open without script
    assert page.locator("#o1-studies").is_visible()
    context.close()


def test_the_keyboard_reaches_the_skip_link_first_and_every_frame_that_scrolls(browser, report):
    page = browser.new_page(viewport={"width": 320, "height": 700})
    page.goto(report.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    frames = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0)"
    assert page.evaluate(f"{frames}.length") == 0
    page.close()


def test_text_in_figures_is_legible_and_whole_on_a_phone(browser, report):
    page = browser.new_page(viewport={"width": 320, "height": 700})
    page.goto(report.as_uri())
    found = page.evaluate(
        """() => [...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].map(text => {
                const box = text.getBoundingClientRect();
                const scale = frame.width / svg.viewBox.baseVal.width;
                return {
                    text: text.textContent,
                    size: parseFloat(getComputedStyle(text).fontSize) * scale,
                    inside: box.left >= frame.left - 2 && box.right <= frame.right + 2
                        && box.top >= frame.top - 2 && box.bottom <= frame.bottom + 2,
                };
            });
        })"""
    )
    assert len(found) > 100
    assert [row for row in found if not row["inside"]] == []
    assert min(row["size"] for row in found) >= 9.5
    page.close()


def test_print_opens_what_is_folded(browser, report):
    page = browser.new_page()
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    hidden = page.evaluate("[...document.querySelectorAll('details table')].filter(t => !t.checkVisibility()).length")
    assert hidden == 0
    assert page.locator("nav").is_hidden()
    assert page.pdf().startswith(b"%PDF")
    page.close()
