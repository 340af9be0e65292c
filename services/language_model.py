"""Language model providers, in order of preference.

`typical`: https://github.com/kwindla/aiewf-eval, table "aiwf_medium_context": median and 95th
percentile of the time to the first token or tool call over 30 turns a conversation.
"""

from typing import Any

from services import build_llm
from services.build_llm import like_openai
from services.latency import Typical
from services.provider import API_KEY, Endpoint, Provider


def _server(name: str, title: str, *, port: int | None, **row: Any) -> Provider:
    """A server of one's own that speaks OpenAI's API."""
    # Pipecat's service for Ollama does what they all need: it sends no "developer" messages.
    build = like_openai(
        "ollama.llm.OLLamaLLMService", default_url=f"http://localhost:{port}/v1" if port else None
    )
    return Provider(
        name=name,
        stage="llm",
        tier="self-hosted",
        title=title,
        build=build,
        modules=("openai",),
        endpoint=Endpoint("http", "/v1"),
        **row,
    )


PROVIDERS = (
    Provider(
        name="openai",
        stage="llm",
        tier="cloud",
        title="OpenAI",
        build=like_openai("openai.llm.OpenAILLMService"),
        modules=("openai",),
        needs=API_KEY,
        endpoint=Endpoint("http", "/v1"),
        model="gpt-4.1",
        typical=Typical.from_p95(p50_ms=536, p95_ms=1771),
    ),
    Provider(
        name="anthropic",
        stage="llm",
        tier="cloud",
        title="Anthropic",
        build=build_llm.anthropic,
        modules=("anthropic",),
        needs=API_KEY,
        endpoint=Endpoint("http"),
        model="claude-haiku-4-5",
        typical=Typical.from_p95(p50_ms=637, p95_ms=1615),
    ),
    Provider(
        name="google",
        stage="llm",
        tier="cloud",
        title="Google Gemini",
        build=build_llm.google,
        modules=("google.genai", "google.api_core"),
        extra="google",
        needs=API_KEY,
        endpoint=Endpoint("http"),
        model="gemini-3.6-flash",
        typical=Typical.from_p95(p50_ms=798, p95_ms=984),
    ),
    Provider(
        name="groq",
        stage="llm",
        tier="cloud",
        title="Groq",
        build=like_openai("groq.llm.GroqLLMService", options=build_llm.groq_options),
        modules=("openai",),
        needs=API_KEY,
        endpoint=Endpoint("http", "/openai/v1"),
        model="openai/gpt-oss-120b",
        typical=Typical.from_p95(p50_ms=98, p95_ms=217),
    ),
    # The model's figures, as another host served it.
    Provider(
        name="together",
        stage="llm",
        tier="cloud",
        title="Together AI",
        build=like_openai("together.llm.TogetherLLMService", options=build_llm.together_options),
        modules=("openai",),
        needs=API_KEY,
        endpoint=Endpoint("http", "/v1"),
        model="zai-org/GLM-5.2",
        typical=Typical.from_p95(p50_ms=936, p95_ms=2140),
    ),
    # The model's figures, as another host served it.
    Provider(
        name="fireworks",
        stage="llm",
        tier="cloud",
        title="Fireworks AI",
        build=like_openai("fireworks.llm.FireworksLLMService"),
        modules=("openai",),
        needs=API_KEY,
        endpoint=Endpoint("http", "/inference/v1"),
        model="accounts/fireworks/models/nemotron-3-ultra-nvfp4",
        typical=Typical.from_p95(p50_ms=541, p95_ms=712),
    ),
    Provider(
        name="xai",
        stage="llm",
        tier="cloud",
        title="xAI Grok",
        build=like_openai("xai.llm.GrokLLMService"),
        modules=("openai",),
        needs=API_KEY,
        endpoint=Endpoint("http", "/v1"),
        model="grok-4.20-non-reasoning",
    ),
    _server("ollama", "Ollama", port=11434, needs=("model",)),
    _server("vllm", "vLLM", port=8000, needs=("model",)),
    # It serves the one model it was started with, whatever it is asked for.
    _server("llama-cpp", "llama.cpp", port=8080, chosen_by=("base_url", "model"), model="default"),
    _server("openai-compatible", "OpenAI-compatible", port=None, needs=("base_url", "model")),
    Provider(
        name="embedded",
        stage="llm",
        tier="embedded",
        title="the understudy",
        build=build_llm.understudy,
    ),
)
