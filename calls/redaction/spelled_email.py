"""Pieces of an e-mail address, once the talk is of one."""

from collections.abc import Iterator, Sequence

from calls.redaction.found import Found
from calls.redaction.token import Token, word

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
_FEWEST_LETTERS = 3
_TWICE = frozenset({"capital", "double", "lowercase", "uppercase"})
_STANDS_FOR = (("as", "in"), ("like", "in"), ("for",), ("like",), ("is", "for"))


def spelled_pieces(tokens: Sequence[Token]) -> Iterator[Found]:
    """What is spelled letter by letter: "j o h n", "j as in juliet o as in oscar"."""
    at = 0
    while at < len(tokens):
        end, letters = at, 0
        while after := _letter_end(tokens, end):
            end, letters = after, letters + 1
        if letters >= _FEWEST_LETTERS:
            yield Found(tokens[at].start, tokens[end - 1].end, "[email]")
        at = max(end, at + 1)


def _letter_end(tokens: Sequence[Token], at: int) -> int:
    """Index after a letter, its word and its number; 0 where there is none."""
    first = at + 1 if word(tokens, at) in _TWICE else at
    if len(word(tokens, first)) != 1:
        return 0
    end = first + 1
    for said in _STANDS_FOR:
        if tuple(each.text for each in tokens[end : end + len(said)]) == said:
            return min(end + len(said) + 1, len(tokens))
    return end


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
