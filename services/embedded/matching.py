"""Which of a bot's topics a caller's words are about, heard as badly as they may be."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz

from services.embedded.spoken_numbers import HESITATIONS, words_of

_FUNCTION_WORDS = frozenset(
    "a an the i i'd i'm i'll i've you your my me mine we it it's its is are was were be am do does "
    "did to of for in on at and or but so that this there here with have has had can could would "
    "will shall may might please want like need get got let let's just some any about up from by "
    "as if then now well okay ok yes no not what what's which how when who hello hi hey thanks "
    "thank make makes tell give know wondering".split()
)
_FUNCTION_WEIGHT = 0.15
_SAME_WORD = 75.0
"""Likeness of two words, in per cent, from which one may be the other heard badly."""


@lru_cache(maxsize=65536)
def _likeness(one: str, other: str) -> float:
    """0 to 1; forms of one word ("book", "booking") are nearly alike."""
    if one == other:
        return 1.0
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 4 and longer.startswith(shorter) and len(longer) - len(shorter) <= 3:
        return 0.95
    if len(shorter) < 4:
        return 0.0
    ratio = fuzz.ratio(one, other)
    return ratio / 100 if ratio >= _SAME_WORD else 0.0


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
    """How well words fit a subject: 0 not at all, 1 word for word."""

    key: str
    score: float


class Matcher:
    """Scores words against subjects. Words that few subjects use weigh more."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._subjects = tuple(subjects)
        self._lines = {
            subject.key: tuple(tuple(words_of(line)) for line in subject.says)
            for subject in self._subjects
        }
        used_by: Counter[str] = Counter()
        for subject in self._subjects:
            lines = self._lines[subject.key]
            used_by.update({word for line in lines for word in line} | set(subject.keywords))
        count = max(len(self._subjects), 1)
        self._weights: Mapping[str, float] = {
            word: _FUNCTION_WEIGHT
            if word in _FUNCTION_WORDS
            else math.log(1 + count / subjects) / math.log(1 + count)
            for word, subjects in used_by.items()
        }

    def matches(self, text: str) -> list[Match]:
        """All subjects, best first."""
        words = [word for word in words_of(text) if word not in HESITATIONS]
        scored = [Match(subject.key, self._score(words, subject)) for subject in self._subjects]
        return sorted(scored, key=lambda match: -match.score)

    def _score(self, words: Sequence[str], subject: Subject) -> float:
        if not words:
            return 0.0
        lines = max((self._line_score(words, line) for line in self._lines[subject.key]), default=0)
        return max(lines, self._keyword_score(words, subject.keywords))

    def _weight(self, word: str) -> float:
        if word in _FUNCTION_WORDS:
            return _FUNCTION_WEIGHT
        return self._weights.get(word, 0.4)

    def _line_score(self, words: Sequence[str], line: Sequence[str]) -> float:
        """How much of the line was said, tempered by how much else was said."""
        if not line:
            return 0.0
        total = sum(self._weight(word) for word in line)
        # "can sell" may be "cancel": neighbours count as one word too.
        heard = [*words, *(one + two for one, two in pairwise(words))]
        said = {wanted: max(_likeness(wanted, word) for word in heard) for wanted in set(line)}
        content = [wanted for wanted in line if wanted not in _FUNCTION_WORDS]
        if content and not any(said[wanted] for wanted in content):
            return 0.0
        covered = sum(self._weight(wanted) * said[wanted] for wanted in line) / total
        known = sum(
            self._weight(word) * max(_likeness(wanted, word) for wanted in set(line))
            for word in words
        )
        focus = known / sum(self._weight(word) for word in words)
        telling = " ".join(word for word in words if word not in _FUNCTION_WORDS)
        as_a_whole = fuzz.ratio(" ".join(content), telling) / 100
        return max(0.75 * covered + 0.25 * focus, 0.9 * as_a_whole if as_a_whole >= 0.85 else 0.0)

    def _keyword_score(self, words: Sequence[str], keywords: frozenset[str]) -> float:
        """One keyword is a hint, two are a match."""
        content = {word for word in words if word not in _FUNCTION_WORDS}
        hits = sum(
            self._weight(keyword) * max((_likeness(keyword, word) for word in content), default=0)
            for keyword in keywords
        )
        if not hits:
            return 0.0
        return min(0.35 + 0.3 * hits, 0.9)


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
