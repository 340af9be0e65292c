"""From what was measured to figures, a table and a page."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from scripts.remains_bench.lane import SIDES
from scripts.remains_bench.pairs import shown_by
from scripts.remains_bench.receivers import SCRAPED_EVERY_S
from scripts.remains_bench.run import Held, Results
from scripts.turns_bench.percentile import percentile

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_MOST_CPU = 0.05
_HEAD = f"""# What keeping records costs

Two servers with the same bot on the same kind of stand-in providers, in one run, at the same time,
on the same core: how fast the machine is changes from one minute to the next. "Bare" keeps nothing
of a call. "Everything" keeps the record, redacted (`redacted`), and a recording of both sides,
traces every call with OpenTelemetry, tells a webhook of its end and has `/metrics` read every
{SCRAPED_EVERY_S:.0f} s. Both say the sentence that announces the recording.
"""


def figures(results: Results) -> dict[str, Any]:
    """All of them, by side, and what the pairs of rounds differ by."""
    pairs = list(zip(*(results.held[side] for side in SIDES), strict=True))
    cpu = [
        more.cpu_s_per_call_min / bare.cpu_s_per_call_min - 1
        for bare, more in pairs
        if bare.cpu_s_per_call_min
    ]
    v2v_ms = [
        median(more.v2v_ms) - median(bare.v2v_ms)
        for bare, more in pairs
        if bare.v2v_ms and more.v2v_ms
    ]
    kept = asdict(results.received) | {"recordings": results.recordings}
    kept.pop("url")
    return {
        "sides": {side: _of_side(results.held[side]) for side in SIDES},
        "cpu_more": _shown(cpu),
        "v2v_more_ms": _shown(v2v_ms),
        "kept": kept,
    }


def _shown(by_round: list[float]) -> dict[str, Any]:
    return shown_by(by_round)._asdict() | {"by_round": by_round}


def _of_side(held: list[Held]) -> dict[str, Any]:
    v2v_ms = [ms for entry in held for ms in entry.v2v_ms]
    cpu_s = [entry.cpu_s_per_call_min for entry in held]
    return {
        "cpu_s_per_call_min": median(cpu_s),
        "cpu_s_per_call_min_by_round": cpu_s,
        "v2v_p50_ms": percentile(v2v_ms, 50),
        "v2v_p95_ms": percentile(v2v_ms, 95),
        "plain_turns": len(v2v_ms),
        "loop_lag_median_ms": median(entry.lag_ms for entry in held),
        "problems": [problem for entry in held for problem in entry.problems],
    }


def table(results: Mapping[str, Any]) -> str:
    """The figures as a Markdown table."""
    rows = {
        "CPU s a call-minute (median of the rounds)": ("cpu_s_per_call_min", 3),
        "voice to voice p50, ms": ("v2v_p50_ms", 0),
        "voice to voice p95, ms": ("v2v_p95_ms", 0),
        "longest event-loop lag of a round (median), ms": ("loop_lag_median_ms", 1),
        "turns that are timed": ("plain_turns", 0),
    }
    lines = ["| | bare | everything |", "|---|---|---|"]
    for title, (name, decimals) in rows.items():
        cells = [_number(results["sides"][side][name], decimals) for side in SIDES]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    cpu, v2v = results["cpu_more"], results["v2v_more_ms"]
    kept = ", ".join(f"{count} {what}" for what, count in results["kept"].items())
    return "\n".join(
        [
            *lines,
            "",
            f"Everything more than bare, by pairs of rounds, CPU: {_more(cpu, 100, 1, ' %')}",
            _verdict(cpu),
            "",
            f"Voice to voice (each round's p50): {_more(v2v, 1, 0, ' ms')}",
            "",
            f"Received and kept meanwhile: {kept}.",
        ]
    )


def write_page(results: Mapping[str, Any], page: Path, *, command: str, took_s: float) -> None:
    """Replace the page's figures, or begin it; what people wrote below them stays."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"{_HEAD}\n{_BEGIN}\n{_END}\n"
    before, _, rest = old.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    figures = f"{table(results)}\n\n`{command}`, {took_s / 60:.0f} minutes."
    page.write_text(f"{before}{_BEGIN}\n\n{figures}\n\n{_END}{after}", encoding="utf-8")


def _more(shown: Mapping[str, Any], scale: float, decimals: int, unit: str) -> str:
    def written(value: float) -> str:
        return f"{scale * value:+.{decimals}f}"

    if not shown["by_round"]:
        return "nothing was timed."
    pairs = ", ".join(map(written, shown["by_round"]))
    between = (
        f", the median of all between {written(shown['low'])} and {written(shown['high'])}{unit}"
        if shown["low"] is not None
        else ""
    )
    return f"median {written(shown['median'])}{unit}{between} (pairs: {pairs})."


def _verdict(cpu: Mapping[str, Any]) -> str:
    if cpu["low"] is None:
        return "**Inconclusive**: it takes six pairs or more."
    if cpu["high"] < _MOST_CPU:
        return f"That is less than {100 * _MOST_CPU:.0f} %, with 95 % certainty."
    if cpu["low"] > _MOST_CPU:
        return f"**That is more than {100 * _MOST_CPU:.0f} %**, with 95 % certainty."
    return "**Inconclusive**: run more rounds, or on a machine that does nothing else."


def _number(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"
