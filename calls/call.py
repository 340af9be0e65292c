"""What a bot is handed: one call, with everything to build its pipeline from."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import DirectFunction
from pipecat.frames.frames import Frame, OutputTransportMessageFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from calls.barge_in.hold import Hold
from calls.barge_in.holding import Holding
from calls.barge_in.sensitivity import BARGE_IN, BargeIn
from calls.bot import Bot
from calls.callers.memory import memory_of
from calls.callers.remembering import remembering
from calls.channel import Channel
from calls.faq import FaqBook
from calls.heard.following import Following
from calls.incidents import Incidents
from calls.record import CallRecord
from calls.record_events import RecordEvents, prices_of
from calls.recording.of_call import follower_of, recording_of_call
from calls.recording.tap import Tap
from calls.records.outcome import EndedBy
from calls.records.rows import Outcome
from calls.records.schema import ms_of
from calls.redaction import Policy, Redactor
from calls.redirect import RedirectFailed, redirect_call
from calls.said_in_advance import IN_ADVANCE, Part
from calls.silence import silence_bound
from calls.turn_taking.pauses import PACE, Pace
from calls.turns import turn_taking
from calls.version import version_of
from calls.way_out import stand_before_output
from calls.window.summary import summariser
from calls.window.window import Window
from services.choice import Choices
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from services.failover.stt.backed import BackedSTT
from services.failover.tts.backed import BackedTTS
from services.latency import deadline_ms
from services.phrases.repertoire import Repertoire
from services.provider import Stage, Wish
from settings import Settings

# A mark comes back when the phone has played what was sent before it, which is little:
# audio is sent as it is played.
_MARK_AT_MOST_S = 5.0

HUNG_UP = "the caller hung up"


class Call:
    """One call, as the bot and its tools see it.

    Parameters:
        id: Names the call in logs, on the page and in the record.
        bot: The bot that answers.
        channel: Where the call came in.
        choices: The providers of every stage.
        settings: The process's settings.
        record: What remains of the call.
        redactor: What its words go through before they are kept; its recording as well.
        repertoire: What the bot often says, where that is kept.
    """

    def __init__(
        self,
        id: str,
        *,
        bot: Bot,
        channel: Channel,
        choices: Choices,
        settings: Settings,
        record: CallRecord,
        redactor: Redactor | None = None,
        repertoire: Repertoire | None = None,
    ) -> None:
        self.id = id
        self.bot = bot
        self.record = record
        self.events = RecordEvents(record, prices_of(settings.prices_file))
        self._channel = channel
        self._choices = choices
        self._settings = settings
        self._repertoire = repertoire
        self._wishes: dict[Stage, Wish] = {}
        self._leads: dict[Stage, tuple[str, Any]] = {}
        self._tools: dict[str, Sequence[DirectFunction]] = {}
        self._worker: PipelineWorker | None = None
        self._parting = HUNG_UP
        self._window: Window | None = None
        self._policy: Policy = redactor.policy if redactor else "everything"
        self._caller_known = remembering(self, settings, redactor)
        self._notes_of_caller = ""
        self._recording = recording_of_call(self, channel, settings, redactor)
        self._incidents = Incidents(record, self.show, self._push)
        self.transport = stand_before_output(
            channel.transport,
            lambda: (
                silence_bound(self, channel.audio_out_hz, settings),
                Following(channel.marks, channel.stream_sid),
                Holding(channel.hold),
            ),
            follow=follower_of(self._recording, channel),
            shows=channel.shows,
        )

    @property
    def phrases(self) -> Mapping[str, Sequence[str]]:
        """The bot's filler phrases by tool name."""
        return self.bot.phrases

    @property
    def quiet_caller_s(self) -> float:
        """How long a caller may say nothing before being asked."""
        return self._settings.quiet_caller_s

    def stt(self, *, keyterms: Sequence[str] = ()) -> STTService:
        """Speech-to-text. `keyterms` are words it must not miss."""
        consent = self.bot.records_audio
        lines = tuple(line.say for line in self.bot.sample_call)
        wish = Wish(
            topics=self.bot.topics,
            sample_lines=lines + (consent.sample_answers if consent else ()),
            keyterms=tuple(keyterms),
            telephone=self.channel == "phone",
            cache_dir=self.data_dir / "cache",
        )
        return self._backed("stt", wish, BackedSTT)

    def llm(self, instructions: str, *, tools: Sequence[DirectFunction] = ()) -> LLMService:
        """The language model with its instructions and the functions it may call."""
        wish = Wish(instructions + self._notes_of_caller, topics=self.bot.topics)
        llm = BackedLLM(
            self._build("llm", wish),
            report=self._incidents.report,
            tool_deadline_s=deadline_ms("tool", None, set_ms=self._settings.tool_deadline_ms)
            / 1000,
            known_answer=FaqBook(self.bot.faq).answer_in,
        )
        self._tools[llm.name] = tools
        self.events.follows_model(llm)
        return llm

    def tts(self, *, voice: str | Mapping[str, str] | None = None) -> TTSService:
        """Text-to-speech. `voice`: a voice by provider name, or one for the cloud provider."""
        backed = partial(BackedTTS, repertoire=self._repertoire)
        return self._backed("tts", Wish(voice=voice), backed)

    def turns(
        self, llm: LLMService, *, pace: Pace = PACE, barge_in: BargeIn = BARGE_IN
    ) -> LLMContextAggregatorPair:
        """The conversation's context, and the taking of turns: VAD, end of turn, barge-in.

        `pace`: how long the bot waits for its callers. `barge_in`: how easily they interrupt it.
        """
        self._window = Window(
            tools=list(self._tools.get(llm.name, ())),
            limit=self._settings.context_tokens,
            summarise=summariser(llm),
            note=self.record.note,
        )
        pair = turn_taking(self._window, self, pace, barge_in)
        if self._recording:
            self._recording.listen_to(pair.user())
        return pair

    @property
    def hold(self) -> Hold:
        """Of the bot's audio at the very end of its way."""
        return self._channel.hold

    @property
    def tap(self) -> Tap:
        """Of the audio that comes in and really goes out."""
        return self._channel.tap

    # What follows is for tools: they reach the call through `params.app_resources`.

    @property
    def channel(self) -> str:
        """ "web", "daily", "phone" or "eval"."""
        return self._channel.name

    @property
    def caller(self) -> str:
        """The caller's number, "" where there is none."""
        return self._channel.caller

    @property
    def data_dir(self) -> Path:
        """An existing folder for what outlives the call."""
        return self._settings.data_dir

    @property
    def handoff_number(self) -> str:
        """Where a person answers (E.164), "" when no number is set."""
        return self._settings.handoff_number or ""

    @property
    def recording_notice(self) -> str:
        """What the caller is told before anything else; "" when the call is not recorded."""
        return self._recording.sentence if self._recording else ""

    def stop_recording(self) -> None:
        """The caller does not want to be recorded: what was recorded is erased."""
        if self._recording:
            self._recording.refuse()

    async def show(self, message: dict[str, Any]) -> None:
        """Send a message to the page. A telephone shows nothing."""
        if self._channel.shows and self._worker:
            await self._worker.rtvi.send_server_message(message)

    def set_outcome(self, outcome: Outcome, why: str = "") -> None:
        """How the call came out; the last word counts. Where no tool says it, rules judge.

        Raises:
            ValueError: there is no such outcome.
        """
        self.events.set_outcome(outcome, why)

    def could_not_help(self, request: str = "") -> None:
        """The bot turned a request down; "" is what the caller said last."""
        self.events.could_not_help(request)

    def rated(self, score: int, by: str) -> None:
        """The caller rated the call, from 1 (bad) to 5; `by` is "key" or "word"."""
        self.record.note("csat", score=score, by=by)

    async def end_after_words(self, reason: str, by: EndedBy = "bot") -> None:
        """End the call once everything that is queued to be said was played."""
        self.record.ending(reason, by)
        await self.show({"type": "call-ended", "reason": reason})
        if self._worker:
            await self._worker.stop_when_done()

    async def redirect(self, number: str) -> None:
        """Hand the phone call to `number` once everything queued to be said was played.

        Raises:
            RedirectFailed: when the call stays here. The message says why.
        """
        if self.channel != "phone":
            raise RedirectFailed("Only a phone call can be redirected.")
        await self._played()
        # Twilio ends the stream before it answers, so the reason must be known by then.
        self._parting = f"handed over to {number}"
        try:
            await redirect_call(self._settings, self._channel.call_sid, number)
        except RedirectFailed:
            self._parting = HUNG_UP
            raise

    async def cut(self, reason: str, by: EndedBy = "bot") -> None:
        """End the call at once, whatever is still to be said."""
        self.record.ending(reason, by)
        if self._worker and not self._worker.has_finished():
            await self._worker.cancel(reason=reason)

    async def caller_left(self) -> None:
        """The other end is gone, whoever let go."""
        await self.cut(self._parting, "caller" if self._parting == HUNG_UP else "bot")

    def runs_in(self, worker: PipelineWorker) -> None:
        """The pipeline of the call is about to run."""
        self._worker = worker

    async def recall_caller(self) -> None:
        """Find what the bot remembers of the caller; before its pipeline is built."""
        if self._caller_known:
            self._notes_of_caller = await self._caller_known.section()

    async def over(self) -> None:
        """The pipeline has ended: keep what is to be remembered of the caller."""
        if self._recording:
            await self._recording.over()
        if self._window:
            self._window.over()
            if self._caller_known:
                models = self._choices["llm"]
                memory = await memory_of(self._window, models, self._policy)
                await self._caller_known.keep(memory)

    def described(self) -> dict[str, Any]:
        """For the page and the record: who answers, how, with which providers."""
        return {
            "call_id": self.id,
            "bot": self.bot.name,
            "channel": self.channel,
            "providers": {stage: rows[0].described() for stage, rows in self._choices.items()},
        }

    def opening(self, started: datetime) -> dict[str, Any]:
        """For the record alone: who called which version of the bot, and when (ms since 1970)."""
        return {
            "direction": "inbound",
            "caller": self.caller,
            "bot_version": version_of(self.bot.build),
            "started_ms": ms_of(started),
            "answered_ms": ms_of(datetime.now(UTC)),
        }

    async def prepare(self) -> None:
        """Build what is slow and shared by all calls of what the bot asked for so far."""
        for stage, wish in self._wishes.items():
            for choice in self._choices[stage]:
                await asyncio.to_thread(choice.prepare, wish)

    def say_in_advance(self) -> None:
        """Have what the bot often says spoken in the background, for this call and the next."""
        wish, voice = self._wishes.get("tts"), self._choices["tts"][0]
        if self._repertoire and wish and not voice.provider.stand_in:
            rate_hz = self._channel.audio_out_hz
            IN_ADVANCE.begin(Part(self.bot.name, voice, wish, self._repertoire, rate_hz))

    def in_own_voice(self, text: str) -> bytes | None:
        """The audio of a text as the bot's own voice once said it, None if that is not there."""
        if self._repertoire is None or "tts" not in self._leads:
            return None
        name, service = self._leads["tts"]
        found = self._repertoire.find(name, service, self._channel.audio_out_hz, text)
        return found.audio if found else None

    @property
    def _tool_deadline_s(self) -> float:
        return deadline_ms("tool", None, set_ms=self._settings.tool_deadline_ms) / 1000

    def _backed(self, stage: Stage, wish: Wish, backed: Callable[..., Any]) -> Any:
        providers = self._build(stage, wish)
        if len(providers) == 1 and self._choices[stage][0].provider.stand_in:
            # It runs in this process: there is no connection to lose and nobody to ask instead.
            return providers[0][1]
        return backed(providers, report=self._incidents.report)

    def _build(self, stage: Stage, wish: Wish) -> list[tuple[str, Any, Health]]:
        self._wishes[stage] = wish
        built = [
            (choice.name, choice.build(wish), choice.health) for choice in self._choices[stage]
        ]
        for choice, (_, service, _) in zip(self._choices[stage], built, strict=True):
            self.events.counts(stage, choice, service)
        self._leads[stage] = built[0][:2]
        return built

    async def _push(self, frame: Frame) -> None:
        if self._worker and not self._worker.has_finished():
            await self._worker.queue_frame(frame)

    async def _played(self) -> None:
        if not self._worker:
            return
        await self._worker.flush_pipeline()
        marks = self._channel.marks
        if marks is None:
            return
        name = marks.new()
        mark = {"event": "mark", "streamSid": self._channel.stream_sid, "mark": {"name": name}}
        await self._worker.queue_frame(OutputTransportMessageFrame(message=mark))
        if not await marks.wait(name, at_most_s=_MARK_AT_MOST_S):
            logger.warning(f"The phone did not say within {_MARK_AT_MOST_S} s that it had played.")
