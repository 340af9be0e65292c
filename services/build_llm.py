"""Language model services, each with the settings that its provider recommends for voice agents."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from pipecat.services.llm_service import LLMService

from services.early_connection import opened_early, patient_client
from services.provider import Provider, Wish, given
from settings import ProviderSettings

Build = Callable[[Provider, ProviderSettings, Wish], LLMService[Any]]


def like_openai(
    service_class: str,
    *,
    default_url: str | None = None,
    options: Callable[[str], dict[str, Any]] = lambda model: {},
) -> Build:
    """The builder of a service that is given its key, address and model as OpenAI's is.

    Parameters:
        service_class: Below `pipecat.services`, as in `openai.llm.OpenAILLMService`.
        default_url: Where it is, if the service does not know.
        options: By model, the provider's settings for a conversation aloud.
    """
    module, _, name = service_class.rpartition(".")

    def build(provider: Provider, settings: ProviderSettings, wish: Wish) -> LLMService[Any]:
        service_type = getattr(import_module(f"pipecat.services.{module}"), name)
        model = provider.model_for(settings)
        service = opened_early(service_type)(
            # A server of one's own needs no key, but the client insists on one.
            api_key=settings.key or "none",
            **given(base_url=provider.address(settings) or default_url),
            settings=service_type.Settings(
                **given(model=model, system_instruction=wish.instructions), **options(model)
            ),
        )
        return _spared_a_search(_without_retries(service))

    return build


def anthropic(provider: Provider, settings: ProviderSettings, wish: Wish) -> LLMService[Any]:
    from anthropic import AsyncAnthropic
    from pipecat.services.anthropic.llm import AnthropicLLMService

    service = opened_early(AnthropicLLMService)(
        api_key=settings.key,
        client=AsyncAnthropic(
            api_key=settings.key,
            base_url=provider.address(settings),
            http_client=patient_client("anthropic"),
        ),
        settings=AnthropicLLMService.Settings(
            model=provider.model_for(settings),
            # Every turn repeats the instructions and the tools: read from the cache, they are fast.
            enable_prompt_caching=True,
            **given(system_instruction=wish.instructions),
        ),
    )
    return _without_retries(service)


def google(provider: Provider, settings: ProviderSettings, wish: Wish) -> LLMService[Any]:
    from google.genai.types import HttpOptions, HttpRetryOptions
    from pipecat.services.google.llm import GoogleLLMService

    # A retry inside the SDK would take the time in which a backup could have answered.
    options = HttpOptions(
        base_url=provider.address(settings), retry_options=HttpRetryOptions(attempts=1)
    )
    # Thinking needs no setting: unless told otherwise, Pipecat asks each model for its least.
    return opened_early(GoogleLLMService, _ask_gemini)(
        api_key=settings.key,
        http_options=options,
        settings=GoogleLLMService.Settings(
            model=provider.model_for(settings), **given(system_instruction=wish.instructions)
        ),
    )


def groq_options(model: str) -> dict[str, Any]:
    """For Groq: models that think before they speak think least."""
    return {"reasoning_effort": "low"} if model.startswith("openai/gpt-oss") else {}


def together_options(model: str) -> dict[str, Any]:
    """For Together: models that think before they speak, unless told not to, are told not to."""
    return {"reasoning": {"enabled": False}} if model.startswith("zai-org/GLM") else {}


def understudy(_: Provider, settings: ProviderSettings, wish: Wish) -> LLMService[Any]:
    from services.embedded.understudy import UnderstudyLLMService

    return UnderstudyLLMService(topics=wish.topics, instructions=wish.instructions)


async def _ask_gemini(service: Any) -> None:
    await service._client.aio.models.get(model=service._settings.model)


def _spared_a_search(service: Any) -> Any:
    """Have OpenAI's SDK send messages and tools as they are.

    It looks through all fields of all of them for names to translate, of which there are none,
    before each request. What goes into `extra_body`, it sends as it is.
    """
    from openai import NotGiven, Omit

    build = service.build_chat_completion_params

    def build_spared(from_context: Any) -> dict[str, Any]:
        params = build(from_context)
        found = {name: params.pop(name) for name in ("messages", "tools") if name in params}
        as_they_are = {n: v for n, v in found.items() if not isinstance(v, NotGiven | Omit)}
        extra_body = {**as_they_are, **(params.get("extra_body") or {})}
        return {**params, "messages": (), "extra_body": extra_body}

    service.build_chat_completion_params = build_spared
    return service


def _without_retries(service: Any) -> Any:
    # A retry inside the SDK would take the time in which a backup could have answered.
    service._client.max_retries = 0
    return service
