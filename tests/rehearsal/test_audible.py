import numpy as np
import pytest

from rehearsal.audible import (
    Span,
    audible_spans,
    first_audible_after,
    joined,
    longest_silence_ms,
    stop_after_ms,
)

TWO_WORDS = [Span(1.0, 2.0), Span(2.2, 3.0)]


def test_line_noise_is_not_heard_as_speech() -> None:
    noise = np.random.default_rng(0).normal(0, 16, 8000).astype(np.int16)
    assert audible_spans(noise) == []


def test_a_tone_is_heard_from_its_first_to_its_last_sample() -> None:
    track = np.zeros(8000, np.int16)
    track[1600:3200] = 5000
    assert audible_spans(track) == [Span(0.2, 0.4)]


def test_the_shortest_gaps_do_not_split_a_word() -> None:
    track = np.full(8000, 5000, np.int16)
    track[2000:2400] = 0
    track[4000:4800] = 0
    assert len(audible_spans(track, join_ms=60)) == 2


def test_somebody_already_speaking_is_heard_at_once() -> None:
    assert first_audible_after(TWO_WORDS, 1.5) == 1.5
    assert first_audible_after(TWO_WORDS, 2.1) == 2.2
    assert first_audible_after(TWO_WORDS, 3.5) is None


def test_a_silence_that_began_before_counts_from_the_moment_asked_for() -> None:
    assert longest_silence_ms(TWO_WORDS, start_s=0.5, end_s=3.0) == pytest.approx(500)
    assert longest_silence_ms(TWO_WORDS, start_s=1.5, end_s=2.5) == pytest.approx(200)
    assert longest_silence_ms([], start_s=0.0, end_s=2.0) == pytest.approx(2000)
    assert longest_silence_ms(TWO_WORDS, start_s=1.2, end_s=1.8) == 0


def test_a_breath_between_words_does_not_end_the_bots_speech() -> None:
    assert joined(TWO_WORDS, 300) == [Span(1.0, 3.0)]
    assert joined(TWO_WORDS, 100) == TWO_WORDS
    assert stop_after_ms(TWO_WORDS, 1.5, quiet_ms=300) == pytest.approx(1500)
    assert stop_after_ms(TWO_WORDS, 1.5, quiet_ms=100) == pytest.approx(500)
    assert stop_after_ms(TWO_WORDS, 0.5) is None
