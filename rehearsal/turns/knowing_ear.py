"""A recogniser that makes no mistakes: it finds the caller in the sound and knows the words.

What it tells comes when the sound arrives that the words are in, not before: a word is reported
when its last sample was received, and a phrase is final when its last sample was. Which caller a
connection belongs to, and where in that caller's track it is, is found by correlation, anew every
time somebody begins to speak.
"""

from collections.abc import Iterable

import numpy as np
import soxr

from rehearsal.ear import Ears, HeardEvent, Hearing, Interim, Pause, SpeechBegan
from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm
from rehearsal.turns.mouth import KnownMouth, Said

_LOUD_RMS = 180
_COMPARED_S = 0.22
_LOOKED_BACK_S = 6.0
_QUIET_FRAMES_BETWEEN = 8
_SAME = 0.5
# Who says the same again was heard just now, not then; the telephone rounds away what tells them
# apart.
_AS_ALIKE = 0.02
_WITHIN_A_PEAK = SAMPLE_RATE_HZ // 100


class Callers:
    """Everybody who may be heard."""

    def __init__(self) -> None:
        self._mouths: list[KnownMouth] = []

    def add(self, mouth: KnownMouth) -> None:
        self._mouths.append(mouth)

    def remove(self, mouth: KnownMouth) -> None:
        self._mouths.remove(mouth)

    def find(self, sound: Pcm, *, known: KnownMouth | None) -> tuple[KnownMouth, int] | None:
        """Who made this sound lately, 8 kHz, and the position at which it ends; None: nobody.

        `known`: it can only have been this one. Else whoever is most like it.
        """
        places = [(_place(sound, mouth), mouth) for mouth in ([known] if known else self._mouths)]
        (alike, ends), mouth = max(places, key=lambda place: place[0][0], default=((0.0, 0), None))
        return (mouth, ends) if mouth is not None and alike >= _SAME else None


class KnowingHearing(Hearing):
    """One connection's ear."""

    def __init__(self, callers: Callers, rate_hz: int, *, encoding: str) -> None:
        super().__init__(Ears(), rate_hz, encoding=encoding)
        self._callers = callers
        self._mouth: KnownMouth | None = None
        self._ahead = 0  # position on the caller's track, less the samples received
        self._received = 0
        self._recent: list[Pcm] = []
        self._compared_frames = round(_COMPARED_S / 0.02)
        self._quiet_run = _QUIET_FRAMES_BETWEEN
        self._frames_to_compare = 0
        self._phrase: Said | None = None
        self._told = -1  # the end of the last phrase that was reported, as a position

    @property
    def listening(self) -> bool:
        return self._phrase is not None

    async def finish(self) -> str:
        """The words of the phrase that were received."""
        if self._phrase is None:
            return ""
        phrase, self._phrase = self._phrase, None
        words = _words(phrase.words, since=self._told, until=self._position)
        self._told = min(self._position, phrase.end)
        return words

    async def close(self) -> None:
        return

    @property
    def _position(self) -> int:
        return self._received + self._ahead

    def _hear(self, frame: Pcm) -> list[HeardEvent]:
        self.heard_s += 0.02
        self._received += SAMPLE_RATE_HZ // 50
        self._recent = [*self._recent[-(self._compared_frames + 1) :], frame]
        self._align(frame)
        return list(self._events()) if self._mouth is not None else []

    def _align(self, frame: Pcm) -> None:
        loud = float(np.sqrt(np.mean(frame.astype(np.float64) ** 2))) >= _LOUD_RMS
        if loud and self._quiet_run >= _QUIET_FRAMES_BETWEEN:
            self._frames_to_compare = self._compared_frames
        self._quiet_run = 0 if loud else self._quiet_run + 1
        if self._frames_to_compare == 0:
            return
        self._frames_to_compare -= 1
        if self._frames_to_compare == 0:
            sound = np.concatenate(self._recent)
            if self._rate_hz != SAMPLE_RATE_HZ:
                sound = soxr.resample(sound, self._rate_hz, SAMPLE_RATE_HZ)
            if (found := self._callers.find(sound, known=self._mouth)) is not None:
                self._mouth, ends = found
                self._ahead = ends - self._received
                self._leave_what_was_missed()

    def _leave_what_was_missed(self) -> None:
        """Nobody tells the words of a phrase that ended while the connection got no sound."""
        if self._phrase and self._position > self._phrase.end + _COMPARED_S * 2 * SAMPLE_RATE_HZ:
            self._told, self._phrase = self._phrase.end, None

    def _events(self) -> Iterable[HeardEvent]:
        assert self._mouth is not None
        if self._phrase is None:
            self._phrase = self._begun(self._mouth.said)
            if self._phrase is None:
                return
            self._reported = ""
            self.began_s = self.heard_s
            yield SpeechBegan(self.began_s)
        text = _words(self._phrase.words, since=self._told, until=self._position)
        if text and text != self._reported:
            self._reported = text
            yield Interim(text)
        if self._position >= self._phrase.end:
            yield Pause(20.0, text)

    def _begun(self, said: list[Said]) -> Said | None:
        # What was said before anybody listened here is not made up for.
        since = max(self._told, self._position - SAMPLE_RATE_HZ)
        for phrase in said:
            if phrase.end > since and phrase.start + SAMPLE_RATE_HZ // 20 <= self._position:
                return phrase
        return None


def _words(words: Iterable[tuple[str, int]], *, since: int, until: int) -> str:
    return " ".join(word for word, end in words if since < end <= until)


def _place(sound: Pcm, mouth: KnownMouth) -> tuple[float, int]:
    """How like the sound is to what the mouth gave, at best, and where that ends, at the latest."""
    first, track = mouth.lately(round(_LOOKED_BACK_S * SAMPLE_RATE_HZ))
    if track.size < sound.size:
        return 0.0, 0
    heard = sound.astype(np.float64)
    given = track.astype(np.float64)
    size = 1 << (given.size + heard.size).bit_length()
    product = np.fft.rfft(given, size) * np.conj(np.fft.rfft(heard, size))
    alike = np.fft.irfft(product, size)[: given.size - heard.size + 1]
    power = np.concatenate(([0.0], np.cumsum(given**2)))
    energy = power[heard.size :] - power[: -heard.size]
    alike /= np.sqrt(np.maximum(energy, 1e4)) * np.sqrt(np.sum(heard**2) + 1e-9)
    latest = int(np.flatnonzero(alike >= np.max(alike) - _AS_ALIKE)[-1])
    begin = max(0, latest - _WITHIN_A_PEAK)
    best = begin + int(np.argmax(alike[begin : latest + 1]))
    return float(alike[best]), first + best + heard.size
