"""The `switchboard` command: what it says, and how it refuses."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scripts.switchboard import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), env={"COLUMNS": "200"})


def test_doctor_shows_a_newcomer_that_the_stand_ins_are_used_and_what_a_key_would_bring() -> None:
    result = run("doctor")
    assert result.exit_code == 0
    assert "pocketsphinx" in result.output
    assert "a stand-in" in result.output
    assert "set DEEPGRAM_API_KEY in .env" in result.output
    assert "set TWILIO_AUTH_TOKEN and PUBLIC_URL in .env" in result.output


def test_doctor_names_the_webhook_and_the_providers_that_keys_brought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "OPENAI_API_KEY": "a-secret-key",
        "TWILIO_AUTH_TOKEN": "a-secret-token",
        "PUBLIC_URL": "https://calls.example.com",
        "DAILY_API_KEY": "another-secret-key",
    }.items():
        monkeypatch.setenv(name, value)
    result = run("doctor")
    assert "OPENAI_API_KEY is set" in result.output
    assert "https://calls.example.com/twilio/voice?bot=NAME" in result.output
    assert "secret" not in result.output


def test_doctor_says_why_the_server_would_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT", "deepgram")
    result = run("doctor")
    assert result.exit_code == 1
    assert "DEEPGRAM_API_KEY is not set" in result.output


def test_doctor_points_at_a_misspelt_line_of_the_env_file() -> None:
    Path(".env").write_text("OPENAI_API_KYE=1\n")
    assert "Did you mean OPENAI_API_KEY?" in run("doctor").output


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "eighty", "PORT"),
        ("LLM", "gpt", 'LLM names "gpt"'),
        ("TTS", "cartesia", "CARTESIA_API_KEY is not set"),
        ("OPENAI_BASE_URL", "openai", "OPENAI_BASE_URL"),
    ],
)
def test_server_with_a_wrong_setting_does_not_start_and_says_which(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    result = run("serve")
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output
