"""What went wrong with a provider during a call, and what it cost."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Failure(StrEnum):
    """How a provider failed, in words for a log line and a metric's label."""

    SILENT = "silent"
    """It took the request and gave nothing by the deadline."""
    REFUSED = "refused"
    """It said so: an HTTP status, a closed connection, an error message."""
    STALLED = "stalled"
    """It began and then stopped giving."""
    CUT = "cut"
    """It ended before what it was saying was whole."""
    EMPTY = "empty"
    """It reported success and gave nothing that can be used."""
    NONSENSE = "nonsense"
    """What it gave cannot be true: an unknown tool, broken arguments, audio at a wrong rate."""


@dataclass(frozen=True)
class Incident:
    """One failure of one provider.

    Parameters:
        stage: "stt", "llm" or "tts".
        provider: As in the settings.
        how: What it did.
        cost_ms: From when it was asked (or last gave something) to when it was given up on.
        went_to: Who was asked instead, "" when nobody was left.
    """

    stage: Literal["stt", "llm", "tts"]
    provider: str
    how: Failure
    cost_ms: float
    went_to: str = ""


Report = Callable[[Incident], None]
"""Told of every incident, as it happens, on the event loop."""
