"""Speech-to-text rows: what each becomes, with which settings."""

from typing import Any

import pytest

from services.choice import Choice, choose
from services.provider import Wish
from settings import Settings, SettingsError

TERMS = ("parcel", "refund")


def choice(monkeypatch: pytest.MonkeyPatch, name: str, **variables: str) -> Choice:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("STT", name)
    return choose(Settings.load())["stt"][0]


def built(monkeypatch: pytest.MonkeyPatch, name: str, **variables: str) -> Any:
    return choice(monkeypatch, name, **variables).build(Wish(keyterms=TERMS))


async def test_nova_neither_formats_nor_ends_turns_and_knows_the_bots_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "deepgram",
        DEEPGRAM_API_KEY="k",
        DEEPGRAM_BASE_URL="http://127.0.0.1:9",
        DEEPGRAM_LANGUAGE="de",
    )
    asked = service._build_connect_kwargs()
    assert asked["model"] == "nova-3-general"
    assert asked["smart_format"] == "false"
    assert asked["endpointing"] == "false"
    assert asked["interim_results"] == "true"
    assert asked["keyterm"] == ["parcel", "refund"]
    assert asked["language"] == "de"
    environment = service._client._client_wrapper.get_environment()
    assert environment.production == "ws://127.0.0.1:9"


async def test_older_nova_is_given_the_words_as_keywords(monkeypatch: pytest.MonkeyPatch) -> None:
    service = built(monkeypatch, "deepgram", DEEPGRAM_API_KEY="k", DEEPGRAM_MODEL="nova-2")
    asked = service._build_connect_kwargs()
    assert asked["keywords"] == ["parcel", "refund"]
    assert "keyterm" not in asked


async def test_flux_uses_deepgrams_key_and_is_quick_about_its_own_end_of_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "deepgram-flux",
        DEEPGRAM_API_KEY="k",
        DEEPGRAM_BASE_URL="ws://127.0.0.1:9",
        DEEPGRAM_MODEL="nova-3-medical",
        DEEPGRAM_FLUX_MODEL="flux-general-multi",
        STT_LANGUAGE="es",
    )
    assert (service._api_key, service._url) == ("k", "ws://127.0.0.1:9/v2/listen")
    settings = service._settings
    assert settings.model == "flux-general-multi"
    assert (settings.eot_threshold, settings.eot_timeout_ms) == (0.5, 500)
    assert settings.keyterm == ["parcel", "refund"]
    assert settings.language_hints == ["es"]


async def test_flux_is_not_its_own_backup_of_nova(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    assert [c.name for c in choose(Settings.load())["stt"]] == ["deepgram", "embedded"]


def test_model_of_flux_in_novas_row_names_the_row_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as error:
        choice(monkeypatch, "deepgram", DEEPGRAM_API_KEY="k", DEEPGRAM_STT_MODEL="flux-general-en")
    assert str(error.value) == (
        'DEEPGRAM_STT_MODEL="flux-general-en" is a model of deepgram-flux: '
        "name deepgram-flux in STT."
    )


async def test_assemblyai_leaves_the_end_of_turn_to_the_project_and_hurries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "assemblyai",
        ASSEMBLYAI_API_KEY="k",
        ASSEMBLYAI_BASE_URL="ws://localhost:9",
        ASSEMBLYAI_LANGUAGE="fr",
    )
    settings = service._settings
    assert service._api_endpoint_base_url == "ws://localhost:9/v3/ws"
    assert service._vad_force_turn_endpoint
    assert (settings.model, settings.mode) == ("universal-3-6-pro", "min_latency")
    assert settings.format_turns
    assert settings.keyterms_prompt == ["parcel", "refund"]
    assert settings.language_codes == ["fr"]


async def test_older_assemblyai_is_not_sent_what_it_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "assemblyai",
        ASSEMBLYAI_API_KEY="k",
        ASSEMBLYAI_MODEL="universal-streaming-english",
    )
    assert (service._settings.mode, service._settings.language_codes) == (None, None)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("", {"keywords": ["parcel", "refund"], "prompt": None}),
        ("gpt-4o-transcribe", {"keywords": None, "prompt": "parcel, refund"}),
    ],
)
async def test_openai_is_given_the_words_where_its_model_looks_for_them(
    monkeypatch: pytest.MonkeyPatch, model: str, words: dict[str, Any]
) -> None:
    service = built(
        monkeypatch,
        "openai",
        OPENAI_API_KEY="k",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
        OPENAI_STT_MODEL=model,
        # The language model's, and none of speech-to-text's business.
        OPENAI_MODEL="gpt-4.1-mini",
    )
    assert service._settings.model == (model or "gpt-transcribe")
    assert {name: getattr(service._settings, name) for name in words} == words
    assert str(service._client.base_url) == "http://127.0.0.1:9/v1/"


async def test_openais_realtime_model_streams_without_ending_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "openai",
        OPENAI_API_KEY="k",
        OPENAI_BASE_URL="http://127.0.0.1:9",
        OPENAI_STT_MODEL="gpt-realtime-whisper",
    )
    assert type(service).__name__ == "OpenAIRealtimeSTTService"
    assert service._base_url == "ws://127.0.0.1:9/v1/realtime"
    assert service._turn_detection is False


async def test_aws_signs_with_its_pair_of_keys_in_its_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = built(
        monkeypatch,
        "aws",
        AWS_ACCESS_KEY_ID="id",
        AWS_SECRET_ACCESS_KEY="secret",
        AWS_REGION="eu-central-1",
        STT_LANGUAGE="de-DE",
    )
    credentials = service._credentials
    assert (credentials.access_key, credentials.secret_key) == ("id", "secret")
    assert credentials.region == "eu-central-1"
    assert service._settings.partial_results_stability == "high"
    assert service._settings.language == "de-DE"


def test_aws_has_regions_and_no_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"AWS_BASE_URL is set, but .* set AWS_REGION"):
        choice(
            monkeypatch,
            "aws",
            AWS_ACCESS_KEY_ID="id",
            AWS_SECRET_ACCESS_KEY="secret",
            AWS_BASE_URL="https://transcribe.example.com",
        )


async def test_whisper_on_a_server_needs_no_model_runtime_here_and_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whisper = choice(
        monkeypatch,
        "whisper",
        WHISPER_BASE_URL="http://127.0.0.1:8000",
        WHISPER_MODEL="large-v3",
    )
    whisper.prepare(Wish())  # loads nothing
    service: Any = whisper.build(Wish(keyterms=TERMS))
    assert str(service._client.base_url) == "http://127.0.0.1:8000/v1/"
    assert (service._settings.model, service._settings.prompt) == ("large-v3", "parcel, refund")


def test_one_term_too_many_is_left_out_rather_than_the_session_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = Wish(keyterms=tuple(f"word{n}" for n in range(150)))
    row = choice(monkeypatch, "deepgram", DEEPGRAM_API_KEY="k").provider
    assert len(row.keyterms_for(many)) == 100


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DEEPGRAM_LANGUAGE": "tlh"}, ['DEEPGRAM_LANGUAGE="tlh"', "no language"]),
        ({"STT_LANGUAGE": "zu"}, ['STT_LANGUAGE="zu"', "deepgram does not hear it", "en"]),
    ],
)
def test_language_that_is_not_heard_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as error:
        choice(monkeypatch, "deepgram", DEEPGRAM_API_KEY="k", **variables)
    assert all(word in str(error.value) for word in words)


def test_german_callers_are_not_left_to_an_english_ear(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DEEPGRAM_API_KEY": "k", "STT_LANGUAGE": "de"}.items():
        monkeypatch.setenv(name, value)
    assert [c.name for c in choose(Settings.load())["stt"]] == ["deepgram"]
