"""Pieces of an e-mail address, once the caller was asked for one."""

from collections.abc import Iterator, Sequence

from calls.redaction.found import Found
from calls.redaction.token import Token

_LEADS = frozenset(
    "a address and email er erm i it it's is mail my of oh ok okay please so sure that's the then"
    " uh um well yeah yes e".split()
)
# Words of an answer that is no address.
_ANSWERS = frozenset(
    "again any anyway bye can can't cannot could do does don't for give goodbye have haven't help"
    " how i'd i'm i've in know later moment need never no not of one prefer rather repeat second"
    " sorry thank thanks there's think this to wait want what when where which why with without"
    " would you your".split()
)
_LONGEST = 14


def email_pieces(text: str, tokens: Sequence[Token]) -> Iterator[Found]:
    """The answer to "what is your e-mail address?", unless it is a sentence."""
    first = 0
    for index, token in enumerate(tokens):
        if token.text == "is" or token.text == "it's":
            first = index + 1
    while first < len(tokens) and tokens[first].text in _LEADS:
        first += 1
    rest = tokens[first:]
    if rest and len(rest) <= _LONGEST and not any(token.text in _ANSWERS for token in rest):
        yield Found(rest[0].start, rest[-1].end, "[email]")
