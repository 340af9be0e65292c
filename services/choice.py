"""Which provider is used for each stage, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipecat.services.ai_service import AIService

from services import language_model, speech_to_text, text_to_speech
from services.provider import STAGE_NAMES, Provider, Stage, Wish
from settings import ProviderSettings, Settings, SettingsError

PROVIDERS: Mapping[Stage, tuple[Provider, ...]] = {
    "stt": speech_to_text.PROVIDERS,
    "llm": language_model.PROVIDERS,
    "tts": text_to_speech.PROVIDERS,
}


@dataclass(frozen=True)
class Choice:
    """A provider that can be used, its variables, and why it was chosen."""

    provider: Provider
    settings: ProviderSettings
    why: str

    def build(self, wish: Wish) -> AIService:
        return self.provider.build(self.provider, self.settings, wish)

    def prepare(self, wish: Wish) -> None:
        """Build what is slow and shared by all calls. Blocks."""
        if self.provider.prepare:
            self.provider.prepare(wish)

    def described(self) -> dict[str, str | bool]:
        """For the page and the record: `{"name", "title", "stand_in"}`."""
        return {
            "name": self.provider.name,
            "title": self.settings.model or self.provider.title,
            "stand_in": self.provider.stand_in,
        }


Choices = Mapping[Stage, tuple[Choice, ...]]
"""Per stage the providers in order of preference: the first is used, the rest are its backups."""


def choose(settings: Settings) -> Choices:
    """The providers of every stage in order of preference.

    Raises:
        SettingsError: for an unknown provider, one without its key, or one not installed.
    """
    named: dict[Stage, tuple[str, ...]] = {
        "stt": settings.stt,
        "llm": settings.llm,
        "tts": settings.tts,
    }
    return {stage: tuple(_choices(stage, names, settings)) for stage, names in named.items()}


def provider_names() -> list[str]:
    return sorted({provider.name for row in PROVIDERS.values() for provider in row})


def _choices(stage: Stage, names: tuple[str, ...], settings: Settings) -> Iterable[Choice]:
    if names:
        for name in names:
            yield _named(stage, name, settings.provider(name))
        return
    found = False
    for provider in PROVIDERS[stage]:
        own = settings.provider(provider.name)
        if provider.missing_module or (provider.needs_key and not own.key):
            continue
        found = True
        why = f"{provider.key_name} is set" if provider.needs_key else "needs no key"
        yield Choice(provider, own, why)
    if not found:
        needs = " or ".join(
            f"set {p.key_name}" if p.needs_key else p.install for p in PROVIDERS[stage]
        )
        raise SettingsError(f"There is no {STAGE_NAMES[stage]} to use: {needs}.")


def _named(stage: Stage, name: str, own: ProviderSettings) -> Choice:
    variable = stage.upper()
    provider = next((p for p in PROVIDERS[stage] if p.name == name), None)
    if provider is None:
        known = ", ".join(p.name for p in PROVIDERS[stage])
        raise SettingsError(
            f'{variable} names "{name}", which is no {STAGE_NAMES[stage]}. Known are: {known}.'
        )
    if provider.missing_module:
        raise SettingsError(
            f"{variable} names {name}, which is not installed. Install it: {provider.install}."
        )
    if provider.needs_key and not own.key:
        raise SettingsError(f"{variable} names {name}, but {provider.key_name} is not set.")
    return Choice(provider, own, f"named in {variable}")
