"""Models of one's own: Pipecat's services for them, with small model runtimes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from services.choice import Choice, choose
from services.provider import Wish
from settings import Settings

SERVICES = ("whisper.stt", "moonshine.stt", "kokoro.tts", "piper.tts")


class Loaded:
    """A model that remembers what it was loaded with."""

    count = 0

    def __init__(self, *args: object, **options: object) -> None:
        type(self).count += 1
        self.args = args
        self.voices = ["af_heart", "af_bella"]
        self.supported_languages = ["en", "de"]


class WhisperModel(Loaded):
    pass


class Kokoro(Loaded):
    pass


class Transcriber(Loaded):
    pass


class PiperVoice(Loaded):
    @classmethod
    def load(cls, *args: object, **options: object) -> "PiperVoice":
        return cls(*args, **options)


def runtime(name: str, **contents: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module


@pytest.fixture(autouse=True)
def small_runtimes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The model runtimes are there, and Pipecat's services are imported with them."""
    modules = {
        "faster_whisper": {"WhisperModel": WhisperModel},
        "kokoro_onnx": {"Kokoro": Kokoro},
        "piper": {"PiperVoice": PiperVoice},
        "piper.download_voices": {"download_voice": lambda *args, **options: None},
        "moonshine_voice": {
            "Transcriber": Transcriber,
            "get_model_for_language": lambda language, arch=None: (language, arch),
            "model_arch_to_string": str,
            "string_to_model_arch": str,
            "supported_languages": lambda: ["en", "es"],
            "supported_languages_friendly": str,
        },
    }
    for name, contents in modules.items():
        monkeypatch.setitem(sys.modules, name, runtime(name, **contents))
    for name in SERVICES:
        monkeypatch.delitem(sys.modules, f"pipecat.services.{name}", raising=False)
    monkeypatch.setattr("services.provider.is_there", lambda module: True)
    monkeypatch.setenv("HOME", str(tmp_path))
    for model in (WhisperModel, Kokoro, PiperVoice, Transcriber):
        model.count = 0
    load = PiperVoice.__dict__["load"]
    yield
    PiperVoice.load = load
    for name in SERVICES:
        sys.modules.pop(f"pipecat.services.{name}", None)


@pytest.fixture
def downloaded(tmp_path: Path) -> None:
    """Kokoro's files are where Pipecat keeps them."""
    folder = tmp_path / ".cache" / "pipecat" / "kokoro-onnx"
    folder.mkdir(parents=True)
    for name in ("kokoro-v1.0.onnx", "voices-v1.0.bin"):
        (folder / name).touch()


def choice(monkeypatch: pytest.MonkeyPatch, stage: str, name: str, **variables: str) -> Choice:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(stage.upper(), name)
    return choose(Settings.load())[stage][0]  # pyright: ignore


async def test_whisper_is_loaded_once_for_all_calls_and_told_the_bots_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whisper = choice(monkeypatch, "stt", "whisper", WHISPER_MODEL="large-v3", STT_LANGUAGE="de")
    whisper.prepare(Wish())
    services: list[Any] = [whisper.build(Wish(keyterms=("parcel", "refund"))) for _ in range(2)]
    assert WhisperModel.count == 1
    assert services[0]._model.args == ("large-v3",)
    assert services[1]._settings.hotwords == "parcel refund"
    assert services[1]._settings.language == "de"


async def test_moonshine_hears_with_its_model_in_its_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moonshine: Any = choice(
        monkeypatch, "stt", "moonshine", MOONSHINE_MODEL="tiny", MOONSHINE_LANGUAGE="es"
    ).build(Wish())
    assert (moonshine._settings.model, moonshine._settings.language) == ("tiny", "es")


@pytest.mark.usefixtures("downloaded")
async def test_kokoro_is_loaded_once_for_all_calls_and_speaks_with_its_voice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kokoro = choice(monkeypatch, "tts", "kokoro", KOKORO_VOICE="af_bella")
    kokoro.prepare(Wish())
    services: list[Any] = [kokoro.build(Wish(voice="another's")) for _ in range(2)]
    assert Kokoro.count == 1
    assert services[0]._settings.voice == "af_bella"


async def test_piper_is_loaded_once_for_all_calls_and_speaks_with_its_voice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    piper = choice(monkeypatch, "tts", "piper", PIPER_VOICE="de_DE-thorsten-high")
    piper.prepare(Wish())
    services: list[Any] = [piper.build(Wish()) for _ in range(2)]
    assert PiperVoice.count == 1
    assert services[0]._settings.voice == "de_DE-thorsten-high"
    assert services[0]._voice.args[0].name == "de_DE-thorsten-high.onnx"


async def test_model_of_ones_own_is_not_used_until_something_says_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [c.name for c in choose(Settings.load())["tts"]] == ["embedded"]
    monkeypatch.setenv("PIPER_VOICE", "en_US-ryan-high")
    assert [c.name for c in choose(Settings.load())["tts"]] == ["piper", "embedded"]
