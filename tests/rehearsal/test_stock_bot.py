"""The bot that stands for stock Pipecat: nothing weakened, nothing added."""

import pytest
from pipecat.pipeline.service_switcher import ServiceSwitcherStrategyFailover

from rehearsal import stock_bot
from rehearsal.standins import StandIns

PROVIDERS = ("deepgram", "assemblyai", "openai", "groq", "cartesia", "elevenlabs")


@pytest.fixture
async def providers(monkeypatch: pytest.MonkeyPatch) -> StandIns:
    async with StandIns() as standing_in:
        for name, value in standing_in.env(*PROVIDERS).items():
            monkeypatch.setenv(name, value)
        return standing_in


@pytest.mark.parametrize(
    ("stage", "first", "then"),
    [
        ("ears", "DeepgramSTTService", "AssemblyAISTTService"),
        ("model", "OpenAILLMService", "GroqLLMService"),
        ("voice", "CartesiaTTSService", "ElevenLabsTTSService"),
    ],
)
async def test_every_stage_fails_over_to_a_backup(providers, stage, first, then):
    switcher = getattr(stock_bot, stage)()
    assert [type(service).__name__ for service in switcher.services] == [first, then]
    assert isinstance(switcher.strategy, ServiceSwitcherStrategyFailover)
    assert type(switcher.strategy.active_service).__name__ == first


async def test_services_are_pipecats_own_and_only_led_elsewhere(providers):
    for stage in (stock_bot.ears, stock_bot.model, stock_bot.voice):
        for service in stage().services:
            assert type(service).__module__.startswith("pipecat.services.")
    addresses = [str(model._client.base_url) for model in stock_bot.model().services]  # type: ignore[attr-defined]
    assert addresses == [
        f"{providers.url('openai')}/v1/",
        f"{providers.url('groq')}/openai/v1/",
    ]
