"""The ear behind every stand-in that listens: what is speech, and its words as they come.

The words are pocketsphinx's, or those of a script.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import soxr

from rehearsal import mulaw
from rehearsal.mulaw import Pcm
from services.embedded.sphinx import BITE_BYTES, BYTES_PER_SECOND, Ear, Utterance
from services.embedded.sphinx import SAMPLE_RATE_HZ as EAR_RATE_HZ

_FRAME_S = 0.02
_LOUD_RMS = 180  # about -45 dBFS: above line noise, below any speech
_LOUD_FRAMES_TO_BEGIN = 3
_BEFORE_FRAMES = 20  # of what came before speech was noticed
_SCRIPTED_WORD_S = 0.25
_INTERIM_BYTES = BYTES_PER_SECOND // 5
_MOST_WAITING_BYTES = 30 * BYTES_PER_SECOND
# Sound that came over the telephone has nothing up there but rounding.
_TELEPHONE_ENDS_HZ = 4200
_ROUNDING_RMS = 1.5


class Ears:
    """Makes the recognisers, one kind for telephone sound and one for all other."""

    def __init__(self, sample_lines: Sequence[str] = (), keyterms: Sequence[str] = ()) -> None:
        self._lines = tuple(sample_lines)
        self._keyterms = tuple(keyterms)

    def prepare(self) -> None:
        """Build both now; blocks for a second or two."""
        for telephone in (True, False):
            self.get(telephone=telephone)

    def get(self, *, telephone: bool) -> Ear:
        return Ear.shared(self._lines, self._keyterms, telephone=telephone)

    def transcribe(self, sound: Pcm, rate_hz: int) -> str:
        """The words of one utterance. Blocks."""
        samples = soxr.resample(sound, rate_hz, EAR_RATE_HZ).astype(np.int16)
        ear = self.get(telephone=_came_by_telephone(sound, rate_hz))
        return ear.transcribe(samples.tobytes())


@dataclass(frozen=True)
class SpeechBegan:
    """Somebody began to speak at this second of the audio."""

    at_s: float


@dataclass(frozen=True)
class Interim:
    """What was understood so far of the utterance."""

    text: str


@dataclass(frozen=True)
class Pause:
    """An utterance is open and it has been quiet for this long; reported every 20 ms.

    `words`: what it would be if it ended here.
    """

    for_ms: float
    words: str = ""


@dataclass(frozen=True)
class SpeechWentOn:
    """After a pause, and before the utterance was finished, there is speech again."""


HeardEvent = SpeechBegan | Interim | Pause | SpeechWentOn


class _Words(Protocol):
    def hear(self, samples: Pcm) -> None: ...
    def so_far(self) -> str: ...
    def if_it_ended(self) -> str: ...
    async def all(self) -> str: ...
    async def close(self) -> None: ...


class Hearing:
    """One connection's ear. Takes 16-bit or mu-law mono audio at any rate.

    Args:
        script: Asked once an utterance for its words; None: they are really heard.
    """

    def __init__(
        self,
        ears: Ears,
        rate_hz: int,
        *,
        encoding: str = "linear16",
        script: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._ears = ears
        self._rate_hz = rate_hz
        self._mulaw = encoding in ("mulaw", "pcm_mulaw")
        self._script = script
        self._frame = round(_FRAME_S * rate_hz)
        self._rest = np.zeros(0, np.int16)
        self._before: deque[Pcm] = deque(maxlen=_BEFORE_FRAMES)
        self._loud_frames = 0
        self._quiet_frames = 0
        self._words: _Words | None = None
        self._reported = ""
        self.heard_s = 0.0
        self.began_s = 0.0

    @property
    def listening(self) -> bool:
        """An utterance is open."""
        return self._words is not None

    def feed(self, audio: bytes) -> list[HeardEvent]:
        """What is noticed in the next stretch of audio; an odd last byte is dropped."""
        even = audio[: len(audio) // 2 * 2]
        samples = mulaw.decode(audio) if self._mulaw else np.frombuffer(even, "<i2")
        samples = np.concatenate([self._rest, samples.astype(np.int16)])
        count = samples.size // self._frame
        self._rest = samples[count * self._frame :]
        events: list[HeardEvent] = []
        for at in range(count):
            events += self._hear(samples[at * self._frame : (at + 1) * self._frame])
        return events

    async def finish(self) -> str:
        """Close the utterance; its words, "" if there were none."""
        if self._words is None:
            return ""
        words, self._words = self._words, None
        try:
            return await words.all()
        finally:
            await words.close()

    async def close(self) -> None:
        if self._words is not None:
            words, self._words = self._words, None
            await words.close()

    def _hear(self, frame: Pcm) -> list[HeardEvent]:
        self.heard_s += _FRAME_S
        loud = float(np.sqrt(np.mean(frame.astype(np.float64) ** 2))) >= _LOUD_RMS
        self._loud_frames = self._loud_frames + 1 if loud else 0
        if self._words is None:
            self._before.append(frame)
            if self._loud_frames < _LOUD_FRAMES_TO_BEGIN:
                return []
            return self._begin()
        self._words.hear(frame)
        events: list[HeardEvent] = []
        text = self._words.so_far()
        if text and text != self._reported:
            self._reported = text
            events.append(Interim(text))
        if loud:
            if self._quiet_frames and self._loud_frames >= _LOUD_FRAMES_TO_BEGIN:
                events.append(SpeechWentOn())
                self._quiet_frames = 0
            return events
        self._quiet_frames += 1
        return [*events, Pause(self._quiet_frames * _FRAME_S * 1000, self._words.if_it_ended())]

    def _begin(self) -> list[HeardEvent]:
        self._quiet_frames = 0
        self._reported = ""
        self.began_s = self.heard_s - _LOUD_FRAMES_TO_BEGIN * _FRAME_S
        scripted = self._script()
        if scripted is not None:
            self._words = _ScriptedWords(scripted)
        else:
            sound = np.concatenate(list(self._before))
            ear = self._ears.get(telephone=_came_by_telephone(sound, self._rate_hz))
            self._words = _HeardWords(ear, self._rate_hz)
        for frame in self._before:
            self._words.hear(frame)
        self._before.clear()
        return [SpeechBegan(self.began_s)]


class _ScriptedWords:
    """Given words; they are understood at the pace of speech, the last one at the end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._frames = 0

    def hear(self, samples: Pcm) -> None:
        self._frames += 1

    def so_far(self) -> str:
        words = self._text.split()
        count = int(self._frames * _FRAME_S / _SCRIPTED_WORD_S)
        return " ".join(words[: min(count, len(words) - 1)])

    def if_it_ended(self) -> str:
        return self._text

    async def all(self) -> str:
        return self._text

    async def close(self) -> None:
        pass


class _HeardWords:
    """What the embedded recogniser understands of one utterance; it works off the event loop."""

    def __init__(self, ear: Ear, rate_hz: int) -> None:
        self._ear = ear
        self._resampler = soxr.ResampleStream(rate_hz, EAR_RATE_HZ, 1, dtype="int16")
        self._waiting = bytearray()
        self._ended = False
        self._news = asyncio.Event()
        self._so_far = ""
        self._work = asyncio.create_task(self._listen())

    def hear(self, samples: Pcm) -> None:
        # Who is so far behind will not catch up: better to lose sound than all time.
        if len(self._waiting) < _MOST_WAITING_BYTES:
            self._waiting += self._resampler.resample_chunk(samples).tobytes()
            self._news.set()

    def so_far(self) -> str:
        return self._so_far

    def if_it_ended(self) -> str:
        return self._so_far

    async def all(self) -> str:
        none = np.zeros(0, np.int16)
        self._waiting += self._resampler.resample_chunk(none, last=True).tobytes()
        self._ended = True
        self._news.set()
        return await asyncio.shield(self._work)

    async def close(self) -> None:
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)

    async def _listen(self) -> str:
        decoder = await asyncio.to_thread(self._ear.decoder)
        utterance = Utterance(decoder, telephone=self._ear.telephone)
        unreported = 0
        while self._waiting or not self._ended:
            await self._news.wait()
            self._news.clear()
            sound, self._waiting = bytes(self._waiting), bytearray()
            await asyncio.to_thread(_hear, utterance, sound)
            unreported += len(sound)
            if unreported >= _INTERIM_BYTES:
                unreported = 0
                self._so_far = await asyncio.to_thread(utterance.words)
        text = await asyncio.to_thread(utterance.finish)
        # Only now is it known to be between two utterances: one cut short is not used again.
        self._ear.give_back(decoder)
        return text


def _hear(utterance: Utterance, sound: bytes) -> None:
    for at in range(0, len(sound), BITE_BYTES):
        utterance.hear(sound[at : at + BITE_BYTES])


def _came_by_telephone(sound: Pcm, rate_hz: int) -> bool:
    if rate_hz <= 8000:
        return True
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(sound.size, 1 / rate_hz) < _TELEPHONE_ENDS_HZ] = 0
    above = np.fft.irfft(spectrum, sound.size)
    # The ends of a cut-out stretch do not meet; what that leaves is no sound.
    inside = above[sound.size // 8 : -sound.size // 8]
    return float(np.sqrt(np.mean(inside**2))) < _ROUNDING_RMS
