"""A provider that has failed is tried again beside the one that serves, unheard."""

from pipecat.frames.frames import TTSAudioRawFrame

from services.failover.tts.sound import Playout
from services.failover.tts.speech import Speech


def copy_of(speech: Speech) -> Speech:
    """The first sentence of a speech, for a provider that nobody will hear."""
    copy = Speech(f"{speech.context_id} unheard")
    copy.add(speech.sentences[0])
    copy.end()
    return copy


class Nobody:
    """Listens at the pace of a listener, and passes nothing on."""

    def __init__(self) -> None:
        self._playout = Playout()

    async def audio(self, speech: Speech, frame: TTSAudioRawFrame, seconds: float) -> float:
        return self._playout.add(seconds)

    async def words(self, speech: Speech, first: int, starts_s: list[float]) -> None:
        pass
