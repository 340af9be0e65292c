"""A page in the browser that nothing may go wrong in unseen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import BrowserContext, ConsoleMessage, Page


@asynccontextmanager
async def watched_page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page. Afterwards: nothing it did may have broken its policy or thrown."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Uncaught" in message.text:
            complaints.append(message.text)

    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", on_console)
    yield page
    assert complaints == []
