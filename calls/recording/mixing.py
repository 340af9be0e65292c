"""From two tracks to the chunk of a file."""

from dataclasses import dataclass

import numpy as np
import soxr

from calls.recording.sound_file import CHANNELS, chunk_frames
from calls.recording.track import Samples, Track

# A filter needs what stands before and behind what it filters.
_MARGINS_PER_S = 50


@dataclass(frozen=True)
class Piece:
    """One side of a chunk, with its surroundings where it is to be filtered.

    Parameters:
        samples: None: silence.
        rate_hz: Of the samples.
    """

    samples: Samples | None
    rate_hz: int

    @classmethod
    def of(cls, track: Track | None, index: int, *, for_hz: int) -> "Piece":
        """A chunk of a track, as it is at this moment."""
        if track is None:
            return cls(None, 0)
        if track.rate_hz == for_hz:
            return cls(track.at(index), for_hz)
        return cls(track.around(index, track.rate_hz // _MARGINS_PER_S), track.rate_hz)

    def at(self, rate_hz: int) -> Samples | None:
        """The chunk alone, at the rate it was taken for."""
        if self.samples is None or self.rate_hz == rate_hz:
            return self.samples
        samples = soxr.resample(self.samples, self.rate_hz, rate_hz, quality="MQ")
        margin = rate_hz // _MARGINS_PER_S
        return samples[margin : margin + chunk_frames(rate_hz)]


@dataclass(frozen=True)
class Chunk:
    """Both sides of a chunk, before they are brought to the rate of the file."""

    index: int
    caller: Piece
    bot: Piece

    def pcm(self, rate_hz: int) -> bytes:
        """16-bit stereo, the caller left and the bot right."""
        stereo = np.zeros((chunk_frames(rate_hz), CHANNELS), np.int16)
        for channel, piece in enumerate((self.caller, self.bot)):
            samples = piece.at(rate_hz)
            if samples is not None:
                stereo[: samples.size, channel] = samples
        return stereo.tobytes()


def mono(audio: bytes, rate_hz: int, channels: int, *, as_hz: int) -> bytes:
    """16-bit audio of any kind as that of one side; what is no whole sample is dropped."""
    if channels == 1 and rate_hz == as_hz and len(audio) % 2 == 0:
        return audio
    samples = np.frombuffer(audio, np.int16, count=len(audio) // (2 * channels) * channels)
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    if rate_hz != as_hz:
        samples = soxr.resample(samples, rate_hz, as_hz, quality="MQ")
    return samples.tobytes()
