"""One thing that was used of a provider and has to be paid for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.provider import Stage

_QUANTITIES: Mapping[Stage, tuple[str, ...]] = {
    "stt": ("speech_s",),
    "llm": ("prompt_tokens", "cached_tokens", "cache_written_tokens", "completion_tokens"),
    "tts": ("characters",),
}


@dataclass(frozen=True)
class Usage:
    """What a provider was given to do, or gave.

    Parameters:
        stage: "stt", "llm" or "tts".
        provider: As in the settings.
        model: As the provider calls it, "" where it has none.
        prompt_tokens: All tokens of a request, those from and for its cache included.
        cached_tokens: Of these, read from the provider's cache.
        cache_written_tokens: Of these, written to it.
        completion_tokens: All that the model gave, its thoughts included.
        characters: That a voice was to say.
        speech_s: Seconds of audio that a recogniser was given.
        estimated: Whether the provider did not say how much it was.
        here: Whether the provider was asked at an address of this machine.
    """

    stage: Stage
    provider: str
    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    completion_tokens: int = 0
    characters: int = 0
    speech_s: float = 0.0
    estimated: bool = False
    here: bool = False

    @property
    def quantities(self) -> dict[str, int | float]:
        """How much of what, for this stage."""
        return {name: getattr(self, name) for name in _QUANTITIES[self.stage]}

    def facts(self) -> dict[str, Any]:
        """As it stands in a record. `estimated` and `here` are there where they are true."""
        facts: dict[str, Any] = {
            "stage": self.stage,
            "provider": self.provider,
            "model": self.model,
            **self.quantities,
        }
        return facts | {name: True for name in ("estimated", "here") if getattr(self, name)}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> "Usage":
        """What `facts()` gave, with whatever else a record adds to it left out."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__ if name in facts})
