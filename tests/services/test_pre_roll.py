"""What of the sound before the VAD's word belongs to the utterance."""

import numpy as np
import pytest

from services.embedded.pre_roll import PreRoll
from services.embedded.sphinx import BYTES_PER_SECOND, SAMPLE_RATE_HZ

LINE, VOICE = 3, 4000


def sound(seconds: float, level: int) -> bytes:
    rng = np.random.default_rng(7)
    return rng.normal(0, level, round(seconds * SAMPLE_RATE_HZ)).astype(np.int16).tobytes()


def taken_s(*parts: tuple[float, int]) -> float:
    pre_roll = PreRoll()
    heard = b"".join(sound(seconds, level) for seconds, level in parts)
    for start in range(0, len(heard), 640):
        pre_roll.add(heard[start : start + 640])
    return len(pre_roll.take()) / BYTES_PER_SECOND


@pytest.mark.parametrize("voice_s", [0.5, 0.7, 1.0])
@pytest.mark.parametrize("line", [LINE, 300])
def test_word_that_the_vad_was_slow_to_notice_is_taken_from_its_beginning(
    voice_s: float, line: int
) -> None:
    assert taken_s((2, line), (voice_s, VOICE)) == pytest.approx(voice_s + 0.2, abs=0.05)


def test_what_was_said_before_a_pause_is_not_said_again() -> None:
    assert taken_s((0.6, VOICE), (0.5, LINE), (0.3, VOICE)) == pytest.approx(0.5, abs=0.05)


def test_pause_within_words_is_none() -> None:
    assert taken_s((1, LINE), (0.2, VOICE), (0.1, LINE), (0.5, VOICE)) >= 0.95


def test_quiet_line_gives_the_least() -> None:
    assert taken_s((3, LINE)) == pytest.approx(0.5, abs=0.05)
    assert taken_s((0.2, LINE)) == pytest.approx(0.2, abs=0.02)
