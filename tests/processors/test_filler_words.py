"""What the caller hears while a tool or the model is silent."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    FunctionCallCancelFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from processors.filler_words import ENGLISH, FillerFrame, FillerWords
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.virtual_time import in_virtual_time

LOOKING_UP = ("Let me look that up.", "Looking for your order.")
PHRASES = {"": ("One moment.", "Just a second."), "find_order": LOOKING_UP}


class Caller:
    """Speaks the frames of a call around a ``FillerWords``."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    async def starts_to_speak(self) -> None:
        await self.rig.down(
            VADUserStartedSpeakingFrame(), UserStartedSpeakingFrame(), InterruptionFrame()
        )

    async def asks(self) -> None:
        await self.starts_to_speak()
        await self.rig.down(
            VADUserStoppedSpeakingFrame(),
            UserStoppedSpeakingFrame(),
            LLMContextUserTurnFrame(text="where is my order", timestamp=""),
            LLMFullResponseStartFrame(),
        )

    async def coughs(self) -> None:
        await self.starts_to_speak()
        await self.rig.down(VADUserStoppedSpeakingFrame(), UserStoppedSpeakingFrame())

    async def hears(self, seconds: float = 0.8) -> None:
        """The speech on its way is played out."""
        await self.rig.up(BotStartedSpeakingFrame())
        await asyncio.sleep(seconds)
        await self.rig.up(BotStoppedSpeakingFrame())

    async def is_answered(self) -> None:
        await self.rig.down(LLMTextFrame("It is on its way."), LLMFullResponseEndFrame())

    @property
    def fillers(self) -> list[str]:
        return [frame.text for frame in self.rig.reached_the_end(FillerFrame)]

    @property
    def filler_times_s(self) -> list[float]:
        tail = self.rig.tail
        return [
            at_s
            for at_s, frame in zip(tail.at_s, tail.got, strict=True)
            if isinstance(frame, FillerFrame)
        ]


def tool_starts(name: str = "find_order", call_id: str = "1") -> list:
    call = FunctionCallFromLLM(
        function_name=name, tool_call_id=call_id, arguments={}, context=LLMContext()
    )
    return [
        FunctionCallsStartedFrame(function_calls=[call]),
        FunctionCallInProgressFrame(function_name=name, tool_call_id=call_id, arguments={}),
        LLMFullResponseEndFrame(),
    ]


def tool_ends(result: Any = "shipped", name: str = "find_order", **kwargs: Any):
    return FunctionCallResultFrame(
        function_name=name, tool_call_id="1", arguments={}, result=result, **kwargs
    )


def on_a_call(
    test: Callable[[Caller], Awaitable[None]],
    phrases: dict = PHRASES,
    **kwargs: Any,
) -> None:
    @in_virtual_time
    async def call() -> None:
        patience = {"tool_patience_ms": 700, **kwargs}
        words = FillerWords(phrases, rng=random.Random(7), **patience)
        async with probed_pipeline(words) as rig:
            await test(Caller(rig))

    call()


def test_model_slower_than_patience_gets_one_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.6)
        assert caller.fillers == []
        await asyncio.sleep(0.2)
        assert len(caller.fillers) == 1
        assert caller.fillers[0] in PHRASES[""]
        await asyncio.sleep(60)
        assert len(caller.fillers) == 1, "its playout was never reported"

    on_a_call(call)


def test_patience_counts_from_the_turns_end() -> None:
    async def call(caller: Caller) -> None:
        await caller.starts_to_speak()
        await caller.rig.down(VADUserStoppedSpeakingFrame(), UserStoppedSpeakingFrame())
        ended_s = caller.rig.tail.at_s[-1]
        await asyncio.sleep(0.3)
        await caller.rig.down(LLMContextUserTurnFrame(text="where is it", timestamp=""))
        await asyncio.sleep(5)
        assert caller.filler_times_s == [pytest.approx(ended_s + 0.7, abs=0.01)]

    on_a_call(call)


def test_answer_that_was_ready_before_the_turn_ended_needs_no_filler_after_it() -> None:
    async def call(caller: Caller) -> None:
        await caller.starts_to_speak()
        await caller.rig.down(
            VADUserStoppedSpeakingFrame(),
            UserStoppedSpeakingFrame(),
            LLMFullResponseStartFrame(),
            LLMTextFrame("It left on Monday."),
            LLMFullResponseEndFrame(),
            LLMContextUserTurnFrame(text="where is it", timestamp=""),
        )
        await caller.hears()
        await asyncio.sleep(5)
        assert caller.fillers == []

    on_a_call(call)


def test_tool_slower_than_patience_gets_a_phrase_that_fits_it() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.3)
        await caller.rig.down(*tool_starts())
        await asyncio.sleep(0.6)
        assert caller.fillers == [], "patience counts again from the tool's start"
        await asyncio.sleep(0.2)
        assert len(caller.fillers) == 1
        assert caller.fillers[0] in LOOKING_UP

    on_a_call(call)


def test_tool_that_is_not_done_at_once_is_bridged_sooner_than_a_slow_model() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.3)
        await caller.rig.down(*tool_starts())
        started_s = asyncio.get_running_loop().time()
        playouts_end_s = [started_s]
        for _ in range(3):
            await asyncio.sleep(0.6)
            await caller.hears(1.0)
            playouts_end_s.append(asyncio.get_running_loop().time())
        silences_s = [
            at_s - ended_s
            for at_s, ended_s in zip(caller.filler_times_s, playouts_end_s, strict=False)
        ]
        assert silences_s == [pytest.approx(s, abs=0.01) for s in (0.25, 0.5, 0.5)]

    on_a_call(call, tool_patience_ms=250, tool_pause_ms=500)


def test_tool_that_is_done_at_once_needs_no_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.3)
        await caller.rig.down(*tool_starts())
        await asyncio.sleep(0.2)
        await caller.rig.down(tool_ends(), LLMFullResponseStartFrame())
        await asyncio.sleep(0.4)
        await caller.is_answered()
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call, tool_patience_ms=250, tool_pause_ms=500)


def test_silence_of_the_model_after_the_result_gets_a_general_phrase() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(*tool_starts())
        await asyncio.sleep(0.3)
        await caller.rig.down(tool_ends(), LLMFullResponseStartFrame())
        await asyncio.sleep(0.6)
        assert caller.fillers == []
        await asyncio.sleep(0.2)
        assert len(caller.fillers) == 1
        assert caller.fillers[0] in PHRASES[""]

    on_a_call(call)


def test_many_quick_steps_never_add_up_to_more_than_twice_the_patience() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        asked_s = asyncio.get_running_loop().time()
        for step in range(6):
            await caller.rig.down(*tool_starts(call_id=str(step)))
            await asyncio.sleep(0.5)
        assert caller.filler_times_s == [pytest.approx(asked_s + 1.4, abs=0.01)]

    on_a_call(call)


def test_answer_that_is_ready_in_time_is_not_delayed_by_a_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.6)
        await caller.is_answered()
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_phrase_spoken_by_somebody_else_counts_as_the_answer() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(TTSSpeakFrame("I am putting you through."))
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_blank_tokens_are_no_answer() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(LLMTextFrame(""), LLMTextFrame("\n"))
        await asyncio.sleep(1)
        assert len(caller.fillers) == 1

    on_a_call(call)


def test_further_fillers_come_at_growing_intervals_after_the_playout_of_the_last() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        playouts_end_s = []
        for _ in range(4):
            await asyncio.sleep(30)
            await caller.hears(1.0)
            playouts_end_s.append(asyncio.get_running_loop().time())
        silences_s = [
            at_s - ended_s
            for at_s, ended_s in zip(caller.filler_times_s[1:], playouts_end_s, strict=False)
        ]
        assert silences_s == [pytest.approx(s, abs=0.01) for s in (1.4, 2.8, 5.6)]

    on_a_call(call)


def test_tool_that_starts_after_a_filler_does_not_bring_the_next_one_forward() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.8)
        await caller.hears()
        await caller.rig.down(*tool_starts())
        await asyncio.sleep(1.3)
        assert len(caller.fillers) == 1
        await asyncio.sleep(0.2)
        assert len(caller.fillers) == 2

    on_a_call(call)


def test_growth_of_one_keeps_the_intervals_equal() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.8)
        for heard in (2, 3):
            await caller.hears()
            await asyncio.sleep(0.8)
            assert len(caller.fillers) == heard

    on_a_call(call, growth=1)


def test_next_turn_starts_with_the_first_interval_again() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.8)
        await caller.hears()
        await asyncio.sleep(1.5)
        await caller.hears()
        assert len(caller.fillers) == 2
        await caller.asks()
        await asyncio.sleep(0.8)
        assert len(caller.fillers) == 3

    on_a_call(call)


@pytest.mark.parametrize("seed", range(5))
def test_never_the_same_phrase_twice_running_through_turns_and_tools(seed: int) -> None:
    phrases = {
        "": ("One moment.", "Just a second."),
        "find_order": ("One moment.",),
        "find_slot": ("Just a second.",),
    }

    @in_virtual_time
    async def call() -> None:
        async with probed_pipeline(FillerWords(phrases, rng=random.Random(seed))) as rig:
            caller = Caller(rig)
            for turn in range(12):
                await caller.asks()
                tool = ("find_order", "find_slot", "other")[turn % 3]
                await rig.down(*tool_starts(tool, call_id=str(turn)))
                await asyncio.sleep(0.8)
                await caller.hears()
                await rig.down(FunctionCallCancelFrame(function_name=tool, tool_call_id=str(turn)))
            assert len(caller.fillers) == 12
            assert all(a != b for a, b in zip(caller.fillers, caller.fillers[1:], strict=False))

    call()


def test_single_phrase_is_not_repeated() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.8)
        await caller.hears()
        await asyncio.sleep(60)
        assert caller.fillers == ["One moment."]

    on_a_call(call, {"": ["One moment."]})


def test_caller_who_speaks_again_is_not_spoken_over() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.6)
        await caller.starts_to_speak()
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_voice_that_is_no_turn_yet_holds_the_filler_until_it_falls_silent() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.6)
        await caller.rig.down(VADUserStartedSpeakingFrame())
        await asyncio.sleep(3)
        assert caller.fillers == []
        await caller.rig.down(VADUserStoppedSpeakingFrame())
        await asyncio.sleep(0.6)
        assert caller.fillers == []
        await asyncio.sleep(0.2)
        assert len(caller.fillers) == 1

    on_a_call(call)


def test_interruption_ends_the_wait_while_a_tool_runs() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(*tool_starts(), InterruptionFrame())
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_bot_that_speaks_before_its_tool_is_not_interrupted_by_a_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(LLMTextFrame("I will look for it."), *tool_starts())
        await asyncio.sleep(3)
        assert caller.fillers == [], "the words before are still on their way"
        await caller.hears(5)
        await asyncio.sleep(0.6)
        assert caller.fillers == []
        await asyncio.sleep(0.2)
        assert len(caller.fillers) == 1

    on_a_call(call)


def test_cough_without_words_gets_no_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.coughs()
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_before_the_first_turn_nothing_is_said() -> None:
    async def call(caller: Caller) -> None:
        await caller.rig.down(TTSSpeakFrame("Welcome."))
        await caller.hears(2)
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_greeting_asked_of_a_slow_model_gets_a_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.rig.down(LLMFullResponseStartFrame())
        await asyncio.sleep(0.8)
        assert len(caller.fillers) == 1

    on_a_call(call)


def test_empty_response_ends_the_wait() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(LLMFullResponseEndFrame())
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


@pytest.mark.parametrize(
    "result",
    [
        tool_ends(properties=FunctionCallResultProperties(run_llm=False)),
        tool_ends(run_llm=False),
        tool_ends(result=None),
    ],
    ids=["run_llm off in properties", "run_llm off", "empty result"],
)
def test_tool_after_which_the_model_is_not_asked_ends_the_wait(
    result: FunctionCallResultFrame,
) -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(*tool_starts(), result)
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call)


def test_progress_of_a_tool_is_not_its_end() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        progress = tool_ends(properties=FunctionCallResultProperties(is_final=False))
        await caller.rig.down(*tool_starts(), progress)
        await asyncio.sleep(0.8)
        assert caller.fillers
        assert caller.fillers[0] in LOOKING_UP

    on_a_call(call)


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_tool_without_phrases_gets_general_ones(lines: list[str]) -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(*tool_starts())
        await asyncio.sleep(0.8)
        assert caller.fillers == ["One moment."]

    on_a_call(call, {"": ["One moment."], "find_order": lines})


def test_without_any_phrases_nothing_is_said() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await caller.rig.down(*tool_starts())
        await asyncio.sleep(60)
        assert caller.fillers == []

    on_a_call(call, {"": []})


def test_fillers_stay_out_of_the_models_context() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        await asyncio.sleep(0.8)
        (filler,) = caller.rig.reached_the_end(TTSSpeakFrame)
        assert filler.append_to_context is False

    on_a_call(call)


def test_call_that_ends_while_waiting_hears_no_filler_and_leaves_no_timer() -> None:
    async def call(caller: Caller) -> None:
        before = asyncio.all_tasks()
        await caller.asks()
        assert len(asyncio.all_tasks() - before) == 1, "the timer"
        await caller.rig.worker.queue_frame(EndFrame())
        await asyncio.sleep(60)
        assert caller.fillers == []
        assert not asyncio.all_tasks() - before

    on_a_call(call)


def test_last_words_of_a_call_that_ends_are_not_followed_by_a_filler() -> None:
    async def call(caller: Caller) -> None:
        await caller.asks()
        caller.rig.tail.jam = asyncio.Event()
        await caller.rig.worker.queue_frame(EndFrame())
        await asyncio.sleep(5)
        assert isinstance(caller.rig.tail.jammed_on, EndFrame), "the end waits for the playout"
        assert caller.fillers == []
        caller.rig.tail.jam.set()

    on_a_call(call)


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"patience_ms": 0}, "leave FillerWords out"),
        ({"patience_ms": -1}, "leave FillerWords out"),
        ({"tool_patience_ms": 0}, "tool_patience_ms is 0"),
        ({"patience_ms": float("nan")}, "such as 700"),
        ({"growth": 0.5}, "equal intervals"),
        ({"phrases": {"find_order": "Looking."}}, "put it into a list"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        FillerWords(**arguments)


def test_default_phrases_are_short_enough_to_say_in_a_second() -> None:
    assert all(len(line.split()) <= 5 for lines in ENGLISH.values() for line in lines)
    assert len(ENGLISH[""]) >= 3
