"""Which of a bot's topics a caller's words are about, heard as badly as they may be."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz

from services.embedded.spoken_dates import MONTHS, WEEKDAYS
from services.embedded.spoken_numbers import HESITATIONS, ORDINALS, TEENS, TENS, UNITS, words_of
from services.embedded.spoken_values import without_politeness

_FUNCTION_WORDS = frozenset(
    "a an the i i'd i'm i'll i've you your my me mine we it it's its is are was were be am do does "
    "did to of for in on at and or but so that this there here with have has had can could would "
    "will shall may might please want like need get got let let's just some any about up from by "
    "as if then now well okay ok yes no not never what what's which how when who hello hi hey "
    "thanks thank make makes tell give know wondering".split()
)
_FUNCTION_WEIGHT = 0.15
_NEGATIVE = frozenset("nothing nobody never none nowhere".split())
# "There" is not "where", and "something" the opposite of "nothing", near as they sound.
_NOT_MISHEARD = _FUNCTION_WORDS | _NEGATIVE
# One day is as good as another: "anything on friday?" is declared as "anything on wednesday?".
_A_DAY = "monday"
_DAY_WEIGHT = 0.3
# Other endings make other words: "good" is not "goodbye".
_INFLECTIONS = frozenset({"s", "es", "d", "ed", "r", "er", "ing", "al", "ment", "'s", "ly", "n"})
# A number is a number, whichever it is, and says little about what is wanted.
_A_NUMBER = "seven"
_VALUES = frozenset({_A_DAY, _A_NUMBER})
_STANDS_FOR = 0.8
_ONLY_THE_THING = 0.7
WHOLE = 0.9
"""Score of a line of nothing but small words, said as it is."""
_PRONOUNS = frozenset({"it", "that", "this", "one", "them"})
_BEFORE_A_THING = frozenset({"my", "your", "a", "an", "the"})
_SAME_WORD = 75.0
_SAME_SHORT_WORD = 80.0
"""Likeness of two words, in per cent, from which one may be the other heard badly."""


@lru_cache(maxsize=65536)
def _likeness(one: str, other: str) -> float:
    """0 to 1; forms of one word ("book", "booking") are nearly alike."""
    if one == other:
        return 1.0
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    if len(shorter) < 4 or len(longer) > 2 * len(shorter):
        return 0.0
    if longer.startswith(shorter) and longer[len(shorter) :] in _INFLECTIONS:
        return 0.95
    if (one in _NOT_MISHEARD) != (other in _NOT_MISHEARD):
        return 0.0
    ratio = fuzz.ratio(one, other)
    # "Five" is not "fire", nor "door" "doctor": in a short word one letter makes another word.
    if len(shorter) <= 5:
        alike = ratio >= _SAME_SHORT_WORD and len(longer) - len(shorter) <= 1
    else:
        alike = ratio >= _SAME_WORD
    return ratio / 100 if alike else 0.0


def _words(text: str) -> list[str]:
    words: list[str] = []
    for word in words_of(text):
        if word in WEEKDAYS:
            words.append(_A_DAY)
        elif word not in UNITS and not word.isdecimal():
            words.append(word)
        elif words[-1:] != [_A_NUMBER]:
            words.append(_A_NUMBER)
    return words


@dataclass(frozen=True)
class Subject:
    """Something that callers may be about.

    Parameters:
        key: What it is called by whoever asks.
        says: Lines that callers say for it, lower-case plain words.
        keywords: Words that hint at it where there are no such lines.
    """

    key: str
    says: tuple[str, ...] = ()
    keywords: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Match:
    """How well words fit a subject: 0 not at all, 1 word for word; `line` fits them best."""

    key: str
    score: float
    line: str = ""


class Matcher:
    """Scores words against subjects. Words that few subjects use weigh more."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._subjects = tuple(subjects)
        self._lines = {
            subject.key: tuple(tuple(_words(line)) for line in subject.says)
            for subject in self._subjects
        }
        used_by: Counter[str] = Counter()
        for subject in self._subjects:
            lines = self._lines[subject.key]
            used_by.update({word for line in lines for word in line} | set(subject.keywords))
        self._used_by = used_by
        self._things = self._things_spoken_of()
        count = max(len(self._subjects), 1)
        self._weights: Mapping[str, float] = {
            word: _FUNCTION_WEIGHT
            if word in _FUNCTION_WORDS
            else math.log(1 + count / subjects) / math.log(1 + count)
            for word, subjects in used_by.items()
        }

        # A replayed call asks for the same words again and again.
        self.matches = lru_cache(maxsize=512)(self._matches)

    def _matches(self, text: str) -> tuple[Match, ...]:
        """All subjects, best first."""
        words = [word for word in _words(text) if word not in HESITATIONS]
        heard = _Heard(words, self._weights.keys(), [self._weight(word) for word in words])
        scored = [self._match(heard, subject) for subject in self._subjects]
        return tuple(sorted(scored, key=lambda match: -match.score))

    def names(self, text: str, key: str) -> bool:
        """Whether the text holds, clearly, a word that tells this subject from all others."""
        own = {word for line in self._lines[key] for word in line if self._used_by[word] == 1}
        own -= _FUNCTION_WORDS
        return any(_likeness(word, wanted) >= 0.95 for word in _words(text) for wanted in own)

    def _things_spoken_of(self) -> frozenset[str]:
        """What "it" may stand for: "my appointment", in the lines of more than one subject."""
        owners: dict[str, set[str]] = {}
        for key, lines in self._lines.items():
            for before, word in (pair for line in lines for pair in pairwise(line)):
                if before in _BEFORE_A_THING and word not in _FUNCTION_WORDS:
                    owners.setdefault(word, set()).add(key)
        return frozenset(word for word, keys in owners.items() if len(keys) > 1)

    def _match(self, heard: "_Heard", subject: Subject) -> Match:
        if not heard.words:
            return Match(subject.key, 0.0)
        lines = [
            (self._line_score(heard, words), line)
            for words, line in zip(self._lines[subject.key], subject.says, strict=True)
        ]
        score, line = max(lines, key=lambda scored: scored[0], default=(0.0, ""))
        return Match(subject.key, max(score, self._keyword_score(heard, subject.keywords)), line)

    def _weight(self, word: str) -> float:
        if word in _FUNCTION_WORDS:
            return _FUNCTION_WEIGHT
        if word in (_A_DAY, _A_NUMBER):
            return _DAY_WEIGHT
        return self._weights.get(word, 0.4)

    def _line_score(self, heard: "_Heard", line: Sequence[str]) -> float:
        """How much of the line was said, tempered by how much else was said."""
        content = [wanted for wanted in line if wanted not in _FUNCTION_WORDS]
        if not content:
            # "When will it be here": such small words tell something only when there are no others.
            return WHOLE if heard.plain == list(line) else 0.0
        if not any(wanted in heard.said for wanted in content):
            return 0.0
        said = heard.said
        missing = {wanted for wanted in content if wanted in self._things and wanted not in said}
        telling = [wanted for wanted in content if wanted not in _VALUES]
        if missing and heard.pronoun and any(said.get(wanted, 0.0) >= 0.95 for wanted in telling):
            said = {**said, **dict.fromkeys(missing, _STANDS_FOR)}
        total = sum(self._weight(word) for word in line)
        covered = sum(self._weight(wanted) * said.get(wanted, 0.0) for wanted in line) / total
        focus = heard.share_in(line)
        contrary = (_NEGATIVE & set(line)) != (_NEGATIVE & set(heard.words))
        as_a_whole = 0.0 if contrary else fuzz.ratio(" ".join(content), heard.telling) / 100
        score = max(0.75 * covered + 0.25 * focus, 0.9 * as_a_whole if as_a_whole >= 0.85 else 0.0)
        return _ONLY_THE_THING * score if self._only_the_thing(heard, content) else score

    def _only_the_thing(self, heard: "_Heard", content: Sequence[str]) -> bool:
        """Whether the line only tells which thing ("order seven"), and other words what for."""
        common = [wanted for wanted in content if wanted in heard.said]
        if not _VALUES & set(common) or not self._things | _VALUES >= set(common):
            return False
        others = set(heard.words) & self._weights.keys() - _FUNCTION_WORDS - _VALUES - self._things
        return bool(others - set(content))

    def _keyword_score(self, heard: "_Heard", keywords: frozenset[str]) -> float:
        """One keyword is a hint, two are a match."""
        hits = sum(self._weight(keyword) * heard.said.get(keyword, 0.0) for keyword in keywords)
        if not hits:
            return 0.0
        return min(0.35 + 0.3 * hits, 0.9)


class _Heard:
    """Words of a caller, likened once to every word that a subject uses."""

    def __init__(
        self, words: Sequence[str], vocabulary: Iterable[str], weights: Sequence[float]
    ) -> None:
        self.words = words
        self.plain = without_politeness(words)
        self.pronoun = bool(_PRONOUNS & set(words))
        self.telling = " ".join(word for word in words if word not in _FUNCTION_WORDS)
        self.said: dict[str, float] = {}
        self._weights = weights
        self._like: dict[str, list[tuple[int, float]]] = {}
        # "Can sell" may be "cancel": neighbours count as one word too.
        pairs = [one + two for one, two in pairwise(words)]
        for wanted in vocabulary:
            like = [(at, _likeness(wanted, word)) for at, word in enumerate(words)]
            alike = [(at, likeness) for at, likeness in like if likeness]
            best = max((likeness for _, likeness in alike), default=0.0)
            if best < 1.0:
                best = max(best, max((_likeness(wanted, pair) for pair in pairs), default=0.0))
            if best:
                self.said[wanted] = best
                self._like[wanted] = alike

    def share_in(self, line: Sequence[str]) -> float:
        """How much of what the caller said is in the line, by weight; 0 to 1."""
        best = [0.0] * len(self.words)
        for wanted in set(line):
            for at, likeness in self._like.get(wanted, ()):
                best[at] = max(best[at], likeness)
        told = sum(weight * share for weight, share in zip(self._weights, best, strict=True))
        return told / sum(self._weights)


def keywords_of(name: str, description: str) -> frozenset[str]:
    """The telling words of a tool's name and of the first sentence of its description."""
    sentence = description.split("\n\n")[0].split(". ")[0]
    words = [*name.lower().split("_"), *words_of(sentence)]
    return frozenset(
        word for word in words if len(word) > 2 and word not in _FUNCTION_WORDS | _TOOL_WORDS
    )


_TOOL_WORDS = frozenset(
    "find look call caller caller's tool function use whether after once".split()
)


_VALUE_WORDS = frozenset({*WEEKDAYS, *MONTHS, *UNITS, *TEENS, *TENS, *ORDINALS}) | frozenset(
    "o'clock am pm half past quarter noon today tomorrow next morning afternoon instead".split()
)
_COURTESIES = frozenset("sorry actually please thanks".split())


def words_beside_values(text: str) -> list[str]:
    """The words that are neither part of a value nor small talk: "hill road" in "8 hill road"."""
    small = _FUNCTION_WORDS | HESITATIONS | _COURTESIES | _VALUE_WORDS
    return [word for word in words_of(text) if word not in small and not word[0].isdecimal()]
