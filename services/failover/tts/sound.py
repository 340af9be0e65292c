"""What can be told about speech from its samples, and how much of it a text needs."""

import asyncio
import re

import numpy as np
from pipecat.frames.frames import TTSAudioRawFrame

# Peaks of speech are in the thousands.
_LOUDEST_SILENCE, _LOUDEST_DITHER = 50, 10
# A consonant may begin below what counts as a sound.
_BEFORE_FIRST_SOUND_S = 0.01

USUAL_PACE = 14.0
"""Letters a second, as `letters_in` counts them, at which a voice speaks."""
_FASTEST_PACE = 25.0
# Text that says less than it seems (markup, abbreviations) must not look cut off.
_LEAST_PART = 0.75
# Another sentence may be faster than those that were measured.
_PACE_VARIES = 1.3

# As long to say as so many letters: "seven", "percent", 四 ("shi", "yon"), か ("ka"), 한 ("han").
_LETTERS_IN_A_DIGIT = 4
_LETTERS_IN_A_SYMBOL = 6
_LETTERS_IN_AN_IDEOGRAPH = 3
_LETTERS_IN_A_SYLLABLE = 2
_IDEOGRAPHS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SYLLABLES = re.compile(r"[\u3041-\u30ff\uac00-\ud7af]")
_SAID_SYMBOLS = frozenset("$€£¥%&@+=#°")


def is_audible(frame: TTSAudioRawFrame) -> bool:
    """Whether there is anything to hear in 16-bit PCM."""
    return bool((_loudness(frame) > _LOUDEST_SILENCE).any())


def without_silence_before(frame: TTSAudioRawFrame) -> TTSAudioRawFrame:
    """What an audible frame of 16-bit mono PCM holds from just before its first sound on."""
    loudness = _loudness(frame)
    first_sound = int((loudness > _LOUDEST_SILENCE).argmax())
    before = round(_BEFORE_FIRST_SOUND_S * frame.sample_rate)
    cut = max(int((loudness > _LOUDEST_DITHER).argmax()), first_sound - before)
    return TTSAudioRawFrame(frame.audio[cut * 2 :], frame.sample_rate, frame.num_channels)


def duration_s(frame: TTSAudioRawFrame) -> float:
    """How long the frame plays, in seconds, at the rate that it claims."""
    return len(frame.audio) / 2 / frame.num_channels / frame.sample_rate


def letters_in(word: str) -> int:
    """How long a word takes to say, in letters of plain text and the gap behind it."""
    return 1 + sum(map(_letters_of, word))


def shortest_s(letters: int, pace: float | None = None) -> float:
    """The shortest time in which a text can have been said whole.

    Args:
        letters: The text's length, as `letters_in` counts.
        pace: The letters a second that were measured of the voice, if any were.
    """
    fastest = min(_FASTEST_PACE, pace * _PACE_VARIES) if pace else _FASTEST_PACE
    return _LEAST_PART * letters / fastest


def _loudness(frame: TTSAudioRawFrame) -> np.ndarray:
    samples = np.frombuffer(frame.audio, dtype=np.int16, count=len(frame.audio) // 2)
    return np.abs(samples.astype(np.int32))


def _letters_of(character: str) -> int:
    if character.isdigit():
        return _LETTERS_IN_A_DIGIT
    if _IDEOGRAPHS.match(character):
        return _LETTERS_IN_AN_IDEOGRAPH
    if _SYLLABLES.match(character):
        return _LETTERS_IN_A_SYLLABLE
    if character.isalnum():
        return 1
    return _LETTERS_IN_A_SYMBOL if character in _SAID_SYMBOLS else 0


class Playout:
    """Until when the listener has something to hear, if all that was put out is played."""

    def __init__(self) -> None:
        self.ends_s = 0.0

    @property
    def left_s(self) -> float:
        """How long there is still something to hear."""
        return max(0.0, self.ends_s - asyncio.get_running_loop().time())

    def add(self, seconds: float) -> float:
        """Append audio.

        Returns:
            When its playing begins, in seconds of the event loop's clock.
        """
        begins_s = max(asyncio.get_running_loop().time(), self.ends_s)
        self.ends_s = begins_s + seconds
        return begins_s

    def cut(self) -> None:
        """The listener was given silence instead of what had not been played."""
        self.ends_s = 0.0
