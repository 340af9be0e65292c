"""What one bot often says, as its calls find and keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipecat.services.ai_service import AIService

from services.phrases.cache import PhraseCache
from services.phrases.phrase import Phrase, PhraseKey, normalised
from services.phrases.voice import voice_of


@dataclass(frozen=True)
class Repertoire:
    """The phrases that are worth keeping: those that a bot declares, and no others.

    Whatever else is said may name a caller or an illness, and has no business on a disk.

    Parameters:
        cache: Keeps the audio.
        texts: What is worth keeping, the most urgent first.
        addresses: Of providers that are asked at another address than their own, by name.
    """

    cache: PhraseCache
    texts: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = tuple(dict.fromkeys(text for text in map(normalised, self.texts) if text))
        object.__setattr__(self, "texts", texts)

    def holds(self, text: str) -> bool:
        """Whether a text is one of them."""
        return normalised(text) in self.texts

    def find(self, provider: str, service: AIService, rate_hz: int, text: str) -> Phrase | None:
        """The audio of a text as this service would say it, None if it is not there."""
        if not self.holds(text):
            return None
        return self.cache.find(self._key(provider, service, rate_hz, text))

    def lacks(self, provider: str, service: AIService, rate_hz: int) -> list[str]:
        """The texts of which there is no audio of this service."""
        keys = [self._key(provider, service, rate_hz, text) for text in self.texts]
        return [key.text for key in keys if key not in self.cache]

    def keep(
        self, provider: str, service: AIService, rate_hz: int, text: str, phrase: Phrase
    ) -> None:
        """Keep the audio of a text that this service has said."""
        self.cache.keep(self._key(provider, service, rate_hz, text), phrase)

    def _key(self, provider: str, service: AIService, rate_hz: int, text: str) -> PhraseKey:
        name = " ".join(filter(None, (provider, self.addresses.get(provider))))
        return PhraseKey(voice_of(name, service), rate_hz, normalised(text))
