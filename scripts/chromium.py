"""Chromium without a window, for pictures and figures of the pages."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]


class NoChromium(RuntimeError):
    """There is no Chromium; the message says how to come by it."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser of one's own.

    Raises:
        NoChromium: it is not installed.
    """
    path = shutil.which("chromium")
    if path is None:
        raise NoChromium("This needs Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            await browser.close()
