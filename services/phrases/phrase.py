"""A phrase that was spoken: its audio, and where its words lie in it."""

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

_BYTES_A_SAMPLE = 2


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


def normalised(text: str) -> str:
    """A text as it is looked up. Case and punctuation stay: they are heard."""
    return " ".join(unicodedata.normalize("NFC", text).split())
