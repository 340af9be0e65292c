"""A microphone that remembers what was said when, so that a recogniser can be told the truth."""

from dataclasses import dataclass

import numpy as np

from rehearsal.audible import Span
from rehearsal.mouth import Mouth
from rehearsal.mulaw import Pcm
from rehearsal.playout import FRAME_SAMPLES
from rehearsal.turns.sounds import Phrase, Utterance


@dataclass(frozen=True)
class Said:
    """A phrase on the microphone's track; all in samples from the call's beginning."""

    start: int
    end: int
    words: tuple[tuple[str, int], ...]


class KnownMouth(Mouth):
    """Speaks utterances instead of bare samples."""

    def __init__(self, **how: float) -> None:
        super().__init__(**how)  # pyright: ignore[reportArgumentType]
        self.said: list[Said] = []

    @property
    def position(self) -> int:
        """How many samples were given so far."""
        return len(self._spoken) * FRAME_SAMPLES

    async def utter(self, utterance: Utterance) -> Span:
        """Speak when everything before it was spoken; returns, afterwards, where it lay."""
        if self.speaking:
            raise RuntimeError("One utterance after the other.")
        at = self.position
        self.said += [_at(phrase, at) for phrase in utterance.phrases]
        return await self.say(utterance.pcm)

    def lately(self, samples: int) -> tuple[int, Pcm]:
        """The last samples given, and the position of the first of them."""
        frames = -(-samples // FRAME_SAMPLES)
        first = max(0, len(self._spoken) - frames)
        recent = self._spoken[first:]
        return first * FRAME_SAMPLES, np.concatenate(recent) if recent else np.zeros(0, np.int16)


def _at(phrase: Phrase, at: int) -> Said:
    words = tuple((word, at + end) for word, end in phrase.words)
    return Said(at + phrase.start, at + phrase.end, words)
