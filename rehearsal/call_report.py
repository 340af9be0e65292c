"""What is known of a rehearsed call once it is over: measured, heard, and as the server saw it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal.call_record import CallRecord, Event
from rehearsal.conversation import Turn

_STAGES = (
    ("transcript", "transcript_final_ms"),
    ("turn end", "turn_end_ms"),
    ("first token", "first_token_ms"),
    ("first speakable text", "first_speakable_text_ms"),
    ("first audio", "first_audio_ms"),
    ("first audio out", "first_audio_out_ms"),
)


@dataclass
class TurnReport:
    """One line of the caller: what was made of it, the answer, and how long it took.

    `heard_as`: the server's transcript. `answer`: the bot's words that were played. `*_ms` come
    from the audio; `stages` is what the server measured. Times on the call's clock, in seconds.
    """

    said: str
    heard_as: str
    answer: str
    expect: str
    problem: str
    said_at_s: float | None
    answered_at_s: float | None
    answer_ended_at_s: float | None
    voice_to_voice_ms: float | None
    dead_air_ms: float | None
    stages: Event | None


@dataclass
class CallReport:
    """Everything `switchboard call` knows of one call. `problems` is empty if all went well."""

    bot: str
    voice: str
    run_folder: str
    wav: str | None = None
    record: str | None = None
    call_id: str | None = None
    providers: dict[str, Any] = field(default_factory=dict)
    turns: list[TurnReport] = field(default_factory=list)
    duration_s: float = 0.0
    ended_by: str = ""
    end_reason: str | None = None
    forwarded_to: str | None = None
    unplayed_ms: float = 0.0
    longest_dead_air_ms: float | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


def turn_report(turn: Turn, record: CallRecord, *, now_s: float) -> TurnReport:
    """The turn that has just ended, with what the server recorded of it."""
    start_s = turn.spoken.start_s if turn.spoken else 0.0
    stages = _stages(record, start_s, now_s) if turn.spoken else None
    heard_as = record.words_since(start_s, who="caller") if turn.spoken else ""
    return TurnReport(
        said=turn.said,
        heard_as=heard_as,
        answer=turn.words,
        expect=turn.expect,
        problem=turn.problem,
        said_at_s=_rounded(turn.spoken.start_s if turn.spoken else None, 3),
        answered_at_s=_rounded(turn.answer.start_s if turn.answer else None, 3),
        answer_ended_at_s=_rounded(turn.answer.end_s if turn.answer else None, 3),
        voice_to_voice_ms=_rounded(turn.voice_to_voice_ms, 1),
        dead_air_ms=_rounded(turn.dead_air_ms, 1),
        stages=stages,
    )


def _stages(record: CallRecord, start_s: float, end_s: float) -> Event | None:
    """The server's figures of the line: of its turns the last that came to audio."""
    turns = record.between("turn", start_s, end_s + 1)
    spoken = [t for t in turns if t.get("first_audio_out_ms") is not None]
    return (spoken or turns or [None])[-1]


def latency_line(turn: TurnReport) -> str:
    """ "voice to voice 640 ms = transcript 40 · turn end +120 · …", or "" without figures.

    The stages are steps: each counts from the one before, the last from the server's end to the
    telephone's ear.
    """
    if turn.voice_to_voice_ms is None:
        return ""
    parts: list[str] = []
    stages = turn.stages or {}
    filler_ms = stages.get("filler_audio_out_ms")
    reached = sorted(
        (float(stages[key]), place, name)
        for place, (name, key) in enumerate(_STAGES)
        if stages.get(key) is not None
    )
    before_ms = 0.0
    for at_ms, _, name in reached:
        parts.append(f"{name} {at_ms - before_ms:.0f}")
        before_ms = at_ms
    total = f"voice to voice {turn.voice_to_voice_ms:.0f} ms"
    if filler_ms is not None and filler_ms < before_ms:
        total += f" (a filler; the answer after {before_ms:.0f} ms)"
    elif parts:
        parts.append(f"phone line {turn.voice_to_voice_ms - before_ms:.0f}")
    line = total + (" = " + " · ".join(parts) if parts else "")
    for tool in stages.get("tools", []):
        line += f" · tool {tool['name']} {tool['duration_ms']:.0f} ms"
    if turn.dead_air_ms is not None and turn.dead_air_ms > turn.voice_to_voice_ms + 1:
        line += f" · longest dead air {turn.dead_air_ms:.0f} ms"
    return line


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
