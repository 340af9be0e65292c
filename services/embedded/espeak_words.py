"""From espeak-ng's word events to the words of the text."""

import re
from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A word of the text, with the punctuation that touches it.

    Parameters:
        text: The word as the text spells it.
        position: Index of its first character in the text.
        start_ms: When it starts, from the start of the audio.
    """

    text: str
    position: int
    start_ms: float

    @property
    def length(self) -> int:
        """Number of characters."""
        return len(self.text)


class WordEvents:
    """Turns espeak-ng's word events into the words of the text, each of them once, in order."""

    def __init__(self, text: str) -> None:
        self._words = [(match.start(), match.group()) for match in re.finditer(r"\S+", text)]
        self._starts = [start for start, _ in self._words]
        self._end = len(text)
        self._next = 0
        self._known = (0, 0.0)

    def at(self, position: int, at_ms: float) -> list[Word]:
        """Return the words due once the sound at `position` in the text starts at `at_ms`."""
        index = bisect_right(self._starts, position) - 1
        if index < self._next:
            return []
        return self._until(index, self._starts[index], at_ms) + self._until(
            index + 1, self._starts[index], at_ms
        )

    def rest(self, end_ms: float) -> list[Word]:
        """Return the words that got no event of their own before the audio ended."""
        return self._until(len(self._words), self._end, end_ms)

    def _until(self, index: int, position: int, at_ms: float) -> list[Word]:
        # espeak-ng says some neighbours in one go ("of the") and reports only the first:
        # the others are placed in between, by their distance in characters.
        known_position, known_ms = self._known
        per_char_ms = (at_ms - known_ms) / max(1, position - known_position)
        due = [
            Word(text, start, known_ms + max(0, start - known_position) * per_char_ms)
            for start, text in self._words[self._next : index]
        ]
        self._next = max(self._next, index)
        self._known = (position, at_ms)
        return due
