"""The stages of a call's turns, packed into the call's row, and how they are spread over turns.

A dashboard wants percentiles of a million turns. No database here counts those fast, but each
hands over the packed turns of many calls as one piece, which NumPy sorts; neither stands in a
call's way, because both run outside of Python's lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calls.records.figures import STAGES, Spread

_TYPE = np.dtype("<f4")


def of_turn(facts: Mapping[str, Any]) -> tuple[float | None, ...]:
    """A turn's stages in the order of `STAGES`, from the facts of its event."""
    reached = [number(facts.get(f"{stage}_ms")) for stage in STAGES[:-1]]
    sounds = (reached[-1], number(facts.get("filler_audio_out_ms")))
    return (*reached, min((ms for ms in sounds if ms is not None), default=None))


def packed(turns: Iterable[Sequence[float | None]]) -> bytes:
    """Turns one after the other, a number a stage; NaN for one that was not reached."""
    rows = [[np.nan if ms is None else ms for ms in turn] for turn in turns]
    return np.array(rows, dtype=_TYPE).tobytes()


def unpacked(turns: bytes) -> NDArray[np.float32]:
    """What `packed` made, also of many calls: a row a turn."""
    return np.frombuffer(turns, dtype=_TYPE).reshape(-1, len(STAGES))


def spreads(turns: NDArray[np.float32]) -> dict[str, Spread]:
    """How each stage is spread over turns; without the stages that none of them has."""
    found = ((stage, _spread(turns[:, column])) for column, stage in enumerate(STAGES))
    return {stage: spread for stage, spread in found if spread}


def number(value: Any) -> float | None:
    """A number out of an event's facts, None for anything else."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return float(value) if is_one else None


def _spread(values: NDArray[np.float32]) -> Spread | None:
    values = values[~np.isnan(values)]
    if not values.size:
        return None
    p50, p95, p99, most = np.percentile(values, (50, 95, 99, 100))
    return Spread(values.size, *(round(float(ms), 1) for ms in (p50, p95, p99, most)))
