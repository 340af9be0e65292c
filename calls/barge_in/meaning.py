"""What the caller's words mean while the bot speaks."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from functools import cache

from rapidfuzz.fuzz import partial_ratio

from calls.turn_taking.phrases import is_yes_or_no
from calls.turn_taking.words import FILLERS, all_words_of

_HUMS = FILLERS | frozenset("aha huh mhm mmhm mhmm mmhmm oh ooh uhhuh".split())
# One of these alone is how many a sentence begins.
_HESITATIONS = frozenset("ah eh er erm uh uhm um umm".split())
_BACKCHANNELS = """
absolutely; alright; all right; cool; correct; definitely; exactly; fair enough; fine; go on; good;
gotcha; got it; great; i know; indeed; interesting; i see; i understand; k; makes sense; nice; of
course; ok; okay; perfect; right; sounds good; sure; thats fine; thats good; thats great; thats
right; that makes sense; true; understood; very good; very well; wonderful; wow; ya; yeah; yep; yes;
yup
"""
# What recognisers make of a cough.
_NOTHING = frozenset(("a", "the"))
# Nobody says these because the bot did.
_NO_ECHO = frozenset("hang hello hey hold no sorry stop wait what".split())
# Of a hundred: one word in four may be another.
_THE_SAME = 74.0


class Meaning(StrEnum):
    """What it is that was said."""

    UNKNOWN = "unknown"
    """Nothing yet, or what may become either."""
    BACKCHANNEL = "backchannel"
    """The caller listens."""
    ECHO = "echo"
    """The bot's own words."""
    SPEECH = "speech"
    """The caller has something to say."""


def meaning_of(
    text: str,
    *,
    saying: str = "",
    question: str = "",
    at_least: int = 1,
    backchannels: Collection[str] = (),
) -> Meaning:
    """What the words mean.

    Args:
        text: Everything that was understood of the sound.
        saying: What the bot says about now.
        question: What it asks, or has just asked; "" when it asks nothing.
        at_least: So many words are speech.
        backchannels: Phrases beyond the usual ones that are backchannels.
    """
    said = all_words_of(text)
    words = _telling(said)
    if not words:
        hummed = set(said) & _HUMS
        if not hummed or (len(said) == 1 and hummed <= _HESITATIONS):
            return Meaning.UNKNOWN
        return Meaning.SPEECH if question else Meaning.BACKCHANNEL
    if question and is_yes_or_no(words):
        return Meaning.SPEECH
    if _is_echo(words, _telling(all_words_of(saying))):
        return Meaning.ECHO
    phrases = _phrases(tuple(backchannels))
    rest = _after_backchannels(words, phrases)
    if not rest:
        return Meaning.BACKCHANNEL
    if any(phrase[: len(rest)] == rest for phrase in phrases) or len(words) < at_least:
        return Meaning.UNKNOWN
    return Meaning.SPEECH


def _telling(said: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in said if word not in _HUMS and word not in _NOTHING)


def _after_backchannels(
    words: tuple[str, ...], phrases: frozenset[tuple[str, ...]]
) -> tuple[str, ...]:
    """What is left behind the backchannels that the words begin with, the least possible."""
    rests = [
        _after_backchannels(words[len(phrase) :], phrases)
        for phrase in phrases
        if words[: len(phrase)] == phrase
    ]
    return min(rests, key=len, default=words)


def _is_echo(words: Sequence[str], saying: Sequence[str]) -> bool:
    if len(words) == 1:
        return words[0] in saying and words[0] not in _NO_ECHO
    # A recogniser hears an echo no better than anything else that is faint.
    return bool(saying) and partial_ratio(words, saying) >= _THE_SAME


@cache
def _phrases(more: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    known = [*_BACKCHANNELS.split(";"), *more]
    return frozenset(words for phrase in known if (words := all_words_of(phrase)))
