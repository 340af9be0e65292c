"""Language model rows: what each becomes, with which settings."""

import json
from typing import Any

import pytest
from aiohttp import web
from openai import DefaultAsyncHttpxClient
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext

from services.choice import Choice, choose
from services.provider import Wish
from settings import Settings, SettingsError
from tests.services.provider_servers import Provider

BRIEF = Wish(instructions="Be brief.")


def choice(monkeypatch: pytest.MonkeyPatch, name: str, **variables: str) -> Choice:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("LLM", name)
    return choose(Settings.load())["llm"][0]


def built(monkeypatch: pytest.MonkeyPatch, name: str, **variables: str) -> Any:
    return choice(monkeypatch, name, **variables).build(BRIEF)


@pytest.mark.parametrize(
    ("name", "service_class", "model", "address"),
    [
        ("openai", "OpenAILLMService", "gpt-4.1", "https://api.openai.com/v1/"),
        (
            "groq",
            "GroqLLMService",
            "openai/gpt-oss-120b",
            "https://api.groq.com/openai/v1/",
        ),
        ("together", "TogetherLLMService", "zai-org/GLM-5.2", "https://api.together.xyz/v1/"),
        (
            "fireworks",
            "FireworksLLMService",
            "accounts/fireworks/models/nemotron-3-ultra-nvfp4",
            "https://api.fireworks.ai/inference/v1/",
        ),
        ("xai", "GrokLLMService", "grok-4.20-non-reasoning", "https://api.x.ai/v1/"),
    ],
)
async def test_key_alone_brings_a_model_fit_for_conversation(
    monkeypatch: pytest.MonkeyPatch, name: str, service_class: str, model: str, address: str
) -> None:
    service = built(monkeypatch, name, **{f"{name.upper()}_API_KEY": "a-key"})
    assert type(service).__name__ == service_class
    assert service._settings.model == model
    assert service._settings.system_instruction == "Be brief."
    assert (service._client.api_key, str(service._client.base_url)) == ("a-key", address)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("openai", "/v1/"),
        ("groq", "/openai/v1/"),
        ("together", "/v1/"),
        ("fireworks", "/inference/v1/"),
        ("xai", "/v1/"),
        ("anthropic", ""),
    ],
)
async def test_address_without_a_path_is_given_the_providers_own(
    monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    variables = {
        f"{name.upper()}_API_KEY": "k",
        f"{name.upper()}_BASE_URL": "http://127.0.0.1:9",
        f"{name.upper()}_MODEL": "another",
    }
    service = built(monkeypatch, name, **variables)
    assert str(service._client.base_url) == f"http://127.0.0.1:9{path}"
    assert service._settings.model == "another"


@pytest.mark.parametrize("name", ["openai", "anthropic", "groq", "together", "fireworks", "xai"])
async def test_failure_is_known_at_once_rather_than_retried_while_the_caller_waits(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert built(monkeypatch, name, **{f"{name.upper()}_API_KEY": "k"})._client.max_retries == 0


async def test_groqs_thinking_model_thinks_least_and_others_are_not_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert built(monkeypatch, "groq", GROQ_API_KEY="k")._settings.reasoning_effort == "low"
    llama = built(monkeypatch, "groq", GROQ_MODEL="llama-3.3-70b-versatile")
    assert llama._settings.reasoning_effort is None


async def test_togethers_thinking_model_does_not_think(monkeypatch: pytest.MonkeyPatch) -> None:
    assert built(monkeypatch, "together", TOGETHER_API_KEY="k")._settings.reasoning == {
        "enabled": False
    }


async def test_anthropic_reads_the_instructions_from_its_cache_and_keeps_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(monkeypatch, "anthropic", ANTHROPIC_API_KEY="a-key")
    settings = service._settings
    assert (settings.model, settings.system_instruction) == ("claude-haiku-4-5", "Be brief.")
    assert settings.enable_prompt_caching
    assert service._client.api_key == "a-key"
    pool = service._client._client._transport._pool
    assert pool._keepalive_expiry is None
    # This is what it would be otherwise: shorter than a caller's turn.
    assert DefaultAsyncHttpxClient()._transport._pool._keepalive_expiry == 5  # pyright: ignore


async def test_gemini_is_built_for_its_address_and_does_not_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("google.genai")
    service = built(monkeypatch, "google", GOOGLE_API_KEY="k", GOOGLE_BASE_URL="http://127.0.0.1:9")
    options = service._client._api_client._http_options
    assert options.base_url.rstrip("/") == "http://127.0.0.1:9"
    assert options.retry_options.attempts == 1
    assert service._settings.model == "gemini-3.6-flash"
    assert service._settings.system_instruction == "Be brief."


@pytest.mark.parametrize(
    ("name", "variables", "address", "model"),
    [
        ("ollama", {"OLLAMA_MODEL": "qwen3"}, "http://localhost:11434/v1/", "qwen3"),
        ("vllm", {"VLLM_MODEL": "m"}, "http://localhost:8000/v1/", "m"),
        (
            "llama-cpp",
            {"LLAMA_CPP_BASE_URL": "http://127.0.0.1:7/v1"},
            "http://127.0.0.1:7/v1/",
            "default",
        ),
        (
            "openai-compatible",
            {
                "OPENAI_COMPATIBLE_BASE_URL": "https://models.example.com/api",
                "OPENAI_COMPATIBLE_MODEL": "m",
            },
            "https://models.example.com/api/",
            "m",
        ),
    ],
)
async def test_server_of_ones_own_needs_an_address_or_a_model_and_no_key(
    monkeypatch: pytest.MonkeyPatch, name: str, variables: dict[str, str], address: str, model: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-them")
    service = built(monkeypatch, name, **variables)
    assert (str(service._client.base_url), service._settings.model) == (address, model)
    assert service._client.api_key == "none"
    assert not service.supports_developer_role


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"LLM": "openai-compatible"}, "OPENAI_COMPATIBLE_BASE_URL and OPENAI_COMPATIBLE_MODEL"),
        ({"LLM": "openai", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "my-server"}, "http"),
        ({"LLM": "openai,anthropic", "OPENAI_API_KEY": "k"}, "ANTHROPIC_API_KEY is not set"),
        ({"LLM": "gpt"}, "Known are: openai, anthropic"),
    ],
)
def test_wrong_setting_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=words):
        choose(Settings.load())


LOOK_UP = FunctionSchema("look_up", "Looks up.", {"what": {"type": "string"}}, ["what"])
MESSAGES = [
    {"role": "user", "content": "Where is it?"},
    {
        "role": "assistant",
        "tool_calls": [
            {
                "id": "1",
                "type": "function",
                "function": {"name": "look_up", "arguments": '{"what": "it"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "1", "content": "Here."},
    {"role": "user", "content": [{"type": "text", "text": "And now?"}]},
]


@pytest.mark.parametrize("tools", [[], [LOOK_UP]])
async def test_request_holds_what_pipecats_own_would_hold(
    monkeypatch: pytest.MonkeyPatch, tools: list[FunctionSchema]
) -> None:
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return web.Response(text="data: [DONE]\n\n", content_type="text/event-stream")

    provider = Provider()
    provider.route("POST", "/v1/chat/completions", answer)
    await provider.start()
    service = built(monkeypatch, "openai", OPENAI_API_KEY="k", OPENAI_BASE_URL=provider.url)
    messages: Any = json.loads(json.dumps(MESSAGES))
    context = LLMContext(messages, ToolsSchema(tools)) if tools else LLMContext(messages)
    try:
        await service.get_chat_completions(context)
        del service.build_chat_completion_params
        await service.get_chat_completions(context)
    finally:
        await service._client.close()
        await provider.close()
    spared, pipecats = bodies
    assert spared == pipecats
    assert ("tools" in spared) == bool(tools)
    assert [message["role"] for message in spared["messages"]][-2:] == ["tool", "user"]
