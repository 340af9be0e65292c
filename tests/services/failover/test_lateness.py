"""A server that is late itself: whom it blames for that, and how long a caller waits for it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any, cast

import pytest
from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from services.failover.health import Health
from services.failover.incident import Failure
from services.failover.lateness import Lateness, lateness
from tests.services.failover import stt_call, tts_fakes
from tests.services.failover.scripted_llm import Reply, ScriptedLLM
from tests.services.failover.scripted_stt import DEAF, GOOD, Script, Scripted
from tests.services.failover.test_llm_backup import GOOD as GOOD_REPLY
from tests.services.failover.test_llm_backup import HANGS, WHOLE, call_with, healthy
from tests.services.failover.tts_fakes import FakeVoice, Manner, StreamingVoice
from tests.virtual_time import VirtualTimeLoop, in_virtual_time

# Every provider in here owes its answer a second after it was asked, unless it says otherwise.
# The loop is stuck over that time.
FROM_S, FOR_S = 0.85, 0.4
IN_TIME_S = 0.9
# Beyond the deadline, when the loop was late.
AT_MOST_MS = 1000

SENTENCE = "Your parcel with the two lamps left our house on Monday."


def is_stuck(for_s: float = FOR_S) -> None:
    """The loop's clock goes on while one callback runs."""
    cast(VirtualTimeLoop, asyncio.get_running_loop()).pass_time(for_s)


def will_be_stuck(from_s: float = FROM_S, for_s: float = FOR_S) -> None:
    asyncio.get_running_loop().call_later(from_s, is_stuck, for_s)


async def is_late_every_time(late_s: float, on_time_s: float) -> None:
    while True:
        is_stuck(late_s)
        await asyncio.sleep(on_time_s)


class LLMOnALateLoop(ScriptedLLM):
    """The loop is stuck at a time after each request, or before it goes out."""

    def __init__(self, *replies: Reply, from_s: float = FROM_S, for_s: float = FOR_S) -> None:
        super().__init__(*replies)
        self._stuck = from_s, for_s

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        from_s, for_s = self._stuck
        if isinstance(frame, LLMContextFrame) and from_s:
            will_be_stuck(from_s, for_s)
        elif isinstance(frame, LLMContextFrame):
            is_stuck(for_s)
        await super().process_frame(frame, direction)


class VoiceOnALateLoop(StreamingVoice):
    """The loop is stuck at a time after each text."""

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        will_be_stuck()
        async for frame in super().run_tts(text, context_id):
            yield frame


class EarOnALateLoop(Scripted):
    """The loop is stuck at a time after the end of speech."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            will_be_stuck()
        await super().process_frame(frame, direction)


class GuessesBeforeItAnswers(EarOnALateLoop):
    """Its last interim words come with its final ones."""

    async def _finalise(self, words: int) -> None:
        await asyncio.sleep(self.script.delay_s)
        await self.push_frame(InterimTranscriptionFrame("where is my", "", ""))
        for _ in range(10):
            await asyncio.sleep(0)
        self.script = GOOD
        self.confirm_finalize()
        await self.push_frame(self._final(words))


class Learns(Health):
    """Keeps what it is told of delays."""

    def __init__(self) -> None:
        super().__init__(1000, clock=asyncio.get_running_loop().time)
        self.learnt: list[float | None] = []

    def answered(self, after_ms: float | None) -> None:
        self.learnt.append(after_ms)
        super().answered(after_ms)


# The language model


@in_virtual_time
async def test_model_that_answered_while_the_loop_was_stuck_is_not_given_up() -> None:
    first, second = LLMOnALateLoop(Reply(WHOLE, after_s=IN_TIME_S)), ScriptedLLM(GOOD_REPLY)
    async with call_with(first, second) as call:
        await call.asks()
        assert (call.answer, call.failures, second.asked) == (WHOLE, [], [])


@in_virtual_time
async def test_model_is_not_blamed_for_a_request_that_the_loop_sent_late() -> None:
    first = LLMOnALateLoop(Reply(WHOLE, after_s=0.8), from_s=0, for_s=0.5)
    second = ScriptedLLM(GOOD_REPLY)
    async with call_with(first, second) as call:
        await call.asks()
        assert (call.answer, call.failures, second.asked) == (WHOLE, [], [])


@in_virtual_time
async def test_model_that_went_on_while_the_loop_was_stuck_has_not_stalled() -> None:
    first = LLMOnALateLoop(Reply("One two three.", after_s=0.1, between_s=1.4), from_s=1.45)
    async with call_with(first, ScriptedLLM(GOOD_REPLY)) as call:
        await call.asks()
        assert (call.answer, call.failures) == ("One two three.", [])


@in_virtual_time
async def test_silent_model_is_given_up_though_the_loop_was_stuck() -> None:
    async with call_with(LLMOnALateLoop(HANGS), ScriptedLLM(GOOD_REPLY)) as call:
        await call.asks()
        assert (call.answer, call.failures) == (WHOLE, [("first", Failure.SILENT)])
        # The loop came back at 1250.
        assert 1300 < call.incidents[0].cost_ms <= 1000 + AT_MOST_MS


@in_virtual_time
async def test_silent_model_is_given_up_though_the_loop_is_always_late() -> None:
    async with call_with(ScriptedLLM(HANGS), ScriptedLLM(GOOD_REPLY)) as call:
        late = asyncio.create_task(is_late_every_time(0.3, 0.03))
        await call.asks()
        late.cancel()
        assert call.failures[0] == ("first", Failure.SILENT)
        assert 1500 < call.incidents[0].cost_ms <= 1000 + AT_MOST_MS + 330


@in_virtual_time
async def test_silent_model_is_given_up_on_the_dot_by_a_loop_on_time() -> None:
    async with call_with(ScriptedLLM(HANGS), ScriptedLLM(GOOD_REPLY)) as call:
        will_be_stuck(FROM_S, 0.005)
        await call.asks()
        assert call.incidents[0].cost_ms == pytest.approx(1000, abs=1)


@in_virtual_time
async def test_delay_measured_by_a_late_loop_is_not_learnt() -> None:
    health = Learns()
    first = LLMOnALateLoop(Reply(WHOLE), from_s=0.1)
    async with call_with(first, healths=[health]) as call:
        await call.asks()
    assert health.learnt == [None]


@in_virtual_time
async def test_delay_measured_by_a_loop_on_time_is_learnt() -> None:
    health = Learns()
    async with call_with(ScriptedLLM(Reply(WHOLE, after_s=0.5)), healths=[health]) as call:
        await call.asks()
    assert health.learnt == [pytest.approx(500)]


@in_virtual_time
async def test_model_tried_beside_another_is_not_blamed_either() -> None:
    health = healthy()
    health[0].failed(Failure.SILENT)
    first = LLMOnALateLoop(Reply(WHOLE, after_s=IN_TIME_S))
    async with call_with(first, ScriptedLLM(GOOD_REPLY), healths=health) as call:
        await asyncio.sleep(6)
        await call.asks()
        assert len(first.asked) == 1
        assert not health[0].open


# The voice


@in_virtual_time
async def test_voice_whose_audio_came_while_the_loop_was_stuck_is_not_given_up() -> None:
    backup = StreamingVoice(voice=1)
    async with tts_fakes.call(VoiceOnALateLoop(Manner(first_audio_s=IN_TIME_S)), backup) as made:
        await made.say(SENTENCE)
    assert made.ear.heard == [(word, 0) for word in SENTENCE.split()]
    assert (made.incidents, backup.asked) == ([], [])


@in_virtual_time
async def test_silent_voice_is_given_up_though_the_loop_was_stuck() -> None:
    silent: FakeVoice = VoiceOnALateLoop(tts_fakes.HANGS)
    async with tts_fakes.call(silent, StreamingVoice(voice=1)) as made:
        await made.say(SENTENCE)
    assert made.ear.heard == [(word, 1) for word in SENTENCE.split()]
    (incident,) = made.incidents
    assert incident.how is Failure.SILENT
    assert 1300 < incident.cost_ms <= 1000 + AT_MOST_MS


# The recogniser


@pytest.mark.parametrize("kind", [EarOnALateLoop, GuessesBeforeItAnswers])
def test_recogniser_whose_words_came_while_the_loop_was_stuck_is_alone_asked(
    kind: type[Scripted],
) -> None:
    @in_virtual_time
    async def run() -> None:
        one, backup = kind(Script(delay_s=IN_TIME_S)), stt_call.second()
        async with stt_call.calling(("first", one, stt_call.health()), backup) as call:
            await call.says("where is my order")
            assert (call.texts, call.failures) == (["where is my order"], [])
            assert cast(Scripted, backup[1]).frames == 0

    run()


@in_virtual_time
async def test_deaf_recogniser_is_given_up_though_the_loop_was_stuck() -> None:
    deaf = EarOnALateLoop(DEAF)
    async with stt_call.calling(("first", deaf, stt_call.health()), stt_call.second()) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        (incident,) = call.incidents
        assert (incident.provider, incident.went_to) == ("first", "second")
        assert 1300 < incident.cost_ms <= 1000 + AT_MOST_MS


@in_virtual_time
async def test_delay_of_words_measured_by_a_late_loop_is_not_learnt() -> None:
    health = Learns()
    late = EarOnALateLoop(Script(delay_s=IN_TIME_S))
    async with stt_call.calling(("first", late, health)) as call:
        await call.says("where is my order")
    assert health.learnt == [None]


# What all three ask


def judged(since_s: float, after_s: float = 1.0) -> Iterator[Any]:
    """Asked by a loop again and again."""
    while True:
        yield lateness().judged_at_s(since_s, since_s + after_s) - since_s


@in_virtual_time
async def test_deadline_of_a_loop_on_time_stays_where_it_is() -> None:
    at_s = judged(asyncio.get_running_loop().time())
    for _ in range(200):
        assert next(at_s) == pytest.approx(1.0)
        await asyncio.sleep(0.01)


@in_virtual_time
async def test_answer_has_its_turn_after_a_loop_was_stuck_beyond_every_bound() -> None:
    at_s = judged(asyncio.get_running_loop().time())
    next(at_s)
    await asyncio.sleep(0.95)
    is_stuck(5)
    assert next(at_s) == pytest.approx(6.2)
    await asyncio.sleep(0.1)
    is_stuck(0.3)
    assert next(at_s) == pytest.approx(6.2)


@in_virtual_time
async def test_loop_that_was_late_before_the_question_prolongs_nothing() -> None:
    loop = asyncio.get_running_loop()
    next(judged(loop.time()))
    await asyncio.sleep(0.1)
    is_stuck(0.5)
    assert next(judged(loop.time())) == pytest.approx(1.0)
    await asyncio.sleep(0.1)
    assert next(judged(loop.time())) == pytest.approx(1.0)


@in_virtual_time
async def test_nothing_ticks_when_nobody_is_waited_for() -> None:
    looked: list[float] = []

    class Counted(Lateness):
        def _look(self) -> None:
            looked.append(asyncio.get_running_loop().time())
            super()._look()

    since_s = asyncio.get_running_loop().time()
    assert await Counted().within(_answer, since_s=since_s, due_s=since_s + 1) == "at once"
    await asyncio.sleep(60)
    assert looked
    assert max(looked) < since_s + 1 + AT_MOST_MS / 1000 + 0.1


async def _answer() -> str:
    return "at once"
