"""Pictures of what an operator sees of calls whose providers failed.

    .venv/bin/python -m scripts.show_failed_call                  # docs/failed-call*.png, 50 s
    .venv/bin/python -m scripts.show_failed_call --out FOLDER     # and every page of four calls

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
from typing import Literal

import aiohttp
from loguru import logger
from PIL import Image
from playwright.async_api import Browser, Page

from rehearsal.faults.call import Conversation, Patience
from rehearsal.faults.script import HOURS, LAST, ORDER, RETURN, Line
from rehearsal.phone import CallFailed
from rehearsal.server_process import ServerFailed
from scripts.chromium import NoChromium, chromium
from scripts.faults.lane import Lane
from scripts.faults.verdict import possible_answers

_CLOSED_AT_MOST_S = 15.0
_COLOURS = 256

Scheme = Literal["light", "dark"]
_DESK, _PHONE = (1280, 1000), (390, 844)
_LOOKS: tuple[tuple[tuple[int, int], Scheme], ...] = (
    (_DESK, "light"),
    (_DESK, "dark"),
    (_PHONE, "dark"),
)
_IN_DOCS: tuple[tuple[str, tuple[int, int], Scheme], ...] = (
    ("failed-call.png", _DESK, "light"),
    ("failed-call-phone.png", _PHONE, "dark"),
)


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
    Scene("failed", (HOURS, RETURN), _no_model_left, fails_at=1),
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
            patience=Patience(gives_up_s=8.0, in_vain=1),
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
    browser: Browser,
    url: str,
    file: Path,
    width: int,
    height: int,
    scheme: Scheme,
    *,
    whole: bool = True,
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
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
    # Few colours are in it, and the repository keeps every picture for good.
    Image.open(file).convert("RGB").quantize(_COLOURS).save(file, optimize=True)


async def _drawn(page: Page) -> None:
    """Until the page shows what it is about: its verdict with the sound, rows, or charts."""
    await page.locator("#verdict:not([hidden]), #rows tr, .panel svg").first.wait_for()
    await page.wait_for_load_state("networkidle")


async def show(docs: Path, out: Path | None) -> None:
    """Have the calls, and take the pictures of their pages."""
    folder = out or Path(tempfile.mkdtemp(prefix="failed-call-"))
    docs.mkdir(parents=True, exist_ok=True)
    calls = {}
    async with Lane("backup", folder / "data", env={"EMBEDDED_BACKUP": "false"}) as lane:
        for scene in SCENES if out else SCENES[-1:]:
            calls[scene.name] = await hold(lane, scene)
            print(f"{scene.name}: {lane.server.url}/calls/{calls[scene.name]}", file=sys.stderr)
        async with chromium() as browser:
            failed = f"{lane.server.url}/calls/{calls['failed']}"
            for name, size, scheme in _IN_DOCS:
                await _shot(browser, failed, docs / name, *size, scheme, whole=False)
            pages = {name: f"/calls/{call_id}" for name, call_id in calls.items()}
            pages |= {"calls": "/calls", "dashboard": "/dashboard"}
            for name, path in pages.items() if out else ():
                for size, scheme in _LOOKS:
                    file = folder / f"{name}-{size[0]}-{scheme}.png"
                    await _shot(browser, lane.server.url + path, file, *size, scheme)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="show_failed_call", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--docs", type=Path, default=Path("docs"), help="where the two for the README go"
    )
    parser.add_argument("--out", type=Path, help="every page goes there too, with data and logs")
    options = parser.parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    try:
        asyncio.run(show(options.docs, options.out))
    except (CallFailed, NoChromium, ServerFailed, TimeoutError) as error:
        print(f"No pictures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
