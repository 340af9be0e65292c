"""From what a call's record is told to what Prometheus counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from prometheus_client import Counter, Histogram

from calls.records.event import Event
from server.metrics.families import STAGES_MS, Families
from server.metrics.known import (
    CHANNELS,
    FAILURES,
    OTHER,
    OUTCOMES,
    PIPELINE_STAGES,
    PROVIDER_NAMES,
    STEPS,
    Known,
)

# An exemplar's name and value may have 128 characters together.
_LONGEST_ID = 100


@dataclass
class _Running:
    bot: str = OTHER
    channel: str = OTHER
    outcome: str = OTHER

    @property
    def labels(self) -> tuple[str, str]:
        return self.bot, self.channel


class CallMetrics:
    """Listens to the events of all calls and counts them.

    Parameters:
        families: What to count in.
        bots: Every bot there is.
        bound_ms: The longest silence that a caller who is owed an answer should meet.
    """

    def __init__(self, families: Families, bots: Known, *, bound_ms: float) -> None:
        self._families = families
        self._bots = bots
        self._bound_ms = bound_ms
        self._running: dict[str, _Running] = {}

    def live(self) -> Mapping[tuple[str, str], int]:
        """How many calls run, by bot and channel."""
        counted = dict.fromkeys(product(self._bots, CHANNELS), 0)
        for call in list(self._running.values()):
            counted[call.labels] += 1
        return counted

    def told(self, event: Event) -> None:
        """Count one event."""
        facts, of = event.facts, self._families
        call = self._running.get(event.call_id) or _Running()
        match event.kind:
            case "call":
                call.bot = self._bots.of(facts.get("bot"))
                call.channel = CHANNELS.of(facts.get("channel"))
                self._running[event.call_id] = call
            case "turn":
                self._turn(event, call)
            case "dead_air":
                self._observe(of.dead_air, facts.get("dead_air_ms"), event, *call.labels)
                if (facts.get("dead_air_ms") or 0) > self._bound_ms:
                    self._count(of.bound_broken, event, *call.labels)
            case "silence_bound":
                self._count(of.bound_reached, event, *call.labels, STEPS.of(facts.get("step")))
            case "tool":
                outcome = "failed" if facts.get("error") else "ok"
                self._observe(of.tool, facts.get("duration_ms"), event, *call.labels, outcome)
            case "provider_failed":
                self._provider_failed(event)
            case "interruption":
                self._count(of.interruptions, event, *call.labels)
            case "unhandled":
                self._count(of.unhandled, event, *call.labels)
            case "outcome":
                call.outcome = OUTCOMES.of(facts.get("outcome"))
            case "end":
                self._running.pop(event.call_id, None)
                self._count(of.calls, event, *call.labels, call.outcome)
                self._observe(of.call, _ms(facts.get("duration_s")), event, *call.labels)

    def _turn(self, event: Event, call: _Running) -> None:
        for stage in STAGES_MS:
            name = stage.removesuffix("_ms")
            self._observe(self._families.stage, event.facts.get(stage), event, *call.labels, name)
        sounds_ms = [
            ms
            for stage in ("filler_audio_out_ms", "first_audio_out_ms")
            if (ms := event.facts.get(stage)) is not None
        ]
        if sounds_ms:
            self._observe(self._families.voice_to_voice, min(sounds_ms), event, *call.labels)

    def _provider_failed(self, event: Event) -> None:
        stage = PIPELINE_STAGES.of(event.facts.get("stage"))
        provider = PROVIDER_NAMES.of(event.facts.get("provider"))
        went_to = PROVIDER_NAMES.of(event.facts.get("went_to") or "nobody")
        how = FAILURES.of(event.facts.get("how"))
        self._count(self._families.failures, event, stage, provider, how)
        if went_to not in ("nobody", provider):
            self._count(self._families.switches, event, stage, provider, went_to)

    @staticmethod
    def _observe(histogram: Histogram, value_ms: Any, event: Event, *labels: str) -> None:
        if value_ms is not None:
            histogram.labels(*labels).observe(value_ms / 1000, _exemplar(event))

    @staticmethod
    def _count(counter: Counter, event: Event, *labels: str) -> None:
        counter.labels(*labels).inc(exemplar=_exemplar(event))


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else value_s * 1000


def _exemplar(event: Event) -> dict[str, str]:
    return {"call_id": event.call_id[:_LONGEST_ID]}
