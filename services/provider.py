"""What a provider of one stage is: a row of a table."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipecat.services.ai_service import AIService

from services.embedded.topic import Topic
from settings import ProviderSettings

Stage = Literal["stt", "llm", "tts"]
Tier = Literal["cloud", "self-hosted", "embedded"]

STAGE_NAMES: Mapping[Stage, str] = {
    "stt": "speech-to-text",
    "llm": "language model",
    "tts": "text-to-speech",
}


@dataclass(frozen=True)
class Wish:
    """What a bot wants of a service, in no provider's words.

    Parameters:
        instructions: The bot's instructions to the language model.
        topics: What the offline tier needs to hold the bot's conversation.
        sample_lines: Further lines a caller may say, for a recogniser that can be prepared.
        keyterms: Words that speech-to-text must not miss.
        voice: A provider's voice by provider name, or one name for the first cloud provider.
        telephone: Whether the caller's audio is 8 kHz telephone speech.
        cache_dir: Where a service may keep what is slow to build.
    """

    instructions: str = ""
    topics: tuple[Topic, ...] = ()
    sample_lines: tuple[str, ...] = ()
    keyterms: tuple[str, ...] = ()
    voice: str | Mapping[str, str] | None = None
    telephone: bool = False
    cache_dir: Path | None = None


@dataclass(frozen=True)
class Provider:
    """One provider of one stage.

    Parameters:
        name: As written in `STT`, `LLM` or `TTS`, and the prefix of its variables.
        title: For people, with the model where there is only one.
        needs_key: Whether it is of no use without `<NAME>_API_KEY`.
        modules: What must be importable.
        install: The command that makes it importable.
        build: From the provider's variables and the bot's wish to the Pipecat service.
        voice: The voice when neither the bot nor `<NAME>_VOICE` names one.
        prepare: Builds what is slow and shared by all calls, so that no caller waits for it.
            Blocks.
    """

    name: str
    stage: Stage
    tier: Tier
    title: str
    modules: tuple[str, ...]
    install: str
    build: Callable[["Provider", ProviderSettings, Wish], AIService] = field(repr=False)
    voice: str | None = None
    prepare: Callable[[Wish], None] | None = field(default=None, repr=False)

    @property
    def needs_key(self) -> bool:
        return self.tier == "cloud"

    @property
    def stand_in(self) -> bool:
        """Whether callers must be told that this is not the real thing."""
        return self.tier == "embedded"

    @property
    def key_name(self) -> str:
        return f"{self.name.upper()}_API_KEY"

    @property
    def missing_module(self) -> str | None:
        return next((m for m in self.modules if importlib.util.find_spec(m) is None), None)

    def voice_for(self, settings: ProviderSettings, wish: Wish) -> str | None:
        """`<NAME>_VOICE`, else the bot's voice for this provider, else the provider's default."""
        if settings.voice:
            return settings.voice
        if isinstance(wish.voice, Mapping):
            return wish.voice.get(self.name) or self.voice
        # One bare name cannot mean a voice of every provider: it is a cloud provider's.
        return (wish.voice if self.tier == "cloud" else None) or self.voice


def given(**options: Any) -> dict[str, Any]:
    """The options that are set, so that a provider's own defaults hold for the rest."""
    return {name: value for name, value in options.items() if value}
