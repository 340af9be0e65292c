"""How espeak-ng is to speak."""

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class VoiceSpec:
    """How to speak.

    Parameters:
        voice: A language code or voice name of espeak-ng ("en-us", "de").
        variant: Who speaks it ("f3", "m3", "Annie"); "" for espeak-ng's own timbre.
        rate_wpm: Words per minute, 80 to 450.
        pitch: Height of the voice, 0 to 99.
        pitch_range: Liveliness of the melody, 0 (monotone) to 99.
        word_gap_ms: Extra silence between words, 0 to 500.
        volume: Percent of the normal level (about -20 dBFS RMS), 0 to 200.

    Raises:
        ValueError: A number lies outside its limits.
    """

    voice: str = "en-us"
    variant: str = "f3"
    rate_wpm: int = 165
    pitch: int = 50
    pitch_range: int = 60
    word_gap_ms: int = 0
    volume: int = 100

    def __post_init__(self) -> None:
        for name, low, high in (
            ("rate_wpm", 80, 450),
            ("pitch", 0, 99),
            ("pitch_range", 0, 99),
            ("word_gap_ms", 0, 500),
            ("volume", 0, 200),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, but must lie between {low} and {high}.")

    @classmethod
    def parse(cls, name: str) -> "VoiceSpec":
        """Read "en-us", "en-us+f2" or "en-us+f2@165" (words per minute).

        Raises:
            ValueError: The name does not have this form, or the rate is out of bounds.
        """
        form = re.fullmatch(r"([^+@]+)(?:\+([^@]+))?(?:@(\d+))?", name.strip())
        if form is None:
            raise ValueError(
                f'Cannot read the voice "{name}": write it like "en-us", "en-us+f2" or '
                '"en-us+f2@165" (words per minute).'
            )
        voice, variant, rate = form.groups()
        spec = cls(voice=voice, variant=variant or "")
        return replace(spec, rate_wpm=int(rate)) if rate else spec

    def __str__(self) -> str:
        variant = f"+{self.variant}" if self.variant else ""
        return f"{self.voice}{variant}@{self.rate_wpm}"
