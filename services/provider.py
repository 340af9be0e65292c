"""What a provider of one stage is: a row of a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pipecat.services.ai_service import AIService
from pipecat.transcriptions.language import Language

from services.embedded.topic import Topic
from services.installation import install_command, is_there
from services.languages import Codes, language_of
from services.latency import Typical
from settings import ProviderSettings, variable

Stage = Literal["stt", "llm", "tts"]
Tier = Literal["cloud", "self-hosted", "embedded"]

STAGE_NAMES: Mapping[Stage, str] = {
    "stt": "speech-to-text",
    "llm": "language model",
    "tts": "text-to-speech",
}

API_KEY = ("api_key",)


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
class Endpoint:
    """How a Pipecat service wants to be told of another address than the provider's own.

    Parameters:
        scheme: What the service opens: a WebSocket, or HTTP.
        path: What belongs to the address, and is added when `<NAME>_BASE_URL` has no path.
    """

    scheme: Literal["ws", "http"]
    path: str = ""

    def address(self, base_url: str) -> str:
        parts = urlsplit(base_url)
        secure = "s" if parts.scheme in ("https", "wss") else ""
        return urlunsplit(
            (self.scheme + secure, parts.netloc, parts.path.rstrip("/") or self.path, "", "")
        )


@dataclass(frozen=True)
class Provider:
    """One provider of one stage.

    Parameters:
        name: As written in `STT`, `LLM` or `TTS`, and the prefix of its variables.
        title: For people, with the model where there is only one.
        build: From the provider's variables and the bot's wish to the Pipecat service. Imports
            what it needs, so that a row can be listed without it.
        account: The provider whose key, address, language and region hold where this one has
            none of its own. Such a row is used only when it is named.
        modules: What must be importable.
        server_modules: What must be importable when `<NAME>_BASE_URL` names a server, where that
            is less.
        extra: The extra of Switchboard that brings the modules. "": every installation has them.
        needs: The variables it is of no use without, without the prefix.
        chosen_by: For a self-hosted provider, the variables of which one says that it is there.
        endpoint: How another address is given. None: there is none to give.
        model: The model when `<NAME>_MODEL` names none.
        other_models: How models begin that are another row's, and the name of that row.
        owns_model: Whether `<NAME>_MODEL` is this stage's; otherwise `<NAME>_STT_MODEL` (or
            whatever the stage is) alone is read.
        voice: The voice when neither the bot nor `<NAME>_VOICE` names one.
        voices: Every voice there is, where Pipecat's service takes no other.
        keyterms: How many key terms it takes at most.
        languages: The languages it takes, by model where they depend on it. None: any.
        language_is_voices: Whether it speaks the language that its voice speaks.
        region: The region when `<NAME>_REGION` names none. None: it has no regions.
        typical: How long it takes. None: nobody has published that.
        prepare: Builds what is slow and shared by all calls, so that no caller waits for it.
            Blocks.
    """

    name: str
    stage: Stage
    tier: Tier
    title: str
    build: Callable[["Provider", ProviderSettings, Wish], AIService] = field(repr=False)
    account: str = ""
    modules: tuple[str, ...] = ()
    server_modules: tuple[str, ...] | None = None
    extra: str = ""
    needs: tuple[str, ...] = ()
    chosen_by: tuple[str, ...] = ()
    endpoint: Endpoint | None = None
    model: str | None = None
    other_models: Mapping[str, str] = field(default_factory=dict, repr=False)
    owns_model: bool = True
    voice: str | None = None
    voices: tuple[str, ...] = ()
    keyterms: int = 0
    languages: Codes | Callable[[str], Codes] | None = field(default=None, repr=False)
    language_is_voices: bool = False
    region: str | None = None
    typical: Typical | None = None
    prepare: Callable[["Provider", ProviderSettings, Wish], None] | None = field(
        default=None, repr=False
    )

    @property
    def stand_in(self) -> bool:
        """Whether callers must be told that this is not the real thing."""
        return self.tier == "embedded"

    @property
    def install_command(self) -> str:
        """What to type so that the provider can be used by this very Python."""
        return install_command(self.extra)

    def missing_module(self, settings: ProviderSettings) -> str | None:
        """The first module that it needs and that is not there."""
        modules = self.modules
        if settings.base_url and self.server_modules is not None:
            modules = self.server_modules
        return next((module for module in modules if not is_there(module)), None)

    def missing_variables(self, settings: ProviderSettings) -> list[str]:
        """The variables that it needs and that are not set."""
        return [self.variable(name) for name in self.needs if not getattr(settings, name)]

    def present_variables(self, settings: ProviderSettings) -> list[str]:
        """The set variables that say it should be used."""
        names = self.needs + tuple(name for name in self.chosen_by if name not in self.needs)
        return [self.variable(name) for name in names if getattr(settings, name)]

    def variable(self, field_name: str) -> str:
        """The name of one of its variables, its account's where it has an account."""
        return variable(self.account or self.name, field_name)

    def address(self, settings: ProviderSettings) -> str | None:
        """Where it is, when that is not its own default."""
        if not settings.base_url or not self.endpoint:
            return None
        return self.endpoint.address(settings.base_url)

    def model_for(self, settings: ProviderSettings) -> str:
        return settings.model or self.model or ""

    def voice_for(self, settings: ProviderSettings, wish: Wish) -> str | None:
        """`<NAME>_VOICE`, else the bot's voice for this provider, else the provider's default."""
        if settings.voice:
            return settings.voice
        if isinstance(wish.voice, Mapping):
            return wish.voice.get(self.name) or self.voice
        # One bare name cannot mean a voice of every provider: it is a cloud provider's.
        return (wish.voice if self.tier == "cloud" else None) or self.voice

    def keyterms_for(self, wish: Wish) -> list[str]:
        """The bot's key terms, as many as are taken: one too many and the session is refused."""
        return list(wish.keyterms[: self.keyterms])

    def languages_for(self, settings: ProviderSettings) -> Codes | None:
        """The languages that it takes with its model and voice, by base code. None: any."""
        if self.language_is_voices and settings.voice:
            return None
        if callable(self.languages):
            return self.languages(self.model_for(settings))
        return self.languages

    def language_for(self, settings: ProviderSettings) -> Language | None:
        """The language that is set, if any."""
        return language_of(settings.language) if settings.language else None


def given(**options: Any) -> dict[str, Any]:
    """The options that are set, so that a provider's own defaults hold for the rest."""
    return {name: value for name, value in options.items() if value}
