"""A text cut into words and figures, with their places in it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")


@dataclass(frozen=True, slots=True)
class Token:
    """A word in lower case, or figures as ASCII digits.

    Attributes:
        start: Position of its first character in the text.
        end: Position after its last.
    """

    text: str
    start: int
    end: int

    @property
    def figures(self) -> bool:
        return self.text[0].isdigit()


def tokens_of(text: str) -> list[Token]:
    """Cut a text. Everything that is neither letter nor digit stands between tokens."""
    return [
        Token(_plain(match.group()), match.start(), match.end()) for match in _TOKEN.finditer(text)
    ]


def glued(tokens: Sequence[Token], left: int, right: int) -> bool:
    """Whether two neighbours are written without anything in between ("3rd", "AB12")."""
    return left >= 0 and right < len(tokens) and tokens[left].end == tokens[right].start


def word(tokens: Sequence[Token], index: int) -> str:
    """The token's text; "" outside of the text."""
    return tokens[index].text if 0 <= index < len(tokens) else ""


def _plain(text: str) -> str:
    if text[0].isdecimal():
        return text if text.isascii() else "".join(str(unicodedata.decimal(c)) for c in text)
    return text.lower().replace("’", "'")
