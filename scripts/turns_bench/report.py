"""The figures as a table for people."""

from collections.abc import Callable, Mapping

from scripts.turns_bench.summary import Figures
from scripts.turns_bench.systems import TITLES

Cell = Callable[[Figures], str]


def _ms(name: str) -> Cell:
    return lambda figures: _number(figures.get(name))


def _pair(first: str, second: str) -> Cell:
    return lambda figures: f"{_number(figures.get(first))} / {_number(figures.get(second))}"


def _count(name: str, of: str) -> Cell:
    return lambda f: f"{f[name]} of {f[of]}" if f.get(of) else "–"


def _decimals(name: str) -> Cell:
    return lambda figures: _number(figures.get(name), 2)


ROWS: Mapping[str, Cell] = {
    "plain turn, voice to voice, p50 / p95 (ms)": _pair("v2v_p50_ms", "v2v_p95_ms"),
    "after the 0.9 s pause, p50 / p95 (ms)": _pair("pause_p50_ms", "pause_p95_ms"),
    "a bare “yes”, p50 (ms)": _ms("yes_p50_ms"),
    "spelled digits, p50 (ms)": _ms("digits_p50_ms"),
    "first sound of the greeting (ms)": _ms("greeting_ms"),
    "one tool of 0.6 s: longest silence (ms)": _ms("tool_dead_air_ms"),
    "one tool of 0.6 s: until the answer's words (ms)": _ms("tool_answer_p50_ms"),
    "two tools of 0.6 s: longest silence (ms)": _ms("two_tools_dead_air_ms"),
    "a tool of 2 s: longest silence (ms)": _ms("tool_2s_dead_air_ms"),
    "a tool of 6 s: longest silence (ms)": _ms("tool_6s_dead_air_ms"),
    "barge-in: silent after, p50 / p95 (ms)": _pair("barge_stop_p50_ms", "barge_stop_p95_ms"),
    "barge-in: voice to voice, p50 (ms)": _ms("barge_answer_p50_ms"),
    "stopped by a backchannel or a cough": _count("false_stops", "sounds"),
    "longest break where it went on, p95 (ms)": _ms("break_p95_ms"),
    "spoke into a thinking pause": _count("cut_ins", "pauses"),
    "spoke into spelled digits": _count("digit_cut_ins", "digits"),
    "turns without the right answer": _count("unanswered", "turns"),
    "wasted LLM calls a turn": _decimals("wasted_calls_per_turn"),
    "wasted tokens a turn": _decimals("wasted_tokens_per_turn"),
    "CPU s per call-minute": _decimals("cpu_s_per_call_min"),
    "MB per further call": _ms("mb_per_call"),
    "the callers' own lateness, p99 (ms)": _ms("callers_late_p99_ms"),
}


def table(results: Mapping[str, Mapping[str, Figures]]) -> str:
    """A column for every system and number of calls."""
    columns = [(system, n) for system in results if system != "floor" for n in results[system]]
    # The floor is the same for any number of calls.
    columns += [("floor", n) for n in list(results.get("floor", ()))[:1]]
    heads = [
        TITLES[system] if system == "floor" else f"{TITLES[system]}, {n}" for system, n in columns
    ]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for title, cell in ROWS.items():
        cells = [cell(results[system][n]) for system, n in columns]
        if any(text.strip("– /") for text in cells):
            lines.append(f"| {title} | " + " | ".join(_tidy(text) for text in cells) + " |")
    return "\n".join(lines)


def _number(value: float | None, decimals: int = 0) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"


def _tidy(text: str) -> str:
    return "–" if not text.strip("– /") else text
