"""Text-to-speech rows: what each becomes, with which settings."""

from typing import Any

import pytest
from pipecat.services.tts_service import TextAggregationMode

from services.choice import choose
from services.provider import Wish
from settings import Settings, SettingsError


def built(monkeypatch: pytest.MonkeyPatch, name: str, **variables: str) -> Any:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("TTS", name)
    return choose(Settings.load())["tts"][0].build(Wish())


@pytest.mark.parametrize(
    ("name", "address", "model", "voice"),
    [
        (
            "cartesia",
            "ws://127.0.0.1:9/tts/websocket",
            "sonic-3.6",
            "71a7ad14-091c-4e8e-a314-022ece01c121",
        ),
        ("elevenlabs", "ws://127.0.0.1:9", "eleven_flash_v2_5", "EXAVITQu4vr4xnSDxMaL"),
        ("rime", "ws://127.0.0.1:9/ws3", "coda", "astra"),
    ],
)
async def test_streaming_voice_is_built_for_its_address_with_its_model_and_voice(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str, model: str, voice: str
) -> None:
    prefix = name.upper()
    variables = {f"{prefix}_API_KEY": "k", f"{prefix}_BASE_URL": "ws://127.0.0.1:9"}
    service = built(monkeypatch, name, **variables)
    assert service._url == address
    assert (service._settings.model, service._settings.voice) == (model, voice)


@pytest.mark.parametrize(
    "name", ["cartesia", "elevenlabs", "openai", "rime", "deepgram", "embedded"]
)
async def test_voice_is_given_whole_sentences_written_for_the_ear(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    service = built(monkeypatch, name, **{f"{name.upper()}_API_KEY": "k"})
    assert service._text_aggregation_mode is TextAggregationMode.SENTENCE
    (_, formatter), *_ = service._text_transforms
    assert await formatter("It costs $3.50.", "*") == "It costs three dollars and fifty cents."


async def test_german_is_not_written_out_in_english_words(monkeypatch: pytest.MonkeyPatch) -> None:
    service = built(monkeypatch, "cartesia", CARTESIA_API_KEY="k", TTS_LANGUAGE="de")
    assert service._settings.language == "de"
    assert service._text_transforms == []


async def test_voices_that_get_whole_sentences_do_not_wait_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cartesia = built(monkeypatch, "cartesia", CARTESIA_API_KEY="k")
    assert cartesia._max_buffer_delay_ms == 0
    elevenlabs = built(monkeypatch, "elevenlabs", ELEVENLABS_API_KEY="k")
    assert elevenlabs._auto_mode
    rime = built(monkeypatch, "rime", RIME_API_KEY="k")
    assert rime._settings.segment == "immediate"


async def test_openai_speaks_at_its_one_rate_and_does_not_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "openai",
        OPENAI_API_KEY="k",
        OPENAI_BASE_URL="http://127.0.0.1:9",
        OPENAI_VOICE="coral",
    )
    assert service._init_sample_rate == 24_000
    assert service._settings.voice == "coral"
    assert str(service._client.base_url) == "http://127.0.0.1:9/v1/"
    assert service._client.max_retries == 0


async def test_deepgrams_voice_is_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    service = built(
        monkeypatch,
        "deepgram",
        DEEPGRAM_API_KEY="k",
        DEEPGRAM_BASE_URL="https://api.eu.deepgram.com",
        DEEPGRAM_MODEL="nova-3-medical",
        DEEPGRAM_VOICE="aura-2-thalia-en",
    )
    assert service._settings.model == service._settings.voice == "aura-2-thalia-en"
    assert service._base_url == "wss://api.eu.deepgram.com"


def test_voice_that_openai_does_not_have_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match='OPENAI_VOICE="bob" is no voice of openai: alloy'):
        built(monkeypatch, "openai", OPENAI_API_KEY="k", OPENAI_VOICE="bob")


def test_language_that_the_voice_does_not_speak_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SettingsError, match=r"aura-2-helena-en .DEEPGRAM_VOICE. does not speak it"):
        built(monkeypatch, "deepgram", DEEPGRAM_API_KEY="k", TTS_LANGUAGE="de")


async def test_bots_one_voice_is_the_first_providers_and_not_its_backups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CARTESIA_API_KEY", "ELEVENLABS_API_KEY"):
        monkeypatch.setenv(name, "k")
    monkeypatch.setenv("TTS", "elevenlabs,cartesia")
    wish = Wish(voice="her-voice")
    services: list[Any] = [c.build(wish) for c in choose(Settings.load())["tts"]]
    assert services[0]._settings.voice == "her-voice"
    assert services[1]._settings.voice == "71a7ad14-091c-4e8e-a314-022ece01c121"
