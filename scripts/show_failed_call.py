"""Pictures of what an operator sees of calls whose providers failed.

    .venv/bin/python -m scripts.show_failed_call                  # writes docs/failed-call*.png
    .venv/bin/python -m scripts.show_failed_call --out FOLDER     # every page, light, dark, phone

The calls are real: over Twilio's wire protocol to a server process whose providers are the fault
bench's stand-ins. Needs Chromium.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from loguru import logger
from playwright.async_api import Browser, Page

from rehearsal.faults.call import Conversation, Patience
from rehearsal.faults.script import DELIVERY, HOURS, LAST, ORDER, RETURN, Line
from rehearsal.phone import CallFailed
from rehearsal.server_process import ServerFailed
from scripts.chromium import NoChromium, chromium
from scripts.faults.lane import Lane
from scripts.faults.verdict import possible_answers

_CLOSED_AT_MOST_S = 15.0
_WIDE, _PHONE = 1280, 390


@dataclass(frozen=True)
class Scene:
    """A call: its lines, and what is made to fail right before the line at `fails_at`."""

    name: str
    lines: tuple[Line, ...]
    fail: Callable[[Lane], None]
    fails_at: int = 0


def _nothing(_: Lane) -> None:
    return


def _silent_voice(lane: Lane) -> None:
    lane.providers.fault("cartesia", "close", first=1, after=12)


def _dead_desk(lane: Lane) -> None:
    lane.desk.fault = "http_500"


def _no_model_left(lane: Lane) -> None:
    """The model accepts and says nothing; its backup is overloaded."""
    lane.providers.fault("openai", "never_answers")
    lane.providers.fault("groq", "http_503")


SCENES = (
    Scene("healthy", (HOURS, ORDER, LAST), _nothing),
    Scene("voice", (HOURS, RETURN, LAST), _silent_voice, fails_at=1),
    Scene("tool", (ORDER, LAST), _dead_desk),
    Scene("failed", (HOURS, RETURN, DELIVERY), _no_model_left, fails_at=1),
)


async def hold(lane: Lane, scene: Scene) -> str:
    """Have the call; returns its id once its record is closed.

    Raises:
        CallFailed: no call came about.
        TimeoutError: its record was not closed.
    """
    lane.all_is_well()

    async def before_line(place: int) -> None:
        if place == scene.fails_at:
            scene.fail(lane)

    async with lane.dialled("home_store") as phone:
        conversation = Conversation(
            phone,
            lane.listener,
            lane.speech,
            before_line=before_line,
            before_words=lane.understand,
            phrases=possible_answers,
            patience=Patience(gives_up_s=20.0),
        )
        await conversation.run(scene.lines)
    return await _closed(lane.server.url, phone.call_sid)


async def _closed(url: str, call_id: str) -> str:
    async with asyncio.timeout(_CLOSED_AT_MOST_S), aiohttp.ClientSession(url) as session:
        while True:  # the page has events for this; one look a moment is shorter
            async with session.get(f"/api/calls/{call_id}") as response:
                if response.status == 200 and not (await response.json())["call"]["live"]:
                    return call_id
            await asyncio.sleep(0.2)


async def _shot(
    browser: Browser, url: str, file: Path, *, width: int, scheme: str = "light", whole: bool = True
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": 1000},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="UTC",
        locale="en-GB",
    )
    page = await context.new_page()
    page.on("pageerror", lambda error: logger.error(f"{url}: {error}"))
    await page.goto(url)
    await _drawn(page)
    await page.screenshot(path=file, full_page=whole)
    if (wider := await page.evaluate("document.documentElement.scrollWidth") - width) > 0:
        logger.warning(f"{file.name}: {wider} px wider than the window")
    await context.close()


async def _drawn(page: Page) -> None:
    """Until the page shows what it is about: its verdict with the sound, rows, or charts."""
    await page.locator("#verdict:not([hidden]), #rows tr, .panel svg").first.wait_for()
    await page.wait_for_load_state("networkidle")


async def show(out: Path | None, docs: Path) -> None:
    folder = out or Path(tempfile.mkdtemp(prefix="failed-call-"))
    folder.mkdir(parents=True, exist_ok=True)
    async with Lane("backup", folder / "data", env={"EMBEDDED_BACKUP": "false"}) as lane:
        calls = {}
        for scene in SCENES:
            calls[scene.name] = await hold(lane, scene)
            print(f"{scene.name}: {lane.server.url}/calls/{calls[scene.name]}", file=sys.stderr)
        async with chromium() as browser:
            failed = f"{lane.server.url}/calls/{calls['failed']}"
            if out is None:
                await _shot(browser, failed, docs / "failed-call.png", width=_WIDE, whole=False)
                phone = docs / "failed-call-phone.png"
                await _shot(browser, failed, phone, width=_PHONE, scheme="dark", whole=False)
            else:
                pages = {name: f"/calls/{call_id}" for name, call_id in calls.items()}
                pages |= {"calls": "/calls", "dashboard": "/dashboard"}
                for name, path in pages.items():
                    for width, scheme in ((_WIDE, "light"), (_WIDE, "dark"), (_PHONE, "dark")):
                        file = folder / f"{name}-{width}-{scheme}.png"
                        url = lane.server.url + path
                        await _shot(browser, url, file, width=width, scheme=scheme)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="show_failed_call", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where the two go")
    parser.add_argument("--out", type=Path, help="every page there instead, with data and logs")
    options = parser.parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    try:
        asyncio.run(show(options.out, options.docs))
    except (CallFailed, NoChromium, ServerFailed, TimeoutError) as error:
        print(f"No pictures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
