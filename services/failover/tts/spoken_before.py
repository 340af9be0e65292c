"""Speech that needs nobody: what was said before is put out from the cache."""

from pipecat.frames.frames import TTSAudioRawFrame

from services.failover.branch import Branch
from services.failover.tts.attempt import Listener
from services.failover.tts.recording import Recording
from services.failover.tts.sound import duration_s
from services.failover.tts.speech import Speech
from services.phrases.phrase import Phrase
from services.phrases.repertoire import Repertoire

_CHUNK_S = 0.2


class SpokenBefore:
    """Says what it can of a speech without asking a provider, and remembers what one has said.

    A text that is there begins to play within the millisecond, where a provider takes its time
    to the first audio; and it costs nothing.

    Parameters:
        repertoire: What is worth it; None for nothing.
        listener: Hears it.
    """

    def __init__(self, repertoire: Repertoire | None, listener: Listener) -> None:
        self._repertoire = repertoire
        self._listener = listener
        self._rate_hz = 0

    def begin(self, rate_hz: int) -> None:
        """A call begins, with audio of this rate."""
        self._rate_hz = rate_hz

    def stop(self) -> None:
        """From now on nobody knows which voice a provider has: it is asked every time."""
        self._repertoire = None

    async def say(self, branch: Branch, speech: Speech) -> bool:
        """Say what is there of a speech in a provider's voice, up to the first that is not.

        Returns:
            Whether there is nothing left to be said.
        """
        said = 0
        while not speech.dropped:
            # Cleared first: what happens from here on is looked at again.
            speech.changed.clear()
            while said < len(speech.sentences):
                phrase = self._find(branch, speech, said)
                if phrase is None:
                    return False
                await self._put_out(speech, said, phrase)
                said += 1
            if speech.whole:
                return True
            await speech.changed.wait()
        return True

    def recording(self, speech: Speech) -> Recording | None:
        """Something to hear a provider with that is about to say a speech worth keeping."""
        repertoire = self._repertoire
        if repertoire is None or speech.told or not repertoire.holds(speech.sentences[0]):
            return None
        return Recording(self._listener, self._rate_hz)

    def keep(self, branch: Branch, speech: Speech, recording: Recording | None) -> None:
        """Remember a speech that a provider has said, if it was one phrase and was heard whole."""
        if recording is None or self._repertoire is None:
            return
        if speech.dropped or not speech.whole or len(speech.sentences) != 1:
            return
        if phrase := recording.phrase(words=len(speech.words)):
            text = speech.sentences[0]
            self._repertoire.keep(branch.name, branch.service, self._rate_hz, text, phrase)

    def _find(self, branch: Branch, speech: Speech, number: int) -> Phrase | None:
        if self._repertoire is None:
            return None
        text = speech.sentences[number]
        phrase = self._repertoire.find(branch.name, branch.service, self._rate_hz, text)
        words = speech.ends[number] - (speech.ends[number - 1] if number else 0)
        return phrase if phrase and len(phrase.starts_s) == words else None

    async def _put_out(self, speech: Speech, number: int, phrase: Phrase) -> None:
        begins_s: float | None = None
        step = round(_CHUNK_S * phrase.rate_hz) * 2
        for at in range(0, len(phrase.audio), step):
            frame = TTSAudioRawFrame(
                phrase.audio[at : at + step], phrase.rate_hz, 1, context_id=speech.context_id
            )
            chunk_begins_s = await self._listener.audio(speech, frame, duration_s(frame))
            begins_s = chunk_begins_s if begins_s is None else begins_s
        first, speech.told = speech.told, speech.ends[number]
        starts_s = [(begins_s or 0.0) + start_s for start_s in phrase.starts_s]
        await self._listener.words(speech, first, starts_s)
