"""What a call uses is counted once, under the provider that did the work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    InterruptionFrame,
    LLMContextFrame,
    MetricsFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage, LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext

from calls.usage.meter import meter
from calls.usage.usage import Usage
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from services.failover.stt.backed import BackedSTT
from services.failover.tts.backed import BackedTTS
from tests.calls.metered import COUNTED, PROMPT_TOKENS, Counted, Paid, PaidEar, PaidVoice
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.services.failover.scripted_llm import Reply
from tests.services.failover.scripted_stt import Caller, Script
from tests.services.failover.tts_fakes import FINE, Manner, reply
from tests.virtual_time import in_virtual_time

WHOLE = "Your order left on Monday."
GOOD = Reply(WHOLE)
WORDS = len(WHOLE.split())


def health() -> Health:
    return Health(1000, clock=asyncio.get_running_loop().time)


def asked(words: str = "where is it", *, ahead: bool = False) -> LLMContextFrame:
    context = LLMContext([{"role": "user", "content": words}])
    return LLMContextFrame(context=context, speculation=ahead)


@asynccontextmanager
async def thinking(counted: Counted, *models: Paid) -> AsyncIterator[Rig]:
    names = ("first", "second", "third")
    for name, model in zip(names, models, strict=False):
        meter(model, stage="llm", provider=name, used=counted)
    providers = [(name, model, health()) for name, model in zip(names, models, strict=False)]
    async with probed_pipeline(BackedLLM(providers, report=lambda _: None), params=COUNTED) as rig:
        yield rig


@in_virtual_time
async def test_answer_is_counted_with_what_the_provider_says_of_it() -> None:
    counted = Counted()
    async with thinking(counted, Paid(GOOD)) as rig:
        await rig.down(asked())
        await asyncio.sleep(2)
    assert counted.all == [
        Usage(
            "llm",
            "first",
            "",
            prompt_tokens=PROMPT_TOKENS,
            cached_tokens=40,
            completion_tokens=2 * WORDS,
        )
    ]


@in_virtual_time
async def test_backup_that_was_asked_beside_is_counted_though_nobody_heard_it() -> None:
    counted, slow = Counted(), Paid(Reply(WHOLE, after_s=1.1, between_s=0.3))
    async with thinking(counted, slow, Paid(Reply(WHOLE, after_s=1.0))) as rig:
        await rig.down(asked())
        await asyncio.sleep(5)
    (first,), (second,) = counted.of("first"), counted.of("second")
    assert (first.estimated, second.estimated) == (False, True)
    assert second.prompt_tokens > 0


@in_virtual_time
async def test_answer_that_the_caller_cuts_is_estimated_by_what_came_of_it() -> None:
    counted = Counted()
    async with thinking(counted, Paid(Reply(WHOLE, between_s=0.5))) as rig:
        await rig.down(asked())
        await asyncio.sleep(1.5)
        await rig.down(InterruptionFrame())
        await asyncio.sleep(1)
    (usage,) = counted.all
    assert usage.estimated
    assert 0 < usage.completion_tokens < WORDS * 2
    assert usage.prompt_tokens > 0


@in_virtual_time
async def test_answer_that_is_thrown_away_was_paid_as_well() -> None:
    counted = Counted()
    async with thinking(counted, Paid(GOOD)) as rig:
        await rig.down(UserStartedSpeakingFrame(), asked("where is my", ahead=True))
        await asyncio.sleep(2)
        await rig.down(EagerEndOfTurnCancelFrame())
        await asyncio.sleep(1)
        assert not any(type(frame).__name__ == "LLMTextFrame" for frame in rig.tail.got)
    assert [usage.completion_tokens for usage in counted.all] == [2 * WORDS]


@in_virtual_time
async def test_request_that_was_refused_costs_nothing() -> None:
    counted = Counted()
    async with thinking(counted, Paid(Reply(error="401")), Paid(GOOD)) as rig:
        await rig.down(asked())
        await asyncio.sleep(2)
    assert counted.of("first") == []
    assert len(counted.of("second")) == 1


@in_virtual_time
async def test_summary_of_which_nobody_tells_the_tokens_is_estimated() -> None:
    counted, model = Counted(), Paid(GOOD)
    meter(model, stage="llm", provider="first", used=counted)
    context = LLMContext([{"role": "user", "content": "x" * 400}])
    await model.run_inference(context, system_instruction="y" * 40)
    (usage,) = counted.all
    assert usage.estimated
    assert usage.prompt_tokens >= 110
    assert usage.completion_tokens == 6


@pytest.mark.parametrize(
    ("prompt", "total"), [(100, 110), (60, 110)], ids=["with its cache", "without its cache"]
)
async def test_cached_tokens_are_part_of_the_prompt_whoever_counts(prompt: int, total: int) -> None:
    counted, model = Counted(), Paid(GOOD)
    meter(model, stage="llm", provider="first", used=counted)
    tokens = LLMTokenUsage(
        prompt_tokens=prompt, completion_tokens=10, total_tokens=total, cache_read_input_tokens=40
    )
    await model._metrics.start_llm_usage_metrics(tokens)
    (usage,) = counted.all
    assert (usage.prompt_tokens, usage.cached_tokens) == (100, 40)


replies = st.sampled_from(
    [
        GOOD,
        Reply("Sure. " + WHOLE, after_s=0.9),
        Reply(WHOLE, after_s=1.5),
        Reply("Your order left", hangs=True),
        Reply("Your order", error="closed"),
        Reply(error="503"),
        Reply(hangs=True),
        Reply("   "),
        Reply(WHOLE, between_s=0.8),
    ]
)


@given(
    scripts=st.lists(st.lists(replies, min_size=1, max_size=4), min_size=1, max_size=3),
    cut_after_s=st.lists(st.one_of(st.none(), st.floats(0.05, 4.0)), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_whatever_fails_no_request_is_counted_twice_nor_under_another_name(
    scripts: list[list[Reply]], cut_after_s: list[float | None]
) -> None:
    counted = Counted()
    models = [Paid(*script) for script in scripts]

    @in_virtual_time
    async def run() -> None:
        async with thinking(counted, *models) as rig:
            for cut_s in cut_after_s:
                await rig.down(asked())
                await asyncio.sleep(12 if cut_s is None else cut_s)
                await rig.down(InterruptionFrame())
                await asyncio.sleep(1)

    run()
    for name, model in zip(("first", "second", "third"), models, strict=False):
        assert [u.completion_tokens for u in counted.told_by(name)] == [
            tokens.completion_tokens for tokens in model.reported
        ]
        assert len(model.reported) <= len(counted.of(name)) <= len(model.asked)


@in_virtual_time
async def test_metrics_go_on_as_before() -> None:
    async with thinking(Counted(), Paid(GOOD)) as rig:
        await rig.down(asked())
        await asyncio.sleep(2)
        data = [each for frame in rig.reached_the_end(MetricsFrame) for each in frame.data]
    assert sum(isinstance(each, LLMUsageMetricsData) for each in data) == 1


@pytest.mark.parametrize("dies_with_frame", [None, 20, 60])
def test_every_recogniser_is_counted_for_what_it_was_given_to_hear(
    dies_with_frame: int | None,
) -> None:
    counted = Counted()
    ears: list[PaidEar] = []

    @in_virtual_time
    async def run() -> None:
        ears.extend([PaidEar(Script(dies_with_frame=dies_with_frame, error=True)), PaidEar()])
        for name, ear in zip(("first", "second"), ears, strict=True):
            meter(ear, stage="stt", provider=name, used=counted)
        providers = [("first", ears[0], health()), ("second", ears[1], health())]
        clock = asyncio.get_running_loop().time
        stt = BackedSTT(providers, report=lambda _: None, clock=clock)
        async with probed_pipeline(stt, params=COUNTED) as rig:
            caller = Caller(rig)
            for _ in range(2):
                await caller.says("where is my order")
                await caller.is_silent(4.0)

    run()
    for name, ear in zip(("first", "second"), ears, strict=True):
        heard_s = sum(usage.speech_s for usage in counted.of(name))
        assert heard_s == pytest.approx(ear.heard_s, abs=0.01)
    assert sum(usage.speech_s for usage in counted.of("first")) > 0


@pytest.mark.parametrize("manner", [FINE, Manner(words=0), Manner(words=2, then="error")])
def test_every_voice_is_counted_for_what_it_was_given_to_say(manner: Manner) -> None:
    counted = Counted()
    voices: list[PaidVoice] = []

    @in_virtual_time
    async def run() -> None:
        voices.extend([PaidVoice(manner), PaidVoice()])
        for name, voice in zip(("first", "second"), voices, strict=True):
            meter(voice, stage="tts", provider=name, used=counted)
        providers = [("first", voices[0], health()), ("second", voices[1], health())]
        tts = BackedTTS(providers, report=lambda _: None)
        async with probed_pipeline(tts, params=COUNTED) as rig:
            await rig.down(*reply("Your order left on Monday.", "It will arrive on Thursday."))
            await asyncio.sleep(20)

    run()
    for name, voice in zip(("first", "second"), voices, strict=True):
        said = sum(len(text) for text in voice.asked)
        assert sum(usage.characters for usage in counted.of(name)) == said
    assert counted.of("second") == [] if manner is FINE else counted.of("second")
