"""Where the audio and the words of several providers become those of one service."""

import asyncio

from pipecat.frames.frames import TTSAudioRawFrame
from pipecat.services.tts_service import TTSService

from services.failover.tts.sound import Playout
from services.failover.tts.speech import Speech


class Mouth:
    """Puts audio and words into the audio contexts of a service.

    Attributes:
        playout: Until when there is something to hear.
    """

    def __init__(self, service: TTSService) -> None:
        self.playout = Playout()
        self._service = service
        self._begun_s: dict[str, float] = {}

    async def audio(self, speech: Speech, frame: TTSAudioRawFrame, seconds: float) -> float:
        """Put audio out that plays for so long; returns when that begins, on the loop's clock."""
        if speech.dropped:
            return asyncio.get_running_loop().time()
        begins_s = self.playout.add(seconds)
        self._begun_s.setdefault(speech.context_id, begins_s)
        # A resampler may keep all of a short chunk for the next.
        if frame.audio:
            await self._service.append_to_audio_context(speech.context_id, frame)
        return begins_s

    async def words(self, speech: Speech, told: list[tuple[str, float]]) -> None:
        """Tell words, each with when it is played."""
        if not speech.dropped:
            begun_s = self._begun_s.get(speech.context_id, 0.0)
            await self._service.add_word_timestamps(
                [(word, at_s - begun_s) for word, at_s in told], speech.context_id
            )

    def ahead_s(self, context_id: str | None) -> float:
        """How long from now until a context's first audio is played, 0 if it is unknown."""
        begun_s = self._begun_s.get(context_id or "", 0.0)
        return max(0.0, begun_s - asyncio.get_running_loop().time())

    def forget(self, context_id: str) -> None:
        """A context is over."""
        self._begun_s.pop(context_id, None)
