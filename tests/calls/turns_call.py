"""A call in virtual time: a caller, a scripted detector, model of turns and language model."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, BaseTurnParams, EndOfTurnState
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    FunctionCallInProgressFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import TurnMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_start import BaseUserTurnStartStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from calls.barge_in.callers_turn import CallersTurn
from calls.barge_in.hold import Hold
from calls.barge_in.sensitivity import BARGE_IN, BargeIn
from calls.turn_taking.ahead import Ahead, Outcome, Settled
from calls.turn_taking.budget import Budget
from calls.turn_taking.end_of_turn import EndOfTurn
from calls.turn_taking.listening_user import ListeningUser
from calls.turn_taking.owed import owes_answer
from calls.turn_taking.reopening import Reopening
from calls.turns import last_words_of_bot
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from services.words_now import WordsNowFrame
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.services.failover.scripted_llm import Reply, ScriptedLLM, texts

RATE_HZ = 16_000
FRAME_S = 0.02
VAD_S = 0.2
STT_P99_S = 0.8

QUESTION = "where is my order"
ANSWER = Reply("It left today.", after_s=0.25)


class ScriptedVoice:
    """What the detector of the caller's voice knows."""

    quiet_s = rising_s = 0.0
    present = False


_SILENCE = bytes(2 * round(RATE_HZ * FRAME_S))
_VOICE = b"\x00\x08" * round(RATE_HZ * FRAME_S)
_FAINT_VOICE = b"\x7b\x00" * round(RATE_HZ * FRAME_S)


class ScriptedAnalyzer(BaseTurnAnalyzer):
    """Believes what it is told to, after thinking about it."""

    def __init__(self, probability: float = 0.9, thinks_s: float = 0.05) -> None:
        super().__init__()
        self.probability = probability
        self.thinks_s = thinks_s
        self.asked = self.given_up = 0

    @property
    def speech_triggered(self) -> bool:
        return False

    @property
    def params(self) -> BaseTurnParams:
        return BaseTurnParams()

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        return EndOfTurnState.INCOMPLETE

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, TurnMetricsData]:
        self.asked += 1
        probability = self.probability
        try:
            await asyncio.sleep(self.thinks_s)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        complete = probability > 0.5
        metrics = TurnMetricsData(
            processor="scripted",
            is_complete=complete,
            probability=probability,
            e2e_processing_time_ms=1000 * self.thinks_s,
        )
        return (EndOfTurnState.COMPLETE if complete else EndOfTurnState.INCOMPLETE), metrics

    def clear(self) -> None:
        pass


BOOKED: list[str] = []


async def book(params: FunctionCallParams, day: str) -> None:
    """Book a day.

    Args:
        day: Which.
    """
    BOOKED.append(day)
    await params.result_callback({"day": day})


class TurnsCall:
    """One call. Times are seconds since it began.

    Attributes:
        late_by: How many times as long as it lasts the caller's audio takes to be heard.
    """

    def __init__(
        self,
        rig: Rig,
        user: LLMUserAggregator,
        model: ScriptedLLM,
        analyzer: ScriptedAnalyzer,
        voice: ScriptedVoice,
        settled: list[Settled],
    ) -> None:
        self.rig = rig
        self.user = user
        self.model = model
        self.analyzer = analyzer
        self.settled = settled
        self.ended_speech_s = 0.0
        self.late_by = 1.0
        self._voice = voice
        self._speaking = False
        self._silent_s = 0.0

    # What the caller does

    async def speaks(self, seconds: float) -> None:
        """A voice, which the detector notices a little later."""
        self._voice.quiet_s = self._silent_s = 0.0
        self._voice.present = True
        for sent in _frames(seconds):
            self._voice.rising_s = 0.0 if self._speaking else sent
            if not self._speaking and sent >= VAD_S:
                self._speaking = True
                self._voice.rising_s = 0.0
                await self._send(
                    VADUserStartedSpeakingFrame(start_secs=VAD_S, timestamp=self.now_s)
                )
            await self._audio(_VOICE)
        self.ended_speech_s = self.now_s

    async def is_silent(self, seconds: float) -> None:
        """No voice; audio comes all the same."""
        self._voice.rising_s = 0.0
        self._voice.present = self._speaking
        for _ in _frames(seconds):
            await self._audio(_SILENCE)
            self._silent_s += FRAME_S
            if self._speaking:
                self._voice.quiet_s = self._silent_s
            if self._speaking and self._silent_s >= VAD_S - 1e-6:
                self._speaking = self._voice.present = False
                self._voice.quiet_s = 0.0
                await self._send(VADUserStoppedSpeakingFrame(stop_secs=VAD_S, timestamp=self.now_s))

    async def speaks_faintly(self, seconds: float) -> None:
        """A voice that only the detector still hears."""
        for _ in _frames(seconds):
            await self._audio(_FAINT_VOICE)

    async def is_silent_unnoticed(self, seconds: float) -> None:
        """Silence in which the detector still hears the voice before it."""
        for _ in _frames(seconds):
            await self._audio(_SILENCE)

    async def no_audio_comes(self, seconds: float) -> None:
        """The network is late, or there is nothing to send."""
        await asyncio.sleep(seconds)

    async def _audio(self, audio: bytes) -> None:
        await self._send(InputAudioRawFrame(audio, RATE_HZ, 1))
        await asyncio.sleep(FRAME_S * self.late_by)

    async def _send(self, frame: Any) -> None:
        await self.rig.head.push_frame(frame)

    # What the recogniser makes of it

    async def seems(self, text: str) -> None:
        """Interim words."""
        await self._send(InterimTranscriptionFrame(text, "", ""))

    async def is_understood(self, text: str, *, finalized: bool = True) -> None:
        """Final words."""
        await self._send(TranscriptionFrame(text, "", "", finalized=finalized))

    async def says(self, text: str, *, seconds: float = 1.0, final_after_s: float = 0.35) -> None:
        """A whole turn, with interim words in time and the final ones after speech."""
        await self.speaks(seconds - 0.3)
        await self.seems(text)
        await self.speaks(0.3)
        await self.is_silent(final_after_s)
        await self.is_understood(text)
        await self.is_silent(0.1)

    async def bot_is_heard(self) -> None:
        """The first of the answer's audio plays."""
        await self.rig.up(BotStartedSpeakingFrame())

    async def bot_is_done(self) -> None:
        """The last of it was played."""
        await self.rig.up(BotStoppedSpeakingFrame())

    async def bot_said(self, text: str) -> None:
        """An answer was heard to its end."""
        await self.rig.up(BotStartedSpeakingFrame(), BotStoppedSpeakingFrame())
        self.user.context.add_message({"role": "assistant", "content": text})

    # What came of it

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def answer(self) -> str:
        return texts(self.rig.tail.got)

    @property
    def asked(self) -> list[str]:
        """The caller's last words in each request to the model."""
        last: list[Any] = [context.get_messages()[-1] for context in self.model.asked]
        return [str(message["content"]) for message in last]

    @property
    def written(self) -> list[str]:
        """The caller's messages in the conversation."""
        messages: list[Any] = self.user.context.get_messages()
        return [str(m["content"]) for m in messages if m.get("role") == "user"]

    @property
    def conversation(self) -> list[tuple[str, str]]:
        """All messages with their roles."""
        messages: list[Any] = self.user.context.get_messages()
        return [(str(m["role"]), str(m["content"])) for m in messages]

    @property
    def words_ordered(self) -> int:
        """How often the recogniser was told to make final what it has."""
        return sum(isinstance(frame, WordsNowFrame) for frame in self.rig.head.got)

    @property
    def outcomes(self) -> list[Outcome]:
        return [each.outcome for each in self.settled]

    @property
    def turns_ended(self) -> int:
        return len(self.rig.reached_the_end(UserStoppedSpeakingFrame))

    def after_speech_s(self, kind: type) -> float:
        """When the first frame of a kind reached the end, after the caller's last word."""
        tail = self.rig.tail
        return next(
            round(at_s - self.ended_speech_s, 2)
            for at_s, frame in zip(tail.at_s, tail.got, strict=True)
            if isinstance(frame, kind) and at_s >= self.ended_speech_s
        )

    def order(self, *kinds: type) -> list[str]:
        """The names of the frames of these kinds, as they reached the end."""
        return [type(frame).__name__ for frame in self.rig.tail.got if isinstance(frame, kinds)]


TOLD = (
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    FunctionCallInProgressFrame,
)


def _frames(seconds: float) -> list[float]:
    return [FRAME_S * (n + 1) for n in range(round(seconds / FRAME_S))]


@asynccontextmanager
async def turns_call(
    *replies: Reply,
    analyzer: ScriptedAnalyzer | None = None,
    stt_p99_s: float = STT_P99_S,
    messages: Sequence[Any] = (),
    ahead: bool = True,
    credit: float = 2.0,
    assistant: bool = False,
    then: Sequence[FrameProcessor] = (),
    known_answer: Callable[[LLMContext], str] | None = None,
    hold: Hold | None = None,
    barge_in: BargeIn = BARGE_IN,
    **options: Any,
) -> AsyncIterator[TurnsCall]:
    """A call whose model gives these replies.

    `credit`: how many answers may be asked for in vain. `hold`: of the bot's audio; without one,
    whatever the caller lets hear starts a turn.
    """
    BOOKED.clear()
    settled: list[Settled] = []
    voice = ScriptedVoice()
    analyzer = analyzer or ScriptedAnalyzer()
    context = LLMContext(list(messages), [book])
    reopening = Reopening(context)
    strategy = EndOfTurn(
        turn_analyzer=analyzer,
        voice=voice,
        ahead=Ahead(settled.append, budget=Budget(credit=credit)) if ahead else None,
        reopening=reopening,
        question=lambda: last_words_of_bot(context),
        owes=lambda: owes_answer(context),
        **options,
    )
    start: list[BaseUserTurnStartStrategy] = []
    if hold:
        start.append(CallersTurn(hold=hold, voice=voice, sensitivity=barge_in))
    user = ListeningUser(
        context,
        params=LLMUserAggregatorParams(
            user_turn_strategies=UserTurnStrategies(start=start, stop=[strategy])
        ),
    )
    reopening.of(user)
    model = ScriptedLLM(*(replies or (Reply("Yes of course."),)))
    health = Health(3000, clock=asyncio.get_running_loop().time)
    llm = BackedLLM([("first", model, health)], report=lambda _: None, known_answer=known_answer)
    end = [LLMAssistantAggregator(context)] if assistant else []
    async with probed_pipeline(user, llm, *then, *end) as rig:
        await rig.down(STTMetadataFrame(service_name="stt", ttfs_p99_latency=stt_p99_s))
        yield TurnsCall(rig, user, model, analyzer, voice, settled)


async def asks(call: TurnsCall) -> None:
    """The question, whose words are there before its last sound."""
    await call.speaks(0.7)
    await call.seems(QUESTION)
    await call.speaks(0.3)
