"""The cells of the table: what fails, how, and when; and a seeded sample of them."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from rehearsal.faults.script import (
    DELIVERY,
    HOURS,
    LAST,
    ORDER,
    ORDER_ALOUD,
    RETURN,
    Line,
)
from rehearsal.order_desk import DESK_FAULTS
from rehearsal.standins.faults import KINDS
from rehearsal.standins.seats import PROVIDERS

System = Literal["backup", "single", "stock"]
Stage = Literal["none", "stt", "llm", "tts", "tool"]
Moment = Literal["first", "third", "mid", "second", "beside"]
"""When the fault hits: see scripts.faults.outage. `second`: the caller is the second of an outage;
`beside`: the caller's own providers are well, while another call's fail."""

SYSTEMS: tuple[System, ...] = get_args(System)
STAGES: tuple[Stage, ...] = get_args(Stage)
MOMENTS: tuple[Moment, ...] = get_args(Moment)

SYSTEM_TITLES = {
    "backup": "Switchboard with a backup",
    "single": "Switchboard with a single provider",
    "stock": "stock Pipecat with its failover",
}
STAGE_TITLES = {
    "none": "nothing fails",
    "stt": "speech-to-text",
    "llm": "language model",
    "tts": "text-to-speech",
    "tool": "tool",
}
MOMENT_TITLES = {
    "first": "first turn",
    "third": "third turn",
    "mid": "mid-answer",
    "second": "second caller",
    "beside": "call beside",
}

SEATS = {"stt": "deepgram", "llm": "openai", "tts": "cartesia"}
BACKUPS = {"stt": "assemblyai", "llm": "groq", "tts": "elevenlabs"}

# These need the caller to interrupt, and only then are they there.
_WHILE_INTERRUPTED = {"stale_context"}


@dataclass(frozen=True, order=True)
class Cell:
    """One call to be placed."""

    system: System
    stage: Stage
    fault: str
    moment: Moment

    def __str__(self) -> str:
        return f"{self.system} {self.stage}/{self.fault} {MOMENT_TITLES[self.moment]}"

    @property
    def lines(self) -> tuple[Line, ...]:
        """What the caller says."""
        if self.moment == "beside":
            return (HOURS, DELIVERY, LAST)
        asked = ORDER
        if self.moment == "mid":
            asked = ORDER_ALOUD if self.stage == "tool" else RETURN
        before = (HOURS, DELIVERY) if self.moment == "third" else ()
        return (*before, asked, LAST)

    @property
    def interrupts(self) -> bool:
        """Whether the caller speaks the last line into the answer before it."""
        return self.fault in _WHILE_INTERRUPTED

    @property
    def faulty_line(self) -> int:
        """The place of the line whose turn the fault falls into."""
        return len(self.lines) - 2


def faults_of(stage: Stage) -> tuple[str, ...]:
    """Every fault that the stage can have."""
    if stage == "none":
        return ("none",)
    if stage == "tool":
        return DESK_FAULTS
    seat = SEATS[stage]
    speaks = PROVIDERS[seat].seats[seat]
    return tuple(kind.name for kind in KINDS.values() if speaks in kind.by)


def all_cells(systems: Iterable[System] = SYSTEMS) -> list[Cell]:
    """Every fault of every stage at every moment, for each system."""
    return [
        Cell(system, stage, fault, moment)
        for system in systems
        for stage in STAGES
        for fault in faults_of(stage)
        for moment in MOMENTS
        if _is_there(system, stage, fault, moment)
    ]


def _is_there(system: System, stage: Stage, fault: str, moment: Moment) -> bool:
    if stage == "none":
        return moment in ("first", "third", "mid")
    if fault in _WHILE_INTERRUPTED:
        return moment == "mid"
    if moment == "second":
        return stage != "tool"  # nobody remembers how a tool did
    # Stock Pipecat's calls have nothing in common that one could spoil for another.
    return moment != "beside" or system != "stock"


def only(cells: Iterable[Cell], wanted: str) -> list[Cell]:
    """The cells of `STAGE`, `STAGE/FAULT` or `STAGE/FAULT/MOMENT`.

    Raises:
        ValueError: there are none; the message lists what there is.
    """
    cells = list(cells)
    parts = wanted.split("/")
    found = [
        cell
        for cell in cells
        if all(
            part in ("", have)
            for part, have in zip(parts, (cell.stage, cell.fault, cell.moment), strict=False)
        )
    ]
    if not found or len(parts) > 3:
        known = sorted({f"{cell.stage}/{cell.fault}" for cell in cells})
        raise ValueError(f'There is no "{wanted}". There are: {", ".join(known)}.')
    return found


def sample(cells: Sequence[Cell], *, seed: int, per_system: int) -> list[Cell]:
    """So many cells for every system, the same ones for each, of as many stages as there are.

    Only the moments that need one call, and whose call is short. The same seed gives the same.
    """
    rng = random.Random(seed)
    systems = list(dict.fromkeys(cell.system for cell in cells))
    short = [cell for cell in cells if cell.moment in ("first", "mid") and cell.stage != "none"]
    left = sorted({replace(cell, system=systems[0]) for cell in short})
    stages = sorted({cell.stage for cell in left})
    rng.shuffle(stages)
    chosen: list[Cell] = []
    for number in range(min(per_system, len(left))):
        stage = stages[number % len(stages)]
        chosen.append(rng.choice([cell for cell in left if cell.stage == stage] or left))
        left.remove(chosen[-1])
    return [replace(cell, system=system) for system in systems for cell in chosen]
