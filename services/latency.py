"""How long a provider takes, and how long it is waited for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# Of the standard normal distribution. Latencies have a long tail: their logarithms are what is
# roughly normal, and so a percentile that nobody published is put on the line of two that are.
_Z75, _Z95, _Z99 = 0.6745, 1.6449, 2.3263

DEADLINES_MS: Mapping[str, float] = {"stt": 2000, "llm": 3000, "tts": 1500, "tool": 8000}
"""What a stage is waited for where neither a setting nor a published figure says."""

# A benchmark runs next to the provider, a call does not: no deadline is shorter unless it is set.
_AT_LEAST_MS: Mapping[str, float] = {"stt": 700, "llm": 1000, "tts": 700}


@dataclass(frozen=True)
class Typical:
    """How long a provider takes to what its stage is waited for, as published.

    Speech-to-text: from the end of speech to the final words. Language model: from the request to
    the first token. Text-to-speech: from the text to the first audio.

    Parameters:
        p99_ms: Ninety-nine of a hundred are at least that fast.
        p50_ms: Half of them are. None: only the slow end is published.
    """

    p99_ms: float
    p50_ms: float | None = None

    @classmethod
    def from_p95(cls, p50_ms: float, p95_ms: float) -> "Typical":
        """Where the 95th percentile is the last that is published."""
        return cls(round(p50_ms * (p95_ms / p50_ms) ** (_Z99 / _Z95)), p50_ms)

    @classmethod
    def from_quartiles(cls, p50_ms: float, iqr_ms: float) -> "Typical":
        """Where the median and the distance between the quartiles are published."""
        sigma = math.asinh(iqr_ms / (2 * p50_ms)) / _Z75
        return cls(round(p50_ms * math.exp(_Z99 * sigma)), p50_ms)


def deadline_ms(stage: str, typical: Typical | None, *, set_ms: int | None) -> float:
    """How long a stage is waited for: as set, else the provider's 99th percentile."""
    if set_ms is not None:
        return set_ms
    return max(typical.p99_ms, _AT_LEAST_MS[stage]) if typical else DEADLINES_MS[stage]
