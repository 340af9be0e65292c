"""A phrase that was spoken: its audio, and where its words lie in it."""

import unicodedata
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

_BYTES_A_SAMPLE = 2
# Peaks of speech are in the thousands, those of a dithered silence below ten.
_LOUDEST_SILENCE = 50
# A consonant may begin below that.
_BEFORE_FIRST_SOUND_S = 0.01


class PhraseKey(NamedTuple):
    """What tells one recording from another.

    Attributes:
        voice: Who speaks, and with which settings (`voice_of`).
        rate_hz: Of the audio.
        text: As `normalised` writes it.
    """

    voice: str
    rate_hz: int
    text: str


@dataclass(frozen=True)
class Phrase:
    """The audio of a phrase.

    Parameters:
        audio: 16-bit mono samples.
        rate_hz: Of the audio.
        starts_s: For each of the phrase's words, when it begins in the audio.
    """

    audio: bytes
    rate_hz: int
    starts_s: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.audio) / _BYTES_A_SAMPLE / self.rate_hz

    def without_silence_before(self) -> "Phrase":
        """The same, but that its first sound is heard at once."""
        samples = np.frombuffer(self.audio, np.int16, count=len(self.audio) // _BYTES_A_SAMPLE)
        sounding = np.flatnonzero(np.abs(samples.astype(np.int32)) > _LOUDEST_SILENCE)
        if not sounding.size:
            return self
        cut = max(0, int(sounding[0]) - round(_BEFORE_FIRST_SOUND_S * self.rate_hz))
        return replace(
            self,
            audio=self.audio[cut * _BYTES_A_SAMPLE :],
            starts_s=tuple(max(0.0, start_s - cut / self.rate_hz) for start_s in self.starts_s),
        )


def normalised(text: str) -> str:
    """A text as it is looked up. Case and punctuation stay: they are heard."""
    return " ".join(unicodedata.normalize("NFC", text).split())
