"""A caller's audio comes in pieces that are worth their way, and nothing of it is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import InputAudioRawFrame

from services.audio_pieces import VAD_WINDOW_S, AudioPieces

RATES_HZ = (8_000, 16_000)
VOICE = 5_000


def frame(level: int, rate_hz: int = 8_000) -> InputAudioRawFrame:
    """20 ms with one sample of this level in the middle."""
    samples = np.zeros(rate_hz // 50, np.int16)
    samples[len(samples) // 2] = level
    return InputAudioRawFrame(samples.tobytes(), rate_hz, 1)


def sizes(pieces: AudioPieces, levels: list[int], rate_hz: int = 8_000) -> list[int]:
    """For each 20 ms, how long the piece is that is handed on then, in ms."""
    taken = [pieces.take(frame(one, rate_hz)) for one in levels]
    return [1000 * one.num_frames // one.sample_rate if one else 0 for one in taken]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_window_is_the_detectors(rate_hz: int) -> None:
    detector = SileroVADAnalyzer(sample_rate=rate_hz)
    detector.set_sample_rate(rate_hz)
    assert detector.num_frames_required() == VAD_WINDOW_S * rate_hz


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_voice_is_handed_on_whenever_the_detector_has_another_window(rate_hz: int) -> None:
    assert sizes(AudioPieces(), [VOICE] * 16, rate_hz) == [0, 40, 0, 40, 20, 0, 40, 20] * 2


def test_silence_comes_in_larger_pieces_once_it_has_lasted() -> None:
    taken = sizes(AudioPieces(), [0] * 50)
    assert taken[:40] == [0, 40, 0, 40, 20, 0, 40, 20] * 5
    assert taken[40:] == [0, 0, 0, 0, 100] * 2


@pytest.mark.parametrize("level", [100, -100, 30_000, -32_768])
def test_a_voice_is_handed_on_with_the_silence_before_it(level: int) -> None:
    pieces = AudioPieces()
    sizes(pieces, [0] * 42)
    assert sizes(pieces, [level]) == [60]


@pytest.mark.parametrize("before", range(41, 60))
def test_detector_never_waits_for_a_window_behind_a_silence(before: int) -> None:
    pieces = AudioPieces()
    handed_on = sum(sizes(pieces, [0] * before))
    for came_ms in range(20 * (before + 1), 20 * (before + 9), 20):
        handed_on += sum(sizes(pieces, [VOICE]))
        assert handed_on // 32 == came_ms // 32


@pytest.mark.parametrize("before", range(8, 16))
@pytest.mark.parametrize("level", [0, VOICE // 3])
def test_what_may_be_the_end_of_a_word_is_handed_on_at_once(before: int, level: int) -> None:
    pieces = AudioPieces()
    held = 20 * before - sum(sizes(pieces, [VOICE] * before))
    assert sizes(pieces, [level]) == [held + 20]


def test_for_a_while_after_a_voice_nothing_is_held() -> None:
    pieces = AudioPieces()
    sizes(pieces, [VOICE] * 8)
    assert sizes(pieces, [0] * 10) == [20] * 10


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_voice_that_goes_on_more_softly_comes_by_windows_again(rate_hz: int) -> None:
    pieces = AudioPieces()
    sizes(pieces, [VOICE] * 8 + [VOICE // 3] * 12, rate_hz)
    assert 0 in sizes(pieces, [VOICE // 3] * 8, rate_hz)


def test_after_a_voice_silence_has_to_last_again() -> None:
    pieces = AudioPieces()
    sizes(pieces, [0] * 45)
    assert max(sizes(pieces, [VOICE, *[0] * 40])) == 40


@given(st.lists(st.sampled_from((0, 3, -60, 100, -9_000)), max_size=40), st.integers(30, 60))
def test_nothing_is_lost_or_swapped(levels: list[int], before: int) -> None:
    frames = [frame(level) for level in (*[0] * before, *levels, *[VOICE] * 2)]
    pieces = AudioPieces()
    taken = b"".join(piece.audio for one in frames if (piece := pieces.take(one)))
    sent = b"".join(one.audio for one in frames)
    assert sent.startswith(taken)
    assert len(sent) - len(taken) < 2 * 0.032 * 8_000
