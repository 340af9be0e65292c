"""Speech-to-text with others behind it: what the caller said becomes text, once."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
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
from pipecat.utils.time import time_now_iso8601

from services.failover.branch import Branch
from services.failover.caller_audio import CallerAudio
from services.failover.health import Clock, Health
from services.failover.incident import Failure, Incident, Report
from services.failover.stt_candidate import Candidate, by_trust
from services.failover.stt_hearing import Hearing
from services.failover.stt_settings import for_candidate
from services.failover.stt_utterance import Stretch, Utterance

Words = TranscriptionFrame | InterimTranscriptionFrame

# The turn waits so long for words that are not marked as the last ones: with 3 s of silence as
# the bound, more than this leaves no time to answer.
_LONGEST_WAIT_FOR_WORDS_S = 1.5
_LEAD_IN_S = 0.5
# So much speech has words; when nobody heard any so many times in a row, nobody hears.
_SURELY_WORDS_S = 1.0
_WORDLESS_AT_MOST = 2

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


class BackedSTT(STTService):
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
        self._report = report
        self._clock = clock
        self._audio = CallerAudio()
        self._candidates = [
            Candidate(Branch(name, service, health, self._heard), clock)
            for name, service, health in providers
        ]
        self._lead = self._candidates[0]
        self._utterance: Utterance | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._checks: set[asyncio.Task[None]] = set()
        self._wordless = 0
        self._started = False
        self._gone = False

    @property
    def inner(self) -> tuple[STTService, ...]:
        """The services in the order of preference."""
        return tuple(candidate.service for candidate in self._candidates)

    @property
    def leading(self) -> str:
        """The provider whose words are passed on at present."""
        return self._lead.name

    def service_metadata_frame(self) -> STTMetadataFrame:
        """How long the turn is to wait for more words of the one that leads.

        A backup's words may come later than that. They need no longer wait, which every turn
        would pay for: Pipecat's turn goes on waiting when it has no words at all, and a backup's
        are marked as the last ones.
        """
        wait_s = min(self._lead.finals_within_s, _LONGEST_WAIT_FOR_WORDS_S)
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
            case StartFrame():
                self._lead = by_trust(self._candidates)[0]
                self._started = True
            case EndFrame() | CancelFrame():
                self._leave()
            case VADUserStartedSpeakingFrame():
                await self._speech_began(frame)
            case VADUserStoppedSpeakingFrame():
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
            await self._hear(frame)

    # What the caller does

    async def _hear(self, frame: Frame) -> None:
        self._audio.add(frame)
        for candidate in self._candidates:
            if candidate.branch.broken and not candidate.failed_here:
                await self._refused(candidate)
        await self._let_hear()

    async def _let_hear(self) -> None:
        utterance = self._utterance
        owed = utterance is not None and not utterance.answered and not utterance.over
        position = utterance.start if utterance and owed else None
        hearing = {id(self._lead): self._lead}
        if utterance and owed:
            asked = [each.candidate for each in utterance.hearings if not each.failure]
            hearing |= {id(each): each for each in asked}
        if utterance and utterance.probe:
            hearing[id(utterance.probe.candidate)] = utterance.probe.candidate
        for candidate in hearing.values():
            await candidate.hear(self._audio, position)

    async def _speech_began(self, frame: VADUserStartedSpeakingFrame) -> None:
        if self._muted:
            return
        start = self._audio.back(frame.start_secs + _LEAD_IN_S)
        stretch = Stretch(start, self._clock(), self._audio.heard_s, frame.start_secs)
        utterance = self._utterance
        if utterance and not utterance.answered and not utterance.over:
            utterance.resume(stretch)
        else:
            await self._lead_with(by_trust(self._candidates)[0])
            self._new_utterance(stretch)
        await self._hear(frame)
        self._check_later()

    def _new_utterance(self, stretch: Stretch) -> None:
        if self._utterance and self._utterance.probe:
            self._utterance.probe.candidate.health.probe_ended()
        self._utterance = Utterance(stretch)
        self._utterance.ask(self._lead, stretch.began_at_s)
        self._utterance.probe = self._probe_beside()

    def _probe_beside(self) -> Hearing | None:
        """Let one that is preferred and rests hear the utterance too."""
        preferred = self._candidates[: self._candidates.index(self._lead)]
        resting = next((each for each in preferred if each.may_probe()), None)
        return resting and Hearing(resting, self._clock(), replayed=True)

    async def _speech_ended(self, frame: VADUserStoppedSpeakingFrame) -> None:
        utterance = self._utterance
        if utterance is not None and utterance.speaking:
            utterance.stop(frame, self._clock(), self._audio.heard_s)
        if not self._muted:
            await self._hear(frame)
        await self._check()

    # What the recognisers do

    async def _heard(self, branch: Branch, frame: Frame, direction: FrameDirection) -> None:
        candidate = next(each for each in self._candidates if each.branch is branch)
        match frame:
            case ErrorFrame():
                logger.warning(f"{candidate.name}: {frame.error}")
                await self._refused(candidate)
            case TranscriptionFrame() | InterimTranscriptionFrame():
                await self._said(candidate, frame)
            case _ if candidate is self._lead and not isinstance(frame, _NOT_ITS_OWN):
                await self.push_frame(frame, direction)

    async def _said(self, candidate: Candidate, frame: Words) -> None:
        utterance = self._utterance
        hearing = utterance.hearing_of(candidate) if utterance else None
        if hearing and not hearing.failure:
            hearing.add(frame, self._clock())
        if candidate is self._lead and frame.text.strip():
            if utterance is None or utterance.answered:
                await self.push_frame(frame)
            else:
                await self._said_by_lead(utterance, hearing, frame)
        await self._check()

    async def _said_by_lead(
        self, utterance: Utterance, hearing: Hearing | None, frame: Words
    ) -> None:
        if isinstance(frame, InterimTranscriptionFrame):
            await self.push_frame(frame)
        elif hearing and utterance.belongs_before(hearing, self._clock()):
            # What was said until the pause has its answer; what is being said is owed still.
            self._new_utterance(utterance.stretch)
            await self._answered(utterance, hearing)
        elif utterance.speaking:
            await self.push_frame(_as_interim(frame))

    async def _refused(self, candidate: Candidate) -> None:
        utterance = self._utterance
        hearing = utterance.hearing_of(candidate) if utterance else None
        if utterance and hearing is utterance.probe:
            candidate.probe_failed(Failure.REFUSED)
            utterance.probe = None
        elif utterance and hearing and not utterance.answered and not utterance.over:
            await self._failed(utterance, hearing, Failure.REFUSED)
            await self._check()
        elif not candidate.failed_here:
            await self._failed_idle(candidate, Failure.REFUSED)

    async def _failed_idle(self, candidate: Candidate, how: Failure) -> None:
        """It broke while nothing was owed."""
        candidate.failed(how)
        best = by_trust(self._candidates)[0]
        went_to = best.name if candidate is self._lead and best is not candidate else ""
        self._report(Incident("stt", candidate.name, how, 0.0, went_to))
        if candidate is self._lead:
            await self._lead_with(best)

    # Who answers

    def _check_later(self) -> None:
        """Look again when something is due."""
        if self._alarm:
            self._alarm.cancel()
        self._alarm = None
        utterance, now_s = self._utterance, self._clock()
        if self._gone or utterance is None:
            return
        times_s = []
        if not utterance.answered and not utterance.over:
            times_s = [utterance.due_at_s(len(self._others(utterance)))]
            times_s += [] if utterance.speaking else utterance.settles_at_s()
        if utterance.probe and not utterance.speaking:
            times_s.append(utterance.probe_due_at_s)
        coming_s = min((at_s for at_s in times_s if at_s > now_s), default=float("inf"))
        if coming_s < float("inf"):
            self._alarm = self.get_event_loop().call_later(coming_s - now_s, self._begin_check)

    def _begin_check(self) -> None:
        check = self.create_task(self._check(), f"{self}::check")
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)

    async def _check(self) -> None:
        utterance, now_s = self._utterance, self._clock()
        if self._gone or utterance is None:
            return
        whole = utterance.whole(now_s, self._audio.loudest_dbfs)
        if whole and not utterance.answered:
            await self._answered(utterance, whole)
        elif not utterance.answered and not utterance.over:
            await self._see_to(utterance, now_s)
        self._judge_probe(utterance)
        self._check_later()

    async def _see_to(self, utterance: Utterance, now_s: float) -> None:
        """Ask another when the one asked last has had its time."""
        last = utterance.hearings[-1]
        others = self._others(utterance)
        if not last.failure and now_s < utterance.due_at_s(len(others)):
            return
        if not utterance.speaking and not utterance.owed:
            utterance.over = True
            return
        how, certain = utterance.judge(last)
        last.given_up_at_s = now_s
        if certain and not last.failure:
            await self._failed(utterance, last, how)
            return
        last.doubt = how
        await self._ask(utterance, others)

    async def _failed(self, utterance: Utterance, hearing: Hearing, how: Failure) -> None:
        """It is known to have failed with this utterance: another leads from here on."""
        # Who is next is settled first: the same provider on a fresh connection is as good.
        others = self._others(utterance)
        hearing.failure, hearing.given_up_at_s = how, self._clock()
        asked = [each.candidate for each in utterance.hearings if not each.failure]
        following = (asked or others or [None])[0]
        self._blame(utterance, hearing, how, following)
        if following and hearing.candidate is self._lead:
            await self._lead_with(following)
        if not asked:
            await self._ask(utterance, others)

    async def _ask(self, utterance: Utterance, others: Sequence[Candidate]) -> None:
        if not others:
            await self._nobody_left(utterance)
            return
        utterance.ask(others[0], self._clock())
        await self._let_hear()

    def _others(self, utterance: Utterance) -> list[Candidate]:
        """Who was not asked yet, those first that may know."""
        asked = [each.candidate for each in utterance.hearings]
        others = [each for each in by_trust(self._candidates) if each not in asked]
        return sorted(others, key=lambda each: not each.is_up)

    async def _answered(self, utterance: Utterance, hearing: Hearing) -> None:
        """All words are there: they are passed on, and speak against those asked before."""
        utterance.answered = True
        self._wordless = 0
        for earlier in utterance.hearings[: utterance.hearings.index(hearing)]:
            if not earlier.failure:
                earlier.failure = earlier.doubt or Failure.SILENT
                self._blame(utterance, earlier, earlier.failure, hearing.candidate)
        owed_since_s = max(utterance.stopped_at_s, hearing.asked_at_s)
        hearing.candidate.answered(1000 * max(0.0, hearing.final_at_s - owed_since_s))
        if hearing.replayed:
            hearing.finals[-1].finalized = True
            await self._lead_with(hearing.candidate)
        for frame in hearing.finals:
            await self.push_frame(frame)

    async def _nobody_left(self, utterance: Utterance) -> None:
        """Nobody gave all the words: half of them are better than none, and noise has none."""
        utterance.over = True
        for hearing in utterance.hearings:
            if hearing.interim and hearing.doubt and not hearing.failure:
                hearing.failure = hearing.doubt
                self._blame(utterance, hearing, hearing.failure, None)
        if text := utterance.text_so_far:
            utterance.answered = True
            frame = TranscriptionFrame(text, "", time_now_iso8601(), finalized=True)
            await self.push_frame(frame)
            return
        self._wordless += utterance.speech_s >= _SURELY_WORDS_S
        if self._wordless >= _WORDLESS_AT_MOST or any(h.failure for h in utterance.hearings):
            self._wordless = 0
            await self.push_error("No recogniser gave words for what the caller said.")

    def _blame(
        self, utterance: Utterance, hearing: Hearing, how: Failure, following: Candidate | None
    ) -> None:
        given_up_at_s = hearing.given_up_at_s or self._clock()
        owed_since_s = max(utterance.stopped_at_s, hearing.asked_at_s)
        cost_ms = 1000 * max(0.0, given_up_at_s - owed_since_s)
        hearing.candidate.failed(how)
        went_to = following.name if following else ""
        self._report(Incident("stt", hearing.candidate.name, how, cost_ms, went_to))

    def _judge_probe(self, utterance: Utterance) -> None:
        probe = utterance.probe
        if probe is None or utterance.speaking:
            return
        if probe.has_words and probe.final_at_s >= utterance.end_of_speech_s:
            probe.candidate.answered(1000 * max(0.0, probe.final_at_s - utterance.stopped_at_s))
        elif self._clock() < utterance.probe_due_at_s or not (utterance.answered or utterance.over):
            return
        elif utterance.answered:
            probe.candidate.probe_failed(Failure.SILENT)
        else:
            # Nobody heard words: there were none, perhaps.
            probe.candidate.health.probe_ended()
        utterance.probe = None

    async def _lead_with(self, candidate: Candidate) -> None:
        if candidate is self._lead:
            return
        logger.info(f"{candidate.name} hears the caller now, not {self._lead.name}")
        self._lead = candidate
        if self._started:
            await self.broadcast_service_metadata()

    async def _hand_on_settings(
        self, frame: STTUpdateSettingsFrame, direction: FrameDirection
    ) -> None:
        """They are written for the first; of the rest each takes what it knows."""
        if frame.service is not None and frame.service not in (self, *self.inner):
            await self.push_frame(frame, direction)
            return
        for candidate in self._candidates:
            own = for_candidate(frame, candidate.service, first=candidate is self._candidates[0])
            if own:
                await candidate.branch.give(own)

    def _leave(self) -> None:
        """The call is over: nothing is owed any more."""
        self._gone = True
        if self._alarm:
            self._alarm.cancel()
        if self._utterance and self._utterance.probe:
            self._utterance.probe.candidate.health.probe_ended()
            self._utterance.probe = None


def _as_interim(frame: TranscriptionFrame) -> InterimTranscriptionFrame:
    return InterimTranscriptionFrame(
        frame.text, frame.user_id, frame.timestamp, frame.language, frame.result
    )
