"""The language model of the embedded recogniser: a bot's own lines, the talk every phone call
needs, and the most useful part of the general English model, mixed into one n-gram model.

The mix is hierarchical: what was counted in the lines is trusted in proportion to how often its
context was seen, and the rest is left to the next shorter context and, at the bottom, to general
English. A context the lines never had is therefore general English alone, which is what lets
words from outside the domain survive.
"""

from __future__ import annotations

import math
import random
import re
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

START, END = "<s>", "</s>"

DIGITS = ("oh", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
UNITS = DIGITS[2:]
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth"),
)
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FIRST_NAMES = tuple(
    """james mary robert patricia john jennifer michael linda david elizabeth william barbara
    richard susan joseph jessica thomas sarah christopher karen charles lisa daniel nancy matthew
    betty anthony margaret mark sandra donald ashley steven kimberly andrew emily paul donna joshua
    michelle kenneth carol kevin amanda brian melissa timothy deborah ronald stephanie george
    rebecca jason sharon edward laura jeffrey cynthia ryan dorothy jacob amy nicholas kathleen gary
    angela eric shirley jonathan emma stephen anna larry brenda justin pamela scott nicole brandon
    ruth benjamin katherine samuel samantha gregory christine alexander catherine patrick virginia
    frank rachel raymond janet jack maria dennis heather jerry diane peter julie henry alice adam
    jane anne helen lucy grace sophie olivia simon martin kate tom bob mike steve""".split()
)
LAST_NAMES = tuple(
    """smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez
    gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson white harris
    sanchez clark ramirez lewis robinson walker young allen king wright scott torres hill flores
    green adams nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans
    turner diaz parker cruz edwards collins reyes stewart morris morales murphy cook rogers morgan
    peterson cooper reed bailey bell kelly howard ward cox richardson wood watson brooks bennett
    gray james hughes price myers long foster sanders ross powell sullivan russell jenkins perry
    butler barnes fisher henderson coleman simmons patterson jordan reynolds hamilton graham wallace
    west cole hayes ford ellis harrison gibson mcdonald marshall murray freeman wells webb simpson
    stevens tucker porter hunter hicks crawford henry mason kennedy warren dixon ramos hunt gordon
    shaw holmes rice robertson black daniels palmer mills grant knight stone""".split()
)
STREETS = tuple(
    """oak main park church high maple cedar pine elm river lake hill washington walnut spring
    mill station market bridge garden chestnut king queen""".split()
)
STREET_KINDS = ("street", "road", "avenue", "lane", "drive", "court")
SHORT_TALK = (
    "yes",
    "yes please",
    "yes that is right",
    "yes that's right",
    "yes that's correct",
    "yes it is",
    "yes i do",
    "yeah",
    "yep",
    "okay",
    "ok",
    "sure",
    "please",
    "correct",
    "that's right",
    "that is right",
    "that's correct",
    "that is correct",
    "right",
    "no",
    "no thank you",
    "no thanks",
    "no that's wrong",
    "no that is wrong",
    "no that's not right",
    "no that's all",
    "that's all",
    "that's all thank you",
    "that will be all",
    "nothing else",
    "not today",
    "thank you",
    "thanks",
    "thank you goodbye",
    "thanks bye",
    "thank you very much",
    "goodbye",
    "bye",
    "bye bye",
    "hello",
    "hi",
    "hello can you hear me",
    "can you repeat that",
    "can you repeat that please",
    "could you repeat that please",
    "please repeat that",
    "repeat please",
    "say that again please",
    "sorry",
    "sorry what did you say",
    "pardon",
    "what was that",
    "one moment please",
    "just a moment",
    "wait",
    "hold on",
    "i don't know",
    "i am not sure",
    "can i speak to a person",
    "can i talk to someone please",
    "can i speak to a human",
    "i want to speak to somebody",
    "i have a question",
    "can you help me",
    "the first one",
    "the first one please",
    "the second one please",
    "the last one",
    "any time",
    "as soon as possible",
    "stop",
    "cancel",
    "go back",
    "start over",
)


def words_of(line: str) -> list[str]:
    """The words of a line as the recogniser spells them: lower case, figures one by one."""
    line = line.lower().replace("’", "'")
    line = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1 m", line)
    line = re.sub(r"\d", lambda figure: f" {DIGITS[1:][int(figure[0])]} ", line)
    words = (word.strip("'") for word in re.split(r"[^a-z']+", line))
    return [word for word in words if word]


class PhoneTalk:
    """Random sentences of the kinds every phone call has, the same ones for the same `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def weighted_lines(self) -> Iterator[tuple[float, str]]:
        """Yields (weight, sentence); the weights of one kind add up to that kind's share."""
        for make, count, share in (
            (self.number, 3000, 600.0),
            (self.date, 2000, 300.0),
            (self.time, 600, 130.0),
            (self.day, 300, 90.0),
            (self.name, 2500, 60.0),
            (self.address, 800, 40.0),
        ):
            for _ in range(count):
                yield share / count, make()
        for line in SHORT_TALK:
            yield 2.5, line

    def variants(self, line: str, count: int) -> list[str]:
        """The line with other digits and weekdays in place of its own; empty if it has none."""
        words = line.split()
        runs = [(kind, list(run)) for kind, run in groupby(words, key=_slot)]
        if all(not _is_slot(kind, run) for kind, run in runs):
            return []
        return [
            " ".join(
                self._refilled(kind) if _is_slot(kind, run) else " ".join(run) for kind, run in runs
            )
            for _ in range(count)
        ]

    def _refilled(self, kind: str) -> str:
        return self._pick(WEEKDAYS) if kind == "weekday" else self.digits(3)

    def digits(self, least: int = 1, most: int = 8) -> str:
        length = self._rng.randint(least, most)
        zero = self._rng.choice(DIGITS[:2])
        said: list[str] = []
        while length > 0:
            digit = self._rng.choice((zero, *UNITS))
            if length > 1 and self._rng.random() < 0.04:
                said += ["double", digit]
                length -= 2
            else:
                said.append(digit)
                length -= 1
        return " ".join(said)

    def number(self) -> str:
        return self._opened(
            ("", "", "", "", "it's", "it is", "my number is", "the number is", "number"),
            self.digits(),
        )

    def date(self) -> str:
        return self._opened(
            ("", "", "", "on", "born on", "i was born on", "my date of birth is", "it's"),
            self._date(),
        )

    def time(self) -> str:
        opening = ("", "", "at", "at", "around", "what about", "how about", "maybe")
        return self._opened(opening, self._time(), ("", "", "please", "is fine", "would be good"))

    def day(self) -> str:
        day = self._pick(("today", "tomorrow", "tomorrow", "next week", *WEEKDAYS, *WEEKDAYS))
        if day in WEEKDAYS:
            day = " ".join(filter(None, (self._pick(("", "", "on", "next", "this")), day)))
        part = self._pick(("", "", "", "morning", "afternoon", "at " + self._time()))
        return self._opened(("", "", "how about", "what about"), f"{day} {part}", ("", "please"))

    def name(self) -> str:
        full = f"{self._pick(FIRST_NAMES)} {self._pick(LAST_NAMES)}"
        return self._opened(
            ("", "", "my name is", "my name is", "my name's", "it's", "this is", "i'm"), full
        )

    def address(self) -> str:
        house = self._pick((self._below_hundred(), self._below_hundred(), self.digits(3, 3)))
        if self._rng.random() < 0.1:
            house = f"one hundred {house}"
        street = f"{house} {self._pick(STREETS)} {self._pick(STREET_KINDS)}"
        return self._opened(("", "", "it's", "i live at", "my address is"), street)

    def _opened(self, openings: Sequence[str], middle: str, closings: Sequence[str] = ("",)) -> str:
        return f"{self._pick(openings)} {middle} {self._pick(closings)}".strip()

    def _pick(self, choices: Sequence[str]) -> str:
        return self._rng.choice(choices)

    def _below_hundred(self) -> str:
        tens = f"{self._pick(TENS)} {self._pick(('', *UNITS))}".strip()
        return self._pick((self._pick(UNITS), self._pick(TEENS), tens, tens))

    def _ordinal(self) -> str:
        day = self._rng.randint(1, 31)
        if day <= 20:
            return ORDINALS[day - 1]
        if day == 30:
            return ORDINALS[-1]
        return f"{'thirty' if day == 31 else 'twenty'} {ORDINALS[day % 10 - 1]}"

    def _year(self) -> str:
        rest = self._pick(
            (
                f"{self._pick(TENS)} {self._pick(UNITS)}",
                f"{self._pick(TENS)} {self._pick(UNITS)}",
                self._pick(TENS),
                f"oh {self._pick(UNITS)}",
            )
        )
        if self._rng.random() < 0.75:
            return f"nineteen {rest}"
        late = self._pick(("", self._pick(UNITS), self._pick(TEENS)))
        twenty = f"twenty {self._pick((*TEENS, 'twenty'))}"
        return self._pick((f"two thousand {late}", f"two thousand and {late or 'one'}", twenty))

    def _date(self) -> str:
        month, day = self._pick(MONTHS), self._ordinal()
        said = self._pick((f"the {day} of {month}", f"{month} {day}", f"{month} the {day}"))
        return f"{said} {self._year()}" if self._rng.random() < 0.7 else said

    def _time(self) -> str:
        hour = self._pick((*UNITS, "ten", "eleven", "twelve"))
        minutes = self._pick(("", "fifteen", "thirty", "thirty", "forty five", "twenty", "ten"))
        return self._pick(
            (
                f"{hour} {minutes}".strip(),
                f"{hour} {minutes}".strip(),
                f"half past {hour}",
                f"quarter past {hour}",
                f"quarter to {hour}",
                f"{hour} {self._pick(('a m', 'p m'))}",
                f"{hour} o'clock",
                f"{hour} in the {self._pick(('morning', 'afternoon'))}",
            )
        )


def _slot(word: str) -> str:
    if word in DIGITS:
        return "digits"
    return "weekday" if word in WEEKDAYS else ""


def _is_slot(kind: str, run: list[str]) -> bool:
    # A single digit is more often a word ("one moment", "two of them") than a number.
    return kind == "weekday" or (kind == "digits" and len(run) > 1)


@dataclass(frozen=True)
class GeneralModel:
    """The unigrams and bigrams of the general model, as natural logarithms.

    Parameters:
        words: Every word, in the order of its index.
        unigrams: Log probability per word.
        backoffs: Log back-off weight per word.
        first, second: Word indices per bigram.
        bigrams: Log probability per bigram.
    """

    words: list[str]
    unigrams: np.ndarray
    backoffs: np.ndarray
    first: np.ndarray
    second: np.ndarray
    bigrams: np.ndarray

    @staticmethod
    def read(path: Path) -> GeneralModel:
        """Reads a pocketsphinx trie file (`*.lm.bin`) of order 3.

        The recogniser's own `NGramModel` answers single questions only and its writer fails on
        this file, hence a reader.

        Raises:
            ValueError: The file is not a trie of order 3.
        """
        raw = path.read_bytes()
        header = b"Trie Language Model\x03"
        if not raw.startswith(header):
            raise ValueError(f"{path.name} is not an order 3 pocketsphinx trie")
        at = len(header)
        counts = struct.unpack_from("<3I", raw, at)
        at += 12 + 4
        steps = 1 << 16
        table = np.frombuffer(raw, "<f4", steps, at)
        at += 3 * steps * 4
        entry = np.dtype([("prob", "<f4"), ("backoff", "<f4"), ("next", "<u4")])
        unigram = np.frombuffer(raw, entry, counts[0] + 1, at)
        at += entry.itemsize * (counts[0] + 1)

        word_bits, next_bits = counts[0].bit_length(), counts[2].bit_length()
        entry_bits = word_bits + 32 + next_bits
        size = ((1 + counts[1]) * entry_bits + 7) // 8 + 8
        packed = np.frombuffer(raw, np.uint8, size, at)
        at += size + ((1 + counts[2]) * (word_bits + 16) + 7) // 8 + 8
        (names_size,) = struct.unpack_from("<I", raw, at)
        words = raw[at + 4 : at + 4 + names_size].decode().split("\0")[: counts[0]]

        first = np.repeat(np.arange(counts[0]), np.diff(unigram["next"].astype(np.int64)))
        offsets = np.arange(len(first), dtype=np.int64) * entry_bits
        second = _bits(packed, offsets, word_bits)
        bigrams = table[_bits(packed, offsets + word_bits + 16, 16)]
        # The file counts in powers of 1.0001.
        scale = math.log(1.0001)
        return GeneralModel(
            words=words,
            unigrams=unigram["prob"][: counts[0]] * scale,
            backoffs=unigram["backoff"][: counts[0]] * scale,
            first=first,
            second=second,
            bigrams=bigrams * scale,
        )


def _bits(packed: np.ndarray, offsets: np.ndarray, width: int) -> np.ndarray:
    start, shift = offsets >> 3, (offsets & 7).astype(np.uint64)
    value = np.zeros(len(offsets), np.uint64)
    for byte in range(4):
        value |= packed[start + byte].astype(np.uint64) << np.uint64(8 * byte)
    return ((value >> shift) & np.uint64((1 << width) - 1)).astype(np.int64)


@dataclass(frozen=True)
class Mixture:
    """How much the parts of the mixed model weigh; the defaults were chosen by measurement.

    Parameters:
        general_words: How many of the commonest general words take part.
        general_bigrams: How many general bigrams among them are kept.
        general_share: Share of general English in the probability of a word without context.
        word_trust, pair_trust: How many sightings of a one-word (two-word) context weigh as much
            as everything the shorter context says.
        variant_weight: Sightings of a sample line with other digits or weekdays, all together.
        line_weight: Sightings one sample line counts for.
    """

    general_words: int = 2500
    general_bigrams: int = 40_000
    general_share: float = 0.15
    word_trust: float = 0.3
    pair_trust: float = 0.1
    variant_weight: float = 8.0
    line_weight: float = 4.0


def mixed_arpa(
    lines: Iterable[tuple[float, Sequence[str]]],
    general: GeneralModel,
    pronounceable: Collection[str],
    mixture: Mixture,
) -> tuple[str, list[str]]:
    """Builds the mixed trigram model.

    Args:
        lines: (weight, words) of what callers say; words must be pronounceable.
        general: General English.
        pronounceable: Words with a pronunciation; only these take part.
        mixture: The weights.

    Returns:
        The model in ARPA format and its words, without the sentence marks.
    """
    unigram, bigram, trigram = _counts(lines)
    base = _base_bigrams(general, pronounceable, mixture)
    share = mixture.general_share

    total = sum(unigram.values())
    prob1 = {word: share * prob for word, prob in base.unigrams.items()}
    for word, count in unigram.items():
        prob1[word] = prob1.get(word, 0.0) + (1 - share) * count / total
    scale = sum(prob1.values())
    prob1 = {word: prob / scale for word, prob in prob1.items()}

    prob2: dict[str, dict[str, float]] = {}
    backoff1: dict[str, float] = {}
    for word in (START, *prob1):
        if word == END:
            continue
        counts, listed = bigram.get(word, {}), base.bigrams.get(word, {})
        seen = sum(counts.values())
        # Mass that the general model gives to unlisted followers of this word.
        rest = base.rest(word, listed, prob1)
        trust = mixture.word_trust
        row = {
            follower: (counts.get(follower, 0.0) + trust * listed.get(follower, 0.0))
            / (seen + trust)
            if follower in listed
            else (counts[follower] + trust * rest * prob1[follower]) / (seen + trust)
            for follower in listed.keys() | counts.keys()
        }
        backoff1[word] = _leftover(row, prob1)
        prob2[word] = row

    prob3: dict[tuple[str, str], dict[str, float]] = {}
    backoff2: dict[tuple[str, str], float] = {}
    for (first, second), counts in trigram.items():
        if second == END:
            continue
        seen, trust = sum(counts.values()), mixture.pair_trust
        lower = prob2[second]
        row = {
            follower: (count + trust * lower.get(follower, prob1[follower] * backoff1[second]))
            / (seen + trust)
            for follower, count in counts.items()
        }
        shorter = {word: lower.get(word, prob1[word] * backoff1[second]) for word in row}
        backoff2[first, second] = _leftover(row, shorter)
        prob3[first, second] = row

    text = "\n".join(_arpa_lines(prob1, backoff1, prob2, backoff2, prob3)) + "\n"
    return text, sorted(prob1.keys() - {END})


def _counts(
    lines: Iterable[tuple[float, Sequence[str]]],
) -> tuple[dict[str, float], dict[str, dict[str, float]], dict[tuple[str, str], dict[str, float]]]:
    unigram: dict[str, float] = defaultdict(float)
    bigram: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    trigram: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for weight, words in lines:
        said = [START, *words, END]
        for place, word in enumerate(said[1:], start=1):
            unigram[word] += weight
            bigram[said[place - 1]][word] += weight
            if place > 1:
                trigram[said[place - 2], said[place - 1]][word] += weight
    return unigram, bigram, trigram


@dataclass(frozen=True)
class _Base:
    unigrams: dict[str, float]
    bigrams: dict[str, dict[str, float]]

    def rest(self, word: str, listed: dict[str, float], prob1: dict[str, float]) -> float:
        free = 1.0 - sum(listed.values())
        return max(free, 1e-4) / max(1.0 - sum(prob1[follower] for follower in listed), 1e-4)


def _base_bigrams(general: GeneralModel, pronounceable: Collection[str], mixture: Mixture) -> _Base:
    usable = np.array([word in pronounceable or word in (START, END) for word in general.words])
    ranked = np.argsort(-np.where(usable, general.unigrams, -np.inf))
    kept = np.zeros(len(general.words), bool)
    kept[ranked[: mixture.general_words]] = True
    kept &= usable
    for mark in (START, END):
        kept[general.words.index(mark)] = True

    pairs = np.flatnonzero(kept[general.first] & kept[general.second])
    often = general.unigrams[general.first[pairs]] + general.bigrams[pairs]
    pairs = pairs[np.argsort(-often)[: mixture.general_bigrams]]

    words = general.words
    unigrams = {
        words[index]: math.exp(general.unigrams[index])
        for index in np.flatnonzero(kept)
        if words[index] != START
    }
    scale = sum(unigrams.values())
    bigrams: dict[str, dict[str, float]] = defaultdict(dict)
    for first, second, log_prob in zip(
        general.first[pairs].tolist(),
        general.second[pairs].tolist(),
        general.bigrams[pairs].tolist(),
        strict=True,
    ):
        if words[second] != START:
            bigrams[words[first]][words[second]] = math.exp(log_prob)
    return _Base({word: prob / scale for word, prob in unigrams.items()}, dict(bigrams))


def _leftover(row: dict[str, float], shorter: dict[str, float]) -> float:
    """The back-off weight that makes a context's probabilities add up to one."""
    free = 1.0 - sum(row.values())
    taken = sum(shorter[word] for word in row)
    return max(free, 1e-5) / max(1.0 - taken, 1e-5)


def _arpa_lines(
    prob1: dict[str, float],
    backoff1: dict[str, float],
    prob2: dict[str, dict[str, float]],
    backoff2: dict[tuple[str, str], float],
    prob3: dict[tuple[str, str], dict[str, float]],
) -> Iterator[str]:
    log = math.log10
    yield "\\data\\"
    yield f"ngram 1={len(prob1) + 1}"
    yield f"ngram 2={sum(map(len, prob2.values()))}"
    yield f"ngram 3={sum(map(len, prob3.values()))}"
    yield "\n\\1-grams:"
    yield f"-99 {START} {log(backoff1[START]):.4f}"
    for word, prob in sorted(prob1.items()):
        yield f"{log(prob):.4f} {word} {log(backoff1.get(word, 1.0)):.4f}"
    yield "\n\\2-grams:"
    for first, row in sorted(prob2.items()):
        for second, prob in sorted(row.items()):
            weight = log(backoff2.get((first, second), 1.0))
            yield f"{log(prob):.4f} {first} {second} {weight:.4f}"
    yield "\n\\3-grams:"
    for (first, second), row in sorted(prob3.items()):
        for third, prob in sorted(row.items()):
            yield f"{log(prob):.4f} {first} {second} {third}"
    yield "\n\\end\\"
