"""The telephone's microphone: queued speech in 20 ms frames, line noise when nobody speaks."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from rehearsal import mulaw
from rehearsal.audible import Span, audible_spans
from rehearsal.mulaw import Pcm
from rehearsal.playout import FRAME_SAMPLES

# Digital zero never occurs on a telephone line; detectors that learn the noise floor expect some.
# This is a quiet digital line. An old copper one is at about -60.
QUIET_LINE_DBFS = -80.0
_NOISE_SAMPLES = 5 * mulaw.SAMPLE_RATE_HZ


@dataclass
class _Utterance:
    pcm: Pcm
    said: asyncio.Future[float] = field(repr=False)  # its first sample's place on the track
    start_sample: int = -1
    offset: int = 0


class Mouth:
    """Gives the next frame whenever asked, and keeps all it gave."""

    def __init__(self, *, noise_dbfs: float = QUIET_LINE_DBFS, seed: int = 1) -> None:
        """`noise_dbfs`: RMS of the line's noise, which is also there while somebody speaks."""
        level = 32768 * 10 ** (noise_dbfs / 20)
        noise = np.random.default_rng(seed).normal(0, level, _NOISE_SAMPLES)
        self._noise = noise.astype(np.int16)
        self._waiting: deque[_Utterance] = deque()
        self._spoken: list[Pcm] = []
        self._samples = 0

    @property
    def speaking(self) -> bool:
        return bool(self._waiting)

    async def say(self, pcm: Pcm) -> Span:
        """Speak 8 kHz samples of shape (n,); returns when they have been spoken.

        The span is that of the true speech: first to last audible sample, on this track.
        """
        spans = audible_spans(pcm)
        if not spans:
            raise ValueError("There is nothing to hear in this audio.")
        utterance = _Utterance(pcm, asyncio.get_running_loop().create_future())
        self._waiting.append(utterance)
        start_s = await utterance.said
        return Span(start_s + spans[0].start_s, start_s + spans[-1].end_s)

    def be_quiet(self) -> None:
        """Drop what has not been said yet; whoever waits for it is told by cancellation."""
        for utterance in self._waiting:
            utterance.said.cancel()
        self._waiting.clear()

    def next_frame(self) -> Pcm:
        """The next 20 ms: samples of shape (160,)."""
        at = self._samples % (_NOISE_SAMPLES - FRAME_SAMPLES)
        frame = self._noise[at : at + FRAME_SAMPLES].astype(np.int32)
        filled = 0
        while self._waiting and filled < FRAME_SAMPLES:
            filled += self._speak_into(frame, filled)
        self._samples += FRAME_SAMPLES
        said = np.clip(frame, -32768, 32767).astype(np.int16)
        self._spoken.append(said)
        return said

    def track(self) -> Pcm:
        """Everything given so far: samples of shape (n,)."""
        return np.concatenate(self._spoken) if self._spoken else np.zeros(0, np.int16)

    def _speak_into(self, frame: np.ndarray, filled: int) -> int:
        utterance = self._waiting[0]
        if utterance.start_sample < 0:
            utterance.start_sample = self._samples + filled
        part = utterance.pcm[utterance.offset : utterance.offset + FRAME_SAMPLES - filled]
        frame[filled : filled + part.size] += part
        utterance.offset += part.size
        if utterance.offset >= utterance.pcm.size:
            self._waiting.popleft()
            if not utterance.said.done():
                utterance.said.set_result(utterance.start_sample / mulaw.SAMPLE_RATE_HZ)
        return part.size
