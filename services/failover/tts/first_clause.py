"""Where the first clause of an English sentence ends that can be said before the rest is known."""

import re

from services.failover.tts.sound import letters_in

# At the usual pace this plays for well over a second, in which a model writes the rest of a
# sentence and a voice begins with it.
_WORDS, _LETTERS = 4, 20
# Without a mark, a voice may take the end of the clause for the end of the sentence: there must
# be enough of it to be one.
_WORDS_UNMARKED, _LETTERS_UNMARKED = 6, 30

# What a voice that goes on with a sentence needs of it to find its tone. It plays for nearly half
# a second, and the next piece for a second.
_WORDS_OPENING, _LETTERS_OPENING = 2, 6
LASTING_WORDS, _LASTING_LETTERS = 4, 13

# Only where there is a space anyway: two chunks are two words.
_MARK = re.compile(r"(?:[,;:]|(?<=\s)[–—-])(?=\s)")
_CONJUNCTION = re.compile(r"\s(?=(?:although|because|but|unless|whereas)\s)")
# "Nothing in the whole house but the lamps."
_EXCEPTS = frozenset("all anything anybody anyone everything none nobody nothing not".split())
_WORD = re.compile(r"\S+")

_NUMBERS = frozenset(
    """zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
    ninety hundred thousand million half quarter double triple first second third fourth fifth
    sixth seventh eighth ninth tenth dot at dash""".split()
)
_WITHIN_NUMBERS = frozenset("a and point".split())
_OF_DATES = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december am pm noon midnight""".split()
)
_JOINS_A_LIST = frozenset(("and", "or", "&"))
_I = re.compile(r"I(?:['’]\w+)?\Z")


def first_clause(text: str) -> int:
    """Where the first clause that can stand by itself ends in the begin of a sentence.

    Parameters:
        text: As far as it is known. Two whole words behind the clause must be, to tell it from
            the first item of a list.

    Returns:
        How many characters it has, with the mark at its end; 0 when there is none.
    """
    for end, marked in _boundaries(text):
        before, after = text[:end], text[end:]
        if _is_long_enough(before, marked=marked) and _is_safe(before, after):
            return end
    return 0


def opening(text: str, *, more: bool = False) -> int:
    """Where the begin of a sentence ends that a voice can begin with and go on from.

    For a voice that takes a sentence in pieces and knows that there is more of it. Numbers, and
    whatever else belongs together, stay whole. The first words do not wait until the next one
    begins, which comes a token later: the caller hears nothing yet. What follows on them does, or
    the last words of a sentence would be taken without its mark.

    Parameters:
        text: As far as it is known; its last word is whole if a space follows.
        more: It is not the begin, but what follows on it.

    Returns:
        How many characters it has; 0 when there is none.
    """
    least = (LASTING_WORDS, _LASTING_LETTERS) if more else (_WORDS_OPENING, _LETTERS_OPENING)
    words = list(_WORD.finditer(text))
    following = [word.group() for word in words[1:]]
    if text[-1:].isspace() and not more:
        following.append("")
    for last, begun in zip(words, following, strict=False):
        before = text[: last.end()]
        if _lasts(before, *least) and _may_break(before, begun):
            return last.end()
    return 0


def _lasts(text: str, words: int, letters: int) -> bool:
    return len(text.split()) >= words and letters_in(text) >= letters


def _may_break(before: str, begun: str) -> bool:
    """Whether a piece may end here, before a word of which the begin is known, or nothing ("").

    Of a name, "New York", not even the begin is a piece's end.
    """
    last = before.split()[-1]
    maybe_a_name = begun or last
    return not (
        _is_open(before)
        or _belongs_to_a_number(last)
        or last.casefold() in _WITHIN_NUMBERS
        or "." in last
        or (not maybe_a_name[0].islower() and not _I.match(maybe_a_name))
    )


def _boundaries(text: str) -> list[tuple[int, bool]]:
    """Where a clause may end, and whether a mark says so."""
    marks = [(match.end(), True) for match in _MARK.finditer(text)]
    return sorted(marks + [(match.start(), False) for match in _CONJUNCTION.finditer(text)])


def _is_long_enough(clause: str, *, marked: bool) -> bool:
    words = [word for word in clause.split() if any(map(str.isalnum, word))]
    letters = sum(map(letters_in, words))
    if marked:
        return len(words) >= _WORDS and letters >= _LETTERS
    return len(words) >= _WORDS_UNMARKED and letters >= _LETTERS_UNMARKED


def _is_safe(before: str, after: str) -> bool:
    """Whether a pause is where the sentence has one, and nothing that belongs together is torn."""
    if _is_open(before):
        return False
    last = before.rstrip("-–—").split()[-1]
    following = _WORD.findall(after)
    # The last of them may be half a word.
    if not after[-1:].isspace():
        following = following[:-1]
    if len(following) < 2:
        return False
    first, second = following[0], following[1]
    if _belongs_to_a_number(last) or _belongs_to_a_number(first):
        return False
    if "." in last or "." in first or "@" in first:
        return False
    if first.casefold() == "but" and _EXCEPTS & set(before.casefold().split()):
        return False
    # "Springfield, Illinois", "thank you, Paul".
    if not first[0].islower() and not _I.match(first):
        return False
    return not _is_list(first, second)


def _is_open(text: str) -> bool:
    """Whether a quotation or a bracket is."""
    return (
        text.count('"') % 2 == 1
        or text.count("“") != text.count("”")
        or text.count("(") != text.count(")")
        or text.count("[") != text.count("]")
        or text.count("<") != text.count(">")
    )


def _belongs_to_a_number(word: str) -> bool:
    plain = word.strip(",;:.!?\"'()").casefold()
    parts = re.split(r"[-–/]", plain)
    return any(map(str.isdigit, plain)) or any(p in _NUMBERS or p in _OF_DATES for p in parts)


def _is_list(first: str, second: str) -> bool:
    """Whether "pears, …" or "pears and …" is what follows: the next item of a list."""
    return first[-1] in ",;" or second.casefold() in _JOINS_A_LIST
