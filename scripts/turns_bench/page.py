"""Writes docs/turns.md and its picture; what people wrote below the figures stays."""

from collections.abc import Mapping
from pathlib import Path

from scripts.turns_bench.picture import picture
from scripts.turns_bench.report import table
from scripts.turns_bench.summary import Figures

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"

_HEAD = """# Turns

How fast a turn is answered, and how well turns are taken: Switchboard, stock Pipecat and LiveKit
Agents, on the same stand-in providers, in one run, one after the other.
"""


def write_page(
    results: Mapping[str, Mapping[str, Figures]], folder: Path, *, command: str, took_s: float
) -> None:
    """Replace the figures of `folder`/turns.md, or begin the page; write turns.svg beside it."""
    page, image = folder / "turns.md", folder / "turns.svg"
    image.write_text(picture(results), encoding="utf-8")
    old = page.read_text(encoding="utf-8") if page.exists() else f"{_HEAD}\n{_BEGIN}\n{_END}\n"
    before, _, rest = old.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    parts = [
        "![Voice to voice by system and number of calls](turns.svg)",
        table(results),
        f"`{command}`, {took_s / 60:.0f} minutes.",
    ]
    figures = "\n\n".join(parts)
    page.write_text(f"{before}{_BEGIN}\n\n{figures}\n\n{_END}{after}", encoding="utf-8")
