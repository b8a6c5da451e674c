"""One Chromium for a file, one context for a test; a page complains about everything that people would."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

STEADY = ("Failed to load resource",)
"""What Chromium says of every answer from 400 on, which tests ask for on purpose."""


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """The system's Chromium, or the one that KLODS_CHROMIUM names.

    While it is open, its thread has a running event loop; later files want to run one of their own.
    """
    program = os.environ.get("KLODS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no Chromium found; set KLODS_CHROMIUM")
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser) -> Iterator[Callable]:
    """Opens pages of a server; the test fails on console errors, exceptions and requests to anywhere else."""
    contexts, complaints = [], []

    def open_one(address: str, **options):
        context = browser.new_context(
            base_url=address,
            **{"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if _matters(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda sent: None if sent.url.startswith((address, "data:")) else complaints.append(sent.url)
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def _matters(said) -> bool:
    return said.type == "error" and not said.text.startswith(STEADY)


def axe_violations(page) -> list[str]:
    """What axe finds wrong with the page as it is shown now."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    violations = axe.run(page).response["violations"]
    return [f"{found['id']}: {node['html'][:120]}" for found in violations for node in found["nodes"]]
