"""Words that were passed on before their recogniser stood by them."""

import re
from itertools import takewhile

from pipecat.frames.frames import InterimTranscriptionFrame, TranscriptionFrame

from services.failover.stt.hearing import Hearing

Words = TranscriptionFrame | InterimTranscriptionFrame

# A recogniser that comes later than this is not late with the same words: they were said anew.
_CONFIRMED_WITHIN_S = 10.0
_WRITTEN = re.compile(r"\S+")


class Guess:
    """An answer that was guessed, and what its recogniser adds to it when its own comes at last.

    Words count from the first one on that is another than was guessed.

    Parameters:
        hearing: Whose interim words were taken.
        now_s: The time.
    """

    def __init__(self, hearing: Hearing, now_s: float) -> None:
        self.hearing = hearing
        self._until_s = now_s + _CONFIRMED_WITHIN_S
        self._words = [letters for letters, _ in _written(_interim_of(hearing))]

    def added_by(self, frame: Words, now_s: float) -> str:
        """What of a frame's text goes beyond the guess. A final one uses up what it confirms."""
        guessed, written = self._owed(now_s), _written(frame.text)
        pairs = zip(guessed, written, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1][0], pairs))
        added = frame.text[written[same][1] :].strip() if same < len(written) else ""
        if isinstance(frame, TranscriptionFrame):
            self._words = [] if added else guessed[same:]
        return added

    def begins(self, frame: Words, now_s: float) -> bool:
        """Whether a frame holds all that was guessed, and more."""
        guessed = self._owed(now_s)
        said = [letters for letters, _ in _written(frame.text)]
        return 0 < len(guessed) < len(said) and said[: len(guessed)] == guessed

    def _owed(self, now_s: float) -> list[str]:
        return self._words if now_s < self._until_s else []


def _interim_of(hearing: Hearing) -> str:
    return hearing.interim.text if hearing.interim else ""


def _written(text: str) -> list[tuple[str, int]]:
    """Each word without case and punctuation, and where it begins."""
    words = [
        ("".join(filter(str.isalnum, match.group())).casefold(), match.start())
        for match in _WRITTEN.finditer(text)
    ]
    return [(letters, start) for letters, start in words if letters]
