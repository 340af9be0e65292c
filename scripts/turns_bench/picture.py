"""Voice to voice as a picture: for every system and number of calls the median and the tail."""

from collections.abc import Mapping
from html import escape

from scripts.turns_bench.summary import Figures
from scripts.turns_bench.systems import TITLES

_LEFT, _TOP, _WIDTH, _ROW, _BOTTOM = 190, 44, 560, 26, 34
_MOST_MS = 2000.0
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600; fill: #24292f }
  .grid { stroke: #8c959f; stroke-opacity: .35 }
  .floor { stroke: #bf8700; stroke-dasharray: 5 4; stroke-width: 1.5 }
  .tail { stroke: #8c959f; stroke-width: 3 }
  .median { fill: #1a7f7f }
  @media (prefers-color-scheme: dark) {
    text { fill: #9da7b1 } .title { fill: #e6edf3 } .median { fill: #4cc2c2 }
    .floor { stroke: #d9a321 }
  }
"""


def picture(results: Mapping[str, Mapping[str, Figures]]) -> str:
    """An SVG that can be read on light and on dark ground."""
    rows = [
        (system, n, figures)
        for system, by_n in results.items()
        if system != "floor"
        for n, figures in by_n.items()
    ]
    width, bottom = _LEFT + _WIDTH + 30, _TOP + _ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + _BOTTOM}" '
        f'width="{width}" height="{bottom + _BOTTOM}" role="img">',
        "<title>Voice to voice by system and number of calls</title>",
        f"<style>{_STYLE}</style>",
        '<text class="title" x="10" y="20">Voice to voice on plain turns, in milliseconds: '
        "median (dot) and 95th percentile (end of the line)</text>",
    ]
    for ms in range(0, int(_MOST_MS) + 1, 500):
        x = _x(ms)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{ms}</text>')
    for floor in list(results.get("floor", {}).values())[:1]:
        if (at_ms := floor["v2v_p50_ms"]) is not None:
            x = _x(at_ms)
            parts.append(f'<line class="floor" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>')
    for place, (system, n, figures) in enumerate(rows):
        parts += _row(f"{TITLES[system]}, {n}", figures, _TOP + _ROW * (place + 0.5))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(name: str, figures: Figures, y: float) -> list[str]:
    parts = [f'<text x="{_LEFT - 10}" y="{y + 4:.0f}" text-anchor="end">{escape(name)}</text>']
    p50, p95 = figures["v2v_p50_ms"], figures["v2v_p95_ms"]
    if p50 is None or p95 is None:
        return parts
    return [
        *parts,
        f'<line class="tail" x1="{_x(p50)}" x2="{_x(p95)}" y1="{y:.0f}" y2="{y:.0f}"/>',
        f'<circle class="median" cx="{_x(p50)}" cy="{y:.0f}" r="6">'
        f"<title>{p50:.0f} / {p95:.0f} ms</title></circle>",
    ]


def _x(ms: float) -> float:
    return round(_LEFT + _WIDTH * min(ms, _MOST_MS) / _MOST_MS, 1)
