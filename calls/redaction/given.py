"""What was masked in a call: whoever quotes a piece of it later is known by its words."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from calls.redaction.found import Found
from calls.redaction.setting import SHOWN_DIGITS
from calls.redaction.token import Token, tokens_of

# A long call gives some hundreds; what is older was quoted long ago.
_MOST_PIECES = 5000


class Given:
    """The words that were masked, in their shortest pieces; never stored.

    An error of a provider's quotes "sky at" of an address whose end was in another of its
    requests: nothing in the line tells what it is.
    """

    def __init__(self) -> None:
        self._masks: dict[tuple[str, ...], str] = {}

    def add(self, text: str, found: Iterable[Found]) -> None:
        """These parts of a text were masked."""
        for one in found:
            for piece in _pieces(text[one.start : one.end]):
                self._masks[_words(piece)] = one.mask
        while len(self._masks) > _MOST_PIECES:
            del self._masks[next(iter(self._masks))]

    def quoted_in(self, text: str) -> Iterator[Found]:
        """The parts of a text that are pieces of it; neighbours overlap."""
        if not self._masks:
            return
        for piece in _pieces(text):
            if mask := self._masks.get(_words(piece)):
                yield Found(piece[0].start, piece[-1].end, mask)


def _pieces(text: str) -> Iterator[tuple[Token, ...]]:
    """Two words in a row, and figures that are more than may be shown."""
    tokens = tokens_of(text)
    yield from pairwise(tokens)
    yield from ((one,) for one in tokens if one.figures and len(one.text) > SHOWN_DIGITS)


def _words(piece: tuple[Token, ...]) -> tuple[str, ...]:
    return tuple(token.text for token in piece)
