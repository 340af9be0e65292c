"""A session with a provider: what it proves, and what it says when there is none."""

import re

import pytest
from provider_servers import (
    RIGHT_KEY,
    WRONG_KEY,
    Handler,
    aura,
    chat,
    coda,
    flash,
    flux,
    gemini,
    listen,
    messages,
    models,
    no_such_model,
    revoked,
    serving,
    silent,
    sonic,
    speech,
    universal,
)

from services.choice import Choice, choose
from services.session import Outcome, try_out
from settings import Settings


def choice(
    monkeypatch: pytest.MonkeyPatch, stage: str, name: str, url: str, key: str = RIGHT_KEY
) -> Choice:
    account = "deepgram" if name == "deepgram-flux" else name
    monkeypatch.setenv(stage.upper(), name)
    monkeypatch.setenv(f"{account.upper()}_API_KEY", key)
    monkeypatch.setenv(f"{account.upper()}_BASE_URL", url)
    return next(c for c in choose(Settings.load())[stage] if c.name == name)  # pyright: ignore


EVERY_KIND = [
    ("stt", "deepgram", listen, "an open session"),
    ("stt", "deepgram-flux", flux, "an open session"),
    ("stt", "assemblyai", universal, "an open session"),
    ("stt", "openai", models, "an answer"),
    ("llm", "openai", chat, "the first word"),
    ("llm", "anthropic", messages, "the first word"),
    ("llm", "google", gemini, "the first word"),
    ("tts", "cartesia", sonic, "the first sound"),
    ("tts", "elevenlabs", flash, "the first sound"),
    ("tts", "rime", coda, "the first sound"),
    ("tts", "deepgram", aura, "the first sound"),
    ("tts", "openai", speech, "the first sound"),
]


@pytest.mark.parametrize(("stage", "name", "handler", "what"), EVERY_KIND)
async def test_provider_that_answers_is_ok_and_says_how_long_it_took(
    monkeypatch: pytest.MonkeyPatch, stage: str, name: str, handler: Handler, what: str
) -> None:
    async with serving(handler) as provider:
        outcome = await try_out(choice(monkeypatch, stage, name, provider.url))
    assert outcome.works
    assert re.fullmatch(rf"ok: {what} after \d+ ms", outcome.sentence)


@pytest.mark.parametrize(("stage", "name", "handler", "what"), EVERY_KIND)
async def test_wrong_key_is_told_by_the_name_of_its_variable_and_not_by_its_value(
    monkeypatch: pytest.MonkeyPatch, stage: str, name: str, handler: Handler, what: str
) -> None:
    async with serving(handler) as provider:
        outcome = await try_out(choice(monkeypatch, stage, name, provider.url, WRONG_KEY))
    account = name.removesuffix("-flux").upper()
    assert outcome == Outcome(False, f"refused the key (HTTP 401): check {account}_API_KEY")


async def test_key_that_is_refused_behind_the_open_door_is_a_refused_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(revoked) as provider:
        outcome = await try_out(choice(monkeypatch, "stt", "assemblyai", provider.url))
    assert outcome == Outcome(False, "refused the key: check ASSEMBLYAI_API_KEY")


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("stt", "deepgram"),
        ("stt", "deepgram-flux"),
        ("stt", "assemblyai"),
        ("stt", "openai"),
        ("llm", "openai"),
        ("llm", "anthropic"),
        ("llm", "google"),
        ("llm", "groq"),
        ("tts", "cartesia"),
        ("tts", "elevenlabs"),
        ("tts", "rime"),
        ("tts", "deepgram"),
        ("tts", "openai"),
    ],
)
async def test_nobody_at_the_address_is_told_with_the_address(
    monkeypatch: pytest.MonkeyPatch, stage: str, name: str
) -> None:
    async with serving() as provider:
        gone = provider.url
    outcome = await try_out(choice(monkeypatch, stage, name, gone))
    assert not outcome.works
    assert outcome.sentence.startswith("is unreachable at ")
    assert gone.removeprefix("http") in outcome.sentence


async def test_provider_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(silent) as provider:
        outcome = await try_out(choice(monkeypatch, "llm", "openai", provider.url), timeout_s=0.5)
    assert outcome == Outcome(False, "gave no answer within 0.5 s")


async def test_what_else_is_wrong_is_told_in_the_providers_words_without_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(no_such_model) as provider:
        outcome = await try_out(choice(monkeypatch, "llm", "openai", provider.url))
    assert not outcome.works
    assert outcome.sentence.startswith("refused (HTTP 404): ")
    assert "does not exist" in outcome.sentence
    assert RIGHT_KEY not in outcome.sentence


async def test_what_runs_here_is_not_connected_to() -> None:
    for rows in choose(Settings.load()).values():
        outcome = await try_out(rows[-1])
        assert outcome == Outcome(True, "runs here: there is nothing to connect to")
