"""What espeak-ng is given to say: what has a sound, in pieces short enough to take turns."""

import re
import unicodedata

_PIECE_CHARS = 240
_SPOKEN_SYMBOLS = frozenset("%&@+=°")


def is_speakable(text: str) -> bool:
    """Whether anything in the text should have a sound: letters, digits, money, percent.

    espeak-ng has none for about one letter in twenty, all of rare scripts.
    """
    return any(
        unicodedata.category(char)[0] in "LN"
        or unicodedata.category(char) == "Sc"
        or char in _SPOKEN_SYMBOLS
        for char in text
    )


def pronounceable(text: str) -> str:
    """Blank what has no sound (emoji, controls), write digits plainly; all stays in its place."""
    return "".join(" " if _is_mute(char) else _plain_digit(char) for char in text)


def _plain_digit(char: str) -> str:
    # Of "⑦", "७" and of a "¹" behind a mark espeak-ng says nothing; "²" and "³" have names.
    digit = unicodedata.digit(char, None)
    return char if digit is None or char in "²³" else str(digit)


def _is_mute(char: str) -> bool:
    category = unicodedata.category(char)
    pictogram = category in ("So", "Sk") and char > "\u2190"
    return pictogram or category[0] == "C" or char in "\u20e3\ufe0e\ufe0f"


def pieces(text: str) -> list[tuple[int, str]]:
    """Cut a text, at the ends of sentences where it has any, into (position, piece)."""
    cut: list[tuple[int, str]] = []
    start = 0
    while start < len(text):
        end = start + _cut(text[start : start + _PIECE_CHARS + 1])
        if is_speakable(text[start:end]):
            cut.append((start, text[start:end]))
        start = end
    return cut


def _cut(window: str) -> int:
    if len(window) <= _PIECE_CHARS:
        return len(window)
    for border in (r"[.!?…][\"'”’)\]]*\s", r"[,;:–—]\s", r"\s"):
        if ends := [match.end() for match in re.finditer(border, window)]:
            return ends[-1]
    return _PIECE_CHARS
