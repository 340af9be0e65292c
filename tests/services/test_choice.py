"""Which provider is used for each stage, and why."""

import pytest

from services.choice import choose
from services.provider import Wish
from settings import Settings, SettingsError


def test_machine_without_a_key_is_served_by_the_embedded_tier() -> None:
    choices = choose(Settings.load())
    assert {stage: [c.provider.name for c in rows] for stage, rows in choices.items()} == {
        "stt": ["embedded"],
        "llm": ["embedded"],
        "tts": ["embedded"],
    }
    assert all(rows[0].described()["stand_in"] for rows in choices.values())


def test_provider_whose_key_is_there_comes_first_and_the_embedded_tier_backs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    rows = choose(Settings.load())["llm"]
    assert [(c.provider.name, c.why) for c in rows] == [
        ("openai", "OPENAI_API_KEY is set"),
        ("embedded", "needs no key"),
    ]
    assert not rows[0].described()["stand_in"]


def test_named_order_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "key")
    monkeypatch.setenv("STT", "Embedded, deepgram")
    names = [c.provider.name for c in choose(Settings.load())["stt"]]
    assert names == ["embedded", "deepgram"]


@pytest.mark.parametrize(
    ("stage", "name", "words"),
    [
        ("STT", "deepgrm", ["STT", "deepgrm", "deepgram"]),
        ("LLM", "openai", ["LLM", "OPENAI_API_KEY", "not set"]),
        ("TTS", "openai", ["TTS", "OPENAI_API_KEY", "not set"]),
        ("TTS", "opnai", ["TTS", "opnai", "cartesia"]),
        ("STT", "aws", ["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"]),
        ("LLM", "vllm", ["VLLM_MODEL is not set"]),
        ("STT", "whisper", ["not installed", "-m pip install --editable", '[whisper]"']),
        ("STT", "deepgram,assemblyai", ["STT", "DEEPGRAM_API_KEY", "not set"]),
    ],
)
def test_provider_that_cannot_be_used_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, stage: str, name: str, words: list[str]
) -> None:
    monkeypatch.setenv(stage, name)
    with pytest.raises(SettingsError) as error:
        choose(Settings.load())
    assert all(word in str(error.value) for word in words)


def test_keys_bring_the_cloud_services_with_their_models_voices_and_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipecat.services.cartesia.tts import CartesiaTTSService
    from pipecat.services.deepgram.stt import DeepgramSTTService
    from pipecat.services.openai.llm import OpenAILLMService

    for name, value in {
        "DEEPGRAM_API_KEY": "a",
        "DEEPGRAM_MODEL": "nova-3-medical",
        "OPENAI_API_KEY": "b",
        "OPENAI_MODEL": "gpt-4.1-mini",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "CARTESIA_API_KEY": "c",
        "CARTESIA_VOICE": "somebody",
    }.items():
        monkeypatch.setenv(name, value)
    choices = choose(Settings.load())
    wish = Wish(instructions="Be brief.", keyterms=("parcel",), voice={"cartesia": "other"})

    stt = choices["stt"][0].build(wish)
    assert isinstance(stt, DeepgramSTTService)
    assert (stt._settings.model, stt._settings.keyterm) == ("nova-3-medical", ["parcel"])
    llm = choices["llm"][0].build(wish)
    assert isinstance(llm, OpenAILLMService)
    assert (llm._settings.model, llm._settings.system_instruction) == ("gpt-4.1-mini", "Be brief.")
    assert str(llm._client.base_url) == "http://127.0.0.1:9/v1/"
    tts = choices["tts"][0].build(wish)
    assert isinstance(tts, CartesiaTTSService)
    assert tts._settings.voice == "somebody"


def test_voice_is_the_variables_then_the_bots_then_the_providers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", "c")
    choice = choose(Settings.load())["tts"][0]
    provider, own = choice.provider, choice.settings
    assert provider.voice_for(own, Wish()) == provider.voice
    assert provider.voice_for(own, Wish(voice="mine")) == "mine"
    assert provider.voice_for(own, Wish(voice={"cartesia": "theirs"})) == "theirs"
    named = own.model_copy(update={"voice": "set"})
    assert provider.voice_for(named, Wish(voice="mine")) == "set"


def test_bare_voice_name_is_not_asked_of_the_embedded_voice() -> None:
    choice = choose(Settings.load())["tts"][0]
    assert choice.provider.voice_for(choice.settings, Wish(voice="some-cloud-id")) is None


def test_a_voice_that_a_provider_surely_does_not_have_is_named_with_those_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    lead = choose(Settings.load())["tts"][0]
    with pytest.raises(
        ValueError, match=r'voice "anna" is no voice of openai.*OPENAI_VOICE: alloy'
    ):
        lead.build(Wish(voice="anna"))
