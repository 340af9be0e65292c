"""The numbers of many calls together."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

# The stages of a turn, in ms after the end of the caller's words; the last is the first sound.
STAGES = (
    "transcript_final",
    "turn_end",
    "first_token",
    "first_speakable_text",
    "first_audio",
    "first_audio_out",
    "voice_to_voice",
)


@dataclass(frozen=True)
class Spread:
    """How a duration is spread over turns. `n` turns have it."""

    n: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class ProviderFigures:
    """One provider of one stage.

    Attributes:
        calls: That used it.
        failures: How often it failed.
        costs: By currency.
    """

    stage: str
    provider: str
    calls: int
    failures: int
    costs: dict[str, Decimal]


@dataclass(frozen=True)
class Period:
    """One stretch of time: as `Figures`, for the calls that began in it."""

    start: datetime
    calls: int
    outcomes: dict[str, int]
    handle_time_s: float
    costs: dict[str, Decimal]
    silences: int
    bounds_reached: int
    stages: dict[str, Spread]


@dataclass(frozen=True)
class Figures:
    """The numbers of all calls that a filter chooses.

    Attributes:
        calls: All, with those that run.
        live: Those that run.
        outcomes: How many calls ended how. Of those that are over.
        ended_by: The same by who ended them.
        end_reasons: The same by reason, the ten most frequent.
        handle_time_s: The durations of all calls that are over, together.
        dead_air_max_ms: The longest silence of any call.
        silences: How often the caller was owed sound.
        bounds_reached: How many of these silences reached the bound.
        unpriced_calls: Calls of which something has no price.
        costs: By currency. `priced_calls` is by how many calls.
        csat: By answer.
        stages: By the names in `STAGES`; ms after the end of the caller's words.
        period_s: How long a `Period` is.
        periods: Those that have calls, the oldest first.
    """

    calls: int = 0
    live: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    ended_by: dict[str, int] = field(default_factory=dict)
    end_reasons: dict[str, int] = field(default_factory=dict)
    bots: dict[str, int] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)
    handle_time_s: float = 0.0
    turns: int = 0
    interruptions: int = 0
    fillers: int = 0
    failed_tools: int = 0
    unhandled: int = 0
    switches: int = 0
    dead_air_max_ms: float | None = None
    silences: int = 0
    bounds_reached: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)
    priced_calls: dict[str, int] = field(default_factory=dict)
    unpriced_calls: int = 0
    csat: dict[int, int] = field(default_factory=dict)
    events_missing: int = 0
    providers: tuple[ProviderFigures, ...] = ()
    stages: dict[str, Spread] = field(default_factory=dict)
    period_s: int = 3600
    periods: tuple[Period, ...] = ()
