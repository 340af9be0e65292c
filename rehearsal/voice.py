"""The voice behind every stand-in that speaks: espeak-ng at the rate that was asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr

from rehearsal.mulaw import Pcm
from services.embedded import espeak

_VOICE = espeak.VoiceSpec()
_CHUNK_S = 0.1
_MOST_SPOKEN_AT_ONCE = 4000


@dataclass(frozen=True)
class SpokenWord:
    """A word of the text with the span it is heard in, in seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Speech:
    """A text spoken: 16-bit samples of shape (n,) at `rate_hz`, and its words."""

    pcm: Pcm
    rate_hz: int
    words: tuple[SpokenWord, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.pcm.size / self.rate_hz

    def between(self, start_s: float, end_s: float) -> Pcm:
        return self.pcm[round(start_s * self.rate_hz) : round(end_s * self.rate_hz)]

    def chunks(self) -> Iterator[tuple[Pcm, tuple[SpokenWord, ...]]]:
        """The samples in steps of 100 ms, each with the words that start in it."""
        step = round(_CHUNK_S * self.rate_hz)
        for at in range(0, self.pcm.size, step):
            start_s, end_s = at / self.rate_hz, (at + step) / self.rate_hz
            last = at + step >= self.pcm.size
            words = tuple(
                w for w in self.words if start_s <= w.start_s and (last or w.start_s < end_s)
            )
            yield self.pcm[at : at + step], words


async def speak(text: str, rate_hz: int, *, really_at_hz: int | None = None) -> Speech:
    """`text` spoken for a client that expects `rate_hz`.

    `really_at_hz`: the rate that the samples are really made for (a fault: played at `rate_hz`
    they are too slow or too fast).

    Raises:
        EspeakError: the voice cannot be had.
    """
    blocks: list[Pcm] = []
    starts: list[tuple[str, float]] = []
    async for chunk in espeak.stream(text[:_MOST_SPOKEN_AT_ONCE], _VOICE):
        blocks.append(np.frombuffer(chunk.pcm, np.int16))
        starts += [(word.text, word.start_ms / 1000) for word in chunk.words]
    spoken = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    if spoken.size:
        spoken = soxr.resample(spoken, espeak.SAMPLE_RATE_HZ, really_at_hz or rate_hz)
    speech = Speech(spoken, rate_hz)
    edges = [*starts, ("", speech.duration_s)]
    words = tuple(SpokenWord(word, at, end) for (word, at), (_, end) in pairwise(edges))
    return Speech(spoken, rate_hz, words)


def wrong_rate_hz(rate_hz: int) -> int:
    """A rate that is not the one agreed on, and that a provider might send by mistake."""
    return 16_000 if rate_hz == 24_000 else 24_000
