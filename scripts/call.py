"""`switchboard call BOT`: a synthetic caller phones a bot of a real server process."""

import asyncio
import importlib
import json
import pkgutil
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bots
from rehearsal.audible import joined
from rehearsal.call_record import CallRecord, Event
from rehearsal.caller import DEFAULT_VOICE, VoiceError, speak
from rehearsal.conversation import Conversation, Patience, Turn
from rehearsal.phone import CallFailed, TwilioPhone
from rehearsal.server_process import ServerFailed, ServerProcess, last_lines
from rehearsal.twilio_rest import CallUpdate, TwilioRest
from rehearsal.two_track_wav import write_two_track_wav

_STAGES = (
    ("transcript", "transcript_final_ms"),
    ("turn end", "turn_end_ms"),
    ("first token", "first_token_ms"),
    ("first speakable text", "first_speakable_text_ms"),
    ("first audio", "first_audio_ms"),
    ("first audio out", "first_audio_out_ms"),
)
# What the server may still say of a call that has just ended (its record's last line).
_LAST_WORDS_S = 5.0
# A real number is never dialled: Twilio's REST API is a stand-in here.
_HANDOFF_NUMBER = "+15005550199"


@dataclass(frozen=True)
class SpokenLine:
    """A line given on the command line: nothing is expected of the answer."""

    say: str
    expect: str = ""


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


async def call(
    bot: str,
    *,
    say: Sequence[str] = (),
    as_json: bool = False,
    out: Path | None = None,
    voice: str = DEFAULT_VOICE,
    patience: Patience | None = None,
    server_command: Sequence[str] = (sys.executable, "-m", "scripts.switchboard", "serve"),
) -> int:
    """Phone `bot`, hold its sample call (or `say` these lines), print what was heard.

    `out`: folder for the WAV, the report, the server's log and data; default a new one below
    data/rehearsals. `as_json`: the report on stdout and nothing else there.

    Returns the exit code: 0 if the call came about and every expectation held.
    """
    known = sorted(module.name for module in pkgutil.iter_modules(bots.__path__))
    if bot not in known:
        print(f'There is no bot "{bot}". There are: {", ".join(known) or "none"}.', file=sys.stderr)
        return 1
    run_folder = (out or _new_run_folder(bot)).absolute()
    run_folder.mkdir(parents=True, exist_ok=True)
    report = CallReport(bot=bot, voice=voice, run_folder=str(run_folder))
    lines = [SpokenLine(line) for line in say] or _sample_call(bot)
    if not lines:
        report.problems.append(f"{bot} has no sample call; give it lines with --say.")
    else:
        printer = _Silent() if as_json else _Printer()
        try:
            await _run(report, lines, run_folder, patience or Patience(), server_command, printer)
        except (ServerFailed, CallFailed, VoiceError) as error:
            report.problems.append(str(error))
    (run_folder / "report.json").write_text(_as_json(report) + "\n", encoding="utf-8")
    if as_json:
        print(_as_json(report))
    else:
        _print_end(report)
    return 0 if report.ok else 1


async def _run(
    report: CallReport,
    lines: Sequence[Any],
    run_folder: Path,
    patience: Patience,
    server_command: Sequence[str],
    printer: "_Silent",
) -> None:
    account_sid, auth_token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
    await speak(lines[0].say, report.voice)  # a voice that is not there is said at once
    record = CallRecord(run_folder / "calls")
    phone = TwilioPhone(auth_token=auth_token, account_sid=account_sid)

    async def act_on(update: CallUpdate) -> None:
        await phone.updated(update)

    async with TwilioRest(account_sid, auth_token, on_update=act_on) as rest:
        env = {
            "TWILIO_ACCOUNT_SID": account_sid,
            "TWILIO_AUTH_TOKEN": auth_token,
            "TWILIO_BASE_URL": rest.url,
            "HANDOFF_NUMBER": _HANDOFF_NUMBER,
            "DATA_DIR": str(run_folder),
            "DRAIN_S": "3",
        }
        log = run_folder / "server.log"
        async with ServerProcess(server_command, env=env, log=log) as server:
            rest.add_call(phone.call_sid)
            async with phone:
                await phone.dial(f"{server.url}/twilio/voice?bot={report.bot}")
                await _converse(report, phone, record, lines, patience, printer)
            rest.end_call(phone.call_sid)
            await _finish(report, phone, record, run_folder, log)


async def _converse(
    report: CallReport,
    phone: TwilioPhone,
    record: CallRecord,
    lines: Sequence[Any],
    patience: Patience,
    printer: "_Silent",
) -> None:
    def keep(turn: Turn) -> None:
        turn_report = _turn_report(turn, record, phone)
        report.turns.append(turn_report)
        printer.turn(turn_report)

    conversation = Conversation(
        phone,
        speak=lambda text: speak(text, report.voice),
        words_since=record.words_since,
        patience=patience,
        on_turn=keep,
    )
    await conversation.run(lines)
    report.problems += conversation.problems


async def _finish(
    report: CallReport, phone: TwilioPhone, record: CallRecord, run_folder: Path, log: Path
) -> None:
    async with asyncio.timeout(_LAST_WORDS_S) as patience:
        try:
            while not record.events("end"):
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            if not patience.expired():
                raise
            report.problems.append(
                "The server has not closed the call's record. Its last log lines:\n"
                + "\n".join(last_lines(log, 5))
            )
            patience.reschedule(None)
    caller, bot = phone.tracks()
    wav = run_folder / "call.wav"
    write_two_track_wav(wav, caller=caller, bot=bot)
    opening = next(iter(record.events("call")), {})
    ending = next(iter(record.events("end")), {})
    report.wav = str(wav)
    report.record = str(record.path) if record.path else None
    report.call_id = opening.get("call_id")
    report.providers = opening.get("providers", {})
    report.end_reason = ending.get("reason")
    report.duration_s = round(phone.playout.played_s, 3)
    report.ended_by = phone.ended_by
    report.forwarded_to = phone.forwarded_to
    report.unplayed_ms = round(phone.playout.unplayed_ms, 1)
    report.longest_dead_air_ms = max(
        (t.dead_air_ms for t in report.turns if t.dead_air_ms is not None), default=None
    )
    if phone.refused_messages:
        report.problems.append(f"Twilio would refuse: {phone.refused_messages[0]}")
    if phone.ended_by != "caller" and _cuts_a_word(phone):
        report.problems.append(
            f"The bot hung up with {phone.playout.unplayed_ms:.0f} ms of its words unplayed."
        )


def _cuts_a_word(phone: TwilioPhone) -> bool:
    return phone.playout.unplayed_ms > 200 and bool(
        (spans := joined(phone.playout.spans(), 300))
        and phone.playout.played_s - spans[-1].end_s < 0.1
    )


def _turn_report(turn: Turn, record: CallRecord, phone: TwilioPhone) -> TurnReport:
    start_s = turn.spoken.start_s if turn.spoken else 0.0
    stages = _stages(record, start_s, phone.now_s) if turn.spoken else None
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


class _Silent:
    """Says nothing while the call runs."""

    def turn(self, turn: TurnReport) -> None:
        pass


class _Printer(_Silent):
    """The conversation as it is heard, with a latency line a turn."""

    def turn(self, turn: TurnReport) -> None:
        if turn.said:
            print(f"caller  {turn.said}", flush=True)
            if turn.heard_as and turn.heard_as.lower() != turn.said.lower():
                print(f"        (heard as: {turn.heard_as})")
        print(f"bot     {turn.answer or '-'}")
        if line := latency_line(turn):
            print(f"        {line}")
        if turn.problem:
            print(f"        NOT AS EXPECTED: {turn.problem}")
        sys.stdout.flush()


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


def _print_end(report: CallReport) -> None:
    print()
    if report.wav:
        who = {"caller": "the caller", "server": "the bot", "rest": "the bot"}
        by = who.get(report.ended_by, "nobody")
        print(f"Call of {report.duration_s:.1f} s, ended by {by} ({report.end_reason}).")
        if report.forwarded_to:
            print(f"The caller was put through to {report.forwarded_to}.")
        print(f"Recording (left: caller, right: bot): {report.wav}")
    print(f"All of it: {report.run_folder}")
    for problem in report.problems:
        print(f"PROBLEM: {problem}", file=sys.stderr)


def _sample_call(bot: str) -> list[Any]:
    return list(importlib.import_module(f"bots.{bot}").bot.sample_call)


def _new_run_folder(bot: str) -> Path:
    return Path("data/rehearsals") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{bot}"


def _as_json(report: CallReport) -> str:
    return json.dumps(report.as_dict(), indent=2, ensure_ascii=False)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
