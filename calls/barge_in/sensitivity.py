"""How easily a bot lets itself be interrupted."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class BargeIn:
    """When a sound of the caller, while the bot speaks, is an interruption.

    Words decide, wherever there are any. What is counted here decides until they come.

    Parameters:
        words: So many words that are no backchannel interrupt; less is taken for noise.
        suspect_s: So long a voice, and the bot pauses until it is known what it was.
        voiced_s: So long a voice interrupts before a word of it was understood, where the
            recogniser tells words only at the end.
        wordless_s: The same where it tells them while the caller speaks: one that is not
            understood by then is seldom speech.
        backchannels: More phrases that do not interrupt, in the caller's language.
    """

    words: int = 1
    suspect_s: float = 0.06
    voiced_s: float = 0.7
    wordless_s: float = 1.1
    backchannels: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.words < 1 or not 0 < self.suspect_s <= self.voiced_s <= self.wordless_s:
            raise ValueError(
                f"words={self.words}, suspect_s={self.suspect_s}, voiced_s={self.voiced_s}, "
                f"wordless_s={self.wordless_s}: at least one word, and seconds of which none is "
                "longer than the next."
            )


BARGE_IN = BargeIn()
