"""A real browser, Chromium without a window, driven by Playwright. Without one these tests fail: none is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, since root has none; and nothing that talks to the browser's makers.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of a browser that nobody has used before, on a usual screen."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program, "No Chromium on PATH. On Debian and Ubuntu: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        yield browser.new_page(viewport={"width": 1600, "height": 1000})
        browser.close()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where a picture of that name goes: below PICTURES if set (`make pictures`), else a temporary folder."""
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("pictures"))
    return lambda name: folder / f"{name}.png"
