"""One provider asked to say what is left of a speech: what it owes, and when it has failed."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from loguru import logger
from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import (
    AggregatedTextFrame,
    ErrorFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.utils.text.base_text_aggregator import TextType

from services.failover.branch import Branch
from services.failover.incident import Failure
from services.failover.lateness import lateness
from services.failover.tts.judge import Judge
from services.failover.tts.sound import duration_s, is_audible, without_silence_before
from services.failover.tts.speech import Speech
from services.failover.tts.timing import WordTiming
from services.failover.tts.words import Reached

# The next audio may come this much later than the listener would need it.
_GRACE_S = 0.4


class Listener(Protocol):
    """Where the audio and the words of a speech go."""

    def audio(self, speech: Speech, frame: TTSAudioRawFrame, seconds: float) -> Awaitable[float]:
        """Put audio out that plays for so long; returns when that begins, on the loop's clock."""
        ...

    def words(self, speech: Speech, first: int, starts_s: list[float]) -> Awaitable[None]:
        """Tell words from the speech's `first` on, each with when it is played."""
        ...


class Attempt:
    """Has one branch say a speech from where it has been told on.

    Parameters:
        branch: The provider.
        speech: What to say.
        listener: Who hears it.
        rate_hz: The sample rate that the listener gets.
        ready: Set once the provider takes work; whoever sets it sets `speech.changed`.
        pace: Letters a second at which this provider speaks, None if nobody knows yet.
        pitch_hz: The pitch of its voice, None if nobody knows yet.

    Attributes:
        first_audio_after_ms: From when it was asked, None until there is any.
        failure: How it failed.
        came_to_its_end: Whether it has nothing more to do.
        reached: How far its audio goes.
        judge: What is thought of it.
    """

    def __init__(
        self,
        branch: Branch,
        speech: Speech,
        listener: Listener,
        *,
        rate_hz: int,
        ready: asyncio.Event,
        pace: float | None = None,
        pitch_hz: float | None = None,
    ) -> None:
        self.branch = branch
        self.first_audio_after_ms: float | None = None
        self.came_to_its_end = False
        self._speech = speech
        self._listener = listener
        self._rate_hz = rate_hz
        self._ready = ready
        self._timing = WordTiming(branch.service)
        self.reached = Reached(speech, timed=self._timing.timed, pace=pace)
        self.judge = Judge(speech, self.reached, pace=pace, pitch_hz=pitch_hz)
        # A provider that resamples differently from the one before must not share its filter.
        self._resampler = create_stream_resampler(clear_after_secs=None)
        self._start, self._end = LLMFullResponseStartFrame(), LLMFullResponseEndFrame()
        self._owes_since_s: float | None = None
        self._last_came_s = 0.0
        self._given_at_s: list[float] = []
        self._given: list[int] = []
        self._announced = self._contexts = 0
        self._given_whole = False
        self._listening = False
        self._left_out_s = 0.0
        self._got_audio = False
        self._ends_s = 0.0
        self._over = False
        self.failure: Failure | None = None

    @property
    def begun(self) -> bool:
        """Whether the provider was given anything to do."""
        return bool(self._given_at_s)

    @property
    def waited_ms(self) -> float:
        """Since it was asked, or since it gave something."""
        since_s = self._last_came_s or self._owes_since_s
        return (_now_s() - since_s) * 1000 if since_s else 0.0

    @property
    def length(self) -> int:
        """How much it was asked to say, as `letters_in` counts."""
        return self._speech.length(self.reached.first)

    async def run(self) -> None:
        """Wait until the provider has said everything, has failed, or need not go on."""
        while not self._speech.dropped:
            # Cleared first: what happens from here on is looked at again.
            self._speech.changed.clear()
            self._ask()
            await self._give()
            if self._over:
                break
            try:
                since_s = self._last_came_s or self._owes_since_s or _now_s()
                await lateness().within(
                    self._speech.changed.wait, since_s=since_s, due_s=self._due_s()
                )
            except TimeoutError:
                self._fails(self._late())
                break
        self._over = True
        if not self._speech.dropped:
            await self._close()

    async def hears(self, frame: Frame) -> None:
        """Take what the provider pushed."""
        if self._over:
            return
        match frame:
            case ErrorFrame():
                self._refused(frame)
            case LLMFullResponseStartFrame():
                # Whatever was still to come of an earlier request has come by now.
                self._listening = frame.id == self._start.id
            case TTSAudioRawFrame() if self._listening and frame.audio:
                await self._audio(frame)
            case TTSTextFrame() if self._listening:
                await self._text(frame)
            case TTSStartedFrame() if self._listening:
                self._context_begins()
            case AggregatedTextFrame() if self._listening and type(frame) is AggregatedTextFrame:
                self._announced += 1
            case LLMFullResponseEndFrame() if frame.id == self._end.id:
                self.came_to_its_end = self._over = True
                self._speech.changed.set()

    def _ask(self) -> None:
        if self._speech.length(self.reached.first):
            self._owes_since_s = self._owes_since_s or _now_s()
        elif self._speech.whole:
            self._over = True

    async def _give(self) -> None:
        if self._over or not self._ready.is_set():
            return
        if not self.begun:
            # What made it unusable may have passed; it was rested for that.
            await self.branch.service.set_usable(True)
            await self.branch.give(self._start)
        while (number := len(self._given_at_s)) < len(self._speech.sentences):
            self._given_at_s.append(_now_s())
            if text := self._speech.text_from(self.reached.first, number):
                self._given.append(number)
                await self.branch.give(AggregatedTextFrame(text, TextType.SENTENCE, raw_text=text))
        if self._speech.whole and not self._given_whole:
            self._given_whole = True
            await self.branch.give(self._end)

    def _context_begins(self) -> None:
        """Fail a provider whose new context leaves out what the one before owed.

        A service whose connection broke connects again without a word, and says nothing of what
        it was given before.
        """
        self._contexts += 1
        owing, sentences = self.judge.first_sentence_owed(), self._given[: self._announced]
        if self._contexts > 1 and owing is not None and sentences and owing < sentences[-1]:
            self._fails(Failure.CUT)
            self._speech.changed.set()

    async def _audio(self, came: TTSAudioRawFrame) -> None:
        self._got_audio = True
        self._timing.audio(self.reached.heard_s)
        begun = self.first_audio_after_ms is not None
        frame = came if begun else self._first_sound(came)
        if frame is None:
            return
        seconds = duration_s(frame)
        audio = await self._resampler.resample(frame.audio, frame.sample_rate, self._rate_hz)
        begins_s = await self._listener.audio(self._speech, self._frame(audio), seconds)
        self._ends_s, self._last_came_s = begins_s + seconds, _now_s()
        self.reached.audio(begins_s, seconds)
        self.judge.audio(frame)
        await self._follow()

    def _first_sound(self, frame: TTSAudioRawFrame) -> TTSAudioRawFrame | None:
        """What is left of the first audio without the silence before it; None: it is all silence.

        That is of no use to the listener, and would keep the next provider waiting.
        """
        self._left_out_s += duration_s(frame)
        if not is_audible(frame):
            return None
        self.first_audio_after_ms = self.waited_ms
        sound = without_silence_before(frame)
        self._left_out_s -= duration_s(sound)
        self.reached.left_out(self._left_out_s)
        return sound

    async def _text(self, frame: TTSTextFrame) -> None:
        text = frame.raw_text or frame.text
        start_s = self._timing.start_s(frame, self.reached.heard_s)
        if start_s is not None:
            self.reached.timed_text(text if frame.append_to_context else "", start_s)
        elif frame.pts is None and not self.reached.untimed_text(text):
            self._fails(self.judge.of_part() if self._timing.tells_when_done else None)
        await self._follow()

    async def _follow(self) -> None:
        await self._tell(self.reached.out())
        self._fails(self.judge.of_flow())
        self._speech.changed.set()

    def _fails(self, how: Failure | None) -> None:
        self.failure = self.failure or how
        self._over = self._over or self.failure is not None

    async def _tell(self, out: int) -> None:
        """Tell the words up to a number, but those that were told."""
        speech = self._speech
        first, speech.told = speech.told, max(speech.told, out)
        if starts_s := [self.reached.start_of(number) for number in range(first, out)]:
            await self._listener.words(speech, first, starts_s)

    def _due_s(self) -> float | None:
        """By when something must have happened, on the loop's clock."""
        deadline_s = self.branch.health.deadline_ms / 1000
        if self.first_audio_after_ms is None:
            return self._owes_since_s + deadline_s if self._owes_since_s else None
        owing = self.judge.first_sentence_owed()
        if owing is None:
            return self._ends_s + deadline_s if self._speech.whole else None
        asked_s = [self._given_at_s[owing]] if owing < len(self._given_at_s) else []
        if self.judge.between_sentences():
            asked_s.append(self._last_came_s)
        return max(self._ends_s + _GRACE_S, *(at_s + deadline_s for at_s in asked_s))

    def _late(self) -> Failure | None:
        if self.first_audio_after_ms is None:
            return Failure.EMPTY if self._got_audio else Failure.SILENT
        owing = self.judge.first_sentence_owed() is not None
        return Failure.STALLED if owing else self.judge.of_whole()

    def _refused(self, frame: ErrorFrame) -> None:
        if not self.begun:
            return
        logger.warning(f"{self.branch.name}: {frame.error}")
        if self.first_audio_after_ms is None or self.judge.first_sentence_owed() is not None:
            # Pipecat's own word for a context that ended without audio.
            empty = "no audio" in frame.error
            self._fails(Failure.EMPTY if empty else Failure.REFUSED)
            self._speech.changed.set()

    async def _close(self) -> None:
        """Judge an end that the provider calls a good one, and tell what has been put out."""
        self._fails(self.judge.of_whole())
        if self.first_audio_after_ms is None:
            return
        if rest := await self._resampler.flush():
            await self._listener.audio(self._speech, self._frame(rest), 0.0)
        everything = len(self._speech.words)
        await self._tell(self.reached.out(final=True) if self.failure else everything)

    def _frame(self, audio: bytes) -> TTSAudioRawFrame:
        return TTSAudioRawFrame(audio, self._rate_hz, 1, context_id=self._speech.context_id)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
