"""The documentation builds without a warning, needs nothing from outside, and can be read on any screen."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import physiohub
from physiohub.evidence.schema import schema
from physiohub.measures.measure import MEASURES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
LOADED = re.compile(r"<(?:script|img|source|iframe)\b[^>]*?\bsrc=\"([^\"]+)\"|<link\b[^>]*?\bhref=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    out = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-E", "-q", "-b", "html", "docs", str(out)]
    made = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-3000:]
    return out


def text_of(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_outside(site: Path) -> None:
    for page in site.rglob("*.html"):
        for found in LOADED.findall(page.read_text(encoding="utf-8")):
            address = found[0] or found[1]
            assert not re.match(r"(?:[a-z]+:)?//", address), f"{page.name} loads {address}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet.name


def test_every_local_link_leads_somewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for address in re.findall(r"<a\b[^>]*?\bhref=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
            path, _, anchor = address.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = page if not path else (page.parent / path).resolve()
            assert target.exists(), f"{page.relative_to(site)} leads to {address}"
            if anchor and target.suffix == ".html":
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8"), f"{page.relative_to(site)}: {address}"


def test_formulas_are_mathml(site: Path) -> None:
    page = text_of(site, "model")
    assert page.count("<math") > 60
    assert page.count('class="formula"') >= 10
    assert not re.search(r"<script[^>]*mathjax", page, flags=re.IGNORECASE)


def test_references_are_complete(site: Path) -> None:
    python = text_of(site, "reference/python")
    for name in physiohub.__all__:
        assert name == "__version__" or re.search(rf'id="(?:module-)?physiohub\.{name}"', python), name
    results = text_of(site, "reference/results")
    for name in ("results", "check"):
        for definition in schema(name)["$defs"].values():
            assert all(f">{key}</span>" in results for key in definition.get("properties", {}))
    measures = text_of(site, "guides/measure")
    assert all(f">{name}</p>" in measures or f"<td>{name}</td>" in measures for name in MEASURES)
    program = subprocess.run(
        [sys.executable, "-m", "physiohub", "analyse", "--help"], capture_output=True, text=True, check=True
    )
    line = text_of(site, "reference/command-line")
    options = set(re.findall(r"--[a-z-]+", program.stdout)) - {"--help"}
    assert len(options) > 10
    assert all(option in line for option in options)


def test_the_gallery_has_every_figure(site: Path) -> None:
    page = text_of(site, "gallery")
    shown = re.findall(r"<img alt=\"([^\"]+)\"[^>]*? src=\"([^\"]+)\"", page)
    assert len(shown) > 30
    assert all(alternative and (site / source).is_file() for alternative, source in shown)
    assert page.count("vl.json") == len(shown)


PAGES = (
    "index",
    "start",
    "model",
    "gallery",
    "guides/checks",
    "guides/report",
    "reference/python",
    "reference/results",
)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_read_without_script_on_any_screen(browser: Browser, site: Path, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=False,
    )
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri())
        assert page.locator("h1").first.is_visible()
        body = page.evaluate("[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]")
        assert body[0] <= width, f"{name} is {body[0]} wide"
        assert (sum(map(int, re.findall(r"\d+", body[1])[:3])) < 200) == (scheme == "dark"), name
    page.goto((site / "model.html").as_uri())
    box = page.locator(".formula math").first.bounding_box()
    assert box is not None
    assert box["width"] > 50
    assert box["height"] > 10
    assert all(url.startswith(("file:", "data:")) for url in asked)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["start", "model", "reference/results"])
def test_axe_finds_nothing(browser: Browser, site: Path, name: str, scheme: str) -> None:
    page = browser.new_page(
        viewport={"width": 768, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.goto((site / f"{name}.html").as_uri())
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", tags)
    told = [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]]
    assert len(found["passes"]) > 10
    assert not told, json.dumps(told, indent=1)
    page.close()
