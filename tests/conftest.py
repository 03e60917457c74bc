"""What every test may use: the shared reference tables, a browser, and reproducible Hypothesis runs.

What a test needs and the machine lacks skips the test. With CI=true it fails instead: there, nothing may be left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PHYSIOHUB_SHARED", ROOT.parent / "shared"))
CHROMIUM = os.environ.get("PHYSIOHUB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
CI = os.environ.get("CI") == "true"

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if CI else "local")


def lacking(what: str) -> NoReturn:
    if CI:
        pytest.fail(f"CI must not leave this test out: {what}", pytrace=False)
    pytest.skip(what)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who uses a fixture needs what stands behind it."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for name in ("shared", "browser"):
            if name in fixtures:
                item.add_marker(name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("shared") and not SHARED.is_dir():
        lacking("no shared folder: set PHYSIOHUB_SHARED, or put shared/ beside the clone")
    if item.get_closest_marker("browser") and CHROMIUM is None:
        lacking("no Chromium: install it, or set PHYSIOHUB_CHROMIUM")


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--disable-extensions"]
    quiet += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet, chromium_sandbox=not root)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page in a context of its own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
