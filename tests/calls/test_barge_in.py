"""What a caller lets hear while the bot speaks: an interruption, or nothing of the kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.frames.frames import InterruptionFrame, UserStartedSpeakingFrame

from calls.barge_in.hold import Hold
from calls.barge_in.saying import Saying
from calls.barge_in.sensitivity import BARGE_IN, BargeIn
from calls.turn_taking.pauses import Pauses
from processors.dismissed import SoundDismissedFrame
from tests.calls.turns_call import VAD_S, TurnsCall, turns_call
from tests.virtual_time import in_virtual_time

SAYING = "We open at nine in the morning, and we close at six."
QUESTION = "Shall I send you directions?"


class Says(Saying):
    """A bot that says one thing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def lately(self) -> str:
        return self.text

    def question(self) -> str:
        return self.text if self.text.endswith("?") else ""


@asynccontextmanager
async def bot_saying(
    text: str = SAYING, *, interims: bool = True, **options: Any
) -> AsyncIterator[tuple[TurnsCall, Hold]]:
    """A call in which the bot speaks, after a turn in which its recogniser showed its manner."""
    hold = Hold()
    hold.saying = Says(text)
    async with turns_call(hold=hold, ahead=False, **options) as call:
        if interims:
            await call.says("tell me about it")
        else:
            await call.speaks(1.0)
            await call.is_silent(0.35)
            await call.is_understood("tell me about it")
        await call.is_silent(1.0)
        await call.bot_is_heard()
        yield call, hold


def interruptions(call: TurnsCall) -> int:
    """How often the bot was interrupted after the turn that it answers."""
    return len(call.rig.reached_the_end(InterruptionFrame)) - 1


def dismissed(call: TurnsCall) -> list[tuple[str, str]]:
    return [(f.kind, f.text) for f in call.rig.reached_the_end(SoundDismissedFrame)]


@in_virtual_time
async def test_a_backchannel_does_not_stop_the_bot() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.4)
        await call.seems("uh huh")
        await call.is_silent(0.4)
        assert not hold.paused
        await call.is_understood("Uh-huh.")
        await call.is_silent(1.0)
        assert interruptions(call) == 0
        assert call.written == call.asked == ["tell me about it"]
        assert dismissed(call) == [("backchannel", "uh huh")]


@in_virtual_time
async def test_the_bot_pauses_before_the_detector_is_sure_of_a_voice() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(VAD_S - 0.06)
        assert hold.paused
        assert interruptions(call) == 0


@in_virtual_time
async def test_sound_that_the_detector_thinks_better_of_is_over_a_moment_later() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(VAD_S - 0.06)
        await call.is_silent(0.16)
        assert not hold.paused
        assert dismissed(call) == [("noise", "")]


@in_virtual_time
async def test_bot_stays_silent_in_the_gap_behind_a_soft_first_sound() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(VAD_S - 0.06)
        for _ in range(4):
            await call.is_silent(0.02)
            assert hold.paused
        await call.speaks(0.4)
        await call.seems("hold on")
        await call.speaks(0.02)
        assert interruptions(call) == 1
        assert dismissed(call) == []


@in_virtual_time
async def test_click_behind_a_cough_does_not_make_it_an_interruption() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.3)
        await call.is_silent(VAD_S + 0.1)
        await call.speaks(VAD_S - 0.06)
        await call.is_silent(2.0)
        assert not hold.paused
        assert interruptions(call) == 0
        assert dismissed(call) == [("noise", "")]


@in_virtual_time
async def test_cough_does_not_stop_the_bot() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.4)
        await call.is_silent(VAD_S + 0.3)
        assert not hold.paused
        assert interruptions(call) == 0
        assert dismissed(call) == [("noise", "")]


@in_virtual_time
async def test_sound_that_a_busy_server_hears_late_is_no_longer_for_it() -> None:
    async with bot_saying() as (call, hold):
        call.late_by = 2.0
        await call.speaks(0.6)
        await call.seems("uh")
        await call.is_silent(VAD_S + 0.3)
        assert not hold.paused
        assert interruptions(call) == 0


@in_virtual_time
async def test_quiet_behind_a_sound_does_not_make_it_longer() -> None:
    async with bot_saying() as (call, _hold):
        await call.speaks(BARGE_IN.wordless_s - 0.05)
        await call.is_silent(VAD_S - 0.05)
        assert interruptions(call) == 0


@in_virtual_time
async def test_words_interrupt_as_soon_as_they_are_understood() -> None:
    async with bot_saying() as (call, _hold):
        await call.speaks(0.4)
        await call.seems("hold on")
        await call.speaks(0.02)
        assert interruptions(call) == 1
        await call.speaks(0.4)
        await call.is_silent(0.3)
        await call.is_understood("hold on how much is it")
        await call.is_silent(1.5)
        assert call.written[1:] == ["hold on how much is it"]


@in_virtual_time
async def test_yes_to_a_question_is_an_answer() -> None:
    async with bot_saying(QUESTION) as (call, _):
        await call.says("yes", seconds=0.4)
        await call.is_silent(1.0)
        assert interruptions(call) == 1
        assert call.written[1:] == ["yes"]


@in_virtual_time
async def test_backchannel_that_becomes_a_sentence_interrupts() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.4)
        await call.seems("okay")
        await call.speaks(0.2)
        assert hold.paused, "more may follow"
        assert interruptions(call) == 0
        await call.seems("okay but when")
        await call.speaks(0.02)
        assert interruptions(call) == 1


@in_virtual_time
async def test_backchannel_is_not_glued_to_the_next_turn() -> None:
    async with bot_saying() as (call, _):
        await call.says("right", seconds=0.4)
        await call.is_silent(1.0)
        await call.bot_is_done()
        await call.says("where is it")
        await call.is_silent(1.5)
        assert call.written[1:] == ["where is it"]


@in_virtual_time
async def test_words_of_a_backchannel_that_come_after_the_bot_are_no_turn() -> None:
    async with bot_saying() as (call, _):
        await call.speaks(0.4)
        await call.is_silent(0.6)
        await call.bot_is_done()
        await call.is_understood("I see.")
        await call.is_silent(1.0)
        assert call.written == ["tell me about it"]


@in_virtual_time
async def test_short_interruption_is_one_however_late_its_words_come() -> None:
    async with bot_saying(interims=False) as (call, hold):
        await call.speaks(0.4)
        await call.is_silent(0.9)
        assert not hold.paused
        assert interruptions(call) == 0
        await call.is_understood("stop")
        await call.is_silent(1.0)
        assert interruptions(call) == 1
        assert call.written[1:] == ["stop"]


@pytest.mark.parametrize(("interims", "after_s"), [(False, 0.7), (True, 1.1)])
def test_long_voice_interrupts_without_words(interims: bool, after_s: float) -> None:
    @in_virtual_time
    async def story() -> None:
        async with bot_saying(interims=interims) as (call, hold):
            await call.speaks(after_s - 0.04)
            assert interruptions(call) == 0
            assert hold.paused
            await call.speaks(0.08)
            assert interruptions(call) == 1

    story()


@in_virtual_time
async def test_the_bots_own_words_do_not_stop_it() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.6)
        await call.seems("in the morning")
        await call.speaks(0.6)
        assert not hold.paused
        await call.seems("in the morning and we close")
        await call.is_silent(0.4)
        await call.is_understood("in the morning and we close")
        await call.is_silent(1.0)
        assert interruptions(call) == 0
        assert call.written == ["tell me about it"]
        assert [kind for kind, _ in dismissed(call)] == ["echo"]


@in_virtual_time
async def test_caller_who_begins_with_a_word_of_the_bots_is_listened_to_without_a_break() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.3)
        await call.seems("we")
        await call.speaks(0.5)
        assert hold.paused
        await call.seems("we need an ambulance")
        await call.speaks(0.06)
        assert interruptions(call) == 1


@in_virtual_time
async def test_first_guess_at_a_backchannel_does_not_stop_the_bot() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.3)
        await call.seems("laura")
        await call.speaks(0.1)
        assert hold.paused
        await call.is_silent(VAD_S + 0.1)
        await call.is_understood("right")
        await call.is_silent(0.04)
        assert not hold.paused
        await call.is_silent(1.0)
        assert interruptions(call) == 0
        assert dismissed(call) == [("backchannel", "right")]


@in_virtual_time
async def test_single_word_stops_the_bot_though_its_final_never_comes() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.3)
        await call.seems("stop")
        await call.is_silent(VAD_S)
        assert hold.paused
        assert interruptions(call) == 0
        await call.is_silent(0.3)
        assert interruptions(call) == 1


@in_virtual_time
async def test_one_word_that_goes_on_stops_the_bot() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.3)
        await call.seems("extraordinarily")
        await call.speaks(0.1)
        assert hold.paused
        assert interruptions(call) == 0
        await call.speaks(0.2)
        assert interruptions(call) == 1


@in_virtual_time
async def test_one_word_of_the_bots_alone_is_its_echo_once_it_is_quiet() -> None:
    async with bot_saying() as (call, hold):
        await call.speaks(0.3)
        await call.seems("morning")
        await call.speaks(0.06)
        assert hold.paused
        await call.is_silent(0.2)
        assert not hold.paused
        await call.is_silent(1.0)
        assert interruptions(call) == 0
        assert dismissed(call) == [("echo", "morning")]


@in_virtual_time
async def test_somebody_whom_the_detector_does_not_hear_is_understood() -> None:
    async with bot_saying() as (call, _):
        await call.is_understood("yeah")
        await call.is_silent(0.5)
        assert interruptions(call) == 0
        await call.is_understood("please stop")
        await call.is_silent(1.0)
        assert call.written[1:] == ["please stop"]


@in_virtual_time
async def test_silent_bot_is_spoken_to_at_the_first_sound() -> None:
    async with bot_saying() as (call, hold):
        await call.bot_is_done()
        await call.speaks(VAD_S + 0.04)
        assert len(call.rig.reached_the_end(UserStartedSpeakingFrame)) == 2
        assert not hold.paused


@in_virtual_time
async def test_backchannel_teaches_nothing_about_the_callers_pauses() -> None:
    pauses = Pauses()
    async with bot_saying(pauses=pauses) as (call, _):
        before_s = pauses.learned_s
        for _ in range(3):
            await call.says("right", seconds=0.4)
            await call.is_silent(0.5)
        assert pauses.learned_s == before_s


@in_virtual_time
async def test_bot_may_be_harder_to_interrupt() -> None:
    how = BargeIn(words=2, backchannels=["ach so"])
    async with bot_saying(barge_in=how) as (call, _):
        for words in ("ach so", "hello"):
            await call.says(words, seconds=0.4)
            await call.is_silent(1.0)
        assert interruptions(call) == 0
        await call.says("hello there", seconds=0.4)
        assert interruptions(call) == 1


def test_sensitivity_makes_sense() -> None:
    with pytest.raises(ValueError, match="none is longer than the next"):
        BargeIn(suspect_s=1.0)
