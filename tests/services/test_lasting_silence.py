"""The silence of a caller who says nothing comes in larger pieces, and nothing of it is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import InputAudioRawFrame

from services.lasting_silence import LastingSilence

RATE_HZ = 8_000
FRAME = 160


def frame(level: int) -> InputAudioRawFrame:
    """20 ms with one sample of this level in the middle."""
    samples = np.zeros(FRAME, np.int16)
    samples[FRAME // 2] = level
    return InputAudioRawFrame(samples.tobytes(), RATE_HZ, 1)


def sizes(silence: LastingSilence, levels: list[int]) -> list[list[int]]:
    """For each 20 ms, how long the pieces are that are handed on, in frames."""
    return [[piece.num_frames // FRAME for piece in silence.take(frame(one))] for one in levels]


def test_silence_comes_in_larger_pieces_once_it_has_lasted() -> None:
    taken = sizes(LastingSilence(), [0] * 50)
    assert taken[:40] == [[1]] * 40
    assert taken[40:] == [[], [], [], [], [5]] * 2


@pytest.mark.parametrize("level", [100, -100, 30_000, -32_768])
def test_a_voice_is_handed_on_at_once_behind_the_silence_before_it(level: int) -> None:
    silence = LastingSilence()
    sizes(silence, [0] * 42)
    assert sizes(silence, [level]) == [[2, 1]]


def test_after_a_voice_silence_has_to_last_again() -> None:
    silence = LastingSilence()
    sizes(silence, [0] * 45)
    assert sizes(silence, [5_000, *[0] * 40]) == [[1], *[[1]] * 40]


@given(st.lists(st.sampled_from((0, 3, -60, 100, -9_000)), max_size=40), st.integers(30, 60))
def test_nothing_is_lost_or_swapped(levels: list[int], before: int) -> None:
    frames = [frame(level) for level in (*[0] * before, *levels, 5_000)]
    silence = LastingSilence()
    handed_on = b"".join(piece.audio for one in frames for piece in silence.take(one))
    assert handed_on == b"".join(one.audio for one in frames)
