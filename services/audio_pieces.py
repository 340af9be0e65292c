"""A caller's audio, in as many pieces as there is something to make of them."""

import audioop
from dataclasses import replace

from pipecat.frames.frames import InputAudioRawFrame

# Most turns have ended by then; the end of the others is counted by the clock.
_LASTS_S = 0.8
# A caller who speaks up is heard with the next window; only what lies before waits for so long.
_PIECE_S = 0.1
# The detector of a voice looks at so much at once.
VAD_WINDOW_S = 0.032

# -54 dBFS: what has no louder sample lies below the volume from which a voice counts.
_FAINT = 64
# A voice that falls below half of what it was a moment ago may be at the end of a word.
_FALLEN = 0.5
_MOMENT_HALVES_IN_S = 0.06


def is_faint(audio: bytes) -> bool:
    """Whether no sample of this 16-bit audio is loud enough for a voice."""
    return bool(audio) and audioop.max(audio, 2) <= _FAINT


class AudioPieces:
    """Joins frames of a caller's audio: each costs all processors the same, whatever it holds.

    What may hold a voice is handed on as soon as the detector can make something of it, what may
    hold the end of a word at once, for the recogniser waits for it, and lasting silence in larger
    pieces.
    """

    def __init__(self) -> None:
        self._held: list[InputAudioRawFrame] = []
        self._samples = self._faint_samples = self._beyond_window = 0
        self._level = 0.0

    def take(self, frame: InputAudioRawFrame) -> InputAudioRawFrame | None:
        """What is to be handed on now that this has come; nothing is lost, in the same order."""
        rate_hz, samples = frame.sample_rate, frame.num_frames
        self._held.append(frame)
        self._samples += samples
        peak = audioop.max(frame.audio, 2)
        self._faint_samples = self._faint_samples + samples if peak <= _FAINT else 0
        if self._faint_samples > _LASTS_S * rate_hz:
            return self._taken(rate_hz) if self._samples >= _PIECE_S * rate_hz else None
        window = self._beyond_window + self._samples >= VAD_WINDOW_S * rate_hz
        return self._taken(rate_hz) if self._falls(peak, samples / rate_hz) or window else None

    def _falls(self, peak: int, seconds: float) -> bool:
        """Whether the voice has just become faint, or much fainter."""
        before = self._level * 0.5 ** (seconds / _MOMENT_HALVES_IN_S)
        self._level = max(peak, before)
        return before > _FAINT and peak < _FALLEN * before

    def _taken(self, rate_hz: int) -> InputAudioRawFrame:
        self._beyond_window = (self._beyond_window + self._samples) % round(VAD_WINDOW_S * rate_hz)
        held, self._held, self._samples = self._held, [], 0
        if len(held) == 1:
            return held[0]
        return replace(held[0], audio=b"".join(frame.audio for frame in held))
