"""What calls cost and how fast they are answered, at one call and at several at once.

    .venv/bin/python -m scripts.bench_calls                   # 1, 4 and 8 calls
    .venv/bin/python -m scripts.bench_calls --n 1,1,1 --bot receptionist --json figures.json

For every number a server process of its own is phoned by so many synthetic callers at once, who
hold the bot's sample call. Times are taken where the telephone plays; the server's CPU and memory
are those of its process alone, while the callers run in this one.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import pkgutil
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import bots
from rehearsal.call_record import CallRecord
from rehearsal.call_report import TurnReport, turn_report
from rehearsal.caller import DEFAULT_VOICE, VoiceError, speak
from rehearsal.conversation import Conversation, ScriptLine, Turn
from rehearsal.mulaw import Pcm
from rehearsal.phone import CallFailed, TwilioPhone
from rehearsal.server_process import ServerFailed, ServerProcess
from rehearsal.twilio_rest import CallUpdate, TwilioRest
from rehearsal.twiml import TwimlError

try:
    import psutil
except ImportError:
    sys.exit("psutil is missing, which reads CPU and memory: run `make test` once, it installs it.")

IDLE_S = 20.0
QUICK_IDLE_S = 5.0
MOST_CALLS = 200
STAGES = (
    "transcript_final_ms",
    "turn_end_ms",
    "first_token_ms",
    "first_speakable_text_ms",
    "first_audio_ms",
    "first_audio_out_ms",
)

_SAMPLED_EVERY_S = 0.2
# A call is given this long for the greeting and for each line before it is cut off.
_LINE_AT_MOST_S = 60.0
_LAST_WORDS_S = 5.0
_HARDLY_HEARD_MS = 50
_MB = 1e6


@dataclass(frozen=True)
class Usage:
    """What the server's process used between two moments, and who else kept the machine busy.

    `rss_*_mb`: resident memory in 10^6 bytes. `callers_cpu_s`: of this process. `others_cores`:
    the processors that everything else on the machine kept busy, on average.
    """

    wall_s: float
    cpu_s: float
    rss_before_mb: float
    rss_peak_mb: float
    callers_cpu_s: float
    others_cores: float


@dataclass
class CallFigures:
    """One call. `duration_s` is how long the line was open."""

    duration_s: float = 0.0
    turns: list[TurnReport] = field(default_factory=list)
    providers: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass
class Round:
    """So many calls at once on one server process."""

    usage: Usage
    calls: list[CallFigures]

    def summary(self) -> dict[str, Any]:
        """The figures of the round; None where there are no turns to measure."""
        answered = [turn for call in self.calls for turn in call.turns if turn.said]
        heard_ms = [turn.voice_to_voice_ms for turn in answered]
        dead_air_ms = [turn.dead_air_ms for call in self.calls for turn in call.turns]
        minutes = sum(call.duration_s for call in self.calls) / 60
        grown_mb = self.usage.rss_peak_mb - self.usage.rss_before_mb
        return {
            "calls": len(self.calls),
            "calls_as_expected": sum(not call.problems for call in self.calls),
            "turns": len(answered),
            "voice_to_voice_p50_ms": percentile(heard_ms, 50),
            "voice_to_voice_p95_ms": percentile(heard_ms, 95),
            "stages_p50_ms": {
                stage: percentile([(turn.stages or {}).get(stage) for turn in answered], 50)
                for stage in STAGES
            },
            "fillers": sum(_began_with_a_filler(turn) for turn in answered),
            "longest_dead_air_ms": max((ms for ms in dead_air_ms if ms is not None), default=None),
            "call_minutes": minutes,
            "cpu_s_per_call_minute": self.usage.cpu_s / minutes if minutes else None,
            "rss_before_mb": self.usage.rss_before_mb,
            "rss_peak_mb": self.usage.rss_peak_mb,
            "mb_per_call": grown_mb / len(self.calls),
            "callers_cpu_s": self.usage.callers_cpu_s,
            "others_cores": self.usage.others_cores,
        }


def percentile(values: Iterable[float | None], percent: float) -> float | None:
    """By linear interpolation between the nearest two; None is no value, and the answer to none."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    place = (len(known) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(known) - 1)
    return known[below] + (known[above] - known[below]) * (place - below)


def _began_with_a_filler(turn: TurnReport) -> bool:
    stages = turn.stages or {}
    filler_ms, answer_ms = stages.get("filler_audio_out_ms"), stages.get("first_audio_out_ms")
    return filler_ms is not None and (answer_ms is None or filler_ms < answer_ms)


class Meter:
    """Watches one process; `usage()` tells what happened since the meter was made."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._own = psutil.Process()
        self._began_s = time.monotonic()
        self._before = self._cpu_s()
        self._rss_before = self._rss_peak = self._server.memory_info().rss

    async def watch(self) -> None:
        """Look at the memory until cancelled."""
        while True:
            self._rss_peak = max(self._rss_peak, self._server.memory_info().rss)
            await asyncio.sleep(_SAMPLED_EVERY_S)

    def usage(self) -> Usage:
        wall_s = time.monotonic() - self._began_s
        server_s, own_s, machine_s = (
            after - before for after, before in zip(self._cpu_s(), self._before, strict=True)
        )
        return Usage(
            wall_s=wall_s,
            cpu_s=server_s,
            rss_before_mb=self._rss_before / _MB,
            rss_peak_mb=self._rss_peak / _MB,
            callers_cpu_s=own_s,
            others_cores=max(0.0, machine_s - server_s - own_s) / wall_s,
        )

    def _cpu_s(self) -> tuple[float, float, float]:
        server, own, machine = self._server.cpu_times(), self._own.cpu_times(), psutil.cpu_times()
        busy_s = machine.user + machine.system + getattr(machine, "nice", 0.0)
        return server.user + server.system, own.user + own.system, busy_s


@contextlib.asynccontextmanager
async def metered(pid: int) -> AsyncIterator[Meter]:
    meter = Meter(pid)
    watching = asyncio.create_task(meter.watch())
    try:
        yield meter
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


class _RecordOf(CallRecord):
    """The record of one call among several of one server, which names it after the call."""

    def __init__(self, folder: Path, call_sid: str) -> None:
        super().__init__(folder)
        self._own_path = folder / f"{call_sid}.jsonl"

    @property
    def path(self) -> Path | None:
        return self._own_path if self._own_path.exists() else None


@dataclass(frozen=True)
class Script:
    """What every caller says: the lines, and how they sound."""

    bot: str
    lines: Sequence[ScriptLine]
    speech: Mapping[str, Pcm]

    @classmethod
    async def of(cls, bot: str, voice: str, *, lines_at_most: int | None) -> "Script":
        """The bot's sample call in that voice. Raises VoiceError."""
        lines = importlib.import_module(f"bots.{bot}").bot.sample_call[:lines_at_most]
        # Spoken once and beforehand: the callers must not take the server's processor time.
        return cls(bot, lines, {line.say: await speak(line.say, voice) for line in lines})

    async def speak(self, text: str) -> Pcm:
        return self.speech[text]


class House:
    """A server process of its own with a stand-in of Twilio, for as long as a context lasts."""

    def __init__(self, folder: Path, *, max_calls: int) -> None:
        self.folder = folder
        self.account_sid = "AC" + secrets.token_hex(16)
        self.auth_token = secrets.token_hex(16)
        self.phones: dict[str, TwilioPhone] = {}
        self._max_calls = max_calls
        self._exit = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "House":
        self.rest = await self._exit.enter_async_context(
            TwilioRest(self.account_sid, self.auth_token, on_update=self._updated)
        )
        env = {
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
            "TWILIO_BASE_URL": self.rest.url,
            "DATA_DIR": str(self.folder),
            "MAX_CALLS": str(self._max_calls),
            "DRAIN_S": "3",
        }
        command = (sys.executable, "-m", "scripts.switchboard", "serve")
        self.server = await self._exit.enter_async_context(
            ServerProcess(command, env=env, log=self.folder / "server.log")
        )
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._exit.aclose()

    async def hold_call(self, script: Script) -> CallFigures:
        """Phone the bot and speak the script. What goes wrong is in the figures' problems."""
        figures = CallFigures()
        phone = TwilioPhone(auth_token=self.auth_token, account_sid=self.account_sid)
        self.phones[phone.call_sid] = phone
        self.rest.add_call(phone.call_sid)
        record = _RecordOf(self.folder / "calls", phone.call_sid)
        at_most_s = _LINE_AT_MOST_S * (len(script.lines) + 1)
        try:
            async with asyncio.timeout(at_most_s), phone:
                await phone.dial(f"{self.server.url}/twilio/voice?bot={script.bot}")
                await self._converse(figures, phone, record, script)
        except TimeoutError:
            figures.problems.append(f"The call was cut off after {at_most_s:g} s.")
        except (CallFailed, TwimlError) as error:
            figures.problems.append(str(error))
            return figures
        await _finish(figures, phone, record)
        return figures

    async def _converse(
        self, figures: CallFigures, phone: TwilioPhone, record: CallRecord, script: Script
    ) -> None:
        def keep(turn: Turn) -> None:
            figures.turns.append(turn_report(turn, record, now_s=phone.now_s))

        conversation = Conversation(
            phone, speak=script.speak, words_since=record.words_since, on_turn=keep
        )
        await conversation.run(script.lines)
        figures.problems += conversation.problems

    async def _updated(self, update: CallUpdate) -> None:
        await self.phones[update.call_sid].updated(update)


async def _finish(figures: CallFigures, phone: TwilioPhone, record: CallRecord) -> None:
    if not await record.closed(timeout_s=_LAST_WORDS_S):
        figures.problems.append("The server has not closed the call's record.")
    figures.duration_s = phone.playout.played_s
    figures.providers = next(iter(record.events("call")), {}).get("providers", {})
    if phone.refused_messages:
        figures.problems.append(f"Twilio would refuse: {phone.refused_messages[0]}")
    if phone.ended_by != "caller" and phone.playout.unplayed_ms > _HARDLY_HEARD_MS:
        figures.problems.append(
            f"The bot hung up with {phone.playout.unplayed_ms:.0f} ms of its words unplayed."
        )


async def measure_idle(folder: Path, seconds: float) -> Usage:
    """A server that nobody calls."""
    async with House(folder, max_calls=1) as house, metered(house.server.pid) as meter:
        await asyncio.sleep(seconds)
        return meter.usage()


async def measure_calls(folder: Path, count: int, script: Script) -> Round:
    """`count` calls that are dialled at the same moment."""
    async with House(folder, max_calls=count) as house, metered(house.server.pid) as meter:
        calls = await asyncio.gather(*(house.hold_call(script) for _ in range(count)))
        return Round(meter.usage(), list(calls))


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Everything, idle server first; progress goes to stderr.

    Raises:
        VoiceError, ServerFailed: nothing could be measured; the message says why.
    """
    script = await Script.of(args.bot, args.voice, lines_at_most=2 if args.quick else None)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        say(f"An idle server for {QUICK_IDLE_S if args.quick else IDLE_S:g} s …")
        idle = await measure_idle(Path(folder, "idle"), QUICK_IDLE_S if args.quick else IDLE_S)
        rounds: list[Round] = []
        for place, count in enumerate(args.n):
            say(f"{count} call{'s' if count > 1 else ''} at once …")
            rounds.append(await measure_calls(Path(folder, str(place)), count, script))
    return report(args.bot, args.voice, idle, rounds, load_before=load_before)


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def report(
    bot: str, voice: str, idle: Usage, rounds: Sequence[Round], *, load_before: float
) -> dict[str, Any]:
    """All figures, for machines."""
    providers = next((c.providers for r in rounds for c in r.calls if c.providers), {})
    return {
        "bot": bot,
        "voice": voice,
        "providers": {stage: provider["title"] for stage, provider in providers.items()},
        "machine": {"processors": os.cpu_count(), "load_average_before": load_before},
        "idle": {"cpu_s_per_minute": idle.cpu_s / idle.wall_s * 60, **asdict(idle)},
        "rounds": [
            {
                **entry.summary(),
                "wall_s": entry.usage.wall_s,
                "held": [asdict(c) for c in entry.calls],
            }
            for entry in rounds
        ],
    }


def as_markdown(figures: Mapping[str, Any]) -> str:
    """The report as tables for people."""
    machine, idle, rounds = figures["machine"], figures["idle"], figures["rounds"]
    parts = [
        f"Bot `{figures['bot']}`, caller `{figures['voice']}`, "
        f"{machine['processors']} processors, load average {machine['load_average_before']:.1f} "
        f"before. Providers: {', '.join(figures['providers'].values()) or 'not known'}.",
        _table(
            [
                "",
                "idle",
                *(f"{r['calls']} at once" if r["calls"] > 1 else "1 call" for r in rounds),
            ],
            _rows(idle, rounds),
        ),
    ]
    alone = next((r for r in rounds if r["calls"] == 1), None)
    if alone:
        parts += ["The turns of one call, in ms after the end of the caller's words:"]
        parts += [_table(["caller", "voice to voice", *map(_titled, STAGES)], _turn_rows(alone))]
    problems = {p for r in rounds for call in r["held"] for p in call["problems"]}
    parts += [f"NOT AS EXPECTED: {problem}" for problem in sorted(problems)]
    return "\n\n".join(parts)


def _rows(idle: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    def row(name: str, of_idle: str, key: str, digits: int = 0) -> list[str]:
        return [name, of_idle, *(_number(r[key], digits) for r in rounds)]

    met = [f"{r['calls_as_expected']} of {r['calls']}" for r in rounds]
    stages = [
        [f"{_titled(s)}, median ms", "", *(_number(r["stages_p50_ms"][s]) for r in rounds)]
        for s in STAGES
    ]
    idle_cpu = f"{idle['cpu_s_per_minute']:.2f} per minute"
    return [
        ["calls as expected", "", *met],
        row("turns", "", "turns"),
        row("voice to voice p50, ms", "", "voice_to_voice_p50_ms"),
        row("voice to voice p95, ms", "", "voice_to_voice_p95_ms"),
        *stages,
        row("turns that began with a filler", "", "fillers"),
        row("longest dead air, ms", "", "longest_dead_air_ms"),
        row("server CPU s per call-minute", idle_cpu, "cpu_s_per_call_minute", 2),
        row("server memory before, MB", _number(idle["rss_before_mb"]), "rss_before_mb"),
        row("server memory peak, MB", _number(idle["rss_peak_mb"]), "rss_peak_mb"),
        row("memory per call, MB", "", "mb_per_call", 1),
        row(
            "everything else on the machine, cores",
            _number(idle["others_cores"], 2),
            "others_cores",
            2,
        ),
    ]


def _turn_rows(alone: Mapping[str, Any]) -> list[list[str]]:
    turns = [t for call in alone["held"] for t in call["turns"] if t["said"]]
    return [
        [
            t["said"],
            _number(t["voice_to_voice_ms"]),
            *(_number((t["stages"] or {}).get(stage)) for stage in STAGES),
        ]
        for t in turns
    ]


def _titled(stage: str) -> str:
    return stage.removesuffix("_ms").replace("_", " ")


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def counts(text: str) -> tuple[int, ...]:
    """ "1,4,8" as numbers. Raises argparse.ArgumentTypeError with a sentence."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = (0,)
    if not all(1 <= number <= MOST_CALLS for number in numbers):
        raise argparse.ArgumentTypeError(
            f'"{text}" should be numbers of calls from 1 to {MOST_CALLS}, as in 1,4,8.'
        )
    return numbers


def bot_name(text: str) -> str:
    """A bot that has a sample call. Raises argparse.ArgumentTypeError with a sentence."""
    known = sorted(module.name for module in pkgutil.iter_modules(bots.__path__))
    if text not in known:
        there_are = ", ".join(known) or "none"
        raise argparse.ArgumentTypeError(f'There is no bot "{text}". There are: {there_are}.')
    if not importlib.import_module(f"bots.{text}").bot.sample_call:
        raise argparse.ArgumentTypeError(f"{text} has no sample call to speak.")
    return text


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_calls", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=counts, default=(1, 4, 8), help="calls at once, as in 1,4,8")
    parser.add_argument("--bot", type=bot_name, default="order_support")
    parser.add_argument("--voice", default=DEFAULT_VOICE, help="as for `switchboard call`")
    parser.add_argument("--quick", action="store_true", help="two lines a call, a shorter idle")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here too")
    return parser.parse_args(given)


def main() -> int:
    """0 when every call met its expectations."""
    args = arguments()
    # Told to end, it ends its servers as well, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        figures = asyncio.run(measure(args))
    except (VoiceError, ServerFailed) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("Stopped; nothing is left running.")
        return 130
    print(as_markdown(figures))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    return 0 if all(r["calls_as_expected"] == r["calls"] for r in figures["rounds"]) else 1


if __name__ == "__main__":
    sys.exit(main())
