"""What a provider says, written down while it is heard."""

from pipecat.frames.frames import TTSAudioRawFrame

from services.failover.tts.attempt import Listener
from services.failover.tts.speech import Speech
from services.phrases.phrase import Phrase


class Recording:
    """A listener that passes everything on, and can tell afterwards what it heard.

    Parameters:
        listener: Who hears it as well.
        rate_hz: Of the audio.
    """

    def __init__(self, listener: Listener, rate_hz: int) -> None:
        self._listener = listener
        self._rate_hz = rate_hz
        self._audio = bytearray()
        self._chunks: list[tuple[float, float, float]] = []
        self._heard_s = 0.0
        self._starts_s: list[float] = []

    async def audio(self, speech: Speech, frame: TTSAudioRawFrame, seconds: float) -> float:
        """Note audio that plays for so long."""
        begins_s = await self._listener.audio(speech, frame, seconds)
        self._chunks.append((begins_s, self._heard_s, seconds))
        self._heard_s += seconds
        self._audio += frame.audio
        return begins_s

    async def words(self, speech: Speech, first: int, starts_s: list[float]) -> None:
        """Note words from the speech's `first` on."""
        self._starts_s[first:] = [self._in_audio_s(start_s) for start_s in starts_s]
        await self._listener.words(speech, first, starts_s)

    def phrase(self, words: int) -> Phrase | None:
        """What was heard, None unless each of so many words has its place in it."""
        if not self._audio or len(self._starts_s) != words:
            return None
        return Phrase(bytes(self._audio), self._rate_hz, tuple(self._starts_s))

    def _in_audio_s(self, at_s: float) -> float:
        """Where in the audio that is which plays then; waiting for more of it takes no audio."""
        place_s = 0.0
        for begins_s, from_s, seconds in self._chunks:
            if at_s < begins_s:
                break
            place_s = from_s + min(at_s - begins_s, seconds)
        return place_s
