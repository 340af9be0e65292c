"""Where the audio and the words of several providers become those of one service."""

import asyncio
import contextlib
import math
from collections import deque
from dataclasses import dataclass

from pipecat.frames.frames import TTSAudioRawFrame
from pipecat.services.tts_service import TTSService

from services.failover.tts.sound import Playout
from services.failover.tts.speech import Speech
from services.failover.tts.taken_back import SpeechTakenBackFrame


@dataclass(frozen=True)
class _Due:
    """A word of a speech, and when it is played, on the loop's clock."""

    speech: Speech
    number: int
    at_s: float


class Mouth:
    """Puts audio and words into the audio contexts of a service.

    Words are told as they are played, so that audio can be taken back (`take_back`) before its
    words are believed to have been heard.

    Attributes:
        playout: Until when there is something to hear.
    """

    def __init__(self, service: TTSService) -> None:
        self.playout = Playout()
        self._service = service
        self._begun_s: dict[str, float] = {}
        self._given_s: dict[str, float] = {}
        self._due: deque[_Due] = deque()
        self._due_changed = asyncio.Event()

    async def audio(self, speech: Speech, frame: TTSAudioRawFrame, seconds: float) -> float:
        """Put audio out that plays for so long; returns when that begins, on the loop's clock."""
        if speech.dropped:
            return asyncio.get_running_loop().time()
        begins_s = self.playout.add(seconds)
        self._begun_s.setdefault(speech.context_id, begins_s)
        self._given_s[speech.context_id] = self.given_s(speech) + seconds
        # A resampler may keep all of a short chunk for the next.
        if frame.audio:
            await self._service.append_to_audio_context(speech.context_id, frame)
        return begins_s

    async def words(self, speech: Speech, first: int, starts_s: list[float]) -> None:
        """Tell words from the speech's `first` on, each with when it is played."""
        self._due.extend(_Due(speech, number, at_s) for number, at_s in enumerate(starts_s, first))
        self._due_changed.set()

    async def tell_in_time(self) -> None:
        """Tell every word when it is played, for as long as there is a call."""
        while True:
            self._due_changed.clear()
            await self._tell(until_s=asyncio.get_running_loop().time())
            next_s = self._due[0].at_s if self._due else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_s):
                    await self._due_changed.wait()

    async def tell_all(self) -> None:
        """Tell what is left: nothing of it can be wrong any more."""
        await self._tell(until_s=math.inf)

    def given_s(self, speech: Speech) -> float:
        """Seconds of audio that a speech was given so far."""
        return self._given_s.get(speech.context_id, 0.0)

    async def take_back(self, speech: Speech, first: int, sound_s: float) -> None:
        """Have nothing more played of what was put out, which was no speech from `first` on.

        Args:
            speech: Whose words they were.
            first: The first word that is to be said again.
            sound_s: Seconds of the speech's audio before that.
        """
        # What was good and has not been played is dropped with the rest.
        unplayed = (due.number for due in self._due if due.speech is speech)
        speech.told = min(first, *unplayed, len(speech.words))
        self._due.clear()
        self.playout.cut()
        if not speech.dropped:
            taken_back = SpeechTakenBackFrame(context_id=speech.context_id, sound_s=sound_s)
            await self._service.append_to_audio_context(speech.context_id, taken_back)

    def ahead_s(self, context_id: str | None) -> float:
        """How long from now until a context's first audio is played, 0 if it is unknown."""
        begun_s = self._begun_s.get(context_id or "", 0.0)
        return max(0.0, begun_s - asyncio.get_running_loop().time())

    def forget(self, context_id: str) -> None:
        """A context is over."""
        self._begun_s.pop(context_id, None)
        self._given_s.pop(context_id, None)
        self._due = deque(due for due in self._due if due.speech.context_id != context_id)

    async def _tell(self, until_s: float) -> None:
        while self._due and self._due[0].at_s <= until_s:
            due = self._due.popleft()
            speech = due.speech
            # Said again, it is still one word.
            if speech.dropped or due.number < speech.noted:
                continue
            speech.noted = due.number + 1
            begun_s = self._begun_s.get(speech.context_id, 0.0)
            # A word may be timed into the silence that was left out before it.
            word = (speech.words[due.number].text, max(0.0, due.at_s - begun_s))
            await self._service.add_word_timestamps([word], speech.context_id)
