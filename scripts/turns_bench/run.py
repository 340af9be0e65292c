"""Places all calls: for each number of them, the systems in turn."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rehearsal.faults.heard import Listener
from rehearsal.turns import script
from rehearsal.turns.script import Line
from rehearsal.turns.talk import Speech
from scripts.turns_bench import cores
from scripts.turns_bench.lane import Lane, Round
from scripts.turns_bench.latencies import Profile, floor
from scripts.turns_bench.lateness import Lateness
from scripts.turns_bench.summary import Figures, summary
from scripts.turns_bench.systems import System

Results = dict[str, dict[str, Figures]]
"""By system and number of calls."""

# Callers differ by this factor in speed and pitch, or nobody could tell one from the other.
_APART = 0.006


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        n: How many calls at once, one measurement after the other.
        rounds: How often each system has its turn with a single call; with several it has one.
        quick: One short call a system, all systems at once, on servers that are cold.
        pinned: The server has a core of its own.
    """

    folder: Path
    systems: tuple[System, ...]
    n: tuple[int, ...]
    profile: Profile
    seed: int
    rounds: int
    quick: bool
    pinned: bool
    livekit_python: Path


async def run(plan: Plan, say: Callable[[str], None]) -> Results:
    """Raises ServerFailed, VoiceError."""
    results: Results = {system: {} for system in plan.systems}
    results["floor"] = {str(n): dict(floor(plan.profile, seed=plan.seed)) for n in plan.n}
    own_cores, server_cores = _cores(plan)
    os.sched_setaffinity(0, own_cores)
    base = await Speech.of(script.LINES, await Listener.of(script.SENTENCES))
    for n in plan.n:
        speech = [base.at_speed(1 + _APART * k) for k in range(n)]
        await _measure(plan, n, speech, server_cores, results, say)
    return results


def _cores(plan: Plan) -> tuple[set[int], set[int]]:
    """Ours, and the servers'."""
    every = os.sched_getaffinity(0)
    if not plan.pinned or plan.quick:
        return every, every
    return cores.split() or (every, every)


async def _measure(
    plan: Plan,
    n: int,
    speech: Sequence[Speech],
    server_cores: set[int],
    results: Results,
    say: Callable[[str], None],
) -> None:
    async with AsyncExitStack() as stack:
        lanes = await asyncio.gather(
            *(stack.enter_async_context(_lane(plan, s, n, server_cores)) for s in plan.systems)
        )
        if plan.quick:
            async with Lateness() as late:
                held = await asyncio.gather(
                    *(lane.hold(script.SHORT, speech, "q") for lane in lanes)
                )
            for lane, entry in zip(lanes, held, strict=True):
                results[lane.system][str(n)] = _figures([entry], None, n, late)
            return
        alone_mb = {lane.system: (await _warm(lane, speech[:1])).peak_mb for lane in lanes}
        rounds: dict[System, list[Round]] = {lane.system: [] for lane in lanes}
        lines = (*script.FULL, *script.SLOW_TOOLS) if n == 1 else script.FULL
        for number in range(plan.rounds if n == 1 else 1):
            for lane in lanes:
                began_s = time.monotonic()
                async with Lateness() as late:
                    entry = await lane.hold(lines, speech, f"{n}-{number}")
                rounds[lane.system].append(entry)
                figures = _figures(rounds[lane.system], alone_mb[lane.system], n, late)
                results[lane.system][str(n)] = figures
                took_s = time.monotonic() - began_s
                say(f"{n} at once, {lane.system}: {_short(figures)} ({took_s:.0f} s)")

        for lane in lanes:
            if lane.system == "switchboard" and n == 1:
                async with Lateness() as late:
                    entry = await lane.hold(script.FULL, speech, "web", web=True)
                results["switchboard-web"] = {"1": _figures([entry], None, 1, late)}


def _lane(plan: Plan, system: System, n: int, server_cores: set[int]) -> Lane:
    return Lane(
        system,
        plan.folder / f"{system}-{n}",
        profile=plan.profile,
        seed=plan.seed,
        cores=server_cores,
        max_calls=n + 1,
        livekit_python=plan.livekit_python,
    )


async def _warm(lane: Lane, speech: Sequence[Speech]) -> Round:
    """The first call of a process loads what all others find loaded."""
    lines: tuple[Line, ...] = script.WARM_UP
    return await lane.hold(lines, speech, "warm-up")


def _figures(rounds: Sequence[Round], alone_mb: float | None, n: int, late: Lateness) -> Figures:
    figures = summary(rounds, alone_mb=alone_mb, n=n)
    return {**figures, "callers_late_p99_ms": late.p99_ms}


def _short(figures: Figures) -> str:
    p50, p95 = figures["v2v_p50_ms"], figures["v2v_p95_ms"]
    if p50 is None or p95 is None:
        return "no plain turn was answered"
    return f"voice to voice {p50:.0f} / {p95:.0f} ms"
