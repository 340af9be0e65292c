"""How the lines of the timed conversation sound, and when each of their words is said."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from rehearsal.audible import audible_spans
from rehearsal.caller import speak
from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm

_VOICE = "espeak:en-us+f3@165"
_COUGH_SEED = 5
_COUGH_PEAK = 9000


@dataclass(frozen=True)
class Phrase:
    """Words without a pause between them, with samples from the beginning of the utterance.

    Attributes:
        words: Each with the sample at which it has been said.
    """

    start: int
    end: int
    words: tuple[tuple[str, int], ...]

    def at_speed(self, factor: float) -> "Phrase":
        words = tuple((word, int(end / factor)) for word, end in self.words)
        return Phrase(int(self.start / factor), int(self.end / factor), words)


@dataclass(frozen=True)
class Utterance:
    """8 kHz samples of shape (n,), audible from the first to the last, and what is said in them.

    A noise has no phrase.
    """

    pcm: Pcm
    phrases: tuple[Phrase, ...] = ()

    def louder(self, gain_db: float) -> "Utterance":
        """The same, louder or softer."""
        pcm = np.clip(self.pcm * 10 ** (gain_db / 20), -32768, 32767).astype(np.int16)
        return Utterance(pcm, self.phrases)

    def at_speed(self, factor: float) -> "Utterance":
        """The same faster and higher, or slower and lower: another caller."""
        pcm = soxr.resample(self.pcm, SAMPLE_RATE_HZ * factor, SAMPLE_RATE_HZ)
        return Utterance(_trimmed(pcm), tuple(phrase.at_speed(factor) for phrase in self.phrases))


async def utterance(parts: Sequence[str | float], *, voice: str = _VOICE) -> Utterance:
    """Speak the parts; a number is a silence of so many seconds. Raises VoiceError."""
    blocks: list[Pcm] = []
    phrases: list[Phrase] = []
    at = 0
    for part in parts:
        if isinstance(part, str):
            block = _trimmed(await speak(part, voice))
            phrases.append(_phrase(part, at, at + block.size))
        else:
            block = np.zeros(round(part * SAMPLE_RATE_HZ), np.int16)
        blocks.append(block)
        at += block.size
    return Utterance(np.concatenate(blocks), tuple(phrases))


def cough(seed: int = _COUGH_SEED) -> Utterance:
    """Two bursts of breath, a quarter of a second each; the same for the same seed."""
    rng = np.random.default_rng(seed)
    burst = round(0.25 * SAMPLE_RATE_HZ)
    decay = np.exp(-np.arange(burst) / (0.07 * SAMPLE_RATE_HZ))
    blocks = []
    for loudness in (1.0, 0.6):
        breath = np.convolve(rng.normal(0, 1, burst), np.ones(4) / 4, "same") * decay
        blocks.append(breath / np.abs(breath).max() * _COUGH_PEAK * loudness)
    return Utterance(_trimmed(np.concatenate(blocks).astype(np.int16)))


def _trimmed(pcm: Pcm) -> Pcm:
    spans = audible_spans(pcm)
    first, last = spans[0].start_s, spans[-1].end_s
    return pcm[round(first * SAMPLE_RATE_HZ) : round(last * SAMPLE_RATE_HZ)]


def _phrase(text: str, start: int, end: int) -> Phrase:
    words = text.split()
    letters = np.cumsum([len(word) + 1 for word in words])
    ends = start + (end - start) * letters / letters[-1]
    return Phrase(start, end, tuple(zip(words, (int(e) for e in ends), strict=True)))
