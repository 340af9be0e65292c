"""Which phrases were heard, and how often, in what a telephone played.

All voices in a call with faults are one: every stand-in and the offline voice speak with the same
engine. What a phrase sounds like is therefore known, and looked for in the audio itself, whoever
sent it: its spectrum over time is laid along the track, a little faster or slower as it fits. A
phrase that is cut off in the middle, or played at another speed than it was made for, is not found.
What is not looked for is not noticed: a sentence beyond the script counts as sound only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rehearsal import mulaw
from rehearsal.audible import Span, audible_spans
from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm
from rehearsal.voice import speak

# How far apart two spectra are, in nepers: the same words of the same voice stay below half of
# this even in another sentence, other words above one and a half times this.
_NOT_THE_SAME = 0.95

_WINDOW = 256
_HOP = 80
_HOP_S = _HOP / SAMPLE_RATE_HZ
_BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 3700.0
_FLOOR = 1e4 * _WINDOW / 8  # line noise and codec rounding are all the same silence
_STRETCH_COST = 0.3


@dataclass(frozen=True)
class Occurrence:
    """A phrase as it was heard; `distance` is 0 for exactly the same sound."""

    phrase: str
    span: Span
    distance: float


class Listener:
    """Finds phrases of known sentences in 8 kHz audio of shape (n,)."""

    def __init__(self, templates: Mapping[str, Pcm]) -> None:
        self._templates = {phrase: _spectra(pcm) for phrase, pcm in templates.items()}

    @classmethod
    async def of(cls, sentences: Mapping[str, str]) -> "Listener":
        """By phrase the sentence that holds it.

        Raises:
            ValueError: a sentence does not hold its phrase.
            EspeakError: there is no voice.
        """
        return cls({phrase: await sound_of(phrase, text) for phrase, text in sentences.items()})

    def find(self, phrase: str, track: Pcm, *, from_s: float = 0.0) -> list[Occurrence]:
        """Every time the phrase was heard after the moment, in order."""
        begin = int(from_s * SAMPLE_RATE_HZ)
        template, heard = self._templates[phrase], _spectra(track[begin:])
        if len(heard) < len(template):
            return []
        ends = _distances(template, heard)
        found: list[Occurrence] = []
        while (end := int(np.argmin(ends))) is not None and ends[end] < _NOT_THE_SAME:
            length = len(template)
            end_s = from_s + end * _HOP_S
            span = Span(max(0.0, end_s - length * _HOP_S), end_s)
            found.append(Occurrence(phrase, span, float(ends[end])))
            ends[max(0, end - length // 2) : end + length // 2 + 1] = np.inf
        return sorted(found, key=lambda occurrence: occurrence.span.start_s)

    def heard(self, phrase: str, track: Pcm, *, from_s: float = 0.0) -> bool:
        return bool(self.find(phrase, track, from_s=from_s))


async def sound_of(phrase: str, sentence: str) -> Pcm:
    """How the phrase sounds in its sentence, on a telephone: 8 kHz, shape (n,)."""
    speech = await speak(sentence, SAMPLE_RATE_HZ)
    spoken = [_plain(word.text) for word in speech.words]
    wanted = [_plain(word) for word in phrase.split()]
    for at in range(len(spoken)):
        if spoken[at : at + len(wanted)] == wanted:
            first, last = speech.words[at], speech.words[at + len(wanted) - 1]
            pcm = mulaw.decode(mulaw.encode(speech.between(first.start_s, last.end_s)))
            loud = audible_spans(pcm)
            return pcm[: int(loud[-1].end_s * SAMPLE_RATE_HZ)] if loud else pcm
    raise ValueError(f'"{sentence}" does not hold "{phrase}".')


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).lower()


def _distances(template: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """How far the template lies from the sound that ends at each frame, at its best fit."""
    apart = np.abs(template[:, None, :] - heard[None, :, :]).mean(axis=2)
    total = apart[0]
    for row in apart[1:]:
        one_on, two_on = _shifted(total, 1), _shifted(total, 2)
        total = row + np.minimum(one_on, np.minimum(total, two_on) + _STRETCH_COST)
    return total / len(template)


def _shifted(row: np.ndarray, by: int) -> np.ndarray:
    return np.concatenate((np.full(by, np.inf), row[:-by]))


def _spectra(pcm: Pcm) -> np.ndarray:
    """Log energy in bands as an ear has them: shape (frames, bands), a frame every 10 ms."""
    if pcm.size < _WINDOW:
        return np.zeros((0, _BANDS))
    frames = np.lib.stride_tricks.sliding_window_view(pcm.astype(np.float32), _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW))) ** 2
    return np.log(power @ _BANK.T + _FLOOR).astype(np.float32)


def _bank() -> np.ndarray:
    def mel(hz: float) -> float:
        return 2595 * np.log10(1 + hz / 700)

    edges = 700 * (10 ** (np.linspace(mel(_LOWEST_HZ), mel(_HIGHEST_HZ), _BANDS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE_HZ)
    low, middle, high = (edges[at : at + _BANDS, None] for at in range(3))
    rising, falling = (hz - low) / (middle - low), (high - hz) / (high - middle)
    return np.clip(np.minimum(rising, falling), 0, None)


_BANK = _bank()
