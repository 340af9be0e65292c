"""The figures as a table, and the page that keeps them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.barge_in_bench.summary import Figures
from scripts.turns_bench.systems import TITLES

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_HEAD = """# Barge-in

Whether what a caller lets hear while the bot speaks is an interruption: Switchboard, stock Pipecat
and LiveKit Agents (its local mode), on the same labelled sounds and the same stand-in providers, in
one run, one after the other. A sound is taken for an interruption if the end of the bot's answer
was never heard.
"""

Cell = Callable[[Figures], str]


def _share(name: str) -> Cell:
    return lambda f: "–" if f[name] is None else f"{f[name]:.2f}"


def _pair(first: str, second: str) -> Cell:
    return lambda f: f"{_ms(f[first])} / {_ms(f[second])}"


def _count(name: str) -> Cell:
    return lambda f: f"{f[f'{name}_stopped']} of {f[f'{name}_sounds']}"


ROWS: Mapping[str, Cell] = {
    "precision": _share("precision"),
    "recall": _share("recall"),
    "interruption: silent after, p50 / p95 (ms)": _pair("stop_p50_ms", "stop_p95_ms"),
    "no interruption: heard again after the sound, p50 / p95 (ms)": _pair(
        "resume_p50_ms", "resume_p95_ms"
    ),
    "stopped by an interruption": _count("barge_in"),
    "stopped by a backchannel": _count("backchannel"),
    "stopped by a noise": _count("noise"),
    "stopped by an echo": _count("echo"),
}


def table(results: Mapping[str, Figures]) -> str:
    """A column for every system."""
    lines = ["| | " + " | ".join(TITLES[system] for system in results) + " |"]
    lines.append("|---|" + "---|" * len(results))
    for title, cell in ROWS.items():
        lines.append(f"| {title} | " + " | ".join(cell(f) for f in results.values()) + " |")
    return "\n".join(lines)


def write_page(results: Mapping[str, Figures], page: Path, *, command: str, took_s: float) -> None:
    """Replace the figures of the page, or begin it; what people wrote below them stays."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"{_HEAD}\n{_BEGIN}\n{_END}\n"
    before, _, rest = old.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    figures = f"{table(results)}\n\n`{command}`, {took_s / 60:.0f} minutes."
    page.write_text(f"{before}{_BEGIN}\n\n{figures}\n\n{_END}{after}", encoding="utf-8")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
