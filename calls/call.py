"""What a bot is handed: one call, with everything to build its pipeline from."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import DirectFunction
from pipecat.frames.frames import OutputTransportMessageFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from calls.barge_in.hold import Hold
from calls.barge_in.sensitivity import BARGE_IN, BargeIn
from calls.bot import Bot
from calls.channel import Channel
from calls.incidents import Incidents
from calls.record import CallRecord
from calls.redirect import RedirectFailed, redirect_call
from calls.silence import silence_bound
from calls.turn_taking.pauses import PACE, Pace
from calls.turns import turn_taking
from calls.way_out import stand_before_output
from services.choice import Choices
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from services.failover.stt.backed import BackedSTT
from services.failover.tts.backed import BackedTTS
from services.latency import deadline_ms
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
    ) -> None:
        self.id = id
        self.bot = bot
        self.record = record
        self._channel = channel
        self._choices = choices
        self._settings = settings
        self._wishes: dict[Stage, Wish] = {}
        self._tools: dict[str, Sequence[DirectFunction]] = {}
        self._worker: PipelineWorker | None = None
        self._parting = HUNG_UP
        self._incidents = Incidents(record, self.show)
        self.transport = stand_before_output(
            channel.transport, lambda: silence_bound(self, channel.audio_out_hz, settings)
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
        lines = tuple(line.say for line in self.bot.sample_call)
        wish = Wish(
            topics=self.bot.topics,
            sample_lines=lines,
            keyterms=tuple(keyterms),
            telephone=self.channel == "phone",
            cache_dir=self.data_dir / "cache",
        )
        return self._backed("stt", wish, BackedSTT)

    def llm(self, instructions: str, *, tools: Sequence[DirectFunction] = ()) -> LLMService:
        """The language model with its instructions and the functions it may call."""
        wish = Wish(instructions=instructions, topics=self.bot.topics)
        llm = BackedLLM(
            self._build("llm", wish),
            report=self._incidents.report,
            tool_deadline_s=deadline_ms("tool", None, set_ms=self._settings.tool_deadline_ms)
            / 1000,
        )
        self._tools[llm.name] = tools
        return llm

    def tts(self, *, voice: str | Mapping[str, str] | None = None) -> TTSService:
        """Text-to-speech. `voice`: a voice by provider name, or one for the cloud provider."""
        return self._backed("tts", Wish(voice=voice), BackedTTS)

    def turns(
        self, llm: LLMService, *, pace: Pace = PACE, barge_in: BargeIn = BARGE_IN
    ) -> LLMContextAggregatorPair:
        """The conversation's context, and the taking of turns: VAD, end of turn, barge-in.

        `pace`: how long the bot waits for its callers. `barge_in`: how easily they interrupt it.
        """
        context = LLMContext(tools=list(self._tools.get(llm.name, ())))
        return turn_taking(context, self, pace, barge_in)

    @property
    def hold(self) -> Hold:
        """Of the bot's audio at the very end of its way."""
        return self._channel.hold

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

    async def show(self, message: dict[str, Any]) -> None:
        """Send a message to the page. A telephone shows nothing."""
        if self.channel != "phone" and self._worker:
            await self._worker.rtvi.send_server_message(message)

    async def end_after_words(self, reason: str) -> None:
        """End the call once everything that is queued to be said was played."""
        self.record.ending(reason)
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

    async def cut(self, reason: str) -> None:
        """End the call at once, whatever is still to be said."""
        self.record.ending(reason)
        if self._worker and not self._worker.has_finished():
            await self._worker.cancel(reason=reason)

    async def caller_left(self) -> None:
        """The other end is gone, whoever let go."""
        await self.cut(self._parting)

    def runs_in(self, worker: PipelineWorker) -> None:
        """The pipeline of the call is about to run."""
        self._worker = worker

    def described(self) -> dict[str, Any]:
        """For the page and the record: who answers, how, with which providers."""
        return {
            "call_id": self.id,
            "bot": self.bot.name,
            "channel": self.channel,
            "providers": {stage: rows[0].described() for stage, rows in self._choices.items()},
        }

    async def prepare(self) -> None:
        """Build what is slow and shared by all calls of what the bot asked for so far."""
        for stage, wish in self._wishes.items():
            for choice in self._choices[stage]:
                await asyncio.to_thread(choice.prepare, wish)

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
        return [(choice.name, choice.build(wish), choice.health) for choice in self._choices[stage]]

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
