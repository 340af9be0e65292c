"""The metrics that calls are counted in: names, labels and buckets."""

from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram

from server.metrics.known import CHANNELS, OUTCOMES, STEPS, Known

STAGES_MS = (
    "transcript_final_ms",
    "turn_end_ms",
    "first_token_ms",
    "first_speakable_text_ms",
    "first_audio_ms",
    "first_audio_out_ms",
    "filler_audio_out_ms",
)
"""The times in `Stages`; a metric's `stage` is one of them without its unit."""

_STAGE_S = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 10)
_SILENCE_S = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 10, 30)
_TOOL_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30)
_CALL_S = (5, 15, 30, 60, 120, 180, 300, 600, 1200, 3600)


class Families:
    """One of each, in `registry`.

    Parameters:
        registry: Where they are read.
        bots: Every bot there is.
    """

    def __init__(self, registry: CollectorRegistry, bots: Known) -> None:
        def histogram(name: str, what: str, buckets: Iterable[float], *labels: str) -> Histogram:
            return Histogram(
                f"switchboard_{name}_seconds",
                what,
                ("bot", "channel", *labels),
                buckets=tuple(buckets),
                registry=registry,
            )

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"switchboard_{name}", what, labels, registry=registry)

        self.stage = histogram(
            "stage",
            "When a stage of a turn was reached, after the end of the caller's speech.",
            _STAGE_S,
            "stage",
        )
        self.voice_to_voice = histogram(
            "voice_to_voice",
            "From the end of the caller's speech to the first sound of the bot, answer or not.",
            _STAGE_S,
        )
        self.dead_air = histogram(
            "dead_air", "The longest silence of a turn while the bot owed sound.", _SILENCE_S
        )
        self.tool = histogram(
            "tool", "How long a tool of the bot ran; outcome is ok or failed.", _TOOL_S, "outcome"
        )
        self.call = histogram("call", "How long a call took.", _CALL_S)
        self.calls = counter("calls", "Calls that are over.", "bot", "channel", "outcome")
        self.switches = counter(
            "provider_switches",
            "Times that a provider's work went to another.",
            *("stage", "provider", "went_to"),
        )
        self.failures = counter(
            "provider_failures", "Failures of a provider.", "stage", "provider", "how"
        )
        self.bound_reached = counter(
            "silence_bound_reached",
            "Times that the silence bound was reached and something was done about it.",
            *("bot", "channel", "step"),
        )
        self.bound_broken = counter(
            "silence_bound_broken",
            "Turns with more silence than the bound allows.",
            *("bot", "channel"),
        )
        self.interruptions = counter(
            "interruptions", "Times that a caller interrupted the bot.", "bot", "channel"
        )
        self.unhandled = counter(
            "unhandled_requests", "Times that the bot said it could not help.", "bot", "channel"
        )
        self._begin_at_zero(bots)

    def _begin_at_zero(self, bots: Known) -> None:
        # A counter that is first seen at 1 has not increased as Prometheus counts, so the first
        # incident of all would raise no alert.
        for bot, channel in product(bots, CHANNELS):
            for outcome in OUTCOMES:
                self.calls.labels(bot, channel, outcome)
            for step in STEPS:
                self.bound_reached.labels(bot, channel, step)
            for family in (self.bound_broken, self.interruptions, self.unhandled):
                family.labels(bot, channel)
