"""From what was measured to figures, a table and a page."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from scripts.remains_bench.lane import SIDES
from scripts.remains_bench.run import Results
from scripts.turns_bench.percentile import percentile

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
# What is to be shown is less than 5 %: pairs that differ by more cannot show it.
_TELLING = 0.05
_HEAD = """# What keeping records costs

Two servers with the same bot on the same stand-in providers, in one run, in turns (ABBA), on the
same core. "Bare" keeps nothing of a call. "Everything" keeps the record, redacted (`redacted`),
and a recording of both sides, traces every call with OpenTelemetry, tells a webhook of its end and
has `/metrics` read every 5 s. Both say the sentence that announces the recording.
"""


def figures(results: Results) -> dict[str, Any]:
    """All of them, by side, and the ratio of the sides' CPU in the median pair of rounds."""
    sides: dict[str, Any] = {}
    for side in SIDES:
        held = results.held[side]
        v2v_ms = [ms for entry in held for ms in entry.v2v_ms]
        cpu_s = [entry.cpu_s_per_call_min for entry in held]
        sides[side] = {
            "cpu_s_per_call_min": median(cpu_s),
            "cpu_s_per_call_min_by_round": cpu_s,
            "v2v_p50_ms": percentile(v2v_ms, 50),
            "v2v_p95_ms": percentile(v2v_ms, 95),
            "plain_turns": len(v2v_ms),
            "loop_lag_median_ms": median(entry.lag_ms for entry in held),
            "problems": [problem for entry in held for problem in entry.problems],
        }
    pairs = zip(*(sides[side]["cpu_s_per_call_min_by_round"] for side in SIDES), strict=True)
    ratios = [everything / bare for bare, everything in pairs if bare]
    kept = asdict(results.received) | {"recordings": results.recordings}
    kept.pop("url")
    return {
        "sides": sides,
        "cpu_ratio": median(ratios),
        "cpu_ratio_by_round": ratios,
        "kept": kept,
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
    ratios = ", ".join(f"{100 * (ratio - 1):+.1f}" for ratio in results["cpu_ratio_by_round"])
    apart = max(results["cpu_ratio_by_round"]) - min(results["cpu_ratio_by_round"])
    noisy = len(results["cpu_ratio_by_round"]) < 3 or apart > _TELLING
    verdict = (
        f"**Inconclusive**: it takes three pairs or more that are at most {100 * _TELLING:.0f} "
        f"points apart, and these {len(results['cpu_ratio_by_round'])} are {100 * apart:.1f} "
        "apart. Run it on a machine that does nothing else."
    )
    more = f"{100 * (results['cpu_ratio'] - 1):+.1f} %"
    kept = ", ".join(f"{count} {what}" for what, count in results["kept"].items())
    return "\n".join(
        [
            *lines,
            "",
            f"CPU of everything over bare, median pair of rounds: {more} (pairs: {ratios}).",
            *([verdict] if noisy else []),
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


def _number(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"
