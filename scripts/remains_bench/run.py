"""Places all calls: with both servers at once, so that both have the same of the machine."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rehearsal.faults.heard import Listener
from rehearsal.turns import script
from rehearsal.turns.talk import Speech
from scripts.remains_bench.lane import SIDES, RemainsLane, Side
from scripts.remains_bench.receivers import Received, keep_scraping, longest_lag_ms, receiving
from scripts.turns_bench import cores
from scripts.turns_bench.latencies import Profile
from scripts.turns_bench.process_tree import Meter

# Callers differ by this factor in speed and pitch, or nobody could tell one from the other.
_APART = 0.006
# Recordings are finished and ended calls told of: they count as well.
_AFTERWARDS_S = 2.0
# Answers that are due with both in the same moment would wait for each other: one side begins
# later. That costs it some hundredths more, as its calls begin beside those of the other, so in
# each round each of them does it once.
_LATER_S = 2.0


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        n: How many calls at once, with each of the two.
        rounds: How often, each with one side a little later and then with the other.
        lines: How much of the timed conversation is held.
        pinned: The servers have a core of their own, which they share.
    """

    folder: Path
    n: int
    rounds: int
    lines: int
    profile: Profile
    seed: int
    pinned: bool


@dataclass(frozen=True)
class Held:
    """One side's calls of one round.

    Attributes:
        cpu_s_per_call_min: Of the server, until what remains of the calls is done with.
        v2v_ms: Of every plain turn.
        lag_ms: The longest lag of the server's event loop.
    """

    side: Side
    cpu_s_per_call_min: float
    v2v_ms: list[float]
    lag_ms: float
    problems: list[str]


@dataclass(frozen=True)
class Results:
    """Of all rounds; the n-th of one side belongs to the n-th of the other."""

    held: dict[Side, list[Held]]
    received: Received
    recordings: int


async def run(plan: Plan, say: Callable[[str], None]) -> Results:
    """Raises ServerFailed, VoiceError."""
    every = os.sched_getaffinity(0)
    own, servers = (cores.split() if plan.pinned else None) or (every, every)
    os.sched_setaffinity(0, own)
    base = await Speech.of(script.LINES, await Listener.of(script.SENTENCES))
    speech = [base.at_speed(1 + _APART * k) for k in range(plan.n)]
    async with AsyncExitStack() as stack:
        received = await stack.enter_async_context(receiving())
        lanes = {
            side: await stack.enter_async_context(_lane(plan, side, servers, received.url))
            for side in SIDES
        }
        for lane in lanes.values():
            await lane.hold(script.WARM_UP, speech, "warm-up")
        held: dict[Side, list[Held]] = {side: [] for side in SIDES}
        for number in range(plan.rounds):
            halves = [
                await asyncio.gather(
                    *(
                        _hold(
                            plan,
                            lane,
                            speech,
                            f"round-{number}-{later}-later",
                            received,
                            _LATER_S * (side == later),
                        )
                        for side, lane in lanes.items()
                    )
                )
                for later in SIDES
            ]
            for entry in map(_together, *halves):
                held[entry.side].append(entry)
                cpu = f"{entry.cpu_s_per_call_min:.3f} CPU s a call-minute"
                say(f"{number + 1}, {entry.side}: {cpu}")
    recordings = len(list((plan.folder / "everything").glob("recordings/*/*.wav")))
    return Results(held, received, recordings)


async def _hold(
    plan: Plan,
    lane: RemainsLane,
    speech: Sequence[Speech],
    name: str,
    received: Received,
    later_s: float,
) -> Held:
    await asyncio.sleep(later_s)
    meter = Meter(lane.server.pid)
    scraping = None
    if lane.side == "everything":
        scraping = asyncio.create_task(keep_scraping(lane.server.url, received))
    entry = await lane.hold(script.FULL[: plan.lines], speech, name)
    await asyncio.sleep(_AFTERWARDS_S)
    if scraping:
        scraping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await scraping
    cpu_s = meter.cpu_s
    minutes = sum(call.duration_s for call in entry.calls) / 60
    return Held(
        lane.side,
        cpu_s / minutes if minutes else 0.0,
        [ms for call in entry.calls for ms in call.plain_ms],
        await longest_lag_ms(lane.server.url),
        [call.problem for call in entry.calls if call.problem],
    )


def _together(first: Held, second: Held) -> Held:
    """Both halves of a round as one; their calls last equally long."""
    return Held(
        first.side,
        (first.cpu_s_per_call_min + second.cpu_s_per_call_min) / 2,
        first.v2v_ms + second.v2v_ms,
        max(first.lag_ms, second.lag_ms),
        first.problems + second.problems,
    )


def _lane(plan: Plan, side: Side, servers: set[int], told: str) -> RemainsLane:
    return RemainsLane(
        side,
        plan.folder / side,
        profile=plan.profile,
        seed=plan.seed,
        cores=servers,
        max_calls=plan.n + 1,
        told=told,
    )
