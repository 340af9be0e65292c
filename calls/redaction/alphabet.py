"""The words of the radio alphabet, which stand for letters while an id is spelled."""

from collections.abc import Sequence
from dataclasses import replace

from calls.redaction.token import Token

_WORDS = frozenset(
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike"
    " november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee"
    " zulu".split()
)


def as_letters(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with capital letters, which are no words, in place of those that spell them."""
    return [
        replace(token, text=token.text[0].upper()) if token.text in _WORDS else token
        for token in tokens
    ]
