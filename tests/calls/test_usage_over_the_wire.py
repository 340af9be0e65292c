"""What Pipecat's own services tell of their use, against providers that misbehave."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.frames.frames import Frame, LLMContextFrame, LLMFullResponseEndFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from calls.usage.meter import meter
from rehearsal.standins import Rule, Script, StandIns
from services.choice import choose
from services.failover.llm.backed import BackedLLM
from services.provider import Wish
from settings import Settings
from tests.calls.metered import COUNTED, Counted
from tests.processors.probed_pipeline import probed_pipeline

WHOLE = "Your order left on Monday. It will arrive on Thursday, between nine and eleven."


@pytest.fixture
async def providers() -> AsyncIterator[StandIns]:
    async with StandIns(profile="none", seed=1, script=Script(replies=(Rule(say=WHOLE),))) as house:
        yield house


async def used_for_an_answer(
    providers: StandIns, monkeypatch: pytest.MonkeyPatch, *names: str
) -> Counted:
    for name, value in providers.env(*names).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LLM", ",".join(names))
    monkeypatch.setenv("LLM_DEADLINE_MS", "400")
    counted = Counted()
    services: list[Any] = []
    for choice in choose(Settings.load())["llm"]:
        if not choice.provider.stand_in:
            service = choice.build(Wish(instructions="Be brief."))
            meter(service, stage="llm", provider=choice.name, used=counted)
            services.append((choice.name, service, choice.health))
    llm = BackedLLM(services, report=lambda _: None)
    context = LLMContext([{"role": "user", "content": "where is it"}])
    async with asyncio.timeout(20), probed_pipeline(llm, params=COUNTED) as rig:
        whole = asyncio.Event()

        @rig.tail.event_handler("on_after_process_frame")
        async def _(_: object, frame: Frame) -> None:
            if isinstance(frame, LLMFullResponseEndFrame):
                whole.set()

        await rig.head.push_frame(LLMContextFrame(context=context))
        await whole.wait()
    return counted


@pytest.mark.parametrize("name", ["openai", "anthropic", "groq"])
async def test_provider_tells_its_tokens_once(providers, monkeypatch, name: str) -> None:
    (usage,) = (await used_for_an_answer(providers, monkeypatch, name)).all
    assert (usage.provider, usage.estimated) == (name, False)
    assert usage.model
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0


@pytest.mark.parametrize(("kind", "more"), [("stall", {"after": 5}), ("close", {"after": 5})])
async def test_half_an_answer_is_estimated_and_its_rest_is_the_next_ones(
    providers, monkeypatch, kind: str, more: dict[str, Any]
) -> None:
    providers.fault("openai", kind, **more)
    counted = await used_for_an_answer(providers, monkeypatch, "openai", "groq")
    (half,), (rest,) = counted.of("openai"), counted.of("groq")
    assert (half.estimated, rest.estimated) == (True, False)
    assert half.completion_tokens > 0
    assert half.prompt_tokens > 0


async def test_provider_that_refused_is_not_counted(providers, monkeypatch) -> None:
    providers.fault("openai", "http_401")
    counted = await used_for_an_answer(providers, monkeypatch, "openai", "groq")
    assert {usage.provider for usage in counted.all} == {"groq"}
