"""Counting what each provider's own service uses, whoever listens to it.

What reaches the pipeline is no measure: a backup that was asked beside, an answer that was given
up and a request that is tried out are paid for as well, and their metrics are dropped on the way.
So the count is taken at the service itself, where nothing is counted twice.
"""

from collections.abc import Callable
from typing import Any

from pipecat.metrics.metrics import LLMTokenUsage, STTUsage
from pipecat.services.ai_service import AIService

from calls.usage.requests import watch_requests
from calls.usage.usage import Usage
from services.provider import Stage

Used = Callable[[Usage], None]
"""Told of everything that was used, as it is used."""


def meter(
    service: AIService, *, stage: Stage, provider: str, used: Used, here: bool = False
) -> None:
    """Have a service tell what it uses, before it is set up.

    Args:
        service: One provider's own, not one that stands before several.
        stage: What it does.
        provider: As in the settings.
        used: Told of it.
        here: Whether it is asked at an address of this machine.
    """
    # Every service reports through this object, also those that sum up before they report.
    metrics = service._metrics

    def tell(**facts: Any) -> None:
        model = metrics._model_name() or ""
        used(Usage(stage, provider, model, here=here, **facts))

    match stage:
        case "stt":
            _before(metrics, "start_stt_usage_metrics", lambda usage: tell(**_heard(usage)))
        case "tts":
            _before(metrics, "start_tts_usage_metrics", lambda text: tell(characters=len(text)))
        case "llm":
            requests = watch_requests(service, lambda **facts: tell(**facts, estimated=True))

            def reported(tokens: LLMTokenUsage) -> None:
                if facts := _tokens(tokens):
                    requests.reported()
                    tell(**facts)

            _before(metrics, "start_llm_usage_metrics", reported)


def _before(metrics: Any, name: str, count: Callable[[Any], None]) -> None:
    report = getattr(metrics, name)

    async def counted(usage: Any) -> Any:
        count(usage)
        return await report(usage)

    setattr(metrics, name, counted)


def _heard(usage: STTUsage) -> dict[str, Any]:
    return {"speech_s": round(usage.audio_seconds, 3)}


def _tokens(tokens: LLMTokenUsage) -> dict[str, Any]:
    cached, written = tokens.cache_read_input_tokens or 0, tokens.cache_creation_input_tokens or 0
    prompt = tokens.prompt_tokens
    # Anthropic's prompt is what its cache had no part in; only the total tells.
    net_total = prompt + cached + written + tokens.completion_tokens
    if tokens.total_tokens == net_total or prompt < cached + written:
        prompt += cached + written
    if not prompt and not tokens.completion_tokens:
        return {}
    return {
        "prompt_tokens": prompt,
        "cached_tokens": cached,
        "cache_written_tokens": written,
        "completion_tokens": tokens.completion_tokens,
    }
