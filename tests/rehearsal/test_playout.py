import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal import mulaw
from rehearsal.audible import first_audible_after
from rehearsal.playout import Playout

FRAME_S = 0.02


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def tone(ms: float) -> bytes:
    return mulaw.encode(np.full(int(ms * 8), 8000, np.int16))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def playout(clock: Clock) -> Playout:
    return Playout(clock)


def test_audio_sent_in_one_go_is_played_in_real_time(clock: Clock, playout: Playout) -> None:
    clock.now_s += 0.1
    playout.receive(tone(400))
    clock.now_s += 0.2
    assert playout.spans()[0].start_s == pytest.approx(0.12)
    assert playout.buffered_ms == pytest.approx(200)
    clock.now_s += 1.0
    assert [(s.start_s, s.end_s) for s in playout.spans()] == [pytest.approx((0.12, 0.52))]


def test_audio_that_comes_late_is_not_heard_earlier_when_the_clock_is_looked_at_late(
    clock: Clock, playout: Playout
) -> None:
    clock.now_s += 3.0
    playout.receive(tone(40))
    clock.now_s += 1.0
    assert playout.first_audible_after(0.0) == pytest.approx(3.02)


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 300)), max_size=6),
    st.integers(0, 3000),
)
def test_first_sound_after_a_moment_is_that_of_the_whole_track(
    pieces: list[tuple[int, int]], moment_ms: int
) -> None:
    clock = Clock()
    playout = Playout(clock)
    for gap_ms, sound_ms in pieces:
        playout.receive(bytes([mulaw.SILENCE]) * gap_ms * 8 + tone(sound_ms))
    clock.now_s += 3.0
    expected_s = first_audible_after(playout.spans(), moment_ms / 1000)
    heard_s = playout.first_audible_after(moment_ms / 1000)
    assert (heard_s is None) == (expected_s is None)
    if heard_s is not None:
        assert heard_s == pytest.approx(expected_s)


def test_a_mark_comes_back_when_the_audio_before_it_was_played(
    clock: Clock, playout: Playout
) -> None:
    playout.receive(tone(100))
    playout.mark("first")
    playout.receive(tone(100))
    playout.mark("second")
    assert playout.take_marks() == []
    clock.now_s += 0.1
    assert playout.take_marks() == ["first"]
    clock.now_s += 0.1
    assert playout.take_marks() == ["second"]
    assert playout.take_marks() == []


def test_a_mark_behind_nothing_comes_back_at_once(playout: Playout) -> None:
    playout.mark("alone")
    assert playout.take_marks() == ["alone"]


def test_clear_silences_the_bot_and_gives_all_marks_back(clock: Clock, playout: Playout) -> None:
    playout.receive(tone(1000))
    playout.mark("never played")
    clock.now_s += 0.3
    playout.clear()
    assert playout.take_marks() == ["never played"]
    clock.now_s += 2.0
    (heard,) = playout.spans()
    assert heard.end_s == pytest.approx(0.32)
    assert playout.cleared[0].dropped_ms == pytest.approx(700)


def test_barge_in_stop_is_measured_to_the_last_sound_heard(clock: Clock, playout: Playout) -> None:
    playout.receive(tone(2000))
    clock.now_s += 0.8
    playout.clear()
    clock.now_s += 1.0
    assert playout.stop_after_ms(0.5) == pytest.approx(320)
    assert playout.stop_after_ms(1.5) is None


def test_dead_air_is_the_longest_silence_the_caller_sat_through(
    clock: Clock, playout: Playout
) -> None:
    clock.now_s += 0.5
    playout.receive(tone(200))
    clock.now_s += 1.2
    playout.receive(tone(200))
    clock.now_s += 3.0
    assert playout.dead_air_ms(start_s=0.2, end_s=1.9) == pytest.approx(1000, abs=21)
    assert playout.dead_air_ms(start_s=0.2, end_s=0.6) == pytest.approx(320, abs=1)


def test_silence_is_counted_from_the_last_sound(clock: Clock, playout: Playout) -> None:
    clock.now_s += 1.0
    assert playout.silent_for_ms() is None
    playout.receive(tone(20))
    clock.now_s += 1.0
    assert playout.silent_for_ms() == pytest.approx(960, abs=1)
    assert playout.silent_for_ms(since_s=1.5) is None


def test_what_was_still_buffered_when_the_line_went_dead_is_never_heard(
    clock: Clock, playout: Playout
) -> None:
    playout.receive(tone(1000))
    clock.now_s += 0.38
    playout.stop()
    clock.now_s += 5.0
    assert playout.unplayed_ms == pytest.approx(620)
    assert playout.played_s == pytest.approx(0.4)
    playout.receive(tone(100))
    assert playout.played_s == pytest.approx(0.4)


def test_silence_that_was_still_buffered_is_no_loss(clock: Clock, playout: Playout) -> None:
    playout.receive(tone(100) + bytes([mulaw.SILENCE]) * 8000)
    clock.now_s += 0.5
    playout.stop()
    assert playout.unplayed_ms == 0


def test_more_than_ten_minutes_ahead_is_discarded(playout: Playout) -> None:
    playout.receive(tone(601_000))
    assert playout.discarded_ms == pytest.approx(1000)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("audio"), st.integers(1, 1200)),
            st.tuples(st.just("mark"), st.integers(0, 0)),
            st.tuples(st.just("wait"), st.integers(0, 400)),
        ),
        max_size=30,
    )
)
def test_whatever_comes_when_everything_is_played_once_and_marks_keep_their_order(
    steps: list[tuple[str, int]],
) -> None:
    clock = Clock()
    playout = Playout(clock)
    sent, marks, back = bytearray(), [], []
    for kind, amount in steps:
        match kind:
            case "audio":
                chunk = bytes((len(sent) + n) % 64 for n in range(amount))  # loud codes only
                sent += chunk
                playout.receive(chunk)
            case "mark":
                marks.append(str(len(marks)))
                playout.mark(marks[-1])
            case "wait":
                clock.now_s += amount / 1000
        back += playout.take_marks()
    clock.now_s += 60
    back += playout.take_marks()
    played = mulaw.encode(playout.track()).replace(bytes([mulaw.SILENCE]), b"")
    assert played == bytes(sent)
    assert back == marks
