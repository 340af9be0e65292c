"""How fast the records of many calls are read: lists with every filter, search, the figures."""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from calls.records.database import Database
from calls.records.event import Event
from calls.records.kept import Kept
from calls.records.queries import Records
from calls.records.rows import OUTCOMES, CallFilter
from calls.records.scribe import Scribe

_WORDS = (
    "order parcel number delivery tomorrow invoice refund address street morning appointment "
    "doctor cancel change thank you please where is my the a to of it was today Friday"
).split()
_DAYS = 365
_BATCH = 500
_REPEATS = 15


@dataclass(frozen=True)
class Timing:
    """What one query took."""

    what: str
    found: int
    p50_ms: float
    p95_ms: float


def generated(count: int, now: datetime, rng: random.Random) -> Iterator[list[Kept]]:
    """The events of `count` calls of the last year, the oldest first, one call after the other."""
    for index in range(count):
        began = now - timedelta(days=_DAYS) * (1 - index / count)
        yield [Kept.of(event) for event in _events(f"call-{index:07}", began, rng)]


def _events(call_id: str, began: datetime, rng: random.Random) -> Iterator[Event]:
    at_s, seq = 0.0, 0

    def event(kind: str, **facts: Any) -> Event:
        nonlocal seq
        seq += 1
        return Event(call_id, seq, at_s, began + timedelta(seconds=at_s), kind, facts)

    yield event(
        "call",
        bot=rng.choice(
            ("order_support", "receptionist", "seldom" if rng.random() < 0.01 else "order_support")
        ),
        channel=rng.choice(("phone", "phone", "web", "daily")),
        caller="+1415•••0123",
        caller_key=f"{rng.randrange(50_000):064x}",
        providers={
            "stt": {"name": rng.choice(("deepgram", "assemblyai"))},
            "llm": {"name": rng.choice(("openai", "anthropic", "groq"))},
            "tts": {"name": rng.choice(("cartesia", "elevenlabs"))},
        },
    )
    for turn in range(rng.randint(2, 10)):
        at_s += rng.uniform(4, 12)
        yield event("heard", who="caller", text=" ".join(rng.choices(_WORDS, k=8)))
        token_ms, out_ms = rng.gauss(500, 80), rng.gauss(850, 120)
        yield event("turn", turn=turn, said="", first_token_ms=token_ms, first_audio_out_ms=out_ms)
        yield event("dead_air", turn=turn, dead_air_ms=out_ms, steps=int(rng.random() < 0.01))
    if rng.random() < 0.0005:
        yield event("heard", who="caller", text="xylophone")
    if rng.random() < 0.02:
        yield event("provider_failed", stage="llm", provider="openai", went_to="groq")
    amount = str(Decimal(rng.randrange(1_000_000, 90_000_000)).scaleb(-9))
    parts = [{"stage": "stt", "provider": "deepgram", "amount": amount}]
    yield event("cost", amount=amount, currency="USD", parts=parts, unpriced=[])
    yield event("outcome", outcome=rng.choices(OUTCOMES, (50, 20, 20, 1, 9))[0], by="rules")
    yield event("end", reason="the caller hung up", duration_s=at_s + 5, by="caller")


def fill(database: Database, count: int, console: Console) -> None:
    """Write generated calls, as a server would."""
    scribe, rng, now = Scribe(), random.Random(5), datetime.now(UTC)
    began_s, batch = time.perf_counter(), []
    for done, events in enumerate(generated(count, now, rng), 1):
        batch += events
        if done % _BATCH == 0 or done == count:
            with database.writing(at_most_s=60) as connection:
                scribe.write(connection, batch, "bench")
            batch = []
    took_s = time.perf_counter() - began_s
    console.print(f"{count} calls written in {took_s:.0f} s: {count / took_s:.0f} calls a second")


async def measure(records: Records, now: datetime) -> list[Timing]:
    """Time every kind of query."""
    week, year = now - timedelta(days=7), now - timedelta(days=_DAYS)
    filters = {
        "all": CallFilter(),
        "bot": CallFilter(bot="receptionist"),
        "a bot of few calls": CallFilter(bot="seldom"),
        "channel": CallFilter(channel="daily"),
        "outcome": CallFilter(outcome="failed"),
        "outcome of few": CallFilter(outcome="voicemail"),
        "provider": CallFilter(provider="groq"),
        "failed tools (none)": CallFilter(having="failed_tools"),
        "bound reached": CallFilter(having="bounds_reached"),
        "a week of the past": CallFilter(since=year, until=year + timedelta(days=7)),
        "live (none)": CallFilter(live=True),
        "text, frequent": CallFilter(text="order"),
        "text, two words": CallFilter(text="refund parcel"),
        "text, a phrase": CallFilter(text='"refund parcel"'),
        "text, seldom": CallFilter(text="xylophone"),
        "text, begun": CallFilter(text="xyl"),
        "text, bot and outcome": CallFilter(text="refund", bot="receptionist", outcome="failed"),
    }
    timings = []
    for name, which in filters.items():
        page = await records.list_calls(which)
        listed = lambda which=which: records.list_calls(which)  # noqa: E731
        timings.append(await _timed(f"list: {name}", len(page.rows), listed))
    deep = (await records.list_calls(CallFilter(), limit=100_000)).next
    paged = lambda: records.list_calls(CallFilter(), before=deep)  # noqa: E731
    rows = (await paged()).rows
    timings.append(await _timed("list: page 2,000", len(rows), paged))
    timings.append(await _timed("one call", 1, lambda: records.call(rows[0].id)))
    timings.append(await _timed("its events", 1, lambda: records.events(rows[0].id)))
    spans = {
        "a day": CallFilter(since=now - timedelta(days=1)),
        "7 days": CallFilter(since=week),
        "30 days": CallFilter(since=now - timedelta(days=30)),
        "30 days of a bot": CallFilter(since=now - timedelta(days=30), bot="receptionist"),
        "a year": CallFilter(),
        "a year of a word": CallFilter(text="refund"),
    }
    for name, which in spans.items():
        calls = (await records.figures(which)).calls
        counted = lambda which=which: records.figures(which)  # noqa: E731
        timings.append(await _timed(f"figures: {name}", calls, counted, repeats=5))
    return timings


async def _timed(
    what: str, found: int, query: Callable[[], Awaitable[object]], repeats: int = _REPEATS
) -> Timing:
    took_ms = []
    for _ in range(repeats):
        began_s = time.perf_counter()
        await query()
        took_ms.append((time.perf_counter() - began_s) * 1000)
    p95_ms = sorted(took_ms)[min(len(took_ms) - 1, round(0.95 * len(took_ms)))]
    return Timing(what, found, statistics.median(took_ms), p95_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="Keep the SQLite file here, and use it again")
    parser.add_argument("--url", default="", help="PostgreSQL, as in DATABASE_URL")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    console = Console(stderr=given.json)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="records-"))
    database = Database(folder, given.url)
    records = Records(database)
    if asyncio.run(records.list_calls(CallFilter(), limit=1)).rows == []:
        fill(database, given.calls, console)
    timings = asyncio.run(measure(records, datetime.now(UTC)))
    if given.json:
        json.dump([timing.__dict__ for timing in timings], sys.stdout, indent=2)
        return
    table = Table("query", "found", "p50 ms", "p95 ms")
    for timing in timings:
        table.add_row(
            timing.what, f"{timing.found}", f"{timing.p50_ms:.1f}", f"{timing.p95_ms:.1f}"
        )
    console.print(table)


if __name__ == "__main__":
    main()
