"""How the sounds of the labelled set sound."""

from dataclasses import dataclass

import numpy as np

from rehearsal.audible import Span
from rehearsal.barge_in.labelled import Labelled
from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm
from rehearsal.phone import TwilioPhone
from rehearsal.playout import FRAME_SAMPLES
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.sounds import Utterance, cough, utterance

_ECHO_S = 3.0
_KEYS = 6
_KEY_PEAK = 5000


@dataclass(frozen=True)
class EchoOfBot(Utterance):
    """For a while the microphone hears the loudspeaker."""

    gain_db: float = 0.0
    late_s: float = 0.0

    def at_speed(self, factor: float) -> "EchoOfBot":
        return self


async def sound_of(item: Labelled) -> Utterance:
    """Raises VoiceError."""
    match item.label, item.words:
        case "echo", _:
            nothing = np.zeros(0, np.int16)
            return EchoOfBot(nothing, gain_db=item.gain_db, late_s=item.late_s)
        case "noise", "keys":
            return keys(item.seed).louder(item.gain_db)
        case "noise", _:
            return cough(item.seed).louder(item.gain_db)
        case _:
            spoken = await utterance((item.words,), voice=item.voice)
            return spoken.louder(item.gain_db)


def keys(seed: int) -> Utterance:
    """Somebody types: clicks of a hundredth of a second, some of them close together."""
    rng = np.random.default_rng(seed)
    track = np.zeros(SAMPLE_RATE_HZ, np.float64)
    click = round(0.012 * SAMPLE_RATE_HZ)
    decay = np.exp(-np.arange(click) / (0.003 * SAMPLE_RATE_HZ))
    for at in rng.integers(0, track.size - click, _KEYS):
        track[at : at + click] += rng.normal(0, 1, click) * decay
    pcm = (track / np.abs(track).max() * _KEY_PEAK).astype(np.int16)
    loud = np.flatnonzero(np.abs(pcm) > 300)
    return Utterance(pcm[loud[0] : loud[-1] + 1])


class EchoingMouth(KnownMouth):
    """A microphone that the loudspeaker of the same telephone may be heard in."""

    def __init__(self, phone: TwilioPhone) -> None:
        super().__init__()
        self._phone = phone
        self._echo: EchoOfBot | None = None

    async def utter(self, utterance: Utterance) -> Span:
        """Speak, or let an echo be heard."""
        if not isinstance(utterance, EchoOfBot):
            return await super().utter(utterance)
        begins_s = self._phone.now_s
        self._echo = utterance
        await self._phone.wait(_ECHO_S)
        self._echo = None
        return Span(begins_s, self._phone.now_s)

    def next_frame(self) -> Pcm:
        """The next 20 ms."""
        frame = super().next_frame()
        if self._echo is None:
            return frame
        playout = self._phone.playout
        first = round((playout.now_s - self._echo.late_s) * SAMPLE_RATE_HZ) - FRAME_SAMPLES
        heard = playout.part(first, FRAME_SAMPLES) * 10 ** (self._echo.gain_db / 20)
        self._spoken[-1] = np.clip(frame + heard, -32768, 32767).astype(np.int16)
        return self._spoken[-1]
