"""Long numbers, read digit by digit."""

import re

# An order or phone number: five digits or more, or three and more that begin with a zero.
# Left alone are amounts, decimals, times, dates and what has a unit.
_LONG_NUMBER = re.compile(
    r"(?<![0-9])(?<![0-9][.,:/])(?<![$€£¥₹])(?<![$€£¥₹]\s)"
    r"(?:[0-9]{5,}|0[0-9]{2,})"
    r"(?!\w|[.,:/][0-9]|\s?[$€£¥₹%°])"
)


class Spelling:
    """A text with its long numbers spelled, and the way back to the words it was written in.

    Parameters:
        text: The text as it was written; `spoken` has a space between the digits.
    """

    def __init__(self, text: str) -> None:
        self.spoken = _LONG_NUMBER.sub(_apart, text)
        self._words: dict[int, str] = {}
        self._heard = 0
        # Spelling adds only spaces, so the characters between them tell where a word belongs.
        characters = 0
        for word in text.split():
            self._words[characters] = word
            characters += len(word)

    def written(self, heard: str) -> str:
        """Return the written word that begins with the next heard one, or "" inside a word."""
        word = self._words.get(self._heard, "")
        self._heard += len(heard)
        return word


def _apart(number: re.Match[str]) -> str:
    after_letter = number.start() > 0 and number.string[number.start() - 1].isalpha()
    return " " * after_letter + " ".join(number.group())
