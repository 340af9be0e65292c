"""The verdicts of many calls as Markdown: a summary, every cell, and what still fails."""

from collections.abc import Iterable, Sequence
from statistics import median

from scripts.faults.cells import (
    MOMENT_TITLES,
    MOMENTS,
    STAGE_TITLES,
    SYSTEM_TITLES,
    SYSTEMS,
)
from scripts.faults.verdict import Verdict

LONGEST_DEAD_AIR_MS = 3000.0

_SHORT = {"backup": "with a backup", "single": "single provider", "stock": "stock Pipecat"}


def right(verdict: Verdict) -> bool:
    """The call went to its end, with the right answer said once and the tool run at most once."""
    return verdict.completed and verdict.answer_ok and verdict.said_once and verdict.tool_runs <= 1


def summary(verdicts: Sequence[Verdict]) -> str:
    """A line for every system."""
    rows = [
        "| | calls | longest dead air | median | above 3.0 s | completed | ended politely "
        "| right answer | said twice | tool run twice | left something behind |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for system in SYSTEMS:
        mine = [verdict for verdict in verdicts if verdict.system == system]
        if not mine:
            continue
        air_s = [verdict.dead_air_ms / 1000 for verdict in mine]
        above = sum(verdict.dead_air_ms > LONGEST_DEAD_AIR_MS for verdict in mine)
        rows.append(
            f"| {SYSTEM_TITLES[system]} | {len(mine)} | {max(air_s):.1f} s | {median(air_s):.1f} s "
            f"| {above} | {_share(v.completed for v in mine)} | {sum(v.parted for v in mine)} "
            f"| {_share(v.answer_ok for v in mine)}"
            f" | {sum(not v.said_once for v in mine)} | {sum(v.tool_runs > 1 for v in mine)} "
            f"| {sum((v.leaked or 0) > 0 for v in mine)} |"
        )
    return "\n".join(rows)


def table(verdicts: Sequence[Verdict], moments: Sequence[str] = MOMENTS) -> str:
    """A line for every fault: dead air in seconds by system and moment, where there was a call."""
    of_moments = [verdict for verdict in verdicts if verdict.moment in moments]
    by_place = {(v.system, v.stage, v.fault, v.moment): v for v in of_moments}
    columns = [
        (system, moment)
        for system in SYSTEMS
        for moment in moments
        if any(v.system == system and v.moment == moment for v in of_moments)
    ]
    heads = [f"{_SHORT[system]}, {MOMENT_TITLES[moment]}" for system, moment in columns]
    rows = [
        "| stage | fault | " + " | ".join(heads) + " |",
        "|---|---|" + "---|" * len(heads),
    ]
    for stage, fault in dict.fromkeys((v.stage, v.fault) for v in of_moments):
        cells = [_cell(by_place.get((system, stage, fault, moment))) for system, moment in columns]
        rows.append(f"| {STAGE_TITLES[stage]} | `{fault}` | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def failures(verdicts: Sequence[Verdict], systems: Iterable[str] = ("backup", "single")) -> str:
    """What is not as it should be, a line a call; "" when there is nothing."""
    lines = []
    for verdict in verdicts:
        if verdict.system in systems and (wrong := wrong_with(verdict)):
            what = f"{STAGE_TITLES[verdict.stage]} `{verdict.fault}`"
            when = MOMENT_TITLES[verdict.moment]
            lines.append(f"- {SYSTEM_TITLES[verdict.system]}, {what}, {when}: {', '.join(wrong)}.")
    return "\n".join(lines)


def wrong_with(verdict: Verdict) -> list[str]:
    """What is not as it should be, in words."""
    wrong = []
    if verdict.problem:
        wrong.append(verdict.problem)
    if verdict.dead_air_ms > LONGEST_DEAD_AIR_MS:
        wrong.append(f"{verdict.dead_air_ms / 1000:.1f} s of dead air")
    if not verdict.answer_ok:
        wrong.append("the right answer was not heard")
    if not verdict.said_once:
        wrong.append("something was said twice")
    if verdict.tool_runs > 1:
        wrong.append(f"the tool ran {verdict.tool_runs} times")
    if not verdict.completed:
        how = "the bot said goodbye" if verdict.parted else "the call did not come to its end"
        wrong.append(f"{how} after {verdict.turns} of {verdict.lines} answers")
    if verdict.leaked:
        wrong.append(f"{verdict.leaked} tasks or sockets were left")
    return wrong


def _share(flags: Iterable[bool]) -> str:
    known = list(flags)
    return f"{sum(known)}/{len(known)}"


def _cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    seconds = f"{verdict.dead_air_ms / 1000:.1f}"
    if verdict.dead_air_ms > LONGEST_DEAD_AIR_MS:
        seconds = f"**{seconds}**"
    if right(verdict):
        return seconds
    return f"{seconds} bye" if verdict.parted else f"{seconds} ✗"
