"""What the caller said last, kept for a provider that was not listening."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import numpy as np
from pipecat.frames.frames import Frame, InputAudioRawFrame, VADUserStoppedSpeakingFrame

_KEPT_S = 20.0
# Sums of seconds are not exact.
_A_SAMPLE_S = 1e-5


class CallerAudio:
    """The caller's last seconds: the audio, with the VAD's frames between it where they came.

    A position counts the frames of the call. What is older than `keep_s` is forgotten, so that
    of a longer utterance the end is kept.

    Parameters:
        keep_s: Seconds of audio that are kept.
    """

    def __init__(self, keep_s: float = _KEPT_S) -> None:
        self._keep_s = keep_s
        self._kept_s = 0.0
        self._frames: deque[tuple[int, Frame]] = deque()
        self._end = 0
        self._speech_ended = 0
        self._heard_s = 0.0

    @property
    def end(self) -> int:
        """Where the next frame will be."""
        return self._end

    @property
    def heard_s(self) -> float:
        """Seconds of audio since the call began."""
        return self._heard_s

    def add(self, frame: Frame) -> None:
        """Keep an audio frame, or a frame of the VAD."""
        self._frames.append((self._end, frame))
        self._end += 1
        self._heard_s += _seconds(frame)
        self._kept_s += _seconds(frame)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speech_ended = self._end
        while self._kept_s > self._keep_s + _A_SAMPLE_S:
            self._kept_s -= _seconds(self._frames.popleft()[1])

    def since(self, position: int) -> list[Frame]:
        """What is kept from a position on."""
        newer = takewhile(lambda entry: entry[0] >= position, reversed(self._frames))
        return [frame for _, frame in newer][::-1]

    def back(self, seconds: float) -> int:
        """The position so many seconds ago, but never within what was said before.

        A provider that hears the end of the last sentence again says those words again.
        """
        position, left_s = self._end, seconds
        for at, frame in reversed(self._frames):
            if left_s <= 0 or at < self._speech_ended:
                break
            position, left_s = at, left_s - _seconds(frame)
        return position

    def loudest_dbfs(self, position: int) -> float:
        """The level of the loudest audio frame from a position on; -inf for digital silence."""
        levels = [_rms(frame) for frame in self.since(position)]
        loudest = max(levels, default=0.0)
        return 20 * float(np.log10(loudest / 32768)) if loudest else float("-inf")


def in_one_piece(frames: Sequence[Frame], *, at_least_s: float) -> InputAudioRawFrame | None:
    """The audio of all frames in one; None: it is less than asked for."""
    sounds = [frame for frame in frames if isinstance(frame, InputAudioRawFrame)]
    if not sounds or sum(map(_seconds, sounds)) < at_least_s - _A_SAMPLE_S:
        return None
    return replace(sounds[0], audio=b"".join(sound.audio for sound in sounds))


def _seconds(frame: Frame) -> float:
    if not isinstance(frame, InputAudioRawFrame):
        return 0.0
    return frame.num_frames / frame.sample_rate


def _rms(frame: Frame) -> float:
    if not isinstance(frame, InputAudioRawFrame) or not frame.audio:
        return 0.0
    samples = np.frombuffer(frame.audio, np.int16).astype(np.float64)
    return float(np.sqrt(np.mean(samples**2)))
