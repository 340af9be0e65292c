"""The table of providers as a whole."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from services.choice import PROVIDERS, choose
from services.installation import is_there
from services.latency import Typical, deadline_ms
from services.provider import Provider
from settings import ProviderSettings, Settings, SettingsError, setting_names

ROWS = [row for rows in PROVIDERS.values() for row in rows]


def row(stage: str, name: str) -> Provider:
    return next(r for r in ROWS if (r.stage, r.name) == (stage, name))


def label(provider: Provider) -> str:
    return f"{provider.stage}-{provider.name}"


def test_every_provider_that_was_asked_for_has_a_row() -> None:
    assert {stage: {r.name for r in rows} for stage, rows in PROVIDERS.items()} == {
        "stt": set(
            "deepgram deepgram-flux assemblyai openai aws whisper moonshine embedded".split()
        ),
        "llm": set(
            "openai anthropic google groq together fireworks xai ollama vllm llama-cpp "
            "openai-compatible embedded".split()
        ),
        "tts": set("cartesia elevenlabs openai rime hume deepgram kokoro piper embedded".split()),
    }


@pytest.mark.parametrize("provider", ROWS, ids=label)
def test_row_is_in_its_stages_table_once_and_reads_known_variables(provider: Provider) -> None:
    rows = [r.name for r in PROVIDERS[provider.stage]]
    assert rows.count(provider.name) == 1
    assert {*provider.needs, *provider.chosen_by} <= set(ProviderSettings.model_fields)
    known = setting_names([provider.name, provider.account or provider.name])
    assert {provider.variable(name) for name in provider.needs} <= set(known)
    assert all(other in rows for other in provider.other_models.values())


@pytest.mark.parametrize("provider", [r for r in ROWS if not r.needs], ids=label)
def test_provider_without_a_key_is_not_used_unless_something_says_it_is_there(
    provider: Provider,
) -> None:
    assert provider.tier == "embedded" or provider.chosen_by


@pytest.mark.parametrize("provider", [r for r in ROWS if r.extra], ids=label)
def test_provider_that_is_not_installed_stops_the_start_with_the_command_that_installs_it(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = is_there
    monkeypatch.setattr(
        "services.provider.is_there", lambda name: name not in provider.modules and there(name)
    )
    for field in provider.needs:
        monkeypatch.setenv(provider.variable(field), "k")
    monkeypatch.setenv(provider.stage.upper(), provider.name)
    monkeypatch.chdir(Path(__file__).parents[2])
    with pytest.raises(SettingsError) as error:
        choose(Settings.load(env_file=None))
    python = Path(sys.executable)
    python = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    assert str(error.value) == (
        f"{provider.stage.upper()} names {provider.name}, which is not installed. "
        f'Install it: {python} -m pip install --editable ".[{provider.extra}]"'
    )


@pytest.mark.parametrize("provider", [r for r in ROWS if r.extra], ids=label)
def test_extra_that_the_command_names_is_one_of_the_projects(provider: Provider) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert provider.extra in project["optional-dependencies"]


def test_listing_the_rows_imports_no_heavy_sdk() -> None:
    code = (
        "import sys, services.choice; "
        "print([m for m in ('anthropic', 'deepgram', 'google.genai', 'openai', 'hume', "
        "'pocketsphinx', 'faster_whisper') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip().endswith("[]")


def test_embedded_provider_backs_those_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPGRAM_API_KEY", "ASSEMBLYAI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "k")
    monkeypatch.setenv("STT", "assemblyai,deepgram")
    monkeypatch.setenv("LLM", "openai")
    choices = choose(Settings.load())
    assert [c.name for c in choices["stt"]] == ["assemblyai", "deepgram", "embedded"]
    assert [c.name for c in choices["llm"]] == ["openai", "embedded"]
    assert choices["llm"][1].why == "backs the others, needs no key"


def test_provider_is_waited_for_as_long_as_its_slow_answers_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("TTS_DEADLINE_MS", "900")
    choices = choose(Settings.load())
    typical = row("llm", "openai").typical
    assert typical
    assert choices["llm"][0].deadline_ms == typical.p99_ms
    assert {c.deadline_ms for c in choices["tts"]} == {900}


def test_no_deadline_is_shorter_than_a_call_over_the_internet_allows() -> None:
    assert deadline_ms("stt", Typical(p99_ms=326), set_ms=None) == 700
    assert deadline_ms("stt", Typical(p99_ms=326), set_ms=400) == 400
    assert deadline_ms("llm", None, set_ms=None) == 3000


@pytest.mark.parametrize("provider", [r for r in ROWS if r.typical], ids=label)
def test_slow_answers_are_slower_than_half_of_them(provider: Provider) -> None:
    typical = provider.typical
    assert typical
    assert typical.p99_ms > (typical.p50_ms or 0)


def test_percentile_that_nobody_published_lies_beyond_those_that_are() -> None:
    assert 1771 < Typical.from_p95(p50_ms=536, p95_ms=1771).p99_ms < 5056  # its slowest of 900
    assert Typical.from_quartiles(p50_ms=188, iqr_ms=100).p99_ms > 188 + 100
