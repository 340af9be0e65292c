"""Lets every system hear the labelled set."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.barge_in.labelled import Labelled, labelled
from rehearsal.barge_in.mind import SENTENCES, line_with
from rehearsal.barge_in.sounds import sound_of
from rehearsal.faults.heard import Listener
from rehearsal.turns import script
from rehearsal.turns.sounds import utterance
from rehearsal.turns.talk import Speech
from scripts.barge_in_bench.lane import BargeInLane
from scripts.barge_in_bench.summary import Figures, summary
from scripts.turns_bench import cores
from scripts.turns_bench.latencies import Profile
from scripts.turns_bench.systems import System

# Callers differ by this factor in speed and pitch, or nobody could tell one from the other.
_APART = 0.006


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes:
        sounds: How many.
        callers: How many calls at once.
        together: All systems at once, instead of one after the other.
    """

    folder: Path
    systems: tuple[System, ...]
    sounds: int
    callers: int
    seed: int
    profile: Profile
    together: bool
    livekit_python: Path


async def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Figures]:
    """Raises ServerFailed, VoiceError."""
    items = labelled(plan.sounds, plan.seed)
    base = await _speech(items)
    speech = [base.at_speed(1 + _APART * k) for k in range(min(plan.callers, len(items)))]
    every = os.sched_getaffinity(0)
    ours, servers = (every, every) if plan.together else (cores.split() or (every, every))
    os.sched_setaffinity(0, ours)

    async def measured(system: System) -> Figures:
        async with BargeInLane(
            system,
            plan.folder / system,
            profile=plan.profile,
            seed=plan.seed,
            cores=servers,
            max_calls=len(speech) + 1,
            livekit_python=plan.livekit_python,
        ) as lane:
            outcomes, problems = await lane.let_hear(items, speech)
        for problem in problems:
            say(f"{system}: a call failed: {problem}")
        for outcome in outcomes:
            if outcome.stopped != (outcome.item.label == "barge-in"):
                say(f"{system}: wrong: {outcome}")
        return summary(outcomes, wanted=len(items), calls_failed=len(problems))

    if plan.together:
        figures = await asyncio.gather(*map(measured, plan.systems))
        return dict(zip(plan.systems, figures, strict=True))
    return {system: await measured(system) for system in plan.systems}


async def _speech(items: Sequence[Labelled]) -> Speech:
    asked = {line.say: line.parts for line in map(line_with, items)}
    lines = {say: await utterance(parts) for say, parts in asked.items()}
    sounds = {item.key: await sound_of(item) for item in items}
    sentences = {**SENTENCES, script.GREETED: script.GREETING}
    return Speech(lines, sounds, await Listener.of(sentences))
