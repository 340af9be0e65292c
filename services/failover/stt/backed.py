"""Speech-to-text with others behind it: what the caller said becomes text, once."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from math import inf
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    SpeechControlParamsFrame,
    StartFrame,
    STTMetadataFrame,
    STTMuteFrame,
    STTUpdateSettingsFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService

from services.at_once import HearsAtOnce
from services.failover.branch import Branch
from services.failover.health import Clock, Health
from services.failover.incident import Report
from services.failover.stt.caller_audio import CallerAudio
from services.failover.stt.candidate import Candidate
from services.failover.stt.settings import for_candidate
from services.failover.stt.succession import Succession
from services.failover.stt.utterance import Stretch
from services.words_now import WordsNowFrame

Words = TranscriptionFrame | InterimTranscriptionFrame

# The turn waits so long for words that are not marked as the last ones: with 3 s of silence as
# the bound, more than this leaves no time to answer.
_LONGEST_WAIT_FOR_WORDS_S = 1.5
_LEAD_IN_S = 0.5
# A clock may be a little behind a timer.
_TICK_S = 0.001

# Everybody is told; each passes it on, and what it passes on is not its own.
_FOR_ALL = (
    StartFrame,
    EndFrame,
    CancelFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    SpeechControlParamsFrame,
    STTMuteFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
_NOT_ITS_OWN = (
    *_FOR_ALL,
    InputAudioRawFrame,
    STTMetadataFrame,
    STTUpdateSettingsFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)


class BackedSTT(HearsAtOnce, STTService):
    """Stands in a pipeline where a speech-to-text service stands, and has others behind it.

    The first that can be relied on hears the caller. When it owes words past its deadline, or
    fails, the next hears the same utterance from its beginning, out of what was kept; whoever
    has all words first speaks, and the others are not listened to. Words reach the pipeline when
    the caller stops: until then, what a recogniser stands by comes as interim words, so that they
    can still be another's. Who failed is tried again beside the one that serves, and serves again
    between two utterances.

    It needs the VAD's frames. Without them, what the first one says passes as it comes.

    Parameters:
        providers: Name, service and health, in the order of preference.
        report: Told of every failure.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        providers: Sequence[tuple[str, STTService, Health]],
        *,
        report: Report,
        clock: Clock = time.monotonic,
        **kwargs: Any,
    ) -> None:
        super().__init__(settings=STTSettings(model=None, language=None), **kwargs)
        self._clock = clock
        self._audio = CallerAudio()
        for _, service, _ in providers:
            # Here its owner passes on what the caller said.
            service._audio_passthrough = False
        self._candidates = [
            Candidate(Branch(name, service, health, self._heard), clock)
            for name, service, health in providers
        ]
        self._succession = Succession(
            self._candidates, self._audio, self, report=report, clock=clock
        )
        self._alarm: asyncio.TimerHandle | None = None
        self._checks: set[asyncio.Task[None]] = set()
        # What comes while words are passed on must not get between them.
        self._one_at_a_time = asyncio.Lock()
        self._started = False
        self._gone = False

    @property
    def inner(self) -> tuple[STTService, ...]:
        """The services in the order of preference."""
        return tuple(candidate.service for candidate in self._candidates)

    @property
    def leading(self) -> str:
        """The provider whose words are passed on at present."""
        return self._succession.lead.name

    def service_metadata_frame(self) -> STTMetadataFrame:
        """How long the turn is to wait for more words of the one that leads.

        A backup's words may come later than that. They need no longer wait, which every turn
        would pay for: Pipecat's turn goes on waiting when it has no words at all, and a backup's
        are marked as the last ones.
        """
        wait_s = min(self._succession.lead.finals_within_s, _LONGEST_WAIT_FOR_WORDS_S)
        return STTMetadataFrame(service_name=self.name, ttfs_p99_latency=wait_s)

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        for candidate in self._candidates:
            await candidate.branch.setup(self, setup)

    async def cleanup(self) -> None:
        self._leave()
        await super().cleanup()
        for check in list(self._checks):
            await self.cancel_task(check)
        await asyncio.gather(*(each.branch.cleanup(self) for each in self._candidates))

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Never called: others hear."""
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        match frame:
            case STTUpdateSettingsFrame():
                await self._hand_on_settings(frame, direction)
                return
            case BotStartedSpeakingFrame() | BotStoppedSpeakingFrame():
                self._succession.may_be_interrupted = isinstance(frame, BotStartedSpeakingFrame)
            case UserStartedSpeakingFrame():
                self._succession.turn_began()
            case WordsNowFrame():
                async with self._one_at_a_time:
                    await self._succession.finalise_early()
                return
            case StartFrame():
                self._succession.choose()
                self._started = True
            case EndFrame():
                async with self._one_at_a_time:
                    await self._succession.say_what_is_known()
                self._leave()
            case CancelFrame():
                self._leave()
            case VADUserStartedSpeakingFrame():
                async with self._one_at_a_time:
                    await self._speech_began(frame)
            case VADUserStoppedSpeakingFrame():
                async with self._one_at_a_time:
                    await self._speech_ended(frame)
        if isinstance(frame, _FOR_ALL):
            for candidate in self._candidates:
                await candidate.branch.give(frame)
        await super().process_frame(frame, direction)

    async def process_audio_frame(
        self, frame: InputAudioRawFrame, direction: FrameDirection
    ) -> None:
        """Keep what the caller says, and let those hear it whose turn it is."""
        if not self._muted:
            async with self._one_at_a_time:
                await self._hear(frame)

    # What the caller does

    async def _hear(self, frame: Frame) -> None:
        self._audio.add(frame)
        await self._succession.hear()

    async def _speech_began(self, frame: VADUserStartedSpeakingFrame) -> None:
        if self._muted:
            return
        start = self._audio.back(frame.start_secs + _LEAD_IN_S)
        stretch = Stretch(start, self._clock(), self._audio.heard_s, frame.start_secs)
        await self._succession.began(stretch)
        await self._hear(frame)
        self._check_later()

    async def _speech_ended(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._succession.ended(frame)
        if not self._muted:
            await self._hear(frame)
        await self._check()

    # What the recognisers do

    async def _heard(self, branch: Branch, frame: Frame, direction: FrameDirection) -> None:
        if self._gone:
            return
        candidate = next(each for each in self._candidates if each.branch is branch)
        async with self._one_at_a_time:
            match frame:
                case ErrorFrame():
                    logger.warning(f"{candidate.name}: {frame.error}")
                    await self._succession.refused(candidate)
                case TranscriptionFrame() | InterimTranscriptionFrame():
                    await self._succession.said(candidate, frame)
                case _ if candidate is self._succession.lead and not isinstance(
                    frame, _NOT_ITS_OWN
                ):
                    await self.push_frame(frame, direction)
            self._check_later()

    async def lead_changed(self) -> None:
        """Another hears the caller: the turn is told how long that one takes."""
        if self._started:
            await self.broadcast_service_metadata()

    async def _check(self) -> None:
        if not self._gone:
            await self._succession.check()
            self._check_later()

    def _check_later(self) -> None:
        """Look again when something is due."""
        if self._alarm:
            self._alarm.cancel()
        self._alarm = None
        at_s = self._succession.next_check_at_s()
        if at_s < inf and not self._gone:
            in_s = max(_TICK_S, at_s - self._clock())
            self._alarm = self.get_event_loop().call_later(in_s, self._begin_check)

    def _begin_check(self) -> None:
        async def check_alone() -> None:
            async with self._one_at_a_time:
                await self._check()

        check = self.create_task(check_alone(), f"{self}::check")
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)

    async def _hand_on_settings(
        self, frame: STTUpdateSettingsFrame, direction: FrameDirection
    ) -> None:
        """They are written for the first; of the rest each takes what it knows."""
        if frame.service is not None and frame.service not in (self, *self.inner):
            await self.push_frame(frame, direction)
            return
        one_of_them = frame.service in self.inner
        for candidate in self._candidates:
            first = candidate is self._candidates[0]
            own = for_candidate(frame, candidate.service, first=first, one_of_them=one_of_them)
            if own:
                await candidate.branch.give(own)

    def _leave(self) -> None:
        """The call is over: nothing is owed any more."""
        self._gone = True
        if self._alarm:
            self._alarm.cancel()
        self._succession.leave()
