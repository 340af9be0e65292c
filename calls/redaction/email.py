"""E-mail addresses, written and said ("a dot b at c dot com"), also in pieces."""

import re
from collections.abc import Iterator, Sequence

from calls.redaction.found import Found
from calls.redaction.group import UNITS
from calls.redaction.token import Token, word
from services.embedded.spoken_numbers import TEENS, TENS

# Bounds keep a search through a long text short.
_AT = r"\s{0,2}(?:@|＠|﹫|[\[({<]\s?at\s?[\])}>]|%40)\s{0,2}"
_DOT = r"(?:\s?\.\s?|\s{0,2}[\[({<]\s?dot\s?[\])}>]\s{0,2})"
_LABEL = r"[\w-]{1,63}"
_WRITTEN = re.compile(
    rf"(?<![\w.+-])[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}{_AT}{_LABEL}(?:\.{_LABEL}){{0,8}}"
    rf"|(?<![\w.+-])[\w.+-]{{1,64}}(?:{_DOT}[\w+-]{{1,64}}){{0,4}}{_AT}{_LABEL}(?:{_DOT}{_LABEL}){{0,8}}"
    rf"|{_AT}{_LABEL}(?:\.{_LABEL}){{1,8}}"
    # Cut short behind the sign, also where somebody quotes it.
    r"|(?<![\w.+-])[a-z][\w.+-]{0,63}\s?[@＠﹫](?=\s*(?:$|[\"'”’\])}\\]))",
    re.IGNORECASE,
)
# "john.smith" alone, as a recogniser writes the first half of an address.
_HALF = re.compile(
    r"(?<![\w@.-])[a-z][a-z0-9-]{0,63}(?:[._][a-z0-9-]{2,63}){1,8}(?![\w@]|\.\w)", re.IGNORECASE
)
_JOINS = frozenset("dot point period underscore dash hyphen minus plus punto".split())
_AT_WORDS = frozenset({"at", "arroba"})
# Words of a sentence around an address, never of one, unless a dot is next to them.
_AROUND = frozenset(
    "a an address am and are but can email e mail for from had has have he her his i i'm id is it"
    " it's its mail me my no of oh on or our please reach send she so sure that that's the their"
    " they this to uh um us was we well what with write yeah yes you your".split()
)
_ENDINGS = frozenset("com org net edu gov co io de uk fr it es nl eu us ca au info".split())
_NUMBER_WORDS = frozenset({*UNITS, *TEENS, *TENS})
_LONGEST_LOCAL = 10
_LONGEST_LABEL = 5


def emails(text: str, tokens: Sequence[Token], *, pieces: bool) -> Iterator[Found]:
    """Addresses in a text.

    Parameters:
        pieces: Whether a half of one counts ("john.smith", "gmail dot com").
    """
    if "@" in text or "＠" in text or "﹫" in text or _AT_SIGN.search(text):
        yield from (Found(m.start(), m.end(), "[email]") for m in _WRITTEN.finditer(text))
    if pieces:
        yield from (Found(m.start(), m.end(), "[email]") for m in _HALF.finditer(text))
    yield from _spoken(text, tokens, pieces=pieces)


_AT_SIGN = re.compile(r"[\[({<]\s*at\s*[\])}>]|%40", re.IGNORECASE)


def _spoken(text: str, tokens: Sequence[Token], *, pieces: bool) -> Iterator[Found]:
    index = 0
    while index < len(tokens):
        if tokens[index].text in _AT_WORDS and (end := _domain_end(text, tokens, index + 1)):
            start = _local_start(tokens, index)
            yield Found(tokens[start].start, tokens[end - 1].end, "[email]")
            index = end
        elif pieces and (end := _chain_end(tokens, index)):
            start = _local_start(tokens, index + 1)
            yield Found(tokens[start].start, tokens[end - 1].end, "[email]")
            index = end
        else:
            index += 1


def _domain_end(text: str, tokens: Sequence[Token], at: int) -> int:
    """Index after "gmail dot com" or "my shop.co.uk" that begins at `at`; 0 where there is none."""
    for dot in range(at + 1, min(at + 1 + _LONGEST_LABEL, len(tokens))):
        if _said_dot(tokens, dot):
            return _after_dots(text, tokens, dot)
        if _written_dot(text, tokens, dot):
            return _after_dots(text, tokens, dot - 1)
    return 0


def _said_dot(tokens: Sequence[Token], at: int) -> bool:
    """Whether a dot is said: "dot", and before the end of a domain "period" and "point"."""
    following = word(tokens, at + 1)
    if word(tokens, at) == "dot":
        return bool(following)
    return word(tokens, at) in ("period", "point") and following in _ENDINGS


def _written_dot(text: str, tokens: Sequence[Token], right: int) -> bool:
    """Whether a dot without a space behind it is before the token."""
    if right >= len(tokens):
        return False
    top = tokens[right]
    if top.figures or len(top.text) < 2:
        return False  # "at 10.30", "at nine a.m."
    between = text[tokens[right - 1].end : top.start]
    return between.strip() == "." and not between.endswith((" ", "\n"))


def _after_dots(text: str, tokens: Sequence[Token], end: int) -> int:
    while end < len(tokens):
        if _said_dot(tokens, end):
            end += 2
            # "dot c o m": spelled
            while len(word(tokens, end)) == 1 and len(word(tokens, end - 1)) == 1:
                end += 1
        elif _written_dot(text, tokens, end + 1):
            end += 2
        elif end and _written_dot(text, tokens, end):
            end += 1
        else:
            break
    return min(end, len(tokens))


def _chain_end(tokens: Sequence[Token], at: int) -> int:
    """Index after "john dot smith" that begins at `at`; 0 where there is none."""
    end = at + 1
    joined = False
    while end + 1 < len(tokens) and _is_chained(tokens, end):
        joined, end = True, end + 2
    return end if joined else 0


def _is_chained(tokens: Sequence[Token], joint: int) -> bool:
    """Whether a word joins its neighbours as in an address; what has figures in it has a number."""
    if word(tokens, joint) in ("dot", "underscore", "arroba"):
        return True
    neighbours = tokens[joint - 1], tokens[joint + 1]
    said = word(tokens, joint) in ("hyphen", "dash") and neighbours[1].text != "of"
    of_number = all(each.text in _NUMBER_WORDS for each in neighbours)
    return said and not of_number and not any(each.figures for each in neighbours)


def _local_start(tokens: Sequence[Token], end: int) -> int:
    """Where the part before "at" begins: words up to those of the sentence around it."""
    start = end
    while start > 0 and end - start < _LONGEST_LOCAL:
        before = tokens[start - 1].text
        linked = before in _JOINS or word(tokens, start) in _JOINS
        spelled = len(before) == 1 and start < end and len(tokens[start].text) == 1
        if start < end and before in _AROUND and not linked and not spelled:
            break
        start -= 1
    return start
