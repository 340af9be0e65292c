"""The dead air of every call as a picture: a dot a call, a column a stage, a panel a system."""

from collections.abc import Sequence
from html import escape

from scripts.faults.cells import STAGE_TITLES, STAGES, SYSTEM_TITLES, SYSTEMS
from scripts.faults.report import LONGEST_DEAD_AIR_MS, right
from scripts.faults.verdict import Verdict

_PANEL_W, _PANEL_H = 300, 260
_LEFT, _TOP, _BOTTOM = 46, 58, 52
_MOST_S = 14.0

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600; fill: #24292f }
  .grid { stroke: #8c959f; stroke-opacity: .35 }
  .bound { stroke: #bf8700; stroke-dasharray: 5 4; stroke-width: 1.5 }
  .right { fill: #1a7f7f; fill-opacity: .75 }
  .wrong { fill: none; stroke: #cf222e; stroke-width: 1.6 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9da7b1 } .title { fill: #e6edf3 }
    .right { fill: #4cc2c2 } .wrong { stroke: #ff7b72 } .bound { stroke: #d9a321 }
  }
"""


def picture(verdicts: Sequence[Verdict]) -> str:
    """An SVG that can be read on light and on dark ground."""
    systems = [system for system in SYSTEMS if any(v.system == system for v in verdicts)]
    stages = [stage for stage in STAGES if any(v.stage == stage for v in verdicts)]
    width = _LEFT + _PANEL_W * len(systems) + 10
    height = _TOP + _PANEL_H + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        "<title>Longest dead air of every call while a provider fails</title>",
        f"<style>{_STYLE}</style>",
        f'<text x="{_LEFT}" y="18">Longest dead air of every call, in seconds. '
        "Filled: the right answer was said once and the call went on.</text>",
    ]
    for second in range(0, int(_MOST_S) + 1, 3):
        y = _y(second)
        kind = "bound" if second * 1000 == LONGEST_DEAD_AIR_MS else "grid"
        parts.append(f'<line class="{kind}" x1="{_LEFT}" x2="{width - 10}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{second}</text>')
    for place, system in enumerate(systems):
        mine = [verdict for verdict in verdicts if verdict.system == system]
        parts += _panel(mine, stages, x=_LEFT + place * _PANEL_W, title=SYSTEM_TITLES[system])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(
    verdicts: Sequence[Verdict], stages: Sequence[str], *, x: float, title: str
) -> list[str]:
    parts = [f'<text class="title" x="{x + 8}" y="{_TOP - 14}">{escape(title)}</text>']
    column = (_PANEL_W - 16) / len(stages)
    for place, stage in enumerate(stages):
        left = x + 8 + place * column
        name = STAGE_TITLES[stage].replace("nothing fails", "healthy")
        first, _, rest = name.replace("-to-", " to ").partition(" ")
        for line, words in enumerate((first, rest)):
            parts.append(
                f'<text x="{left + column / 2:.1f}" y="{_TOP + _PANEL_H + 18 + 14 * line}" '
                f'text-anchor="middle">{escape(words)}</text>'
            )
        of_stage = [verdict for verdict in verdicts if verdict.stage == stage]
        for number, verdict in enumerate(of_stage):
            across = left + column * (number + 1) / (len(of_stage) + 1)
            kind = "right" if right(verdict) else "wrong"
            label = escape(f"{verdict.fault}, {verdict.moment}: {verdict.dead_air_ms / 1000:.1f} s")
            parts.append(
                f'<circle class="{kind}" cx="{across:.1f}" cy="{_y(verdict.dead_air_ms / 1000)}" '
                f'r="3.4"><title>{label}</title></circle>'
            )
    return parts


def _y(seconds: float) -> float:
    return round(_TOP + _PANEL_H * (1 - min(seconds, _MOST_S) / _MOST_S), 1)
