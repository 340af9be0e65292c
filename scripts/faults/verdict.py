"""What came of one call: judged by what the telephone played, and by what the order desk was asked.

An answer is right when every phrase of it was heard after its question, each once. Of a tool that
cannot answer, the right answer is to say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rehearsal.audible import Span
from rehearsal.faults.call import Conversation, Turn, dead_air_ms
from rehearsal.faults.heard import Listener
from rehearsal.faults.script import NOT_FOUND_PHRASES, PARTING, SENTENCES, Line
from rehearsal.mulaw import Pcm
from scripts.faults.cells import Cell


@dataclass(frozen=True)
class Verdict:
    """One row of the table. `leaked`: tasks and sockets left; None where it was not looked at.

    `answer_ok`: the answer of the faulty turn. `said_once`: nothing of any answer came twice.
    `turns`: how many lines got their answer, of `lines`. `ended_by`: "caller", or "server".
    `parted`: the bot said that it cannot help and goodbye, and then ended the call.
    `starved_percent`: of the call's time, how long the server's and the caller's event loops waited
    for a processor. Where that is much, gaps in the audio may be the machine's.
    """

    system: str
    stage: str
    fault: str
    moment: str
    dead_air_ms: float
    completed: bool
    answer_ok: bool
    said_once: bool
    tool_runs: int
    leaked: int | None
    turns: int
    lines: int
    ended_by: str
    parted: bool
    heard: Mapping[str, int]
    starved_percent: float = 0.0
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def wanted_phrases(cell: Cell, line: Line) -> tuple[str, ...]:
    """What is to be heard in answer to the line."""
    if cell.stage == "tool" and cell.fault != "slow" and line.order:
        return (*line.phrases[:-1], *NOT_FOUND_PHRASES)
    return line.phrases


def possible_answers(line: Line) -> list[tuple[str, ...]]:
    """What ends the wait for an answer to the line."""
    return [line.phrases, NOT_FOUND_PHRASES] if line.order else [line.phrases]


def judge(
    cell: Cell,
    conversation: Conversation,
    listener: Listener,
    *,
    track: Pcm,
    spans: Sequence[Span],
    ended_by: str,
    tool_runs: int,
    leaked: int | None = None,
    problem: str = "",
) -> Verdict:
    """The verdict on a call whose playout was `track`, with sound at `spans`."""
    found = {phrase: listener.find(phrase, track) for phrase in SENTENCES}
    counts = {phrase: len(occurrences) for phrase, occurrences in found.items() if occurrences}
    answered = [_heard_in(turn, cell, listener, track) for turn in conversation.turns]
    faulty = conversation.turns[cell.faulty_line]
    if cell.interrupts:
        answer_ok = answered[-1] and faulty.line.phrases[-1] not in counts
    else:
        answer_ok = answered[cell.faulty_line]
    said_once = all(
        counts.get(phrase, 0) <= 1 + turn.repeats
        for turn in conversation.turns
        for phrase in {*turn.line.phrases, *NOT_FOUND_PHRASES}
    )
    return Verdict(
        system=cell.system,
        stage=cell.stage,
        fault=cell.fault,
        moment=cell.moment,
        dead_air_ms=round(dead_air_ms(spans, conversation.owed), 1),
        completed=bool(answered) and answered[-1] and ended_by == "caller",
        answer_ok=answer_ok,
        said_once=said_once,
        tool_runs=tool_runs,
        leaked=leaked,
        turns=sum(answered),
        lines=len(conversation.turns),
        ended_by=ended_by,
        parted=ended_by != "caller" and any(phrase in counts for phrase in PARTING),
        heard=counts,
        problem=problem,
    )


def _heard_in(turn: Turn, cell: Cell, listener: Listener, track: Pcm) -> bool:
    if turn.spoken is None:
        return False
    end = int(turn.ended_s * 8000) if turn.ended_s else len(track)
    until = track[: end + 8000]
    return all(
        listener.heard(phrase, until, from_s=turn.spoken.end_s)
        for phrase in wanted_phrases(cell, turn.line)
    )


def no_call(cell: Cell, problem: str) -> Verdict:
    """The verdict where there was nothing to judge."""
    return Verdict(
        system=cell.system,
        stage=cell.stage,
        fault=cell.fault,
        moment=cell.moment,
        dead_air_ms=float("inf"),
        completed=False,
        answer_ok=False,
        said_once=False,
        tool_runs=0,
        leaked=None,
        turns=0,
        lines=len(cell.lines),
        ended_by="",
        parted=False,
        heard={},
        problem=problem,
    )
