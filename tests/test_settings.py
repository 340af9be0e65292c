"""Settings: a wrong value stops the start with a sentence that names it."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from services.choice import PROVIDERS, provider_names
from settings import Settings, SettingsError, setting_names, unknown_names


def test_newcomer_without_any_setting_is_served_on_loopback() -> None:
    settings = Settings.load()
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert settings.twilio_token == ""


def test_line_in_env_file_counts_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=9000\nMAX_CALLS=3\n")
    monkeypatch.setenv("PORT", "9001")
    settings = Settings.load()
    assert (settings.port, settings.max_calls) == (9001, 3)


def test_silence_is_bound_and_deadlines_are_the_providers_unless_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LLM_DEADLINE_MS", "1200")
    settings = Settings.load()
    assert (settings.silence_bound_ms, settings.llm_deadline_ms) == (3000, 1200)
    assert (settings.stt_deadline_ms, settings.tts_deadline_ms) == (None, None)
    assert settings.tool_deadline_ms is None


def test_empty_line_of_the_example_file_counts_as_not_set() -> None:
    Path(".env").write_text("PUBLIC_URL=\nTWILIO_AUTH_TOKEN=\nSTT=\n")
    settings = Settings.load()
    assert (settings.public_url, settings.twilio_token, settings.stt) == (None, "", ())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "seven", "PORT"),
        ("PORT", "70000", "PORT"),
        ("PUBLIC_URL", "example.com", "https://"),
        ("PUBLIC_URL", "http://example.com", "https://"),
        ("LOG_LEVEL", "loud", "WARNING"),
        ("MAX_CALLS", "0", "MAX_CALLS"),
        ("SILENCE_BOUND_MS", "400", "greater than or equal to 500"),
        ("SILENCE_BOUND_MS", "30001", "less than or equal to 30000"),
        ("LLM_DEADLINE_MS", "soon", "integer"),
        ("TOOL_DEADLINE_MS", "0", "greater than or equal to 50"),
        ("STT_LANGUAGE", "German", "de or es-MX"),
        ("TWILIO_ACCOUNT_SID", "my account", "hexadecimal"),
        ("HANDOFF_NUMBER", "0170 123", "+14155550123"),
        ("DAILY_API_URL", "ftp://daily", "https://"),
    ],
)
def test_wrong_value_names_the_variable_and_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert name in str(error.value)
    assert words in str(error.value)


def test_two_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("MAX_CALLS", "y")
    with pytest.raises(SettingsError, match=r"(?s)PORT.*MAX_CALLS"):
        Settings.load()


def test_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "top-secret-key")
    monkeypatch.setenv("DEEPGRAM_BASE_URL", "nonsense")
    with pytest.raises(SettingsError) as error:
        Settings.load().provider("deepgram")
    assert "DEEPGRAM_BASE_URL" in str(error.value)
    assert "top-secret-key" not in str(error.value)
    assert "top-secret-key" not in repr(Settings.load())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AWS_REGION", "eu-central-1.example.com/", "eu-central-1"),
        ("AWS_LANGUAGE", "Deutsch", "de or es-MX"),
        ("AWS_BASE_URL", "transcribe", "https://"),
    ],
)
def test_wrong_variable_of_a_provider_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        Settings.load().provider("aws")
    assert name in str(error.value)
    assert words in str(error.value)


def test_language_is_read_however_its_parts_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LANGUAGE", "ES_mx")
    assert Settings.load().provider("aws").language == "es-MX"


def test_every_secret_of_a_provider_is_known_to_whoever_hides_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, name.lower())
    own = Settings.load().provider("aws")
    assert own.secrets == ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    assert "aws_secret" not in repr(own)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "http://localhost:9", "wss://eu.example.com"])
def test_base_url_may_be_plain_on_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    assert Settings.load().provider("openai").base_url == url
    monkeypatch.setenv("OPENAI_BASE_URL", "ws://eu.example.com")
    with pytest.raises(SettingsError, match="this machine only"):
        Settings.load().provider("openai")


def test_misspelt_name_in_env_file_is_told_with_the_right_one() -> None:
    Path(".env").write_text("DEEPGRAM_API_KYE=1\nPORT=1\nEDITOR=vi\n")
    sentences = unknown_names(setting_names(["deepgram"]))
    assert len(sentences) == 2
    assert "DEEPGRAM_API_KYE" in sentences[0]
    assert "Did you mean DEEPGRAM_API_KEY?" in sentences[0]


def test_example_file_has_a_line_for_every_setting_and_none_that_nothing_reads() -> None:
    example = Path(__file__).parents[1] / ".env.example"
    assert unknown_names(setting_names(provider_names()), example) == []
    lines = dotenv_values(example)
    assert {name.upper() for name in Settings.model_fields} <= set(lines)
    needed = {
        row.variable(name) for rows in PROVIDERS.values() for row in rows for name in row.needs
    }
    assert needed <= set(lines)


def test_example_file_as_it_is_changes_nothing() -> None:
    example = Path(__file__).parents[1] / ".env.example"
    assert Settings.load(example) == Settings.load(None)
