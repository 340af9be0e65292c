"""`switchboard call BOT`: a synthetic caller phones a bot of a real server process."""

import importlib
import json
import pkgutil
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bots
from rehearsal.call_record import CallRecord
from rehearsal.call_report import CallReport, TurnReport, latency_line, turn_report
from rehearsal.caller import DEFAULT_VOICE, VoiceError, speak
from rehearsal.conversation import Conversation, Patience, Turn
from rehearsal.phone import CallFailed, TwilioPhone
from rehearsal.server_process import ServerFailed, ServerProcess, last_lines
from rehearsal.twilio_rest import TwilioRest
from rehearsal.twiml import TwimlError
from rehearsal.two_track_wav import write_two_track_wav

# What the server may still say of a call that has just ended (its record's last line).
_LAST_WORDS_S = 5.0
# Less than this of a word's end is not missed.
_HARDLY_HEARD_MS = 50
# A real number is never dialled: Twilio's REST API is a stand-in here.
_HANDOFF_NUMBER = "+15005550199"


@dataclass(frozen=True)
class SpokenLine:
    """A line given on the command line: nothing is expected of the answer."""

    say: str
    expect: str = ""


async def call(
    bot: str,
    *,
    say: Sequence[str] = (),
    as_json: bool = False,
    out: Path | None = None,
    voice: str = "",
    patience: Patience | None = None,
    server_command: Sequence[str] = (sys.executable, "-m", "scripts.switchboard", "serve"),
) -> int:
    """Phone `bot`, hold its sample call (or `say` these lines), print what was heard.

    `voice`: as in rehearsal.caller.speak, "" for its default. `out`: folder for the WAV, the
    report, the server's log and data; default a new one below data/rehearsals. `as_json`: the
    report on stdout and nothing else there.

    Returns the exit code: 0 if the call came about and every expectation held.
    """
    known = sorted(module.name for module in pkgutil.iter_modules(bots.__path__))
    if bot not in known:
        print(f'There is no bot "{bot}". There are: {", ".join(known) or "none"}.', file=sys.stderr)
        return 1
    run_folder = (out or _new_run_folder(bot)).absolute()
    run_folder.mkdir(parents=True, exist_ok=True)
    report = CallReport(bot=bot, voice=voice or DEFAULT_VOICE, run_folder=str(run_folder))
    lines = [SpokenLine(line) for line in say] or _sample_call(bot)
    if not lines:
        report.problems.append(f"{bot} has no sample call; give it lines with --say.")
    else:
        printer = _Silent() if as_json else _Printer()
        try:
            await _run(report, lines, run_folder, patience or Patience(), server_command, printer)
        except (ServerFailed, CallFailed, TwimlError, VoiceError) as error:
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

    async with TwilioRest(account_sid, auth_token, on_update=phone.updated) as rest:
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
                await _converse(report, phone, record, lines, patience, printer, log)
            rest.end_call(phone.call_sid)
            await _finish(report, phone, record, run_folder, log)


async def _converse(
    report: CallReport,
    phone: TwilioPhone,
    record: CallRecord,
    lines: Sequence[Any],
    patience: Patience,
    printer: "_Silent",
    log: Path,
) -> None:
    def keep(turn: Turn) -> None:
        report.turns.append(turn_report(turn, record, now_s=phone.now_s))
        printer.turn(report.turns[-1])

    conversation = Conversation(
        phone,
        speak=lambda text: speak(text, report.voice),
        words_since=record.words_since,
        patience=patience,
        on_turn=keep,
    )
    await conversation.run(lines)
    report.problems += conversation.problems
    if phone.over and not conversation.turns[0].words:
        report.problems.append(_with_last_lines("The server's last log lines", log))


async def _finish(
    report: CallReport, phone: TwilioPhone, record: CallRecord, run_folder: Path, log: Path
) -> None:
    if not await record.closed(timeout_s=_LAST_WORDS_S):
        report.problems.append(
            _with_last_lines("The server has not closed the call's record. Its last log lines", log)
        )
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
    if phone.ended_by != "caller" and phone.playout.unplayed_ms > _HARDLY_HEARD_MS:
        report.problems.append(
            f"The bot hung up with {phone.playout.unplayed_ms:.0f} ms of its words unplayed."
        )


def _with_last_lines(sentence: str, log: Path) -> str:
    return "\n".join([f"{sentence} ({log}):", *last_lines(log, 8)])


class _Silent:
    """Says nothing while the call runs."""

    def turn(self, turn: TurnReport) -> None:
        pass


class _Printer(_Silent):
    """The conversation as it is heard, with a latency line a turn."""

    def turn(self, turn: TurnReport) -> None:
        if turn.said and turn.said_at_s is None:
            print(f"        (not said: {turn.said})", flush=True)
            return
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
