"""What a server process holds after many calls whose providers failed, against the start.

Several callers at once phone one server; at every moment some fault of every stage is on, drawn
anew for every handful of calls. A caller says one line and rings off a few seconds later, one in
three by dropping the connection. The first calls fill caches and pools: what the process holds
after them is the start that the end is compared with.
"""

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path

import psutil
from loguru import logger

from rehearsal.faults.script import ORDER
from rehearsal.phone import CallFailed
from scripts.faults.cells import SEATS, System, faults_of
from scripts.faults.lane import Census, Lane
from scripts.faults.systems import Bot

AT_ONCE = 6
WARM_UP_CALLS = 24
_LISTENS_S = (1.0, 6.0)
_SETTLES_S = 8.0
_MB = 2**20
_BOT: Bot = "plain"


@dataclass(frozen=True)
class Holding:
    """What the process held after so many calls. `rss_mb`: resident memory in MiB."""

    calls: int
    tasks: int
    threads: int
    files: int
    sockets: int
    rss_mb: float


async def measure(system: System, folder: Path, *, calls: int, seed: int) -> list[Holding]:
    """After the warm-up, then after every fifth of the calls, once the process has settled."""
    rng = random.Random(seed)
    async with Lane(system, folder, seed=seed) as lane:
        await _place(lane, WARM_UP_CALLS, rng)
        found = [await _holding(lane, 0)]
        for part in range(1, 6):
            upto = calls * part // 5
            await _place(lane, upto - found[-1].calls, rng)
            found.append(await _holding(lane, upto))
    return found


def as_markdown(found: list[Holding]) -> str:
    rows = [
        "| faulty calls | tasks | threads | sockets | open files | memory |",
        "|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {h.calls} | {h.tasks} | {h.threads} | {h.sockets} | {h.files} | {h.rss_mb:.0f} MiB |"
        for h in found
    ]
    return "\n".join(rows)


async def _place(lane: Lane, calls: int, rng: random.Random) -> None:
    placed = 0
    while placed < calls:
        at_once = min(AT_ONCE, calls - placed)
        lane.all_is_well()
        for stage in ("stt", "llm", "tts"):
            kind = rng.choice(faults_of(stage))
            lane.providers.fault(SEATS[stage], kind, probability=0.7, seconds=3.0)
        lane.desk.fault = rng.choice((None, *faults_of("tool")))  # type: ignore[assignment]
        await asyncio.gather(*(_call(lane, rng) for _ in range(at_once)))
        placed += at_once
    lane.all_is_well()


async def _call(lane: Lane, rng: random.Random) -> None:
    before_s, listens_s, abrupt = rng.uniform(0, 2), rng.uniform(*_LISTENS_S), rng.random() < 1 / 3
    await asyncio.sleep(before_s)
    try:
        async with lane.dialled(_BOT) as phone:
            await phone.wait(2.0)
            lane.understand(ORDER.say)
            await phone.say(lane.speech[ORDER.say])
            await phone.wait(listens_s)
            await phone.hang_up(abrupt=abrupt)
    except (CallFailed, ConnectionError) as error:
        logger.warning(f"A faulty call: {error}")


async def _holding(lane: Lane, calls: int) -> Holding:
    await asyncio.sleep(_SETTLES_S)
    census: Census = await lane.census()
    rss_mb = psutil.Process(lane.server.pid).memory_info().rss / _MB
    return Holding(calls=calls, rss_mb=round(rss_mb, 1), **census)
