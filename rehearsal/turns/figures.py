"""The figures of a conversation, read from where the sounds lay on both tracks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rehearsal.audible import Span, first_audible_after, longest_silence_ms, stop_after_ms
from rehearsal.turns.script import Line
from rehearsal.turns.talk import Intruded, Turn

# What still plays when the caller begins to speak is the end of the answer before.
_LEFT_OVER_S = 0.3
# Between two sentences it is silent for less than this.
_STOPPED_MS = 1200.0


@dataclass
class CallFigures:
    """One call's, in milliseconds. A turn whose answer never came is in `unanswered` only.

    Attributes:
        plain_ms, pause_ms, yes_ms, digits_ms, barge_ms: End of speech to the first sound after it,
            where the bot had not begun to speak before it was the bot's turn.
        tool_dead_air_ms, two_tools_dead_air_ms: The longest silence until the answer was told.
        slow_tool_dead_air_ms: The same, by the tool's name.
        tool_answer_ms: End of speech to the answer's known words, whatever was said before them.
        barge_stop_ms: How long the bot went on after the caller began to speak.
        false_stops: Answers that broke off because of a sound that was no interruption.
        sounds: How many such sounds fell into an answer.
        longest_break_ms: The longest silence in an answer after such a sound, where it went on.
        cut_ins, pauses: Thinking pauses that the bot spoke into, and how many there were.
        digit_cut_ins, digits: The same for pauses between spelled digits.
    """

    greeting_ms: float | None = None
    plain_ms: list[float] = field(default_factory=list)
    pause_ms: list[float] = field(default_factory=list)
    yes_ms: list[float] = field(default_factory=list)
    digits_ms: list[float] = field(default_factory=list)
    barge_ms: list[float] = field(default_factory=list)
    tool_dead_air_ms: list[float] = field(default_factory=list)
    two_tools_dead_air_ms: list[float] = field(default_factory=list)
    slow_tool_dead_air_ms: dict[str, list[float]] = field(default_factory=dict)
    tool_answer_ms: list[float] = field(default_factory=list)
    barge_stop_ms: list[float] = field(default_factory=list)
    false_stops: int = 0
    sounds: int = 0
    longest_break_ms: list[float] = field(default_factory=list)
    cut_ins: int = 0
    pauses: int = 0
    digit_cut_ins: int = 0
    digits: int = 0
    turns: int = 0
    unanswered: int = 0
    duration_s: float = 0.0
    problem: str = ""


def figures_of(turns: Sequence[Turn], spans: Sequence[Span]) -> CallFigures:
    """The figures of the turns; `spans` are the audible stretches of what the caller heard."""
    figures = CallFigures()
    heard = list(spans)
    for turn in turns:
        if turn.spoken is None:
            continue
        figures.turns += 1
        _count_cut_ins(figures, turn, turn.spoken, heard)
        if turn.line.kind == "barge":
            _add(figures.barge_stop_ms, stop_after_ms(heard, turn.spoken.start_s))
        if turn.intruded:
            _count_false_stops(figures, turn, heard)
        elif turn.heard is None and not turn.cut_off:
            figures.unanswered += 1
            continue
        _time_answer(figures, turn, turn.spoken, heard)
    return figures


def spoke_into(spoken: Span, spans: Iterable[Span]) -> bool:
    """Whether the bot began to speak while the caller had not finished."""
    return any(spoken.start_s + _LEFT_OVER_S < span.start_s < spoken.end_s for span in spans)


def stopped_falsely(turn: Turn, intruded: Intruded, spans: Sequence[Span]) -> bool:
    """Whether the answer broke off after the sound: it fell silent, or its end never came."""
    if turn.heard is None:
        return True
    begin_s = intruded.span.start_s
    return _longest_ms(spans, begin_s, turn.heard.end_s) >= _STOPPED_MS


def needed_calls(lines: Iterable[Line]) -> int:
    """How often a language model has to be asked for the answers to these lines."""
    return sum(line.llm_calls for line in lines)


def _time_answer(figures: CallFigures, turn: Turn, spoken: Span, spans: list[Span]) -> None:
    first_s = first_audible_after(spans, spoken.end_s)
    if first_s is None:
        return
    kind = turn.line.kind
    after_ms = (first_s - spoken.end_s) * 1000
    by_kind = {
        "plain": figures.plain_ms,
        "yes": figures.yes_ms,
        "pause": figures.pause_ms,
        "digits": figures.digits_ms,
        "barge": figures.barge_ms,
    }
    if kind in by_kind and not spoke_into(spoken, spans):
        by_kind[kind].append(after_ms)
    if turn.line.calls and turn.heard is not None:
        silent_ms = _longest_ms(spans, spoken.end_s, turn.heard.end_s)
        _dead_air(figures, turn.line).append(silent_ms)
        if kind == "tool":
            figures.tool_answer_ms.append((turn.heard.start_s - spoken.end_s) * 1000)


def _dead_air(figures: CallFigures, line: Line) -> list[float]:
    if line.kind == "slow tool":
        return figures.slow_tool_dead_air_ms.setdefault(line.calls[0].tool, [])
    return figures.two_tools_dead_air_ms if len(line.calls) > 1 else figures.tool_dead_air_ms


def _count_cut_ins(figures: CallFigures, turn: Turn, spoken: Span, spans: list[Span]) -> None:
    if turn.line.kind == "pause":
        figures.pauses += 1
        figures.cut_ins += spoke_into(spoken, spans)
    elif turn.line.kind == "digits":
        figures.digits += 1
        figures.digit_cut_ins += spoke_into(spoken, spans)


def _count_false_stops(figures: CallFigures, turn: Turn, spans: list[Span]) -> None:
    figures.sounds += len(turn.intruded)
    for intruded in turn.intruded:
        if stopped_falsely(turn, intruded, spans):
            figures.false_stops += 1
            # What is let hear into an answer that is over stops nothing.
            figures.sounds -= len(turn.intruded) - turn.intruded.index(intruded) - 1
            return
        assert turn.heard is not None
        figures.longest_break_ms.append(_longest_ms(spans, intruded.span.start_s, turn.heard.end_s))


def _longest_ms(spans: Sequence[Span], start_s: float, end_s: float) -> float:
    return longest_silence_ms(list(spans), start_s=start_s, end_s=end_s)


def _add(values: list[float], value: float | None) -> None:
    if value is not None:
        values.append(value)
