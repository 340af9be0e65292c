"""Which provider is used for each stage, and why."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pipecat.services.ai_service import AIService

from services import language_model, speech_to_text, text_to_speech
from services.failover.health import Health
from services.latency import deadline_ms
from services.provider import STAGE_NAMES, Provider, Stage, Wish
from services.shared_trust import share_trusted_certificates
from services.suitability import absent, contradiction, own_settings, unsupported_language
from settings import ProviderSettings, Settings, SettingsError

PROVIDERS: Mapping[Stage, tuple[Provider, ...]] = {
    "stt": speech_to_text.PROVIDERS,
    "llm": language_model.PROVIDERS,
    "tts": text_to_speech.PROVIDERS,
}


@dataclass(frozen=True)
class Choice:
    """A provider that can be used, its variables, and why it was chosen.

    Parameters:
        provider: The row of the table.
        settings: Its variables, as they hold for its stage.
        why: For people.
        takes_bare_voice: Whether a voice that is named without its provider is this one's.
        deadline_ms: How long its stage's answer is waited for before the next one is tried.
        health: How it has been doing, for all calls that these choices serve.
    """

    provider: Provider
    settings: ProviderSettings
    why: str
    takes_bare_voice: bool = True
    deadline_ms: float = math.inf
    health: Health = field(default_factory=lambda: Health(math.inf), compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def runs_here(self) -> bool:
        """Whether it runs in this process, so that there is nothing to connect to."""
        if self.provider.tier == "embedded":
            return True
        return self.provider.prepare is not None and not self.settings.base_url

    @property
    def address(self) -> str:
        """Where it is asked, "" for the provider's own address."""
        return self.provider.address(self.settings) or ""

    def build(self, wish: Wish) -> AIService:
        """The provider's service.

        Raises:
            ValueError: The bot asks for a voice that the provider surely does not have.
        """
        own = self._own(wish)
        voice, known = self.provider.voice_for(self.settings, own), self.provider.voices
        if voice and known and voice not in known:
            raise ValueError(
                f'The bot\'s voice "{voice}" is no voice of {self.name}. Name one of these in '
                f"call.tts(voice=...), or in {self.provider.variable('voice')}: "
                f"{', '.join(known)}."
            )
        share_trusted_certificates()
        return self.provider.build(self.provider, self.settings, own)

    def prepare(self, wish: Wish) -> None:
        """Build what is slow and shared by all calls. Blocks."""
        if self.provider.prepare:
            self.provider.prepare(self.provider, self.settings, self._own(wish))

    def described(self) -> dict[str, str | bool]:
        """For the page and the record: `{"name", "title", "stand_in"}`."""
        return {
            "name": self.provider.name,
            "title": self.settings.model or self.provider.title,
            "stand_in": self.provider.stand_in,
        }

    def _own(self, wish: Wish) -> Wish:
        if isinstance(wish.voice, str) and not self.takes_bare_voice:
            return replace(wish, voice=None)
        return wish


Choices = Mapping[Stage, tuple[Choice, ...]]
"""Per stage the providers in order of preference: the first is used, the rest are its backups."""


def choose(settings: Settings) -> Choices:
    """The providers of every stage in order of preference.

    Raises:
        SettingsError: for an unknown provider, one without its key, one not installed, or one
            that cannot follow its variables.
    """
    named: dict[Stage, tuple[str, ...]] = {
        "stt": settings.stt,
        "llm": settings.llm,
        "tts": settings.tts,
    }
    return {stage: tuple(_in_order(stage, names, settings)) for stage, names in named.items()}


def provider_names() -> list[str]:
    return sorted({provider.name for row in PROVIDERS.values() for provider in row})


def _in_order(stage: Stage, names: tuple[str, ...], settings: Settings) -> Iterable[Choice]:
    choices = [*_named(stage, names, settings)] if names else [*_all(stage, settings)]
    backed = any(choice.provider.tier == "embedded" for choice in choices)
    if settings.embedded_backup and not backed:
        choices += _last_resort(stage, settings)
    # A voice named without its provider is the first cloud provider's.
    first_cloud = next((c for c in choices if c.provider.tier == "cloud"), None)
    for choice in choices:
        set_ms = getattr(settings, f"{stage}_deadline_ms")
        limit_ms = deadline_ms(stage, choice.provider.typical, set_ms=set_ms)
        yield replace(
            choice,
            takes_bare_voice=choice is first_cloud,
            deadline_ms=limit_ms,
            health=Health(limit_ms, fixed=set_ms is not None),
        )


def _last_resort(stage: Stage, settings: Settings) -> Iterable[Choice]:
    """The embedded provider, which backs every other where it can."""
    for provider in PROVIDERS[stage]:
        own = own_settings(provider, settings)
        if provider.tier != "embedded" or absent(provider, own):
            continue
        if not unsupported_language(provider, own, settings):
            yield Choice(provider, own, "backs the others, needs no key")


def _all(stage: Stage, settings: Settings) -> Iterable[Choice]:
    """Every provider that is there, in the table's order."""
    found, obstacles = False, []
    for provider in PROVIDERS[stage]:
        if provider.account:
            continue
        own = own_settings(provider, settings)
        if obstacle := absent(provider, own) or _misfit(provider, own, settings):
            obstacles.append(obstacle)
            continue
        found = True
        present = " and ".join(provider.present_variables(own))
        yield Choice(provider, own, f"{present} is set" if present else "needs no key")
    if not found:
        raise SettingsError(f"There is no {STAGE_NAMES[stage]} to use: {'; '.join(obstacles)}")


def _misfit(provider: Provider, own: ProviderSettings, settings: Settings) -> str:
    """Why a provider that is there is left out. One that is set up wrongly stops the start."""
    _stop_if(contradiction(provider, own))
    sentence = unsupported_language(provider, own, settings)
    if settings.provider(provider.name).language and not _heeded_elsewhere(provider, settings):
        _stop_if(sentence)
    return sentence


def _heeded_elsewhere(provider: Provider, settings: Settings) -> bool:
    """Whether its language is meant for what it does at another stage."""
    others = (row for rows in PROVIDERS.values() for row in rows if row is not provider)
    return any(
        not unsupported_language(row, own_settings(row, settings), settings)
        for row in others
        if row.name == provider.name
    )


def _named(stage: Stage, names: Iterable[str], settings: Settings) -> Iterable[Choice]:
    variable = stage.upper()
    for name in names:
        provider = next((p for p in PROVIDERS[stage] if p.name == name), None)
        if provider is None:
            known = ", ".join(p.name for p in PROVIDERS[stage])
            raise SettingsError(
                f'{variable} names "{name}", which is no {STAGE_NAMES[stage]}. Known are: {known}.'
            )
        own = own_settings(provider, settings)
        if missing := provider.missing_variables(own):
            verb = "is" if len(missing) == 1 else "are"
            raise SettingsError(
                f"{variable} names {name}, but {' and '.join(missing)} {verb} not set."
            )
        if provider.missing_module(own):
            raise SettingsError(
                f"{variable} names {name}, which is not installed. "
                f"Install it: {provider.install_command}"
            )
        _stop_if(contradiction(provider, own))
        _stop_if(unsupported_language(provider, own, settings))
        yield Choice(provider, own, f"named in {variable}")


def _stop_if(sentence: str) -> None:
    if sentence:
        raise SettingsError(sentence)
