"""How soon an operator's pages are there with many calls on record, as Chromium shows them.

    .venv/bin/python -m scripts.bench_pages                     # 200,000 calls, written first
    .venv/bin/python -m scripts.bench_pages --folder FOLDER     # kept there, and used again

From the navigation, in a browser that has nothing of the page cached, until the rows or the charts
are drawn. Server, database and browser share the machine.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.async_api import Browser
from rich.console import Console
from rich.table import Table

from calls.records.database import Database
from calls.records.queries import Records
from calls.records.rows import CallFilter
from rehearsal.server_process import ServerFailed, ServerProcess
from scripts.bench_records import fill
from scripts.chromium import NoChromium, chromium

_ROWS = "#list[aria-busy=false] #rows tr"
_CHARTS = "#figures[aria-busy=false] .panel svg"
_VERDICT = "#verdict:not([hidden])"
_AT_MOST_MS = 60_000


@dataclass(frozen=True)
class PageTime:
    """What loading a page took; `first_ms` is the load after the server's start."""

    page: str
    first_ms: float
    p50_ms: float
    max_ms: float


def pages(call_id: str) -> dict[str, tuple[str, str]]:
    """By name: the address, and what is there once the page is."""
    return {
        "calls": ("/calls", _ROWS),
        "calls, failed": ("/calls?outcome=failed", _ROWS),
        "calls, a frequent word": ("/calls?q=order", _ROWS),
        "calls, a seldom word": ("/calls?q=xylophone", _ROWS),
        "one call": (f"/calls/{call_id}", _VERDICT),
        "dashboard, 7 days": ("/dashboard", _CHARTS),
        "dashboard, 30 days": ("/dashboard?period=30", _CHARTS),
        "dashboard, 90 days": ("/dashboard?period=90", _CHARTS),
    }


async def measure(folder: Path, *, loads: int) -> list[PageTime]:
    """Serve the records of the folder and load every page.

    Raises:
        NoChromium, ServerFailed: there is no browser, or no server.
    """
    newest = (await Records(Database(folder, "")).list_calls(CallFilter(), limit=1)).rows[0]
    command = [sys.executable, "-m", "scripts.switchboard", "serve"]
    env = {"DATA_DIR": str(folder), "CALL_FILES": "false"}
    found = []
    async with (
        ServerProcess(command, env=env, log=folder / "server.log") as server,
        chromium() as browser,
    ):
        for name, (path, there) in pages(newest.id).items():
            first, *rest = [await _load_ms(browser, server.url + path, there) for _ in range(loads)]
            found.append(PageTime(name, first, statistics.median(rest), max(rest)))
    return found


async def _load_ms(browser: Browser, url: str, there: str) -> float:
    context = await browser.new_context(viewport={"width": 1280, "height": 1000})
    page = await context.new_page()
    began_s = time.perf_counter()
    await page.goto(url, wait_until="commit", timeout=_AT_MOST_MS)
    await page.locator(there).first.wait_for(timeout=_AT_MOST_MS)
    took_ms = (time.perf_counter() - began_s) * 1000
    await context.close()
    return took_ms


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bench_pages", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="keep the SQLite file here, and use it again")
    parser.add_argument("--loads", type=int, default=10, help="of each page (%(default)s)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    console = Console(stderr=options.json)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="pages-"))
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(folder, "")
    if not asyncio.run(Records(database).list_calls(CallFilter(), limit=1)).rows:
        fill(database, options.calls, console)
    try:
        found = asyncio.run(measure(folder, loads=max(2, options.loads)))
    except (NoChromium, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        json.dump([asdict(one) for one in found], sys.stdout, indent=2)
        return 0
    table = Table("page", "first ms", "p50 ms", "max ms")
    for one in found:
        table.add_row(one.page, *(f"{ms:.0f}" for ms in (one.first_ms, one.p50_ms, one.max_ms)))
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
