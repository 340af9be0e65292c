"""One call in short, kept up to date event by event."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from calls.records import stages
from calls.records.event import Event
from calls.records.outcome import INTERRUPTED, ended_by
from calls.records.schema import ms_of
from calls.records.stages import number

# What is written for a process that died has the sequence numbers from here on, the end the last.
# No call has as many events of its own.
AFTERWARDS = 2**31 - 2
LAST_SEQ = AFTERWARDS + 1
NANO = Decimal(1_000_000_000)

_TEXTS = (
    *("bot", "bot_version", "channel", "direction", "caller", "caller_key"),
    *("end_reason", "ended_by", "outcome", "outcome_by", "outcome_why", "cost_currency"),
)
_COUNTS = (
    *("interruptions", "failed_tools", "unhandled", "fillers", "silences", "bounds_reached"),
    *("switches", "recording"),
)
_VALUES = ("ended_ms", "duration_s", "dead_air_max_ms", "cost_nano", "csat")
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(_TEXTS, ""),
    **dict.fromkeys(_COUNTS, 0),
    **dict.fromkeys(_VALUES, None),
}
_OPENED = ("bot", "bot_version", "channel", "direction", "caller", "caller_key")
_COUNTED = {"interruption": "interruptions", "unhandled": "unhandled", "recording": "recording"}


@dataclass
class Used:
    """What one provider of one stage did in the call."""

    failures: int = 0
    cost_nano: int | None = None


@dataclass
class Projection:
    """A call as its events so far tell it.

    Attributes:
        columns: Of the call's row in the table `calls`.
        turns: Each turn's stages, as `stages.of_turn` has them.
        providers: By stage and name, in order of use.
        words: What was said, for text search.
        seqs: The events that were taken.
    """

    call_id: str
    columns: dict[str, Any] = field(default_factory=dict)
    turns: list[tuple[float | None, ...]] = field(default_factory=list)
    providers: dict[tuple[str, str], Used] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    seqs: set[int] = field(default_factory=set)

    def take(self, event: Event) -> None:
        """Follow the call by one event, once."""
        if event.seq in self.seqs:
            return
        self.seqs.add(event.seq)
        if "started_ms" not in self.columns:
            began_ms = ms_of(event.utc) - round(event.at_s * 1000)
            self.columns |= {"started_ms": began_ms, "answered_ms": began_ms}
        facts = event.facts
        match event.kind:
            case "call":
                self._opened(facts)
            case "heard":
                self.words.append(str(facts.get("text", "")))
                self._count("fillers", facts.get("said") == "filler")
            case "turn":
                self.turns.append(stages.of_turn(facts))
            case "tool":
                self._count("failed_tools", bool(facts.get("error")))
            case "usage":
                self._used(facts.get("stage"), facts.get("provider"))
            case "provider_failed":
                self._failed(facts)
            case "dead_air":
                self._count("silences")
                self._count("bounds_reached", bool(facts.get("steps")))
                self._keep_longest("dead_air_max_ms", facts.get("dead_air_ms"))
            case "cost":
                self._costs(facts)
            case "outcome":
                self.columns |= {
                    "outcome": str(facts.get("outcome", "")),
                    "outcome_by": str(facts.get("by", "tool")),
                    "outcome_why": str(facts.get("why", "")),
                }
            case "csat":
                self.columns["csat"] = _whole(facts.get("score"))
            case "end":
                self._ended(event)
            case kind if kind in _COUNTED:
                self._count(_COUNTED[kind])

    def row(self) -> dict[str, Any]:
        """All columns but those that say where the row stands and who writes it."""
        own = self.own_seqs
        v2v_ms = [ms for *_, ms in self.turns if ms is not None]
        return {
            **_EMPTY,
            **self.columns,
            "unpriced": json.dumps(self.unpriced) if self.unpriced else "",
            "providers": json.dumps(self.by_stage()),
            "recording": min(1, self.columns.get("recording", 0)),
            "turns": len(self.turns),
            "v2v_p50_ms": statistics.median(v2v_ms) if v2v_ms else None,
            "v2v_max_ms": max(v2v_ms, default=None),
            "events_missing": max(own, default=0) - len(own),
        }

    def by_stage(self) -> dict[str, list[str]]:
        """The names of the providers by stage, in order of use."""
        names: dict[str, list[str]] = {}
        for stage, name in self.providers:
            names.setdefault(stage, []).append(name)
        return names

    @property
    def own_seqs(self) -> set[int]:
        """The events that were taken and come from the call's own process."""
        return self.seqs - {AFTERWARDS, LAST_SEQ}

    @property
    def over(self) -> bool:
        return "ended_ms" in self.columns

    def _count(self, column: str, really: bool = True) -> None:
        self.columns[column] = self.columns.get(column, 0) + really

    def _keep_longest(self, column: str, value: Any) -> None:
        if (ms := number(value)) is not None:
            self.columns[column] = max(ms, self.columns.get(column) or 0.0)

    def _opened(self, facts: Mapping[str, Any]) -> None:
        for name in _OPENED:
            if facts.get(name):
                self.columns[name] = str(facts[name])
        for name in ("started_ms", "answered_ms"):
            if (ms := number(facts.get(name))) is not None:
                self.columns[name] = round(ms)
        for stage, provider in _mapping(facts.get("providers")).items():
            self._used(stage, provider.get("name") if isinstance(provider, Mapping) else provider)

    def _used(self, stage: Any, name: Any) -> Used | None:
        if not (isinstance(stage, str) and isinstance(name, str) and name):
            return None
        return self.providers.setdefault((stage, name), Used())

    def _failed(self, facts: Mapping[str, Any]) -> None:
        if used := self._used(facts.get("stage"), facts.get("provider")):
            used.failures += 1
        if facts.get("went_to"):
            self._count("switches")
            self._used(facts.get("stage"), facts["went_to"])

    def _costs(self, facts: Mapping[str, Any]) -> None:
        # The cost of the call so far: the latest counts.
        unpriced = facts.get("unpriced") or ()
        self.columns |= {
            "cost_nano": _nano(facts.get("amount")),
            "cost_currency": str(facts.get("currency") or ""),
        }
        self.unpriced = [str(name) for name in unpriced]
        for used in self.providers.values():
            used.cost_nano = None
        for part in facts.get("parts") or ():
            amount = _nano(_mapping(part).get("amount"))
            used = self._used(_mapping(part).get("stage"), _mapping(part).get("provider"))
            if used and amount is not None:
                used.cost_nano = (used.cost_nano or 0) + amount

    def _ended(self, event: Event) -> None:
        if event.seq == LAST_SEQ and self.over:
            return
        reason = str(event.facts.get("reason", ""))
        self.columns |= {
            "ended_ms": ms_of(event.utc),
            "duration_s": number(event.facts.get("duration_s")),
            "end_reason": reason,
            "ended_by": str(event.facts.get("by") or ended_by(reason)),
        }
        if reason == INTERRUPTED and not self.columns.get("outcome"):
            why = "the process that ran the call died"
            self.columns |= {"outcome": "failed", "outcome_by": "rules", "outcome_why": why}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _whole(value: Any) -> int | None:
    whole = number(value)
    return None if whole is None else round(whole)


def _nano(value: Any) -> int | None:
    try:
        return None if value is None else round(Decimal(str(value)) * NANO)
    except (InvalidOperation, ValueError, OverflowError):
        return None
