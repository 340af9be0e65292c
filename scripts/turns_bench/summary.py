"""The figures of a system at so many calls, from all its calls together."""

from collections.abc import Iterable, Sequence

from rehearsal.turns.figures import CallFigures, needed_calls
from rehearsal.turns.mind import answer_tokens
from scripts.turns_bench.lane import Round
from scripts.turns_bench.percentile import percentile

Figures = dict[str, float | int | None]


def summary(rounds: Sequence[Round], *, alone_mb: float | None, n: int) -> Figures:
    """All figures; None where there is nothing to tell.

    `alone_mb`: the most memory the server took with a single call.
    """
    calls = [call for entry in rounds for call in entry.calls]

    def all_of(name: str) -> list[float]:
        return [value for call in calls for value in getattr(call, name)]

    def total(name: str) -> int:
        return sum(getattr(call, name) for call in calls)

    plain, pause, barge = all_of("plain_ms"), all_of("pause_ms"), all_of("barge_ms")
    stops = all_of("barge_stop_ms")
    return {
        "v2v_p50_ms": percentile(plain, 50),
        "v2v_p95_ms": percentile(plain, 95),
        "plain_turns": len(plain),
        "pause_p50_ms": percentile(pause, 50),
        "pause_p95_ms": percentile(pause, 95),
        "yes_p50_ms": percentile(all_of("yes_ms"), 50),
        "digits_p50_ms": percentile(all_of("digits_ms"), 50),
        "greeting_ms": percentile((c.greeting_ms for c in calls if c.greeting_ms is not None), 50),
        "tool_dead_air_ms": percentile(all_of("tool_dead_air_ms"), 50),
        "two_tools_dead_air_ms": percentile(all_of("two_tools_dead_air_ms"), 50),
        "tool_2s_dead_air_ms": percentile(_slow(calls, "ask_warehouse"), 50),
        "tool_6s_dead_air_ms": percentile(_slow(calls, "ask_factory"), 50),
        "tool_answer_p50_ms": percentile(all_of("tool_answer_ms"), 50),
        "barge_stop_p50_ms": percentile(stops, 50),
        "barge_stop_p95_ms": percentile(stops, 95),
        "barge_answer_p50_ms": percentile(barge, 50),
        "false_stops": total("false_stops"),
        "sounds": total("sounds"),
        "break_p95_ms": percentile(all_of("longest_break_ms"), 95),
        "cut_ins": total("cut_ins"),
        "pauses": total("pauses"),
        "digit_cut_ins": total("digit_cut_ins"),
        "digits": total("digits"),
        "turns": total("turns"),
        "unanswered": total("unanswered"),
        **_waste(rounds, calls),
        **_cost(rounds, calls, alone_mb=alone_mb, n=n),
        "calls": len(calls),
        "calls_failed": sum(bool(call.problem) for call in calls),
    }


def _waste(rounds: Iterable[Round], calls: Sequence[CallFigures]) -> Figures:
    rounds = list(rounds)
    lines = [line for entry in rounds for line in entry.lines]
    turns = sum(call.turns for call in calls)
    asked = sum(entry.tally.calls for entry in rounds)
    answered = sum(entry.tally.tokens_answered for entry in rounds)
    wasted = max(0, asked - needed_calls(lines))
    wasted_tokens = max(0, answered - sum(map(answer_tokens, lines)))
    return {
        "llm_calls": asked,
        "wasted_calls_per_turn": wasted / turns if turns else None,
        "wasted_tokens_per_turn": wasted_tokens / turns if turns else None,
    }


def _cost(
    rounds: Sequence[Round], calls: Sequence[CallFigures], *, alone_mb: float | None, n: int
) -> Figures:
    minutes = sum(call.duration_s for call in calls) / 60
    further_mb = None
    if alone_mb is not None and n > 1:
        further_mb = (max(entry.peak_mb for entry in rounds) - alone_mb) / (n - 1)
    return {
        "cpu_s_per_call_min": sum(entry.cpu_s for entry in rounds) / minutes if minutes else None,
        "mb_per_call": further_mb,
        "peak_mb": max(entry.peak_mb for entry in rounds),
    }


def _slow(calls: Iterable[CallFigures], tool: str) -> list[float]:
    return [ms for call in calls for ms in call.slow_tool_dead_air_ms.get(tool, ())]
