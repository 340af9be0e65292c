"""Language model providers, in order of preference."""

from typing import Any

from pipecat.services.llm_service import LLMService

from services.provider import Provider, Wish, given
from settings import ProviderSettings


def _openai(_: Provider, settings: ProviderSettings, wish: Wish) -> LLMService[Any]:
    from pipecat.services.openai.llm import OpenAILLMService

    return OpenAILLMService(
        api_key=settings.key,
        **given(base_url=settings.base_url),
        settings=OpenAILLMService.Settings(
            **given(model=settings.model, system_instruction=wish.instructions)
        ),
    )


def _understudy(_: Provider, settings: ProviderSettings, wish: Wish) -> LLMService[Any]:
    from services.embedded.understudy import UnderstudyLLMService

    return UnderstudyLLMService(topics=wish.topics, instructions=wish.instructions)


PROVIDERS = (
    Provider(
        name="openai",
        stage="llm",
        tier="cloud",
        title="OpenAI",
        modules=("openai",),
        install='pip install "pipecat-ai[openai]"',
        build=_openai,
    ),
    Provider(
        name="embedded",
        stage="llm",
        tier="embedded",
        title="the understudy",
        modules=(),
        install='pip install "switchboard[embedded]"',
        build=_understudy,
    ),
)
