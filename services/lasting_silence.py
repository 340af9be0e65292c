"""The silence of a caller who has said nothing for a while, in larger pieces."""

import audioop
from dataclasses import replace

from pipecat.frames.frames import InputAudioRawFrame

# Most turns have ended by then; the end of the others is counted by the clock.
_LASTS_S = 0.8
# A caller who speaks up is heard at once; only what lies before that waits for so long.
_PIECE_S = 0.1
# Sums of seconds are not exact.
_A_SAMPLE_S = 1e-5

# -54 dBFS: what has no louder sample lies below the volume from which a voice counts.
_FAINT = 64


def is_faint(audio: bytes) -> bool:
    """Whether no sample of this 16-bit audio is loud enough for a voice."""
    return bool(audio) and audioop.max(audio, 2) <= _FAINT


class LastingSilence:
    """Joins frames of lasting silence: each costs all processors the same, whatever it holds.

    A frame with anything louder is handed on at once, with what was held before it.
    """

    def __init__(self) -> None:
        self._held: list[InputAudioRawFrame] = []
        self._held_s = self._lasts_s = 0.0

    def take(self, frame: InputAudioRawFrame) -> list[InputAudioRawFrame]:
        """What is to be handed on now that this has come; nothing is lost, in the same order."""
        seconds = frame.num_frames / frame.sample_rate
        if not is_faint(frame.audio):
            self._lasts_s = 0.0
            return [*self._taken(), frame]
        self._lasts_s += seconds
        if self._lasts_s <= _LASTS_S + _A_SAMPLE_S:
            return [frame]
        self._held.append(frame)
        self._held_s += seconds
        return self._taken() if self._held_s >= _PIECE_S - _A_SAMPLE_S else []

    def _taken(self) -> list[InputAudioRawFrame]:
        held, self._held, self._held_s = self._held, [], 0.0
        if not held:
            return []
        return [replace(held[0], audio=b"".join(frame.audio for frame in held))]
